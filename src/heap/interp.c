/* interp.c: what is read from the interpreter's private structures, and where versions differ.

       thread -> current_frame -> _PyInterpreterFrame -> previous ...
       generator -> gi_iframe, a _PyInterpreterFrame
       frame object -> f_frame, a _PyInterpreterFrame
                       f_executable, f_funcobj, f_locals, frame_obj
                       localsplus: local variables | evaluation stack

       interp_frame_slots_of, interp_running_slots   each slot, through emit_slot
       interp_visit_borrowed                         slots that own nothing, since 3.14
       interp_inline_attributes                      values that lie in an instance: an array, whose
                                                     names are the keys cached by its class
       interp_dict_bytes, interp_values_bytes ...    tables of dicts, instances and classes

   What a version changes stands in one small function, such as slot_target or frame_places; what
   calls it is the same on all. Nothing is ever written, and no object is made. A running frame is
   incomplete until its code has begun: its local variables are then not to be read. */

/* Py_BUILD_CORE opens CPython's private headers; it must be defined before Python.h is first
   read. */
#define Py_BUILD_CORE 1
#include "heap/interp.h"

/* CPython's own headers are not clean under -Wextra; ours and this file are. */
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#endif

/* The versions whose private structures were read, and compared with what this file does. */
#if PY_VERSION_HEX < 0x03100000 && !defined(GCSCOPE_NO_INTERNALS)
#define KNOWN_VERSION 1
#else
#define KNOWN_VERSION 0
#endif

#if KNOWN_VERSION && defined(__has_include)
#if __has_include("internal/pycore_object.h")
#include "internal/pycore_object.h" /* where an instance keeps its attributes */
#define HAS_OBJECT_HEADER 1
#endif
#if __has_include("internal/pycore_dict.h")
#include "internal/pycore_dict.h"
#define HAS_DICT_HEADER 1
#endif
#if __has_include("internal/pycore_frame.h")
#include "internal/pycore_frame.h" /* FRAME_CLEARED: 4 on 3.14, 5 on 3.15 */
#if !GCSCOPE_STACK_BORROWS
#define HAS_FRAME_HEADER 1
/* The structs of frames have moved there. */
#elif __has_include("internal/pycore_interpframe_structs.h")
#include "internal/pycore_interpframe_structs.h"
#define HAS_FRAME_HEADER 1
#endif
#endif
#endif

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#ifndef HAS_DICT_HEADER
#define HAS_DICT_HEADER 0
#endif
#ifndef HAS_FRAME_HEADER
#define HAS_FRAME_HEADER 0
#endif
#ifndef HAS_OBJECT_HEADER
#define HAS_OBJECT_HEADER 0
#endif

/* ------------------------------------------------------- slots, frames, generators */

#if HAS_FRAME_HEADER

#if GCSCOPE_STACK_BORROWS

/* The tag of a stack reference: 1 owns nothing; 0 is a reference as any other; 3 is an integer, 2
   an address. An empty slot is the tag 1 alone. */
enum { STACKREF_TAG_MASK = 3, STACKREF_BORROWED = 1 };

typedef _PyStackRef Slot;

/* Borrowed: what a slot refers to; NULL for an empty one and for one that holds an integer. */
static PyObject *
slot_target(Slot slot)
{
    uintptr_t tag = slot.bits & STACKREF_TAG_MASK;
    return tag <= STACKREF_BORROWED ? (PyObject *)(slot.bits & ~(uintptr_t)STACKREF_TAG_MASK)
                                    : NULL;
}

static bool
slot_is_owned(Slot slot)
{
    return (slot.bits & STACKREF_TAG_MASK) == 0;
}

static PyObject *
frame_executable(const _PyInterpreterFrame *frame)
{
    return slot_target(frame->f_executable);
}

static PyObject *
frame_function(const _PyInterpreterFrame *frame, bool *owned)
{
    *owned = slot_is_owned(frame->f_funcobj);
    return slot_target(frame->f_funcobj);
}

