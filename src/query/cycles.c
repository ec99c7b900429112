#include "query/cycles.h"

#include "heap/interp.h"
#include "base/hash.h"
#include "base/typename.h"

int
rings_begin(Rings *rings, Memory *memory, const Heap *heap, PyObject *library)
{
    *rings = (Rings){.memory = memory, .heap = heap, .library = library};
    return nodeset_init(&rings->nodeset, memory, heap->count);
}

void
rings_fini(Rings *rings)
{
    if (rings->memory == NULL) {
        return;
    }
    vec_fini(rings->memory, &rings->ring);
    vec_fini(rings->memory, &rings->entries);
    vec_fini(rings->memory, &rings->cuts);
    vec_fini(rings->memory, &rings->shown);
    vec_fini(rings->memory, &rings->pairs);
    vec_fini(rings->memory, &rings->slots);
    vec_fini(rings->memory, &rings->forms);
    vec_fini(rings->memory, &rings->types);
    addrmap_fini(&rings->type_map);
    bfs_fini(&rings->bfs);
    cascade_fini(&rings->cascade);
    scc_fini(&rings->scc);
    graph_fini(&rings->graph);
    vec_fini(rings->memory, &rings->nodes);
    nodeset_fini(&rings->nodeset);
}

/* ----------------------------------------------------------------------- types */

static PyTypeObject *
type_of(const Rings *rings, NodeId number)
{
    return Py_TYPE(rings_object(rings, number));
}

static const TypeFacts *
facts_of(Rings *rings, NodeId number)
{
    NodeId kind = 0;
    (void)addrmap_find(&rings->type_map, type_of(rings, number), &kind);
    return &rings->types.items[kind];
}

/* After this, facts_of answers for every member of a component. */
static int
learn_types(Rings *rings)
{
    AddrMap *map = &rings->type_map;
    const PyTypeObject *last = NULL;
    if (addrmap_init(map, rings->memory) < 0) {
        return -1;
    }
    for (size_t m = 0; m < rings->scc.members.length; m++) {
        PyTypeObject *type = type_of(rings, rings->scc.members.items[m]);
        if (type != last && addrmap_insert(map, last = type) < 0) {
            return -1;
        }
    }
    VEC(void *) types = {0};
    int error = vec_reserve(rings->memory, &types, map->count) < 0 ||
                        vec_reserve(rings->memory, &rings->types, map->count) < 0
                    ? -1
                    : 0;
    if (error == 0) {
        addrmap_number(map, types.items);
        for (size_t k = 0; k < map->count; k++) {
            PyTypeObject *type = types.items[k];
            TypeFacts facts = {type, typename_hash(type), typename_rank(type, rings->library)};
            vec_push_reserved(&rings->types, facts);
        }
    }
    vec_fini(rings->memory, &types);
    return error;
}

/* ----------------------------------------------------------------------- rings */

static size_t
group_size(const Rings *rings, size_t group)
{
    return rings->scc.starts.items[group + 1] - rings->scc.starts.items[group];
}

static NodeId *
group_members(const Rings *rings, size_t group)
{
    return rings->scc.members.items + rings->scc.starts.items[group];
}

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
order_members(Rings *rings, NodeId *members, size_t count)
{
    enum { FEW = 32 };
    size_t sorted = count <= FEW ? count : 1;
    for (size_t i = 0; i < sorted; i++) {
        size_t best = i;
        for (size_t j = i + 1; j < count; j++) {
            if (comes_before(facts_of(rings, members[j]), facts_of(rings, members[best]))) {
                best = j;
            }
        }
        NodeId member = members[best];
        memmove(members + i + 1, members + i,
                (best - i) * sizeof(NodeId)); /* the others keep their order */
        members[i] = member;
    }
}

/* Whether a class of the program's own is on the ring. */
static bool
is_recognised(Rings *rings)
{
    for (size_t i = 0; i < rings->ring.length; i++) {
        if (facts_of(rings, rings->ring.items[i])->rank == 0) {
            return true;
        }
    }
    return false;
}

