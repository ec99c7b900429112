/* tracked.c: instrumented objects, and how it is known what freed them.

   A weak reference cannot tell: up to 3.14 a resurrected object has its weak references cleared and
   lives on. tp_clear cannot: it reaches one object of a ring, the others then die by reference
   counting inside it. "A collection was running" cannot: unrelated objects die meanwhile. What can:

       the collector finalizes every unreachable object before it clears any of them, and sets the
       object's FINALIZED bit before that call; a deallocation calls the same tp_finalize and sets
       the bit afterwards

   So a first tp_finalize with the bit set means doomed: the object is marked (journal_doom). In
   tp_dealloc a marked object died by the collector. Whoever still carries the mark when the
   collection ends was resurrected, and loses it. The one case left is an object that was
   resurrected before: its bit is set already, nobody finalizes it again, and its death during a
   later collection is called inferred.

   A class with a __del__ in Python replaces tp_finalize. `learn_class` puts our own before it, when
   the first instance is made: a class whose __del__ is set later, and no new instance, dies
   "inferred" too. */

#include "types/tracked.h"

#include <structmember.h>

#include "base/typename.h"
#include "base/utf8.h"
#include "heap/interp_world.h"
#include "runtime/gc_callbacks.h"
#include "types/roll_call.h"

static TrackedObject *
tracked_of_life(Life *life)
{
    return (TrackedObject *)((char *)life - offsetof(TrackedObject, life));
}

/* ---------------------------------------------------------------- noting lives */

/* Borrowed: the name of a Person, NULL of anybody else. */
static PyObject *
name_of(PyObject *op)
{
    return ((TrackedObject *)op)->life.is_person ? ((PersonObject *)op)->name : NULL;
}

void
tracked_note(PyObject *op, EventKind kind, FreedBy by, Py_ssize_t refcount)
{
    TrackedObject *self = (TrackedObject *)op;
    journal_note(self->journal, &self->life, kind, by, refcount, name_of(op));
}

static FreedBy
freed_by(const TrackedObject *self)
{
    if (interpreter_is_finalizing()) {
        return BY_SHUTDOWN;
    }
    if (self->life.doomed) {
        return BY_COLLECTOR;
    }
    bool finalized_in_this_collection =
        self->life.finalized_at == journal_collections(self->journal);
    if (journal_is_collecting(self->journal) && !finalized_in_this_collection &&
        PyObject_GC_IsFinalized((PyObject *)self)) {
        return BY_COLLECTOR_INFERRED;
    }
    return BY_REFCOUNT;
}

/* ------------------------------------------------------------------- finalizing */

/* Note the finalizer that is about to run, the first time: __del__ may call super().__del__(), and
   be called by hand. Both callers that count hold a reference of their own meanwhile, which is not
   told. */
static void
note_finalizer(PyObject *op)
{
    TrackedObject *self = (TrackedObject *)op;
    bool by_collector = PyObject_GC_IsFinalized(op);
    if (self->life.finalized || (!by_collector && Py_REFCNT(op) > 1)) {
        return;
    }
    self->life.finalized = true;
    if (by_collector) {
        journal_doom(self->journal, &self->life);
    }
    else {
        self->life.finalized_at = journal_collections(self->journal);
    }
    tracked_note(op, EVENT_FINALIZED, BY_NOBODY, Py_REFCNT(op) - 1);
}

void
tracked_finalize(PyObject *op)
{
    note_finalizer(op);
}

/* tp_finalize of classes with a __del__ in Python. */
static void
tracked_finalize_python(PyObject *op)
{
    note_finalizer(op);
    ((TrackedObject *)op)->journal->python_finalize(op);
}

/* Put tracked_finalize_python in the place of the slot function that calls __del__. That function
   is the same for all classes; a tp_finalize of another C type is left alone. */
static void
adopt_finalizer(PyTypeObject *type, Journal *journal)
{
    destructor finalize = type->tp_finalize;
    if (finalize == tracked_finalize || finalize == tracked_finalize_python) {
        return;
    }
    if (journal->python_finalize == NULL) {
        journal->python_finalize = finalize;
    }
    if (finalize == journal->python_finalize) {
        type->tp_finalize = tracked_finalize_python;
    }
}

