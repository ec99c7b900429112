/* ring_rows.c: one form after the other.

       ring_row      select the form's specimen; its nodes and their counts
       choose_kinds  where the references are the program's data: the kinds to cut (kind_cuts.h)
       try_cuts      an Edge and a CutTrial for each place of the ring, and a Clearing where no cut
                     frees everything
       try_alone     where nothing can be freed since another ring holds this one: once more, as
                     though it did not

   How much is told and tried for one form is limited: of a ring of a million objects the links at
   both ends. */

#include "query/ring_rows.h"

#include "base/typename.h"
#include "graph/rotation.h"
#include "query/cut_trials.h"
#include "query/describe.h"
#include "query/kind_cuts.h"
#include "query/waiting.h"
#include "types/roll_call.h"

enum {
    MOST_STEPS = 64, /* shown objects that are told, half of them at each end */
    MOST_TRIED = 64,
    MOST_KEYS_TRIED = 8,
    LARGEST_TRIED_ALL = 1 << 21,
};

typedef struct {
    const Describer *describer; /* borrowed */
    Cycles *cycles;             /* borrowed */
    CutTrials trials;
    KindCuts kind_cuts;
    const Form *form;               /* borrowed: of all below */
    size_t head, tail;              /* how much of the ring is told at its beginning and end */
    size_t tried;                   /* references */
    size_t best;                    /* most that any trial has freed */
    bool has_kinds;                 /* the kinds to cut are known */
    int64_t kinds_free;             /* and what they free */
    uint64_t keys[MOST_KEYS_TRIED]; /* labels of which all references were tried */
    size_t key_count;
    PyObject *cuts, *clearings; /* owned: lists */
} RingRow;

/* The place on the ring of the i-th that is told. */
static size_t
place_of(const RingRow *ring, size_t i)
{
    return i < ring->head ? i : ring->cycles->ring.length - ring->tail + (i - ring->head);
}

/* The object at a place of the ring. */
static PyObject *
ring_object(const RingRow *ring, size_t place)
{
    return cycles_object(ring->cycles, cycles_node(ring->cycles, place));
}

/* Choose what is told: all, or where there are too many shown objects those at both ends. */
static void
choose_ends(RingRow *ring)
{
    const Cycles *cycles = ring->cycles;
    size_t steps = cycles->steps.length, length = cycles->ring.length;
    ring->head = length;
    ring->tail = 0;
    if (steps > MOST_STEPS) {
        ring->head = cycles->steps.items[MOST_STEPS / 2].place;
        ring->tail = length - cycles->steps.items[steps - MOST_STEPS / 2].place;
    }
}

/* ---------------------------------------------------------------------- the ring */

static PyObject *
node_of(void *arg, size_t i)
{
    const RingRow *ring = arg;
    return describer_node(ring->describer, ring_object(ring, place_of(ring, i)));
}

static PyObject *
refcount_of_node(void *arg, size_t i)
{
    const RingRow *ring = arg;
    const Cycles *cycles = ring->cycles;
    NodeId node = cycles->nodes.items[cycles_node(cycles, place_of(ring, i))];
    return describer_refcount(cycles->heap, node);
}

/* Borrowed: the object on the ring whose dict, or dict in a dict, this is. */
static PyObject *
owner_of(const RingRow *ring, size_t place)
{
    enum { MOST_DICTS = 2 };
    size_t length = ring->cycles->ring.length, back = 0;
    while (back < MOST_DICTS && back < length &&
           PyDict_CheckExact(ring_object(ring, place + length - back))) {
        back++;
    }
    return ring_object(ring, place + length - back);
}

static PyObject *
edge_of(void *arg, size_t i)
{
    const RingRow *ring = arg;
    size_t place = place_of(ring, i);
    Label label = cycles_label(ring->cycles, place);
    return describer_edge_of(ring->describer, &label, ring_object(ring, place),
                             ring_object(ring, place + 1), owner_of(ring, place));
}

/* New reference: how many objects of the component there are of each type, by name. */
static PyObject *
types_of(const RingRow *ring)
{
    const Cycles *cycles = ring->cycles;
    const NodeId *members = cycles_members(cycles, ring->form->component);
    Objects objects = {0};
    if (cycles_objects(cycles, members, ring->form->objects, &objects) < 0) {
        return PyErr_NoMemory();
    }
    PyObject *types = roll_call_types_of(ring->describer->state, objects.items, objects.length);
    vec_fini(cycles->memory, &objects);
    return types;
}

