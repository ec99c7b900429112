/* places.c: the line that a user would open.

       frame, traceback    where it is, or was
       function, method,   the first line of the code; of what decorators have wrapped, of the
       generator, cache    innermost function: each wrapper keeps it as __wrapped__ in its own dict
       class               the line of its class statement, in the file of a function that was
                           written in it, or of its module
       all else            where tracemalloc saw it being made, if that was tracing

   A class often has functions that stand elsewhere: dataclass and namedtuple put into it what they
   compile from a "<string>", enum its own, and decorators what they made. What was written in the
   class statement has code whose qualified name begins with that of the class; that is fixed when
   it is compiled, while __qualname__ and __module__ are set at will. Up to 3.12 a class does not
   know its line, and the first of those functions has to do.

   One function is called, tracemalloc's, which is C (describer.c sees to that). */

#include "query/places.h"

#include "base/dict_find.h"
#include "base/typename.h"
#include "heap/interp.h"
#include "heap/interp_tables.h"
#include "labels/published.h"
#include "query/describe.h"

static PyObject *
place(const ModuleState *state, PyObject *file, long line)
{
    if (file == NULL || !PyUnicode_CheckExact(file)) {
        Py_RETURN_NONE;
    }
    PyObject *items[ROW_MOST_FIELDS] = {Py_NewRef(file), PyLong_FromLong(line)};
    return row_new(state, ROW_PLACE, items);
}

PyObject *
places_of_code(const ModuleState *state, const PyCodeObject *code)
{
    if (code == NULL) {
        Py_RETURN_NONE;
    }
    return place(state, code->co_filename, code->co_firstlineno);
}

/* ------------------------------------------------------------------- decorators */

/* Borrowed or NULL: the function that a program's decorators have wrapped last, at the end of the
   __wrapped__ of functions, methods and caches. One that wraps itself is given up. */
static PyObject *
wrapped_function(PyObject *op)
{
    enum { MOST_DECORATORS = 64 };
    for (int depth = 0; op != NULL && depth < MOST_DECORATORS; depth++) {
        op = PyMethod_Check(op) ? PyMethod_GET_FUNCTION(op) : op;
        PyObject *wrapped = dict_find(interp_instance_dict(op), "__wrapped__");
        if (wrapped == NULL) {
            return PyFunction_Check(op) ? op : NULL;
        }
        op = wrapped;
    }
    return NULL;
}

/* Borrowed or NULL: the code that was written where an object was defined. */
static PyCodeObject *
written_code(PyObject *op)
{
    bool is_wrapper = PyFunction_Check(op) || PyMethod_Check(op) ||
                      typename_derives(Py_TYPE(op), "functools._lru_cache_wrapper");
    PyObject *function = is_wrapper ? wrapped_function(op) : NULL;
    return function != NULL ? (PyCodeObject *)((PyFunctionObject *)function)->func_code
                            : describe_code(op);
}

/* ------------------------------------------------------------------------ classes */

/* Borrowed or NULL: the function behind what a class has under a name. */
static PyCodeObject *
code_of_attribute(PyObject *attribute)
{
    bool is_method =
        Py_IS_TYPE(attribute, &PyStaticMethod_Type) || Py_IS_TYPE(attribute, &PyClassMethod_Type);
    PyObject *function = is_method ? published_member(attribute, "__func__")
                         : Py_IS_TYPE(attribute, &PyProperty_Type)
                             ? published_member(attribute, "fget")
                             : attribute;
    bool is_function = function != NULL && (PyFunction_Check(function) || PyMethod_Check(function));
    return is_function ? written_code(function) : NULL;
}

/* Whether code was written in the class statement of that qualified name. */
static bool
is_written_in(const PyCodeObject *code, PyObject *qualname)
{
    PyObject *name = code->co_qualname;
    Py_ssize_t length = PyUnicode_GET_LENGTH(qualname);
    return PyUnicode_GET_LENGTH(name) > length && PyUnicode_READ_CHAR(name, length) == '.' &&
           PyUnicode_Tailmatch(name, qualname, 0, length, -1) == 1;
}

/* Borrowed or NULL: the code of the first function that was written in a class. */
static PyCodeObject *
first_code_in(const PyTypeObject *type)
{
    PyObject *key, *value, *qualname = ((const PyHeapTypeObject *)type)->ht_qualname;
    Py_ssize_t position = 0;
    while (type->tp_dict != NULL && qualname != NULL &&
           PyDict_Next(type->tp_dict, &position, &key, &value)) {
        PyCodeObject *code = code_of_attribute(value);
        if (code != NULL && is_written_in(code, qualname)) {
            return code;
        }
    }
    return NULL;
}

/* Borrowed or NULL: the file of the module that a class says it is of. */
static PyObject *
file_of_module(PyTypeObject *type)
{
    PyObject *name = typename_module(type);
    PyObject *module = name != NULL ? dict_find_str(modules_dict(), name) : NULL;
    bool is_module = module != NULL && PyModule_Check(module);
    return is_module ? dict_find(PyModule_GetDict(module), "__file__") : NULL;
}

static PyObject *
place_of_class(const ModuleState *state, PyTypeObject *type)
{
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        Py_RETURN_NONE;
    }
    PyCodeObject *code = first_code_in(type);
    PyObject *first = dict_find(type->tp_dict, "__firstlineno__");
    bool is_line =
        first != NULL && PyLong_CheckExact(first) && long_digits((PyLongObject *)first) == 1;
    if (!is_line) {
        return places_of_code(state, code);
    }
    return place(state, code != NULL ? code->co_filename : file_of_module(type),
                 PyLong_AsLong(first));
}

/* ------------------------------------------------------------- tracebacks and others */

/* A traceback. Its line is worked out late; its frame is gone when the collector has cleared it;
   and what a program made by itself may have any tb_lasti, which nothing below this checks. */
static PyObject *
place_of_traceback(const ModuleState *state, const PyTracebackObject *traceback)
{
    if (traceback->tb_frame == NULL) {
        Py_RETURN_NONE;
    }
    enum { CODE_UNIT = 2 }; /* bytes */
    PyCodeObject *code = describe_code((PyObject *)traceback->tb_frame);
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
    if (is_place && PyUnicode_CheckExact(PyTuple_GET_ITEM(newest, 0))) {
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
places_of_object(const ModuleState *state, PyObject *object_traceback, PyObject *op)
{
    if (PyFrame_Check(op)) {
        const PyCodeObject *code = describe_code(op);
        return place(state, code->co_filename, PyFrame_GetLineNumber((PyFrameObject *)op));
    }
    PyCodeObject *code = written_code(op);
    if (code != NULL) {
        return places_of_code(state, code);
    }
    if (PyTraceBack_Check(op)) {
        return place_of_traceback(state, (PyTracebackObject *)op);
    }
    if (PyType_Check(op)) {
        return place_of_class(state, (PyTypeObject *)op);
    }
    return place_of_making(state, object_traceback, op);
}
