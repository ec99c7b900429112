/* rooms: the C rooms that know no Python, and types that misbehave on purpose, within reach of the
   tests. */

#include "base/index.h"
#include "heap/addrmap.h"
#include "heap/collector.h"
#include "graph/dominators.h"
#include "graph/cascade.h"
#include "graph/graph.h"
#include "graph/acyclic.h"
#include "graph/bfs.h"
#include "graph/refine.h"
#include "graph/rings.h"
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

/* Make a set of the nodes in a list, and point *rule to it; None, or nothing, is no rule. 0 or
   -1. */
static int
rule_from(Bfs *bfs, NodeSet *set, const NodeSet **rule, PyObject *nodes)
{
    *rule = NULL;
    if (nodes == NULL || nodes == Py_None) {
        return 0;
    }
    if (nodeset_init(set, bfs->memory, bfs->graph->nodes) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(nodes); i++) {
        nodeset_add(set, (NodeId)PyLong_AsUnsignedLong(PyList_GET_ITEM(nodes, i)));
    }
    *rule = set;
    return 0;
}

/* Every edge from one of some nodes to another. 0 or -1. */
static int
late_from_lists(Bfs *bfs, Index *late, PyObject *from, PyObject *to)
{
    for (Py_ssize_t f = 0; from != NULL && f < PyList_GET_SIZE(from); f++) {
        for (Py_ssize_t t = 0; t < PyList_GET_SIZE(to); t++) {
            uint64_t key = bfs_edge_key((NodeId)PyLong_AsUnsignedLong(PyList_GET_ITEM(from, f)),
                                        (NodeId)PyLong_AsUnsignedLong(PyList_GET_ITEM(to, t)));
            if (index_enter(late, bfs->memory, key) == INDEX_NONE) {
                return -1;
            }
        }
    }
    return 0;
}

/* One question: (roots, target, excluded nodes or None), and lists for the other rules: nodes from
   which no way goes on to the target, and from which and to which edges are late. */
static int
answer_way(Bfs *bfs, PyObject *question, PyObject *ways)
{
    PyObject *given, *rules[4] = {NULL};
    unsigned target;
    if (!PyArg_ParseTuple(question, "O!IO|OOO", &PyList_Type, &given, &target, &rules[0], &rules[1],
                          &rules[2], &rules[3])) {
        return -1;
    }
    Path roots = {0}, way = {0};
    NodeSet sets[3] = {{0}};
    Index late = {0};
    const NodeSet **places[] = {&bfs->rules.excluded, &bfs->rules.not_last, &bfs->rules.late_from};
    int error = nodes_from_list(bfs->memory, &roots, given);
    error = error == 0 ? late_from_lists(bfs, &late, rules[2], rules[3]) : error;
    bfs->rules.late = &late;
    for (int i = 0; i < 3 && error == 0; i++) {
        error = rule_from(bfs, &sets[i], places[i], rules[i]);
    }
    if (error == 0) {
        error = bfs_from_roots(bfs, roots.items, roots.length, target, &way);
    }
    if (error >= 0) {
        append_new(ways, error == 1 ? list_from_nodes(way.items, way.length) : Py_NewRef(Py_None));
    }
    vec_fini(bfs->memory, &roots);
    vec_fini(bfs->memory, &way);
    for (int i = 0; i < 3; i++) {
        nodeset_fini(&sets[i]);
    }
    index_fini(&late, bfs->memory);
    bfs->rules = (BfsRules){0};
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

typedef VEC(uint64_t) Words;

/* Append the numbers of a list. 0 or -1. */
static int
words_from_list(Memory *memory, Words *words, PyObject *list)
{
    int error = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list) && error == 0; i++) {
        error = vec_push(memory, words, PyLong_AsUnsignedLongLong(PyList_GET_ITEM(list, i)));
    }
    return error;
}

