#include "query/ring_choice.h"

#include "base/hash.h"
#include "graph/refine.h"
#include "graph/rotation.h"
#include "query/describe.h"

enum {
    MOST_CLASSES = 1024, /* of which a sample is taken where there are more */
    STEPS_PER_MEMBER = 4,
    STEPS_AT_LEAST = 1 << 16,
    FREQUENT_AT_LEAST = 8,
};

void
ring_choice_begin(RingChoice *choice, const Heap *heap, const NodeId *nodes, Graph *graph,
                  const NodeId *component, FactsOfTypes *facts)
{
    *choice = (RingChoice){.memory = heap->memory};
    part_begin(&choice->part, heap, nodes, graph, component);
    kinds_begin(&choice->kinds, heap, facts);
    choice->rings = (Rings){.memory = heap->memory};
}

void
ring_choice_fini(RingChoice *choice)
{
    Memory *memory = choice->memory;
    if (memory == NULL) {
        return;
    }
    kinds_fini(&choice->kinds);
    rings_fini(&choice->rings);
    part_fini(&choice->part);
    vec_fini(memory, &choice->sums);
    index_fini(&choice->colours, memory);
    vec_fini(memory, &choice->classes);
    index_fini(&choice->word_keys, memory);
    vec_fini(memory, &choice->words);
    index_fini(&choice->label_keys, memory);
    vec_fini(memory, &choice->label_weights);
    vec_fini(memory, &choice->paths);
    vec_fini(memory, &choice->word);
}

/* ------------------------------------------------------------------------- order */

/* Exchange two edges of a row, with their kinds. */
static void
exchange(Kinds *kinds, uint32_t a, uint32_t b)
{
    NodeId *targets = kinds->graph->targets.items, target = targets[a];
    KindId *of_edge = kinds->of_edge.items, kind = of_edge[a];
    targets[a] = targets[b];
    of_edge[a] = of_edge[b];
    targets[b] = target;
    of_edge[b] = kind;
}

/* By the colours of what is in it, by heapsort: the order of a set follows addresses and seeds. */
static void
sink(Kinds *kinds, uint32_t begin, size_t place, size_t count)
{
    const uint64_t *colours = kinds->colours.items;
    const NodeId *targets = kinds->graph->targets.items + begin;
    for (size_t child; (child = 2 * place + 1) < count; place = child) {
        child += child + 1 < count && colours[targets[child + 1]] > colours[targets[child]];
        if (colours[targets[child]] <= colours[targets[place]]) {
            return;
        }
        exchange(kinds, begin + (uint32_t)child, begin + (uint32_t)place);
    }
}

static void
sort_row(Kinds *kinds, uint32_t begin, size_t count)
{
    for (size_t place = count / 2; place-- > 0;) {
        sink(kinds, begin, place, count);
    }
    for (size_t last = count; last-- > 1;) {
        exchange(kinds, begin, begin + (uint32_t)last);
        sink(kinds, begin, 0, last);
    }
}

/* Put a row into the order in which a program sees it: tp_traverse of lists and tuples begins at
   the end. Sets have no order of their own. */
static void
arrange_row(RingChoice *choice, NodeId node)
{
    Kinds *kinds = &choice->kinds;
    PyObject *op = kinds_object(kinds, node);
    uint32_t begin = kinds->graph->offsets.items[node], end = kinds->graph->offsets.items[node + 1];
    if (PyAnySet_Check(op)) {
        size_t inside = 0;
        for (uint32_t e = begin; e < end; e++) {
            if (kinds->component[kinds->graph->targets.items[e]] == kinds->component[node]) {
                exchange(kinds, begin + (uint32_t)inside++, e);
            }
        }
        sort_row(kinds, begin, inside);
    }
    else if (part_turns(&choice->part, node)) {
        for (; begin + 1 < end; begin++, end--) {
            exchange(kinds, begin, end - 1);
        }
    }
}

/* The class of a colour; NULL: it is not in the sample. */
static struct ColourClass *
class_of(RingChoice *choice, uint64_t colour)
{
    uint32_t place = index_find(&choice->colours, colour);
    return place != INDEX_NONE ? &choice->classes.items[place] : NULL;
}

