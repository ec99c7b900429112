#include "labels/access_path.h"

#include "base/dict_find.h"
#include "labels/published.h"

/* ------------------------------------------------------------------------- names */

/* Borrowed: the characters of an ASCII str, with a zero at the end. */
static const char *
ascii_of(PyObject *name)
{
    return (const char *)PyUnicode_1BYTE_DATA(name);
}

/* Whether `.name` reads the attribute of that name. (Names beyond ASCII are normalized
   first: they may read another.) */
static bool
is_name(PyObject *name)
{
    static const char keywords[] =
        "False None True and as assert async await break class continue def del elif else except "
        "finally for from global if import in is lambda nonlocal not or pass raise return try "
        "while with yield";
    return PyUnicode_CheckExact(name) && PyUnicode_IS_ASCII(name) &&
           PyUnicode_IsIdentifier(name) == 1 && !has_word(keywords, ascii_of(name));
}

/* New reference or NULL: the name of an attribute, of a label that has one. */
static PyObject *
name_of(const Label *label)
{
    return label->name != NULL
               ? Py_NewRef(label->name)
               : PyUnicode_FromStringAndSize(label->text, (Py_ssize_t)strcspn(label->text, " "));
}

/* -------------------------------------------------------------------- look-up */

/* Whether attributes are read as the interpreter does it: first a data descriptor of the class,
   then the object's own. A __getattr__ does not matter: it is asked for what is not there. 1, 0, or
   -1 with an exception. */
static int
reads_plainly(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject *name = PyUnicode_FromString("__getattribute__");
    if (name == NULL) {
        return -1;
    }
    PyObject *found = published_find(type, name);
    Py_DECREF(name);
    PyTypeObject *of =
        found != NULL && Py_IS_TYPE(found, &PyWrapperDescr_Type) ? PyDescr_TYPE(found) : NULL;
    return type->tp_getattro == PyObject_GenericGetAttr || of == &PyBaseObject_Type ||
           of == &PyType_Type || of == &PyModule_Type || of == &PyMethod_Type;
}

/* ----------------------------------------------------------------------- attributes */

/* Whether a class gives an attribute of its own as it is, not what the __get__ of that makes of
   it. */
static bool
is_given_as_it_is(PyObject *value)
{
    PyTypeObject *type = Py_TYPE(value);
    bool is_cache = strcmp(type->tp_name, "functools._lru_cache_wrapper") == 0;
    return type->tp_descr_get == NULL || is_cache || type == &PyFunction_Type ||
           type == &PyProperty_Type || type == &PyMethodDescr_Type ||
           type == &PyWrapperDescr_Type || is_published(value);
}

typedef struct {
    const char *name;
    PyObject *target;
    bool is_given;
} Given;

/* What has its name from a struct, and not from a program that has stored it under one. */
static bool
find_given(void *arg, PyObject *target, Label label)
{
    Given *given = arg;
    bool is_of_struct =
        label.name == NULL && (label.kind == LABEL_FIELD || label.kind == LABEL_ATTRIBUTE);
    size_t length = strlen(given->name);
    given->is_given = is_of_struct && target == given->target &&
                      strncmp(label.text, given->name, length) == 0 &&
                      (label.text[length] == '\0' || label.text[length] == ' ');
    return given->is_given;
}

/* Whether a getter or member of that name gives the target. A getter is not called, audit hooks
   might hear of it: it gives what the object's own struct has under that name. */
static bool
struct_gives(PyObject *op, const char *name, PyObject *descriptor, PyObject *target)
{
    Given given = {.name = name, .target = target};
    if (!published_may_give(op, name, descriptor, target)) {
        return false;
    }
    if (Py_IS_TYPE(descriptor, &PyGetSetDescr_Type)) {
        referents_visit(op, NULL, find_given, &given);
        return given.is_given;
    }
    return true;
}

