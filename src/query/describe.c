/* describe.c: what can be said of an object by reading its struct.

   Attributes are not asked for: __name__, __qualname__ and __module__ may be properties of a
   metaclass, and a look-up in a dict may call the __eq__ of an odd key. So fields of CPython's own
   structs are read, dicts are gone through key by key, and only an exact str counts as a name.

       describe_kind    exact types first, by a table; else by the base type
       describe_name    a type's, module's, function's, Person's, or that of the code which an
                        object runs
       describe_where   the line of a frame or traceback; the first line of other code; of a class
                        its first line where it is known, in the file of one of its functions; of
                        all else where tracemalloc saw it being made, if that was tracing

   describe_where calls one function, tracemalloc's, which is C (describer.c sees to that). */

#include "query/describe.h"

#include "heap/interp.h"
#include "base/hash.h"
#include "base/typename.h"
#include "types/tracked.h"

static bool
is_or_derives_from(PyObject *op, const char *name)
{
    for (PyTypeObject *type = Py_TYPE(op); type != NULL; type = type->tp_base) {
        if (strcmp(type->tp_name, name) == 0) {
            return true;
        }
    }
    return false;
}

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
        {&PyDict_Type, "dict"},
        {&PyList_Type, "list"},
        {&PyTuple_Type, "tuple"},
        {&PySet_Type, "set"},
        {&PyFrozenSet_Type, "set"},
        {&PyCell_Type, "cell"},
        {&PyFunction_Type, "function"},
        {&PyMethod_Type, "method"},
        {&PyFrame_Type, "frame"},
        {&PyTraceBack_Type, "traceback"},
        {&PyGen_Type, "generator"},
        {&PyAsyncGen_Type, "generator"},
        {&PyCoro_Type, "coroutine"},
        {&PyCFunction_Type, "code"},
        {&PyGetSetDescr_Type, "code"},
        {&PyMemberDescr_Type, "code"},
        {&PyWrapperDescr_Type, "code"},
        {&PyMethodDescr_Type, "code"},
        {&PyClassMethodDescr_Type, "code"},
    };
    for (size_t i = 0; i < Py_ARRAY_LENGTH(exact); i++) {
        if (type == exact[i].type) {
            return exact[i].kind;
        }
    }
    const char *const containers[][2] = {{"collections.deque", "deque"},
                                         {"collections.OrderedDict", "dict"},
                                         {"collections.defaultdict", "dict"}};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(containers); i++) {
        if (strcmp(type->tp_name, containers[i][0]) == 0) {
            return containers[i][1];
        }
    }
    return PyType_Check(op)                                                         ? "class"
           : PyModule_Check(op)                                                     ? "module"
           : PyExceptionInstance_Check(op)                                          ? "exception"
           : is_or_derives_from(op, "functools._lru_cache_wrapper")                 ? "cache"
           : is_or_derives_from(op, "_asyncio.Task")                                ? "task"
           : is_made_by_python(type) || PyType_IsSubtype(type, state->tracked_type) ? "instance"
                                                                                    : "object";
}

/* ----------------------------------------------------------------------- names */

/* Borrowed: the exact str under a name in a dict, or NULL; by walking, since a look-up could call
   an odd key's __eq__. */
static PyObject *
find_by_name(PyObject *dict, const char *name)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (dict != NULL && PyDict_Next(dict, &position, &key, &value)) {
        if (PyUnicode_CheckExact(key) && PyUnicode_CompareWithASCIIString(key, name) == 0) {
            return value;
        }
    }
    return NULL;
}

static PyObject *
exact_str(PyObject *name)
{
    return name != NULL && PyUnicode_CheckExact(name) ? name : NULL;
}

/* Borrowed or NULL: a function, or the one that a method runs. */
static PyObject *
function_of(PyObject *op)
{
    PyObject *function = PyMethod_Check(op) ? PyMethod_GET_FUNCTION(op) : op;
    return function != NULL && PyFunction_Check(function) ? function : NULL;
}

