/* provenance.c: where the name of a class leads, and what inner code of the library is.

       module_named   sys.modules, by a name
       found_under    from the module's dict along "Outer.Inner", through dicts of classes
       making_of      a class statement or a call, by the class's dict */

#include "query/provenance.h"

#include "base/typename.h"
#include "heap/interp_tables.h"

/* Whether a key is name[start .. end). */
static bool
is_part(PyObject *key, PyObject *name, Py_ssize_t start, Py_ssize_t end)
{
    if (!PyUnicode_CheckExact(key) || PyUnicode_GET_LENGTH(key) != end - start) {
        return false;
    }
    for (Py_ssize_t i = start; i < end && key != name; i++) {
        if (PyUnicode_READ_CHAR(key, i - start) != PyUnicode_READ_CHAR(name, i)) {
            return false;
        }
    }
    return true;
}

/* Borrowed: what a dict has under name[start .. end), or NULL. */
static PyObject *
value_of(PyObject *dict, PyObject *name, Py_ssize_t start, Py_ssize_t end)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (dict != NULL && PyDict_Next(dict, &position, &key, &value)) {
        if (is_part(key, name, start, end)) {
            return value;
        }
    }
    return NULL;
}

/* Borrowed: the dict of a module in sys.modules, or NULL. */
static PyObject *
module_named(PyObject *name, NamedModule *last)
{
    if (last->name != name) {
        PyObject *modules = modules_dict();
        PyObject *module =
            modules != NULL ? value_of(modules, name, 0, PyUnicode_GET_LENGTH(name)) : NULL;
        last->name = name;
        last->dict = module != NULL && PyModule_Check(module) ? PyModule_GetDict(module) : NULL;
    }
    return last->dict;
}

/* Borrowed: what a qualified name leads to, or NULL. */
static PyObject *
found_under(PyObject *dict, PyObject *qualname)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(qualname);
    for (Py_ssize_t start = 0, end; dict != NULL; start = end + 1) {
        end = PyUnicode_FindChar(qualname, '.', start, length, 1);
        PyObject *found = value_of(dict, qualname, start, end >= 0 ? end : length);
        if (end < 0 || found == NULL) {
            return found;
        }
        dict = PyType_Check(found) ? ((PyTypeObject *)found)->tp_dict : NULL;
    }
    return NULL;
}

static bool
is_named(PyObject *key, const char *name)
{
    return PyUnicode_CheckExact(key) && PyUnicode_CompareWithASCIIString(key, name) == 0;
}

/* How a class was made: by a class statement, by a call of its metaclass, or either. */
typedef enum { BY_STATEMENT, BY_CALL, BY_EITHER } Making;

static bool
has_key(PyObject *dict, const char *name)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (dict != NULL && PyDict_Next(dict, &position, &key, &value)) {
        if (is_named(key, name)) {
            return true;
        }
    }
    return false;
}

/* Where a class statement does not note its first line, the order of the dict tells: it writes
   __module__ before all that stands in it, and to what a call is given that is added at the end. Of
   a class with nothing in it that does not tell either. */
static Making
making_of(PyTypeObject *type)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    if (GCSCOPE_HAS_FIRST_LINE) {
        return has_key(type->tp_dict, "__firstlineno__") ? BY_STATEMENT : BY_CALL;
    }
    if (type->tp_dict == NULL || !PyDict_Next(type->tp_dict, &position, &key, &value) ||
        !is_named(key, "__module__")) {
        return BY_CALL;
    }
    bool has_more = PyDict_Next(type->tp_dict, &position, &key, &value);
    bool is_added = !has_more || is_named(key, "__dict__") || is_named(key, "__weakref__") ||
                    (is_named(key, "__doc__") && Py_IsNone(value));
    return is_added ? BY_EITHER : BY_STATEMENT;
}

/* enum makes a plain class of some constants, for IntEnum._convert_, and an enum of that. */
static bool
is_draft_of_enum(PyTypeObject *type, PyObject *found)
{
    PyTypeObject *metaclass = Py_TYPE(found);
    PyObject *module =
        PyType_HasFeature(metaclass, Py_TPFLAGS_HEAPTYPE) ? typename_module(metaclass) : NULL;
    return Py_TYPE(type) == &PyType_Type && type->tp_base == &PyBaseObject_Type && module != NULL &&
           is_named(module, "enum");
}

/* Whether the name of a class has <locals> in it. */
static bool
is_inner_class(PyTypeObject *type)
{
    PyObject *qualname = ((PyHeapTypeObject *)type)->ht_qualname;
    return PyUnicode_FindChar(qualname, '<', 0, PyUnicode_GET_LENGTH(qualname), 1) >= 0;
}