/* Whether op.name is target, for an op that reads plainly and a name for which is_name holds. */
static bool
attribute_is(PyObject *op, PyObject *name, PyObject *target)
{
    PyObject *found = published_find(Py_TYPE(op), name);
    if (is_published(found)) {
        return struct_gives(op, ascii_of(name), found, target);
    }
    if (found != NULL && Py_TYPE(found)->tp_descr_set != NULL) {
        return false;
    }
    if (PyType_Check(op)) {
        return published_find((PyTypeObject *)op, name) == target && is_given_as_it_is(target);
    }
    return published_own(op, name) == target;
}

/* Whether op.__dict__ is the dict of op, for an op that reads plainly; or a view of it, for a
   class. */
static bool
dict_can_be_read(PyObject *op, PyObject *name)
{
    return is_published(published_find(Py_TYPE(op), name));
}

/* New reference: `<way>['name']`. */
static PyObject *
with_quoted(const char *way, PyObject *name)
{
    PyObject *quoted = edge_label_quoted(name);
    PyObject *text = quoted != NULL ? PyUnicode_FromFormat("%s%U", way, quoted) : NULL;
    Py_XDECREF(quoted);
    return text;
}

/* New reference: `.name` where that is the target, else `.__dict__['name']` where `in_dict` holds
   and that is, else None. */
static PyObject *
attribute_text(PyObject *op, PyObject *name, PyObject *target, bool in_dict)
{
    int is_plain = reads_plainly(op);
    PyObject *dict = is_plain >= 0 ? PyUnicode_FromString("__dict__") : NULL, *text = NULL;
    if (dict == NULL) {
        return NULL;
    }
    if (is_plain && is_name(name) && attribute_is(op, name, target)) {
        text = PyUnicode_FromFormat(".%U", name);
    }
    else if (is_plain && in_dict && PyUnicode_CheckExact(name) && dict_can_be_read(op, dict)) {
        text = with_quoted(".__dict__", name);
    }
    else {
        text = Py_NewRef(Py_None);
    }
    Py_DECREF(dict);
    return text;
}

/* New reference: `.__dict__`, or None. A class shows only a view of its own. */
static PyObject *
dict_text(PyObject *op)
{
    int is_plain = reads_plainly(op);
    PyObject *name = is_plain >= 0 ? PyUnicode_FromString("__dict__") : NULL, *text = NULL;
    if (name != NULL) {
        bool is_it = is_plain && !PyType_Check(op) && dict_can_be_read(op, name);
        text = is_it ? PyUnicode_FromString(".__dict__") : Py_NewRef(Py_None);
        Py_DECREF(name);
    }
    return text;
}

/* ----------------------------------------------------------------------- subscripts */

/* Whether op[...] is what the type itself, list, tuple or dict, makes of it. 1, 0, or -1 with an
   exception. */
static int
subscripts_as(PyObject *op, PyTypeObject *type)
{
    PyObject *name = PyUnicode_FromString("__getitem__");
    if (name == NULL) {
        return -1;
    }
    int is_it = PyType_IsSubtype(Py_TYPE(op), type) &&
                published_find(Py_TYPE(op), name) == published_find(type, name);
    Py_DECREF(name);
    return is_it;
}

static int
has_items(PyObject *op)
{
    PyTypeObject *type = PyTuple_Check(op) ? &PyTuple_Type : &PyList_Type;
    return strcmp(Py_TYPE(op)->tp_name, "collections.deque") == 0 ? 1 : subscripts_as(op, type);
}

/* Whether a key can be typed: its text gives one that is equal. */
static bool
is_literal(PyObject *key)
{
    if (PyFloat_CheckExact(key)) { /* not infinite, and a number */
        return PyFloat_AS_DOUBLE(key) - PyFloat_AS_DOUBLE(key) == 0.0;
    }
    enum { MOST_DIGITS = 2 }; /* of 30 bits: it fits into a long long */
    bool is_small = PyLong_CheckExact(key) && long_digits((PyLongObject *)key) <= MOST_DIGITS;
    return PyUnicode_CheckExact(key) || is_small || PyBool_Check(key) || Py_IsNone(key);
}

