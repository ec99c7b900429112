#include "query/kinds.h"

#include "base/hash.h"

void
kinds_begin(Kinds *kinds, const Heap *heap, FactsOfTypes *facts)
{
    *kinds = (Kinds){.memory = heap->memory, .heap = heap, .facts = facts};
}

/* What was asked for last: from one owner (a colour, or the kind of the way to a container) by one
   label, as its pointers tell it, which mean the same during a pass. */
typedef struct KindCacheEntry {
    uint64_t from;
    const void *name;
    Py_ssize_t index; /* -1 where it does not count */
    LabelKind label;
    bool is_item, may_cut, is_shown;
    KindId kind;
    uint32_t round; /* in which it was asked */
} KindCacheEntry;

enum { CACHE_SIZE = 1024 };

void
kinds_fini(Kinds *kinds)
{
    Memory *memory = kinds->memory;
    if (memory == NULL) {
        return;
    }
    vec_fini(memory, &kinds->items);
    index_fini(&kinds->index, memory);
    vec_fini(memory, &kinds->of_edge);
    vec_fini(memory, &kinds->nearest);
    vec_fini(memory, &kinds->ways);
    vec_fini(memory, &kinds->colours);
    nodeset_fini(&kinds->shown);
    vec_fini(memory, &kinds->level);
    vec_fini(memory, &kinds->next);
    vec_fini(memory, &kinds->slot_of);
    vec_fini(memory, &kinds->slot_after);
    memory_free(memory, kinds->cache, CACHE_SIZE * sizeof(KindCacheEntry));
    kinds->cache = NULL;
}

/* -------------------------------------------------------------------- the table */

bool
kinds_may_cut(const Label *label)
{
    switch (label->kind) {
    case LABEL_ITEM: /* what is in a tuple stays in it */
        return !PyType_HasFeature(label->holder, Py_TPFLAGS_TUPLE_SUBCLASS);
    case LABEL_VALUE:
    case LABEL_KEY:
        return !is_frozendict(label->holder);
    case LABEL_ATTRIBUTE:
    case LABEL_ELEMENT:
    case LABEL_LOCAL:
    case LABEL_CELL:
    case LABEL_OWN:
    case LABEL_BYTE:
    case LABEL_UNNAMED:
        return true;
    default:
        return false;
    }
}

static Py_UCS4
character_of(const Label *label, Py_ssize_t i)
{
    if (label->name != NULL && PyUnicode_Check(label->name)) {
        return i < PyUnicode_GET_LENGTH(label->name) ? PyUnicode_READ_CHAR(label->name, i) : 0;
    }
    return label->text != NULL && label->text[i] != ' ' ? (unsigned char)label->text[i] : 0;
}

/* Whether one of the words of a name, parted by capitals and by what is no letter, is one by which
   a child calls its parent. */
static bool
names_upwards(const Label *label)
{
    static const char words[] = "parent owner up root container outer prev previous back";
    enum { LONGEST = 12 };
    char word[LONGEST + 1];
    size_t length = 0;
    bool has_name = (label->name != NULL && PyUnicode_Check(label->name)) || label->text != NULL;
    bool is_of_program = label->kind == LABEL_ATTRIBUTE || label->kind == LABEL_VALUE;
    if (!has_name || !is_of_program) {
        return false;
    }
    for (Py_ssize_t i = 0;; i++) {
        Py_UCS4 c = character_of(label, i);
        bool is_capital = c >= 'A' && c <= 'Z', is_letter = is_capital || (c >= 'a' && c <= 'z');
        if (!is_letter || is_capital) {
            word[length <= LONGEST ? length : 0] = '\0';
            if (length != 0 && length <= LONGEST && has_word(words, word)) {
                return true;
            }
            length = 0;
        }
        if (c == 0) {
            return false;
        }
        if (is_letter) {
            word[length < LONGEST ? length : LONGEST] = (char)(is_capital ? c + ('a' - 'A') : c);
            length += length <= LONGEST;
        }
    }
}