/* ---------------------------------------------------------------------- the cuts */

static bool
is_new_key(RingRow *ring, size_t i, const Label *label)
{
    uint64_t key = edge_label_hash(label) ^ (uint64_t)(uintptr_t)Py_TYPE(ring_object(ring, i));
    for (size_t k = 0; k < ring->key_count; k++) {
        if (ring->keys[k] == key) {
            return false;
        }
    }
    if (ring->key_count == MOST_KEYS_TRIED) {
        return false;
    }
    ring->keys[ring->key_count++] = key;
    return true;
}

/* New reference: a CutTrial. */
static PyObject *
cut_trial_of(void *arg, size_t told)
{
    RingRow *ring = arg;
    size_t i = place_of(ring, told);
    const Form *form = ring->form;
    size_t references = 0;
    int64_t alone = -1, together = -1;
    Label label = {.kind = LABEL_FIELD};
    if (ring->tried < MOST_TRIED) {
        label = cycles_label(ring->cycles, i);
    }
    if (kinds_may_cut(&label)) {
        ring->tried++;
        alone = cut_trials_one(&ring->trials, i);
        if (alone < 0) {
            return PyErr_NoMemory();
        }
        bool is_worth_it =
            (size_t)alone < form->objects && !ring->has_kinds && form->objects <= LARGEST_TRIED_ALL;
        if (is_worth_it && is_new_key(ring, i, &label)) {
            together = cut_trials_alike(&ring->trials, form, i, &references);
            if (together < 0) {
                return PyErr_NoMemory();
            }
        }
    }
    int64_t most = alone > together ? alone : together;
    ring->best = most > (int64_t)ring->best ? (size_t)most : ring->best;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = PyLong_FromLongLong(alone)) != NULL &&
           (items[1] = PyLong_FromSize_t(references)) != NULL &&
           (items[2] = PyLong_FromLongLong(together)) != NULL);
    return row_new(ring->describer->state, ROW_CUT_TRIAL, items);
}

/* An instance by a close() of its own, a frame by deleting its locals, a container by clear(). */
static bool
may_be_cleared(const char *kind)
{
    static const char *const kinds[] = {"instance", "frame", "dict", "list", "set", "deque"};
    for (size_t k = 0; k < Py_ARRAY_LENGTH(kinds); k++) {
        if (strcmp(kind, kinds[k]) == 0) {
            return true;
        }
    }
    return false;
}

static PyObject *
clearing_label(void *arg, size_t l)
{
    const Label *label = &((ClearingTrial *)arg)->labels[l];
    bool is_in_dict =
        label->kind == LABEL_VALUE && label->name != NULL && PyUnicode_Check(label->name);
    return is_in_dict ? PyUnicode_FromFormat(".%U", label->name) : edge_label_text(label, true);
}

/* New reference: a Clearing; None where that was not tried, since something less does as well. */
static PyObject *
clearing_of(void *arg, size_t told)
{
    RingRow *ring = arg;
    size_t i = place_of(ring, told);
    const ModuleState *state = ring->describer->state;
    if (ring->best >= ring->form->objects || told >= MOST_TRIED ||
        !may_be_cleared(describe_kind(state, ring_object(ring, i)))) {
        Py_RETURN_NONE;
    }
    ClearingTrial trial;
    if (cut_trials_clearing(&ring->trials, i, &trial) < 0) {
        return PyErr_NoMemory();
    }
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = PyLong_FromLongLong(trial.freed)) != NULL &&
           (items[1] = PyLong_FromSize_t(trial.references)) != NULL &&
           (items[2] = rows_list(trial.label_count, clearing_label, &trial)) != NULL);
    return row_new(state, ROW_CLEARING, items);
}

/* 0 or -1 with an exception. */
static int
try_cuts(RingRow *ring)
{
    size_t length = ring->head + ring->tail;
    ring->tried = ring->best = ring->key_count = 0;
    if (ring->has_kinds) {
        const KindCuts *kinds = &ring->kind_cuts;
        ring->kinds_free = cut_trials_edges(&ring->trials, kinds->cuts.items, kinds->cuts.length);
        if (ring->kinds_free < 0) {
            PyErr_NoMemory();
            return -1;
        }
        ring->best = (size_t)ring->kinds_free;
    }
    Py_XSETREF(ring->cuts, rows_list(length, cut_trial_of, ring));
    Py_XSETREF(ring->clearings, ring->cuts != NULL ? rows_list(length, clearing_of, ring) : NULL);
    return ring->clearings != NULL ? 0 : -1;
}

