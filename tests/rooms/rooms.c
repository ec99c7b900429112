/* rooms: the C rooms that know no Python, and types that misbehave on purpose, within reach of the tests. */

#include "addrmap.h"
#include "collector.h"
#include "graph.h"

/* ------------------------------------------------------------------ the rooms */

/* addrmap(addresses, questions, fail_after): insert all, number them, answer each question with an id or None.
   (which were new, addresses by id, answers, bytes left at the end), or MemoryError. */
static PyObject *
rooms_addrmap(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *given, *questions;
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!O!L", &PyList_Type, &given, &PyList_Type, &questions, &fail_after)) {
        return NULL;
    }
    Memory memory;
    AddrMap map;
    memory_init(&memory);
    memory.fail_after = fail_after;
    PyObject *fresh = PyList_New(0), *by_id = PyList_New(0), *answers = PyList_New(0);
    int error = addrmap_init(&map, &memory);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(given) && error >= 0; i++) {
        error = addrmap_insert(&map, PyLong_AsVoidPtr(PyList_GET_ITEM(given, i)));
        PyList_Append(fresh, error == 1 ? Py_True : Py_False);
    }
    void **addresses = PyMem_Calloc(map.count + 1, sizeof(void *));
    if (error >= 0) {
        addrmap_number(&map, addresses);
    }
    for (size_t i = 0; i < map.count && error >= 0; i++) {
        PyObject *address = PyLong_FromVoidPtr(addresses[i]);
        PyList_Append(by_id, address);
        Py_XDECREF(address);
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(questions) && error >= 0; i++) {
        NodeId id;
        bool found = addrmap_find(&map, PyLong_AsVoidPtr(PyList_GET_ITEM(questions, i)), &id);
        PyObject *answer = found ? PyLong_FromUnsignedLong(id) : Py_NewRef(Py_None);
        PyList_Append(answers, answer);
        Py_XDECREF(answer);
    }
    PyMem_Free(addresses);
    addrmap_fini(&map);
    addrmap_fini(&map); /* twice is allowed */
    PyObject *result = Py_BuildValue("(NNNn)", fresh, by_id, answers, (Py_ssize_t)memory.used);
    if (error < 0) {
        Py_XDECREF(result);
        return PyErr_Format(PyExc_MemoryError, "%zu bytes left", memory.used);
    }
    return result;
}

/* vec(count, fail_after): push 0 .. count - 1 and sum them up. (sum, capacity, bytes left, peak) */
static PyObject *
rooms_vec(PyObject *Py_UNUSED(module), PyObject *args)
{
    unsigned long long count, sum = 0;
    long long fail_after;
    if (!PyArg_ParseTuple(args, "KL", &count, &fail_after)) {
        return NULL;
    }
    VEC(uint64_t) vec = {0};
    Memory memory;
    memory_init(&memory);
    memory.fail_after = fail_after;
    int error = 0;
    for (unsigned long long i = 0; i < count && error == 0; i++) {
        error = vec_push(&memory, &vec, i);
    }
    for (size_t i = 0; i < vec.length; i++) {
        sum += vec.items[i];
    }
    size_t length = vec.length, capacity = vec.capacity;
    vec_fini(&memory, &vec);
    vec_fini(&memory, &vec);
    return Py_BuildValue("(inKnnn)", error, (Py_ssize_t)length, sum, (Py_ssize_t)capacity, (Py_ssize_t)memory.used,
                         (Py_ssize_t)memory.peak);
}

/* vec_overflow(): ask for more than can be addressed; -1 each time, without a crash. */
static PyObject *
rooms_vec_overflow(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    VEC(uint64_t) vec = {0};
    Memory memory;
    memory_init(&memory);
    int most = vec_reserve(&memory, &vec, SIZE_MAX), half = vec_reserve(&memory, &vec, SIZE_MAX / 2);
    int one = vec_push(&memory, &vec, 1), again = vec_reserve(&memory, &vec, SIZE_MAX - 1);
    size_t length = vec.length;
    vec_fini(&memory, &vec);
    return Py_BuildValue("(iiiin)", most, half, one, again, (Py_ssize_t)length);
}

/* collector(rows, refcounts, unowned, fail_after): the dry run on a graph given as lists of targets.
   ([gc_refs], [reachable], unreachable, over-visited), or MemoryError. */
