/* growth_groups.c:

       find_parents      breadth-first over the whole graph
       shape_of          a number for the way up from a container
       decide            which containers of a shape are told, and whether together

   Where a parent is a container, which entry leads on is not asked for: it may have a million. But
   the __dict__ of an instance, class or module has the names of attributes, which are the shape. */

#include "query/growth_groups.h"

#include "base/hash.h"
#include "base/typename.h"
#include "heap/interp.h"
#include "heap/interp_tables.h"
#include "labels/edge_label.h"

/* Whether a dict has the subclasses of a class, which grows with them. */
static bool
has_subclasses(const AddrMap *of_classes, PyObject *op)
{
    return of_classes->count != 0 && addrmap_has(of_classes, op);
}

/* Enter the dicts in which classes have their subclasses. 0 or -1. */
static int
enter_subclasses(AddrMap *of_classes, const Scan *scan)
{
    for (size_t n = 0; n < scan->heap.count; n++) {
        PyObject *op = scan->heap.objects.items[n];
        if (PyType_Check(op) && ((PyTypeObject *)op)->tp_subclasses != NULL &&
            addrmap_insert(of_classes, ((PyTypeObject *)op)->tp_subclasses) < 0) {
            return -1;
        }
    }
    return 0;
}

int
candidates_find(Candidates *candidates, Memory *memory, const Scan *scan,
                const GrowthCensus *census)
{
    AddrMap of_classes = {0};
    int error = addrmap_init(&of_classes, memory) < 0 ? -1 : enter_subclasses(&of_classes, scan);
    for (size_t n = 0; n < scan->heap.count && error == 0; n++) {
        PyObject *op = scan->heap.objects.items[n];
        const Container *container = growth_census_find(census, op);
        Candidate candidate = {op, container, (NodeId)n, GROUP_NONE};
        if (container != NULL && !has_subclasses(&of_classes, op)) {
            error = vec_push(memory, candidates, candidate);
        }
    }
    addrmap_fini(&of_classes);
    return error;
}

/* ---------------------------------------------------------------------- parents */

#define NOWHERE NODE_LIMIT

typedef struct {
    Scan *scan;
    VEC(NodeId) parent; /* node -> whence it was reached; itself of a root; NOWHERE: not yet */
    NodeIds queue;
} Parents;

static void
meet(Parents *parents, NodeId node, NodeId parent)
{
    if (parents->parent.items[node] == NOWHERE) {
        parents->parent.items[node] = parent;
        vec_push_reserved(&parents->queue, node);
    }
}

static void
go_on(Parents *parents, size_t from)
{
    const Graph *graph = &parents->scan->heap.graph;
    for (size_t q = from; q < parents->queue.length; q++) {
        NodeId node = parents->queue.items[q];
        for (uint32_t e = graph->offsets.items[node]; e < graph->offsets.items[node + 1]; e++) {
            meet(parents, graph->targets.items[e], node);
        }
    }
}

/* 0 or -1. */
static int
find_parents(Parents *parents)
{
    Scan *scan = parents->scan;
    PyObject *key, *module, *modules = modules_dict();
    Py_ssize_t position = 0;
    size_t count = scan->heap.count;
    if (vec_reserve(&scan->memory, &parents->parent, count) < 0 ||
        vec_reserve(&scan->memory, &parents->queue, count) < 0) {
        return -1;
    }
    for (size_t n = 0; n < count; n++) {
        vec_push_reserved(&parents->parent, NOWHERE);
    }
    while (modules != NULL && PyDict_Next(modules, &position, &key, &module)) {
        NodeId node;
        if (addrmap_find(&scan->heap.map, module, &node)) {
            meet(parents, node, node);
        }
    }
    go_on(parents, 0);
    size_t reached = parents->queue.length;
    for (size_t n = 0; n < count; n++) {
        if (scan->collector.gc_refs.items[n] != 0) {
            meet(parents, (NodeId)n, (NodeId)n);
        }
    }
    go_on(parents, reached);
    return 0;
}

/* ------------------------------------------------------------------------ shapes */

/* Whether a dict has the attributes of `owner`. */
static bool
is_dict_of(PyObject *dict, PyObject *owner)
{
    return owner != NULL && PyDict_Check(dict) &&
           (PyType_Check(owner) ? ((PyTypeObject *)owner)->tp_dict == dict
                                : interp_instance_dict(owner) == dict);
}