/* A shortest ring; but if there are objects of the program's own in the component, and none on that
   ring, then a shortest one through the first of them: many a class of the library is a ring in
   itself, and tells nothing. */
static int
search_group(Rings *rings, size_t group)
{
    enum { STEPS_PER_MEMBER = 64, STEPS_AT_LEAST = 1 << 20 };
    const NodeId *component = rings->scc.component.items, *members = group_members(rings, group);
    size_t count = group_size(rings, group);
    uint64_t budget = STEPS_AT_LEAST + (uint64_t)STEPS_PER_MEMBER * count;
    if (bfs_shortest_ring(&rings->bfs, component, members, count, budget, &rings->ring,
                          &rings->exact) < 0) {
        return -1;
    }
    if (facts_of(rings, members[0])->rank != 0 || is_recognised(rings)) {
        return 0;
    }
    return bfs_shortest_ring(&rings->bfs, component, members, count, 0, &rings->ring,
                             &rings->exact);
}

/* References into a ring from outside of its component keep it, and any cut would free nothing:
   take them off the counts of the specimen of `focus`, and put back those of the one before. */
static void
focus_on(Rings *rings, const Form *focus)
{
    const Form *forms[2] = {rings->focus, focus};
    for (size_t f = 0; f < 2 && rings->entries.length != 0; f++) {
        const NodeId *members = forms[f] != NULL ? group_members(rings, forms[f]->group) : NULL;
        for (size_t m = 0; members != NULL && m < forms[f]->objects; m++) {
            int32_t entries = (int32_t)rings->entries.items[members[m]];
            rings->cascade.counts.items[members[m]] += f == 0 ? entries : -entries;
        }
    }
    rings->focus = focus;
}

/* 0 or -1. */
static int
count_entries(Rings *rings)
{
    const NodeId *component = rings->scc.component.items;
    const Graph *graph = &rings->graph;
    if (vec_zeros(rings->memory, &rings->entries, graph->nodes) < 0) {
        return -1;
    }
    for (size_t n = 0; n < graph->nodes; n++) {
        for (uint32_t e = graph->offsets.items[n]; e < graph->offsets.items[n + 1]; e++) {
            NodeId target = graph->targets.items[e];
            rings->entries.items[target] += component[n] != component[target];
        }
    }
    return 0;
}

int
rings_ring(Rings *rings, const Form *form)
{
    focus_on(rings, rings->is_live ? form : NULL);
    return search_group(rings, form->group);
}

int
rings_isolate(Rings *rings, const Form *form)
{
    const NodeId *members = group_members(rings, form->group);
    uint64_t entries = 0;
    if (rings->entries.length == 0 && count_entries(rings) < 0) {
        return -1;
    }
    for (size_t m = 0; m < form->objects; m++) {
        entries += rings->entries.items[members[m]];
    }
    if (entries != 0) {
        focus_on(rings, form);
    }
    return entries != 0;
}

static NodeId
ring_node(const Rings *rings, size_t i)
{
    size_t length = rings->ring.length;
    return rings->ring.items[i < length ? i : i - length];
}

Label
rings_label(const Rings *rings, size_t i)
{
    PyObject *before = rings_object(rings, ring_node(rings, i + rings->ring.length - 1));
    return edge_label_find(rings_object(rings, ring_node(rings, i)), before,
                           rings_object(rings, ring_node(rings, i + 1)), 0);
}

/* --------------------------------------------------------------------- folding */

/* Where the smallest rotation of pairs[0 .. n) begins. Two candidates are compared; the one that
   loses is advanced past what was compared, so that 2n comparisons are enough. */
static size_t
smallest_rotation(const uint64_t *pairs, size_t n)
{
    size_t a = 0, b = 1, same = 0;
    while (a < n && b < n && same < n) {
        uint64_t x = pairs[(a + same) % n], y = pairs[(b + same) % n];
        if (x == y) {
            same++;
            continue;
        }
        size_t *loser = x > y ? &a : &b;
        *loser += same + 1;
        if (a == b) {
            b++;
        }
        same = 0;
    }
    return a < b ? a : b;
}