/* A callback of gc.callbacks; its self is a capsule that shares the journal, so that it can outlive
   the module. */
static PyObject *
follow_collector(PyObject *capsule, PyObject *const *args, Py_ssize_t nargs)
{
    Journal *journal = PyCapsule_GetPointer(capsule, NULL);
    if (journal == NULL) {
        return NULL;
    }
    if (nargs < 1 || !PyUnicode_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "expected the phase of a collection");
        return NULL;
    }
    if (PyUnicode_CompareWithASCIIString(args[0], "start") == 0) {
        journal_collection_begins(journal);
        Py_RETURN_NONE;
    }
    World world = {0};
    Life *life = &journal->alive;
    world_stop(&world);
    while ((life = journal_next_resurrected(journal, life)) != NULL) {
        PyObject *op = (PyObject *)tracked_of_life(life);
        tracked_note(op, EVENT_RESURRECTED, BY_NOBODY, Py_REFCNT(op));
    }
    world_end(&world);
    Py_RETURN_NONE;
}

static PyMethodDef follow_collector_def =
    {"gcscope_follow_collector", (PyCFunction)(void (*)(void))follow_collector, METH_FASTCALL,
     PyDoc_STR("Tells gcscope's journal when a collection begins and ends.")};

static void
release_capsule(PyObject *capsule)
{
    journal_release(PyCapsule_GetPointer(capsule, NULL));
}

/* Our callback, and where it was last: another thread may note them meanwhile. */
#if GCSCOPE_FREE_THREADED
#define READ_PLACE(state) _Py_atomic_load_ssize_relaxed(&(state)->callback_index)
#define READ_CALLBACK(state) ((PyObject *)_Py_atomic_load_ptr_acquire(&(state)->callback))
#define NOTE_PLACE(state, place) _Py_atomic_store_ssize_relaxed(&(state)->callback_index, (place))
#define NOTE_CALLBACK(state, op) _Py_atomic_store_ptr_release(&(state)->callback, (op))
#else
#define READ_PLACE(state) ((state)->callback_index)
#define READ_CALLBACK(state) ((state)->callback)
#define NOTE_PLACE(state, place) ((state)->callback_index = (place))
#define NOTE_CALLBACK(state, op) ((state)->callback = (op))
#endif

/* Make the callback. 0 or -1 with an exception. */
static int
make_callback(ModuleState *state)
{
    PyObject *capsule = PyCapsule_New(state->journal, NULL, release_capsule);
    if (capsule == NULL) {
        return -1;
    }
    journal_retain(state->journal);
    PyObject *callback = PyCFunction_New(&follow_collector_def, capsule);
    Py_DECREF(capsule);
    if (callback != NULL && state->callback == NULL) {
        /* else making it ran a collection, and that came here too */
        PyObject_GC_UnTrack(callback); /* can be in no ring; and nobody has made it but we */
        NOTE_CALLBACK(state, Py_NewRef(callback));
    }
    Py_XDECREF(callback);
    return callback != NULL ? 0 : -1;
}

/* Whether our callback is where it was, as nearly always. */
static inline bool
follows_collector(const ModuleState *state)
{
    PyObject *callbacks = state->gc_callbacks, *callback = READ_CALLBACK(state);
    Py_ssize_t last = READ_PLACE(state);
    bool follows = callback != NULL && last >= 0;
    if (follows) {
        CRITICAL_BEGIN(callbacks);
        follows = last < PyList_GET_SIZE(callbacks) && PyList_GET_ITEM(callbacks, last) == callback;
        CRITICAL_END();
    }
    return follows;
}

/* See to it where it is not; one thread at a time. 0 or -1 with an exception. */
static int
find_or_enter_callback(ModuleState *state)
{
    if (UNLIKELY(state->callback == NULL) && (state_check(state) < 0 || make_callback(state) < 0)) {
        return -1;
    }
    Py_ssize_t place = gc_callbacks_find(state->gc_callbacks, state->callback);
    NOTE_PLACE(state, place);
    if (place >= 0) {
        return 0;
    }
    /* it is new, or somebody took it out and collections went unheard: nobody is doomed who is
       still here */
    World world = {0};
    Life *life = &state->journal->alive;
    world_stop(&world);
    while ((life = journal_next_resurrected(state->journal, life)) != NULL) {
    }
    world_end(&world);
    return PyList_Append(state->gc_callbacks, state->callback);
}

