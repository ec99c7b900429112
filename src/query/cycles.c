#include "query/cycles.h"

#include "base/hash.h"
#include "base/typename.h"
#include "graph/rotation.h"
#include "heap/sizes.h"
#include "query/describe.h"

int
cycles_begin(Cycles *cycles, Memory *memory, const Heap *heap, const ModuleState *state)
{
    *cycles = (Cycles){.memory = memory, .heap = heap, .state = state};
    leaves_begin(&cycles->leaves, memory, heap);
    return nodeset_init(&cycles->chosen, memory, heap->count);
}

void
cycles_fini(Cycles *cycles)
{
    Memory *memory = cycles->memory;
    if (memory == NULL) {
        return;
    }
    sized_fini(&cycles->sized);
    nodeset_fini(&cycles->counted);
    leaves_fini(&cycles->leaves);
    vec_fini(memory, &cycles->places);
    vec_fini(memory, &cycles->labels);
    vec_fini(memory, &cycles->ring);
    vec_fini(memory, &cycles->pairs);
    vec_fini(memory, &cycles->steps);
    vec_fini(memory, &cycles->hashes);
    index_fini(&cycles->digests, memory);
    vec_fini(memory, &cycles->paths);
    forms_fini(&cycles->forms, memory);
    ring_choice_fini(&cycles->choice);
    type_facts_fini(&cycles->facts);
    cascade_fini(&cycles->cascade);
    scc_fini(&cycles->scc);
    graph_fini(&cycles->graph);
    vec_fini(memory, &cycles->nodes);
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

/* ----------------------------------------------------------------------- rings */

/* One with a name; of those the one with the smallest hash, which is the same in every run. */
static bool
is_better_label(const Label *a, const Label *b)
{
    bool is_named = !label_is_last_resort(a);
    return is_named == label_is_last_resort(b) ? is_named : edge_label_hash(a) < edge_label_hash(b);
}

/* Of the parallel references from one object to the next the one with the best label. 0 or -1. */
static int
place_parallel(Cycles *cycles, NodeId node, NodeId next, NodeId *place)
{
    const uint32_t *offsets = cycles->graph.offsets.items;
    size_t count = 0;
    VEC(Label) labels = {0};
    *place = 0;
    for (uint32_t e = offsets[node]; e < offsets[node + 1]; e++) {
        count += cycles->graph.targets.items[e] == next;
    }
    if (count < 2) {
        return 0;
    }
    if (vec_reserve(cycles->memory, &labels, count) < 0) {
        return -1;
    }
    edge_label_find_all(cycles_object(cycles, node), cycles_object(cycles, next), labels.items,
                        count);
    for (size_t l = 1; l < count; l++) {
        *place = is_better_label(&labels.items[l], &labels.items[*place]) ? (NodeId)l : *place;
    }
    vec_fini(cycles->memory, &labels);
    return 0;
}

/* Follow a component that is nothing but a ring. 1: it is; 0: it is more; -1: out of memory. */
static int
follow_simple(Cycles *cycles, const NodeId *members, size_t count)
{
    Path *ring = &cycles->ring;
    int is_simple = rings_follow_simple(cycles->memory, &cycles->graph, cycles->scc.component.items,
                                        members, count, ring);
    cycles->places.length = cycles->labels.length = 0;
    if (is_simple <= 0) {
        return is_simple;
    }
    if (vec_reserve(cycles->memory, &cycles->places, count) < 0) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        NodeId place;
        if (place_parallel(cycles, ring->items[i], cycles_node(cycles, i + 1), &place) < 0) {
            return -1;
        }
        vec_push_reserved(&cycles->places, place);
    }
    return 1;
}

int
cycles_ring(Cycles *cycles, const Form *form)
{
    if (form->length == 0) {
        return follow_simple(cycles, cycles_members(cycles, form->component), form->objects) < 0
                   ? -1
                   : 0;
    }
    const NodeId *path = cycles->paths.items + form->path;
    cycles->ring.length = cycles->places.length = cycles->labels.length = 0;
    if (vec_reserve(cycles->memory, &cycles->ring, form->length) < 0 ||
        vec_reserve(cycles->memory, &cycles->places, form->length) < 0) {
        return -1;
    }
    for (size_t i = 0; i < form->length; i++) {
        vec_push_reserved(&cycles->ring, path[i]);
        vec_push_reserved(&cycles->places, path[form->length + i]);
    }
    return 0;
}