static PyObject *
list_from_words(const uint64_t *words, size_t count)
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; i < count; i++) {
        PyList_SET_ITEM(list, (Py_ssize_t)i, PyLong_FromUnsignedLongLong(words[i]));
    }
    return list;
}

/* A graph whose edges have kinds, and its components. */
typedef struct {
    Memory memory;
    Graph graph;
    Path component, kinds;
    Words hashes; /* kind -> hash */
    Path members; /* of the component that is asked for */
} KindGraph;

/* 0 or -1. */
static int
kind_graph_read(KindGraph *given, PyObject *rows, PyObject *component, PyObject *kinds,
                PyObject *hashes)
{
    Memory *memory = &given->memory;
    return graph_from_rows(&given->graph, memory, rows) < 0 ||
                   nodes_from_list(memory, &given->component, component) < 0 ||
                   nodes_from_list(memory, &given->kinds, kinds) < 0 ||
                   words_from_list(memory, &given->hashes, hashes) < 0
               ? -1
               : 0;
}

/* Into given->members. 0 or -1. */
static int
kind_graph_enter(KindGraph *given, PyObject *group)
{
    given->members.length = 0;
    return nodes_from_list(&given->memory, &given->members, group);
}

static void
kind_graph_fini(KindGraph *given)
{
    graph_fini(&given->graph);
    vec_fini(&given->memory, &given->component);
    vec_fini(&given->memory, &given->kinds);
    vec_fini(&given->memory, &given->hashes);
    vec_fini(&given->memory, &given->members);
}

typedef struct {
    const Rings *rings;
    PyObject *found;
} FoundRings;

/* Append (length, nodes, edges). */
static int
append_ring(void *arg, size_t length)
{
    FoundRings *found = arg;
    const Rings *rings = found->rings;
    append_new(found->found,
               Py_BuildValue("(nNN)", (Py_ssize_t)length,
                             list_from_nodes(rings->ring.items, rings->ring.length),
                             list_from_nodes(rings->edges.items, rings->edges.length)));
    return 0;
}

/* Search from each shown member of a component, the first search without a budget. Append (start,
   what came of it, rings). 0 or -1. */
static int
search_rings(KindGraph *given, Rings *rings, unsigned long long budget, PyObject *answers)
{
    int error = rings_begin(rings, given->members.items, given->members.length);
    for (size_t m = 0; m < given->members.length && error >= 0; m++) {
        NodeId start = given->members.items[m];
        FoundRings found = {rings, PyList_New(0)};
        if (nodeset_has(rings->shown, start)) {
            uint64_t last_step =
                rings->steps + budget < budget ? UINT64_MAX : rings->steps + budget;
            error = rings_through(rings, start, last_step, append_ring, &found);
            append_new(answers, Py_BuildValue("(IiO)", start, error, found.found));
        }
        Py_DECREF(found.found);
    }
    return error < 0 ? -1 : 0;
}

/* rings(rows, component, groups, shown, kinds, hashes, budget, fail_after): ([[(start, 1 or 0,
   [(length, nodes, edges)])] for each group], edges looked at). */
static PyObject *
rooms_rings(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *rows, *component, *groups, *shown_list, *kinds, *hashes, *answers = PyList_New(0);
    unsigned long long budget;
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!O!O!O!O!O!KL", &PyList_Type, &rows, &PyList_Type, &component,
                          &PyList_Type, &groups, &PyList_Type, &shown_list, &PyList_Type, &kinds,
                          &PyList_Type, &hashes, &budget, &fail_after)) {
        return NULL;
    }
    KindGraph given = {.memory = memory_that_fails(fail_after)};
    Rings rings = {.memory = &given.memory};
    NodeSet shown = {0};
    int error = kind_graph_read(&given, rows, component, kinds, hashes);
    error = error == 0 ? nodeset_init(&shown, &given.memory, given.graph.nodes) : error;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(shown_list) && error == 0; i++) {
        nodeset_add(&shown, (NodeId)PyLong_AsUnsignedLong(PyList_GET_ITEM(shown_list, i)));
    }
    rings.graph = &given.graph;
    rings.component = given.component.items;
    rings.shown = &shown;
    rings.kinds = given.kinds.items;
    rings.hashes = given.hashes.items;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(groups) && error == 0; i++) {
        PyObject *of_group = PyList_New(0);
        error = kind_graph_enter(&given, PyList_GET_ITEM(groups, i));
        error = error == 0 ? search_rings(&given, &rings, budget, of_group) : error;
        append_new(answers, of_group);
    }
    PyObject *answer = Py_BuildValue("(NK)", answers, (unsigned long long)rings.steps);
    rings_fini(&rings);
    rings_fini(&rings);
    nodeset_fini(&shown);
    kind_graph_fini(&given);
    return finish(&given.memory, error, answer);
}

