/* compat.h: the ground floor. Python.h once, the words every room uses, and every test of the
   interpreter's version that stands outside interp.c.

   Versions are tested by feature: a room asks GCSCOPE_HAS_VISIT_OBJECTS, never PY_VERSION_HEX. */

#ifndef GCSCOPE_COMPAT_H
#define GCSCOPE_COMPAT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if PY_VERSION_HEX < 0x030B0000
#error "gcscope needs CPython 3.11 or newer"
#endif
#ifdef PYPY_VERSION
#error "gcscope reads CPython's heap; PyPy has another one"
#endif

/* A build without the GIL: other threads run while we read, and objects are counted in parts. */
#ifdef Py_GIL_DISABLED
#define GCSCOPE_FREE_THREADED 1
#if PY_VERSION_HEX < 0x030E0000
#error "gcscope needs CPython 3.14 or newer where that is free-threaded"
#endif
#if PY_VERSION_HEX >= 0x03100000 || defined(GCSCOPE_NO_INTERNALS)
#error                                                                                             \
    "gcscope reads a free-threaded heap by private headers, and does not know those of this CPython"
#endif
#else
#define GCSCOPE_FREE_THREADED 0
#endif

_Static_assert(sizeof(void *) == 8, "gcscope supports 64-bit builds only");

/* Words by which the head of an object is longer than on builds with a GIL. */
enum { HEAD_MORE_WORDS = sizeof(PyObject) / sizeof(void *) - 2 };

/* A node is an object of one heap pass. Four bytes are enough for 4 billion of them. */
typedef uint32_t NodeId;
#define NODE_LIMIT UINT32_MAX

#if defined(__GNUC__) || defined(__clang__)
#define PREFETCH(address) __builtin_prefetch(address)
#define LOWEST_BIT(bits) __builtin_ctzll(bits)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#else
#error "gcscope needs gcc or clang"
#endif

/* How many bits are set. The compiler's own builtin is a call into its library, as long as not
   every processor of the target has an instruction for it. */