/* Keep the classes whose colours are small: a sample that is the same in every run. 0 or -1. */
static int
thin_out(RingChoice *choice, uint64_t limit)
{
    size_t kept = 0;
    index_clear(&choice->colours);
    for (size_t c = 0; c < choice->classes.length; c++) {
        struct ColourClass class = choice->classes.items[c];
        if (class.colour < limit) {
            if (index_enter(&choice->colours, choice->memory, class.colour) == INDEX_NONE) {
                return -1;
            }
            choice->classes.items[kept++] = class;
        }
    }
    choice->classes.length = kept;
    return 0;
}

/* How many shown members there are of each colour. 0 or -1. */
static int
count_colours(RingChoice *choice, const NodeId *members, size_t count)
{
    uint64_t limit = UINT64_MAX;
    index_clear(&choice->colours);
    choice->classes.length = 0;
    for (size_t m = 0; m < count; m++) {
        uint64_t colour = choice->kinds.colours.items[members[m]];
        if (!nodeset_has(&choice->kinds.shown, members[m]) || colour > limit) {
            continue;
        }
        uint32_t place = index_enter(&choice->colours, choice->memory, colour);
        struct ColourClass class = {.colour = colour, .first = UINT32_MAX};
        if (place == INDEX_NONE || (place == choice->classes.length &&
                                    vec_push(choice->memory, &choice->classes, class) < 0)) {
            return -1;
        }
        choice->classes.items[place].count++;
        while (choice->classes.length > MOST_CLASSES) {
            limit /= 2;
            if (thin_out(choice, limit) < 0) {
                return -1;
            }
        }
    }
    choice->exact = limit == UINT64_MAX;
    return 0;
}

/* The member from which all are put into order: the first of the rarest colour. */
static NodeId
root_of(RingChoice *choice, const NodeId *members, size_t count)
{
    const struct ColourClass *rarest = NULL;
    for (size_t c = 0; c < choice->classes.length; c++) {
        const struct ColourClass *class = &choice->classes.items[c];
        if (rarest == NULL || class->count < rarest->count ||
            (class->count == rarest->count && class->colour < rarest->colour)) {
            rarest = class;
        }
    }
    for (size_t m = 0; m < count && rarest != NULL; m++) {
        if (choice->kinds.colours.items[members[m]] == rarest->colour &&
            nodeset_has(&choice->kinds.shown, members[m])) {
            return members[m];
        }
    }
    return members[0]; /* the sample is empty */
}

/* Put the members into the order in which they are met. */
static void
order_members(RingChoice *choice, NodeId *members, size_t count)
{
    const Kinds *kinds = &choice->kinds;
    NodeId root = root_of(choice, members, count), first = members[0];
    for (size_t m = 0; m < count; m++) {
        choice->sums.items[members[m]] = 0;
    }
    size_t met = 0;
    members[met++] = root;
    choice->sums.items[root] = 1;
    for (size_t m = 0; m < met; m++) {
        NodeId node = members[m];
        arrange_row(choice, node);
        for (uint32_t e = kinds->graph->offsets.items[node];
             e < kinds->graph->offsets.items[node + 1]; e++) {
            NodeId target = kinds->graph->targets.items[e];
            if (kinds->component[target] == kinds->component[first] &&
                choice->sums.items[target] == 0) {
                choice->sums.items[target] = 1;
                members[met++] = target;
            }
        }
    }
    part_arranged(&choice->part);
}

int
ring_choice_label(RingChoice *choice, const NodeId *members, size_t count)
{
    int is_new = part_enter(&choice->part, members, count);
    if (is_new < 0 || vec_reserve(choice->memory, &choice->sums, choice->part.graph->nodes) < 0) {
        return -1;
    }
    return is_new != 0 ? kinds_label(&choice->kinds, &choice->part) : 0;
}

void
ring_choice_release(RingChoice *choice)
{
    enum { MUCH = 1 << 16 };
    if (choice->part.graph->nodes >= MUCH) {
        rings_fini(&choice->rings);
        choice->rings = (Rings){.memory = choice->memory};
        vec_fini(choice->memory, &choice->kinds.colours);
        choice->part.entered = 0; /* to be labelled anew, when colours are asked for */
    }
}

/* How many colours the members have, in *found. 0 or -1. */
static int
count_different(RingChoice *choice, size_t *found)
{
    index_clear(&choice->colours);
    for (size_t m = 0; m < choice->part.members.length; m++) {
        uint64_t colour = choice->kinds.colours.items[choice->part.members.items[m]];
        if (index_enter(&choice->colours, choice->memory, colour) == INDEX_NONE) {
            return -1;
        }
    }
    *found = choice->colours.keys.length;
    return 0;
}