/* 1: it was tried; 0: no other ring holds this one; -1 with an exception. */
static int
try_alone(RingRow *ring)
{
    if (ring->best != 0 || ring->cycles->is_live) {
        return 0;
    }
    int is_held = cut_trials_isolate(&ring->trials, ring->form);
    if (is_held < 0) {
        PyErr_NoMemory();
        return -1;
    }
    return is_held == 0 ? 0 : try_cuts(ring) < 0 ? -1 : 1;
}

/* ------------------------------------------------------------------------ kinds */

/* New reference: what a kind is called, such as 'app.Node.parent'. */
static PyObject *
kind_text(const RingRow *ring, KindId kind)
{
    const KindCuts *cuts = &ring->kind_cuts;
    PyObject *type = typename_of(cuts->kinds->items.items[kind].type);
    PyObject *label = kinds_text(cuts->kinds, kind), *text = NULL;
    if (type != NULL && label != NULL) {
        bool is_close = PyUnicode_GET_LENGTH(label) != 0 && (PyUnicode_READ_CHAR(label, 0) == '.' ||
                                                             PyUnicode_READ_CHAR(label, 0) == '[');
        text = PyUnicode_FromFormat(is_close ? "%U%U" : "%U %U", type, label);
    }
    Py_XDECREF(type);
    Py_XDECREF(label);
    return text;
}

/* Whether a kind is told before another one. */
static bool
comes_before(const Kind *a, const Kind *b)
{
    return a->references != b->references ? a->references > b->references : a->hash < b->hash;
}

/* Of the kinds that are cut the one that is told first. */
static KindId
first_kind(const RingRow *ring)
{
    const KindCuts *cuts = &ring->kind_cuts;
    const Kind *kinds = cuts->kinds->items.items;
    KindId first = KIND_NONE;
    for (size_t k = 0; k < cuts->is_cut.length; k++) {
        if (cuts->is_cut.items[k] &&
            (first == KIND_NONE || comes_before(&kinds[k], &kinds[first]))) {
            first = (KindId)k;
        }
    }
    return first;
}

/* New reference: the kinds that are cut, those with most references first; not of very many. */
static PyObject *
kind_texts(const RingRow *ring)
{
    enum { MOST = 16 };
    const KindCuts *cuts = &ring->kind_cuts;
    KindId told[MOST];
    size_t count = 0;
    for (size_t k = 0; k < cuts->is_cut.length; k++) {
        const Kind *kind = &cuts->kinds->items.items[k];
        size_t place = count;
        while (place > 0 && comes_before(kind, &cuts->kinds->items.items[told[place - 1]])) {
            place--;
        }
        if (cuts->is_cut.items[k] && place < MOST) {
            count += count < MOST;
            memmove(told + place + 1, told + place, (count - place - 1) * sizeof(KindId));
            told[place] = (KindId)k;
        }
    }
    PyObject *texts = PyList_New(0);
    for (size_t t = 0; t < count && texts != NULL; t++) {
        if (rows_append(texts, kind_text(ring, told[t])) < 0) {
            Py_CLEAR(texts);
        }
    }
    return texts;
}

/* Where the first reference of the ring is that is cut, among those that are told; -1: none is. */
static long
place_on_ring(const RingRow *ring)
{
    const KindCuts *cuts = &ring->kind_cuts;
    const Part *part = &ring->cycles->choice.part;
    const uint32_t *offsets = part->graph->offsets.items;
    for (size_t told = 0; told < ring->head + ring->tail; told++) {
        size_t i = place_of(ring, told);
        NodeId node = part_place(part, cycles_node(ring->cycles, i));
        NodeId next = part_place(part, cycles_node(ring->cycles, i + 1));
        for (uint32_t e = offsets[node]; e < offsets[node + 1]; e++) {
            if (part->graph->targets.items[e] == next &&
                cuts->is_cut.items[cuts->kinds->of_edge.items[e]]) {
                return (long)told;
            }
        }
    }
    return -1;
}

