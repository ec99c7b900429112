/* words.c: which words of a struct are read, and which are not.

       words_extent     where the struct ends: nearly always at tp_basicsize
       is_complete      types whose every reference tp_traverse shows, by the interpreter's source
       find_words       words that are the address of a known object
       visit_shown      each reference that tp_traverse shows accounts for one of them

   Items are read where each may be a reference: where it is as large as one. The types whose
   ob_size is no count of them are among those that are complete. */

#include "heap/words.h"

#include "heap/interp_world.h"
#include "heap/known.h"

/* The structs of datetime alone: no pointer to its C functions. */
#define _PY_DATETIME_IMPL
#include <datetime.h>

enum { WORD = sizeof(PyObject *) };

void
words_init(Words *words, Memory *memory, const AddrMap *known)
{
    *words = (Words){.memory = memory, .known = known, .cursor = ADDRMAP_NOWHERE};
}

void
words_fini(Words *words)
{
    if (words->memory != NULL) {
        vec_fini(words->memory, &words->found);
    }
}

/* ---------------------------------------------------------------------- types */

static bool
is_static_type(PyObject *op)
{
    return PyType_Check(op) && !PyType_HasFeature((PyTypeObject *)op, Py_TPFLAGS_HEAPTYPE);
}

bool
words_is_atom(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    return type == &PyUnicode_Type || type == &PyLong_Type || type == &PyBytes_Type ||
           type == &PyFloat_Type || type == &PyBool_Type || type == &PyComplex_Type ||
           type == &PyByteArray_Type || type == Py_TYPE(Py_None) || type == Py_TYPE(Py_Ellipsis) ||
           type == Py_TYPE(Py_NotImplemented);
}

/* The words of a code object are its public struct, and no tp_traverse shows them: whoever wants
   them knows their names. */
static bool
is_complete(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    return type == &PyDict_Type || type == &PyTuple_Type || type == &PyFunction_Type ||
           type == &PyList_Type || type == &PyCell_Type || type == &PyMethod_Type ||
           type == &PySet_Type || type == &PyFrozenSet_Type || type == &PyCode_Type ||
           type == &PyFrame_Type || type == &PyGen_Type || type == &PyCoro_Type ||
           type == &PyAsyncGen_Type || type == &PyProperty_Type || type == &PySlice_Type ||
           PyWeakref_Check(op);
}

/* Two types hold what others show, or nothing: an entry of an lru_cache, whose cache shows its key
   and its result, and whose other words lead to its neighbours. Asked last, since it compares
   names. */
static bool
is_shown_by_others(PyObject *op)
{
    return strcmp(Py_TYPE(op)->tp_name, "functools._lru_list_elem") == 0;
}

/* ---------------------------------------------------------------------- extent */

/* A datetime or time without a zone is allocated without room for one. Classes made by Python code
   allocate by another function, and whole. */
static size_t
datetime_extent(PyObject *op, size_t whole)
{
    for (PyTypeObject *base = Py_TYPE(op); base != NULL; base = base->tp_base) {
        if (strcmp(base->tp_name, "datetime.datetime") == 0) {
            return _PyDateTime_HAS_TZINFO(op) ? sizeof(PyDateTime_DateTime)
                                              : sizeof(_PyDateTime_BaseDateTime);
        }
        if (strcmp(base->tp_name, "datetime.time") == 0) {
            return _PyDateTime_HAS_TZINFO(op) ? sizeof(PyDateTime_Time)
                                              : sizeof(_PyDateTime_BaseTime);
        }
    }
    return whole;
}

/* Bytes of the items behind the struct, where they are words. */
static size_t
items_extent(PyObject *op)
{
    enum { MOST_ITEMS = 1 << 28 };
    PyTypeObject *type = Py_TYPE(op);
    bool are_words = type->tp_itemsize == WORD &&
                     (size_t)type->tp_basicsize >= sizeof(PyVarObject) && !is_complete(op);
    Py_ssize_t count = are_words ? ((PyVarObject *)op)->ob_size : 0;
    return count > 0 && count < MOST_ITEMS ? (size_t)count * WORD : 0;
}

