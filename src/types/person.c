/* person.c: the lecture's example: somebody with a name and a list of friends.

   The list is a real one, an object of its own, so that the ring of two friends goes through four
   objects, as it does in any program: Person, list, Person, list. tp_traverse shows it, tp_clear
   lets go of it; the name stays, so that a Person that was cleared can still be told from others.

   Person('x') is called by vectorcall, which makes no tuple for its argument; whatever else it is
   called with goes the way of type.__call__ (tracked_call). */

#include "types/person.h"

#include "base/typename.h"
#include "types/tracked.h"

static PyObject *
person_make(PyTypeObject *type, ModuleState *state)
{
    PersonObject *self = (PersonObject *)tracked_alloc(type, state);
    if (self != NULL) {
        self->tracked.life.is_person = true;
        self->friends = PyList_New(0);
        if (self->friends == NULL) {
            Py_CLEAR(self);
        }
    }
    return (PyObject *)self;
}

static PyObject *
person_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    ModuleState *state = state_of_type(type);
    PyObject *self = state != NULL ? person_make(type, state) : NULL;
    if (self != NULL) {
        /* person_init tells the name */
        tracked_note(self, EVENT_CREATED, BY_NOBODY, Py_REFCNT(self));
    }
    return self;
}

static int
person_set_name(PyObject *op, PyObject *value, void *Py_UNUSED(closure))
{
    PersonObject *self = (PersonObject *)op;
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "the name of a Person cannot be deleted");
        return -1;
    }
    if (!PyUnicode_Check(value)) {
        PyErr_Format(PyExc_TypeError, "the name of a Person must be a str, not '%.200s'",
                     Py_TYPE(value)->tp_name);
        return -1;
    }
    PyObject *name = PyUnicode_FromObject(value); /* an exact str: it can hold nothing else */
    if (name == NULL) {
        return -1;
    }
    PyObject *old;
    CRITICAL_BEGIN(op);
    old = self->name;
    if (old == NULL) {
        journal_name_created(self->tracked.journal, &self->tracked.life, name);
    }
    self->name = name;
    CRITICAL_END();
    Py_XDECREF(old);
    return 0;
}

static int
person_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"name", NULL};
    PyObject *name;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Person", keywords, &name)) {
        return -1;
    }
    return person_set_name(self, name, NULL);
}

static PyObject *
person_vectorcall(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *keywords)
{
    /* Person itself: tp_vectorcall is not inherited */
    PyTypeObject *type = (PyTypeObject *)callable;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    if (nargs != 1 || (keywords != NULL && PyTuple_GET_SIZE(keywords) != 0) ||
        !PyUnicode_CheckExact(args[0])) {
        return tracked_call(type, args, nargs, keywords);
    }
    ModuleState *state = PyType_GetModuleState(type);
    PersonObject *self = state != NULL ? (PersonObject *)person_make(type, state) : NULL;
    if (self != NULL) {
        self->name = Py_NewRef(args[0]);
        tracked_note((PyObject *)self, EVENT_CREATED, BY_NOBODY, 1);
    }
    return (PyObject *)self;
}

static int
person_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(((PersonObject *)op)->friends);
    return tracked_traverse(op, visit, arg);
}

/* The name stays: a str is in no ring, and repr wants it. */
static int
person_clear(PyObject *op)
{
    Py_CLEAR(((PersonObject *)op)->friends);
    return tracked_clear(op);
}

static void
person_drop(PyObject *op)
{
    Py_CLEAR(((PersonObject *)op)->name);
    Py_CLEAR(((PersonObject *)op)->friends);
    tracked_drop(op);
}

static void
person_dealloc(PyObject *op)
{
    tracked_end(op, person_dealloc, person_drop);
}

/* New reference or NULL, without an exception. */
static PyObject *
name_or_null(PyObject *op)
{
    PyObject *name;
    CRITICAL_BEGIN(op);
    name = Py_XNewRef(((PersonObject *)op)->name);
    CRITICAL_END();
    return name;
}

static PyObject *
friends_or_null(PyObject *op)
{
    PyObject *friends;
    CRITICAL_BEGIN(op);
    friends = Py_XNewRef(((PersonObject *)op)->friends);
    CRITICAL_END();
    return friends;
}

static PyObject *
person_repr(PyObject *op)
{
    PyObject *name = name_or_null(op);
    PyObject *text = name == NULL
                         ? PyUnicode_FromFormat("<%s without a name>", typename_short(Py_TYPE(op)))
                         : PyUnicode_FromFormat("%s(%R)", typename_short(Py_TYPE(op)), name);
    Py_XDECREF(name);
    return text;
}

static PyObject *
person_get_name(PyObject *op, void *Py_UNUSED(closure))
{
    PyObject *name = name_or_null(op);
    if (name == NULL) {
        PyErr_SetString(PyExc_AttributeError,
                        "this Person has no name yet: its __init__ was not called");
    }
    return name;
}

/* New reference: the list of friends, or NULL with AttributeError when it is cleared. */
static PyObject *
person_get_friends(PyObject *op, void *Py_UNUSED(closure))
{
    PyObject *friends = friends_or_null(op);
    if (friends == NULL) {
        PyErr_SetString(PyExc_AttributeError,
                        "the friends of this Person are gone: the collector has cleared it");
    }
    return friends;
}