/* Refine the colours: of a large component for some rounds, of any other until that parts no more
   members. 0 or -1. */
static int
refine(RingChoice *choice)
{
    enum { FEW = 1 << 12, MOST_TIMES = 64 };
    Kinds *kinds = &choice->kinds;
    size_t count = choice->part.members.length, known = 0, found = 0;
    for (int times = 0; times < MOST_TIMES; times++) {
        refine_colours(kinds->colours.items, choice->sums.items, kinds->graph, kinds->component,
                       choice->part.members.items, count, kinds->of_edge.items,
                       kinds->index.keys.items);
        if (count > FEW) {
            return 0;
        }
        if (count_different(choice, &found) < 0) {
            return -1;
        }
        if (found == known || found == count) {
            return 0;
        }
        known = found;
    }
    return 0;
}

int
ring_choice_look(RingChoice *choice, const NodeId *members, size_t count)
{
    if (ring_choice_label(choice, members, count) < 0 || refine(choice) < 0) {
        return -1;
    }
    uint64_t sum = 0;
    for (size_t m = 0; m < count; m++) {
        sum += hash_mix(count, choice->kinds.colours.items[choice->part.members.items[m]]);
    }
    choice->digest = hash_mix(sum, count);
    return 0;
}

/* ------------------------------------------------------------------------- words */

/* Hash choice->word from its smallest rotation on. */
static uint64_t
hash_word(const RingChoice *choice)
{
    size_t length = choice->word.length;
    size_t first = rotation_smallest(choice->word.items, length);
    uint64_t hash = length;
    for (size_t i = 0; i < length; i++) {
        hash = hash_mix(hash, choice->word.items[(first + i) % length]);
    }
    return hash;
}

/* Read a ring's kinds: their hashes, or those of their labels, into choice->word. 0 or -1. */
static int
read_word(RingChoice *choice, bool labels)
{
    const Rings *rings = &choice->rings;
    choice->word.length = 0;
    if (vec_reserve(choice->memory, &choice->word, rings->edges.length) < 0) {
        return -1;
    }
    for (size_t i = 0; i < rings->edges.length; i++) {
        uint32_t edge = rings->edges.items[i];
        const Kind *kind = &choice->kinds.items.items[choice->kinds.of_edge.items[edge]];
        if (nodeset_has(rings->shown, rings->graph->targets.items[edge])) {
            vec_push_reserved(&choice->word, labels ? fold_hash_of(&kind->folded) : kind->hash);
        }
    }
    return 0;
}

static size_t
count_types(const RingChoice *choice)
{
    enum { ENOUGH = 16 };
    uint64_t met[ENOUGH];
    size_t types = 0;
    for (size_t i = 0; i < choice->rings.edges.length && types < ENOUGH; i++) {
        uint32_t edge = choice->rings.edges.items[i];
        uint64_t colour = choice->kinds.items.items[choice->kinds.of_edge.items[edge]].colour;
        size_t t = 0;
        while (t < types && met[t] != colour) {
            t++;
        }
        if (t == types) {
            met[types++] = colour;
        }
    }
    return types;
}

/* The reference of an instance to its class. */
static bool
is_class_field(const Label *label)
{
    return label->kind == LABEL_FIELD && strcmp(label->text, "__class__") == 0;
}

/* A ring that was not met before. 0 or -1. */
static int
enter_word(RingChoice *choice, uint64_t key, size_t length)
{
    const Rings *rings = &choice->rings;
    size_t nodes = rings->edges.length;
    RingWord word = {.key = key,
                     .length = length,
                     .path = choice->paths.length,
                     .nodes = nodes,
                     .colour = choice->colour,
                     .types = count_types(choice)};
    for (size_t i = 0; i < nodes; i++) {
        uint32_t edge = rings->edges.items[i];
        const Kind *kind = &choice->kinds.items.items[choice->kinds.of_edge.items[edge]];
        word.is_own |= kind->is_own;
        word.is_upwards |= kind->is_upwards;
        word.is_item |= kind->is_item;
        word.is_unnamed |= label_is_last_resort(&kind->label);
        word.is_of_class |= is_class_field(&kind->label);
        word.hops += kind->label.kind != LABEL_DICT;
    }
    if (read_word(choice, true) < 0 || vec_reserve(choice->memory, &choice->paths, 2 * nodes) < 0) {
        return -1;
    }
    word.labels = hash_word(choice);
    for (size_t i = 0; i < nodes; i++) {
        vec_push_reserved(&choice->paths, rings->ring.items[i]);
    }
    for (size_t i = 0; i < nodes; i++) {
        vec_push_reserved(&choice->paths, rings->edges.items[i]);
    }
    return vec_push(choice->memory, &choice->words, word);
}

