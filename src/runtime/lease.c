#include "runtime/lease.h"

enum { LEASE_ALLOCATIONS = 100000, LOWEST_COUNT = -(1 << 30) };

typedef struct {
    PyObject_HEAD
    int *count; /* borrowed: of generation 0; NULL when it has ended */
    int before;
} LeaseObject;

static PyObject *
lease_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *module = PyType_GetModule(type);
    if (module == NULL || !PyArg_ParseTupleAndKeywords(args, kwargs, ":Lease", (char *[]){NULL})) {
        return NULL;
    }
    LeaseObject *self = PyObject_New(LeaseObject, type);
    if (self == NULL) {
        return NULL;
    }
    Generation *generations = state_of_module(module)->generations;
    self->count = NULL;
    if (generations != NULL && generations[0].count > LOWEST_COUNT) {
        self->count = &generations[0].count;
        self->before = *self->count;
        *self->count -= LEASE_ALLOCATIONS;
    }
    return (PyObject *)self;
}

/* A count that is not below 0 is that after a collection. */
static void
lease_stop(LeaseObject *self)
{
    if (self->count != NULL && *self->count < 0) {
        *self->count = self->before;
    }
    self->count = NULL;
}

static PyObject *
lease_enter(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return Py_NewRef(op);
}

static PyObject *
lease_exit(PyObject *op, PyObject *const *Py_UNUSED(args), Py_ssize_t Py_UNUSED(nargs))
{
    lease_stop((LeaseObject *)op);
    Py_RETURN_NONE;
}

static void
lease_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    lease_stop((LeaseObject *)op);
    PyObject_Free(op);
    Py_DECREF(type);
}

PyDoc_STRVAR(lease_doc,
             "Lease()\n--\n\n"
             "No automatic collection for 100,000 allocations, or until it is let go of; "
             "collection stays enabled.");

static PyMethodDef lease_methods[] = {
    {"__enter__", lease_enter, METH_NOARGS, PyDoc_STR("__enter__($self, /)\n--\n\nThe lease.")},
    {"__exit__", (PyCFunction)(void (*)(void))lease_exit, METH_FASTCALL,
     PyDoc_STR("__exit__($self, *error)\n--\n\nEnd it.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot lease_slots[] = {
    {Py_tp_doc, (void *)lease_doc},
    {Py_tp_new, lease_new},
    {Py_tp_dealloc, lease_dealloc},
    {Py_tp_methods, lease_methods},
    {0, NULL},
};

static PyType_Spec lease_spec = {
    .name = "gcscope._core.Lease",
    .basicsize = sizeof(LeaseObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = lease_slots,
};

int
lease_setup(PyObject *module)
{
    return state_add_type(module, &lease_spec);
}
