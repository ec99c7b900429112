#include "query/kind_cuts.h"

#include "base/hash.h"
#include "base/typename.h"
#include "graph/acyclic.h"
#include "heap/generations.h"

enum {
    MOST_GROUPS = 256,
    MOST_ALONE = 24,
    MOST_KINDS = 3,
    MOST_STEPS = 1 << 20, /* edges that are looked at to choose */
    FEWEST_PASSES = 48,   /* that a large component gets all the same */
};

/* A score that takes more than to be direct and to be called as its class. */
#define CLEARLY 1.0f

void
kind_cuts_begin(KindCuts *cuts, Cycles *cycles)
{
    *cuts = (KindCuts){.cycles = cycles, .kinds = &cycles->choice.kinds};
}

void
kind_cuts_fini(KindCuts *cuts)
{
    Memory *memory = cuts->cycles->memory;
    if (memory == NULL) {
        return;
    }
    vec_fini(memory, &cuts->groups);
    index_fini(&cuts->group_keys, memory);
    vec_fini(memory, &cuts->group_of);
    vec_fini(memory, &cuts->cut_of);
    vec_fini(memory, &cuts->is_cut);
    vec_fini(memory, &cuts->ages);
    vec_fini(memory, &cuts->order);
    vec_fini(memory, &cuts->cuts);
}

bool
kind_cuts_apply(Cycles *cycles)
{
    bool has_shown = false;
    for (size_t i = 0; i < cycles->ring.length; i++) {
        const TypeFacts *facts =
            type_facts_of(&cycles->facts, cycles_object(cycles, cycles->ring.items[i]));
        if (!facts->is_structural) {
            return false;
        }
        has_shown |= !facts->is_plain;
    }
    return has_shown;
}

/* ------------------------------------------------------------------------ groups */

/* What is cut for a kind: its own references where a program may change them, else those by which
   one comes to the container that they are in. */
static KindId
cut_of_kind(const Kinds *kinds, KindId kind)
{
    while (kind != KIND_NONE && !kinds->items.items[kind].may_cut) {
        kind = kinds->items.items[kind].parent;
    }
    return kind;
}

/* Whether it is data that a program has put where it stands, and can take away again. */
static bool
is_data(const Kind *kind)
{
    switch (kind->label.kind) {
    case LABEL_ATTRIBUTE:
    case LABEL_VALUE:
    case LABEL_KEY:
    case LABEL_ITEM:
    case LABEL_ELEMENT:
        return true;
    default:
        return false;
    }
}

/* 0 or -1. */
static int
enter_group(KindCuts *cuts, KindId id)
{
    Memory *memory = cuts->cycles->memory;
    const Kind *kind = &cuts->kinds->items.items[id];
    bool is_shown = nodeset_has(&cuts->kinds->shown, kind->target);
    uint64_t key =
        kind->is_instance ? hash_mix(kind->nature, fold_hash_of(&kind->folded)) : kind->hash;
    KindId cut = cut_of_kind(cuts->kinds, id);
    uint32_t group = is_shown ? index_enter(&cuts->group_keys, memory, key) : INDEX_NONE;
    if (is_shown && group == INDEX_NONE) {
        return -1;
    }
    if (is_shown && group == cuts->groups.length) {
        KindGroup made = {.key = key,
                          .example = id,
                          .is_item = kind->is_item,
                          .may_cut = true,
                          .is_weakrefable = true};
        if (vec_push(memory, &cuts->groups, made) < 0) {
            return -1;
        }
    }
    if (is_shown) {
        cuts->groups.items[group].references += kind->references;
        cuts->groups.items[group].is_upwards |= kind->is_upwards;
        cuts->groups.items[group].may_cut &=
            cut != KIND_NONE && is_data(&cuts->kinds->items.items[cut]);
        cuts->groups.items[group].is_weakrefable &= kind->is_instance;
    }
    vec_push_reserved(&cuts->group_of, group);
    vec_push_reserved(&cuts->cut_of, cut);
    vec_push_reserved(&cuts->is_cut, false);
    return 0;
}

