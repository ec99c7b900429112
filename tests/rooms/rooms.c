/* rooms: the C rooms that know no Python, and types that misbehave on purpose, within reach of the
   tests. */

#include "heap/addrmap.h"
#include "heap/collector.h"
#include "graph/dominators.h"
#include "graph/cascade.h"
#include "graph/graph.h"
#include "graph/bfs.h"
#include "graph/scc.h"
#include "graph/nodeset.h"

/* ------------------------------------------------------------------ the rooms */

/* addrmap(addresses, questions, fail_after): insert all, number them, answer each question with an
   id or None. (which were new, addresses by id, answers, bytes left at the end), or MemoryError. */
static PyObject *
rooms_addrmap(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *given, *questions;
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!O!L", &PyList_Type, &given, &PyList_Type, &questions,
                          &fail_after)) {
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
    return Py_BuildValue("(inKnnn)", error, (Py_ssize_t)length, sum, (Py_ssize_t)capacity,
                         (Py_ssize_t)memory.used, (Py_ssize_t)memory.peak);
}

/* vec_overflow(): ask for more than can be addressed; -1 each time, without a crash. */
static PyObject *
rooms_vec_overflow(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    VEC(uint64_t) vec = {0};
    Memory memory;
    memory_init(&memory);
    int most = vec_reserve(&memory, &vec, SIZE_MAX),
        wraps = vec_reserve(&memory, &vec, SIZE_MAX / sizeof(uint64_t) + 2);
    int one = vec_push(&memory, &vec, 1), again = vec_reserve(&memory, &vec, SIZE_MAX - 1);
    size_t length = vec.length;
    vec_fini(&memory, &vec);
    return Py_BuildValue("(iiiin)", most, wraps, one, again, (Py_ssize_t)length);
}

/* collector(rows, refcounts, unowned, fail_after): the dry run on a graph given as lists of
   targets.
   ([gc_refs], [reachable], unreachable, over-visited), or MemoryError. */
static PyObject *
rooms_collector(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *rows, *refcounts, *unowned;
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!O!O!L", &PyList_Type, &rows, &PyList_Type, &refcounts,
                          &PyList_Type, &unowned, &fail_after)) {
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
        error = error == 0 ? vec_push(&memory, &counts,
                                      (int32_t)PyLong_AsLong(PyList_GET_ITEM(refcounts, i)))
                           : error;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(unowned) && error == 0; i++) {
        error = vec_push(&memory, &free_edges,
                         (NodeId)PyLong_AsUnsignedLong(PyList_GET_ITEM(unowned, i)));
    }
    bool sound = error == 0 && graph_is_sound(&graph);
    if (error == 0) {
        error = collector_run(&collector, &memory, &graph, counts.items, free_edges.items,
                              free_edges.length);
    }
    PyObject *left = PyList_New(0), *reachable = PyList_New(0);
    for (Py_ssize_t i = 0; i < n && error == 0; i++) {
        PyObject *refs = PyLong_FromLong(collector.gc_refs.items[i]);
        PyList_Append(left, refs);
        Py_XDECREF(refs);
        PyList_Append(reachable,
                      collector_is_reachable(&collector, (size_t)i) ? Py_True : Py_False);
    }
    size_t unreachable = collector.unreachable, over_visited = collector.over_visited;
    collector_fini(&collector);
    collector_fini(&collector);
    graph_fini(&graph);
    graph_fini(&graph);
    vec_fini(&memory, &counts);
    vec_fini(&memory, &free_edges);
    PyObject *answer =
        Py_BuildValue("(NNnniN)", left, reachable, (Py_ssize_t)unreachable,
                      (Py_ssize_t)over_visited, sound, PyLong_FromSize_t(memory.used));
    if (error < 0) {
        Py_XDECREF(answer);
        PyErr_Format(PyExc_MemoryError, "%zu bytes left", memory.used);
        return NULL;
    }
    return answer;
}

/* ------------------------------------------------------------ the graph algorithms */

/* Append the integers of a list. 0 or -1. */
static int
nodes_from_list(Memory *memory, Path *nodes, PyObject *list)
{
    int error = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list) && error == 0; i++) {
        error = vec_push(memory, nodes, (NodeId)PyLong_AsUnsignedLong(PyList_GET_ITEM(list, i)));
    }
    return error;
}