static int
enter_callback(ModuleState *state)
{
#if GCSCOPE_FREE_THREADED
    PyMutex_Lock(&state->callback_mutex);
    int error = find_or_enter_callback(state);
    PyMutex_Unlock(&state->callback_mutex);
    return error;
#else
    return find_or_enter_callback(state);
#endif
}

int
tracked_follow_collector(ModuleState *state)
{
    return follows_collector(state) ? 0 : enter_callback(state);
}

void
tracked_forget_collector(ModuleState *state)
{
    gc_callbacks_remove(state->gc_callbacks, state->callback);
    Py_CLEAR(state->callback);
}

/* --------------------------------------------------------------------- Tracked */

/* Borrowed: where the class is known, or may be noted. */
static KnownClass *
known_class(PyTypeObject *type, ModuleState *state)
{
    uint64_t hash = (uint64_t)(uintptr_t)type * UINT64_C(0x9E3779B97F4A7C15);
    return &state->known_classes[(hash >> 32) % STATE_KNOWN_CLASSES];
}

/* Of a heap type, to be compared alone: another thread may let go of it. */
static inline const PyObject *
read_qualname(const PyTypeObject *type)
{
    PyObject *const *qualname = &((const PyHeapTypeObject *)type)->ht_qualname;
#if GCSCOPE_FREE_THREADED
    return _Py_atomic_load_ptr_relaxed(qualname);
#else
    return *qualname;
#endif
}

static inline bool
is_known(const KnownClass *known, const PyTypeObject *type)
{
    return known->type == type && known->version == type_version(type) &&
           known->qualname == read_qualname(type);
}

/* As type.__call__, by which an object is made of its class. */
PyObject *
tracked_call(PyTypeObject *type, PyObject *const *args, Py_ssize_t nargs, PyObject *keywords)
{
    PyObject *made = NULL;
    PyObject *tuple = PyTuple_New(nargs);
    PyObject *dict = keywords != NULL ? PyDict_New() : NULL;
    int error = tuple == NULL || (keywords != NULL && dict == NULL) ? -1 : 0;
    for (Py_ssize_t i = 0; i < nargs && error == 0; i++) {
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
    }
    for (Py_ssize_t k = 0; keywords != NULL && k < PyTuple_GET_SIZE(keywords) && error == 0; k++) {
        error = PyDict_SetItem(dict, PyTuple_GET_ITEM(keywords, k), args[nargs + k]);
    }
    if (error == 0) {
        made = PyType_Type.tp_call((PyObject *)type, tuple, dict);
    }
    Py_XDECREF(tuple);
    Py_XDECREF(dict);
    return made;
}

/* What the known class's __init__ gives, its arguments behind `self` taken from args[0 ..], before
   which there is room for one more. 0 or -1 with an exception. */
static int
call_init(PyObject *init, PyObject *self, PyObject *const *args, Py_ssize_t nargs,
          PyObject *keywords)
{
    PyObject **all = (PyObject **)args - 1;
    PyObject *before = all[0];
    all[0] = self;
    Py_INCREF(init); /* it may take itself out of the class */
    PyObject *result = PyObject_Vectorcall(init, all, (size_t)nargs + 1, keywords);
    Py_DECREF(init);
    all[0] = before;
    if (result != NULL && result != Py_None) {
        PyErr_Format(PyExc_TypeError, "__init__() should return None, not '%.200s'",
                     Py_TYPE(result)->tp_name);
        Py_CLEAR(result);
    }
    Py_XDECREF(result);
    return result != NULL ? 0 : -1;
}

/* tp_vectorcall of a class in Python, from its second instance on: type.__call__ without a tuple of
   the arguments, and without looking for __init__. */
static PyObject *
class_vectorcall(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *keywords)
{
    PyTypeObject *type = (PyTypeObject *)callable;
    ModuleState *state = state_of_type(type);
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    if (state == NULL) {
        return NULL;
    }
    const KnownClass *known = known_class(type, state);
    PyObject *init = is_known(known, type) ? known->init : NULL;
    if (init == NULL || (nargsf & PY_VECTORCALL_ARGUMENTS_OFFSET) == 0) {
        return tracked_call(type, args, nargs, keywords);
    }
    PyObject *self = type->tp_new(type, NULL, NULL); /* ours, which look at no argument then */
    if (self != NULL && call_init(init, self, args, nargs, keywords) < 0) {
        Py_CLEAR(self);
    }
    return self;
}