/* How many places of localsplus tp_traverse shows, and the interpreter knows to be in use: none of
   a frame that is running, whose slots belong to the interpreter loop. */
static size_t
frame_places(_PyInterpreterFrame *frame)
{
    return frame->stackpointer != NULL ? (size_t)(frame->stackpointer - frame->localsplus) : 0;
}

#else

typedef PyObject *Slot;

static PyObject *
slot_target(Slot slot)
{
    return slot;
}

static bool
slot_is_owned(Slot Py_UNUSED(slot))
{
    return true;
}

static PyObject *
frame_executable(const _PyInterpreterFrame *frame)
{
#if PY_VERSION_HEX >= 0x030D0000
    return frame->f_executable;
#else
    return (PyObject *)frame->f_code;
#endif
}

static PyObject *
frame_function(const _PyInterpreterFrame *frame, bool *owned)
{
    *owned = true;
#if PY_VERSION_HEX >= 0x030C0000
    return frame->f_funcobj;
#else
    return (PyObject *)frame->f_func;
#endif
}

static size_t
frame_places(_PyInterpreterFrame *frame)
{
    return frame->stacktop > 0 ? (size_t)frame->stacktop : 0; /* -1: it is running */
}

#endif

/* The frame inside a generator; NULL where its call has ended, and it shows none. */
static _PyInterpreterFrame *
generator_frame(PyObject *op)
{
    PyGenObject *generator = (PyGenObject *)op;
    return generator->gi_frame_state < FRAME_CLEARED ? (_PyInterpreterFrame *)&generator->gi_iframe
                                                     : NULL;
}

/* The frame that an object shows: of a frame object whose call has ended, or of a generator. */
static _PyInterpreterFrame *
frame_of(PyObject *op)
{
    if (PyFrame_Check(op)) {
        _PyInterpreterFrame *frame = ((PyFrameObject *)op)->f_frame;
        return frame != NULL && frame->owner == FRAME_OWNED_BY_FRAME_OBJECT ? frame : NULL;
    }
    return interp_is_generator(op) ? generator_frame(op) : NULL;
}

#endif

/* ------------------------------------------------------------------- borrowing */

bool
interp_knows_borrowing(void)
{
    return !GCSCOPE_STACK_BORROWS || HAS_FRAME_HEADER;
}

#if GCSCOPE_STACK_BORROWS && HAS_FRAME_HEADER

static void
visit_if_borrowed(Slot slot, visitproc visit, void *arg)
{
    PyObject *target = slot_target(slot);
    if (target != NULL && !slot_is_owned(slot)) {
        (void)visit(target, arg);
    }
}

void
interp_visit_borrowed(PyObject *op, visitproc visit, void *arg)
{
    _PyInterpreterFrame *frame = frame_of(op);
    if (frame == NULL) {
#if GCSCOPE_FREE_THREADED
        if (interp_is_generator(op)) { /* its call has ended, and its code is left */
            visit_if_borrowed(((PyGenObject *)op)->gi_iframe.f_executable, visit, arg);
        }
#endif
        return;
    }
    visit_if_borrowed(frame->f_executable, visit, arg);
    visit_if_borrowed(frame->f_funcobj, visit, arg);
    for (size_t i = 0; i < frame_places(frame); i++) {
        visit_if_borrowed(frame->localsplus[i], visit, arg);
    }
}

#else

void
interp_visit_borrowed(PyObject *Py_UNUSED(op), visitproc Py_UNUSED(visit), void *Py_UNUSED(arg))
{
}

#endif

/* ------------------------------------------------------------------- how many slots */

/* Not by PyGen_GetCode, which takes generators only, nor by an attribute such as cr_code: reading
   that raises an audit event. */