/* Remember the ring found last as the one of a form. 0 or -1. */
static int
keep_ring(Cycles *cycles, Form *form)
{
    size_t length = cycles->ring.length;
    form->path = cycles->paths.length;
    form->length = length;
    if (vec_reserve(cycles->memory, &cycles->paths, 2 * length) < 0) {
        return -1;
    }
    for (size_t i = 0; i < length; i++) {
        vec_push_reserved(&cycles->paths, cycles->ring.items[i]);
    }
    for (size_t i = 0; i < length; i++) {
        vec_push_reserved(&cycles->paths, cycles->places.items[i]);
    }
    return 0;
}

static Label
find_label(const Cycles *cycles, size_t place)
{
    size_t length = cycles->ring.length;
    return edge_label_find(cycles_object(cycles, cycles->ring.items[place]),
                           cycles_object(cycles, cycles_node(cycles, place + length - 1)),
                           cycles_object(cycles, cycles_node(cycles, place + 1)),
                           cycles->places.items[place]);
}

Label
cycles_label(const Cycles *cycles, size_t i)
{
    size_t length = cycles->ring.length, place = i < length ? i : i - length;
    return cycles->labels.length == length ? cycles->labels.items[place]
                                           : find_label(cycles, place);
}

/* 0 or -1. */
static int
find_labels(Cycles *cycles)
{
    enum { FEW = 1024 };
    size_t length = cycles->ring.length;
    if (length > FEW || cycles->labels.length == length) {
        return 0;
    }
    cycles->labels.length = 0;
    if (vec_reserve(cycles->memory, &cycles->labels, length) < 0) {
        return -1;
    }
    for (size_t i = 0; i < length; i++) {
        cycles->labels.items[i] = find_label(cycles, i);
    }
    cycles->labels.length = length;
    return 0;
}

/* ----------------------------------------------------------------------- steps */

static const TypeFacts *
facts_on_ring(Cycles *cycles, size_t i)
{
    return type_facts_of(&cycles->facts, cycles_object(cycles, cycles_node(cycles, i)));
}

/* Of the containers on a ring those are folded that kinds.h would fold, were there nothing else in
   the component. */
static int
what_is_hidden(Cycles *cycles)
{
    int hidden = TYPE_FACTS_NOTHING;
    for (size_t i = 0; i < cycles->ring.length && hidden != 0; i++) {
        hidden = type_facts_lower(hidden, facts_on_ring(cycles, i));
    }
    return hidden;
}

int
cycles_steps(Cycles *cycles)
{
    size_t length = cycles->ring.length;
    int hidden = what_is_hidden(cycles);
    cycles->steps.length = 0;
    if (find_labels(cycles) < 0 || vec_reserve(cycles->memory, &cycles->steps, length) < 0) {
        return -1;
    }
    for (size_t i = 0; i < length; i++) {
        RingStep step = {.place = i};
        if (!type_facts_is_hidden(facts_on_ring(cycles, i), hidden)) {
            vec_push_reserved(&cycles->steps, step);
        }
    }
    for (size_t s = 0; s < cycles->steps.length; s++) {
        RingStep *step = &cycles->steps.items[s];
        size_t end =
            s + 1 < cycles->steps.length ? step[1].place : cycles->steps.items[0].place + length;
        FoldHash folded = {0};
        for (size_t i = step->place; i < end; i++) {
            Label label = cycles_label(cycles, i);
            fold_hash_add(&folded, &label);
        }
        PyObject *op = cycles_object(cycles, cycles_node(cycles, step->place));
        step->pair = hash_mix(type_facts_colour(&cycles->facts, op), fold_hash_of(&folded));
    }
    return 0;
}

/* Where the smallest rotation of cycles->steps begins, in *first. 0 or -1. */
static int
rotate_steps(Cycles *cycles, size_t *first)
{
    cycles->pairs.length = 0;
    if (vec_reserve(cycles->memory, &cycles->pairs, cycles->steps.length) < 0) {
        return -1;
    }
    for (size_t s = 0; s < cycles->steps.length; s++) {
        vec_push_reserved(&cycles->pairs, cycles->steps.items[s].pair);
    }
    *first = rotation_smallest(cycles->pairs.items, cycles->steps.length);
    return 0;
}

/* Let an array begin at another of its items. */
static void
turn(NodeId *items, size_t length, size_t first)
{
    const size_t parts[][2] = {{0, first}, {first, length}, {0, length}};
    for (size_t p = 0; p < Py_ARRAY_LENGTH(parts); p++) { /* three reversals */
        for (size_t a = parts[p][0], b = parts[p][1]; a + 1 < b; a++, b--) {
            NodeId item = items[a];
            items[a] = items[b - 1];
            items[b - 1] = item;
        }
    }
}