/* Find the kinds to cut, where the references are the program's data. 0 or -1 with an exception. */
static int
choose_kinds(RingRow *ring)
{
    KindCuts *cuts = &ring->kind_cuts;
    ring->has_kinds = false;
    if (!kind_cuts_apply(ring->cycles)) {
        return 0;
    }
    if (kind_cuts_choose(cuts, ring->form) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    ring->has_kinds = cuts->is_found && cuts->cuts.length != 0;
    return 0;
}

/* New reference: a KindCut; None where there is none. NULL with an exception. */
static PyObject *
kind_cut_of(RingRow *ring)
{
    KindCuts *cuts = &ring->kind_cuts;
    const ModuleState *state = ring->describer->state;
    if (!ring->has_kinds) {
        Py_RETURN_NONE;
    }
    bool is_weakrefable = true;
    for (size_t g = 0; g < cuts->groups.length; g++) {
        is_weakrefable &= cuts->groups.items[g].is_weakrefable || !cuts->groups.items[g].is_chosen;
    }
    KindId kind = first_kind(ring);
    PyObject *owner = kinds_object(cuts->kinds, cuts->kinds->items.items[kind].owner);
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = kind_texts(ring)) != NULL &&
           (items[1] = PyLong_FromSize_t(cuts->cuts.length)) != NULL &&
           (items[2] = PyLong_FromSize_t(cuts->sources)) != NULL &&
           (items[3] = PyLong_FromLongLong(ring->kinds_free)) != NULL &&
           (items[4] = row_bool(cuts->is_upwards)) != NULL &&
           (items[5] = row_bool(cuts->is_sure)) != NULL &&
           (items[6] = row_bool(is_weakrefable)) != NULL &&
           (items[7] = PyLong_FromLong(place_on_ring(ring))) != NULL &&
           (items[8] = describer_node(ring->describer, owner)) != NULL &&
           (items[9] = kinds_text(cuts->kinds, kind)) != NULL);
    return row_new(state, ROW_KIND_CUT, items);
}

/* ------------------------------------------------------------------------ forms */

/* New reference: a str, or None. */
static PyObject *
word_of(const Form *form)
{
    const char *word = provenance_word(form->provenance);
    return word != NULL ? PyUnicode_FromString(word) : Py_NewRef(Py_None);
}

/* New reference: a Ring. */
static PyObject *
row_of(RingRow *ring)
{
    const Form *form = ring->form;
    size_t length = ring->head + ring->tail;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    int is_held = -1;
    if ((items[7] = rows_list(length, node_of, ring)) != NULL &&
        (items[8] = rows_list(length, refcount_of_node, ring)) != NULL &&
        (items[9] = rows_list(length, edge_of, ring)) != NULL && choose_kinds(ring) == 0 &&
        try_cuts(ring) == 0) {
        is_held = try_alone(ring);
    }
    (void)(is_held >= 0 && (items[0] = PyLong_FromSize_t(form->count)) != NULL &&
           (items[1] = PyLong_FromSize_t(form->objects)) != NULL &&
           (items[2] = PyLong_FromSize_t(form->dragged)) != NULL &&
           (items[3] = PyLong_FromUnsignedLongLong(form->bytes)) != NULL &&
           (items[4] = PyLong_FromUnsignedLongLong(form->dragged_bytes)) != NULL &&
           (items[5] = row_bool(ring->form->exact)) != NULL &&
           (items[6] = types_of(ring)) != NULL && (items[10] = Py_NewRef(ring->cuts)) != NULL &&
           (items[11] = Py_NewRef(ring->clearings)) != NULL &&
           (items[12] = row_bool(is_held)) != NULL && (items[13] = word_of(form)) != NULL &&
           (items[14] = cycles_form(ring->cycles)) != NULL &&
           (items[15] = PyLong_FromSize_t(ring->cycles->steps.length)) != NULL &&
           (items[16] = kind_cut_of(ring)) != NULL);
    return row_new(ring->describer->state, ROW_RING, items);
}

static PyObject *
ring_row(void *arg, size_t f)
{
    RingRow *ring = arg;
    ring->form = &ring->cycles->forms.items.items[f];
    if (cut_trials_select(&ring->trials, ring->form) < 0 || cycles_turn(ring->cycles) < 0) {
        return PyErr_NoMemory();
    }
    choose_ends(ring);
    return row_of(ring);
}

