/* sizes.c: one block after the other.

       struct_bytes    pre-header, collector's header, struct, items, inline attributes: one block
       outside_bytes   the blocks beside it, by the kind of the object
       block           what the allocator gives for a block: up to 512 bytes CPython's own, in steps
                       of 16; above that the C library's, which is taken to give what is asked for.
                       On free-threaded builds mimalloc's, in steps that grow with the block

   The structs of the builtin types are public (Include/cpython), those of dicts and of attributes
   are asked of interp.h. Of modules in C that come with Python the words of two structs are read
   here, and of numpy its array's, as numpy's public header has frozen it. Each of these has its
   size compared first, and of an array what is read must make sense besides: its strides lie
   behind its dimensions in one block. So an unknown layout is an object without data, not a wrong
   number. */

#include "heap/sizes.h"

#include "heap/interp.h"

/* What one block takes. */
#if GCSCOPE_FREE_THREADED

/* As mi_bin has it: four sizes from a power of 2 to the next, none closer than 16 bytes. What is
   larger has pages of its own, of which those count that are used. */
static inline size_t
block(size_t bytes)
{
    enum { LARGEST = 128 * 1024, SMALLEST_STEP = 16, STEPS = 4 };
    size_t step = SMALLEST_STEP;
    while (2 * STEPS * step < bytes) {
        step *= 2;
    }
    return bytes <= LARGEST ? (bytes + step - 1) / step * step : bytes;
}

#else

static inline size_t
block(size_t bytes)
{
    enum { LARGEST_SMALL = 512, STEP = 16 };
    return bytes <= LARGEST_SMALL ? (bytes + STEP - 1) / STEP * STEP : bytes;
}

#endif

/* a times b, as far as an object can have that much; else 0: what no object can have counts as
   none. */
static inline size_t
times(size_t a, size_t b)
{
    return b == 0 || a < SIZES_OBJECT_LIMIT / b ? a * b : 0;
}

static inline size_t
not_negative(Py_ssize_t number)
{
    return number > 0 ? (size_t)number : 0;
}

/* ------------------------------------------------------------------- the struct */

/* Bytes of the items that follow the struct. An int keeps its length elsewhere than other objects
   of variable size. A type with items and yet without an ob_size has some other field in its place.
   Instances of classes have room for one item more than they use. */
static size_t
item_bytes(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    size_t slots;
    if (interp_frame_slots(op, &slots)) {
        return slots * sizeof(PyObject *);
    }
    if (type->tp_itemsize <= 0) {
        return 0;
    }
    Py_ssize_t size = ((PyVarObject *)op)->ob_size;
    size_t count =
        PyLong_Check(op) ? long_digits((PyLongObject *)op) : (size_t)(size < 0 ? -size : size);
    bool has_one_more = PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) || PyType_Check(op);
    return times(count + has_one_more, (size_t)type->tp_itemsize);
}

static size_t
compact_str_bytes(PyObject *op)
{
    size_t head = PyUnicode_IS_ASCII(op) ? sizeof(PyASCIIObject) : sizeof(PyCompactUnicodeObject);
    return head + times((size_t)PyUnicode_GET_LENGTH(op) + 1, (size_t)PyUnicode_KIND(op));
}

static size_t
struct_bytes(PyObject *op)
{
    /* on free-threaded builds it is a part of the struct */
    enum { GC_HEADER = GCSCOPE_FREE_THREADED ? 0 : 2 * sizeof(uintptr_t) };
    PyTypeObject *type = Py_TYPE(op);
    if (PyUnicode_Check(op) && PyUnicode_IS_COMPACT(op)) {
        return block(compact_str_bytes(op));
    }
    return block(type_preheader_bytes(type) + (PyObject_IS_GC(op) ? GC_HEADER : 0) +
                 (size_t)type->tp_basicsize + item_bytes(op) + interp_inline_bytes(type));
}

/* ---------------------------------------------------------------------- builtin */

/* The text of an instance of a class derived from str, and what else a str keeps: its UTF-8, once
   that was asked for, and up to 3.11 the wide characters of one that was made from such. */
static size_t
str_bytes(PyObject *op)
{
    const PyCompactUnicodeObject *compact = (PyCompactUnicodeObject *)op;
    size_t bytes = block(str_wide_bytes(op));
    if (!str_is_ready(op)) {
        return bytes;
    }
    const void *data = PyUnicode_DATA(op);
    if (!PyUnicode_IS_COMPACT(op)) {
        size_t characters = (size_t)PyUnicode_GET_LENGTH(op) + 1;
        bytes += data != NULL ? block(times(characters, (size_t)PyUnicode_KIND(op))) : 0;
    }
    bool has_utf8 = !(PyUnicode_IS_COMPACT(op) && PyUnicode_IS_ASCII(op)) &&
                    compact->utf8 != NULL && compact->utf8 != data;
    bytes += has_utf8 ? block((size_t)compact->utf8_length + 1) : 0;
    return bytes;
}