static PyObject *
list_from_nodes(const NodeId *nodes, size_t count)
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; i < count; i++) {
        PyList_SET_ITEM(list, (Py_ssize_t)i, PyLong_FromUnsignedLong(nodes[i]));
    }
    return list;
}

static void
append_new(PyObject *list, PyObject *item)
{
    PyList_Append(list, item);
    Py_XDECREF(item);
}

/* A graph given as a list of lists of targets. 0 or -1. */
static int
graph_from_rows(Graph *graph, Memory *memory, PyObject *rows)
{
    int error = graph_init(graph, memory, (size_t)PyList_GET_SIZE(rows));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(rows) && error == 0; i++) {
        PyObject *row = PyList_GET_ITEM(rows, i);
        error = graph_reserve(graph, (size_t)PyList_GET_SIZE(row));
        for (Py_ssize_t j = 0; j < PyList_GET_SIZE(row) && error == 0; j++) {
            graph_add_reserved(graph, (NodeId)PyLong_AsUnsignedLong(PyList_GET_ITEM(row, j)));
        }
        graph_close_row(graph);
    }
    return error;
}

static PyObject *
rows_from_graph(const Graph *graph)
{
    PyObject *rows = PyList_New(0);
    const uint32_t *offsets = graph->offsets.items;
    for (size_t n = 0; n < graph->nodes && graph->targets.items != NULL; n++) {
        append_new(rows,
                   list_from_nodes(graph->targets.items + offsets[n], offsets[n + 1] - offsets[n]));
    }
    for (size_t n = (size_t)PyList_GET_SIZE(rows); n < graph->nodes; n++) {
        append_new(rows, PyList_New(0));
    }
    return rows;
}

/* The answer; MemoryError when memory was exhausted; AssertionError when some of it was not given
   back. */
static PyObject *
finish(const Memory *memory, int error, PyObject *answer)
{
    if (error == 0 && memory->used == 0) {
        return answer;
    }
    Py_XDECREF(answer);
    return PyErr_Format(error < 0 ? PyExc_MemoryError : PyExc_AssertionError, "%zu bytes left",
                        memory->used);
}

static Memory
memory_that_fails(long long fail_after)
{
    Memory memory;
    memory_init(&memory);
    memory.fail_after = fail_after;
    return memory;
}

/* transpose(rows, fail_after): the graph turned round, as rows, and whether it is sound. */
static PyObject *
rooms_transpose(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *rows, *answer = NULL;
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!L", &PyList_Type, &rows, &fail_after)) {
        return NULL;
    }
    Memory memory = memory_that_fails(fail_after);
    Graph graph = {0}, transpose = {0};
    int error = graph_from_rows(&graph, &memory, rows);
    if (error == 0) {
        error = graph_transpose(&transpose, &memory, &graph);
    }
    if (error == 0) {
        answer = Py_BuildValue("(NN)", rows_from_graph(&transpose),
                               PyBool_FromLong(graph_is_sound(&transpose)));
    }
    graph_fini(&graph);
    graph_fini(&transpose);
    graph_fini(&transpose);
    return finish(&memory, error, answer);
}

/* subset(rows, members, fail_after): (members by number, the number of each given one, whether each
   node is one, rows of the induced graph). */