static inline unsigned
popcount(uint64_t bits)
{
#ifdef __POPCNT__
    return (unsigned)__builtin_popcountll(bits);
#else
    const uint64_t pairs = UINT64_C(0x3333333333333333);
    bits -= bits >> 1 & UINT64_C(0x5555555555555555);
    bits = (bits & pairs) + (bits >> 2 & pairs);
    bits = (bits + (bits >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
    return (unsigned)(bits * UINT64_C(0x0101010101010101) >> 56);
#endif
}

/* What stands between these two on an object is done by one thread at a time, where several run. */
#if GCSCOPE_FREE_THREADED
#define CRITICAL_BEGIN(op) Py_BEGIN_CRITICAL_SECTION(op)
#define CRITICAL_END() Py_END_CRITICAL_SECTION()
#else
#define CRITICAL_BEGIN(op)                                                                         \
    {                                                                                              \
        (void)(op)
#define CRITICAL_END() }
#endif

/* Whether a thread is in a critical section of an object. While the world is stopped that is one to
   which the section was handed when it had begun to wait: who enters it then waits for ever. */
static inline bool
is_in_critical(PyObject *op)
{
#if GCSCOPE_FREE_THREADED
    return PyMutex_IsLocked(&op->ob_mutex);
#else
    (void)op;
    return false;
#endif
}

/* Hold an object that another thread may be letting go of, by a borrowed reference: false where it
   is going. It is prepared for that while it is sure to live. */
static inline void
compat_enable_try_incref(PyObject *op)
{
#if GCSCOPE_FREE_THREADED
    PyUnstable_EnableTryIncRef(op);
#else
    (void)op;
#endif
}

static inline bool
compat_try_incref(PyObject *op)
{
#if GCSCOPE_FREE_THREADED
    return PyUnstable_TryIncRef(op) != 0;
#else
    Py_INCREF(op);
    return true;
#endif
}

/* The release for which this is compiled, as sys.hexversion has that. */
#define GCSCOPE_BUILT_FOR PY_VERSION_HEX

/* PyUnstable_GC_VisitObjects: the whole heap without a list of it. */
#if PY_VERSION_HEX >= 0x030C0000
#define GCSCOPE_HAS_VISIT_OBJECTS 1
#else
#define GCSCOPE_HAS_VISIT_OBJECTS 0
#endif

/* PyDict_AddWatcher: a function of ours is called at each change of a dict. */
#define GCSCOPE_HAS_DICT_WATCHERS (PY_VERSION_HEX >= 0x030C0000)
/* The collector does not track a dict that refers to nothing which could be in a ring. */
#define GCSCOPE_UNTRACKS_DICTS (PY_VERSION_HEX < 0x030E0000)

/* The evaluation stack may hold references that own nothing (LOAD_FAST_BORROW). */
#if PY_VERSION_HEX >= 0x030E0000
#define GCSCOPE_STACK_BORROWS 1
#else
#define GCSCOPE_STACK_BORROWS 0
#endif

/* What a function keeps for PEP 695 and for PEP 649. */
#define GCSCOPE_HAS_TYPE_PARAMETERS (PY_VERSION_HEX >= 0x030C0000)
#define GCSCOPE_HAS_ANNOTATE (PY_VERSION_HEX >= 0x030E0000)
/* A class statement notes its first line in the class. */
#define GCSCOPE_HAS_FIRST_LINE (PY_VERSION_HEX >= 0x030D0000)
#define GCSCOPE_ALIAS_HAS_QUALNAME (PY_VERSION_HEX >= 0x030F0000)

/* The deallocation of deep structures is made safe by _Py_Dealloc itself from 3.14 on; the macros
   are then empty. */
#ifndef Py_TRASHCAN_BEGIN
#define Py_TRASHCAN_BEGIN(op, dealloc) do {
#define Py_TRASHCAN_END                                                                            \
    }                                                                                              \
    while (0)                                                                                      \
        ;
#endif

static inline bool
is_immortal(PyObject *op)
{
#if PY_VERSION_HEX >= 0x030E0000
    return PyUnstable_IsImmortal(op);
#elif PY_VERSION_HEX >= 0x030C0000
    return _Py_IsImmortal(op);
#else
    (void)op;
    return false;
#endif
}

/* A number that no other class has had and that this one had at no time when its attributes, or
   those of a base, were others; 0: it has none. */
static inline unsigned
type_version(const PyTypeObject *type)
{
#if GCSCOPE_FREE_THREADED
    return _Py_atomic_load_uint_relaxed(&type->tp_version_tag);
#else
    return type->tp_version_tag;
#endif
}

/* Give a class such a number, where it has none and can have one. */
static inline void
type_assign_version(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030C0000
    (void)PyUnstable_Type_AssignVersionTag(type);
#else
    PyObject *name = PyUnicode_InternFromString("__module__");
    if (name != NULL) {
        (void)_PyType_Lookup(type, name);
    }
    Py_XDECREF(name);
    PyErr_Clear();
#endif
}

/* New reference or NULL: the dict of a class. Since 3.12 that of a static type belongs to the
   interpreter. */
static inline PyObject *
type_dict(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030C0000
    return PyType_GetDict(type);
#else
    return Py_XNewRef(type->tp_dict);
#endif
}

/* New reference or NULL, with no exception set: what a dict has under a name in ASCII. */
static inline PyObject *
dict_get_string(PyObject *dict, const char *name)
{
#if GCSCOPE_FREE_THREADED
    PyObject *value;
    if (PyDict_GetItemStringRef(dict, name, &value) < 0) {
        PyErr_Clear();
    }
    return value;
#else
    return Py_XNewRef(PyDict_GetItemString(dict, name));
#endif
}

/* Whether a type is frozendict (3.15), or derived from it: a dict that is never changed and is no
   subclass of dict. */
static inline bool
is_frozendict(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030F0000
    return PyType_IsSubtype(type, &PyFrozenDict_Type);
#else
    (void)type;
    return false;
#endif
}

/* Whether an object is a dict or a frozendict, and of no derived class. */
static inline bool
is_exact_dict(PyObject *op)
{
#if PY_VERSION_HEX >= 0x030F0000
    return PyAnyDict_CheckExact(op);
#else
    return PyDict_CheckExact(op);
#endif
}

static inline size_t
long_digits(PyLongObject *number)
{
#if PY_VERSION_HEX >= 0x030C0000
    return number->long_value.lv_tag >> 3;
#else
    Py_ssize_t size = ((PyVarObject *)number)->ob_size;
    return (size_t)(size < 0 ? -size : size);
#endif
}

/* New reference: the exception that is set, which is cleared. */
static inline PyObject *
take_exception(void)
{
#if PY_VERSION_HEX >= 0x030C0000
    return PyErr_GetRaisedException();
#else
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL) {
        PyException_SetTraceback(value, traceback);
    }
    Py_DECREF(type);
    Py_XDECREF(traceback);
    return value;
#endif
}

/* Bytes that instances of a type have before the collector's header: for their __dict__ and weak
   references. */
static inline size_t
type_preheader_bytes(const PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030C0000
    const unsigned long flags = Py_TPFLAGS_PREHEADER;
#else
    const unsigned long flags = Py_TPFLAGS_MANAGED_DICT;
#endif
    return (type->tp_flags & flags) != 0 ? 2 * sizeof(void *) : 0;
}

/* Up to 3.11 a str may keep the wide characters from which it was made, and have nothing else until
   it is first used. */
static inline bool
str_is_ready(PyObject *op)
{
#if PY_VERSION_HEX >= 0x030C0000
    (void)op;
    return true;
#else
    return PyUnicode_IS_READY(op);
#endif
}

static inline size_t
str_wide_bytes(PyObject *op)
{
#if PY_VERSION_HEX >= 0x030C0000
    (void)op;
    return 0;
#else
    const PyCompactUnicodeObject *str = (PyCompactUnicodeObject *)op;
    const void *wide = str->_base.wstr;
    bool is_ascii = PyUnicode_IS_COMPACT_ASCII(op);
    bool is_own = wide != NULL && (!str_is_ready(op) || wide != PyUnicode_DATA(op));
    Py_ssize_t length = is_ascii ? str->_base.length : is_own ? str->wstr_length : 0;
    return is_own ? ((size_t)length + 1) * sizeof(wchar_t) : 0;
#endif
}

/* The memory of a bytearray is a bytes object. */
#define GCSCOPE_BYTEARRAY_HAS_BYTES (PY_VERSION_HEX >= 0x030F0000)

/* What a thread's state, a public struct, has of its stack. Where the struct of a new version is
   not known, nothing of it is touched. */
#define GCSCOPE_KNOWS_STACK (PY_VERSION_HEX < 0x03100000)

#if GCSCOPE_KNOWS_STACK
/* The innermost frame. Until 3.12 it stands in a struct on the C stack. */
#if PY_VERSION_HEX >= 0x030D0000
#define THREAD_FRAME(thread) ((thread)->current_frame)
#else
#define THREAD_FRAME(thread) ((thread)->cframe->current_frame)
#endif

/* The frame of an empty stack. */
#if PY_VERSION_HEX >= 0x030F0000
#define THREAD_NO_FRAME(thread) ((thread)->base_frame)
#else
#define THREAD_NO_FRAME(thread) NULL
#endif

/* How many calls are left until RecursionError, and how many there are in all. */
#if PY_VERSION_HEX >= 0x030C0000
#define THREAD_CALLS_LEFT(thread) ((thread)->py_recursion_remaining)
#define THREAD_CALL_LIMIT(thread) ((thread)->py_recursion_limit)
#else
#define THREAD_CALLS_LEFT(thread) ((thread)->recursion_remaining)
#define THREAD_CALL_LIMIT(thread) ((thread)->recursion_limit)
#endif

/* The same of calls inside C code, which 3.12 and 3.13 count apart. */
#if PY_VERSION_HEX >= 0x030C0000 && PY_VERSION_HEX < 0x030E0000
#define GCSCOPE_COUNTS_C_CALLS 1
#ifndef Py_C_RECURSION_LIMIT
#define Py_C_RECURSION_LIMIT C_RECURSION_LIMIT
#endif
#else
#define GCSCOPE_COUNTS_C_CALLS 0
#endif
#endif

static inline bool
interpreter_is_finalizing(void)
{
#if PY_VERSION_HEX >= 0x030D0000
    return Py_IsFinalizing();
#else
    return _Py_IsFinalizing();
#endif
}

#endif
