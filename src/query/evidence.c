/* evidence.c: the accounts, and what was claimed as rows.

       open_accounts    references less what tp_traverse and running frames show
       leads_back       whether the object leads to a holder: then the two are in a ring, and no
                        collector can free it
       claim_row        a claim, for a person who reads a report */

#include "query/evidence.h"

#include "heap/known.h"
#include "heap/words.h"
#include "query/reach.h"

/* ---------------------------------------------------------------------- accounts */

void
evidence_claim(Evidence *evidence, PyObject *target, const Claim *claim)
{
    NodeId node;
    if (!addrmap_find(&evidence->heap->map, target, &node)) {
        return;
    }
    bool is_asked = node == evidence->node;
    evidence->is_one_of |= is_asked && evidence->left.items[node] <= 0;
    if (is_asked && evidence_is_wanted(evidence) &&
        vec_push(evidence->memory, &evidence->claims, *claim) < 0) {
        evidence->failed = true;
    }
    evidence->left.items[node]--;
}

static bool
lower_by_slot(void *arg, const FrameSlot *slot)
{
    Evidence *evidence = arg;
    NodeId node;
    if (slot->owned && addrmap_find(&evidence->heap->map, slot->target, &node)) {
        evidence->left.items[node]--;
    }
    return false;
}

/* 0 or -1: out of memory. */
static int
open_accounts(Evidence *evidence)
{
    const Heap *heap = evidence->heap;
    const NodeIds *targets = &heap->graph.targets;
    if (vec_reserve(evidence->memory, &evidence->left, heap->count) < 0) {
        return -1;
    }
    for (size_t n = 0; n < heap->count; n++) {
        int32_t count = heap->refcounts.items[n];
        vec_push_reserved(&evidence->left, count < WORDS_MOST_COUNTED ? count : 0);
    }
    for (size_t e = 0; e < targets->length; e++) {
        evidence->left.items[targets->items[e]]--;
    }
    for (size_t u = 0; u < heap->unowned.length; u++) {
        evidence->left.items[heap->unowned.items[u]]++;
    }
    interp_running_slots(lower_by_slot, evidence);
    return 0;
}

/* -------------------------------------------------------------------------- rows */

static const char *const claim_words[CLAIM_KINDS] = {
    [CLAIM_MEMORY] = "memory", [CLAIM_TYPE] = "type",     [CLAIM_ARRAY] = "array",
    [CLAIM_TABLE] = "table",   [CLAIM_STATIC] = "static", [CLAIM_GREENLET] = "greenlet",
    [CLAIM_STACK] = "stack",
};

/* New reference: a holder that is no object, as a Node. */
static PyObject *
owner_node(const Describer *describer, const Claim *claim)
{
    enum { RANK = 3 };
    bool is_library = claim->kind == CLAIM_STATIC;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = PyUnicode_FromString(claim->owner)) != NULL &&
           (items[1] = PyUnicode_FromString("object")) != NULL &&
           (items[2] = is_library ? PyUnicode_DecodeFSDefault(claim->name) : Py_NewRef(Py_None)) !=
               NULL &&
           (items[3] = Py_NewRef(Py_None)) != NULL && (items[4] = PyLong_FromLong(RANK)) != NULL);
    return row_new(describer->state, ROW_NODE, items);
}

static PyObject *
claim_node(const Describer *describer, const Claim *claim)
{
    if (claim->kind == CLAIM_GREENLET || claim->kind == CLAIM_STACK) {
        return describer_frame(describer, &claim->slot);
    }
    return claim->holder != NULL ? describer_node(describer, claim->holder)
                                 : owner_node(describer, claim);
}

/* New reference: where it stands in the holder. */
static PyObject *
claim_label(const Claim *claim)
{
    switch (claim->kind) {
    case CLAIM_MEMORY:
        return claim->name != NULL
                   ? PyUnicode_FromFormat(".%s, byte %zu of its struct", claim->name, claim->place)
                   : PyUnicode_FromFormat("byte %zu of its struct", claim->place);
    case CLAIM_TYPE:
        return PyUnicode_FromString("its type");
    case CLAIM_ARRAY:
        return PyUnicode_FromFormat("%s[%zu]", claim->name, claim->place);
    case CLAIM_STATIC:
        return PyUnicode_FromString("a static variable");
    case CLAIM_GREENLET:
    case CLAIM_STACK: {
        Label label = referents_slot_label(&claim->slot);
        return edge_label_text(&label, false);
    }
    default:
        return PyUnicode_FromString(claim->name);
    }
}

/* What the type of a holder shows to the collector. */
static const char *
shown_word(const Claim *claim)
{
    bool is_asked = claim->kind == CLAIM_MEMORY || claim->kind == CLAIM_TYPE;
    if (!is_asked) {
        return "";
    }
    return known_traverse_of(claim->holder) == NULL ? "nothing" : "others";
}

static PyObject *
claim_row(const Evidence *evidence, const Describer *describer, const Claim *claim, bool leads_back)
{
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = claim_node(describer, claim)) != NULL &&
           (items[1] = claim_label(claim)) != NULL &&
           (items[2] = PyUnicode_FromString(claim_words[claim->kind])) != NULL &&
           (items[3] = PyUnicode_FromString(shown_word(claim))) != NULL &&
           (items[4] = PyLong_FromSize_t(claim->instances)) != NULL &&
           (items[5] = row_bool(evidence->is_one_of)) != NULL &&
           (items[6] = row_bool(leads_back)) != NULL);
    return row_new(describer->state, ROW_EVIDENCE, items);
}