/* A ring that was found: its word counts for the members that look like the start. */
static int
count_ring(void *arg, size_t length)
{
    RingChoice *choice = arg;
    if (read_word(choice, false) < 0) {
        return -1;
    }
    uint64_t key = hash_word(choice);
    uint32_t place = index_enter(&choice->word_keys, choice->memory, key);
    if (place == INDEX_NONE ||
        (place == choice->words.length && enter_word(choice, key, length) < 0)) {
        return -1;
    }
    RingWord *word = &choice->words.items[place];
    word->weight += word->start != choice->start ? choice->weight : 0;
    word->start = choice->start;
    return 0;
}

/* The largest classes first. */
static int
compare_classes(const void *a, const void *b)
{
    const struct ColourClass *x = a, *y = b;
    return x->count != y->count   ? (x->count < y->count ? 1 : -1)
           : x->first != y->first ? (x->first > y->first ? 1 : -1)
                                  : 0;
}

/* Where the sample of colours is empty. 0 or -1. */
static int
search_from_any(RingChoice *choice, const NodeId *members, size_t count)
{
    size_t m = 0;
    while (m + 1 < count && !nodeset_has(&choice->kinds.shown, members[m])) {
        m++;
    }
    choice->weight = choice->start = 1;
    return rings_through(&choice->rings, members[m], UINT64_MAX, count_ring, choice) < 0 ? -1 : 0;
}

/* 0 or -1. */
static int
search(RingChoice *choice, const NodeId *members, size_t count)
{
    Rings *rings = &choice->rings;
    uint64_t budget = STEPS_AT_LEAST + (uint64_t)STEPS_PER_MEMBER * count;
    rings->graph = choice->part.graph;
    rings->component = choice->part.component;
    rings->shown = &choice->kinds.shown;
    rings->kinds = choice->kinds.of_edge.items;
    rings->hashes = choice->kinds.index.keys.items;
    if (rings_begin(rings, members, count) < 0) {
        return -1;
    }
    for (size_t m = 0; m < count; m++) {
        struct ColourClass *class = class_of(choice, choice->kinds.colours.items[members[m]]);
        if (class != NULL && class->first == UINT32_MAX &&
            nodeset_has(&choice->kinds.shown, members[m])) {
            class->first = (uint32_t)m;
        }
    }
    vec_sort(choice->classes.items, choice->classes.length, sizeof(struct ColourClass),
             compare_classes);
    uint64_t last_step = rings->steps + budget;
    for (size_t c = 0; c < choice->classes.length && rings->steps < last_step; c++) {
        choice->weight = choice->classes.items[c].count;
        choice->colour = choice->classes.items[c].colour;
        choice->start = (uint32_t)c + 1;
        /* the first search goes to its end, so that there is a ring */
        int found =
            rings_through(rings, members[choice->classes.items[c].first],
                          choice->words.length != 0 ? last_step : UINT64_MAX, count_ring, choice);
        if (found < 0) {
            return -1;
        }
    }
    choice->exact &= rings->steps < last_step;
    return choice->words.length != 0 ? 0 : search_from_any(choice, members, count);
}

/* ------------------------------------------------------------------------ choose */

/* 0 or -1. */
static int
count_labels(RingChoice *choice)
{
    index_clear(&choice->label_keys);
    choice->label_weights.length = 0;
    for (size_t w = 0; w < choice->words.length; w++) {
        const RingWord *word = &choice->words.items[w];
        uint32_t place = index_enter(&choice->label_keys, choice->memory, word->labels);
        if (place == INDEX_NONE || (place == choice->label_weights.length &&
                                    vec_push(choice->memory, &choice->label_weights, 0) < 0)) {
            return -1;
        }
        choice->label_weights.items[place] += word->weight;
    }
    return 0;
}

static uint64_t
label_weight(const RingChoice *choice, const RingWord *word)
{
    return choice->label_weights.items[index_find(&choice->label_keys, word->labels)];
}