/* The hash of rings->ring, the same from wherever it begins. 0 or -1. */
static int
hash_ring(Rings *rings, uint64_t hash[2])
{
    size_t length = rings->ring.length;
    rings->pairs.length = 0;
    if (vec_reserve(rings->memory, &rings->pairs, length) < 0) {
        return -1;
    }
    for (size_t i = 0; i < length; i++) {
        Label label = rings_label(rings, i);
        vec_push_reserved(&rings->pairs, hash_mix(facts_of(rings, ring_node(rings, i))->hash,
                                                  edge_label_hash(&label)));
    }
    size_t first = smallest_rotation(rings->pairs.items, length);
    hash[0] = length;
    hash[1] = ~(uint64_t)length;
    for (size_t i = 0; i < length; i++) {
        uint64_t pair = rings->pairs.items[(first + i) % length];
        hash[0] = hash_mix(hash[0], pair);
        hash[1] = hash_mix(hash[1], pair ^ hash[0]);
    }
    return 0;
}

static void
enter_slot(Rings *rings, size_t form)
{
    size_t mask = rings->slots.length - 1;
    size_t at = rings->forms.items[form].hash[0] & mask;
    while (rings->slots.items[at] != 0) {
        at = (at + 1) & mask;
    }
    rings->slots.items[at] = (uint32_t)form + 1;
}

/* Keep the table at most half full. 0 or -1. */
static int
grow_slots(Rings *rings)
{
    if (2 * (rings->forms.length + 1) <= rings->slots.length) {
        return 0;
    }
    size_t wanted = rings->slots.length != 0 ? 2 * rings->slots.length : 64;
    if (vec_reserve(rings->memory, &rings->slots, wanted - rings->slots.length) < 0) {
        return -1;
    }
    memset(rings->slots.items, 0, wanted * sizeof(uint32_t));
    rings->slots.length = wanted;
    for (size_t f = 0; f < rings->forms.length; f++) {
        enter_slot(rings, f);
    }
    return 0;
}

/* The form with this hash, new where there was none. NULL: out of memory. */
static Form *
form_of(Rings *rings, const uint64_t hash[2])
{
    if (grow_slots(rings) < 0) {
        return NULL;
    }
    size_t mask = rings->slots.length - 1;
    for (size_t at = hash[0] & mask; rings->slots.items[at] != 0; at = (at + 1) & mask) {
        Form *form = &rings->forms.items[rings->slots.items[at] - 1];
        if (form->hash[0] == hash[0] && form->hash[1] == hash[1]) {
            return form;
        }
    }
    Form form = {.hash = {hash[0], hash[1]}};
    if (vec_push(rings->memory, &rings->forms, form) < 0) {
        return NULL;
    }
    enter_slot(rings, rings->forms.length - 1);
    return &rings->forms.items[rings->forms.length - 1];
}

/* Whether a is to be the specimen rather than b. */
static bool
is_larger(const Form *a, const Form *b)
{
    return a->objects != b->objects   ? a->objects > b->objects
           : a->dragged != b->dragged ? a->dragged > b->dragged
           : a->bytes != b->bytes     ? a->bytes > b->bytes
                                      : a->dragged_bytes > b->dragged_bytes;
}

static uint64_t
bytes_of(const Rings *rings, const NodeId *numbers, size_t count)
{
    uint64_t bytes = 0;
    for (size_t n = 0; n < count; n++) {
        bytes += heap_object_bytes(rings_object(rings, numbers[n]));
    }
    return bytes;
}