/* The kind that this one is, entered where it is new. KIND_NONE: out of memory. */
static KindId
enter_kind(Kinds *kinds, const Kind *kind)
{
    KindId id = index_enter(&kinds->index, kinds->memory, kind->hash);
    bool is_new = id != KIND_NONE && id == kinds->items.length;
    return is_new && vec_push(kinds->memory, &kinds->items, *kind) < 0 ? KIND_NONE : id;
}

/* ------------------------------------------------------------------------- rows */

/* A row that is being labelled. */
typedef struct {
    Kinds *kinds;
    NodeId source;
    NodeId owner;
    KindId way;      /* by which the source is reached, or KIND_NONE: it is its own owner */
    uint64_t colour; /* of the owner */
    int hops;        /* from a shown object to the source */
    uint32_t begin, end;
    uint32_t left; /* edges inside the component that have no kind yet */
    AddrCursor cursor;
    NamedWords words;
    Py_ssize_t shown; /* references that tp_traverse has shown so far */
    bool failed;
} Row;

enum { SHORT_ROW = 12 };

/* An item of what can change; those of tuples are fields without names. */
static bool
is_item_of_list(const Label *label)
{
    return label->kind == LABEL_ITEM &&
           !PyType_HasFeature(label->holder, Py_TPFLAGS_TUPLE_SUBCLASS);
}

/* A number for what the references of a kind have in common besides their label: one that adds
   nothing to that, as to a __dict__, which may be real or not, adds nothing here. */
static uint64_t
nature_of(const Kinds *kinds, const Kind *kind, const Kind *way)
{
    uint64_t own = 1 + (uint64_t)kind->may_cut + 2 * (uint64_t)is_item_of_list(&kind->label) +
                   4 * (uint64_t)nodeset_has(&kinds->shown, kind->target);
    uint64_t before = way != NULL ? way->nature : 0, label = way != NULL ? way->folded.hash : 0;
    return kind->folded.hash != label ? hash_mix(before, own) : before;
}

static KindId
make_kind(Row *row, const Label *label, NodeId target)
{
    Kinds *kinds = row->kinds;
    const TypeFacts *facts = type_facts_of(kinds->facts, kinds_object(kinds, row->owner));
    const Kind *way = row->way != KIND_NONE ? &kinds->items.items[row->way] : NULL;
    Kind kind = {.colour = row->colour,
                 .label = *label,
                 .parent = row->way,
                 .source = row->source,
                 .target = target,
                 .owner = row->owner,
                 .type = facts->type,
                 .hops = row->hops + (label->kind != LABEL_DICT && !fold_is_inside_mapping(label)),
                 .is_own = facts->is_instance && facts->rank == 0,
                 .is_instance = facts->is_instance,
                 .is_upwards = names_upwards(label),
                 .is_item = is_item_of_list(label) || label->kind == LABEL_ELEMENT ||
                            label->kind == LABEL_KEY || label->kind == LABEL_VALUE,
                 .may_cut = kinds_may_cut(label)};
    if (way != NULL) {
        kind.folded = way->folded;
        kind.is_upwards |= way->is_upwards;
        kind.is_item = way->is_item || (kind.is_item && way->folded.fold.into != FOLD_INTO_DICT);
    }
    kind.is_item &= facts->is_instance || facts->is_plain;
    fold_hash_add(&kind.folded, label);
    kind.nature = nature_of(kinds, &kind, way);
    kind.hash = hash_mix(hash_mix(kind.colour, kind.nature), fold_hash_of(&kind.folded));
    return enter_kind(kinds, &kind);
}

/* The kind of a reference of the row, by the cache where it was asked for lately. KIND_NONE: out of
   memory. */