/* What is looked at when words are chosen among. */
typedef struct {
    uint64_t enough; /* weight of labels that is frequent; 0: none is */
    size_t shortest; /* length, where none is frequent */
    bool is_own;     /* whether there is an object of the program's own on any of the words */
} Pool;

static bool
is_in_pool(const RingChoice *choice, const Pool *pool, const RingWord *word)
{
    return pool->enough != 0 ? label_weight(choice, word) >= pool->enough
                             : word->length == pool->shortest && word->is_own == pool->is_own;
}

static bool
is_better(const Pool *pool, const RingWord *a, const RingWord *b)
{
    return a->is_own != b->is_own                      ? a->is_own
           : pool->enough != 0 && a->types != b->types ? a->types < b->types
           : a->is_of_class != b->is_of_class          ? b->is_of_class
           : a->is_upwards != b->is_upwards            ? a->is_upwards
           : a->length != b->length                    ? a->length < b->length
           : a->is_item != b->is_item                  ? a->is_item
           : a->is_unnamed != b->is_unnamed            ? b->is_unnamed
           : a->hops != b->hops                        ? a->hops < b->hops
           : a->weight != b->weight                    ? a->weight > b->weight
                                                       : a->key < b->key;
}

static Pool
pool_of(const RingChoice *choice, size_t shown)
{
    Pool pool = {.shortest = SIZE_MAX};
    uint64_t top = 0, quarter = (shown + 3) / 4;
    for (size_t l = 0; l < choice->label_weights.length; l++) {
        uint64_t weight = choice->label_weights.items[l];
        top = weight > top ? weight : top;
    }
    for (size_t w = 0; w < choice->words.length; w++) {
        pool.is_own |= choice->words.items[w].is_own;
    }
    for (size_t w = 0; w < choice->words.length; w++) {
        const RingWord *word = &choice->words.items[w];
        if (word->is_own == pool.is_own && word->length < pool.shortest) {
            pool.shortest = word->length;
        }
    }
    uint64_t enough = (top + 1) / 2 > quarter ? (top + 1) / 2 : quarter;
    enough = enough > FREQUENT_AT_LEAST ? enough : FREQUENT_AT_LEAST;
    pool.enough = top >= enough ? enough : 0;
    return pool;
}

static size_t
best_word(const RingChoice *choice, size_t shown)
{
    const RingWord *best = NULL;
    Pool pool = pool_of(choice, shown);
    for (size_t w = 0; w < choice->words.length; w++) {
        const RingWord *word = &choice->words.items[w];
        if (is_in_pool(choice, &pool, word) && (best == NULL || is_better(&pool, word, best))) {
            best = word;
        }
    }
    return (size_t)(best - choice->words.items);
}

/* Which of the parallel references of its row an edge is. Rows of lists and tuples have been turned
   round, but names are given to parallel references in the order of names. */
static NodeId
place_of(const RingChoice *choice, NodeId node, uint32_t edge)
{
    const Kinds *kinds = &choice->kinds;
    const NodeId *targets = kinds->graph->targets.items;
    uint32_t begin = kinds->graph->offsets.items[node], end = kinds->graph->offsets.items[node + 1];
    bool is_turned = part_is_turned(&choice->part, node);
    NodeId place = 0;
    for (uint32_t e = is_turned ? edge + 1 : begin; e < (is_turned ? end : edge); e++) {
        place += targets[e] == targets[edge];
    }
    return place;
}

/* A number for an index or key of a label, which is no part of its kind. */
static uint64_t
index_of(const Label *label)
{
    long long number = label->index;
    if (label->kind == LABEL_VALUE && label->name != NULL && PyLong_CheckExact(label->name)) {
        int is_long;
        number = PyLong_AsLongLongAndOverflow(label->name, &is_long);
    }
    return (uint64_t)number < UINT32_MAX ? (uint64_t)number : 0;
}