/* 0 or -1. */
static int
make_groups(KindCuts *cuts)
{
    Memory *memory = cuts->cycles->memory;
    size_t count = cuts->kinds->items.length;
    cuts->groups.length = cuts->group_of.length = cuts->cut_of.length = cuts->is_cut.length = 0;
    index_clear(&cuts->group_keys);
    if (vec_reserve(memory, &cuts->group_of, count) < 0 ||
        vec_reserve(memory, &cuts->cut_of, count) < 0 ||
        vec_reserve(memory, &cuts->is_cut, count) < 0) {
        return -1;
    }
    cuts->steps = count;
    for (size_t k = 0; k < count; k++) {
        cuts->steps += cuts->kinds->items.items[k].references;
        if (enter_group(cuts, (KindId)k) < 0) {
            return -1;
        }
    }
    return 0;
}

static uint32_t
group_of_edge(const KindCuts *cuts, uint32_t edge)
{
    return cuts->group_of.items[cuts->kinds->of_edge.items[edge]];
}

static bool
is_inside(const Kinds *kinds, NodeId source, uint32_t edge)
{
    return kinds->component[kinds->graph->targets.items[edge]] == kinds->component[source];
}

/* ------------------------------------------------------------------------- score */

/* 0: it is not known, or not asked for, as where there is but one group. */
static uint32_t
age_of(const KindCuts *cuts, NodeId number)
{
    bool is_known = cuts->ages.length != 0 && cuts->groups.length > 1;
    return is_known ? cuts->ages.items[cuts->kinds->nodes[number]] : 0;
}

/* Whether a name, its letters alone and in lower case, is that of a class, or its end. */
static bool
is_called_as_class(const Label *label, PyTypeObject *type)
{
    enum { LONGEST = 64 };
    char name[LONGEST + 1], class[LONGEST + 1];
    size_t length = 0, of_class = 0;
    bool has_str = label->name != NULL && PyUnicode_Check(label->name);
    for (Py_ssize_t i = 0; length < LONGEST; i++) {
        Py_UCS4 c =
            has_str
                ? (i < PyUnicode_GET_LENGTH(label->name) ? PyUnicode_READ_CHAR(label->name, i) : 0)
            : label->text != NULL ? (Py_UCS4)(unsigned char)label->text[i]
                                  : 0;
        if (c == 0 || c == ' ') {
            break;
        }
        if (c < 128 && Py_ISALPHA(c)) {
            name[length++] = (char)Py_TOLOWER(c);
        }
    }
    for (const char *c = typename_short(type); *c != '\0' && of_class < LONGEST; c++) {
        if (Py_ISALPHA((unsigned char)*c)) {
            class[of_class++] = (char)Py_TOLOWER((unsigned char)*c);
        }
    }
    return length > 2 && of_class >= length &&
           memcmp(class + (of_class - length), name, length) == 0;
}

/* The label by which a group is called: the attribute through which its items are reached. */
static const Label *
name_of_group(const KindCuts *cuts, const KindGroup *group)
{
    const Kind *named = &cuts->kinds->items.items[group->example];
    while (named->is_item && named->label.kind != LABEL_ATTRIBUTE && named->parent != KIND_NONE) {
        named = &cuts->kinds->items.items[named->parent];
    }
    return &named->label;
}

enum { GROUPS_AT_ONCE = 32 };

/* Count the different ends of a group's references, and which of those are younger. The stamp of a
   node has a bit for each of GROUPS_AT_ONCE groups that has it for a source, and above these a bit
   for each that has it for a target. */
static void
measure_edge(const KindCuts *cuts, KindGroup *group, uint32_t bit, NodeId source, NodeId target)
{
    uint64_t *stamps = cuts->cycles->choice.sums.items;
    uint64_t as_source = UINT64_C(1) << bit, as_target = as_source << GROUPS_AT_ONCE;
    uint32_t of_source = age_of(cuts, source), of_target = age_of(cuts, target);
    group->sources += (stamps[source] & as_source) == 0;
    stamps[source] |= as_source;
    group->targets += (stamps[target] & as_target) == 0;
    stamps[target] |= as_target;
    group->aged += of_source != 0 && of_target != 0;
    group->younger += of_source != 0 && of_target != 0 && of_source > of_target ? 2 : 0;
    group->younger += source == target && of_source != 0;
    PyTypeObject *type = Py_TYPE(kinds_object(cuts->kinds, target));
    group->is_weakrefable &= type->tp_weaklistoffset != 0;
    if (!group->is_called_as_class && group->asked != type) {
        group->is_called_as_class = is_called_as_class(name_of_group(cuts, group), type);
        group->asked = type;
    }
}