static KindId
kind_of(Row *row, const Label *label, NodeId target)
{
    Kinds *kinds = row->kinds;
    const PyObject *name = edge_label_name(label);
    KindCacheEntry wanted = {
        .from = row->way != KIND_NONE ? kinds->items.items[row->way].hash : row->colour,
        .name = name != NULL ? (const void *)name : label->text,
        .index = label_is_last_resort(label) ? label->index : -1,
        .label = label->kind,
        .is_item = is_item_of_list(label),
        .may_cut = kinds_may_cut(label),
        .is_shown = nodeset_has(&kinds->shown, target),
        .round = kinds->round,
    };
    uint64_t place = hash_mix(wanted.from, (uint64_t)(uintptr_t)wanted.name);
    place = hash_mix(place, (uint64_t)wanted.index + ((uint64_t)wanted.label << 32));
    KindCacheEntry *entry = &kinds->cache[place % CACHE_SIZE];
    bool is_known = entry->round == wanted.round && entry->from == wanted.from &&
                    entry->name == wanted.name && entry->index == wanted.index &&
                    entry->label == wanted.label && entry->is_item == wanted.is_item &&
                    entry->may_cut == wanted.may_cut && entry->is_shown == wanted.is_shown;
    if (!is_known) {
        wanted.kind = make_kind(row, label, target);
        *entry = wanted;
    }
    return entry->kind;
}

/* A container that is reached by a reference of this kind: remember the nearest owner. 0 or -1. */
static int
reach_container(Row *row, NodeId target, KindId way)
{
    Kinds *kinds = row->kinds;
    KindId *known = &kinds->ways.items[target];
    if (nodeset_has(&kinds->shown, target)) {
        return 0;
    }
    if (*known == KIND_NONE) {
        *known = way;
        kinds->nearest.items[target] = row->owner;
        return vec_push(kinds->memory, &kinds->next, target);
    }
    const Kind *old = &kinds->items.items[*known], *new = &kinds->items.items[way];
    bool is_better = new->hops != old->hops ? new->hops < old->hops : new->hash < old->hash;
    if (is_better) { /* of one that is labelled already nothing changes by that */
        *known = way;
        kinds->nearest.items[target] = row->owner;
    }
    return 0;
}

static bool
take_edge(Row *row, uint32_t edge, const Label *label)
{
    Kinds *kinds = row->kinds;
    NodeId target = kinds->graph->targets.items[edge];
    KindId kind = kind_of(row, label, target);
    if (kind == KIND_NONE || reach_container(row, target, kind) < 0) {
        row->failed = true;
        return true;
    }
    kinds->of_edge.items[edge] = kind;
    kinds->items.items[kind].references++;
    row->left--;
    return row->left == 0;
}

/* The first edge of a row that leads to an object and has no kind yet; the end of the row where
   there is none. */
static uint32_t
find_edge(Row *row, PyObject *target)
{
    const Kinds *kinds = row->kinds;
    if (row->end - row->begin > SHORT_ROW) {
        NodeId node, number;
        if (!addrmap_find_near(&kinds->heap->map, &row->cursor, target, &node)) {
            return row->end;
        }
        number = kinds->slot_of.items[node] != 0 ? kinds->slot_of.items[node] - 1 : row->end;
        if (number != row->end) {
            kinds->slot_of.items[node] = kinds->slot_after.items[number - row->begin];
        }
        return number;
    }
    for (uint32_t e = row->begin; e < row->end; e++) {
        NodeId number = kinds->graph->targets.items[e];
        if (kinds->of_edge.items[e] == KIND_NONE && kinds_object(kinds, number) == target &&
            kinds->component[number] == kinds->component[row->source]) {
            return e;
        }
    }
    return row->end;
}

static bool
visit_named(void *arg, PyObject *target, Label label)
{
    Row *row = arg;
    struct_words_note(&row->words, &label);
    uint32_t edge = find_edge(row, target);
    return edge != row->end && take_edge(row, edge, &label);
}

/* What has no name. Of several references to one target that only their bytes would tell apart, all
   are of the kind of the first. */
static int
visit_shown(PyObject *target, void *arg)
{
    Row *row = arg;
    uint32_t edge = find_edge(row, target);
    row->shown++;
    if (edge == row->end) {
        return 0;
    }
    Label label = struct_words_label(kinds_object(row->kinds, row->source), target, row->words, 0,
                                     row->shown);
    return take_edge(row, edge, &label);
}