/* Borrowed: the __init__ that type.__call__ would find, if it is a function in Python and __new__
   is ours; or NULL. Not where another thread could take it out of the class before it is called. */
static PyObject *
find_init(PyTypeObject *type, const ModuleState *state)
{
    PyObject *init = NULL;
    if (GCSCOPE_FREE_THREADED) {
        return NULL;
    }
    PyObject *name = PyUnicode_InternFromString("__init__");
    if (name != NULL && type->tp_new == (PyType_IsSubtype(type, state->person_type)
                                             ? state->person_type->tp_new
                                             : state->tracked_type->tp_new)) {
        init = _PyType_Lookup(type, name);
    }
    Py_XDECREF(name);
    PyErr_Clear();
    return init != NULL && PyFunction_Check(init) ? init : NULL;
}

/* What the name of a class is made of: owned, or NULL. */
typedef struct {
    PyObject *module, *qualname;
} ClassName;

/* Hold both of a heap type, of which another thread may let go at any time. Other threads are
   stopped for that, but where the qualname is the known one: a program may change a class at each
   instance, as one does that counts them there. */
static ClassName
hold_name(PyTypeObject *type, ModuleState *state)
{
    PyObject *const *qualname = &((PyHeapTypeObject *)type)->ht_qualname;
    ClassName name = {NULL, NULL};
#if GCSCOPE_FREE_THREADED
    const KnownClass *known = known_class(type, state);
    journal_lock(state->journal);
    if (known->type == type && known->qualname == read_qualname(type)) {
        name.qualname = Py_XNewRef(known->qualname);
    }
    journal_unlock(state->journal);
    if (name.qualname != NULL) {
        name.module = PyType_GetModuleName(type);
        PyErr_Clear();
        if (name.module != NULL && !PyUnicode_CheckExact(name.module)) {
            Py_CLEAR(name.module);
        }
        return name;
    }
#else
    (void)state;
#endif
    World world = {0};
    world_stop(&world);
    name.qualname = Py_XNewRef(*qualname);
    name.module = Py_XNewRef(typename_module(type));
    world_end(&world);
    return name;
}

/* The journal's number of a class's name. -1 with an exception. */
static int64_t
number_of_name(const PyTypeObject *type, const ClassName *name, ModuleState *state)
{
    enum { LONGEST = 400 };
    char text[LONGEST];
    PyObject *full = name->qualname != NULL ? typename_join(name->module, name->qualname)
                                            : PyUnicode_FromString(type->tp_name);
    if (full == NULL) {
        return -1;
    }
    int64_t number = journal_type(state->journal, text, utf8_encode(text, LONGEST, full));
    Py_DECREF(full);
    if (number < 0) {
        PyErr_NoMemory();
    }
    return number;
}

/* Find out what instances of a class need, and note it. The number of its name; -1 with an
   exception. */
static int64_t
learn_class(PyTypeObject *type, ModuleState *state)
{
    bool is_heap_type = PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE);
    if (is_heap_type) {
        type_assign_version(type);
    }
    unsigned version = type_version(type); /* before the name, which may be another at once */
    ClassName name = is_heap_type ? hold_name(type, state) : (ClassName){NULL, NULL};
    int64_t number = number_of_name(type, &name, state);
    PyObject *unused = name.qualname;
    if (number >= 0) {
        adopt_finalizer(type, state->journal);
    }
    if (number >= 0 && version != 0 && unused != NULL && PyUnicode_CheckExact(unused)) {
        KnownClass *known = known_class(type, state);
        KnownClass learnt = {.type = type,
                             .version = version,
                             .number = (uint32_t)number,
                             .qualname = name.qualname,
                             .init = find_init(type, state)};
        journal_lock(state->journal); /* which is as good as any */
        unused = known->qualname;
        *known = learnt;
        journal_unlock(state->journal);
        if (learnt.init != NULL) { /* elsewhere no write: other threads call the class meanwhile */
            type->tp_vectorcall = class_vectorcall;
        }
    }
    Py_XDECREF(unused);
    Py_XDECREF(name.module);
    return number;
}

