#include "labels/access_path.h"

#include "heap/interp.h"

#include <structmember.h> /* PyMemberDef, which Python.h has since 3.12 only */

/* ------------------------------------------------------------------------- names */

static bool
has_word(const char *words, PyObject *name)
{
    for (const char *at = words; *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (PyUnicode_GET_LENGTH(name) == (Py_ssize_t)length && PyUnicode_IS_ASCII(name) &&
            memcmp(PyUnicode_1BYTE_DATA(name), at, length) == 0) {
            return true;
        }
        at += length;
    }
    return false;
}

/* Whether `.name` reads the attribute of that name. (Other letters than ASCII's may be taken for
   their normal form.) */
static bool
is_name(PyObject *name)
{
    static const char keywords[] =
        "False None True and as assert async await break class continue def del elif else except "
        "finally for from global if import in is lambda nonlocal not or pass raise return try "
        "while with yield";
    return PyUnicode_CheckExact(name) && PyUnicode_IS_ASCII(name) &&
           PyUnicode_IsIdentifier(name) == 1 && !has_word(keywords, name);
}

/* New reference or NULL: the name of an attribute, of a label that has one. */
static PyObject *
name_of(const Label *label)
{
    return label->name != NULL
               ? Py_NewRef(label->name)
               : PyUnicode_FromStringAndSize(label->text, (Py_ssize_t)strcspn(label->text, " "));
}

/* --------------------------------------------------------------------- look-up */

/* Borrowed or NULL. By walking: a look-up could call the __eq__ of an odd key. */
static PyObject *
find_in_dict(PyObject *dict, PyObject *name)
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

/* Borrowed or NULL: what a class and its bases have under a name. */
static PyObject *
find_in_classes(PyTypeObject *type, PyObject *name)
{
    PyObject *mro = type->tp_mro, *found = NULL;
    for (Py_ssize_t i = 0; mro != NULL && i < PyTuple_GET_SIZE(mro) && found == NULL; i++) {
        PyObject *dict = type_dict((PyTypeObject *)PyTuple_GET_ITEM(mro, i));
        found = find_in_dict(dict, name);
        Py_XDECREF(dict); /* the class has it */
    }
    return found;
}

typedef struct {
    PyObject *name;
    PyObject *found; /* borrowed or NULL */
} Own;

static bool
find_inline(void *arg, PyObject *name, PyObject *value)
{
    Own *own = arg;
    own->found =
        PyUnicode_CheckExact(name) && PyUnicode_Compare(name, own->name) == 0 ? value : NULL;
    return own->found != NULL;
}

/* Borrowed or NULL: what an object itself has under a name. */
static PyObject *
find_own(PyObject *op, PyObject *name)
{
    Own own = {name, NULL};
    interp_inline_attributes(op, find_inline, &own);
    return own.found != NULL ? own.found : find_in_dict(interp_instance_dict(op), name);
}

/* Whether attributes are read as the interpreter does it: first a data descriptor of the class,
   then the object's own. A
   __getattr__ does not matter: it is asked for what is not there. 1, 0, or -1 with an exception. */
static int
reads_plainly(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject *name = PyUnicode_FromString("__getattribute__");
    if (name == NULL) {
        return -1;
    }
    PyObject *found = find_in_classes(type, name);
    Py_DECREF(name);
    PyTypeObject *of =
        found != NULL && Py_IS_TYPE(found, &PyWrapperDescr_Type) ? PyDescr_TYPE(found) : NULL;
    return type->tp_getattro == PyObject_GenericGetAttr || of == &PyBaseObject_Type ||
           of == &PyType_Type || of == &PyModule_Type || of == &PyMethod_Type;
}

/* ----------------------------------------------------------------------- attributes */

/* Getters of C code that give what is there, and nothing made for the purpose. */
static const char known_getters[] = "__defaults__ __kwdefaults__ __code__ __traceback__ "
                                    "__context__ __cause__ args __bases__ tb_next __self__ friends "
                                    "obj "
                                    "__func__ _loop _result _exception _source_traceback _coro "
                                    "_fut_waiter f_back f_trace cell_contents __callback__ "
                                    "gi_code cr_code ag_code";