/* slot_of: by nodes of the heap, so that a target's address leads there at once. 0 or -1. */
static int
enter_long_row(Row *row)
{
    Kinds *kinds = row->kinds;
    uint32_t length = row->end - row->begin;
    if (length <= SHORT_ROW) {
        return 0;
    }
    if (kinds->slot_of.length == 0 &&
        vec_zeros(kinds->memory, &kinds->slot_of, kinds->heap->count) < 0) {
        return -1;
    }
    kinds->slot_after.length = 0;
    if (vec_reserve(kinds->memory, &kinds->slot_after, length) < 0) {
        return -1;
    }
    for (uint32_t e = row->end; e-- > row->begin;) {
        NodeId number = kinds->graph->targets.items[e];
        if (kinds->component[number] == kinds->component[row->source]) {
            uint32_t *first = &kinds->slot_of.items[kinds->nodes[number]];
            kinds->slot_after.items[e - row->begin] = *first;
            *first = e + 1;
        }
    }
    return 0;
}

static void
leave_long_row(const Row *row)
{
    const Kinds *kinds = row->kinds;
    for (uint32_t e = row->begin; e < row->end && row->end - row->begin > SHORT_ROW; e++) {
        kinds->slot_of.items[kinds->nodes[kinds->graph->targets.items[e]]] = 0;
    }
}

/* What a tp_traverse has shown once, when the graph was made, and does not show any more. */
static void
take_what_is_left(Row *row)
{
    const Kinds *kinds = row->kinds;
    Label label = {.kind = LABEL_UNNAMED, .holder = Py_TYPE(kinds_object(row->kinds, row->source))};
    for (uint32_t e = row->begin; e < row->end && row->left != 0 && !row->failed; e++) {
        NodeId target = kinds->graph->targets.items[e];
        if (kinds->of_edge.items[e] == KIND_NONE &&
            kinds->component[target] == kinds->component[row->source]) {
            (void)take_edge(row, e, &label);
        }
    }
}

/* 0 or -1. */
static int
label_row(Kinds *kinds, NodeId source)
{
    const uint32_t *offsets = kinds->graph->offsets.items;
    PyObject *op = kinds_object(kinds, source);
    KindId way = kinds->ways.items[source];
    bool is_far = way != KIND_NONE && kinds->items.items[way].hops >= KIND_MOST_HOPS;
    Row row = {.kinds = kinds,
               .source = source,
               .owner = way != KIND_NONE && !is_far ? kinds->nearest.items[source] : source,
               .way = is_far ? KIND_NONE : way,
               .hops = way != KIND_NONE ? kinds->items.items[way].hops : 0,
               .begin = offsets[source],
               .end = offsets[source + 1],
               .cursor = ADDRMAP_NOWHERE};
    row.colour = kinds->colours.items[row.owner];
    for (uint32_t e = row.begin; e < row.end; e++) {
        kinds->of_edge.items[e] = KIND_NONE;
        row.left += kinds->component[kinds->graph->targets.items[e]] == kinds->component[source];
    }
    if (row.left == 0) {
        return 0;
    }
    if (enter_long_row(&row) < 0) {
        return -1;
    }
    PyObject *owner = row.owner != source ? kinds_object(kinds, row.owner) : NULL;
    referents_visit(op, owner, visit_named, &row);
    if (row.left != 0 && !row.failed) {
        (void)Py_TYPE(op)->tp_traverse(op, visit_shown, &row);
    }
    take_what_is_left(&row);
    leave_long_row(&row);
    return row.failed ? -1 : 0;
}

/* -------------------------------------------------------------------- component */

/* 0 or -1. */
static int
make_room(Kinds *kinds)
{
    Memory *memory = kinds->memory;
    size_t nodes = kinds->graph->nodes, edges = graph_edges(kinds->graph);
    if (kinds->cache == NULL) {
        kinds->cache = memory_zeroed(memory, CACHE_SIZE * sizeof(KindCacheEntry));
    }
    return kinds->cache == NULL || vec_reserve(memory, &kinds->of_edge, edges) < 0 ||
                   vec_reserve(memory, &kinds->nearest, nodes) < 0 ||
                   vec_reserve(memory, &kinds->ways, nodes) < 0 ||
                   vec_reserve(memory, &kinds->colours, nodes) < 0 ||
                   nodeset_grow(&kinds->shown, memory, nodes) < 0
               ? -1
               : 0;
}