/* The journal's number of a type's name; its class is ready for an instance then. -1 with an
   exception. */
static inline int64_t
number_of_type(PyTypeObject *type, ModuleState *state)
{
    const KnownClass *known = known_class(type, state);
    if (type == state->person_type) {
        return TYPE_PERSON;
    }
    if (type == state->tracked_type) {
        return TYPE_TRACKED;
    }
    journal_lock(state->journal);
    int64_t number = is_known(known, type) ? (int64_t)known->number : -1;
    journal_unlock(state->journal);
    return number >= 0 ? number : learn_class(type, state);
}

void
tracked_forget_classes(ModuleState *state)
{
    for (size_t i = 0; i < STATE_KNOWN_CLASSES; i++) {
        PyObject *qualname = state->known_classes[i].qualname;
        state->known_classes[i] = (KnownClass){0};
        Py_XDECREF(qualname);
    }
}

/* NULL with the TypeError of object.__new__, which alone knows how to name the abstract methods. */
static PyObject *
refuse_abstract(PyTypeObject *type)
{
    PyObject *nothing = PyTuple_New(0);
    PyObject *made = nothing != NULL ? PyBaseObject_Type.tp_new(type, nothing, NULL) : NULL;
    Py_XDECREF(nothing);
    Py_XDECREF(made);
    return NULL;
}

/* All that can fail comes before the allocation: an object that exists has its life. */
PyObject *
tracked_alloc(PyTypeObject *type, ModuleState *state)
{
    if (PyType_HasFeature(type, Py_TPFLAGS_IS_ABSTRACT)) {
        return refuse_abstract(type);
    }
    int64_t number = number_of_type(type, state);
    if (number < 0 || (!follows_collector(state) && enter_callback(state) < 0)) {
        return NULL;
    }
    TrackedObject *self = (TrackedObject *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->journal = state->journal;
        journal_retain(self->journal);
        journal_enter(self->journal, &self->life, (uint32_t)number);
    }
    return (PyObject *)self;
}

static bool
has_arguments(PyObject *args, PyObject *kwargs)
{
    return PyTuple_GET_SIZE(args) != 0 || (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0);
}

static PyObject *
tracked_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    ModuleState *state = state_of_type(type);
    if (state == NULL) {
        return NULL;
    }
    if (type->tp_init == PyBaseObject_Type.tp_init && has_arguments(args, kwargs)) {
        return PyErr_Format(PyExc_TypeError, "%.200s() takes no arguments", typename_short(type));
    }
    PyObject *self = tracked_alloc(type, state);
    if (self != NULL) {
        tracked_note(self, EVENT_CREATED, BY_NOBODY, Py_REFCNT(self));
    }
    return self;
}

int
tracked_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(((TrackedObject *)op)->dict);
    return 0;
}

int
tracked_clear(PyObject *op)
{
    /* the collector holds one reference meanwhile */
    tracked_note(op, EVENT_CLEARED, BY_NOBODY, Py_REFCNT(op) - 1);
    Py_CLEAR(((TrackedObject *)op)->dict);
    return 0;
}

/* What is done once, however often the deallocation was put off. */
static inline void
bury(PyObject *op, bool is_outermost, void (*drop_fields)(PyObject *))
{
    TrackedObject *self = (TrackedObject *)op;
    PyTypeObject *type = Py_TYPE(op);
    Journal *journal = self->journal;
    FreedBy by = freed_by(self);
    if (!self->life.finalized && is_outermost) {
        /* tracked_finalize would do no more, and need not be called */
        journal_note_end(journal, &self->life, by, name_of(op));
    }
    else {
        tracked_note(op, EVENT_FREED, by, 0);
    }
    journal_remove(journal, &self->life, by);
    if (self->weak_references != NULL) {
        PyObject_ClearWeakRefs(op);
    }
    drop_fields(op);
    type->tp_free(op);
    Py_DECREF(type);
    journal_release(journal);
}