static PyObject *
rooms_collector(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *rows, *refcounts, *unowned;
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!O!O!L", &PyList_Type, &rows, &PyList_Type, &refcounts, &PyList_Type, &unowned,
                          &fail_after)) {
        return NULL;
    }
    Memory memory;
    Graph graph;
    Collector collector = {0};
    VEC(int32_t) counts = {0};
    VEC(NodeId) free_edges = {0};
    memory_init(&memory);
    memory.fail_after = fail_after;
    Py_ssize_t n = PyList_GET_SIZE(rows);
    int error = graph_init(&graph, &memory, (size_t)n);
    for (Py_ssize_t i = 0; i < n && error == 0; i++) {
        PyObject *row = PyList_GET_ITEM(rows, i);
        error = graph_reserve(&graph, (size_t)PyList_GET_SIZE(row));
        for (Py_ssize_t j = 0; j < PyList_GET_SIZE(row) && error == 0; j++) {
            graph_add_reserved(&graph, (NodeId)PyLong_AsUnsignedLong(PyList_GET_ITEM(row, j)));
        }
        graph_close_row(&graph);
        error = error == 0 ? vec_push(&memory, &counts, (int32_t)PyLong_AsLong(PyList_GET_ITEM(refcounts, i))) : error;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(unowned) && error == 0; i++) {
        error = vec_push(&memory, &free_edges, (NodeId)PyLong_AsUnsignedLong(PyList_GET_ITEM(unowned, i)));
    }
    bool sound = error == 0 && graph_is_sound(&graph);
    if (error == 0) {
        error = collector_run(&collector, &memory, &graph, counts.items, free_edges.items, free_edges.length);
    }
    PyObject *left = PyList_New(0), *reachable = PyList_New(0);
    for (Py_ssize_t i = 0; i < n && error == 0; i++) {
        PyObject *refs = PyLong_FromLong(collector.gc_refs.items[i]);
        PyList_Append(left, refs);
        Py_XDECREF(refs);
        PyList_Append(reachable, collector_is_reachable(&collector, (size_t)i) ? Py_True : Py_False);
    }
    size_t unreachable = collector.unreachable, over_visited = collector.over_visited;
    collector_fini(&collector);
    collector_fini(&collector);
    graph_fini(&graph);
    graph_fini(&graph);
    vec_fini(&memory, &counts);
    vec_fini(&memory, &free_edges);
    PyObject *answer = Py_BuildValue("(NNnniN)", left, reachable, (Py_ssize_t)unreachable, (Py_ssize_t)over_visited,
                                     sound, PyLong_FromSize_t(memory.used));
    if (error < 0) {
        Py_XDECREF(answer);
        PyErr_Format(PyExc_MemoryError, "%zu bytes left", memory.used);
        return NULL;
    }
    return answer;
}

/* ------------------------------------------------- types that misbehave on purpose */

typedef struct {
    PyObject_HEAD
    PyObject *held; /* owned */
    int shown;      /* how often tp_traverse shows it */
} LiarObject;

static int
liar_traverse(PyObject *op, visitproc visit, void *arg)
{
    LiarObject *self = (LiarObject *)op;
    Py_VISIT(Py_TYPE(op));
    for (int i = 0; i < self->shown; i++) {
        Py_VISIT(self->held);
    }
    return 0;
}

static int
liar_clear(PyObject *op)
{
    Py_CLEAR(((LiarObject *)op)->held);
    return 0;
}

static void
liar_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    liar_clear(op);
    type->tp_free(op);
    Py_DECREF(type);
}

static int
liar_init(PyObject *op, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    LiarObject *self = (LiarObject *)op;
    PyObject *held;
    if (!PyArg_ParseTuple(args, "Oi", &held, &self->shown)) {
        return -1;
    }
    Py_XSETREF(self->held, Py_NewRef(held));
    return 0;
}

static PyType_Slot liar_slots[] = {
    {Py_tp_doc, "Liar(held, shown): holds one reference and shows it `shown` times."},
    {Py_tp_traverse, liar_traverse},
    {Py_tp_clear, liar_clear},
    {Py_tp_dealloc, liar_dealloc},
    {Py_tp_init, liar_init},
    {Py_tp_new, PyType_GenericNew},
    {0, NULL},
};

static PyType_Spec liar_spec = {
    .name = "rooms.Liar",
    .basicsize = sizeof(LiarObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = liar_slots,
};

/* Holds a reference and has no tp_clear: its rings cannot be broken. */
static PyType_Slot stubborn_slots[] = {
    {Py_tp_doc, "Stubborn(held, shown): as Liar, without a tp_clear."},
    {Py_tp_traverse, liar_traverse},
    {Py_tp_dealloc, liar_dealloc},
    {Py_tp_init, liar_init},
    {Py_tp_new, PyType_GenericNew},
    {0, NULL},
};

static PyType_Spec stubborn_spec = {
    .name = "rooms.Stubborn",
    .basicsize = sizeof(LiarObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = stubborn_slots,
};

/* Has items in the eyes of its type and no ob_size: a size that is told must not be nonsense, nor a crash. */
static PyType_Spec sizeless_spec = {
    .name = "rooms.Sizeless",
    .basicsize = sizeof(LiarObject),
    .itemsize = 8,
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = liar_slots,
};

static PyObject *
rooms_tp_clear(PyObject *Py_UNUSED(module), PyObject *op)
{
    return PyLong_FromLong(Py_TYPE(op)->tp_clear(op));
}

static PyMethodDef rooms_methods[] = {
    {"addrmap", rooms_addrmap, METH_VARARGS, NULL},
    {"vec", rooms_vec, METH_VARARGS, NULL},
    {"vec_overflow", rooms_vec_overflow, METH_NOARGS, NULL},
    {"collector", rooms_collector, METH_VARARGS, NULL},
    {"tp_clear", rooms_tp_clear, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static int
rooms_exec(PyObject *module)
{
    PyType_Spec *specs[] = {&liar_spec, &stubborn_spec, &sizeless_spec};
    for (size_t i = 0; i < 3; i++) {
        PyObject *type = PyType_FromModuleAndSpec(module, specs[i], NULL);
        if (type == NULL || PyModule_AddType(module, (PyTypeObject *)type) < 0) {
            return -1;
        }
        Py_DECREF(type);
    }
    return 0;
}

static PyModuleDef_Slot rooms_slots[] = {
    {Py_mod_exec, rooms_exec},
    {0, NULL},
};

static PyModuleDef rooms_module = {PyModuleDef_HEAD_INIT, .m_name = "rooms", .m_size = 0, .m_methods = rooms_methods,
                                   .m_slots = rooms_slots};

PyMODINIT_FUNC
PyInit_rooms(void)
{
    return PyModuleDef_Init(&rooms_module);
}
