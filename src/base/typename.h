/* typename: what a type is called, and whose it is, without running Python code. */

#ifndef GCSCOPE_TYPENAME_H
#define GCSCOPE_TYPENAME_H

#include "base/compat.h"

/* New reference: "module.qualname", builtins without the module. NULL with an exception: out of
   memory. Metaclasses are not asked: the strings are read from the type's own fields and dict. */
PyObject *typename_of(PyTypeObject *type);

/* The same of its parts, of which the module may be NULL. */
PyObject *typename_join(PyObject *module, PyObject *qualname);

/* New reference: the name of the module of a type; "builtins" where it says none. NULL with an
   exception: out of memory. */
PyObject *typename_module_of(PyTypeObject *type);

/* A number that is the same for equal names of types, also in another process. */
uint64_t typename_hash(PyTypeObject *type);

/* Borrowed: the exact str under '__module__' in the dict of a heap type, or NULL. */
PyObject *typename_module(PyTypeObject *type);

/* Whether a module, by its name (an exact str), is one of the standard library. `library`: a
   frozenset, the names of its modules, or NULL. */
bool typename_is_of_library(PyObject *module, PyObject *library);

/* How readily a user recognises the instances of a type as their own: 0 of a class made by Python
   code, 1 of one of the standard library's, 2 of a type made by C code, 3 of a builtin type.
   `library`: as above. */
int typename_rank(PyTypeObject *type, PyObject *library);

/* Whether C code made a type and gave it this tp_name. A class made by Python code may have the
   same __name__, but there is no module in its tp_name. For rows of a table: the first character
   mostly decides. */
static inline bool
typename_is(PyTypeObject *type, const char *name)
{
    return type->tp_name[0] == name[0] && strcmp(type->tp_name, name) == 0 &&
           (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) || strchr(name, '.') != NULL);
}

/* Whether a type or one of its bases has this tp_name. */
bool typename_derives(const PyTypeObject *type, const char *name);

/* Whether a program has registered something for a type or for one of its bases. By identity: no
   __hash__ or __eq__ of a metaclass is asked. `registry`: NULL, or a dict whose values are pairs of
   a type and what was registered for it. */
bool typename_is_registered(PyObject *registry, PyTypeObject *type);

/* The last part of a type's name, as its repr would use it. Borrowed from the type. */
const char *typename_short(PyTypeObject *type);

#endif