/* simple_rings(rows, component, groups, fail_after): for each group the ring that it is, or
   None. */
static PyObject *
rooms_simple_rings(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *rows, *component, *groups, *answers = PyList_New(0);
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!O!O!L", &PyList_Type, &rows, &PyList_Type, &component,
                          &PyList_Type, &groups, &fail_after)) {
        return NULL;
    }
    KindGraph given = {.memory = memory_that_fails(fail_after)};
    Path ring = {0};
    int error = graph_from_rows(&given.graph, &given.memory, rows);
    error = error == 0 ? nodes_from_list(&given.memory, &given.component, component) : error;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(groups) && error >= 0; i++) {
        error = kind_graph_enter(&given, PyList_GET_ITEM(groups, i));
        error = error == 0 ? rings_follow_simple(&given.memory, &given.graph, given.component.items,
                                                 given.members.items, given.members.length, &ring)
                           : error;
        append_new(answers,
                   error == 1 ? list_from_nodes(ring.items, ring.length) : Py_NewRef(Py_None));
    }
    vec_fini(&given.memory, &ring);
    kind_graph_fini(&given);
    return finish(&given.memory, error < 0 ? -1 : 0, answers);
}

/* refine(rows, component, groups, colours, kinds, hashes, fail_after): the colours, those of the
   groups refined. */
static PyObject *
rooms_refine(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *rows, *component, *groups, *colour_list, *kinds, *hashes, *answer = NULL;
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!O!O!O!O!O!L", &PyList_Type, &rows, &PyList_Type, &component,
                          &PyList_Type, &groups, &PyList_Type, &colour_list, &PyList_Type, &kinds,
                          &PyList_Type, &hashes, &fail_after)) {
        return NULL;
    }
    KindGraph given = {.memory = memory_that_fails(fail_after)};
    Words colours = {0}, sums = {0};
    int error = kind_graph_read(&given, rows, component, kinds, hashes);
    error = error == 0 ? words_from_list(&given.memory, &colours, colour_list) : error;
    error = error == 0 ? vec_reserve(&given.memory, &sums, given.graph.nodes) : error;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(groups) && error == 0; i++) {
        error = kind_graph_enter(&given, PyList_GET_ITEM(groups, i));
        if (error == 0) {
            refine_colours(colours.items, sums.items, &given.graph, given.component.items,
                           given.members.items, given.members.length, given.kinds.items,
                           given.hashes.items);
        }
    }
    answer = list_from_words(colours.items, colours.length);
    vec_fini(&given.memory, &colours);
    vec_fini(&given.memory, &sums);
    kind_graph_fini(&given);
    return finish(&given.memory, error, answer);
}

/* acyclic(rows, component, groups, kinds, cut, fail_after): for each group whether it has no ring
   without the kinds that are cut, which are told by a bool a kind. */