PyCodeObject *
interp_generator_code(PyObject *op)
{
#if PY_VERSION_HEX < 0x030C0000
    return ((PyGenObject *)op)->gi_code;
#elif HAS_FRAME_HEADER /* the code stays in the frame when that has ended */
    return (PyCodeObject *)frame_executable((_PyInterpreterFrame *)&((PyGenObject *)op)->gi_iframe);
#else
    (void)op;
    return NULL;
#endif
}

bool
interp_frame_slots(PyObject *op, size_t *slots)
{
    PyCodeObject *code;
    if (PyFrame_Check(op)) {
        code = PyFrame_GetCode((PyFrameObject *)op);
        Py_DECREF(code); /* the frame has it */
    }
    else if (interp_is_generator(op)) {
        code = interp_generator_code(op);
    }
    else {
        return false;
    }
    *slots = code != NULL ? (size_t)code->co_nlocalsplus + (size_t)code->co_stacksize : 0;
    return true;
}

/* --------------------------------------------------------------------- all slots */

#if HAS_FRAME_HEADER

/* Borrowed: the code of a frame of Python code; NULL for the entry frames that the interpreter puts
   between. */
static PyCodeObject *
frame_code(const _PyInterpreterFrame *frame)
{
    PyObject *executable = frame_executable(frame);
    bool is_python = frame->owner <= FRAME_OWNED_BY_FRAME_OBJECT && executable != NULL &&
                     PyCode_Check(executable);
    return is_python ? (PyCodeObject *)executable : NULL;
}

typedef struct {
    SlotFunc visit;
    void *arg;
    FrameSlot slot; /* what is the same for all slots of the frame */
} SlotSink;

static bool
emit_slot(SlotSink *sink, SlotKind kind, PyObject *target, PyObject *name, bool owned)
{
    FrameSlot slot = sink->slot;
    slot.kind = kind;
    slot.target = target;
    slot.name = name;
    slot.owned = owned;
    return target != NULL && sink->visit(sink->arg, &slot);
}

/* The places from .. to - 1 of localsplus: local variables first, then the evaluation stack. */
static bool
emit_places(SlotSink *sink, _PyInterpreterFrame *frame, size_t from, size_t to)
{
    PyCodeObject *code = sink->slot.code;
    for (size_t i = from; i < to; i++) {
        bool is_local = i < (size_t)code->co_nlocalsplus;
        PyObject *name =
            is_local ? PyTuple_GET_ITEM(code->co_localsplusnames, (Py_ssize_t)i) : NULL;
        Slot slot = frame->localsplus[i];
        if (emit_slot(sink, is_local ? SLOT_LOCAL : SLOT_STACK, slot_target(slot), name,
                      slot_is_owned(slot))) {
            return true;
        }
    }
    return false;
}

static bool
emit_specials(SlotSink *sink, _PyInterpreterFrame *frame)
{
    bool owned, owns_code = true;
    PyObject *function = frame_function(frame, &owned);
#if GCSCOPE_FREE_THREADED
    owns_code = slot_is_owned(frame->f_executable);
#endif
    return emit_slot(sink, SLOT_FUNCTION, function, NULL, owned) ||
           emit_slot(sink, SLOT_NAMESPACE, frame->f_locals, NULL, true) ||
           emit_slot(sink, SLOT_FRAME, (PyObject *)frame->frame_obj, NULL, true) ||
           emit_slot(sink, SLOT_CODE, frame_executable(frame), NULL, owns_code);
}

/* A generator that is running shows it as well as one that is suspended. */
static bool
emit_handled(SlotSink *sink, PyObject *op)
{
    return emit_slot(sink, SLOT_HANDLED, ((PyGenObject *)op)->gi_exc_state.exc_value, NULL, true);
}

static bool
emit_frame_object(SlotSink *sink, PyFrameObject *frame_object)
{
    return emit_slot(sink, SLOT_BACK, (PyObject *)frame_object->f_back, NULL, true) ||
           emit_slot(sink, SLOT_TRACE, frame_object->f_trace, NULL, true);
}

