#include "labels/published.h"

#include "base/typename.h"

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
    return place != NULL && emit(sink, *place, (Label){.kind = kind, .text = member->name});
}

/* --------------------------------------------------------------------- getters */

typedef struct {
    const char *type;     /* tp_name, or NULL for those that are not called: referents.c reads */
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
    {NULL,
     "__defaults__ __kwdefaults__ __code__ __traceback__ __context__ __cause__ args __bases__ "
     "tb_next __self__ obj __func__ f_back f_trace cell_contents __callback__ gi_code cr_code "
     "ag_code",
     ""},
};

static const Getters *
getters_of(PyTypeObject *type)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(getters_table); i++) {
        const Getters *getters = &getters_table[i];
        if (getters->type != NULL && typename_is(type, getters->type)) {
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
read_getter(const EdgeSink *sink, PyObject *op, const Getters *getters, PyObject *descriptor)
{
    const PyGetSetDef *getset = ((PyGetSetDescrObject *)descriptor)->d_getset;
    if (getters == NULL || !PyType_IsSubtype(Py_TYPE(op), PyDescr_TYPE(descriptor)) ||
        !(has_word(getters->typed, getset->name) || has_word(getters->labelled, getset->name))) {
        return false;
    }
    PyObject *value = getset->get(op, getset->closure);
    if (value == NULL) { /* there is none; a getter says so by an exception */
        PyErr_Clear();
        return false;
    }
    Py_DECREF(value); /* its owner has it */
    LabelKind kind = getset->set != NULL ? LABEL_ATTRIBUTE : LABEL_FIELD;
    return value != Py_None && emit(sink, value, (Label){.kind = kind, .text = getset->name});
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
        stop = Py_IS_TYPE(found, &PyMemberDescr_Type)   ? read_member(sink, op, found)
               : Py_IS_TYPE(found, &PyGetSetDescr_Type) ? read_getter(sink, op, getters, found)
                                                        : false;
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
published_gives(PyObject *op, const char *name, PyObject *descriptor, PyObject *target)
{
    if (Py_IS_TYPE(descriptor, &PyGetSetDescr_Type)) {
        return is_typed(name);
    }
    PyObject **place = member_place(op, descriptor);
    return place != NULL && *place == target;
}