/* Borrowed or NULL: the code that an object runs. */
static PyCodeObject *
code_of(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject *function = function_of(op);
    if (function != NULL) {
        return (PyCodeObject *)((PyFunctionObject *)function)->func_code;
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
    PyCodeObject *code = code_of(op);
    if (PyType_Check(op)) {
        return typename_of((PyTypeObject *)op);
    }
    if (PyCFunction_Check(op)) {
        return PyUnicode_FromString(((PyCFunctionObject *)op)->m_ml->ml_name);
    }
    if (PyModule_Check(op)) {
        name = find_by_name(PyModule_GetDict(op), "__name__");
    }
    else if (function != NULL) {
        name = ((PyFunctionObject *)function)->func_qualname;
    }
    else {
        name = code != NULL ? code->co_qualname : tracked_name(state, op);
    }
    name = exact_str(name);
    return Py_NewRef(name != NULL ? name : Py_None);
}

uint64_t
describe_name_hash(PyObject *op)
{
    PyObject *function = function_of(op);
    PyCodeObject *code = function == NULL ? code_of(op) : NULL;
    if (PyType_Check(op)) {
        return typename_hash((PyTypeObject *)op);
    }
    if (PyCFunction_Check(op)) {
        const char *name = ((PyCFunctionObject *)op)->m_ml->ml_name;
        return hash_bytes(HASH_OF_NOTHING, name, strlen(name));
    }
    PyObject *name = exact_str(function != NULL ? ((PyFunctionObject *)function)->func_qualname
                               : code != NULL   ? code->co_qualname
                                                : NULL);
    return name != NULL ? hash_str(HASH_OF_NOTHING, name) : 0;
}

uint64_t
describe_detail_hash(const ModuleState *state, PyObject *op)
{
    PyObject *name = exact_str(tracked_name(state, op));
    PyCodeObject *code = code_of(op);
    int line = code == NULL        ? 0
               : PyFrame_Check(op) ? PyFrame_GetLineNumber((PyFrameObject *)op)
                                   : code->co_firstlineno;
    return name != NULL ? hash_str(HASH_OF_NOTHING, name)
           : line != 0  ? hash_mix(HASH_OF_NOTHING, (uint64_t)line)
                        : 0;
}

/* ----------------------------------------------------------------------- places */

static PyObject *
place(const ModuleState *state, PyObject *file, long line)
{
    if (exact_str(file) == NULL) {
        Py_RETURN_NONE;
    }
    PyObject *items[ROW_MOST_FIELDS] = {Py_NewRef(file), PyLong_FromLong(line)};
    return row_new(state, ROW_PLACE, items);
}

/* A class: its first line is in its dict since 3.13, its file is that of any of its functions. */
static PyObject *
place_of_class(const ModuleState *state, PyTypeObject *type)
{
    PyObject *key, *value, *found = NULL;
    Py_ssize_t position = 0;
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        Py_RETURN_NONE;
    }
    while (found == NULL && type->tp_dict != NULL &&
           PyDict_Next(type->tp_dict, &position, &key, &value)) {
        found = PyFunction_Check(value) ? value : NULL;
    }
    if (found == NULL) {
        Py_RETURN_NONE;
    }
    PyCodeObject *code = (PyCodeObject *)((PyFunctionObject *)found)->func_code;
    PyObject *first = find_by_name(type->tp_dict, "__firstlineno__");
    long line = first != NULL && PyLong_CheckExact(first) && long_digits((PyLongObject *)first) == 1
                    ? PyLong_AsLong(first)
                    : code->co_firstlineno;
    return place(state, code->co_filename, line);
}

/* A traceback. Its line is worked out late; its frame is gone when the collector has cleared it;
   and what a program made by itself may have any tb_lasti, which nothing below this checks. */
static PyObject *
place_of_traceback(const ModuleState *state, const PyTracebackObject *traceback)
{
    if (traceback->tb_frame == NULL) {
        Py_RETURN_NONE;
    }
    enum { CODE_UNIT = 2 }; /* bytes */
    PyCodeObject *code = code_of((PyObject *)traceback->tb_frame);
    bool is_inside = traceback->tb_lasti >= 0 && traceback->tb_lasti / CODE_UNIT < Py_SIZE(code);
    int line = traceback->tb_lineno;
    if (line == -1) {
        line = is_inside ? PyCode_Addr2Line(code, traceback->tb_lasti) : code->co_firstlineno;
    }
    return place(state, code->co_filename, line);
}

/* Where tracemalloc, whose function this is, saw the object being made. It is in C and makes tuples
   only. */
static PyObject *
place_of_making(const ModuleState *state, PyObject *object_traceback, PyObject *op)
{
    if (object_traceback == NULL) {
        Py_RETURN_NONE;
    }
    PyObject *frames = PyObject_CallOneArg(object_traceback, op), *where = NULL;
    if (frames == NULL) {
        return NULL;
    }
    bool has_any = PyTuple_Check(frames) && PyTuple_GET_SIZE(frames) > 0;
    PyObject *newest = has_any ? PyTuple_GET_ITEM(frames, 0) : Py_None;
    bool is_place = PyTuple_Check(newest) && PyTuple_GET_SIZE(newest) == 2;
    if (is_place && exact_str(PyTuple_GET_ITEM(newest, 0)) != NULL) {
        PyObject *items[ROW_MOST_FIELDS] = {Py_NewRef(PyTuple_GET_ITEM(newest, 0)),
                                            Py_NewRef(PyTuple_GET_ITEM(newest, 1))};
        where = row_new(state, ROW_PLACE, items);
    }
    else {
        where = Py_NewRef(Py_None);
    }
    Py_DECREF(frames);
    return where;
}

PyObject *
describe_code_name(const PyCodeObject *code)
{
    PyObject *name = code != NULL ? exact_str(code->co_qualname) : NULL;
    return Py_NewRef(name != NULL ? name : Py_None);
}

PyObject *
describe_code_where(const ModuleState *state, const PyCodeObject *code)
{
    if (code == NULL) {
        Py_RETURN_NONE;
    }
    return place(state, code->co_filename, code->co_firstlineno);
}

PyObject *
describe_where(const ModuleState *state, PyObject *object_traceback, PyObject *op)
{
    PyCodeObject *code = code_of(op);
    if (PyFrame_Check(op)) {
        return place(state, code->co_filename, PyFrame_GetLineNumber((PyFrameObject *)op));
    }
    if (code != NULL) {
        return describe_code_where(state, code);
    }
    if (PyTraceBack_Check(op)) {
        return place_of_traceback(state, (PyTracebackObject *)op);
    }
    if (PyType_Check(op)) {
        return place_of_class(state, (PyTypeObject *)op);
    }
    return place_of_making(state, object_traceback, op);
}