static PyObject *
rooms_acyclic(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *rows, *component, *groups, *kinds, *cut, *answers = PyList_New(0);
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!O!O!O!O!L", &PyList_Type, &rows, &PyList_Type, &component,
                          &PyList_Type, &groups, &PyList_Type, &kinds, &PyList_Type, &cut,
                          &fail_after)) {
        return NULL;
    }
    KindGraph given = {.memory = memory_that_fails(fail_after)};
    VEC(bool) is_cut = {0};
    Words incoming = {0};
    Path order = {0};
    PyObject *no_hashes = PyList_New(0);
    int error = kind_graph_read(&given, rows, component, kinds, no_hashes);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(cut) && error == 0; i++) {
        error = vec_push(&given.memory, &is_cut, PyList_GET_ITEM(cut, i) == Py_True);
    }
    error = error == 0 ? vec_reserve(&given.memory, &incoming, given.graph.nodes) : error;
    error = error == 0 ? vec_reserve(&given.memory, &order, given.graph.nodes) : error;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(groups) && error == 0; i++) {
        error = kind_graph_enter(&given, PyList_GET_ITEM(groups, i));
        append_new(answers,
                   PyBool_FromLong(error == 0 &&
                                   acyclic_without(&given.graph, given.component.items,
                                                   given.members.items, given.members.length,
                                                   given.kinds.items, is_cut.items, incoming.items,
                                                   order.items)));
    }
    Py_DECREF(no_hashes);
    vec_fini(&given.memory, &is_cut);
    vec_fini(&given.memory, &incoming);
    vec_fini(&given.memory, &order);
    kind_graph_fini(&given);
    return finish(&given.memory, error, answers);
}

/* Enter keys, and find others. 0 or -1. */
static int
ask_index(Index *index, Memory *memory, PyObject *question, PyObject *answers)
{
    PyObject *keys, *asked, *numbers = PyList_New(0), *found = PyList_New(0);
    int error = PyArg_ParseTuple(question, "O!O!", &PyList_Type, &keys, &PyList_Type, &asked) - 1;
    for (Py_ssize_t i = 0; error == 0 && i < PyList_GET_SIZE(keys); i++) {
        uint64_t key = PyLong_AsUnsignedLongLong(PyList_GET_ITEM(keys, i));
        uint32_t number = index_enter(index, memory, key);
        error = number == INDEX_NONE ? -1 : 0;
        append_new(numbers, PyLong_FromUnsignedLong(number));
    }
    for (Py_ssize_t i = 0; error == 0 && i < PyList_GET_SIZE(asked); i++) {
        uint32_t number = index_find(index, PyLong_AsUnsignedLongLong(PyList_GET_ITEM(asked, i)));
        append_new(found,
                   number == INDEX_NONE ? Py_NewRef(Py_None) : PyLong_FromUnsignedLong(number));
    }
    append_new(answers, Py_BuildValue("(NN)", numbers, found));
    return error;
}

/* index(questions, fail_after): for each (keys to enter, keys to find) their numbers; it is cleared
   after each. */
static PyObject *
rooms_index(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *questions, *answers = PyList_New(0);
    long long fail_after;
    if (!PyArg_ParseTuple(args, "O!L", &PyList_Type, &questions, &fail_after)) {
        return NULL;
    }
    Memory memory = memory_that_fails(fail_after);
    Index index = {0};
    int error = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(questions) && error == 0; i++) {
        error = ask_index(&index, &memory, PyList_GET_ITEM(questions, i), answers);
        index_clear(&index);
    }
    index_fini(&index, &memory);
    index_fini(&index, &memory);
    return finish(&memory, error, answers);
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
    {"simple_rings", rooms_simple_rings, METH_VARARGS, NULL},
    {"refine", rooms_refine, METH_VARARGS, NULL},
    {"acyclic", rooms_acyclic, METH_VARARGS, NULL},
    {"index", rooms_index, METH_VARARGS, NULL},
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
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef rooms_module = {PyModuleDef_HEAD_INIT, .m_name = "rooms", .m_size = 0,
                                   .m_methods = rooms_methods, .m_slots = rooms_slots};

PyMODINIT_FUNC
PyInit_rooms(void)
{
    return PyModuleDef_Init(&rooms_module);
}
