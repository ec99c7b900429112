#include "labels/referents.h"

#include "labels/private_types.h"

/* ---------------------------------------------------------------- containers */

static bool
read_list(const EdgeSink *sink, PyObject *op)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(op); i++) {
        if (emit(sink, PyList_GET_ITEM(op, i), (Label){.kind = LABEL_ITEM, .index = i})) {
            return true;
        }
    }
    return false;
}

static bool
read_tuple(const EdgeSink *sink, PyObject *op)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(op); i++) {
        if (emit(sink, PyTuple_GET_ITEM(op, i), (Label){.kind = LABEL_ITEM, .index = i})) {
            return true;
        }
    }
    return false;
}

static bool
read_dict(const EdgeSink *sink, PyObject *op)
{
    Py_ssize_t position = 0;
    PyObject *key, *value;
    while (PyDict_Next(op, &position, &key, &value)) {
        if (emit(sink, value, (Label){.kind = LABEL_VALUE, .name = key}) ||
            emit(sink, key, (Label){.kind = LABEL_KEY})) {
            return true;
        }
    }
    return false;
}

static bool
read_set(const EdgeSink *sink, PyObject *op)
{
    const PySetObject *set = (PySetObject *)op;
    for (Py_ssize_t i = 0; i <= set->mask; i++) {
        const setentry *entry = &set->table[i];
        /* A removed element leaves a dummy with the hash -1, of which only the type is known. */
        bool is_live = entry->key != NULL &&
                       !(entry->hash == -1 && Py_IS_TYPE(entry->key, &PyBaseObject_Type));
        if (is_live && emit(sink, entry->key, (Label){.kind = LABEL_ELEMENT})) {
            return true;
        }
    }
    return false;
}

/* --------------------------------------------------- functions, cells, methods */

static bool
read_function(const EdgeSink *sink, PyObject *op)
{
    PyFunctionObject *function = (PyFunctionObject *)op;
    return emit_field(sink, function->func_closure, "__closure__") ||
           emit_field(sink, function->func_globals, "__globals__") ||
           emit_field(sink, function->func_builtins, "__builtins__") ||
           emit_field(sink, function->func_defaults, "__defaults__") ||
           emit_field(sink, function->func_kwdefaults, "__kwdefaults__") ||
           emit_field(sink, function->func_annotations, "__annotations__") ||
#if GCSCOPE_HAS_TYPE_PARAMETERS
           emit_field(sink, function->func_typeparams, "__type_params__") ||
#endif
#if GCSCOPE_HAS_ANNOTATE
           emit_field(sink, function->func_annotate, "__annotate__") ||
#endif
           emit_field(sink, function->func_module, "__module__") ||
           emit_field(sink, function->func_doc, "__doc__") ||
           emit_field(sink, function->func_name, "__name__") ||
           emit_field(sink, function->func_qualname, "__qualname__") ||
           emit_field(sink, function->func_code, "__code__");
}

/* The code of `before`, a function, has the names of the cells in its closure. */
static bool
read_closure(const EdgeSink *sink, PyObject *op, PyObject *before)
{
    PyCodeObject *code = (PyCodeObject *)((PyFunctionObject *)before)->func_code;
    Py_ssize_t first = code->co_nlocalsplus - code->co_nfreevars;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(op) && i < code->co_nfreevars; i++) {
        PyObject *name = PyTuple_GET_ITEM(code->co_localsplusnames, first + i);
        if (emit(sink, PyTuple_GET_ITEM(op, i), (Label){.kind = LABEL_VARIABLE, .name = name})) {
            return true;
        }
    }
    return false;
}

static bool
is_closure_of(PyObject *op, PyObject *before)
{
    return before != NULL && PyFunction_Check(before) &&
           ((PyFunctionObject *)before)->func_closure == op;
}

/* Up to 3.13 some others of its fields are made anew each time they are read. */
static bool
read_code(const EdgeSink *sink, PyObject *op)
{
    PyCodeObject *code = (PyCodeObject *)op;
    return emit_field(sink, code->co_consts, "co_consts") ||
           emit_field(sink, code->co_names, "co_names") ||
           emit_field(sink, code->co_localsplusnames, "its-variable-names") ||
           emit_field(sink, code->co_filename, "co_filename") ||
           emit_field(sink, code->co_name, "co_name") ||
           emit_field(sink, code->co_qualname, "co_qualname") ||
           emit_field(sink, code->co_linetable, "co_linetable") ||
           emit_field(sink, code->co_exceptiontable, "co_exceptiontable");
}

static bool
read_cell(const EdgeSink *sink, PyObject *op)
{
    return emit(sink, PyCell_GET(op), (Label){.kind = LABEL_CELL});
}

static bool
read_method(const EdgeSink *sink, PyObject *op)
{
    return emit_field(sink, PyMethod_GET_SELF(op), "__self__") ||
           emit_field(sink, PyMethod_GET_FUNCTION(op), "__func__");
}

static bool
read_builtin(const EdgeSink *sink, PyObject *op)
{
    const PyCFunctionObject *function = (PyCFunctionObject *)op;
    return emit_field(sink, function->m_self, "__self__") ||
           emit_field(sink, function->m_module, "__module__") ||
           (PyCMethod_Check(op) &&
            emit_field(sink, (PyObject *)((PyCMethodObject *)op)->mm_class, "its-class"));
}

static bool
read_weakref(const EdgeSink *sink, PyObject *op)
{
    return emit_field(sink, ((PyWeakReference *)op)->wr_callback, "__callback__");
}

