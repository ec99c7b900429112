/* ring_rows.c: one form after the other.

       ring_row      select the form's specimen; its nodes and their counts
       try_cuts      an Edge and a CutTrial for each place of the ring, and a Clearing where no cut
                     frees everything
       try_alone     where nothing can be freed since another ring holds this one: once more, as
                     though it did not

   How much is tried for one form is limited, so that a ring of a million objects is told in the
   time of a few passes. */

#include "query/ring_rows.h"

#include "graph/rotation.h"
#include "query/cut_trials.h"
#include "query/describe.h"
#include "types/roll_call.h"

enum { MOST_TRIED = 64, MOST_KEYS_TRIED = 8, LARGEST_TRIED_ALL = 1 << 21 };

typedef struct {
    const Describer *describer; /* borrowed */
    Cycles *cycles;             /* borrowed */
    CutTrials trials;
    const Form *form;               /* borrowed: of all below */
    size_t tried;                   /* references */
    size_t best;                    /* most that any trial has freed */
    uint64_t keys[MOST_KEYS_TRIED]; /* labels of which all references were tried */
    size_t key_count;
    PyObject *cuts, *clearings; /* owned: lists */
} RingRow;

static PyObject *
ring_object(const RingRow *ring, size_t i)
{
    return cycles_object(ring->cycles, cycles_node(ring->cycles, i));
}

/* ---------------------------------------------------------------------- the ring */

static PyObject *
node_of(void *arg, size_t i)
{
    const RingRow *ring = arg;
    return describer_node(ring->describer, ring_object(ring, i));
}

static PyObject *
refcount_of_node(void *arg, size_t i)
{
    const Cycles *cycles = ((RingRow *)arg)->cycles;
    return describer_refcount(cycles->heap, cycles->nodes.items[cycles_node(cycles, i)]);
}

static PyObject *
edge_of(void *arg, size_t i)
{
    const RingRow *ring = arg;
    Label label = cycles_label(ring->cycles, i);
    return describer_edge(ring->describer, &label, ring_object(ring, i), ring_object(ring, i + 1));
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
cut_trial_of(void *arg, size_t i)
{
    RingRow *ring = arg;
    const Form *form = ring->form;
    size_t references = 0;
    int64_t alone = -1, together = -1;
    Label label = {.kind = LABEL_FIELD};
    if (ring->tried < MOST_TRIED) {
        label = cycles_label(ring->cycles, i);
    }
    if (cut_trials_may_cut(&label)) {
        ring->tried++;
        alone = cut_trials_one(&ring->trials, i);
        if (alone < 0) {
            return PyErr_NoMemory();
        }
        bool is_worth_it = (size_t)alone < form->objects && form->objects <= LARGEST_TRIED_ALL;
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
clearing_of(void *arg, size_t i)
{
    RingRow *ring = arg;
    const ModuleState *state = ring->describer->state;
    if (ring->best >= ring->form->objects || i >= MOST_TRIED ||
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
    size_t length = ring->cycles->ring.length;
    ring->tried = ring->best = ring->key_count = 0;
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
    size_t length = ring->cycles->ring.length;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    int is_held = -1;
    if ((items[7] = rows_list(length, node_of, ring)) != NULL &&
        (items[8] = rows_list(length, refcount_of_node, ring)) != NULL &&
        (items[9] = rows_list(length, edge_of, ring)) != NULL && try_cuts(ring) == 0) {
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
           (items[12] = row_bool(is_held)) != NULL && (items[13] = word_of(form)) != NULL);
    return row_new(ring->describer->state, ROW_RING, items);
}

static PyObject *
ring_row(void *arg, size_t f)
{
    RingRow *ring = arg;
    ring->form = &ring->cycles->forms.items.items[f];
    if (cut_trials_select(&ring->trials, ring->form) < 0) {
        return PyErr_NoMemory();
    }
    return row_of(ring);
}

static void
ring_fini(RingRow *ring)
{
    Py_XDECREF(ring->cuts);
    Py_XDECREF(ring->clearings);
    cut_trials_fini(&ring->trials);
}

PyObject *
ring_rows(const Describer *describer, Cycles *cycles)
{
    RingRow ring = {.describer = describer, .cycles = cycles};
    cut_trials_init(&ring.trials, cycles);
    PyObject *forms = rows_list(cycles->forms.items.length, ring_row, &ring);
    ring_fini(&ring);
    return forms;
}

PyObject *
ring_rows_one(const Describer *describer, Cycles *cycles, size_t form)
{
    RingRow ring = {.describer = describer, .cycles = cycles};
    cut_trials_init(&ring.trials, cycles);
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
