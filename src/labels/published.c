#include "labels/published.h"

#include "base/dict_find.h"
#include "base/typename.h"
#include "heap/interp.h"

#include <structmember.h> /* PyMemberDef, which Python.h has since 3.12 only */

/* --------------------------------------------------------------------- members */

/* T_OBJECT and T_OBJECT_EX, and two flags, under the names that 3.12 gave them. */
enum { MEMBER_OBJECT = 6, MEMBER_OBJECT_EX = 16, MEMBER_READONLY = 1, MEMBER_RELATIVE = 8 };

/* Where op has the reference that a member gives; NULL where op is of another type, or the member
   is no reference. */
static PyObject **
member_place(PyObject *op, PyObject *descriptor)
{
    const PyMemberDef *member = ((PyMemberDescrObject *)descriptor)->d_member;
    bool is_object = member->type == MEMBER_OBJECT || member->type == MEMBER_OBJECT_EX;
    return is_object && (member->flags & MEMBER_RELATIVE) == 0 &&
                   PyType_IsSubtype(Py_TYPE(op), PyDescr_TYPE(descriptor))
               ? (PyObject **)((char *)op + member->offset)
               : NULL;
}

static bool
read_member(const EdgeSink *sink, PyObject *op, PyObject *descriptor)
{
    const PyMemberDef *member = ((PyMemberDescrObject *)descriptor)->d_member;
    PyObject **place = member_place(op, descriptor);
    LabelKind kind = (member->flags & MEMBER_READONLY) != 0 ? LABEL_FIELD : LABEL_ATTRIBUTE;
    Label label = {.kind = kind, .text = member->name, .index = member->offset};
    return place != NULL && emit(sink, *place, label);
}

PyObject *
published_member(PyObject *op, const char *name)
{
    const PyMemberDef *member = Py_TYPE(op)->tp_members;
    while (member != NULL && member->name != NULL && strcmp(member->name, name) != 0) {
        member++;
    }
    return member != NULL && member->name != NULL ? *(PyObject **)((char *)op + member->offset)
                                                  : NULL;
}

/* --------------------------------------------------------------------- getters */

typedef struct {
    const char *type;     /* tp_name, or NULL for those that are not called: referents.c reads;
                             Cython's are in a module that has its version in its name */
    const char *typed;    /* getters that an expression may use, of whatever type they are */
    const char *labelled; /* getters that only name a reference */
} Getters;

static const Getters getters_table[] = {
    {"_asyncio.Future", "_loop _result _exception _source_traceback", "_cancel_message"},
    {"_asyncio.Task", "_loop _result _exception _source_traceback _coro _fut_waiter",
     "_cancel_message"},
    {"gcscope.Person", "friends", ""},
    {"sqlite3.Connection", "", "row_factory text_factory"}, /* members up to 3.13 */
    {"pyexpat.xmlparser", "",
     "StartElementHandler EndElementHandler ProcessingInstructionHandler CharacterDataHandler "
     "UnparsedEntityDeclHandler NotationDeclHandler StartNamespaceDeclHandler "
     "EndNamespaceDeclHandler CommentHandler StartCdataSectionHandler EndCdataSectionHandler "
     "DefaultHandler DefaultHandlerExpand NotStandaloneHandler ExternalEntityRefHandler "
     "StartDoctypeDeclHandler EndDoctypeDeclHandler EntityDeclHandler XmlDeclHandler "
     "ElementDeclHandler AttlistDeclHandler SkippedEntityHandler"},
    {"cython_function_or_method", "", "__closure__ __code__ __globals__"},
    {NULL,
     "__defaults__ __kwdefaults__ __code__ __traceback__ __context__ __cause__ args __bases__ "
     "tb_next __self__ obj __func__ f_back f_trace cell_contents __callback__ gi_code cr_code "
     "ag_code",
     ""},
};

static const Getters *
getters_of(PyTypeObject *type)
{
    bool is_of_cython = strncmp(type->tp_name, "_cython_", strlen("_cython_")) == 0;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(getters_table); i++) {
        const Getters *getters = &getters_table[i];
        if (getters->type != NULL &&
            (typename_is(type, getters->type) ||
             (is_of_cython && strcmp(typename_short(type), getters->type) == 0))) {
            return getters;
        }
    }
    return NULL;
}

static bool
is_typed(const char *name)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(getters_table); i++) {
        if (has_word(getters_table[i].typed, name)) {
            return true;
        }
    }
    return false;
}

static bool
tuple_has(PyObject *names, const char *name)
{
    Py_ssize_t i = 0,
               count = names != NULL && PyTuple_CheckExact(names) ? PyTuple_GET_SIZE(names) : 0;
    while (i < count &&
           !(PyUnicode_CheckExact(PyTuple_GET_ITEM(names, i)) &&
             PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, i), name) == 0)) {
        i++;
    }
    return i < count;
}

/* Whether a class that mypyc has compiled has this attribute of its own: the class lists them,
   those of its bases too. The getter of an attribute does nothing but read; a property that takes
   the place of an attribute of a base is a getter as well, and runs the program's code. */
static bool
is_compiled_attribute(PyTypeObject *type, const char *name)
{
    PyObject *mro = type->tp_mro;
    bool is_own = PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && strncmp(name, "__", 2) != 0;
    for (Py_ssize_t i = 0; mro != NULL && i < PyTuple_GET_SIZE(mro) && is_own; i++) {
        PyObject *dict = type_dict((PyTypeObject *)PyTuple_GET_ITEM(mro, i));
        bool is_listed = tuple_has(dict_find(dict, "__mypyc_attrs__"), name);
        is_own = is_listed == (i == 0);
        Py_XDECREF(dict);
    }
    return is_own;
}