/* Where threads read a table while others replace it, its own size stands before it. */
static size_t
list_bytes(PyObject *op)
{
    size_t items = times(not_negative(((PyListObject *)op)->allocated), sizeof(PyObject *));
    return block(items + (GCSCOPE_FREE_THREADED && items != 0 ? sizeof(Py_ssize_t) : 0));
}

static size_t
set_bytes(PyObject *op)
{
    const PySetObject *set = (PySetObject *)op;
    return set->table == set->smalltable ? 0
                                         : block(times((size_t)set->mask + 1, sizeof(setentry)));
}

/* An OrderedDict has a node of four words for each key, and an array with the node of each slot of
   the hash table. */
static size_t
dict_bytes(PyObject *op)
{
    enum { NODE = 4 * sizeof(void *) };
    size_t bytes = block(interp_dict_bytes(op)), count = (size_t)((PyDictObject *)op)->ma_used;
    return PyODict_Check(op) && count != 0
               ? bytes + times(count, NODE) + block(interp_dict_slots(op) * sizeof(void *))
               : bytes;
}

/* What the instances share, and texts that its maker has copied. */
static size_t
class_bytes(PyObject *op)
{
    PyTypeObject *type = (PyTypeObject *)op;
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        return 0;
    }
    const char *name = ((PyHeapTypeObject *)op)->_ht_tpname;
    return block(interp_class_keys_bytes(type)) +
           (type->tp_doc != NULL ? block(strlen(type->tp_doc) + 1) : 0) +
           (name != NULL ? block(strlen(name) + 1) : 0);
}

/* Since 3.15 its memory is a bytes object of its own. */
static size_t
bytearray_bytes(PyObject *op)
{
    size_t allocated = not_negative(((PyByteArrayObject *)op)->ob_alloc);
    size_t head = GCSCOPE_BYTEARRAY_HAS_BYTES ? (size_t)PyBytes_Type.tp_basicsize : 0;
    return allocated != 0 ? block(head + allocated) : 0;
}

/* ---------------------------------------------------------------- by their words */

/* The two that every head has count as the first. */
static inline Py_ssize_t
word(PyObject *op, size_t number)
{
    return ((const Py_ssize_t *)(const void *)op)[HEAD_MORE_WORDS + number];
}

static inline bool
has_words(const PyTypeObject *type, size_t words)
{
    return (size_t)type->tp_basicsize == (HEAD_MORE_WORDS + words) * sizeof(void *);
}

/* Blocks of 64 items with two links. The first item stands at `leftindex` of its block; some blocks
   are kept for what comes. */
static size_t
deque_bytes(PyObject *op, const PyTypeObject *type)
{
    enum { LEFTINDEX = 5, SPARE = 9, WORDS = 27, ITEMS = 64, LINKS = 2 };
    size_t first = (size_t)word(op, LEFTINDEX), spare = (size_t)word(op, SPARE);
    if (!has_words(type, WORDS) || first > ITEMS || spare > ITEMS) {
        return 0;
    }
    size_t used = (first + (size_t)Py_SIZE(op) + ITEMS - 1) / ITEMS;
    return times((used != 0 ? used : 1) + spare, block((ITEMS + LINKS) * sizeof(void *)));
}

/* The size of an item is the second int of its descriptor. */
static size_t
array_bytes(PyObject *op, const PyTypeObject *type)
{
    enum { ITEMS = 3, ALLOCATED, DESCRIPTOR, WORDS = 8 };
    const int *descriptor = (const int *)word(op, DESCRIPTOR);
    if (!has_words(type, WORDS) || word(op, ITEMS) == 0) {
        return 0;
    }
    return block(times(not_negative(word(op, ALLOCATED)), not_negative(descriptor[1])));
}

/* The fields of PyArrayObject in numpy's public header, in words. */
enum {
    NDARRAY_DATA = 2,
    NDARRAY_ND,
    NDARRAY_DIMENSIONS,
    NDARRAY_STRIDES,
    NDARRAY_BASE,
    NDARRAY_DESCR,
    NDARRAY_FLAGS,
    NDARRAY_WORDS
};

/* Bytes that an array owns: it is contiguous, so that the largest stride times its dimension is the
   whole. Of one without dimensions nobody notices the item. */