/* T_OBJECT and T_OBJECT_EX, and a flag, under the names that 3.12 gave them. */
enum { MEMBER_OBJECT = 6, MEMBER_OBJECT_EX = 16, MEMBER_RELATIVE = 8 };

static bool
member_is(PyObject *op, PyObject *descriptor, PyObject *target)
{
    const PyMemberDef *member = ((PyMemberDescrObject *)descriptor)->d_member;
    bool is_object = member->type == MEMBER_OBJECT || member->type == MEMBER_OBJECT_EX;
    return is_object && (member->flags & MEMBER_RELATIVE) == 0 &&
           PyType_IsSubtype(Py_TYPE(op), PyDescr_TYPE(descriptor)) &&
           *(PyObject **)((char *)op + member->offset) == target;
}

/* Whether a class gives an attribute of its own as it is, rather than what its __get__ makes of it. */
static bool
is_given_as_it_is(PyObject *value)
{
    PyTypeObject *type = Py_TYPE(value);
    bool is_cache = strcmp(type->tp_name, "functools._lru_cache_wrapper") == 0;
    return type->tp_descr_get == NULL || is_cache || type == &PyFunction_Type ||
           type == &PyProperty_Type || type == &PyMethodDescr_Type ||
           type == &PyWrapperDescr_Type || type == &PyMemberDescr_Type ||
           type == &PyGetSetDescr_Type;
}

/* Whether op.name is target, for an op that reads plainly. */
static bool
attribute_is(PyObject *op, PyObject *name, PyObject *target)
{
    PyObject *found = find_in_classes(Py_TYPE(op), name);
    if (found != NULL && Py_IS_TYPE(found, &PyMemberDescr_Type)) {
        return member_is(op, found, target);
    }
    if (found != NULL && Py_IS_TYPE(found, &PyGetSetDescr_Type)) {
        return has_word(known_getters, name);
    }
    if (found != NULL && Py_TYPE(found)->tp_descr_set != NULL) {
        return false;
    }
    if (PyType_Check(op)) {
        return find_in_classes((PyTypeObject *)op, name) == target && is_given_as_it_is(target);
    }
    return find_own(op, name) == target;
}

/* Whether op.__dict__ is the dict of op, for an op that reads plainly; or a view of it, for a
   class. */
static bool
dict_can_be_read(PyObject *op, PyObject *name)
{
    PyObject *found = find_in_classes(Py_TYPE(op), name);
    return found != NULL &&
           (Py_IS_TYPE(found, &PyMemberDescr_Type) || Py_IS_TYPE(found, &PyGetSetDescr_Type));
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
        text = PyUnicode_FromFormat(".__dict__[%R]", name);
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
                find_in_classes(Py_TYPE(op), name) == find_in_classes(type, name);
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
    if (PyFloat_CheckExact(key)) {
        return PyFloat_AS_DOUBLE(key) - PyFloat_AS_DOUBLE(key) ==
               0.0; /* not infinite, and a number */
    }
    bool is_small = PyLong_CheckExact(key) &&
                    long_digits((PyLongObject *)key) < 40; /* as edge_label_text has it */
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

/* New reference: how one reads a local variable of a frame, or of a suspended generator; or None. */
static PyObject *
local_text(PyObject *op, PyObject *name)
{
    PyTypeObject *type = Py_TYPE(op);
    const char *frame = type == &PyFrame_Type      ? ""
                        : type == &PyGen_Type      ? ".gi_frame"
                        : type == &PyCoro_Type     ? ".cr_frame"
                        : type == &PyAsyncGen_Type ? ".ag_frame"
                                                   : NULL;
    return frame != NULL && is_name(name) ? PyUnicode_FromFormat("%s.f_locals[%R]", frame, name)
                                          : Py_NewRef(Py_None);
}

/* ------------------------------------------------------------------------------ ways */

/* New reference: the text of a label for 1, None for 0; NULL for -1. */
static PyObject *
text_if(int is_typed, const Label *label)
{
    return is_typed < 0 ? NULL : is_typed ? edge_label_text(label, false) : Py_NewRef(Py_None);
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
        return text_if(has_items(op), &labels[0]);
    case LABEL_VALUE:
        return is_literal(name) ? text_if(subscripts_as(op, &PyDict_Type), &labels[0])
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