/* -------------------------------------------------------- classes and modules */

static bool
read_class(const EdgeSink *sink, PyObject *op)
{
    PyTypeObject *type = (PyTypeObject *)op;
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        return false;
    }
    return emit(sink, type->tp_dict, (Label){.kind = LABEL_DICT}) ||
           emit_field(sink, type->tp_mro, "__mro__") ||
           emit_field(sink, type->tp_bases, "__bases__") ||
           emit_field(sink, (PyObject *)type->tp_base, "__base__") ||
           emit_field(sink, type->tp_cache, "__cache__") ||
           emit_field(sink, ((PyHeapTypeObject *)op)->ht_module, "its-module") ||
           emit_field(sink, ((PyHeapTypeObject *)op)->ht_name, "__name__") ||
           emit_field(sink, ((PyHeapTypeObject *)op)->ht_qualname, "__qualname__") ||
           emit_field(sink, ((PyHeapTypeObject *)op)->ht_slots, "its-slots");
}

/* --------------------------------------------------- exceptions, frames, generators */

static bool
read_exception(const EdgeSink *sink, PyObject *op)
{
    const PyBaseExceptionObject *error = (PyBaseExceptionObject *)op;
    return emit_attribute(sink, error->traceback, "__traceback__") ||
           emit_attribute(sink, error->context, "__context__") ||
           emit_attribute(sink, error->cause, "__cause__") ||
           emit_attribute(sink, error->args, "args") ||
           emit_attribute(sink, error->notes, "__notes__");
}

static bool
read_traceback(const EdgeSink *sink, PyObject *op)
{
    const PyTracebackObject *traceback = (PyTracebackObject *)op;
    return emit_field(sink, (PyObject *)traceback->tb_frame, "tb_frame") ||
           emit_field(sink, (PyObject *)traceback->tb_next, "tb_next");
}

Label
referents_slot_label(const FrameSlot *slot)
{
    switch (slot->kind) {
    case SLOT_LOCAL:
        return (Label){.kind = LABEL_LOCAL, .name = slot->name};
    case SLOT_STACK:
        return (Label){.kind = LABEL_STACK};
    case SLOT_FUNCTION:
        return (Label){.kind = LABEL_FIELD, .text = "its-function"};
    case SLOT_CODE:
        return (Label){.kind = LABEL_FIELD, .text = "f_code"};
    case SLOT_NAMESPACE:
        return (Label){.kind = LABEL_FIELD, .text = "f_locals"};
    case SLOT_FRAME:
        return (Label){.kind = LABEL_FIELD, .text = "its-frame"};
    case SLOT_BACK:
        return (Label){.kind = LABEL_FIELD, .text = "f_back"};
    case SLOT_TRACE:
        return (Label){.kind = LABEL_ATTRIBUTE, .text = "f_trace"};
    case SLOT_HANDLED: /* of a thread there is no object whose field it could be */
        return slot->thread != NULL
                   ? (Label){.kind = LABEL_OWN, .text = "the exception being handled"}
                   : (Label){.kind = LABEL_FIELD, .text = "its-handled-exception"};
    }
    Py_UNREACHABLE();
}

static bool
read_slot(void *arg, const FrameSlot *slot)
{
    return emit(arg, slot->target, referents_slot_label(slot));
}

static bool
read_frame(EdgeSink *sink, PyObject *op)
{
    return interp_frame_slots_of(op, read_slot, sink);
}

/* ------------------------------------------------------------------- instances */

static bool
read_inline(void *arg, PyObject *name, PyObject *value)
{
    return emit(arg, value, (Label){.kind = LABEL_ATTRIBUTE, .name = name});
}

static bool
read_instance(EdgeSink *sink, PyObject *op)
{
    return interp_inline_attributes(op, read_inline, sink) ||
           emit(sink, interp_instance_dict(op), (Label){.kind = LABEL_DICT});
}

static bool
read_by_struct(EdgeSink *sink, PyObject *op, PyObject *before)
{
    PyTypeObject *type = Py_TYPE(op);
    if (PyTuple_Check(op)) {
        return is_closure_of(op, before) ? read_closure(sink, op, before) : read_tuple(sink, op);
    }
    return PyList_Check(op)                          ? read_list(sink, op)
           : PyDict_Check(op) || is_frozendict(type) ? read_dict(sink, op)
           : PyAnySet_Check(op)                      ? read_set(sink, op)
           : type == &PyCell_Type                    ? read_cell(sink, op)
           : type == &PyFunction_Type                ? read_function(sink, op)
           : type == &PyMethod_Type                  ? read_method(sink, op)
           : PyCFunction_Check(op)                   ? read_builtin(sink, op)
           : PyCode_Check(op)                        ? read_code(sink, op)
           : PyWeakref_Check(op)                     ? read_weakref(sink, op)
           : PyType_Check(op)                        ? read_class(sink, op)
           : PyExceptionInstance_Check(op)           ? read_exception(sink, op)
           : type == &PyTraceBack_Type               ? read_traceback(sink, op)
                                                     : read_frame(sink, op);
}

void
referents_visit(PyObject *op, PyObject *before, LabelFunc visit, void *arg)
{
    EdgeSink sink = {visit, arg, Py_TYPE(op)};
    (void)(read_by_struct(&sink, op, before) || read_instance(&sink, op) ||
           private_types_read(&sink, op) ||
           emit_field(&sink, (PyObject *)Py_TYPE(op), "__class__"));
}