static size_t
ndarray_data_bytes(PyObject *op, size_t dimensions)
{
    const Py_ssize_t *shape = (const Py_ssize_t *)word(op, NDARRAY_DIMENSIONS);
    const Py_ssize_t *strides = shape + dimensions;
    size_t most = dimensions == 0 ? sizeof(double) : 0;
    for (size_t d = 0; d < dimensions; d++) {
        size_t stride = (size_t)(strides[d] < 0 ? -strides[d] : strides[d]);
        size_t bytes = times(not_negative(shape[d]), stride);
        if (shape[d] == 0) {
            return 1; /* an empty one */
        }
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* Whether the items of an array are objects: the kind of its descriptor is 'O', its number 17. */
static bool
ndarray_has_objects(PyObject *op)
{
    enum {
        KIND = (HEAD_MORE_WORDS + 3) * sizeof(void *),
        NUMBER = KIND + 4,
        DESCR_END = NUMBER + 4,
        OBJECT = 17
    };
    const char *descr = (const char *)word(op, NDARRAY_DESCR);
    return descr != NULL && Py_TYPE((PyObject *)descr)->tp_basicsize >= (Py_ssize_t)DESCR_END &&
           descr[KIND] == 'O' && *(const int *)(const void *)(descr + NUMBER) == OBJECT;
}

bool
sizes_array(PyObject *op, SizesArray *array)
{
    enum { CONTIGUOUS = 1 | 2, OWNS_DATA = 4, MOST_DIMENSIONS = 64 };
    PyTypeObject *type = Py_TYPE(op);
    if (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) ||
        type->tp_basicsize < (Py_ssize_t)((HEAD_MORE_WORDS + NDARRAY_WORDS) * sizeof(void *)) ||
        strcmp(type->tp_name, "numpy.ndarray") != 0) {
        return false;
    }
    const Py_ssize_t *words = (const Py_ssize_t *)(const void *)op + HEAD_MORE_WORDS;
    size_t dimensions = (size_t)(*(const int *)(words + NDARRAY_ND));
    Py_ssize_t shape = word(op, NDARRAY_DIMENSIONS), strides = word(op, NDARRAY_STRIDES);
    if (dimensions > MOST_DIMENSIONS ||
        (dimensions != 0 && strides != shape + (Py_ssize_t)(dimensions * sizeof(void *)))) {
        return false;
    }
    bool is_owner = (word(op, NDARRAY_FLAGS) & OWNS_DATA) != 0 && word(op, NDARRAY_DATA) != 0;
    *array = (SizesArray){
        .base = (PyObject *)word(op, NDARRAY_BASE),
        .bytes = is_owner ? ndarray_data_bytes(op, dimensions) : 0,
        .dimensions = dimensions,
    };
    if (is_owner && (word(op, NDARRAY_FLAGS) & CONTIGUOUS) != 0 && ndarray_has_objects(op)) {
        array->items = (PyObject **)word(op, NDARRAY_DATA);
        array->count = array->bytes / sizeof(PyObject *); /* none of an empty one */
    }
    return true;
}

static size_t
ndarray_bytes(PyObject *op)
{
    SizesArray array;
    if (!sizes_array(op, &array)) {
        return 0;
    }
    return block(array.bytes) + block(2 * array.dimensions * sizeof(void *));
}

/* ------------------------------------------------------------------------- sums */

/* The type that C code has made and that a class derives from, or the type itself. */
static PyTypeObject *
c_type_of(PyTypeObject *type)
{
    while (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) &&
           ((PyHeapTypeObject *)type)->ht_module == NULL && type->tp_base != NULL) {
        type = type->tp_base; /* a class statement gives no module to it, whatever its name */
    }
    return type;
}

static size_t
outside_bytes_by_name(PyObject *op)
{
    PyTypeObject *type = c_type_of(Py_TYPE(op));
    return strcmp(type->tp_name, "collections.deque") == 0 ? deque_bytes(op, type)
           : strcmp(type->tp_name, "array.array") == 0     ? array_bytes(op, type)
           : strcmp(type->tp_name, "numpy.ndarray") == 0   ? ndarray_bytes(op)
                                                           : 0;
}

static size_t
outside_bytes(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    return PyTuple_Check(op) || PyLong_Check(op)     ? 0
           : PyUnicode_Check(op)                     ? str_bytes(op)
           : PyDict_Check(op) || is_frozendict(type) ? dict_bytes(op)
           : PyList_Check(op)                        ? list_bytes(op)
           : PyAnySet_Check(op)                      ? set_bytes(op)
           : PyType_Check(op)                        ? class_bytes(op)
           : PyByteArray_Check(op)                   ? bytearray_bytes(op)
                                                     : outside_bytes_by_name(op);
}

size_t
sizes_object_bytes(PyObject *op)
{
    size_t bytes = struct_bytes(op) + outside_bytes(op) + block(interp_values_bytes(op));
    return bytes < SIZES_OBJECT_LIMIT ? bytes : SIZES_OBJECT_LIMIT - 1;
}