/* Whether nothing deep can hang on it: no dict, and no friend. */
static inline bool
is_leaf(const TrackedObject *self)
{
    if (self->dict != NULL) {
        return false;
    }
    PyObject *friends = self->life.is_person ? ((const PersonObject *)self)->friends : NULL;
    return friends == NULL || PyList_GET_SIZE(friends) == 0;
}

/* The end of every instrumented object, exact or of a subclass. `dealloc` is the tp_dealloc that
   calls this. What stands before Py_TRASHCAN_BEGIN is done again when the deallocation was put off
   because the stack was deep. */
void
tracked_end(PyObject *op, destructor dealloc, void (*drop_fields)(PyObject *))
{
    TrackedObject *self = (TrackedObject *)op;
    PyTypeObject *type = Py_TYPE(op);
    /* else the subclass's deallocation has run the finalizer */
    bool is_outermost = type->tp_dealloc == dealloc;
    if (is_outermost && type->tp_finalize != tracked_finalize &&
        PyObject_CallFinalizerFromDealloc(op) < 0) {
        return; /* resurrected */
    }
    PyObject_GC_UnTrack(op);
    if (!is_outermost || is_leaf(self)) { /* the subclass's has the trashcan */
        bury(op, is_outermost, drop_fields);
        return;
    }
    Py_TRASHCAN_BEGIN(op, dealloc)
    bury(op, is_outermost, drop_fields);
    Py_TRASHCAN_END
}

void
tracked_drop(PyObject *op)
{
    Py_CLEAR(((TrackedObject *)op)->dict);
}

static void
tracked_dealloc(PyObject *op)
{
    tracked_end(op, tracked_dealloc, tracked_drop);
}

/* New reference: object.name(self, argument), without the argument where that is NULL. The name is
   interned, or each call would leave a str of its own in the interpreter's cache of methods. */
static PyObject *
call_of_object(const char *name, PyObject *self, PyObject *argument)
{
    PyObject *interned = PyUnicode_InternFromString(name);
    PyObject *result = interned != NULL ? PyObject_CallMethodObjArgs((PyObject *)&PyBaseObject_Type,
                                                                     interned, self, argument, NULL)
                                        : NULL;
    Py_XDECREF(interned);
    return result;
}

PyDoc_STRVAR(tracked_reduce_ex_doc, "__reduce_ex__($self, protocol, /)\n--\n\n"
                                    "Helper for copy and pickle: as object's, for every protocol. "
                                    "A copy is a new object with its own serial.");

static PyObject *
tracked_reduce_ex(PyObject *self, PyObject *protocol)
{
    long number = PyLong_AsLong(protocol);
    if (number == -1 && PyErr_Occurred()) {
        return NULL;
    }
    /* the old protocols rebuild an object through its first C base, which knows neither names nor
       slots */
    PyObject *two_or_more = PyLong_FromLong(number < 2 ? 2 : number);
    PyObject *reduced =
        two_or_more != NULL ? call_of_object("__reduce_ex__", self, two_or_more) : NULL;
    Py_XDECREF(two_or_more);
    return reduced;
}

PyDoc_STRVAR(tracked_getstate_doc, "__getstate__($self, /)\n--\n\n"
                                   "Helper for copy and pickle: the instance's attributes.");

PyObject *
tracked_getstate(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return call_of_object("__getstate__", self, NULL);
}