static int
fold_group(Rings *rings, size_t group)
{
    NodeId *members = group_members(rings, group);
    Form found = {.count = 1, .group = group, .objects = group_size(rings, group)};
    order_members(rings, members, found.objects);
    if (search_group(rings, group) < 0 || hash_ring(rings, found.hash) < 0 ||
        cascade_free(&rings->cascade, members, found.objects) < 0) {
        return -1;
    }
    found.dragged = rings->cascade.freed.length;
    found.bytes = bytes_of(rings, members, found.objects);
    Form *form = form_of(rings, found.hash);
    if (form == NULL) {
        return -1;
    }
    found.count += form->count;
    found.dragged_bytes = UINT64_MAX; /* not measured yet, as it is only where that may decide */
    if (form->count == 0 || is_larger(&found, form)) {
        found.dragged_bytes = bytes_of(rings, rings->cascade.freed.items, found.dragged);
    }
    if (form->count == 0 || is_larger(&found, form)) {
        *form = found;
    }
    form->count = found.count;
    return 0;
}

/* Of unreachable objects all references count; of live ones those from inside the subset that own
   something. */
static int
begin_fall(Rings *rings, bool is_live)
{
    const Heap *heap = rings->heap;
    if (cascade_init(&rings->cascade, rings->memory, &rings->graph, NULL, 0) < 0) {
        return -1;
    }
    if (is_live && count_entries(rings) < 0) {
        return -1;
    }
    for (size_t n = 0; n < rings->nodes.length && !is_live; n++) {
        rings->cascade.counts.items[n] = heap->refcounts.items[rings->nodes.items[n]];
    }
    for (size_t u = 0; u < heap->unowned.length && is_live; u++) {
        if (nodeset_has(&rings->nodeset, heap->unowned.items[u])) {
            rings->cascade.counts.items[nodeset_rank(&rings->nodeset, heap->unowned.items[u])]--;
        }
    }
    return 0;
}

int
rings_find(Rings *rings, bool is_live)
{
    Memory *memory = rings->memory;
    size_t count = rings->nodeset.count;
    rings->is_live = is_live;
    if (vec_reserve(memory, &rings->nodes, count) < 0) {
        return -1;
    }
    nodeset_members(&rings->nodeset, rings->nodes.items);
    rings->nodes.length = count;
    if (nodeset_induce(&rings->nodeset, &rings->graph, &rings->heap->graph) < 0 ||
        scc_run(&rings->scc, memory, &rings->graph) < 0) {
        return -1;
    }
    if (rings->scc.cyclic == 0) {
        return 0;
    }
    if (learn_types(rings) < 0 || begin_fall(rings, is_live) < 0 ||
        bfs_init(&rings->bfs, memory, &rings->graph) < 0) {
        return -1;
    }
    for (size_t group = 0; group < rings->scc.cyclic; group++) {
        if (fold_group(rings, group) < 0) {
            return -1;
        }
    }
    return 0;
}

/* ------------------------------------------------------------------------ cuts */

int64_t
rings_try(Rings *rings, size_t i)
{
    Edge edge = {ring_node(rings, i), ring_node(rings, i + 1)};
    return cascade_cut(&rings->cascade, &edge, 1) < 0 ? -1 : (int64_t)rings->cascade.freed.length;
}

bool
rings_may_cut(const Label *label)
{
    switch (label->kind) {
    case LABEL_ITEM: /* what is in a tuple stays in it */
        return !PyType_HasFeature(label->holder, Py_TPFLAGS_TUPLE_SUBCLASS);
    case LABEL_ATTRIBUTE:
    case LABEL_VALUE:
    case LABEL_KEY:
    case LABEL_ELEMENT:
    case LABEL_LOCAL:
    case LABEL_CELL:
    case LABEL_OWN:
    case LABEL_UNNAMED:
        return true;
    default:
        return false;
    }
}

/* Which references of a component are gathered: those with one label, or all of one object that may
   be cut. */
typedef struct {
    Rings *rings;
    NodeId source;
    NodeId component;
    uint64_t hash; /* of the label, or 0: any that may be cut */
    Label *labels; /* those that were met, each once; NULL: not wanted */
    size_t label_room, label_count;
    bool failed;
} Gathering;

static void
note_label(Gathering *gathering, const Label *label)
{
    for (size_t l = 0; l < gathering->label_count; l++) {
        if (edge_label_hash(&gathering->labels[l]) == edge_label_hash(label)) {
            return;
        }
    }
    if (gathering->label_count < gathering->label_room) {
        gathering->labels[gathering->label_count++] = *label;
    }
}