bool
interp_frame_slots_of(PyObject *op, SlotFunc visit, void *arg)
{
    _PyInterpreterFrame *frame = frame_of(op);
    SlotSink sink = {visit, arg, {.code = frame != NULL ? frame_code(frame) : NULL}};
    if (sink.slot.code != NULL &&
        (emit_places(&sink, frame, 0, frame_places(frame)) || emit_specials(&sink, frame))) {
        return true;
    }
    if (PyFrame_Check(op)) {
        return emit_frame_object(&sink, (PyFrameObject *)op);
    }
    return frame != NULL && emit_handled(&sink, op);
}

/* Whether the local variables of a running frame are in use: its code has begun, or it belongs to a
   generator. (The interpreter's own _PyFrame_IsIncomplete.) */
static bool
frame_is_complete(const _PyInterpreterFrame *frame)
{
    PyCodeObject *code = frame_code(frame);
    if (code == NULL) {
        return false;
    }
#if PY_VERSION_HEX >= 0x030D0000
    const _Py_CODEUNIT *instruction = frame->instr_ptr;
#else
    const _Py_CODEUNIT *instruction = frame->prev_instr;
#endif
    return frame->owner == FRAME_OWNED_BY_GENERATOR ||
           instruction >= (const _Py_CODEUNIT *)(const void *)code->co_code_adaptive +
                              code->_co_firsttraceable;
}

static bool
emit_running_frame(SlotSink *sink, _PyInterpreterFrame *frame)
{
    size_t shown = 0, places = frame_places(frame);
    size_t locals = (size_t)sink->slot.code->co_nlocalsplus;
    /* A generator's tp_traverse shows the special slots and the known places itself. */
    if (frame->owner == FRAME_OWNED_BY_GENERATOR) {
        shown = places;
    }
    else if (emit_specials(sink, frame)) {
        return true;
    }
    return emit_places(sink, frame, shown, places > locals ? places : locals);
}

static _PyInterpreterFrame *
innermost_frame(PyThreadState *thread)
{
#if PY_VERSION_HEX >= 0x030D0000
    return thread->current_frame;
#else
    /* 3.11 lists a new thread before it has a cframe. */
    return thread->cframe != NULL ? thread->cframe->current_frame : NULL;
#endif
}

void
interp_running_slots(SlotFunc visit, void *arg)
{
    PyThreadState *thread = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    for (; thread != NULL; thread = PyThreadState_Next(thread)) {
        size_t depth = 0;
        SlotSink of_thread = {visit, arg, {.thread = thread}};
        if (emit_slot(&of_thread, SLOT_HANDLED, thread->exc_state.exc_value, NULL, true)) {
            return;
        }
        for (_PyInterpreterFrame *frame = innermost_frame(thread); frame != NULL;
             frame = frame->previous) {
            if (!frame_is_complete(frame)) {
                continue;
            }
            SlotSink sink = of_thread;
            sink.slot.code = frame_code(frame);
            sink.slot.depth = depth++;
            if (emit_running_frame(&sink, frame)) {
                return;
            }
        }
    }
}

/* Only up to 3.13 may the words be read of which nobody knows whether they are in use: all that was
   there are plain pointers. */
static void
emit_stack_words(const SlotSink *sink, _PyInterpreterFrame *frame)
{
#if GCSCOPE_STACK_BORROWS
    (void)sink;
    (void)frame;
#else
    size_t locals = (size_t)sink->slot.code->co_nlocalsplus;
    size_t end = locals + (size_t)sink->slot.code->co_stacksize;
    FrameSlot slot = sink->slot;
    slot.kind = SLOT_STACK;
    slot.owned = true;
    for (size_t i = frame->stacktop < 0 ? locals : end; i < end; i++) {
        slot.target = frame->localsplus[i];
        if (slot.target != NULL && sink->visit(sink->arg, &slot)) {
            return;
        }
    }
#endif
}