/* Measure the groups first .. first + GROUPS_AT_ONCE - 1. */
static void
measure(KindCuts *cuts, uint32_t first, const NodeId *members, size_t count)
{
    const Kinds *kinds = cuts->kinds;
    const uint32_t *offsets = kinds->graph->offsets.items;
    for (size_t m = 0; m < count; m++) {
        cuts->cycles->choice.sums.items[members[m]] = 0;
    }
    for (size_t m = 0; m < count; m++) {
        NodeId node = members[m];
        NodeId owner = nodeset_has(&kinds->shown, node) ? node : kinds->nearest.items[node];
        for (uint32_t e = offsets[node]; e < offsets[node + 1]; e++) {
            uint32_t group = is_inside(kinds, node, e) ? group_of_edge(cuts, e) : INDEX_NONE;
            if (group != INDEX_NONE && group - first < GROUPS_AT_ONCE) {
                measure_edge(cuts, &cuts->groups.items[group], group - first, owner,
                             kinds->graph->targets.items[e]);
            }
        }
    }
}

static float
score_of(const KindGroup *group)
{
    float references = (float)group->references;
    float fan = references / (float)group->targets - references / (float)group->sources;
    float age = group->aged == group->references && group->aged != 0
                    ? (float)group->younger / (2 * references)
                    : 0.5f;
    fan = fan > 1 ? 1 : fan < -1 ? -1 : fan;
    return 4.0f * (float)group->is_upwards + 2.0f * fan + 2.0f * (2.0f * age - 1.0f) +
           (group->is_item ? -0.25f : 0.25f) + (group->is_called_as_class ? 0.5f : 0.0f);
}

static bool
is_aged(const KindCuts *cuts, const NodeId *members, size_t count)
{
    for (size_t m = 0; m < count; m++) {
        if (age_of(cuts, members[m]) == 0 && nodeset_has(&cuts->kinds->shown, members[m])) {
            return false;
        }
    }
    return true;
}

/* The ages of the members: of as many generations as it takes, the youngest first. 0 or -1. */
static int
learn_ages(KindCuts *cuts, const NodeId *members, size_t count)
{
    Cycles *cycles = cuts->cycles;
    const Generation *generations = cycles->state->generations;
    if (generations == NULL) {
        return 0;
    }
    if (cuts->ages.length == 0 && vec_zeros(cycles->memory, &cuts->ages, cycles->heap->count) < 0) {
        return -1;
    }
    while (cuts->aged < GENERATIONS && !is_aged(cuts, members, count)) {
        uint32_t first = 1 + (uint32_t)(GENERATIONS - 1 - cuts->aged) * (UINT32_MAX / GENERATIONS);
        generations_number(&generations[cuts->aged++], &cycles->heap->map, first, cuts->ages.items);
    }
    return 0;
}

/* 0 or -1. */
static int
score_groups(KindCuts *cuts, const NodeId *members, size_t count)
{
    if (cuts->groups.length > 1 && learn_ages(cuts, members, count) < 0) {
        return -1;
    }
    for (uint32_t first = 0; first < cuts->groups.length; first += GROUPS_AT_ONCE) {
        measure(cuts, first, members, count);
    }
    for (size_t g = 0; g < cuts->groups.length; g++) {
        cuts->groups.items[g].score = score_of(&cuts->groups.items[g]);
    }
    return 0;
}

/* ------------------------------------------------------------------------ choice */

/* The groups that a program may cut, the most backward first. `ranked` has room for all of them.
   How many there are. */