static PyObject *
rooms_subset(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *rows, *given, *answer = NULL;
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!O!L", &PyList_Type, &rows, &PyList_Type, &given, &fail_after)) {
        return NULL;
    }
    Memory memory = memory_that_fails(fail_after);
    Graph graph = {0}, induced = {0};
    NodeSet nodeset = {0};
    Path nodes = {0}, members = {0};
    int error = graph_from_rows(&graph, &memory, rows);
    error = error == 0 ? nodes_from_list(&memory, &nodes, given) : error;
    error = error == 0 ? nodeset_init(&nodeset, &memory, graph.nodes) : error;
    for (size_t i = 0; i < nodes.length && error == 0; i++) {
        nodeset_add(&nodeset, nodes.items[i]);
    }
    error = error == 0 ? nodeset_number(&nodeset) : error;
    error = error == 0 ? vec_reserve(&memory, &members, nodeset.count) : error;
    error = error == 0 ? nodeset_induce(&nodeset, &induced, &graph) : error;
    if (error == 0 && graph_is_sound(&induced)) {
        PyObject *ranks = PyList_New(0), *has = PyList_New(0);
        nodeset_members(&nodeset, members.items);
        for (size_t i = 0; i < nodes.length; i++) {
            append_new(ranks, PyLong_FromUnsignedLong(nodeset_rank(&nodeset, nodes.items[i])));
        }
        for (size_t n = 0; n < graph.nodes; n++) {
            append_new(has, PyBool_FromLong(nodeset_has(&nodeset, (NodeId)n)));
        }
        answer = Py_BuildValue("(NNNN)", list_from_nodes(members.items, nodeset.count), ranks, has,
                               rows_from_graph(&induced));
    }
    nodeset_fini(&nodeset);
    nodeset_fini(&nodeset);
    graph_fini(&graph);
    graph_fini(&induced);
    vec_fini(&memory, &nodes);
    vec_fini(&memory, &members);
    return finish(&memory, error, answer);
}

/* scc(rows, fail_after): (count, [component], [members of each cyclic one], peak of its memory in
   bytes). */
static PyObject *
rooms_scc(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *rows, *answer = NULL;
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!L", &PyList_Type, &rows, &fail_after)) {
        return NULL;
    }
    Memory memory = memory_that_fails(fail_after);
    Graph graph = {0};
    Scc scc = {0};
    int error = graph_from_rows(&graph, &memory, rows);
    size_t before = memory.used;
    memory.peak = before;
    error = error == 0 ? scc_run(&scc, &memory, &graph) : error;
    if (error == 0) {
        PyObject *groups = PyList_New(0);
        const uint32_t *starts = scc.starts.items;
        for (size_t c = 0; c < scc.cyclic; c++) {
            append_new(groups,
                       list_from_nodes(scc.members.items + starts[c], starts[c + 1] - starts[c]));
        }
        answer = Py_BuildValue("(nNNn)", (Py_ssize_t)scc.count,
                               list_from_nodes(scc.component.items, graph.nodes), groups,
                               (Py_ssize_t)(memory.peak - before));
    }
    scc_fini(&scc);
    scc_fini(&scc);
    graph_fini(&graph);
    return finish(&memory, error, answer);
}

/* One question: (roots, target, excluded nodes or None). */
static int
answer_way(Bfs *bfs, PyObject *question, PyObject *ways)
{
    PyObject *given, *shut;
    unsigned target;
    if (!PyArg_ParseTuple(question, "O!IO", &PyList_Type, &given, &target, &shut)) {
        return -1;
    }
    Path roots = {0}, way = {0};
    NodeSet excluded = {0};
    int error = nodes_from_list(bfs->memory, &roots, given);
    error = error == 0 ? nodeset_init(&excluded, bfs->memory, bfs->graph->nodes) : error;
    for (Py_ssize_t i = 0; shut != Py_None && i < PyList_GET_SIZE(shut) && error == 0; i++) {
        nodeset_add(&excluded, (NodeId)PyLong_AsUnsignedLong(PyList_GET_ITEM(shut, i)));
    }
    if (error == 0) {
        const NodeSet *shut_out = shut == Py_None ? NULL : &excluded;
        error = bfs_from_roots(bfs, roots.items, roots.length, target, shut_out, &way);
    }
    if (error >= 0) {
        append_new(ways, error == 1 ? list_from_nodes(way.items, way.length) : Py_NewRef(Py_None));
    }
    vec_fini(bfs->memory, &roots);
    vec_fini(bfs->memory, &way);
    nodeset_fini(&excluded);
    return error < 0 ? -1 : 0;
}

/* paths(rows, questions, search, fail_after): ([way or None], edges looked at). After the first
   question, go on as if `search` of them had been asked, unless it is 0. */