static void
forget(Kinds *kinds)
{
    kinds->items.length = kinds->level.length = kinds->next.length = 0;
    index_clear(&kinds->index);
    if (++kinds->round == 0) { /* once in 2**32 components */
        memset(kinds->cache, 0, CACHE_SIZE * sizeof(KindCacheEntry));
        kinds->round = 1;
    }
}

/* Objects are shown, containers folded; where there are none but containers, those are shown that
   are not always folded; and where there are none of these, all. */
static void
show(Kinds *kinds, const NodeId *members, size_t count)
{
    int hidden = TYPE_FACTS_NOTHING;
    for (size_t m = 0; m < count && hidden != 0; m++) {
        PyObject *op = kinds_object(kinds, members[m]);
        hidden = type_facts_lower(hidden, type_facts_of(kinds->facts, op));
    }
    for (size_t m = 0; m < count; m++) {
        const TypeFacts *facts = type_facts_of(kinds->facts, kinds_object(kinds, members[m]));
        if (type_facts_is_hidden(facts, hidden)) {
            nodeset_remove(&kinds->shown, members[m]);
        }
        else {
            nodeset_add(&kinds->shown, members[m]);
        }
        kinds->ways.items[members[m]] = KIND_NONE;
        kinds->colours.items[members[m]] =
            type_facts_colour(kinds->facts, kinds_object(kinds, members[m]));
    }
}

/* Put the containers that are the nearest to objects from kinds->next into kinds->level: a
   `__dict__` is as near as its object, so that what is in it comes as soon as what is not in one.
   There is room for them. */
static void
take_nearest(Kinds *kinds)
{
    size_t left = 0;
    int nearest = INT_MAX;
    for (size_t c = 0; c < kinds->next.length; c++) {
        int hops = kinds->items.items[kinds->ways.items[kinds->next.items[c]]].hops;
        nearest = hops < nearest ? hops : nearest;
    }
    kinds->level.length = 0;
    for (size_t c = 0; c < kinds->next.length; c++) {
        NodeId node = kinds->next.items[c];
        if (kinds->items.items[kinds->ways.items[node]].hops == nearest) {
            vec_push_reserved(&kinds->level, node);
        }
        else {
            kinds->next.items[left++] = node;
        }
    }
    kinds->next.length = left;
}

/* Objects first, then containers by their distance from objects. */
int
kinds_label(Kinds *kinds, const Part *part)
{
    const NodeId *members = part->members.items;
    size_t count = part->members.length;
    kinds->graph = part->graph;
    kinds->nodes = part->nodes;
    kinds->component = part->component;
    if (make_room(kinds) < 0) {
        return -1;
    }
    forget(kinds);
    show(kinds, members, count);
    for (size_t m = 0; m < count; m++) {
        if (nodeset_has(&kinds->shown, members[m]) && label_row(kinds, members[m]) < 0) {
            return -1;
        }
    }
    while (kinds->next.length != 0) {
        kinds->level.length = 0;
        if (vec_reserve(kinds->memory, &kinds->level, kinds->next.length) < 0) {
            return -1;
        }
        take_nearest(kinds);
        for (size_t c = 0; c < kinds->level.length; c++) {
            if (label_row(kinds, kinds->level.items[c]) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

PyObject *
kinds_text(const Kinds *kinds, KindId kind)
{
    Label labels[KIND_MOST_LABELS];
    size_t count = 0;
    for (KindId k = kind; k != KIND_NONE && count < KIND_MOST_LABELS;
         k = kinds->items.items[k].parent) {
        count++;
    }
    size_t l = count;
    for (KindId k = kind; l > 0; k = kinds->items.items[k].parent) {
        labels[--l] = kinds->items.items[k].label;
    }
    return fold_text(labels, count, true);
}