/* A reference counts as often as tp_traverse shows it (rings->shown), under however many names. */
static bool
gather(void *arg, PyObject *target, Label label)
{
    Gathering *gathering = arg;
    Rings *rings = gathering->rings;
    NodeId node;
    bool is_wanted =
        gathering->hash != 0 ? edge_label_hash(&label) == gathering->hash : rings_may_cut(&label);
    if (!is_wanted || !addrmap_find(&rings->heap->map, target, &node) ||
        !nodeset_has(&rings->nodeset, node)) {
        return false;
    }
    NodeId number = nodeset_rank(&rings->nodeset, node);
    if (rings->scc.component.items[number] == gathering->component &&
        rings->shown.items[number] > 0) {
        rings->shown.items[number]--;
        Edge edge = {gathering->source, number};
        gathering->failed = vec_push(rings->memory, &rings->cuts, edge) < 0;
        note_label(gathering, &label);
    }
    return gathering->failed;
}

static void
mark_row(Rings *rings, NodeId node, bool is_shown)
{
    const uint32_t *offsets = rings->graph.offsets.items;
    for (uint32_t e = offsets[node]; e < offsets[node + 1]; e++) {
        uint32_t *shown = &rings->shown.items[rings->graph.targets.items[e]];
        *shown = is_shown ? *shown + 1 : 0;
    }
}

static int
gather_from(Gathering *gathering, NodeId source)
{
    gathering->source = source;
    mark_row(gathering->rings, source, true);
    referents_visit(rings_object(gathering->rings, source), NULL, gather, gathering);
    mark_row(gathering->rings, source, false);
    return gathering->failed ? -1 : 0;
}

/* 0 or -1. */
static int
begin_gathering(Rings *rings)
{
    rings->cuts.length = 0;
    return rings->shown.length != 0 ? 0
                                    : vec_zeros(rings->memory, &rings->shown, rings->graph.nodes);
}

static int64_t
try_gathered(Rings *rings, size_t *references)
{
    *references = rings->cuts.length;
    return cascade_cut(&rings->cascade, rings->cuts.items, rings->cuts.length) < 0
               ? -1
               : (int64_t)rings->cascade.freed.length;
}

int64_t
rings_try_all_like(Rings *rings, const Form *form, size_t i, size_t *references)
{
    const NodeId *members = group_members(rings, form->group);
    Label label = rings_label(rings, i);
    Gathering gathering = {.rings = rings,
                           .component = rings->scc.component.items[members[0]],
                           .hash = edge_label_hash(&label)};
    if (begin_gathering(rings) < 0) {
        return -1;
    }
    for (size_t m = 0; m < form->objects; m++) {
        bool is_alike = label.kind == LABEL_ATTRIBUTE || type_of(rings, members[m]) == label.holder;
        if (is_alike && gather_from(&gathering, members[m]) < 0) {
            return -1;
        }
    }
    return try_gathered(rings, references);
}

/* What a close() of an object would clear: its own references, and through its __dict__ those of
   that. */
int64_t
rings_try_clearing(Rings *rings, size_t i, Label *labels, size_t labels_room, size_t *label_count,
                   size_t *references)
{
    NodeId source = ring_node(rings, i), component = rings->scc.component.items[source], node;
    PyObject *dict = interp_instance_dict(rings_object(rings, source));
    Gathering gathering = {.rings = rings,
                           .component = component,
                           .labels = labels,
                           .label_room = labels_room};
    if (begin_gathering(rings) < 0 || gather_from(&gathering, source) < 0) {
        return -1;
    }
    if (dict != NULL && addrmap_find(&rings->heap->map, dict, &node) &&
        nodeset_has(&rings->nodeset, node) &&
        gather_from(&gathering, nodeset_rank(&rings->nodeset, node)) < 0) {
        return -1;
    }
    *label_count = gathering.label_count;
    return try_gathered(rings, references);
}