static size_t
rank_groups(const KindCuts *cuts, uint32_t *ranked)
{
    size_t count = 0;
    for (size_t g = 0; g < cuts->groups.length; g++) {
        const KindGroup *group = &cuts->groups.items[g];
        if (!group->may_cut) {
            continue;
        }
        size_t place = count++;
        for (; place > 0; place--) {
            const KindGroup *before = &cuts->groups.items[ranked[place - 1]];
            bool is_behind = before->score != group->score ? before->score > group->score
                             : before->references != group->references
                                 ? before->references < group->references
                                 : before->key < group->key;
            if (is_behind) {
                break;
            }
            ranked[place] = ranked[place - 1];
        }
        ranked[place] = (uint32_t)g;
    }
    return count;
}

/* Into is_cut: the kinds that are cut for the groups that are chosen. */
static void
mark_cuts(KindCuts *cuts)
{
    for (size_t k = 0; k < cuts->is_cut.length; k++) {
        cuts->is_cut.items[k] = false;
    }
    for (size_t k = 0; k < cuts->is_cut.length; k++) {
        uint32_t group = cuts->group_of.items[k];
        if (group != INDEX_NONE && cuts->groups.items[group].is_chosen) {
            cuts->is_cut.items[cuts->cut_of.items[k]] = true;
        }
    }
}

/* Whether no ring is left when the groups that are chosen are cut. */
static bool
leaves_no_ring(KindCuts *cuts)
{
    const Kinds *kinds = cuts->kinds;
    const NodeIds *members = &cuts->cycles->choice.part.members;
    cuts->passes++;
    mark_cuts(cuts);
    return acyclic_without(kinds->graph, kinds->component, members->items, members->length,
                           kinds->of_edge.items, cuts->is_cut.items,
                           cuts->cycles->choice.sums.items, cuts->order.items);
}

static bool
suffices_alone(KindCuts *cuts, uint32_t group)
{
    cuts->groups.items[group].is_chosen = true;
    bool does = leaves_no_ring(cuts);
    cuts->groups.items[group].is_chosen = false;
    return does;
}

static void
choose_alone(KindCuts *cuts, uint32_t alone)
{
    for (size_t g = 0; g < cuts->groups.length; g++) {
        cuts->groups.items[g].is_chosen = g == alone;
    }
    cuts->is_found = true;
}

/* Whether no ring is left when the first of the ranked groups are cut. */
static bool
do_first(KindCuts *cuts, const uint32_t *ranked, size_t count, size_t first)
{
    for (size_t r = 0; r < count; r++) {
        cuts->groups.items[ranked[r]].is_chosen = r < first;
    }
    return leaves_no_ring(cuts);
}

/* All that go backwards, and as many of the others as it takes, by bisection: what more cuts leave
   is never more. Then fewer, as long as there are passes left. */
static void
choose_together(KindCuts *cuts, const uint32_t *ranked, size_t count)
{
    size_t low = 0, high = count;
    KindGroup *groups = cuts->groups.items;
    while (low < count && (groups[ranked[low]].score > 0 || low == 0)) {
        low++;
    }
    if (do_first(cuts, ranked, count, low)) {
        high = low;
    }
    while (low < high) { /* fewer than `low` + 1 are too few, unless it is `high` */
        size_t middle = low + (high - low) / 2;
        if (do_first(cuts, ranked, count, middle)) {
            high = middle;
        }
        else {
            low = middle + 1;
        }
    }
    cuts->is_found = do_first(cuts, ranked, count, high);
    for (size_t r = high; cuts->is_found && r-- > 0 && cuts->passes < cuts->most_passes;) {
        groups[ranked[r]].is_chosen = false;
        groups[ranked[r]].is_chosen = !leaves_no_ring(cuts);
    }
}

