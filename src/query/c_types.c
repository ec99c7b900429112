#include "query/c_types.h"

#include "base/typename.h"

ClassFunctions
c_types_class_functions(const PyTypeObject *plain)
{
    return (ClassFunctions){plain->tp_traverse, plain->tp_dealloc};
}

static bool
is_class(const ClassFunctions *functions, const PyTypeObject *type)
{
    bool is_traversed = PyType_HasFeature((PyTypeObject *)type, Py_TPFLAGS_HAVE_GC);
    return PyType_HasFeature((PyTypeObject *)type, Py_TPFLAGS_HEAPTYPE) &&
           type->tp_dealloc == functions->dealloc &&
           (!is_traversed || type->tp_traverse == functions->traverse);
}

PyTypeObject *
c_types_base(const ClassFunctions *functions, PyTypeObject *type)
{
    while (type->tp_base != NULL && is_class(functions, type)) {
        type = type->tp_base;
    }
    return type;
}

/* The structs of some types do not begin as those of their bases do: these have a tp_traverse of
   their own. */
PyTypeObject *
c_types_of_field(PyTypeObject *type, size_t offset)
{
    PyTypeObject *base = type->tp_base;
    while (base != NULL && base->tp_traverse == type->tp_traverse &&
           PyType_IS_GC(base) == PyType_IS_GC(type) &&
           offset + sizeof(PyObject *) <= (size_t)base->tp_basicsize) {
        type = base;
        base = type->tp_base;
    }
    return type;
}

PyTypeObject *
c_types_of_type(PyTypeObject *type)
{
    PyTypeObject *base = type->tp_base;
    while (base != NULL && base->tp_traverse == type->tp_traverse &&
           PyType_HasFeature(base, Py_TPFLAGS_HEAPTYPE)) {
        type = base;
        base = type->tp_base;
    }
    return type;
}

/* New reference: the name of the module that a type belongs to. NULL with an exception. */
static PyObject *
module_of(PyTypeObject *type)
{
    bool is_heap_type = PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE);
    PyObject *module = is_heap_type ? typename_module(type) : NULL;
    if (module != NULL) {
        return Py_NewRef(module);
    }
    const char *dot = strrchr(type->tp_name, '.');
    return dot != NULL ? PyUnicode_DecodeUTF8(type->tp_name, dot - type->tp_name, "replace")
                       : PyUnicode_FromString("builtins");
}

/* Whether a module is the one of a name, or inside of it. 1, 0, or -1 with an exception. */
static int
is_within(PyObject *module, PyObject *name)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(name);
    Py_ssize_t begins = PyUnicode_Tailmatch(module, name, 0, PY_SSIZE_T_MAX, -1);
    if (begins <= 0 || PyUnicode_GET_LENGTH(module) == length) {
        return (int)begins;
    }
    return PyUnicode_READ_CHAR(module, length) == '.';
}

int
c_types_is_of(PyTypeObject *type, PyObject *names)
{
    if (PyTuple_GET_SIZE(names) == 0) {
        return 0;
    }
    PyObject *module = module_of(type);
    int is_of = module != NULL ? 0 : -1;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names) && is_of == 0; i++) {
        is_of = is_within(module, PyTuple_GET_ITEM(names, i));
    }
    Py_XDECREF(module);
    return is_of;
}