static PyObject *
rooms_paths(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *rows, *questions, *ways = PyList_New(0);
    unsigned search;
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!O!IL", &PyList_Type, &rows, &PyList_Type, &questions, &search,
                          &fail_after)) {
        return NULL;
    }
    Memory memory = memory_that_fails(fail_after);
    Graph graph = {0};
    Bfs bfs = {0};
    int error = graph_from_rows(&graph, &memory, rows);
    error = error == 0 ? bfs_init(&bfs, &memory, &graph) : error;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(questions) && error == 0; i++) {
        bfs.search = i == 1 && search != 0 ? search : bfs.search;
        error = answer_way(&bfs, PyList_GET_ITEM(questions, i), ways);
    }
    PyObject *answer = Py_BuildValue("(NK)", ways, (unsigned long long)bfs.steps);
    bfs_fini(&bfs);
    bfs_fini(&bfs);
    graph_fini(&graph);
    return finish(&memory, error, answer);
}

/* rings(rows, component, groups, budget, fail_after): ([(a shortest ring, whether exact)] for each
   group, edges looked at). */
static PyObject *
rooms_rings(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *rows, *component_list, *groups, *rings = PyList_New(0);
    unsigned long long budget;
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!O!O!KL", &PyList_Type, &rows, &PyList_Type, &component_list,
                          &PyList_Type, &groups, &budget, &fail_after)) {
        return NULL;
    }
    Memory memory = memory_that_fails(fail_after);
    Graph graph = {0};
    Bfs bfs = {0};
    Path component = {0}, members = {0}, ring = {0};
    int error = graph_from_rows(&graph, &memory, rows);
    error = error == 0 ? nodes_from_list(&memory, &component, component_list) : error;
    error = error == 0 ? bfs_init(&bfs, &memory, &graph) : error;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(groups) && error == 0; i++) {
        bool exact = false;
        members.length = 0;
        error = nodes_from_list(&memory, &members, PyList_GET_ITEM(groups, i));
        if (error == 0) {
            error = bfs_shortest_ring(&bfs, component.items, members.items, members.length, budget,
                                      &ring, &exact);
        }
        PyObject *nodes = list_from_nodes(ring.items, ring.length);
        append_new(rings, Py_BuildValue("(NN)", nodes, PyBool_FromLong(exact)));
    }
    PyObject *answer = Py_BuildValue("(NK)", rings, (unsigned long long)bfs.steps);
    bfs_fini(&bfs);
    graph_fini(&graph);
    vec_fini(&memory, &component);
    vec_fini(&memory, &members);
    vec_fini(&memory, &ring);
    return finish(&memory, error, answer);
}

static PyObject *
list_from_counts(const Cascade *cascade)
{
    PyObject *counts = PyList_New(0);
    for (size_t n = 0; n < cascade->counts.length; n++) {
        append_new(counts, PyLong_FromLong(cascade->counts.items[n]));
    }
    return counts;
}

/* Cut a list of (source, target), or free a list of nodes. 0 or -1. */
static int
answer_fall(Cascade *cascade, PyObject *list)
{
    Path nodes = {0};
    VEC(Edge) edges = {0};
    int error = 0;
    bool cut = PyList_GET_SIZE(list) != 0 && PyTuple_Check(PyList_GET_ITEM(list, 0));
    for (Py_ssize_t i = 0; cut && i < PyList_GET_SIZE(list) && error == 0; i++) {
        Edge edge = {0};
        if (!PyArg_ParseTuple(PyList_GET_ITEM(list, i), "II", &edge.source, &edge.target)) {
            return -1;
        }
        error = vec_push(cascade->memory, &edges, edge);
    }
    error = error == 0 && !cut ? nodes_from_list(cascade->memory, &nodes, list) : error;
    if (error == 0) {
        error = cut ? cascade_cut(cascade, edges.items, edges.length)
                    : cascade_free(cascade, nodes.items, nodes.length);
    }
    vec_fini(cascade->memory, &nodes);
    vec_fini(cascade->memory, &edges);
    return error;
}

/* fall(rows, unowned, questions, fail_after): (counts, [freed] for each list of edges to cut or of
   nodes to free, counts afterwards, references taken). */