/* Of rings that look the same from several of their objects the details decide. */
int
cycles_turn(Cycles *cycles)
{
    size_t first, best = 0;
    if (cycles_steps(cycles) < 0) {
        return -1;
    }
    for (size_t s = 0; s < cycles->steps.length; s++) {
        PyObject *op = cycles_object(cycles, cycles->ring.items[cycles->steps.items[s].place]);
        RingStep *step = &cycles->steps.items[s];
        step->pair = hash_mix(step->pair, describe_detail_hash(cycles->state, op));
    }
    if (rotate_steps(cycles, &first) < 0) {
        return -1;
    }
    for (size_t s = 1; s < cycles->steps.length; s++) {
        const RingStep *at = &cycles->steps.items[(first + s) % cycles->steps.length];
        const RingStep *now = &cycles->steps.items[(first + best) % cycles->steps.length];
        best = facts_on_ring(cycles, at->place)->beginning <
                       facts_on_ring(cycles, now->place)->beginning
                   ? s
                   : best;
    }
    size_t place = cycles->steps.items[(first + best) % cycles->steps.length].place;
    turn(cycles->ring.items, cycles->ring.length, place);
    turn(cycles->places.items, cycles->places.length, place);
    cycles->labels.length = 0;
    return cycles_steps(cycles);
}

/* The hash of cycles->ring, the same from wherever it begins, and where its smallest rotation does,
   in *first. 0 or -1. */
