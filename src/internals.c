/* Py_BUILD_CORE opens CPython's private headers; it must be defined before Python.h is first read. */
#define Py_BUILD_CORE 1
#include "internals.h"

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
#if __has_include("internal/pycore_dict.h")
#include "internal/pycore_dict.h"
#define HAS_DICT_HEADER 1
#endif
#if __has_include("internal/pycore_frame.h")
#include "internal/pycore_frame.h" /* FRAME_CLEARED: 4 on 3.14, 5 on 3.15 */
#if !GCSCOPE_STACK_BORROWS
#define HAS_FRAME_HEADER 1
#elif __has_include("internal/pycore_interpframe_structs.h") /* the structs of frames have moved there */
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

bool
internals_knows_borrowing(void)
{
    return !GCSCOPE_STACK_BORROWS || HAS_FRAME_HEADER;
}

#if GCSCOPE_STACK_BORROWS && HAS_FRAME_HEADER

/* The tag of a stack reference: 1 owns nothing; 0 is a reference as any other; 3 is an integer, 2 an address.
   An empty slot is the tag 1 alone. */
enum { STACKREF_TAG_MASK = 3, STACKREF_BORROWED = 1 };

static void
visit_if_borrowed(_PyStackRef reference, visitproc visit, void *arg)
{
    uintptr_t bits = reference.bits;
    if ((bits & STACKREF_TAG_MASK) == STACKREF_BORROWED && bits != STACKREF_BORROWED) {
        (void)visit((PyObject *)(bits & ~(uintptr_t)STACKREF_TAG_MASK), arg);
    }
}

void
internals_visit_borrowed(PyObject *op, visitproc visit, void *arg)
{
    struct _PyGenObject *generator = (struct _PyGenObject *)op;
    if (generator->gi_frame_state >= FRAME_CLEARED) { /* it has no frame any more, and shows none */
        return;
    }
    _PyInterpreterFrame *frame = &generator->gi_iframe;
    visit_if_borrowed(frame->f_executable, visit, arg);
    visit_if_borrowed(frame->f_funcobj, visit, arg);
    if (frame->stackpointer == NULL) { /* it is running: its slots belong to the interpreter loop */
        return;
    }
    for (_PyStackRef *slot = frame->localsplus; slot < frame->stackpointer; slot++) {
        visit_if_borrowed(*slot, visit, arg);
    }
}

#else

void
internals_visit_borrowed(PyObject *op, visitproc visit, void *arg)
{
    (void)op;
    (void)visit;
    (void)arg;
}

#endif

/* Borrowed from the frame of a generator, coroutine or asynchronous generator; NULL where its struct is not known.
   (PyGen_GetCode takes generators only, and attributes such as cr_code tell audit hooks.) */
static PyCodeObject *
code_of_generator(PyObject *op)
{
#if PY_VERSION_HEX < 0x030C0000
    return ((PyGenObject *)op)->gi_code;
#elif !HAS_FRAME_HEADER
    (void)op;
    return NULL;
#elif GCSCOPE_STACK_BORROWS /* and in a stack reference, with its tag */
    uintptr_t bits = ((struct _PyGenObject *)op)->gi_iframe.f_executable.bits;
    return (PyCodeObject *)(bits & ~(uintptr_t)STACKREF_TAG_MASK);
#elif PY_VERSION_HEX >= 0x030D0000
    return (PyCodeObject *)((_PyInterpreterFrame *)((PyGenObject *)op)->gi_iframe)->f_executable;
#else
    return ((_PyInterpreterFrame *)((PyGenObject *)op)->gi_iframe)->f_code;
#endif
}

bool
internals_frame_slots(PyObject *op, size_t *slots)
{
    PyTypeObject *type = Py_TYPE(op);
    PyCodeObject *code;
    if (type == &PyFrame_Type) {
        code = PyFrame_GetCode((PyFrameObject *)op);
        Py_DECREF(code); /* the frame has it */
    }
    else if (type == &PyGen_Type || type == &PyCoro_Type || type == &PyAsyncGen_Type) {
        code = code_of_generator(op);
    }
    else {
        return false;
    }
    *slots = code != NULL ? (size_t)code->co_nlocalsplus + (size_t)code->co_stacksize : 0;
    return true;
}

#if HAS_DICT_HEADER

/* Values that lie inside the instance (from 3.13 on) are no table of the dict. */
static bool
values_are_inline(const PyDictObject *mp)
{
#if PY_VERSION_HEX >= 0x030D0000
    return mp->ma_values->embedded;
#else
    (void)mp;
    return false;
#endif
}

size_t
internals_dict_bytes(PyObject *dict)
{
    PyDictObject *mp = (PyDictObject *)dict;
    PyDictKeysObject *keys = mp->ma_keys;
    size_t entries = (size_t)keys->dk_nentries + (size_t)keys->dk_usable;
    if (mp->ma_values != NULL) { /* the keys belong to the class */
        return values_are_inline(mp) ? 0 : entries * sizeof(PyObject *);
    }
    if (keys->dk_log2_size == 0) { /* the one table that all empty dicts share */
        return 0;
    }
    size_t entry = keys->dk_kind == DICT_KEYS_GENERAL ? sizeof(PyDictKeyEntry) : sizeof(PyDictUnicodeEntry);
    return sizeof(PyDictKeysObject) + ((size_t)1 << keys->dk_log2_index_bytes) + entries * entry;
}

#else

size_t
internals_dict_bytes(PyObject *dict)
{
    (void)dict;
    return 0;
}

#endif
