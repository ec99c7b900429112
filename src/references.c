#include "references.h"

#include "internals.h"
#include "opaque.h"

/* ---------------------------------------------------------------- containers */

static bool
read_list(const Teller *teller, PyObject *op)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(op); i++) {
        if (offer(teller, PyList_GET_ITEM(op, i), (Label){.kind = LABEL_ITEM, .index = i})) {
            return true;
        }
    }
    return false;
}

static bool
read_tuple(const Teller *teller, PyObject *op)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(op); i++) {
        if (offer(teller, PyTuple_GET_ITEM(op, i), (Label){.kind = LABEL_ITEM, .index = i})) {
            return true;
        }
    }
    return false;
}

static bool
read_dict(const Teller *teller, PyObject *op)
{
    Py_ssize_t position = 0;
    PyObject *key, *value;
    while (PyDict_Next(op, &position, &key, &value)) {
        if (offer(teller, value, (Label){.kind = LABEL_VALUE, .name = key}) ||
            offer(teller, key, (Label){.kind = LABEL_KEY})) {
            return true;
        }
    }
    return false;
}

static bool
read_set(const Teller *teller, PyObject *op)
{
    const PySetObject *set = (PySetObject *)op;
    for (Py_ssize_t i = 0; i <= set->mask; i++) {
        const setentry *entry = &set->table[i];
        bool is_live = entry->key != NULL && !(entry->hash == -1 && Py_IS_TYPE(entry->key, &PyBaseObject_Type));
        if (is_live && offer(teller, entry->key, (Label){.kind = LABEL_ELEMENT})) {
            return true;
        }
    }
    return false;
}

/* ----------------------------------------------------------- functions, cells */

static bool
read_function(const Teller *teller, PyObject *op)
{
    PyFunctionObject *function = (PyFunctionObject *)op;
    return offer_field(teller, function->func_closure, "__closure__") ||
           offer_field(teller, function->func_globals, "__globals__") ||
           offer_field(teller, function->func_builtins, "__builtins__") ||
           offer_field(teller, function->func_defaults, "__defaults__") ||
           offer_field(teller, function->func_kwdefaults, "__kwdefaults__") ||
           offer_field(teller, function->func_annotations, "__annotations__") ||
#if GCSCOPE_HAS_TYPE_PARAMETERS
           offer_field(teller, function->func_typeparams, "__type_params__") ||
#endif
#if GCSCOPE_HAS_ANNOTATE
           offer_field(teller, function->func_annotate, "__annotate__") ||
#endif
           offer_field(teller, function->func_module, "__module__") ||
           offer_field(teller, function->func_doc, "__doc__") || offer_field(teller, function->func_name, "__name__") ||
           offer_field(teller, function->func_qualname, "__qualname__") ||
           offer_field(teller, function->func_code, "__code__");
}

/* The closure of `before`, a function, tells the names of its cells. */
static bool
read_closure(const Teller *teller, PyObject *op, PyObject *before)
{
    PyCodeObject *code = (PyCodeObject *)((PyFunctionObject *)before)->func_code;
    Py_ssize_t first = code->co_nlocalsplus - code->co_nfreevars;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(op) && i < code->co_nfreevars; i++) {
        PyObject *name = PyTuple_GET_ITEM(code->co_localsplusnames, first + i);
        if (offer(teller, PyTuple_GET_ITEM(op, i), (Label){.kind = LABEL_VARIABLE, .name = name})) {
            return true;
        }
    }
    return false;
}

static bool
is_closure_of(PyObject *op, PyObject *before)
{
    return before != NULL && PyFunction_Check(before) && ((PyFunctionObject *)before)->func_closure == op;
}

static bool
read_cell(const Teller *teller, PyObject *op)
{
    return offer(teller, PyCell_GET(op), (Label){.kind = LABEL_CELL});
}

static bool
read_method(const Teller *teller, PyObject *op)
{
    return offer_field(teller, PyMethod_GET_SELF(op), "__self__") ||
           offer_field(teller, PyMethod_GET_FUNCTION(op), "__func__");
}

static bool
read_builtin(const Teller *teller, PyObject *op)
{
    const PyCFunctionObject *function = (PyCFunctionObject *)op;
    return offer_field(teller, function->m_self, "__self__") || offer_field(teller, function->m_module, "__module__") ||
           (PyCMethod_Check(op) && offer_field(teller, (PyObject *)((PyCMethodObject *)op)->mm_class, "its-class"));
}

static bool
read_weakref(const Teller *teller, PyObject *op)
{
    return offer_field(teller, ((PyWeakReference *)op)->wr_callback, "__callback__");
}

/* -------------------------------------------------------- classes and modules */