static void
choose(KindCuts *cuts, uint32_t *ranked)
{
    size_t count = rank_groups(cuts, ranked), kinds = 0;
    const KindGroup *groups = cuts->groups.items;
    uint32_t alone = INDEX_NONE;
    bool is_forward = false;
    cuts->is_found = false;
    for (size_t r = 0; r < count && r < MOST_ALONE && alone == INDEX_NONE; r++) {
        alone = suffices_alone(cuts, ranked[r]) ? ranked[r] : INDEX_NONE;
    }
    if (alone != INDEX_NONE && (groups[alone].score > CLEARLY || count == 1)) {
        choose_alone(cuts, alone);
        return;
    }
    choose_together(cuts, ranked, count);
    for (size_t g = 0; g < cuts->groups.length; g++) {
        kinds += groups[g].is_chosen;
        is_forward |= groups[g].is_chosen && groups[g].score <= 0;
    }
    if (alone != INDEX_NONE && (!cuts->is_found || kinds > MOST_KINDS || is_forward)) {
        choose_alone(cuts, alone);
    }
}

/* Into cuts->cuts: the references that are cut. 0 or -1. */
static int
gather_cuts(KindCuts *cuts, const Form *form)
{
    const Kinds *kinds = cuts->kinds;
    const Part *part = &cuts->cycles->choice.part;
    const NodeId *members = part->members.items;
    const uint32_t *offsets = kinds->graph->offsets.items;
    cuts->cuts.length = 0;
    for (size_t m = 0; m < form->objects; m++) {
        for (uint32_t e = offsets[members[m]]; e < offsets[members[m] + 1]; e++) {
            Edge edge = {part_number(part, members[m]),
                         part_number(part, kinds->graph->targets.items[e])};
            if (is_inside(kinds, members[m], e) && cuts->is_cut.items[kinds->of_edge.items[e]] &&
                vec_push(cuts->cycles->memory, &cuts->cuts, edge) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* The highest score among the references of the ring that are not cut. */
static float
score_of_rivals(const KindCuts *cuts)
{
    const Cycles *cycles = cuts->cycles;
    const Graph *graph = cuts->kinds->graph;
    float highest = -1000;
    for (size_t i = 0; i < cycles->ring.length; i++) {
        NodeId node = part_place(&cycles->choice.part, cycles_node(cycles, i));
        NodeId next = part_place(&cycles->choice.part, cycles_node(cycles, i + 1));
        for (uint32_t e = graph->offsets.items[node]; e < graph->offsets.items[node + 1]; e++) {
            uint32_t g = graph->targets.items[e] == next ? group_of_edge(cuts, e) : INDEX_NONE;
            const KindGroup *group = g != INDEX_NONE ? &cuts->groups.items[g] : NULL;
            if (group != NULL && group->may_cut && !group->is_chosen && group->score > highest) {
                highest = group->score;
            }
        }
    }
    return highest;
}

/* What is known of the groups that were chosen. */
static void
judge(KindCuts *cuts)
{
    float lowest = 1000, margin = 0.2f;
    cuts->sources = 0;
    cuts->is_upwards = true;
    for (size_t g = 0; g < cuts->groups.length; g++) {
        const KindGroup *group = &cuts->groups.items[g];
        if (group->is_chosen) {
            lowest = group->score < lowest ? group->score : lowest;
            cuts->sources += group->sources;
            cuts->is_upwards &= group->is_upwards;
        }
    }
    cuts->is_sure = lowest > 0 && lowest > score_of_rivals(cuts) + margin;
}

int
kind_cuts_choose(KindCuts *cuts, const Form *form)
{
    Cycles *cycles = cuts->cycles;
    cuts->is_found = false;
    if (ring_choice_label(&cycles->choice, cycles_members(cycles, form->component), form->objects) <
            0 ||
        make_groups(cuts) < 0) {
        return -1;
    }
    ring_choice_release(&cycles->choice);
    if (cuts->groups.length > MOST_GROUPS) {
        return 0;
    }
    uint32_t ranked[MOST_GROUPS];
    cuts->order.length = 0;
    if (score_groups(cuts, cycles->choice.part.members.items, form->objects) < 0 ||
        vec_reserve(cycles->memory, &cuts->order, form->objects) < 0) {
        return -1;
    }
    cuts->passes = 0;
    cuts->most_passes = MOST_STEPS / (cuts->steps + form->objects) + FEWEST_PASSES;
    choose(cuts, ranked);
    mark_cuts(cuts);
    judge(cuts);
    return cuts->is_found ? gather_cuts(cuts, form) : 0;
}