static bool
is_known_getter(const Getters *getters, PyTypeObject *type, PyObject *descriptor)
{
    const char *name = ((PyGetSetDescrObject *)descriptor)->d_getset->name;
    return getters != NULL ? has_word(getters->typed, name) || has_word(getters->labelled, name)
                           : PyDescr_TYPE(descriptor) == type && is_compiled_attribute(type, name);
}

static bool
read_getter(const EdgeSink *sink, PyObject *op, PyObject *descriptor)
{
    const PyGetSetDef *getset = ((PyGetSetDescrObject *)descriptor)->d_getset;
    if (getset->get == NULL || is_in_critical(op) ||
        !PyType_IsSubtype(Py_TYPE(op), PyDescr_TYPE(descriptor))) {
        return false;
    }
    PyObject *value = getset->get(op, getset->closure);
    if (value == NULL) { /* there is none; a getter says so by an exception */
        PyErr_Clear();
        return false;
    }
    bool is_held = Py_REFCNT(value) > 1; /* by its owner, and was not made by the getter */
    Py_DECREF(value);
    LabelKind kind = getset->set != NULL ? LABEL_ATTRIBUTE : LABEL_FIELD;
    return is_held && value != Py_None &&
           emit(sink, value, (Label){.kind = kind, .text = getset->name});
}

/* ------------------------------------------------------------------------- both */

static bool
read_class_dict(const EdgeSink *sink, PyObject *op, PyTypeObject *type, PyObject *dict)
{
    const Getters *getters = getters_of(type);
    Py_ssize_t position = 0;
    PyObject *key, *found;
    bool stop = false;
    while (!stop && PyDict_Next(dict, &position, &key, &found)) {
        if (Py_IS_TYPE(found, &PyMemberDescr_Type)) {
            stop = read_member(sink, op, found);
        }
        else if (Py_IS_TYPE(found, &PyGetSetDescr_Type) && is_known_getter(getters, type, found)) {
            stop = read_getter(sink, op, found);
        }
    }
    return stop;
}

bool
published_read(const EdgeSink *sink, PyObject *op)
{
    PyObject *mro = Py_TYPE(op)->tp_mro;
    bool stop = false;
    for (Py_ssize_t i = 0; mro != NULL && i < PyTuple_GET_SIZE(mro) && !stop; i++) {
        PyTypeObject *type = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        PyObject *dict = type != &PyBaseObject_Type ? type_dict(type) : NULL;
        stop = dict != NULL && read_class_dict(sink, op, type, dict);
        Py_XDECREF(dict);
    }
    return stop;
}

bool
published_may_give(PyObject *op, const char *name, PyObject *descriptor, PyObject *target)
{
    if (Py_IS_TYPE(descriptor, &PyGetSetDescr_Type)) {
        return is_typed(name) && PyType_IsSubtype(Py_TYPE(op), PyDescr_TYPE(descriptor));
    }
    PyObject **place = member_place(op, descriptor);
    return place != NULL && *place == target;
}

PyObject *
published_find(PyTypeObject *type, PyObject *name)
{
    PyObject *mro = type->tp_mro, *found = NULL;
    for (Py_ssize_t i = 0; mro != NULL && i < PyTuple_GET_SIZE(mro) && found == NULL; i++) {
        PyObject *dict = type_dict((PyTypeObject *)PyTuple_GET_ITEM(mro, i));
        found = dict_find_str(dict, name);
        Py_XDECREF(dict); /* the class has it */
    }
    return found;
}

typedef struct {
    PyObject *name;  /* borrowed */
    PyObject *value; /* borrowed or NULL */
} OwnAttribute;

static bool
find_inline(void *arg, PyObject *name, PyObject *value)
{
    OwnAttribute *own = arg;
    bool is_it = PyUnicode_CheckExact(name) && PyUnicode_Compare(name, own->name) == 0;
    own->value = is_it ? value : NULL;
    return is_it;
}

PyObject *
published_own(PyObject *op, PyObject *name)
{
    OwnAttribute own = {.name = name};
    return interp_inline_attributes(op, find_inline, &own)
               ? own.value
               : dict_find_str(interp_instance_dict(op), name);
}

PyObject *
published_attribute(PyObject *op, PyObject *name)
{
    PyObject *found = published_find(Py_TYPE(op), name);
    if (found != NULL && Py_IS_TYPE(found, &PyMemberDescr_Type)) {
        PyObject **place = member_place(op, found);
        return place != NULL ? *place : NULL;
    }
    bool is_hidden = found != NULL && Py_TYPE(found)->tp_descr_set != NULL;
    return is_hidden ? NULL : published_own(op, name);
}

bool
published_is_computed(PyObject *op, PyObject *name)
{
    PyObject *found = published_find(Py_TYPE(op), name);
    if (found == NULL || Py_TYPE(found)->tp_descr_get == NULL || is_published(found)) {
        return false;
    }
    bool is_method =
        PyFunction_Check(found) || PyCFunction_Check(found) ||
        Py_IS_TYPE(found, &PyMethodDescr_Type) || Py_IS_TYPE(found, &PyWrapperDescr_Type) ||
        Py_IS_TYPE(found, &PyClassMethod_Type) || Py_IS_TYPE(found, &PyStaticMethod_Type) ||
        PyMethod_Check(found) || typename_derives(Py_TYPE(found), "functools._lru_cache_wrapper");
    return !is_method;
}