static int
hash_ring(Cycles *cycles, uint64_t hash[2], size_t *first)
{
    size_t length;
    if (cycles_steps(cycles) < 0 || rotate_steps(cycles, first) < 0) {
        return -1;
    }
    length = cycles->steps.length;
    hash[0] = length;
    hash[1] = ~(uint64_t)length;
    for (size_t s = 0; s < length; s++) {
        uint64_t pair = cycles->pairs.items[(*first + s) % length];
        hash[0] = hash_mix(hash[0], pair);
        hash[1] = hash_mix(hash[1], pair ^ hash[0]);
    }
    return 0;
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
    return provenance_is_library(objects, count, kept->length, cycles->state->library);
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

/* ------------------------------------------------------------------------ bytes */

/* Count an object, and take its references to leaves. 0 or -1. */
static int
count_object(Cycles *cycles, NodeId number, uint64_t *bytes)
{
    PyObject *op = cycles_object(cycles, number);
    *bytes += sizes_object_bytes(op);
    nodeset_add(&cycles->counted, number);
    leaves_take(&cycles->leaves, op);
    return sized_note(&cycles->sized, op, cycles->leaves.opened);
}

/* The bytes of some objects, and of the leaves that only they hold and what was counted of their
   owner before. 0 or -1. */
static int
count_bytes(Cycles *cycles, const NodeId *numbers, size_t count, LeafAccount account,
            uint64_t *bytes)
{
    uint64_t own = 0;
    leaves_open(&cycles->leaves, account.owner, account.is_kept);
    for (size_t n = 0; n < count; n++) {
        if (count_object(cycles, numbers[n], &own) < 0) {
            return -1;
        }
    }
    if (leaves_settle(&cycles->leaves) < 0) {
        return -1;
    }
    cycles->bytes += cycles->is_live && account.is_kept ? 0 : own;
    *bytes = own + cycles->leaves.own;
    return 0;
}

/* What no component keeps alone. 0 or -1. */
static int
count_others(Cycles *cycles)
{
    uint64_t own = 0;
    leaves_open(&cycles->leaves, LEAVES_NOBODY, true);
    for (size_t n = 0; n < cycles->nodes.length && !cycles->is_live; n++) {
        if (!nodeset_has(&cycles->counted, (NodeId)n) &&
            count_object(cycles, (NodeId)n, &own) < 0) {
            return -1;
        }
    }
    if (leaves_settle(&cycles->leaves) < 0) {
        return -1;
    }
    cycles->bytes += own + (cycles->is_live ? cycles->leaves.inner : cycles->leaves.total);
    return 0;
}

/* ---------------------------------------------------------------------- details */

enum { ENOUGH = 64 };

/* Of a member of a component that is nothing but a ring: what its references to the next are
   called, and their indexes, where there are several; the form has one of them. */
static uint64_t
parallel_detail(const Cycles *cycles, NodeId node)
{
    const uint32_t *offsets = cycles->graph.offsets.items;
    const NodeId *targets = cycles->graph.targets.items, *component = cycles->scc.component.items;
    Label labels[ENOUGH];
    size_t count = 0;
    NodeId next = node;
    uint64_t detail = 0;
    for (uint32_t e = offsets[node]; e < offsets[node + 1]; e++) {
        if (component[targets[e]] == component[node]) {
            next = targets[e];
            count++;
        }
    }
    if (count < 2 || count > ENOUGH) {
        return count < 2 ? 0 : count;
    }
    edge_label_find_all(cycles_object(cycles, node), cycles_object(cycles, next), labels, count);
    for (size_t l = 0; l < count; l++) {
        uint64_t index = labels[l].kind == LABEL_ITEM ? (uint64_t)labels[l].index : 0;
        detail += hash_mix(edge_label_hash(&labels[l]), index);
    }
    return detail;
}

/* A number for what is no part of a form but is told of its specimen: lines, names of Persons. */
static uint64_t
detail_of(Cycles *cycles, const Form *form)
{
    const NodeId *members = cycles_members(cycles, form->component);
    uint64_t detail = 1;
    for (size_t m = 0; m < form->objects && form->objects <= ENOUGH; m++) {
        PyObject *op = cycles_object(cycles, members[m]);
        bool is_detailed = type_facts_of(&cycles->facts, op)->is_detailed;
        detail += is_detailed ? describe_detail_hash(cycles->state, op) : 0;
        detail += form->length == 0 ? parallel_detail(cycles, members[m]) : 0;
    }
    return detail;
}

/* Whether `found` is to be the specimen rather than the one that `form` has. */
static bool
is_specimen(Cycles *cycles, Form *found, Form *form)
{
    int order = form->count != 0 ? forms_compare(found, form) : 1;
    if (order == 0) {
        found->detail = detail_of(cycles, found);
        form->detail = form->detail != 0 ? form->detail : detail_of(cycles, form);
        order = forms_compare(found, form);
    }
    return order > 0;
}

/* --------------------------------------------------------------------- components */

/* The ring that stands for a component; its hash is known where its shape has been met before, and
   then the ring is not searched. 0 or -1. */
static int
hash_component(Cycles *cycles, Form *found, NodeId *members)
{
    size_t first;
    int is_simple = follow_simple(cycles, members, found->objects);
    found->exact = true;
    if (is_simple != 0) {
        int error = is_simple < 0 || hash_ring(cycles, found->hash, &first) < 0 ? -1 : 0;
        found->digest = found->hash[0];
        return error;
    }
    if (ring_choice_look(&cycles->choice, members, found->objects) < 0) {
        return -1;
    }
    found->digest = cycles->choice.digest;
    uint32_t known = index_enter(&cycles->digests, cycles->memory, found->digest);
    found->length = 1; /* chosen, once it is searched */
    if (known == INDEX_NONE) {
        return -1;
    }
    if (2 * (size_t)known < cycles->hashes.length) {
        found->hash[0] = cycles->hashes.items[2 * (size_t)known];
        found->hash[1] = cycles->hashes.items[2 * (size_t)known + 1];
        found->path = SIZE_MAX;
        return 0;
    }
    cycles->labels.length = 0;
    if (ring_choice_find(&cycles->choice, &cycles->ring, &cycles->places) < 0 ||
        hash_ring(cycles, found->hash, &first) < 0 || keep_ring(cycles, found) < 0 ||
        vec_push(cycles->memory, &cycles->hashes, found->hash[0]) < 0 ||
        vec_push(cycles->memory, &cycles->hashes, found->hash[1]) < 0) {
        return -1;
    }
    found->exact = cycles->choice.exact;
    return 0;
}

/* Search the ring of a specimen whose shape was known, after ring_choice_look. 0 or -1. */
static int
search_specimen(Cycles *cycles, Form *form)
{
    if (form->length == 0 || form->path != SIZE_MAX) {
        return 0;
    }
    form->exact = true;
    cycles->labels.length = 0;
    if (ring_choice_find(&cycles->choice, &cycles->ring, &cycles->places) < 0) {
        return -1;
    }
    form->exact = cycles->choice.exact;
    return keep_ring(cycles, form);
}

static int
fold_component(Cycles *cycles, size_t component)
{
    NodeId *members = cycles_members(cycles, component);
    Form found = {.count = 1, .component = component, .objects = cycles_size(cycles, component)};
    if (hash_component(cycles, &found, members) < 0 ||
        cascade_free(&cycles->cascade, members, found.objects) < 0) {
        return -1;
    }
    found.dragged = cycles->cascade.freed.length;
    LeafAccount its = {.owner = (uint32_t)component};
    LeafAccount kept = {.owner = (uint32_t)component, .is_kept = true};
    if (count_bytes(cycles, members, found.objects, its, &found.bytes) < 0 ||
        (found.dragged != 0 && count_bytes(cycles, cycles->cascade.freed.items, found.dragged, kept,
                                           &found.dragged_bytes) < 0)) {
        return -1;
    }
    found.provenance = provenance_of(cycles, members, found.objects);
    found.hash[0] = hash_mix(found.hash[0], (uint64_t)found.provenance);
    Form *form = forms_find(&cycles->forms, cycles->memory, found.hash);
    if (form == NULL) {
        return -1;
    }
    found.count += form->count;
    if (is_specimen(cycles, &found, form)) {
        if (search_specimen(cycles, &found) < 0) {
            return -1;
        }
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

/* 0 or -1. */
static int
begin_search(Cycles *cycles, bool is_live)
{
    const NodeIds *members = &cycles->scc.members;
    if (type_facts_learn(&cycles->facts, cycles->state, cycles->heap, cycles->nodes.items,
                         members->items, members->length) < 0 ||
        begin_cascade(cycles, is_live) < 0) {
        return -1;
    }
    ring_choice_begin(&cycles->choice, cycles->heap, cycles->nodes.items, &cycles->graph,
                      cycles->scc.component.items, &cycles->facts);
    return 0;
}

int
cycles_find(Cycles *cycles, bool is_live, PyObject *sizers)
{
    Memory *memory = cycles->memory;
    size_t count = cycles->chosen.count;
    cycles->is_live = is_live;
    sized_begin(&cycles->sized, memory, sizers);
    sized_listen(&cycles->sized, &cycles->leaves);
    if (vec_reserve(memory, &cycles->nodes, count) < 0) {
        return -1;
    }
    nodeset_members(&cycles->chosen, cycles->nodes.items);
    cycles->nodes.length = count;
    if (nodeset_induce(&cycles->chosen, &cycles->graph, &cycles->heap->graph) < 0 ||
        scc_run(&cycles->scc, memory, &cycles->graph) < 0) {
        return -1;
    }
    if (nodeset_init(&cycles->counted, memory, count) < 0 ||
        (cycles->scc.cyclic != 0 && begin_search(cycles, is_live) < 0)) {
        return -1;
    }
    for (size_t component = 0; component < cycles->scc.cyclic; component++) {
        if (fold_component(cycles, component) < 0) {
            return -1;
        }
    }
    return count_others(cycles);
}

/* ------------------------------------------------------------------------- words */

/* New reference: the line of a form for one step. NULL with an exception. */
static PyObject *
form_line(Cycles *cycles, size_t s)
{
    enum { MOST_LABELS = 64 };
    const RingStep *step = &cycles->steps.items[s];
    size_t length = cycles->ring.length, count = 0;
    size_t end =
        s + 1 < cycles->steps.length ? step[1].place : cycles->steps.items[0].place + length;
    Label labels[MOST_LABELS];
    PyObject *op = cycles_object(cycles, cycles_node(cycles, step->place)), *line = NULL;
    for (size_t i = step->place; i < end && count < MOST_LABELS; i++) {
        labels[count++] = cycles_label(cycles, i);
    }
    bool is_named = type_facts_of(&cycles->facts, op)->is_named;
    PyObject *type = typename_of(Py_TYPE(op)), *label = fold_text(labels, count, true);
    PyObject *name = is_named ? describe_name(cycles->state, op) : Py_NewRef(Py_None);
    if (type != NULL && label != NULL && name != NULL) {
        line = PyUnicode_Check(name) ? PyUnicode_FromFormat("%U\t%U\t%U\n", type, name, label)
                                     : PyUnicode_FromFormat("%U\t%U\n", type, label);
    }
    Py_XDECREF(type);
    Py_XDECREF(label);
    Py_XDECREF(name);
    return line;
}

PyObject *
cycles_form(Cycles *cycles)
{
    enum { MOST_LINES = 256 };
    uint64_t hash[2];
    size_t first, length;
    if (hash_ring(cycles, hash, &first) < 0) {
        return PyErr_NoMemory();
    }
    length = cycles->steps.length;
    PyObject *form = length <= MOST_LINES ? PyUnicode_New(0, 127)
                                          : PyUnicode_FromFormat("%zu links %llx %llx\n", length,
                                                                 (unsigned long long)hash[0],
                                                                 (unsigned long long)hash[1]);
    for (size_t s = 0; s < length && s < MOST_LINES && form != NULL; s++) {
        PyObject *line = form_line(cycles, (first + s) % length);
        PyObject *both = line != NULL ? PyUnicode_Concat(form, line) : NULL;
        Py_XDECREF(line);
        Py_SETREF(form, both);
    }
    return form;
}