/* The detail of rings->ring: what is told of it besides its word. */
static uint64_t
detail_of_ring(RingChoice *choice)
{
    enum { HASH_BITS = 40 };
    const Rings *rings = &choice->rings;
    const Kinds *kinds = &choice->kinds;
    uint64_t hash = 0, indexes = 0, most = (UINT64_C(1) << (64 - HASH_BITS)) - 1;
    const uint32_t *offsets = kinds->graph->offsets.items;
    for (size_t i = 0; i < rings->ring.length; i++) {
        uint32_t edge = rings->edges.items[i];
        choice->read += offsets[rings->ring.items[i] + 1] - offsets[rings->ring.items[i]];
        PyObject *op = kinds_object(kinds, rings->ring.items[i]);
        PyObject *target = kinds_object(kinds, rings->graph->targets.items[edge]);
        Label label =
            edge_label_find(op, NULL, target, place_of(choice, rings->ring.items[i], edge));
        uint64_t kind = kinds->items.items[kinds->of_edge.items[edge]].hash;
        indexes += index_of(&label);
        hash += hash_mix(hash_mix(kind, index_of(&label)),
                         describe_detail_hash(kinds->facts->state, op));
    }
    return (indexes < most ? indexes : most) << HASH_BITS | hash >> (64 - HASH_BITS);
}

/* One more ring with the word that was chosen: it is told if its detail is smaller. Its rows are
   read for that, long ones again for each ring through them: until enough was read. */
static int
compare_ring(void *arg, size_t Py_UNUSED(length))
{
    RingChoice *choice = arg;
    const Rings *rings = &choice->rings;
    if (choice->read >= choice->most_read) {
        return 0;
    }
    if (read_word(choice, false) < 0) {
        return -1;
    }
    RingWord *word = &choice->words.items[choice->best];
    uint64_t detail = hash_word(choice) == word->key ? detail_of_ring(choice) : UINT64_MAX;
    if (detail < choice->detail && rings->ring.length == word->nodes) {
        choice->detail = detail;
        memcpy(choice->paths.items + word->path, rings->ring.items, word->nodes * sizeof(NodeId));
        memcpy(choice->paths.items + word->path + word->nodes, rings->edges.items,
               word->nodes * sizeof(uint32_t));
    }
    return 0;
}

/* Search again from all members that look like the start of the chosen word, if they are few. 0 or
   -1. */
static int
find_smallest_detail(RingChoice *choice, const NodeId *members, size_t count)
{
    enum { FEW = 64, MOST_NODES = 64 };
    const RingWord *word = &choice->words.items[choice->best];
    size_t alike = 0;
    uint64_t last_step = choice->rings.steps + STEPS_AT_LEAST + STEPS_PER_MEMBER * (uint64_t)count;
    for (size_t c = 0; c < choice->classes.length; c++) {
        const struct ColourClass *class = &choice->classes.items[c];
        alike = class->colour == word->colour ? class->count : alike;
    }
    if (alike < 2 || alike > FEW || word->nodes > MOST_NODES) {
        return 0;
    }
    choice->detail = UINT64_MAX;
    choice->read = 0;
    choice->most_read = STEPS_AT_LEAST + STEPS_PER_MEMBER * (uint64_t)count;
    for (size_t m = 0; m < count; m++) {
        if (choice->kinds.colours.items[members[m]] == word->colour &&
            nodeset_has(&choice->kinds.shown, members[m]) &&
            rings_through(&choice->rings, members[m], last_step, compare_ring, choice) < 0) {
            return -1;
        }
    }
    return 0;
}

int
ring_choice_find(RingChoice *choice, Path *ring, NodeIds *places)
{
    NodeId *members = choice->part.members.items;
    size_t count = choice->part.members.length;
    size_t shown = 0;
    if (count_colours(choice, members, count) < 0) {
        return -1;
    }
    order_members(choice, members, count);
    index_clear(&choice->word_keys);
    choice->words.length = choice->paths.length = 0;
    if (search(choice, members, count) < 0 || count_labels(choice) < 0) {
        return -1;
    }
    for (size_t m = 0; m < count; m++) {
        shown += nodeset_has(&choice->kinds.shown, members[m]);
    }
    choice->best = best_word(choice, shown);
    if (find_smallest_detail(choice, members, count) < 0) {
        return -1;
    }
    const RingWord *word = &choice->words.items[choice->best];
    ring->length = places->length = 0;
    if (vec_reserve(choice->memory, ring, word->nodes) < 0 ||
        vec_reserve(choice->memory, places, word->nodes) < 0) {
        return -1;
    }
    for (size_t i = 0; i < word->nodes; i++) {
        NodeId node = choice->paths.items[word->path + i];
        vec_push_reserved(ring, part_number(&choice->part, node));
        vec_push_reserved(places, place_of(choice, node,
                                           choice->paths.items[word->path + word->nodes + i]));
    }
    return 0;
}