static bool
read_class(const Teller *teller, PyObject *op)
{
    PyTypeObject *type = (PyTypeObject *)op;
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        return false;
    }
    return offer(teller, type->tp_dict, (Label){.kind = LABEL_DICT}) || offer_field(teller, type->tp_mro, "__mro__") ||
           offer_field(teller, type->tp_bases, "__bases__") ||
           offer_field(teller, (PyObject *)type->tp_base, "__base__") ||
           offer_field(teller, type->tp_cache, "__cache__") ||
           offer_field(teller, ((PyHeapTypeObject *)op)->ht_module, "its-module");
}

/* --------------------------------------------------- exceptions, frames, generators */

static bool
read_exception(const Teller *teller, PyObject *op)
{
    const PyBaseExceptionObject *error = (PyBaseExceptionObject *)op;
    return offer_attribute(teller, error->traceback, "__traceback__") ||
           offer_attribute(teller, error->context, "__context__") ||
           offer_attribute(teller, error->cause, "__cause__") || offer_attribute(teller, error->args, "args") ||
           offer_attribute(teller, error->notes, "__notes__");
}

static bool
read_traceback(const Teller *teller, PyObject *op)
{
    const PyTracebackObject *traceback = (PyTracebackObject *)op;
    return offer_field(teller, (PyObject *)traceback->tb_frame, "tb_frame") ||
           offer_field(teller, (PyObject *)traceback->tb_next, "tb_next");
}

static bool
read_slot(void *arg, const FrameSlot *slot)
{
    switch (slot->kind) {
    case SLOT_LOCAL:
        return offer(arg, slot->target, (Label){.kind = LABEL_LOCAL, .name = slot->name});
    case SLOT_STACK:
        return offer(arg, slot->target, (Label){.kind = LABEL_STACK});
    case SLOT_FUNCTION:
        return offer_field(arg, slot->target, "its-function");
    case SLOT_CODE:
        return offer_field(arg, slot->target, "f_code");
    case SLOT_NAMESPACE:
        return offer_field(arg, slot->target, "f_locals");
    case SLOT_FRAME:
        return offer_field(arg, slot->target, "its-frame");
    case SLOT_BACK:
        return offer_field(arg, slot->target, "f_back");
    case SLOT_TRACE:
        return offer_attribute(arg, slot->target, "f_trace");
    case SLOT_HANDLED:
        return offer_field(arg, slot->target, "its-handled-exception");
    }
    return false;
}

static bool
read_frame(const Teller *teller, PyObject *op)
{
    return internals_frame_slots_of(op, read_slot, (void *)teller);
}

/* ------------------------------------------------------------------- instances */

static bool
read_inline(void *arg, PyObject *name, PyObject *value)
{
    return offer(arg, value, (Label){.kind = LABEL_ATTRIBUTE, .name = name});
}

typedef struct {
    const Teller *teller;
    bool stop;
} Inline;

static bool
read_inline_attribute(void *arg, PyObject *name, PyObject *value)
{
    Inline *found = arg;
    found->stop = read_inline((void *)found->teller, name, value);
    return found->stop;
}

static bool
read_instance(const Teller *teller, PyObject *op)
{
    Inline found = {teller, false};
    internals_inline_attributes(op, read_inline_attribute, &found);
    return found.stop || offer(teller, internals_instance_dict(op), (Label){.kind = LABEL_DICT});
}

static bool
read_by_struct(const Teller *teller, PyObject *op, PyObject *before)
{
    PyTypeObject *type = Py_TYPE(op);
    if (PyTuple_Check(op)) {
        return is_closure_of(op, before) ? read_closure(teller, op, before) : read_tuple(teller, op);
    }
    return PyList_Check(op)                ? read_list(teller, op)
           : PyDict_Check(op)              ? read_dict(teller, op)
           : PyAnySet_Check(op)            ? read_set(teller, op)
           : type == &PyCell_Type          ? read_cell(teller, op)
           : type == &PyFunction_Type      ? read_function(teller, op)
           : type == &PyMethod_Type        ? read_method(teller, op)
           : PyCFunction_Check(op)         ? read_builtin(teller, op)
           : PyWeakref_Check(op)           ? read_weakref(teller, op)
           : PyType_Check(op)              ? read_class(teller, op)
           : PyExceptionInstance_Check(op) ? read_exception(teller, op)
           : type == &PyTraceBack_Type     ? read_traceback(teller, op)
                                           : read_frame(teller, op);
}

void
references_visit(PyObject *op, PyObject *before, LabelVisitor visit, void *arg)
{
    Teller teller = {visit, arg, Py_TYPE(op)};
    (void)(read_by_struct(&teller, op, before) || read_instance(&teller, op) || opaque_read(&teller, op) ||
           offer_field(&teller, (PyObject *)Py_TYPE(op), "__class__"));
}