/* Whether which of an object's references it is belongs to the shape. */
static bool
is_open_container(PyObject *op, PyObject *owner)
{
    return !is_dict_of(op, owner) && (PyTuple_CheckExact(op) || PyAnySet_CheckExact(op) ||
                                      growth_container_kind(Py_TYPE(op)) != NO_CONTAINER);
}

static bool
is_one_of_its_kind(PyObject *op)
{
    return PyModule_Check(op) || PyType_Check(op) || PyFunction_Check(op) || PyMethod_Check(op);
}

static uint64_t
shape_of(const Parents *parents, NodeId node)
{
    enum { MOST_HOPS = 16 };
    PyObject *const *objects = parents->scan->heap.objects.items;
    uint64_t shape = typename_hash(Py_TYPE(objects[node]));
    for (int hop = 0; hop < MOST_HOPS; hop++) {
        NodeId parent = parents->parent.items[node];
        if (parent == node || parent == NOWHERE || is_one_of_its_kind(objects[node])) {
            return hash_mix(shape, node);
        }
        NodeId above = parents->parent.items[parent];
        PyObject *op = objects[parent], *owner = above != parent ? objects[above] : NULL;
        shape = hash_mix(shape, typename_hash(Py_TYPE(op)));
        if (!is_open_container(op, owner)) {
            Label label = edge_label_find(op, owner, objects[node], 0);
            shape = hash_mix(shape, edge_label_hash(&label));
        }
        node = parent;
    }
    return shape;
}

/* ------------------------------------------------------------------------ groups */

typedef struct {
    size_t members;
    size_t steady;  /* of them, those that have grown in every round */
    uint32_t grown; /* in which rounds any of them has */
    uint32_t group; /* their group, where they have one */
} Shape;

typedef struct {
    Index index;
    VEC(Shape) shapes;
    VEC(uint32_t) of; /* candidate -> shape */
} Shapes;

/* 0 or -1. */
static int
learn_shapes(Shapes *shapes, const Candidates *candidates, const Parents *parents, uint32_t every)
{
    Memory *memory = &parents->scan->memory;
    for (size_t c = 0; c < candidates->length; c++) {
        const Candidate *candidate = &candidates->items[c];
        uint32_t s = index_enter(&shapes->index, memory, shape_of(parents, candidate->node));
        if (s == INDEX_NONE || vec_push(memory, &shapes->of, s) < 0 ||
            (s == shapes->shapes.length &&
             vec_push(memory, &shapes->shapes, ((Shape){.group = GROUP_NONE})) < 0)) {
            return -1;
        }
        Shape *shape = &shapes->shapes.items[s];
        shape->members++;
        shape->steady += (candidate->container->grown & every) == every;
        shape->grown |= candidate->container->grown;
    }
    return 0;
}

static void
decide(Candidates *candidates, Shapes *shapes, uint32_t every, uint32_t *groups)
{
    for (size_t c = 0; c < candidates->length; c++) {
        Candidate *candidate = &candidates->items[c];
        Shape *shape = &shapes->shapes.items[shapes->of.items[c]];
        bool is_steady = (candidate->container->grown & every) == every;
        bool is_one =
            shape->steady == 0 ? (shape->grown & every) == every && shape->members > 1 : is_steady;
        if (!is_one) {
            continue;
        }
        if (shape->steady != 0 && shape->steady <= GROUP_ALONE) {
            candidate->group = (*groups)++;
            continue;
        }
        if (shape->group == GROUP_NONE) {
            shape->group = (*groups)++;
        }
        candidate->group = shape->group;
    }
}

int
candidates_group(Candidates *candidates, Scan *scan, uint32_t every_round, uint32_t *groups)
{
    Parents parents = {.scan = scan};
    Shapes shapes = {0};
    *groups = 0;
    int error = candidates->length == 0 || every_round == 0 ? 0
                : find_parents(&parents) < 0
                    ? -1
                    : learn_shapes(&shapes, candidates, &parents, every_round);
    if (error == 0 && shapes.of.length != 0) {
        decide(candidates, &shapes, every_round, groups);
    }
    vec_fini(&scan->memory, &parents.parent);
    vec_fini(&scan->memory, &parents.queue);
    index_fini(&shapes.index, &scan->memory);
    vec_fini(&scan->memory, &shapes.shapes);
    vec_fini(&scan->memory, &shapes.of);
    return error;
}