/* Whether the object leads to the holder. */
static bool
leads_back(const Reach *reach, const Claim *claim)
{
    NodeId node;
    bool can_be_ring =
        claim->kind == CLAIM_MEMORY || claim->kind == CLAIM_ARRAY || claim->kind == CLAIM_GREENLET;
    return can_be_ring && addrmap_find(&reach->heap->map, claim->holder, &node) &&
           reach->place.items[node] != 0;
}

/* 0 or -1: out of memory. */
static int
reach_from(Reach *reach, const Evidence *evidence)
{
    if (reach_begin(reach, evidence->memory, evidence->heap, 0) < 0) {
        return -1;
    }
    reach_give(reach, evidence->node);
    return reach_run(reach);
}

/* New reference: the rows. */
static PyObject *
claim_rows(const Evidence *evidence, const Describer *describer)
{
    PyObject *rows = PyList_New(0);
    Reach reach = {0};
    if (rows != NULL && evidence->claims.length != 0 && reach_from(&reach, evidence) < 0) {
        PyErr_NoMemory();
        Py_CLEAR(rows);
    }
    for (size_t c = 0; c < evidence->claims.length && rows != NULL; c++) {
        const Claim *claim = &evidence->claims.items[c];
        PyObject *row = claim_row(evidence, describer, claim, leads_back(&reach, claim));
        if (rows_append(rows, row) < 0) {
            Py_CLEAR(rows);
        }
    }
    reach_fini(&reach);
    return rows;
}

/* ----------------------------------------------------------------------- the pass */

/* None, True, ... stand in more static variables of C than anybody wants to know. */
static bool
is_singleton(PyObject *op)
{
    return Py_IsNone(op) || PyBool_Check(op) || op == Py_Ellipsis || op == Py_NotImplemented;
}

/* Claims that are certain come first, so that the accounts with which words of structs are compared
   are as small as can be. 0 or -1: out of memory. */
static int
gather_claims(Evidence *evidence)
{
    static void (*const places_table[])(Evidence *) = {
        evidence_from_stores,
        evidence_from_words,
        evidence_from_statics,
        evidence_from_stacks,
    };
    if (open_accounts(evidence) < 0) {
        return -1;
    }
    if (is_singleton(evidence->target)) {
        return 0;
    }
    for (size_t p = 0; p < Py_ARRAY_LENGTH(places_table) && evidence_is_wanted(evidence); p++) {
        places_table[p](evidence);
    }
    return evidence->failed ? -1 : 0;
}

/* List everything, the object even if nobody shows it, and read it. 0 or -1 with an exception. */
static int
read_everything(Scan *scan, PyObject *target)
{
    if (scan_list_known(scan, NULL) < 0) {
        return -1;
    }
    int is_new = target != NULL ? addrmap_insert(&scan->heap.map, target) : 0;
    if (is_new < 0 || (is_new > 0 && heap_number(&scan->heap) < 0)) {
        return scan_no_memory();
    }
    return heap_traverse(&scan->heap) < 0 ? scan_no_memory() : 0;
}

/* New reference: the rows. */
static PyObject *
find_in(Evidence *evidence, Scan *scan, const Describer *describer)
{
    if (read_everything(scan, evidence->target) < 0) {
        return NULL;
    }
    (void)addrmap_find(&scan->heap.map, evidence->target, &evidence->node);
    if (gather_claims(evidence) < 0) {
        return PyErr_NoMemory();
    }
    return claim_rows(evidence, describer);
}

PyObject *
evidence_find(ModuleState *state, const Describer *describer, PyObject *target)
{
    Scan scan;
    scan_begin(&scan, state);
    Evidence evidence = {.memory = &scan.memory, .heap = &scan.heap, .target = target};
    PyObject *rows = find_in(&evidence, &scan, describer);
    vec_fini(&scan.memory, &evidence.left);
    vec_fini(&scan.memory, &evidence.claims);
    scan_end(&scan);
    return rows;
}

PyObject *
evidence_of(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    Describer describer;
    PyObject *target = scan_boxed(nargs > 0 ? args[0] : Py_None);
    if (target == NULL || describer_from(&describer, state, args + 1, nargs - 1) < 0) {
        return NULL;
    }
    return evidence_find(state, &describer, target);
}

/* Append (object, number) for each object whose account is not empty. 0 or -1 with an exception. */
static int
add_unexplained(const Evidence *evidence, PyObject *list)
{
    for (size_t n = 0; n < evidence->heap->count; n++) {
        PyObject *op = evidence->heap->objects.items[n];
        bool is_told = evidence->left.items[n] > 0 && !words_is_atom(op);
        if (is_told &&
            rows_append(list, Py_BuildValue("(Oi)", op, (int)evidence->left.items[n])) < 0) {
            return -1;
        }
    }
    return 0;
}

PyObject *
evidence_unexplained(PyObject *module, PyObject *Py_UNUSED(unused))
{
    Scan scan;
    scan_begin(&scan, state_of_module(module));
    Evidence evidence = {.memory = &scan.memory, .heap = &scan.heap};
    PyObject *list = NULL;
    if (read_everything(&scan, NULL) == 0) {
        list = open_accounts(&evidence) < 0 ? PyErr_NoMemory() : PyList_New(0);
    }
    if (list != NULL && add_unexplained(&evidence, list) < 0) {
        Py_CLEAR(list);
    }
    vec_fini(&scan.memory, &evidence.left);
    scan_end(&scan);
    return list;
}
