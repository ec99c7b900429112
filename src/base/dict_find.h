/* dict_find: what a dict has under a name, without running Python code. */

#ifndef GCSCOPE_DICT_FIND_H
#define GCSCOPE_DICT_FIND_H

#include "base/compat.h"

/* Borrowed or NULL: what a dict has under an exact str. By walking it: a look-up could call the
   __eq__ of an odd key. `dict` may be NULL, or something else. */
static inline PyObject *
dict_find_str(PyObject *dict, PyObject *name)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (dict != NULL && PyDict_Check(dict) && PyDict_Next(dict, &position, &key, &value)) {
        if (PyUnicode_CheckExact(key) && PyUnicode_Compare(key, name) == 0) {
            return value;
        }
    }
    return NULL;
}

/* The same with a name in ASCII. */
static inline PyObject *
dict_find(PyObject *dict, const char *name)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (dict != NULL && PyDict_Check(dict) && PyDict_Next(dict, &position, &key, &value)) {
        if (PyUnicode_CheckExact(key) && PyUnicode_CompareWithASCIIString(key, name) == 0) {
            return value;
        }
    }
    return NULL;
}

#endif