static int
person_set_friends(PyObject *op, PyObject *value, void *Py_UNUSED(closure))
{
    PersonObject *self = (PersonObject *)op;
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "the friends of a Person cannot be deleted; to empty the "
                                         "list, call .friends.clear()");
        return -1;
    }
    if (!PyList_CheckExact(value)) {
        PyErr_Format(PyExc_TypeError,
                     "the friends of a Person must be a list (no subclass), not '%.200s'",
                     Py_TYPE(value)->tp_name);
        return -1;
    }
    PyObject *old;
    CRITICAL_BEGIN(op);
    old = self->friends;
    self->friends = Py_NewRef(value);
    CRITICAL_END();
    Py_XDECREF(old);
    return 0;
}

PyDoc_STRVAR(
    person_befriend_doc,
    "befriend($self, other, /)\n--\n\n"
    "Append other to the friends of this Person, and this Person to those of other.\n\n"
    "Both lists then hold a reference: the ring of the lecture. A Person who befriends itself is "
    "appended once.\n"
    "Raises TypeError where other is not a Person; if one list cannot grow, neither is changed.");

/* 0 or -1 with an exception: then neither list is changed. */
static int
append_both(PyObject *mine, PyObject *other, PyObject *theirs, PyObject *self)
{
    if (PyList_Append(mine, other) < 0) {
        return -1;
    }
    if (other == self || PyList_Append(theirs, self) == 0) {
        return 0;
    }
    PyObject *error_type, *error, *traceback;
    PyErr_Fetch(&error_type, &error, &traceback);
    Py_ssize_t last = PyList_GET_SIZE(mine) - 1;
    /* taking away the last item needs no memory */
    (void)PyList_SetSlice(mine, last, last + 1, NULL);
    PyErr_Restore(error_type, error, traceback);
    return -1;
}

static PyObject *
person_befriend(PyObject *self, PyObject *other)
{
    ModuleState *state = state_of_type(Py_TYPE(self));
    if (state == NULL) {
        return NULL;
    }
    if (!PyObject_TypeCheck(other, state->person_type)) {
        return PyErr_Format(PyExc_TypeError, "a Person can befriend a Person only, not '%.200s'",
                            Py_TYPE(other)->tp_name);
    }
    PyObject *mine = person_get_friends(self, NULL);
    PyObject *theirs = mine != NULL ? person_get_friends(other, NULL) : NULL;
    int error = theirs == NULL ? -1 : append_both(mine, other, theirs, self);
    Py_XDECREF(mine);
    Py_XDECREF(theirs);
    return error == 0 ? Py_NewRef(Py_None) : NULL;
}

PyDoc_STRVAR(person_getstate_doc, "__getstate__($self, /)\n--\n\n"
                                  "Helper for copy and pickle: (attributes or None, {'name': ..., "
                                  "'friends': ..., slots of subclasses}).");

/* The form of object.__getstate__ for an object with slots, which every unpickler and copy.copy can
   restore. */
static PyObject *
person_getstate(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    PyObject *state = tracked_getstate(op, NULL);
    if (state == NULL) {
        return NULL;
    }
    bool has_slots = PyTuple_CheckExact(state) && PyTuple_GET_SIZE(state) == 2 &&
                     PyDict_Check(PyTuple_GET_ITEM(state, 1));
    PyObject *attributes = has_slots ? PyTuple_GET_ITEM(state, 0) : state; /* borrowed */
    PyObject *slots = has_slots ? PyDict_Copy(PyTuple_GET_ITEM(state, 1)) : PyDict_New();
    PyObject *name = name_or_null(op), *friends = friends_or_null(op);
    PyObject *result = NULL;
    if (slots != NULL && (name == NULL || PyDict_SetItemString(slots, "name", name) == 0) &&
        (friends == NULL || PyDict_SetItemString(slots, "friends", friends) == 0)) {
        result = PyTuple_Pack(2, attributes, slots);
    }
    Py_XDECREF(name);
    Py_XDECREF(friends);
    Py_XDECREF(slots);
    Py_DECREF(state);
    return result;
}

static PyMethodDef person_methods[] = {
    {"befriend", person_befriend, METH_O, person_befriend_doc},
    {"__getstate__", person_getstate, METH_NOARGS, person_getstate_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef person_getset[] = {
    {"name", person_get_name, person_set_name, PyDoc_STR("The name, a str."), NULL},
    {"friends", person_get_friends, person_set_friends,
     PyDoc_STR("The friends: a real list, which holds a reference to each item. Only a list can be "
               "assigned."),
     NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(person_doc,
             "Person(name)\n--\n\n"
             "Somebody with a name and friends: an instrumented object that takes part in the "
             "collection of cycles.\n\n"
             "name must be a str (TypeError otherwise). friends begins as an empty list.");

static PyType_Slot person_slots[] = {
    {Py_tp_doc, (void *)person_doc},
    {Py_tp_new, person_new},
    {Py_tp_init, person_init},
    {Py_tp_repr, person_repr},
    {Py_tp_dealloc, person_dealloc},
    {Py_tp_finalize, tracked_finalize},
    {Py_tp_traverse, person_traverse},
    {Py_tp_clear, person_clear},
    {Py_tp_methods, person_methods},
    {Py_tp_getset, person_getset},
    {0, NULL},
};

static PyType_Spec person_spec = {
    .name = "gcscope.Person",
    .basicsize = sizeof(PersonObject),
    .flags =
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = person_slots,
};

int
person_setup(PyObject *module, ModuleState *state)
{
    PyObject *type =
        PyType_FromModuleAndSpec(module, &person_spec, (PyObject *)state->tracked_type);
    state->person_type = (PyTypeObject *)type;
    if (type == NULL || PyModule_AddType(module, state->person_type) < 0) {
        return -1;
    }
    state->person_type->tp_vectorcall = person_vectorcall;
    return 0;
}
