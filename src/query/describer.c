/* describer.c: from objects and labels to a Node and an Edge.

   An Edge has two texts, for a person and for a fingerprint (edge_label.h). Where the label is the
   last resort and the program has registered a labeller for the type, the Edge carries the two
   objects in `ask`, since a labeller is Python code and may run only after the pass; until then the
   row holds them. Everything else in a row is a string, a number or another row. */

#include "query/describer.h"

#include "base/typename.h"
#include "labels/published.h"
#include "query/describe.h"
#include "query/places.h"

/* Whether it is that function itself, in C: it is called during a scan, and what a program has put
   in its place might run anything. */
static bool
is_of_tracemalloc(PyObject *function)
{
    PyObject *self = PyCFunction_CheckExact(function) ? PyCFunction_GET_SELF(function) : NULL;
    PyModuleDef *module = self != NULL && PyModule_Check(self) ? PyModule_GetDef(self) : NULL;
    PyErr_Clear(); /* of PyModule_GetDef, for what is no module */
    return module != NULL && strcmp(module->m_name, "_tracemalloc") == 0 &&
           strcmp(((PyCFunctionObject *)function)->m_ml->ml_name, "_get_object_traceback") == 0;
}

int
describer_init(Describer *describer, const ModuleState *state, PyObject *labellers,
               PyObject *object_traceback)
{
    if (!PyDict_CheckExact(labellers) && !Py_IsNone(labellers)) {
        PyErr_Format(PyExc_TypeError, "labellers must be a dict, not '%.200s'",
                     Py_TYPE(labellers)->tp_name);
        return -1;
    }
    *describer = (Describer){
        .state = state,
        .labellers = Py_IsNone(labellers) ? NULL : labellers,
        .object_traceback = is_of_tracemalloc(object_traceback) ? object_traceback : NULL,
    };
    return 0;
}

int
describer_take_sizers(Describer *describer, PyObject *sizers)
{
    if (!PyDict_CheckExact(sizers) && !Py_IsNone(sizers)) {
        PyErr_Format(PyExc_TypeError, "sizers must be a dict, not '%.200s'",
                     Py_TYPE(sizers)->tp_name);
        return -1;
    }
    bool has_any = PyDict_CheckExact(sizers) && PyDict_GET_SIZE(sizers) != 0;
    describer->sizers = has_any ? sizers : NULL;
    return 0;
}

int
describer_from(Describer *describer, const ModuleState *state, PyObject *const *args,
               Py_ssize_t nargs)
{
    return describer_init(describer, state, nargs > 0 ? args[0] : Py_None,
                          nargs > 1 ? args[1] : Py_None);
}

/* ------------------------------------------------------------------------- nodes */

PyObject *
describer_node(const Describer *describer, PyObject *op)
{
    const ModuleState *state = describer->state;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = typename_of(Py_TYPE(op))) != NULL &&
           (items[1] = PyUnicode_FromString(describe_kind(state, op))) != NULL &&
           (items[2] = describe_name(state, op)) != NULL &&
           (items[3] = places_of_object(state, describer->object_traceback, op)) != NULL &&
           (items[4] = PyLong_FromLong(typename_rank(Py_TYPE(op), state->library))) != NULL);
    return row_new(state, ROW_NODE, items);
}

int
describer_is_nameless(const Describer *describer, PyObject *op)
{
    PyObject *name = describe_name(describer->state, op);
    PyObject *where =
        name != NULL ? places_of_object(describer->state, describer->object_traceback, op) : NULL;
    int is_nameless = where != NULL ? Py_IsNone(name) && Py_IsNone(where) : -1;
    Py_XDECREF(where);
    Py_XDECREF(name);
    return is_nameless;
}

PyObject *
describer_frame(const Describer *describer, const FrameSlot *slot)
{
    enum { RANK = 3 };
    const ModuleState *state = describer->state;
    const char *what = slot->code != NULL ? "frame" : "thread";
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = PyUnicode_FromString(what)) != NULL &&
           (items[1] = Py_NewRef(items[0])) != NULL &&
           (items[2] = describe_code_name(slot->code)) != NULL &&
           (items[3] = places_of_code(state, slot->code)) != NULL &&
           (items[4] = PyLong_FromLong(RANK)) != NULL);
    return row_new(state, ROW_NODE, items);
}

PyObject *
describer_refcount(const Heap *heap, NodeId node)
{
    return is_immortal(heap->objects.items[node]) ? Py_NewRef(Py_None)
                                                  : PyLong_FromLong(heap->refcounts.items[node]);
}

/* ------------------------------------------------------------------------- edges */

/* Whether the owner keeps under this name what a descriptor of its class gives. */
static bool
is_computed(const Label *label, PyObject *owner)
{
    bool is_name = label->kind == LABEL_ATTRIBUTE || label->kind == LABEL_VALUE;
    bool is_instance = owner != NULL && !PyDict_CheckExact(owner);
    return is_instance && is_name && label->name != NULL && PyUnicode_CheckExact(label->name) &&
           published_is_computed(owner, label->name);
}

PyObject *
describer_edge(const Describer *describer, const Label *label, PyObject *op, PyObject *target)
{
    return describer_edge_of(describer, label, op, target, NULL);
}

PyObject *
describer_edge_of(const Describer *describer, const Label *label, PyObject *op, PyObject *target,
                  PyObject *owner)
{
    bool is_named = !label_is_last_resort(label);
    bool is_asked = !is_named && typename_is_registered(describer->labellers, Py_TYPE(op));
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = edge_label_text(label, false)) != NULL &&
           (items[1] = edge_label_is_canonical(label) ? Py_NewRef(items[0])
                                                      : edge_label_text(label, true)) != NULL &&
           (items[2] = PyUnicode_FromString(edge_label_kind(label->kind))) != NULL &&
           (items[3] = row_bool(is_named)) != NULL &&
           (items[4] = is_asked ? PyTuple_Pack(2, op, target) : Py_NewRef(Py_None)) != NULL &&
           (items[5] = row_bool(is_computed(label, owner))) != NULL);
    return row_new(describer->state, ROW_EDGE, items);
}
