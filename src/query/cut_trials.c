#include "query/cut_trials.h"

#include "heap/interp.h"
#include "labels/referents.h"

void
cut_trials_init(CutTrials *trials, Cycles *cycles)
{
    *trials = (CutTrials){.cycles = cycles, .cursor = ADDRMAP_NOWHERE};
}

void
cut_trials_fini(CutTrials *trials)
{
    Memory *memory = trials->cycles->memory;
    if (memory != NULL) {
        vec_fini(memory, &trials->shown);
        vec_fini(memory, &trials->cuts);
        vec_fini(memory, &trials->entries);
    }
}

/* ----------------------------------------------------------------------- entries */

/* 0 or -1. */
static int
count_entries(CutTrials *trials)
{
    const NodeId *component = trials->cycles->scc.component.items;
    const Graph *graph = &trials->cycles->graph;
    if (vec_zeros(trials->cycles->memory, &trials->entries, graph->nodes) < 0) {
        return -1;
    }
    for (size_t n = 0; n < graph->nodes; n++) {
        for (uint32_t e = graph->offsets.items[n]; e < graph->offsets.items[n + 1]; e++) {
            NodeId target = graph->targets.items[e];
            trials->entries.items[target] += component[n] != component[target];
        }
    }
    return 0;
}

/* Add the entries of a form's specimen to its counts, or take them off. */
static void
add_entries(CutTrials *trials, const Form *form, int32_t sign)
{
    const NodeId *members = cycles_members(trials->cycles, form->component);
    for (size_t m = 0; m < form->objects; m++) {
        int32_t entries = (int32_t)trials->entries.items[members[m]];
        trials->cycles->cascade.counts.items[members[m]] += sign * entries;
    }
}

/* Isolate the specimen of `form`, or none where it is NULL. */
static void
isolate(CutTrials *trials, const Form *form)
{
    if (trials->isolated != NULL) {
        add_entries(trials, trials->isolated, +1);
    }
    if (form != NULL) {
        add_entries(trials, form, -1);
    }
    trials->isolated = form;
}

int
cut_trials_isolate(CutTrials *trials, const Form *form)
{
    const NodeId *members = cycles_members(trials->cycles, form->component);
    uint64_t entries = 0;
    if (trials->entries.length == 0 && count_entries(trials) < 0) {
        return -1;
    }
    for (size_t m = 0; m < form->objects; m++) {
        entries += trials->entries.items[members[m]];
    }
    if (entries != 0) {
        isolate(trials, form);
    }
    return entries != 0;
}

int
cut_trials_select(CutTrials *trials, const Form *form)
{
    isolate(trials, NULL);
    if (cycles_ring(trials->cycles, form) < 0) {
        return -1;
    }
    return trials->cycles->is_live && cut_trials_isolate(trials, form) < 0 ? -1 : 0;
}

/* ------------------------------------------------------------------------ cuts */

int64_t
cut_trials_edges(CutTrials *trials, const Edge *edges, size_t count)
{
    Cascade *cascade = &trials->cycles->cascade;
    return cascade_cut(cascade, edges, count) < 0 ? -1 : (int64_t)cascade->freed.length;
}

int64_t
cut_trials_one(CutTrials *trials, size_t i)
{
    Edge edge = {cycles_node(trials->cycles, i), cycles_node(trials->cycles, i + 1)};
    return cut_trials_edges(trials, &edge, 1);
}

/* Which references of a component are gathered: those with one label, or all of one object that may
   be cut. */
typedef struct {
    CutTrials *trials;
    NodeId source;
    NodeId component;
    uint64_t hash;           /* of the label, or 0: any that may be cut */
    ClearingTrial *clearing; /* where the labels that were met are noted, or NULL */
    bool failed;
} Gathering;

static void
note_label(ClearingTrial *clearing, const Label *label)
{
    for (size_t l = 0; l < clearing->label_count; l++) {
        if (edge_label_hash(&clearing->labels[l]) == edge_label_hash(label)) {
            return;
        }
    }
    if (clearing->label_count < CLEARING_LABELS) {
        clearing->labels[clearing->label_count++] = *label;
    }
}

