#include "query/cycles.h"

#include "base/hash.h"
#include "base/typename.h"
#include "graph/rotation.h"

int
cycles_begin(Cycles *cycles, Memory *memory, const Heap *heap, PyObject *library)
{
    *cycles = (Cycles){.memory = memory,
                       .heap = heap,
                       .library = library,
                       .type_cursor = ADDRMAP_NOWHERE};
    return nodeset_init(&cycles->chosen, memory, heap->count);
}

void
cycles_fini(Cycles *cycles)
{
    if (cycles->memory == NULL) {
        return;
    }
    vec_fini(cycles->memory, &cycles->ring);
    vec_fini(cycles->memory, &cycles->pairs);
    forms_fini(&cycles->forms, cycles->memory);
    vec_fini(cycles->memory, &cycles->types);
    addrmap_fini(&cycles->type_map);
    bfs_fini(&cycles->bfs);
    cascade_fini(&cycles->cascade);
    scc_fini(&cycles->scc);
    graph_fini(&cycles->graph);
    vec_fini(cycles->memory, &cycles->nodes);
    nodeset_fini(&cycles->chosen);
}

int
cycles_objects(const Cycles *cycles, const NodeId *members, size_t count, Objects *objects)
{
    int error = vec_reserve(cycles->memory, objects, count);
    for (size_t m = 0; m < count && error == 0; m++) {
        vec_push_reserved(objects, cycles_object(cycles, members[m]));
    }
    return error;
}

int
cycles_chosen(const Cycles *cycles, Objects *objects)
{
    int error = vec_reserve(cycles->memory, objects, cycles->nodes.length);
    for (size_t n = 0; n < cycles->nodes.length && error == 0; n++) {
        vec_push_reserved(objects, cycles_object(cycles, (NodeId)n));
    }
    return error;
}

int
cycles_choose(Cycles *cycles, const Collector *collector, const AddrMap *map, bool is_in)
{
    AddrCursor cursor = ADDRMAP_NOWHERE;
    for (size_t n = 0; n < cycles->heap->count; n++) {
        NodeId any;
        if (!collector_is_reachable(collector, n) &&
            (map == NULL ||
             addrmap_find_near(map, &cursor, cycles->heap->objects.items[n], &any) == is_in)) {
            nodeset_add(&cycles->chosen, (NodeId)n);
        }
    }
    return nodeset_number(&cycles->chosen);
}

/* ----------------------------------------------------------------------- types */

static PyTypeObject *
type_of(const Cycles *cycles, NodeId number)
{
    return Py_TYPE(cycles_object(cycles, number));
}

static const TypeFacts *
facts_of(Cycles *cycles, NodeId number)
{
    NodeId kind = 0;
    (void)addrmap_find_near(&cycles->type_map, &cycles->type_cursor, type_of(cycles, number),
                            &kind);
    return &cycles->types.items[kind];
}

/* After this, facts_of answers for every member of a component. */
static int
learn_types(Cycles *cycles)
{
    AddrMap *map = &cycles->type_map;
    const PyTypeObject *last = NULL;
    if (addrmap_init(map, cycles->memory) < 0) {
        return -1;
    }
    for (size_t m = 0; m < cycles->scc.members.length; m++) {
        PyTypeObject *type = type_of(cycles, cycles->scc.members.items[m]);
        if (type != last && addrmap_insert(map, last = type) < 0) {
            return -1;
        }
    }
    VEC(void *) types = {0};
    int error = vec_reserve(cycles->memory, &types, map->count) < 0 ||
                        vec_reserve(cycles->memory, &cycles->types, map->count) < 0
                    ? -1
                    : 0;
    if (error == 0) {
        addrmap_number(map, types.items);
        for (size_t k = 0; k < map->count; k++) {
            PyTypeObject *type = types.items[k];
            TypeFacts facts = {type, typename_hash(type), typename_rank(type, cycles->library)};
            vec_push_reserved(&cycles->types, facts);
        }
    }
    vec_fini(cycles->memory, &types);
    return error;
}

/* ----------------------------------------------------------------------- rings */

/* Whether a search should begin at a sooner than at b. */
static bool
comes_before(const TypeFacts *a, const TypeFacts *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->hash < b->hash;
}

