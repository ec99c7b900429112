/* describe.c: what can be said of an object by reading its struct.

   Attributes are not asked for: __name__, __qualname__ and __module__ may be properties of a
   metaclass, and a look-up in a dict may call the __eq__ of an odd key. So fields of CPython's own
   structs are read, dicts are gone through key by key, and only an exact str counts as a name.

       describe_kind    exact types first, by a table; else by the base type
       describe_name    a type's, module's, function's, Person's, or that of the code which an
                        object runs
   Where it stands is said by places.c. */

#include "query/describe.h"

#include "base/dict_find.h"
#include "base/hash.h"
#include "base/typename.h"
#include "heap/interp.h"
#include "labels/published.h"
#include "types/tracked.h"

static bool
is_made_by_python(PyTypeObject *type)
{
    return PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && strchr(type->tp_name, '.') == NULL;
}

const char *
describe_kind(const ModuleState *state, PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    const struct {
        const PyTypeObject *type;
        const char *kind;
    } exact[] = {
        {&PyDict_Type, "dict"},         {&PyList_Type, "list"},
        {&PyTuple_Type, "tuple"},       {&PySet_Type, "set"},
        {&PyFrozenSet_Type, "set"},     {&PyCell_Type, "cell"},
        {&PyFunction_Type, "function"}, {&PyMethod_Type, "method"},
        {&PyFrame_Type, "frame"},       {&PyTraceBack_Type, "traceback"},
        {&PyGen_Type, "generator"},     {&PyAsyncGen_Type, "generator"},
        {&PyCoro_Type, "coroutine"},    {&PyCode_Type, "code"},
        {&PyCFunction_Type, "code"},    {&PyGetSetDescr_Type, "code"},
        {&PyMemberDescr_Type, "code"},  {&PyWrapperDescr_Type, "code"},
        {&PyMethodDescr_Type, "code"},  {&PyClassMethodDescr_Type, "code"},
    };
    for (size_t i = 0; i < Py_ARRAY_LENGTH(exact); i++) {
        if (type == exact[i].type) {
            return exact[i].kind;
        }
    }
    const char *const containers[][2] = {{"collections.deque", "deque"},
                                         {"collections.OrderedDict", "dict"},
                                         {"collections.defaultdict", "dict"},
                                         {"frozendict", "mapping"},
                                         {"hamt", "mapping"},
                                         {"hamt_bitmap_node", "mapping"},
                                         {"hamt_array_node", "mapping"},
                                         {"hamt_collision_node", "mapping"}};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(containers); i++) {
        if (strcmp(type->tp_name, containers[i][0]) == 0) {
            return containers[i][1];
        }
    }
    return PyType_Check(op)                                                         ? "class"
           : PyModule_Check(op)                                                     ? "module"
           : PyExceptionInstance_Check(op)                                          ? "exception"
           : typename_derives(type, "functools._lru_cache_wrapper")                 ? "cache"
           : typename_derives(type, "_asyncio.Task")                                ? "task"
           : is_made_by_python(type) || PyType_IsSubtype(type, state->tracked_type) ? "instance"
                                                                                    : "object";
}

bool
describe_is_container(const char *kind)
{
    return has_word("dict list tuple set deque mapping cell traceback", kind);
}

Py_ssize_t
describe_length(PyObject *op)
{
    return PyList_CheckExact(op) || PyTuple_CheckExact(op) ? Py_SIZE(op)
           : PyDict_CheckExact(op)                         ? PyDict_GET_SIZE(op)
           : PyAnySet_CheckExact(op)                       ? PySet_GET_SIZE(op)
                                                           : -1;
}

/* ----------------------------------------------------------------------- names */

static PyObject *
exact_str(PyObject *name)
{
    return name != NULL && PyUnicode_CheckExact(name) ? name : NULL;
}

/* Borrowed or NULL: the qualified name of the function whose results an lru_cache keeps: functools
   has copied it to the cache. */