/* A reference counts as often as tp_traverse shows it (trials->shown), under however many names. */
static bool
gather(void *arg, PyObject *target, Label label)
{
    Gathering *gathering = arg;
    CutTrials *trials = gathering->trials;
    const Cycles *cycles = trials->cycles;
    NodeId node;
    bool is_wanted =
        gathering->hash != 0 ? edge_label_hash(&label) == gathering->hash : kinds_may_cut(&label);
    if (!is_wanted || !addrmap_find_near(&cycles->heap->map, &trials->cursor, target, &node) ||
        !nodeset_has(&cycles->chosen, node)) {
        return false;
    }
    NodeId number = nodeset_rank(&cycles->chosen, node);
    bool is_inside = cycles->scc.component.items[number] == gathering->component;
    if (is_inside && trials->shown.items[number] > 0) {
        trials->shown.items[number]--;
        Edge edge = {gathering->source, number};
        gathering->failed = vec_push(cycles->memory, &trials->cuts, edge) < 0;
        if (gathering->clearing != NULL) {
            note_label(gathering->clearing, &label);
        }
    }
    return gathering->failed;
}

static void
mark_row(CutTrials *trials, NodeId node, bool is_shown)
{
    const Graph *graph = &trials->cycles->graph;
    for (uint32_t e = graph->offsets.items[node]; e < graph->offsets.items[node + 1]; e++) {
        uint32_t *shown = &trials->shown.items[graph->targets.items[e]];
        *shown = is_shown ? *shown + 1 : 0;
    }
}

static int
gather_from(Gathering *gathering, NodeId source)
{
    CutTrials *trials = gathering->trials;
    gathering->source = source;
    mark_row(trials, source, true);
    referents_visit(cycles_object(trials->cycles, source), NULL, gather, gathering);
    mark_row(trials, source, false);
    return gathering->failed ? -1 : 0;
}

/* 0 or -1. */
static int
begin_gathering(CutTrials *trials)
{
    const Cycles *cycles = trials->cycles;
    trials->cuts.length = 0;
    return trials->shown.length != 0
               ? 0
               : vec_zeros(cycles->memory, &trials->shown, cycles->graph.nodes);
}

int64_t
cut_trials_alike(CutTrials *trials, const Form *form, size_t i, size_t *references)
{
    const Cycles *cycles = trials->cycles;
    const NodeId *members = cycles_members(cycles, form->component);
    Label label = cycles_label(cycles, i);
    Gathering gathering = {.trials = trials,
                           .component = cycles->scc.component.items[members[0]],
                           .hash = edge_label_hash(&label)};
    if (begin_gathering(trials) < 0) {
        return -1;
    }
    for (size_t m = 0; m < form->objects; m++) {
        PyTypeObject *type = Py_TYPE(cycles_object(cycles, members[m]));
        bool is_alike = label.kind == LABEL_ATTRIBUTE || type == label.holder;
        if (is_alike && gather_from(&gathering, members[m]) < 0) {
            return -1;
        }
    }
    *references = trials->cuts.length;
    return cut_trials_edges(trials, trials->cuts.items, trials->cuts.length);
}

int
cut_trials_clearing(CutTrials *trials, size_t i, ClearingTrial *trial)
{
    const Cycles *cycles = trials->cycles;
    NodeId source = cycles_node(cycles, i), node;
    PyObject *dict = interp_instance_dict(cycles_object(cycles, source));
    Gathering gathering = {.trials = trials,
                           .component = cycles->scc.component.items[source],
                           .clearing = trial};
    *trial = (ClearingTrial){0};
    if (begin_gathering(trials) < 0 || gather_from(&gathering, source) < 0) {
        return -1;
    }
    if (dict != NULL && addrmap_find(&cycles->heap->map, dict, &node) &&
        nodeset_has(&cycles->chosen, node) &&
        gather_from(&gathering, nodeset_rank(&cycles->chosen, node)) < 0) {
        return -1;
    }
    trial->references = trials->cuts.length;
    trial->freed = cut_trials_edges(trials, trials->cuts.items, trials->cuts.length);
    return trial->freed < 0 ? -1 : 0;
}