size_t
words_extent(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    if (type == &PyUnicode_Type) { /* one that is compact is shorter than its type says */
        return 0;
    }
    if (is_static_type(op)) {
        return sizeof(PyTypeObject);
    }
    size_t whole = type->tp_basicsize > 0 ? (size_t)type->tp_basicsize : 0;
    bool has_own_allocator = type->tp_alloc != PyType_GenericAlloc && type->tp_alloc != NULL;
    return (has_own_allocator ? datetime_extent(op, whole) : whole) + items_extent(op);
}

/* ------------------------------------------------------------------------ words */

static bool
is_lasting(PyObject *op)
{
    return is_immortal(op) || world_references(op) >= WORDS_MOST_COUNTED;
}

static bool
is_evidence(const Words *words, PyObject *op, PyObject *target)
{
    return target != op && !is_lasting(target) && !is_static_type(target) &&
           (words->with_atoms || !words_is_atom(target));
}

/* The head of the list of weak references is borrowed. */
static bool
is_list_of_weakrefs(PyObject *op, size_t offset)
{
    return (Py_ssize_t)offset == Py_TYPE(op)->tp_weaklistoffset;
}

/* 0; -1: out of memory. */
static int
find_words(Words *words, PyObject *op)
{
    size_t end = words_extent(op);
    for (size_t offset = sizeof(PyObject); offset + WORD <= end; offset += WORD) {
        PyObject *word = *(PyObject *volatile *)((char *)op + offset);
        NodeId id;
        if (((uintptr_t)word & (WORD - 1)) == 0 &&
            addrmap_find_near(words->known, &words->cursor, word, &id) &&
            is_evidence(words, op, word) && !is_list_of_weakrefs(op, offset) &&
            vec_push(words->memory, &words->found, ((HiddenWord){word, offset, false})) < 0) {
            return -1;
        }
    }
    return 0;
}

bool
words_have(PyObject *op, const PyObject *target)
{
    size_t end = words_extent(op);
    for (size_t offset = sizeof(PyObject); offset + WORD <= end; offset += WORD) {
        if (*(PyObject *volatile *)((char *)op + offset) == target) {
            return true;
        }
    }
    return false;
}

static int
visit_shown(PyObject *target, void *arg)
{
    Words *words = arg;
    for (size_t w = 0; w < words->found.length; w++) {
        HiddenWord *word = &words->found.items[w];
        if (word->target == target && !word->is_shown) {
            word->is_shown = true;
            break;
        }
    }
    return 0;
}

static void
drop_shown(Words *words)
{
    size_t kept = 0;
    for (size_t w = 0; w < words->found.length; w++) {
        if (!words->found.items[w].is_shown) {
            words->found.items[kept++] = words->found.items[w];
        }
    }
    words->found.length = kept;
}

int
words_read(Words *words, PyObject *op)
{
    words->found.length = 0;
    if (words_is_atom(op) || is_complete(op)) {
        return 0;
    }
    if (find_words(words, op) < 0) {
        return -1;
    }
    traverseproc traverse = known_traverse_of(op);
    if (words->found.length != 0) {
        if (traverse != NULL) {
            (void)traverse(op, visit_shown, words);
        }
        if (words->beyond) {
            known_visit_beyond(op, visit_shown, words);
        }
        drop_shown(words);
    }
    if (words->found.length != 0 && is_shown_by_others(op)) {
        words->found.length = 0;
    }
    return 0;
}

typedef struct {
    PyObject *type;
    bool is_shown;
} TypeSearch;

static int
visit_type(PyObject *target, void *arg)
{
    TypeSearch *search = arg;
    search->is_shown |= target == search->type;
    return 0;
}

bool
words_hides_type(PyObject *op)
{
    TypeSearch search = {.type = (PyObject *)Py_TYPE(op)};
    traverseproc traverse = known_traverse_of(op);
    if (!PyType_HasFeature(Py_TYPE(op), Py_TPFLAGS_HEAPTYPE)) {
        return false;
    }
    if (traverse != NULL) {
        (void)traverse(op, visit_type, &search);
    }
    return !search.is_shown;
}