/* Put the members from which a ring should be searched first to the front: all of them in order
   where they are few, else only the first. The order follows types, not addresses, so that it is
   the same in the next run. */
static void
order_members(Cycles *cycles, NodeId *members, size_t count)
{
    enum { FEW = 32 };
    size_t sorted = count <= FEW ? count : 1;
    for (size_t i = 0; i < sorted; i++) {
        size_t best = i;
        for (size_t j = i + 1; j < count; j++) {
            if (comes_before(facts_of(cycles, members[j]), facts_of(cycles, members[best]))) {
                best = j;
            }
        }
        NodeId member = members[best];
        /* the others keep their order */
        memmove(members + i + 1, members + i, (best - i) * sizeof(NodeId));
        members[i] = member;
    }
}

/* Whether a class of the program's own is on the ring. */
static bool
is_recognised(Cycles *cycles)
{
    for (size_t i = 0; i < cycles->ring.length; i++) {
        if (facts_of(cycles, cycles->ring.items[i])->rank == 0) {
            return true;
        }
    }
    return false;
}

/* A shortest ring; but if there are objects of the program's own in the component, and none on that
   ring, then a shortest one through the first of them: many a class of the library is a ring in
   itself, and tells nothing. */
static int
search_component(Cycles *cycles, size_t component)
{
    enum { STEPS_PER_MEMBER = 64, STEPS_AT_LEAST = 1 << 20 };
    const NodeId *component_of = cycles->scc.component.items;
    const NodeId *members = cycles_members(cycles, component);
    size_t count = cycles_size(cycles, component);
    uint64_t budget = STEPS_AT_LEAST + (uint64_t)STEPS_PER_MEMBER * count;
    if (bfs_shortest_ring(&cycles->bfs, component_of, members, count, budget, &cycles->ring,
                          &cycles->exact) < 0) {
        return -1;
    }
    if (facts_of(cycles, members[0])->rank != 0 || is_recognised(cycles)) {
        return 0;
    }
    return bfs_shortest_ring(&cycles->bfs, component_of, members, count, 0, &cycles->ring,
                             &cycles->exact);
}

Label
cycles_label(const Cycles *cycles, size_t i)
{
    PyObject *before = cycles_object(cycles, cycles_node(cycles, i + cycles->ring.length - 1));
    return edge_label_find(cycles_object(cycles, cycles_node(cycles, i)), before,
                           cycles_object(cycles, cycles_node(cycles, i + 1)), 0);
}

int
cycles_ring(Cycles *cycles, const Form *form)
{
    return search_component(cycles, form->component);
}

/* --------------------------------------------------------------------- folding */

/* Whether a component, and what only it keeps, is inner code of the standard library alone. */
static bool
is_of_library(const Cycles *cycles, const NodeId *members, size_t count)
{
    PyObject *objects[PROVENANCE_MOST_OF_LIBRARY];
    const NodeIds *kept = &cycles->cascade.freed;
    if (count + kept->length > PROVENANCE_MOST_OF_LIBRARY) {
        return false;
    }
    for (size_t i = 0; i < count + kept->length; i++) {
        objects[i] = cycles_object(cycles, i < count ? members[i] : kept->items[i - count]);
    }
    return provenance_is_library(objects, count, kept->length, cycles->library);
}

/* Whose doing a component is, after cascade_free has found what only it keeps. What lives was
   dropped by nobody. */
static Provenance
provenance_of(Cycles *cycles, const NodeId *members, size_t count)
{
    Provenance found = PROVENANCE_PROGRAM;
    if (cycles->is_live) {
        return found;
    }
    for (size_t m = 0; m < count && found == PROVENANCE_PROGRAM; m++) {
        found = provenance_of_class(cycles_object(cycles, members[m]), &cycles->last);
    }
    return found == PROVENANCE_PROGRAM && is_of_library(cycles, members, count) ? PROVENANCE_LIBRARY
                                                                                : found;
}