/* New reference: `[n]` for the first place of a tuple at which the target stands, or None. */
static PyObject *
place_text(PyObject *op, PyObject *target)
{
    for (Py_ssize_t i = 0; PyTuple_CheckExact(op) && i < PyTuple_GET_SIZE(op); i++) {
        if (PyTuple_GET_ITEM(op, i) == target) {
            return PyUnicode_FromFormat("[%zd]", i);
        }
    }
    Py_RETURN_NONE;
}

/* New reference: how one reads a local variable of a frame, or of a suspended generator, or
   None. */
static PyObject *
local_text(PyObject *op, PyObject *name)
{
    PyTypeObject *type = Py_TYPE(op);
    const char *frame = type == &PyFrame_Type      ? ".f_locals"
                        : type == &PyGen_Type      ? ".gi_frame.f_locals"
                        : type == &PyCoro_Type     ? ".cr_frame.f_locals"
                        : type == &PyAsyncGen_Type ? ".ag_frame.f_locals"
                                                   : NULL;
    return frame != NULL && is_name(name) ? with_quoted(frame, name) : Py_NewRef(Py_None);
}

/* ------------------------------------------------------------------------- hops */

/* New reference: the text of a label for 1, None for 0; NULL for -1. A label leaves out what varies
   from run to run; what is typed does not. */
static PyObject *
typed_text(int is_typed, const Label *label)
{
    if (is_typed <= 0) {
        return is_typed < 0 ? NULL : Py_NewRef(Py_None);
    }
    bool is_number = label->kind == LABEL_VALUE && PyLong_CheckExact(label->name);
    return is_number ? PyUnicode_FromFormat("[%lld]", PyLong_AsLongLong(label->name))
                     : edge_label_text(label, false);
}

/* New reference: the text for labels[0], or with *used = 2 for labels[0] and labels[1] together;
   None where it has none. `left` labels are left. */
static PyObject *
hop_text(PyObject *const *objects, const Label *labels, size_t left, size_t *used)
{
    PyObject *op = objects[0], *target = objects[1], *name = labels[0].name;
    switch (labels[0].kind) {
    case LABEL_DICT:
        if (left > 1 && labels[1].kind == LABEL_VALUE && PyUnicode_CheckExact(labels[1].name)) {
            *used = 2;
            return attribute_text(op, labels[1].name, objects[2], true);
        }
        return dict_text(op);
    case LABEL_ATTRIBUTE:
    case LABEL_FIELD: {
        PyObject *attribute = name_of(&labels[0]);
        PyObject *text =
            attribute != NULL ? attribute_text(op, attribute, target, name != NULL) : NULL;
        Py_XDECREF(attribute);
        return text;
    }
    case LABEL_ITEM:
        return typed_text(has_items(op), &labels[0]);
    case LABEL_VALUE:
        return is_literal(name) ? typed_text(subscripts_as(op, &PyDict_Type), &labels[0])
                                : Py_NewRef(Py_None);
    case LABEL_VARIABLE:
        return place_text(op, target);
    case LABEL_CELL:
        return edge_label_text(&labels[0], false);
    case LABEL_LOCAL:
        if (PyCell_Check(target)) { /* f_locals has what is in it */
            *used = 2;
            return left > 1 ? local_text(op, name) : Py_NewRef(Py_None);
        }
        return local_text(op, name);
    default:
        Py_RETURN_NONE;
    }
}

PyObject *
access_path_text(PyObject *const *objects, const Label *labels, size_t count)
{
    PyObject *whole = PyUnicode_FromString("");
    for (size_t i = 0, used = 1; i < count && whole != NULL && !Py_IsNone(whole); i += used) {
        used = 1;
        PyObject *part = hop_text(objects + i, labels + i, count - i, &used);
        bool is_typed = part != NULL && !Py_IsNone(part);
        Py_SETREF(whole, is_typed ? PyUnicode_Concat(whole, part) : Py_XNewRef(part));
        Py_XDECREF(part);
    }
    return whole;
}
