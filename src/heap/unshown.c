#include "heap/unshown.h"

#include "heap/interp.h"
#include "heap/sizes.h"

static void
visit_class(PyObject *op, visitproc visit, void *arg)
{
    PyHeapTypeObject *type = (PyHeapTypeObject *)op;
    if (PyType_HasFeature((PyTypeObject *)op, Py_TPFLAGS_HEAPTYPE)) {
        unshown_visit_if_any(type->ht_name, visit, arg);
        unshown_visit_if_any(type->ht_qualname, visit, arg);
        unshown_visit_if_any(type->ht_slots, visit, arg);
        interp_visit_class_names((PyTypeObject *)op, visit, arg);
    }
}

static void
visit_code(PyObject *op, visitproc visit, void *arg)
{
    PyCodeObject *code = (PyCodeObject *)op;
    PyObject *const parts[] = {
        GCSCOPE_FREE_THREADED ? NULL : code->co_consts, /* where it is tracked, it shows them */
        code->co_names,
        code->co_exceptiontable,
        code->co_localsplusnames,
        code->co_localspluskinds,
        code->co_filename,
        code->co_name,
        code->co_qualname,
        code->co_linetable,
    };
    for (size_t p = 0; p < Py_ARRAY_LENGTH(parts); p++) {
        unshown_visit_if_any(parts[p], visit, arg);
    }
}

static int
is_it(PyObject *target, void *wanted)
{
    return target == wanted; /* stop */
}

/* The buffer is the first word of its struct, a bytes object; some versions show it. */
static void
visit_bytes_io(PyObject *op, visitproc visit, void *arg)
{
    enum { BUFFER = 2 };
    PyObject *buffer = ((PyObject **)(void *)op)[BUFFER];
    if (buffer != NULL && PyBytes_CheckExact(buffer) &&
        Py_TYPE(op)->tp_traverse(op, is_it, buffer) == 0) {
        (void)visit(buffer, arg);
    }
}

static void
visit_by_name(PyObject *op, visitproc visit, void *arg)
{
    SizesArray array;
    const char *name = Py_TYPE(op)->tp_name;
    if (strcmp(name, "_io.BytesIO") == 0) {
        visit_bytes_io(op, visit, arg);
    }
    else if (strcmp(name, "numpy.ndarray") == 0 && sizes_array(op, &array)) {
        unshown_visit_if_any(array.base, visit, arg);
    }
}

void
unshown_visit(PyObject *op, visitproc visit, void *arg)
{
    const unsigned long plain = Py_TPFLAGS_LIST_SUBCLASS | Py_TPFLAGS_TUPLE_SUBCLASS |
                                Py_TPFLAGS_LONG_SUBCLASS | Py_TPFLAGS_UNICODE_SUBCLASS |
                                Py_TPFLAGS_BYTES_SUBCLASS | Py_TPFLAGS_BASE_EXC_SUBCLASS;
    PyTypeObject *type = Py_TYPE(op);
    if ((type->tp_flags & plain) != 0) {
        return;
    }
    if (PyDict_Check(op) || is_frozendict(type)) {
        interp_visit_names(op, visit, arg);
    }
    else if (PyType_Check(op)) {
        visit_class(op, visit, arg);
    }
    else if (PyCode_Check(op)) {
        visit_code(op, visit, arg);
    }
    else {
        visit_by_name(op, visit, arg);
    }
}

void
unshown_visit_items(PyObject *op, visitproc visit, void *arg)
{
    SizesArray array;
    if (!PyType_IS_GC(Py_TYPE(op)) && sizes_array(op, &array)) {
        for (size_t i = 0; i < array.count; i++) {
            unshown_visit_if_any(array.items[i], visit, arg);
        }
    }
}
