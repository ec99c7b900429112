#include "base/typename.h"

#include "base/dict_find.h"
#include "base/hash.h"

PyObject *
typename_module(PyTypeObject *type)
{
    PyObject *module = dict_find(type->tp_dict, "__module__");
    return module != NULL && PyUnicode_CheckExact(module) ? module : NULL;
}

PyObject *
typename_of(PyTypeObject *type)
{
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        return PyUnicode_FromString(type->tp_name);
    }
    PyObject *qualname = ((PyHeapTypeObject *)type)->ht_qualname;
    PyObject *module = typename_module(type);
    if (qualname == NULL) { /* a type put together by hand */
        return PyUnicode_FromString(type->tp_name);
    }
    return typename_join(module, qualname);
}

PyObject *
typename_join(PyObject *module, PyObject *qualname)
{
    if (module == NULL || PyUnicode_CompareWithASCIIString(module, "builtins") == 0) {
        /* Made exact: a subclass of str could run code when it is hashed. */
        return PyUnicode_FromObject(qualname);
    }
    return PyUnicode_FromFormat("%U.%U", module, qualname);
}

PyObject *
typename_module_of(PyTypeObject *type)
{
    const char *dot = strrchr(type->tp_name, '.');
    if (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        PyObject *module = typename_module(type);
        return module != NULL ? Py_NewRef(module) : PyUnicode_FromString("builtins");
    }
    return dot != NULL ? PyUnicode_FromStringAndSize(type->tp_name, dot - type->tp_name)
                       : PyUnicode_FromString("builtins");
}

bool
typename_derives(const PyTypeObject *type, const char *name)
{
    while (type != NULL && strcmp(type->tp_name, name) != 0) {
        type = type->tp_base;
    }
    return type != NULL;
}

uint64_t
typename_hash(PyTypeObject *type)
{
    PyObject *module = PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) ? typename_module(type) : NULL;
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

bool
typename_is_of_library(PyObject *module, PyObject *library)
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
    PyObject *module = typename_module(type);
    if (strncmp(type->tp_name, "gcscope.", 8) == 0) {
        return 0;
    }
    return module == NULL || typename_is_of_library(module, library) ? 1
           : strchr(type->tp_name, '.') != NULL                      ? 2
                                                                     : 0;
}

bool
typename_is_registered(PyObject *registry, PyTypeObject *type)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (registry != NULL && PyDict_Next(registry, &position, &key, &value)) {
        bool is_pair = PyTuple_Check(value) && PyTuple_GET_SIZE(value) == 2;
        PyObject *of = is_pair ? PyTuple_GET_ITEM(value, 0) : NULL;
        if (of != NULL && PyType_Check(of) && PyType_IsSubtype(type, (PyTypeObject *)of)) {
            return true;
        }
    }
    return false;
}

const char *
typename_short(PyTypeObject *type)
{
    const char *dot = strrchr(type->tp_name, '.');
    return dot != NULL ? dot + 1 : type->tp_name;
}