static PyObject *
rooms_fall(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *rows, *unowned_list, *questions, *counts = NULL, *answer = NULL;
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!O!O!L", &PyList_Type, &rows, &PyList_Type, &unowned_list,
                          &PyList_Type, &questions, &fail_after)) {
        return NULL;
    }
    Memory memory = memory_that_fails(fail_after);
    Graph graph = {0};
    Cascade cascade = {0};
    Path unowned = {0};
    PyObject *freed = PyList_New(0);
    int error = graph_from_rows(&graph, &memory, rows);
    error = error == 0 ? nodes_from_list(&memory, &unowned, unowned_list) : error;
    error =
        error == 0 ? cascade_init(&cascade, &memory, &graph, unowned.items, unowned.length) : error;
    counts = list_from_counts(&cascade);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(questions) && error == 0; i++) {
        error = answer_fall(&cascade, PyList_GET_ITEM(questions, i));
        append_new(freed, list_from_nodes(cascade.freed.items, cascade.freed.length));
    }
    answer = Py_BuildValue("(NNNK)", counts, freed, list_from_counts(&cascade),
                           (unsigned long long)cascade.steps);
    cascade_fini(&cascade);
    cascade_fini(&cascade);
    graph_fini(&graph);
    vec_fini(&memory, &unowned);
    return finish(&memory, error, answer);
}

/* dominators(rows, roots, weights, fail_after): ([immediate dominator, -1 for the virtual root,
   None where not reachable], [reachable nodes in order], [sums of weights]). */
static PyObject *
rooms_dominators(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *rows, *root_list, *weight_list, *answer = NULL;
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!O!O!L", &PyList_Type, &rows, &PyList_Type, &root_list,
                          &PyList_Type, &weight_list, &fail_after)) {
        return NULL;
    }
    Memory memory = memory_that_fails(fail_after);
    Graph graph = {0};
    NodeSet roots = {0};
    Dominators dominators = {0};
    VEC(uint64_t) weights = {0};
    int error = graph_from_rows(&graph, &memory, rows);
    error = error == 0 ? nodeset_init(&roots, &memory, graph.nodes) : error;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(root_list) && error == 0; i++) {
        nodeset_add(&roots, (NodeId)PyLong_AsUnsignedLong(PyList_GET_ITEM(root_list, i)));
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(weight_list) && error == 0; i++) {
        error =
            vec_push(&memory, &weights, PyLong_AsUnsignedLongLong(PyList_GET_ITEM(weight_list, i)));
    }
    error = error == 0 ? dominators_run(&dominators, &memory, &graph, &roots) : error;
    if (error == 0) {
        PyObject *idoms = PyList_New(0), *sums = PyList_New(0);
        dominators_sum(&dominators, weights.items);
        for (size_t n = 0; n < graph.nodes; n++) {
            NodeId idom = dominators.idom.items[n];
            append_new(idoms, idom == DOMINATORS_NONE  ? Py_NewRef(Py_None)
                              : idom == DOMINATORS_TOP ? PyLong_FromLong(-1)
                                                       : PyLong_FromUnsignedLong(idom));
            append_new(sums, PyLong_FromUnsignedLongLong(weights.items[n]));
        }
        answer =
            Py_BuildValue("(NNN)", idoms,
                          list_from_nodes(dominators.order.items, dominators.order.length), sums);
    }
    dominators_fini(&dominators);
    dominators_fini(&dominators);
    nodeset_fini(&roots);
    graph_fini(&graph);
    vec_fini(&memory, &weights);
    return finish(&memory, error, answer);
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
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
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

/* Has items in the eyes of its type and no ob_size: a size that is told must not be nonsense, nor a
   crash. */
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
    {"transpose", rooms_transpose, METH_VARARGS, NULL},
    {"subset", rooms_subset, METH_VARARGS, NULL},
    {"scc", rooms_scc, METH_VARARGS, NULL},
    {"paths", rooms_paths, METH_VARARGS, NULL},
    {"rings", rooms_rings, METH_VARARGS, NULL},
    {"fall", rooms_fall, METH_VARARGS, NULL},
    {"dominators", rooms_dominators, METH_VARARGS, NULL},
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

static PyModuleDef rooms_module = {PyModuleDef_HEAD_INIT, .m_name = "rooms", .m_size = 0,
                                   .m_methods = rooms_methods, .m_slots = rooms_slots};

PyMODINIT_FUNC
PyInit_rooms(void)
{
    return PyModuleDef_Init(&rooms_module);
}