static PyObject *
cached_name(PyObject *op)
{
    bool is_cache = typename_derives(Py_TYPE(op), "functools._lru_cache_wrapper");
    return is_cache ? exact_str(dict_find(interp_instance_dict(op), "__qualname__")) : NULL;
}

/* Borrowed or NULL: a function, or the one that a method runs. */
static PyObject *
function_of(PyObject *op)
{
    PyObject *function = PyMethod_Check(op) ? PyMethod_GET_FUNCTION(op) : op;
    return function != NULL && PyFunction_Check(function) ? function : NULL;
}

PyCodeObject *
describe_code(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject *function = function_of(op);
    if (function != NULL) {
        return (PyCodeObject *)((PyFunctionObject *)function)->func_code;
    }
    if (type == &PyCode_Type) {
        return (PyCodeObject *)op;
    }
    if (type == &PyFrame_Type) {
        PyCodeObject *code = PyFrame_GetCode((PyFrameObject *)op);
        Py_DECREF(code); /* the frame has it */
        return code;
    }
    bool is_generator = type == &PyGen_Type || type == &PyCoro_Type || type == &PyAsyncGen_Type;
    return is_generator ? interp_generator_code(op) : NULL;
}

PyObject *
describe_name(const ModuleState *state, PyObject *op)
{
    PyObject *function = function_of(op), *name = NULL;
    PyCodeObject *code = describe_code(op);
    if (PyType_Check(op)) {
        return typename_of((PyTypeObject *)op);
    }
    if (PyCFunction_Check(op)) {
        return PyUnicode_FromString(((PyCFunctionObject *)op)->m_ml->ml_name);
    }
    if (PyModule_Check(op)) {
        name = dict_find(PyModule_GetDict(op), "__name__");
    }
    else if (function != NULL) {
        name = ((PyFunctionObject *)function)->func_qualname;
    }
    else {
        name = code != NULL ? code->co_qualname : tracked_name(state, op);
        name = name != NULL ? name : cached_name(op);
    }
    name = exact_str(name);
    return Py_NewRef(name != NULL ? name : Py_None);
}

PyObject *
describe_own_name(PyObject *op)
{
    PyObject *key = is_made_by_python(Py_TYPE(op)) ? PyUnicode_InternFromString("name") : NULL;
    PyObject *name = key != NULL ? exact_str(published_attribute(op, key)) : NULL;
    Py_XDECREF(key);
    return PyErr_Occurred() != NULL ? NULL : Py_NewRef(name != NULL ? name : Py_None);
}

uint64_t
describe_name_hash(PyObject *op)
{
    PyObject *function = function_of(op);
    PyCodeObject *code = function == NULL ? describe_code(op) : NULL;
    if (PyType_Check(op)) {
        return typename_hash((PyTypeObject *)op);
    }
    if (PyCFunction_Check(op)) {
        const char *name = ((PyCFunctionObject *)op)->m_ml->ml_name;
        return hash_bytes(HASH_OF_NOTHING, name, strlen(name));
    }
    PyObject *name = exact_str(function != NULL ? ((PyFunctionObject *)function)->func_qualname
                               : code != NULL   ? code->co_qualname
                                                : cached_name(op));
    return name != NULL ? hash_str(HASH_OF_NOTHING, name) : 0;
}

uint64_t
describe_detail_hash(const ModuleState *state, PyObject *op)
{
    PyObject *name = exact_str(tracked_name(state, op));
    PyCodeObject *code = describe_code(op);
    int line = code == NULL        ? 0
               : PyFrame_Check(op) ? PyFrame_GetLineNumber((PyFrameObject *)op)
                                   : code->co_firstlineno;
    return name != NULL ? hash_str(HASH_OF_NOTHING, name)
           : line != 0  ? hash_mix(HASH_OF_NOTHING, (uint64_t)line)
                        : 0;
}

PyObject *
describe_code_name(const PyCodeObject *code)
{
    PyObject *name = code != NULL ? exact_str(code->co_qualname) : NULL;
    return Py_NewRef(name != NULL ? name : Py_None);
}
