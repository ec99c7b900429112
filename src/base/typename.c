#include "base/typename.h"

#include "base/hash.h"

/* Borrowed: the exact str under '__module__' in the dict of a heap type, or NULL. The dict is
   searched by walking it: a look-up could call the __eq__ of a key that is not an exact str. */
static PyObject *
module_of_heap_type(PyTypeObject *type)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    if (type->tp_dict == NULL) {
        return NULL;
    }
    while (PyDict_Next(type->tp_dict, &position, &key, &value)) {
        if (PyUnicode_CheckExact(key) && PyUnicode_CompareWithASCIIString(key, "__module__") == 0) {
            return PyUnicode_CheckExact(value) ? value : NULL;
        }
    }
    return NULL;
}

PyObject *
typename_of(PyTypeObject *type)
{
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        return PyUnicode_FromString(type->tp_name);
    }
    PyObject *qualname = ((PyHeapTypeObject *)type)->ht_qualname;
    PyObject *module = module_of_heap_type(type);
    if (qualname == NULL) { /* a type put together by hand */
        return PyUnicode_FromString(type->tp_name);
    }
    if (module == NULL || PyUnicode_CompareWithASCIIString(module, "builtins") == 0) {
        return PyUnicode_FromObject(
            qualname); /* exact: a subclass of str could run code when it is hashed */
    }
    return PyUnicode_FromFormat("%U.%U", module, qualname);
}

uint64_t
typename_hash(PyTypeObject *type)
{
    PyObject *module =
        PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) ? module_of_heap_type(type) : NULL;
    PyObject *qualname = module != NULL ? ((PyHeapTypeObject *)type)->ht_qualname : NULL;
    return qualname != NULL ? hash_str(hash_str(HASH_OF_NOTHING, module), qualname)
                            : hash_bytes(HASH_OF_NOTHING, type->tp_name, strlen(type->tp_name));
}

/* Whether an exact str is in a set. By walking it: PySet_Contains could call the __eq__ of an odd
   element. */
static bool
set_has_str(PyObject *op, PyObject *text)
{
    const PySetObject *set = (PySetObject *)op;
    Py_hash_t hash = PyObject_Hash(text); /* never -1, which is that of a removed element */
    for (Py_ssize_t i = 0; i <= set->mask; i++) {
        const setentry *entry = &set->table[i];
        if (entry->key != NULL && entry->hash == hash && PyUnicode_CheckExact(entry->key) &&
            PyUnicode_Compare(entry->key, text) == 0) {
            return true;
        }
    }
    return false;
}

static bool
is_of_standard_library(PyObject *module, PyObject *library)
{
    Py_ssize_t dot = PyUnicode_FindChar(module, '.', 0, PyUnicode_GET_LENGTH(module), 1);
    PyObject *top = PyUnicode_Substring(module, 0, dot >= 0 ? dot : PyUnicode_GET_LENGTH(module));
    bool is_in = library != NULL && top != NULL && set_has_str(library, top);
    Py_XDECREF(top);
    PyErr_Clear(); /* without memory nothing is recognised */
    return is_in && PyUnicode_CompareWithASCIIString(module, "__main__") != 0;
}

int
typename_rank(PyTypeObject *type, PyObject *library)
{
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        return strchr(type->tp_name, '.') != NULL ? 2 : 3;
    }
    PyObject *module = module_of_heap_type(type);
    if (strncmp(type->tp_name, "gcscope.", 8) == 0) {
        return 0;
    }
    return module == NULL || is_of_standard_library(module, library) ? 1
           : strchr(type->tp_name, '.') != NULL                      ? 2
                                                                     : 0;
}

const char *
typename_short(PyTypeObject *type)
{
    const char *dot = strrchr(type->tp_name, '.');
    return dot != NULL ? dot + 1 : type->tp_name;
}

static size_t
encode(char *out, Py_UCS4 c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

size_t
utf8_encode(char *buffer, size_t capacity, PyObject *text)
{
    enum { ELLIPSIS = 0x2026, ELLIPSIS_BYTES = 3 };
    Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    if (PyUnicode_IS_ASCII(text) && (size_t)length <= capacity) {
        memcpy(buffer, PyUnicode_1BYTE_DATA(text), (size_t)length);
        return (size_t)length;
    }
    int kind = (int)PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    size_t used = 0,
           roomy = 0; /* roomy: the longest whole prefix that leaves room for the ellipsis */
    for (Py_ssize_t i = 0; i < length; i++) {
        char bytes[4];
        size_t size = encode(bytes, PyUnicode_READ(kind, data, i));
        if (used + size > capacity) {
            return roomy + encode(buffer + roomy, ELLIPSIS);
        }
        memcpy(buffer + used, bytes, size);
        used += size;
        if (used + ELLIPSIS_BYTES <= capacity) {
            roomy = used;
        }
    }
    return used;
}

/* The character at *bytes, and *bytes moved behind it. Of what `encode` wrote, so that nothing
   needs to be checked. */
static Py_UCS4
decode(const unsigned char **bytes)
{
    const unsigned char *b = *bytes;
    if (b[0] < 0x80) {
        *bytes += 1;
        return b[0];
    }
    if (b[0] < 0xE0) {
        *bytes += 2;
        return (Py_UCS4)(b[0] & 0x1F) << 6 | (b[1] & 0x3F);
    }
    if (b[0] < 0xF0) {
        *bytes += 3;
        return (Py_UCS4)(b[0] & 0x0F) << 12 | (Py_UCS4)(b[1] & 0x3F) << 6 | (b[2] & 0x3F);
    }
    *bytes += 4;
    return (Py_UCS4)(b[0] & 0x07) << 18 | (Py_UCS4)(b[1] & 0x3F) << 12 |
           (Py_UCS4)(b[2] & 0x3F) << 6 | (b[3] & 0x3F);
}

/* Not by PyUnicode_DecodeUTF8: for a lone surrogate it asks the registry of error handlers, which
   may run Python code. */
PyObject *
utf8_decode(const char *bytes, size_t length)
{
    const unsigned char *begin = (const unsigned char *)bytes, *end = begin + length;
    Py_ssize_t characters = 0;
    Py_UCS4 largest = 0x7F;
    for (const unsigned char *at = begin; at < end; characters++) {
        Py_UCS4 c = decode(&at);
        largest = c > largest ? c : largest;
    }
    PyObject *text = PyUnicode_New(characters, largest);
    if (text == NULL) {
        return NULL;
    }
    int kind = (int)PyUnicode_KIND(text);
    void *data = PyUnicode_DATA(text);
    for (Py_ssize_t i = 0; i < characters; i++) {
        PyUnicode_WRITE(kind, data, i, decode(&begin));
    }
    return text;
}

PyObject *
utf8_decode_text(const char *zero_terminated)
{
    return utf8_decode(zero_terminated, strlen(zero_terminated));
}