void
interp_stack_words(SlotFunc visit, void *arg)
{
    PyThreadState *thread = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    for (; thread != NULL; thread = PyThreadState_Next(thread)) {
        size_t depth = 0;
        for (_PyInterpreterFrame *frame = innermost_frame(thread); frame != NULL;
             frame = frame->previous) {
            if (frame_is_complete(frame)) {
                SlotSink sink = {visit, arg, {.code = frame_code(frame), .thread = thread}};
                sink.slot.depth = depth++;
                emit_stack_words(&sink, frame);
            }
        }
    }
}

void
interp_waiting_slots(PyObject *op, SlotFunc visit, void *arg)
{
    _PyInterpreterFrame *frame = PyFrame_Check(op) ? ((PyFrameObject *)op)->f_frame : NULL;
    for (size_t depth = 0; frame != NULL && frame_code(frame) != NULL; frame = frame->previous) {
        SlotSink sink = {visit, arg, {.code = frame_code(frame), .depth = depth++}};
        if (frame_is_complete(frame) && emit_running_frame(&sink, frame)) {
            return;
        }
    }
}

#else

bool
interp_frame_slots_of(PyObject *Py_UNUSED(op), SlotFunc Py_UNUSED(visit), void *Py_UNUSED(arg))
{
    return false;
}

void
interp_stack_words(SlotFunc Py_UNUSED(visit), void *Py_UNUSED(arg))
{
}

void
interp_waiting_slots(PyObject *Py_UNUSED(op), SlotFunc Py_UNUSED(visit), void *Py_UNUSED(arg))
{
}

void
interp_running_slots(SlotFunc Py_UNUSED(visit), void *Py_UNUSED(arg))
{
}

#endif

#if GCSCOPE_FREE_THREADED

bool
interp_stack_owns(PyObject *op)
{
    _PyInterpreterFrame *frame = PyThreadState_Get()->current_frame;
    PyCodeObject *code = frame != NULL ? frame_code(frame) : NULL;
    size_t locals = code != NULL ? (size_t)code->co_nlocalsplus : 0;
    for (size_t place = code != NULL ? frame_places(frame) : 0; place > locals; place--) {
        Slot slot = frame->localsplus[place - 1];
        if (slot_target(slot) == op) {
            return slot_is_owned(slot);
        }
    }
    return false;
}

#endif

static bool
find_own_locals(void *arg, const FrameSlot *slot)
{
    PyObject **found = arg;
    bool is_it =
        slot->kind == SLOT_NAMESPACE && slot->depth == 0 && slot->thread == PyThreadState_Get();
    *found = is_it ? slot->target : *found;
    return is_it;
}

PyObject *
interp_own_locals(void)
{
    PyObject *found = NULL;
    interp_running_slots(find_own_locals, &found);
    return found;
}

/* ---------------------------------------------------------------- attributes */

/* Where an object that is not a managed one keeps its dict; NULL where it has no place for one. A
   negative offset counts from the end of an object of variable size. */