static PyMethodDef tracked_methods[] = {
    {"__reduce_ex__", tracked_reduce_ex, METH_O, tracked_reduce_ex_doc},
    {"__getstate__", tracked_getstate, METH_NOARGS, tracked_getstate_doc},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef tracked_members[] = {
    {"serial", T_ULONGLONG, offsetof(TrackedObject, life) + offsetof(Life, serial), READONLY,
     PyDoc_STR("Number of this object in the journal: 1, 2, 3 ... in the order of creation.")},
    {"__dictoffset__", T_PYSSIZET, offsetof(TrackedObject, dict), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(TrackedObject, weak_references), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef tracked_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(tracked_doc,
             "Tracked()\n--\n\n"
             "Base type of instrumented objects: their lives are in gcscope.journal.\n\n"
             "Derive from it to instrument a class of your own. A subclass that defines __new__ "
             "must call this one's.");

static PyType_Slot tracked_slots[] = {
    {Py_tp_doc, (void *)tracked_doc},   {Py_tp_new, tracked_new},
    {Py_tp_dealloc, tracked_dealloc},   {Py_tp_finalize, tracked_finalize},
    {Py_tp_traverse, tracked_traverse}, {Py_tp_clear, tracked_clear},
    {Py_tp_methods, tracked_methods},   {Py_tp_members, tracked_members},
    {Py_tp_getset, tracked_getset},     {0, NULL},
};

static PyType_Spec tracked_spec = {
    .name = "gcscope.Tracked",
    .basicsize = sizeof(TrackedObject),
    .flags =
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = tracked_slots,
};

/* ------------------------------------------------------------------- the module */

int
tracked_list_fates(Journal *journal, FateTable *table)
{
    if (vec_reserve(&journal->memory, &table->fates, journal->living) < 0) {
        return -1;
    }
    for (Life *life = journal->alive.next; life != &journal->alive; life = life->next) {
        PyObject *name = name_of((PyObject *)tracked_of_life(life));
        Fate fate = {.serial = life->serial, .name = Py_XNewRef(name), .type = life->type};
        vec_push_reserved(&table->fates, fate);
    }
    return 0;
}

/* Both roll calls may be NULL, and are indexed. */
static uint8_t
fate_of_living(Life *life, PyObject *unreachable, PyObject *uncollectable)
{
    PyObject *op = (PyObject *)tracked_of_life(life);
    if (unreachable == NULL || !roll_call_has(unreachable, op)) {
        return BY_NOBODY;
    }
    return uncollectable != NULL && roll_call_has(uncollectable, op) ? FATE_UNCOLLECTABLE
                                                                     : FATE_RESURRECTED;
}

/* 0 or -1 with an exception. */
static int
index_both(PyObject *unreachable, PyObject *uncollectable)
{
    return (unreachable != NULL && roll_call_index(unreachable) < 0) ||
                   (uncollectable != NULL && roll_call_index(uncollectable) < 0)
               ? -1
               : 0;
}

int
tracked_settle_fates(Journal *journal, FateTable *table, PyObject *unreachable,
                     PyObject *uncollectable)
{
    Fate *fate = table->fates.items, *end = fate + table->fates.length;
    if (!roll_call_has_instrumented(unreachable)) {
        return 0; /* whoever lives has survived, as a new table says of all */
    }
    if (index_both(unreachable, uncollectable) < 0) {
        return -1;
    }
    for (Life *life = journal->alive.next; life != &journal->alive && fate != end;
         life = life->next) {
        while (fate != end && fate->serial < life->serial) {
            fate++;
        }
        if (fate != end && fate->serial == life->serial) {
            fate->fate = fate_of_living(life, unreachable, uncollectable);
        }
    }
    return 0;
}

int
tracked_count_living(Journal *journal, const Living *living, size_t (*counts)[FATE_KINDS])
{
    if (index_both(living->unreachable, living->uncollectable) < 0) {
        return -1;
    }
    for (Life *life = journal->alive.next;
         life != &journal->alive && life->serial < living->end_serial; life = life->next) {
        uint8_t fate = fate_of_living(life, living->unreachable, living->uncollectable);
        counts[life->type][fate] += fate != BY_NOBODY || life->serial >= living->first_serial;
    }
    return 0;
}

int
tracked_setup(PyObject *module, ModuleState *state)
{
    if (journal_type(state->journal, "gcscope.Tracked", strlen("gcscope.Tracked")) !=
            TYPE_TRACKED ||
        journal_type(state->journal, "gcscope.Person", strlen("gcscope.Person")) != TYPE_PERSON) {
        PyErr_NoMemory();
        return -1;
    }
    state->tracked_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &tracked_spec, NULL);
    if (state->tracked_type == NULL || PyModule_AddType(module, state->tracked_type) < 0) {
        return -1;
    }
    return 0;
}

PyObject *
tracked_name(const ModuleState *state, PyObject *op)
{
    return PyObject_TypeCheck(op, state->tracked_type) ? name_of(op) : NULL;
}

PyObject *
tracked_serial(const ModuleState *state, PyObject *op)
{
    return PyObject_TypeCheck(op, state->tracked_type)
               ? PyLong_FromUnsignedLongLong(((TrackedObject *)op)->life.serial)
               : Py_NewRef(Py_None);
}
