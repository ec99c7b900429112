/* attribute.c: what `.name` and `[key]` give where that is there already, for who is asked about an
   object of a program that runs on.

       what its struct has       a member, or what a getter that does nothing else hands out
       what it itself has        in its __dict__, made or not; what a class statement has defined
       what its classes have     where that is no descriptor, which would make something of it

   A property, a method, a __getattr__ would run code of the program: what they give is not
   found. */

#include "query/attribute.h"

#include "base/dict_find.h"
#include "labels/published.h"
#include "labels/referents.h"

typedef struct {
    const char *name;
    PyObject *value; /* borrowed or NULL */
} StructField;

/* What has its name from a struct, and not from a program that has stored it under one. */
static bool
find_field(void *arg, PyObject *target, Label label)
{
    StructField *field = arg;
    bool is_of_struct =
        label.name == NULL && (label.kind == LABEL_FIELD || label.kind == LABEL_ATTRIBUTE);
    const char *text = label.kind == LABEL_CELL ? "cell_contents" : is_of_struct ? label.text : "";
    size_t length = strlen(field->name);
    bool is_it =
        strncmp(text, field->name, length) == 0 && (text[length] == '\0' || text[length] == ' ');
    field->value = is_it ? target : NULL;
    return is_it;
}

/* Borrowed or NULL: what a getter of that name hands out. It is not called. */
static PyObject *
struct_field(PyObject *op, PyObject *name)
{
    PyObject *found = published_find(Py_TYPE(op), name);
    if (found == NULL || !Py_IS_TYPE(found, &PyGetSetDescr_Type)) {
        return NULL;
    }
    StructField field = {.name = ((PyGetSetDescrObject *)found)->d_getset->name};
    referents_visit(op, NULL, find_field, &field);
    return field.value;
}

/* Borrowed or NULL: what the classes of an object have, where that is given as it is. */
static PyObject *
class_attribute(PyObject *op, PyObject *name)
{
    PyObject *found = published_find(Py_TYPE(op), name);
    return found != NULL && Py_TYPE(found)->tp_descr_get == NULL ? found : NULL;
}

/* Borrowed or NULL: what stands under a name in the __dict__ of an object, were that made. */
static PyObject *
own_attribute(PyObject *op, PyObject *name)
{
    if (!PyType_Check(op)) {
        return published_own(op, name);
    }
    PyObject *dict = type_dict((PyTypeObject *)op), *found = dict_find_str(dict, name);
    Py_XDECREF(dict); /* the class has it */
    return found;
}

static PyObject *
any_attribute(PyObject *op, PyObject *name)
{
    PyObject *found = PyType_Check(op) ? published_find((PyTypeObject *)op, name) : NULL;
    found = found != NULL ? found : published_attribute(op, name);
    found = found != NULL ? found : struct_field(op, name);
    return found != NULL ? found : class_attribute(op, name);
}

static PyObject *
found_or_error(PyObject *found)
{
    if (found == NULL) {
        PyErr_SetString(PyExc_LookupError, "nothing that is there already");
    }
    return Py_XNewRef(found);
}

PyObject *
attribute_of(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 3 || !PyUnicode_CheckExact(args[1]) || !PyBool_Check(args[2])) {
        return PyErr_Format(PyExc_TypeError, "expected an object, a str, and True or False");
    }
    return found_or_error(args[2] == Py_True ? own_attribute(args[0], args[1])
                                             : any_attribute(args[0], args[1]));
}

/* Whether values of a type are compared by C code alone. */
static bool
compares_plainly(PyTypeObject *type)
{
    return type == &PyUnicode_Type || type == &PyLong_Type || type == &PyBytes_Type ||
           type == &PyFloat_Type || type == &PyBool_Type || type == Py_TYPE(Py_None);
}

PyObject *
attribute_entry(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 2 || !PyDict_Check(args[0]) || !compares_plainly(Py_TYPE(args[1]))) {
        return PyErr_Format(PyExc_TypeError, "expected a dict and a constant");
    }
    PyObject *key, *value, *found = NULL;
    Py_ssize_t position = 0;
    /* by walking it: a look-up could call the __eq__ of an odd key */
    while (found == NULL && PyDict_Next(args[0], &position, &key, &value)) {
        if (Py_IS_TYPE(key, Py_TYPE(args[1]))) {
            int is_it = PyObject_RichCompareBool(key, args[1], Py_EQ);
            if (is_it < 0) {
                return NULL;
            }
            found = is_it ? value : NULL;
        }
    }
    return found_or_error(found);
}