static PyObject **
dict_place(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    Py_ssize_t offset = type->tp_dictoffset;
    if (offset >= 0) {
        return offset > 0 ? (PyObject **)((char *)op + offset) : NULL;
    }
    Py_ssize_t items = ((PyVarObject *)op)->ob_size;
    size_t count =
        PyLong_Check(op) ? long_digits((PyLongObject *)op) : (size_t)(items < 0 ? -items : items);
    size_t size = (size_t)type->tp_basicsize + count * (size_t)type->tp_itemsize;
    size_t rounded = (size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
    return (PyObject **)((char *)op + rounded + offset);
}

#if HAS_OBJECT_HEADER && HAS_DICT_HEADER

static bool
is_managed(PyObject *op)
{
    return PyType_HasFeature(Py_TYPE(op), Py_TPFLAGS_MANAGED_DICT);
}

static PyDictValues *
inline_values(PyObject *op)
{
#if PY_VERSION_HEX >= 0x030D0000
    if (!PyType_HasFeature(Py_TYPE(op), Py_TPFLAGS_INLINE_VALUES)) {
        return NULL;
    }
    PyDictValues *values = _PyObject_InlineValues(op);
    return values->valid ? values : NULL;
#elif PY_VERSION_HEX >= 0x030C0000
    PyDictOrValues either = *_PyObject_DictOrValuesPointer(op);
    return _PyDictOrValues_IsValues(either) ? _PyDictOrValues_GetValues(either) : NULL;
#else
    return *_PyObject_ValuesPointer(op);
#endif
}

static PyObject *
managed_dict(PyObject *op)
{
#if PY_VERSION_HEX >= 0x030D0000
    return (PyObject *)_PyObject_GetManagedDict(op);
#elif PY_VERSION_HEX >= 0x030C0000
    PyDictOrValues either = *_PyObject_DictOrValuesPointer(op);
    return _PyDictOrValues_IsValues(either) ? NULL : _PyDictOrValues_GetDict(either);
#else
    return *_PyObject_ManagedDictPointer(op);
#endif
}

PyObject *
interp_instance_dict(PyObject *op)
{
    if (is_managed(op)) {
        return managed_dict(op);
    }
    PyObject **place = dict_place(op);
    return place != NULL ? *place : NULL;
}

bool
interp_inline_attributes(PyObject *op, AttributeFunc visit, void *arg)
{
    PyDictValues *values = is_managed(op) ? inline_values(op) : NULL;
    PyDictKeysObject *keys =
        values != NULL ? ((PyHeapTypeObject *)Py_TYPE(op))->ht_cached_keys : NULL;
    for (Py_ssize_t i = 0; keys != NULL && i < keys->dk_nentries; i++) {
        PyObject *value = values->values[i];
        if (value != NULL && visit(arg, DK_UNICODE_ENTRIES(keys)[i].me_key, value)) {
            return true;
        }
    }
    return false;
}

#else

PyObject *
interp_instance_dict(PyObject *op)
{
    PyObject **place =
        PyType_HasFeature(Py_TYPE(op), Py_TPFLAGS_MANAGED_DICT) ? NULL : dict_place(op);
    return place != NULL ? *place : NULL;
}

bool
interp_inline_attributes(PyObject *Py_UNUSED(op), AttributeFunc Py_UNUSED(visit),
                         void *Py_UNUSED(arg))
{
    return false;
}

#endif

/* ------------------------------------------------------------------- sizes */

#if HAS_OBJECT_HEADER && HAS_DICT_HEADER

static inline size_t
to_whole_words(size_t bytes)
{
    return (bytes + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
}

/* Bytes of a table of keys, entries included. */
static size_t
keys_bytes(const PyDictKeysObject *keys)
{
    size_t slots = (size_t)1 << keys->dk_log2_size, entries = 2 * slots / 3;
    size_t entry =
        keys->dk_kind == DICT_KEYS_GENERAL ? sizeof(PyDictKeyEntry) : sizeof(PyDictUnicodeEntry);
    return sizeof(PyDictKeysObject) + ((size_t)1 << keys->dk_log2_index_bytes) + entries * entry;
}

/* Bytes of an array of values, with the order in which they came; 0 where it lies in the instance.
   A class gives its first instance 30 places, and each further one a place less, down to one more
   than it has names. Up to 3.12 their number is not kept: this is what the class gives now. */
static size_t
values_bytes(const PyDictValues *values, const PyDictKeysObject *keys)
{
#if PY_VERSION_HEX >= 0x030D0000
    (void)keys;
    size_t places = values->capacity;
    return values->embedded ? 0 : to_whole_words(places) + (places + 1) * sizeof(PyObject *);
#else
    enum { SPECIAL = 2 };
    (void)values;
    size_t places = (size_t)keys->dk_nentries + (size_t)keys->dk_usable;
    return to_whole_words(places + SPECIAL) + places * sizeof(PyObject *);
#endif
}

size_t
interp_dict_bytes(PyObject *dict)
{
    PyDictObject *mp = (PyDictObject *)dict;
    if (mp->ma_values != NULL) { /* the keys belong to the class */
        return values_bytes(mp->ma_values, mp->ma_keys);
    }
    bool is_shared_by_all = mp->ma_keys->dk_log2_size == 0; /* by all that are empty */
    return is_shared_by_all ? 0 : keys_bytes(mp->ma_keys);
}

size_t
interp_dict_slots(PyObject *dict)
{
    return (size_t)1 << ((PyDictObject *)dict)->ma_keys->dk_log2_size;
}

size_t
interp_inline_bytes(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030D0000
    return PyType_HasFeature(type, Py_TPFLAGS_INLINE_VALUES) ? _PyInlineValuesSize(type) : 0;
#else
    (void)type;
    return 0;
#endif
}

size_t
interp_values_bytes(PyObject *op)
{
#if PY_VERSION_HEX >= 0x030D0000
    (void)op; /* they are inline */
    return 0;
#else
    PyDictValues *values = is_managed(op) ? inline_values(op) : NULL;
    PyDictKeysObject *keys = ((PyHeapTypeObject *)Py_TYPE(op))->ht_cached_keys;
    return values != NULL && keys != NULL ? values_bytes(values, keys) : 0;
#endif
}

size_t
interp_class_keys_bytes(PyTypeObject *type)
{
    PyDictKeysObject *keys = ((PyHeapTypeObject *)type)->ht_cached_keys;
    return keys != NULL ? keys_bytes(keys) : 0;
}

/* Visit the keys of a table that are all str, and that no tp_traverse shows for that. */
static void
visit_names(const PyDictKeysObject *keys, visitproc visit, void *arg)
{
    if (keys->dk_kind == DICT_KEYS_GENERAL) {
        return;
    }
    const PyDictUnicodeEntry *entries = DK_UNICODE_ENTRIES((PyDictKeysObject *)keys);
    for (Py_ssize_t i = 0; i < keys->dk_nentries; i++) {
        if (entries[i].me_key != NULL) {
            (void)visit(entries[i].me_key, arg);
        }
    }
}

void
interp_visit_names(PyObject *dict, visitproc visit, void *arg)
{
    const PyDictObject *mp = (PyDictObject *)dict;
    if (mp->ma_values == NULL) {
        visit_names(mp->ma_keys, visit, arg);
    }
}

void
interp_visit_class_names(PyTypeObject *type, visitproc visit, void *arg)
{
    const PyDictKeysObject *keys = ((PyHeapTypeObject *)type)->ht_cached_keys;
    if (keys != NULL) {
        visit_names(keys, visit, arg);
    }
}

#else

size_t
interp_dict_bytes(PyObject *Py_UNUSED(dict))
{
    return 0;
}

size_t
interp_dict_slots(PyObject *Py_UNUSED(dict))
{
    return 0;
}

size_t
interp_inline_bytes(PyTypeObject *Py_UNUSED(type))
{
    return 0;
}

size_t
interp_values_bytes(PyObject *Py_UNUSED(op))
{
    return 0;
}

size_t
interp_class_keys_bytes(PyTypeObject *Py_UNUSED(type))
{
    return 0;
}

void
interp_visit_names(PyObject *Py_UNUSED(dict), visitproc Py_UNUSED(visit), void *Py_UNUSED(arg))
{
}

void
interp_visit_class_names(PyTypeObject *Py_UNUSED(type), visitproc Py_UNUSED(visit),
                         void *Py_UNUSED(arg))
{
}

#endif