static void
ring_fini(RingRow *ring)
{
    Py_XDECREF(ring->cuts);
    Py_XDECREF(ring->clearings);
    kind_cuts_fini(&ring->kind_cuts);
    cut_trials_fini(&ring->trials);
}

/* New reference: a list of Ring, one for each form. NULL with an exception. */
static PyObject *
all_forms(const Describer *describer, Cycles *cycles)
{
    RingRow ring = {.describer = describer, .cycles = cycles};
    cut_trials_init(&ring.trials, cycles);
    kind_cuts_begin(&ring.kind_cuts, cycles);
    PyObject *forms = rows_list(cycles->forms.items.length, ring_row, &ring);
    ring_fini(&ring);
    return forms;
}

typedef struct {
    const Cycles *cycles;
    NodeIds forms; /* component -> 1 + the form whose specimen it is, or 0 */
} SizedRows;

/* New reference: (object, the form of whose specimen it is or -1, whether that only keeps it). */
static PyObject *
sized_row(void *arg, size_t s)
{
    const SizedRows *rows = arg;
    const Sized *sized = &rows->cycles->sized.items.items[s];
    uint32_t owner = sized->account.owner;
    long form = owner < rows->forms.length ? (long)rows->forms.items[owner] - 1 : -1;
    return Py_BuildValue("OlO", sized->op, form, sized->account.is_kept ? Py_True : Py_False);
}

/* New reference: a list of what sizers are to be asked. NULL with an exception. */
static PyObject *
all_sized(const Cycles *cycles)
{
    SizedRows rows = {.cycles = cycles};
    size_t count = cycles->sized.items.length, components = count != 0 ? cycles->scc.cyclic : 0;
    if (vec_zeros(cycles->memory, &rows.forms, components) < 0) {
        return PyErr_NoMemory();
    }
    for (size_t f = 0; f < cycles->forms.items.length && components != 0; f++) {
        rows.forms.items[cycles->forms.items.items[f].component] = (NodeId)f + 1;
    }
    PyObject *list = rows_list(count, sized_row, &rows);
    vec_fini(cycles->memory, &rows.forms);
    return list;
}

PyObject *
ring_rows_of(const Describer *describer, Cycles *cycles, PyObject *objects)
{
    PyObject *items[ROW_MOST_FIELDS] = {objects};
    (void)(objects != NULL && (items[1] = all_forms(describer, cycles)) != NULL &&
           (items[2] = PyLong_FromUnsignedLongLong(cycles->bytes)) != NULL &&
           (items[3] = all_sized(cycles)) != NULL &&
           (items[4] = waiting_rows(cycles)) != NULL &&
           (items[5] = waiting_running(describer, cycles)) != NULL);
    return row_new(describer->state, ROW_RINGS, items);
}

PyObject *
ring_rows_one(const Describer *describer, Cycles *cycles, size_t form)
{
    RingRow ring = {.describer = describer, .cycles = cycles};
    cut_trials_init(&ring.trials, cycles);
    kind_cuts_begin(&ring.kind_cuts, cycles);
    PyObject *row = ring_row(&ring, form);
    ring_fini(&ring);
    return row;
}

PyObject *
ring_rows_smallest_rotation(PyObject *Py_UNUSED(module), PyObject *keys)
{
    if (!PyList_CheckExact(keys)) {
        return PyErr_Format(PyExc_TypeError,
                            "smallest_rotation() takes a list of int, not '%.200s'",
                            Py_TYPE(keys)->tp_name);
    }
    size_t count = (size_t)PyList_GET_SIZE(keys);
    uint64_t *numbers = PyMem_New(uint64_t, count + 1);
    PyObject *place = NULL;
    if (numbers == NULL) {
        return PyErr_NoMemory();
    }
    for (size_t k = 0; k < count; k++) {
        numbers[k] = PyLong_AsUnsignedLongLong(PyList_GET_ITEM(keys, (Py_ssize_t)k));
    }
    if (!PyErr_Occurred()) {
        place = PyLong_FromSize_t(count != 0 ? rotation_smallest(numbers, count) : 0);
    }
    PyMem_Free(numbers);
    return place;
}