/* The hash of cycles->ring, the same from wherever it begins. 0 or -1. */
static int
hash_ring(Cycles *cycles, uint64_t hash[2])
{
    size_t length = cycles->ring.length;
    cycles->pairs.length = 0;
    if (vec_reserve(cycles->memory, &cycles->pairs, length) < 0) {
        return -1;
    }
    for (size_t i = 0; i < length; i++) {
        Label label = cycles_label(cycles, i);
        vec_push_reserved(&cycles->pairs, hash_mix(facts_of(cycles, cycles_node(cycles, i))->hash,
                                                   edge_label_hash(&label)));
    }
    size_t first = rotation_smallest(cycles->pairs.items, length);
    hash[0] = length;
    hash[1] = ~(uint64_t)length;
    for (size_t i = 0; i < length; i++) {
        uint64_t pair = cycles->pairs.items[(first + i) % length];
        hash[0] = hash_mix(hash[0], pair);
        hash[1] = hash_mix(hash[1], pair ^ hash[0]);
    }
    return 0;
}

static uint64_t
bytes_of(const Cycles *cycles, const NodeId *numbers, size_t count)
{
    uint64_t bytes = 0;
    for (size_t n = 0; n < count; n++) {
        bytes += heap_object_bytes(cycles_object(cycles, numbers[n]));
    }
    return bytes;
}

static int
fold_component(Cycles *cycles, size_t component)
{
    NodeId *members = cycles_members(cycles, component);
    Form found = {.count = 1, .component = component, .objects = cycles_size(cycles, component)};
    order_members(cycles, members, found.objects);
    if (search_component(cycles, component) < 0 || hash_ring(cycles, found.hash) < 0 ||
        cascade_free(&cycles->cascade, members, found.objects) < 0) {
        return -1;
    }
    found.dragged = cycles->cascade.freed.length;
    found.bytes = bytes_of(cycles, members, found.objects);
    found.provenance = provenance_of(cycles, members, found.objects);
    found.hash[0] = hash_mix(found.hash[0], (uint64_t)found.provenance);
    Form *form = forms_find(&cycles->forms, cycles->memory, found.hash);
    if (form == NULL) {
        return -1;
    }
    found.count += form->count;
    found.dragged_bytes = UINT64_MAX; /* not measured yet, as it is only where that may decide */
    if (form->count == 0 || forms_is_larger(&found, form)) {
        found.dragged_bytes = bytes_of(cycles, cycles->cascade.freed.items, found.dragged);
    }
    if (form->count == 0 || forms_is_larger(&found, form)) {
        *form = found;
    }
    form->count = found.count;
    return 0;
}

/* Of unreachable objects all references count; of live ones those from inside the subset that own
   something. */
static int
begin_cascade(Cycles *cycles, bool is_live)
{
    const Heap *heap = cycles->heap;
    if (cascade_init(&cycles->cascade, cycles->memory, &cycles->graph, NULL, 0) < 0) {
        return -1;
    }
    for (size_t n = 0; n < cycles->nodes.length && !is_live; n++) {
        cycles->cascade.counts.items[n] = heap->refcounts.items[cycles->nodes.items[n]];
    }
    for (size_t u = 0; u < heap->unowned.length && is_live; u++) {
        if (nodeset_has(&cycles->chosen, heap->unowned.items[u])) {
            cycles->cascade.counts.items[nodeset_rank(&cycles->chosen, heap->unowned.items[u])]--;
        }
    }
    return 0;
}

int
cycles_find(Cycles *cycles, bool is_live)
{
    Memory *memory = cycles->memory;
    size_t count = cycles->chosen.count;
    cycles->is_live = is_live;
    if (vec_reserve(memory, &cycles->nodes, count) < 0) {
        return -1;
    }
    nodeset_members(&cycles->chosen, cycles->nodes.items);
    cycles->nodes.length = count;
    if (nodeset_induce(&cycles->chosen, &cycles->graph, &cycles->heap->graph) < 0 ||
        scc_run(&cycles->scc, memory, &cycles->graph) < 0) {
        return -1;
    }
    if (cycles->scc.cyclic == 0) {
        return 0;
    }
    if (learn_types(cycles) < 0 || begin_cascade(cycles, is_live) < 0 ||
        bfs_init(&cycles->bfs, memory, &cycles->graph) < 0) {
        return -1;
    }
    for (size_t component = 0; component < cycles->scc.cyclic; component++) {
        if (fold_component(cycles, component) < 0) {
            return -1;
        }
    }
    return 0;
}