/* Borrowed: the name of a module, where this is a class that has two plain names; else NULL. What
   code without a name of its own makes is of "builtins". */
static PyObject *
module_of_class(PyObject *op)
{
    PyTypeObject *type = (PyTypeObject *)op;
    if (!PyType_Check(op) || !PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        return NULL;
    }
    PyObject *qualname = ((PyHeapTypeObject *)type)->ht_qualname;
    PyObject *module = typename_module(type);
    bool has_both = module != NULL && qualname != NULL && PyUnicode_CheckExact(qualname);
    return has_both && !is_named(module, "builtins") ? module : NULL;
}

Provenance
provenance_of_class(PyObject *op, NamedModule *last)
{
    PyTypeObject *type = (PyTypeObject *)op;
    PyObject *module = module_of_class(op);
    PyObject *dict = module != NULL && !is_inner_class(type) ? module_named(module, last) : NULL;
    if (dict == NULL) {
        return PROVENANCE_PROGRAM;
    }
    PyObject *found = found_under(dict, ((PyHeapTypeObject *)type)->ht_qualname);
    if (found == NULL || !PyType_Check(found)) {
        return making_of(type) == BY_STATEMENT ? PROVENANCE_DELETED : PROVENANCE_PROGRAM;
    }
    bool is_made_of_it = PyType_IsSubtype(type, (PyTypeObject *)found); /* or is it */
    bool is_of_module = making_of(type) != BY_CALL || is_draft_of_enum(type, found);
    return is_of_module && !is_made_of_it ? PROVENANCE_REPLACED : PROVENANCE_PROGRAM;
}

/* ----------------------------------------------------------------- the library */

static bool
is_inner_function_of_library(PyObject *op, PyObject *library)
{
    PyFunctionObject *function = (PyFunctionObject *)op;
    PyObject *key, *value;
    Py_ssize_t position = 0;
    if (function->func_code == NULL ||
        !(((PyCodeObject *)function->func_code)->co_flags & CO_NESTED)) {
        return false;
    }
    PyObject *globals = function->func_globals; /* NULL where the collector has cleared it */
    while (globals != NULL && PyDict_Next(globals, &position, &key, &value)) {
        if (is_named(key, "__name__")) {
            return PyUnicode_CheckExact(value) && typename_is_of_library(value, library);
        }
    }
    return false;
}

static bool
is_inner_class_of_library(PyObject *op, PyObject *library)
{
    PyObject *module = module_of_class(op);
    return module != NULL && is_inner_class((PyTypeObject *)op) &&
           typename_is_of_library(module, library);
}

/* Whether a dict is that of one of the classes among some objects. */
static bool
is_dict_of_class(PyObject *op, PyObject *const *objects, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (PyType_Check(objects[i]) && ((PyTypeObject *)objects[i])->tp_dict == op) {
            return true;
        }
    }
    return false;
}

/* What functions and classes are made of, besides dicts. */
static bool
is_part_of_code(PyObject *op)
{
    const PyTypeObject *const types[] = {
        &PyCell_Type,         &PyTuple_Type,       &PyGetSetDescr_Type, &PyMemberDescr_Type,
        &PyStaticMethod_Type, &PyClassMethod_Type, &PyProperty_Type,
    };
    for (size_t t = 0; t < Py_ARRAY_LENGTH(types); t++) {
        if (Py_TYPE(op) == types[t]) {
            return true;
        }
    }
    return false;
}

bool
provenance_is_library(PyObject *const *objects, size_t count, size_t kept, PyObject *library)
{
    bool has_code = false;
    for (size_t i = 0; i < count + kept; i++) {
        PyObject *op = objects[i];
        bool is_code = PyFunction_Check(op) ? is_inner_function_of_library(op, library)
                                            : is_inner_class_of_library(op, library);
        bool is_dict =
            PyDict_CheckExact(op) && (i >= count || is_dict_of_class(op, objects, count + kept));
        if (!is_code && !is_dict && !is_part_of_code(op)) {
            return false;
        }
        has_code = has_code || (is_code && i < count);
    }
    return has_code;
}

const char *
provenance_word(Provenance provenance)
{
    return provenance == PROVENANCE_REPLACED  ? "replaced"
           : provenance == PROVENANCE_DELETED ? "deleted"
           : provenance == PROVENANCE_LIBRARY ? "library"
                                              : NULL;
}
