/* pauses.c:

       pauses_begin        what the interpreter has counted until now; from here on it is told
       collection_starts   of a full collection, where a dry run is due: what it is about to find
       collection_stops    one more, in the sums and among the last ones of its generation
       paused_row          what was noted, as rows
       pauses_round        the same, and begin anew
       pauses_end          the same, for the last time */

#include "follow/pauses.h"

#include "base/clock.h"
#include "follow/observers.h"
#include "follow/tally.h"
#include "runtime/rows.h"
#include "runtime/scan.h"

enum { OLDEST = GENERATIONS - 1, MOST_KEPT = 4000, MOST_FORMS = 1000 };
#define SECOND 1e9 /* in nanoseconds */

/* Rings of one form, by its place in the tally. */
typedef struct {
    size_t form;
    size_t rings;
} FormCount;

typedef VEC(FormCount) FormCounts;

/* What a dry run found that a collection was about to find. */
typedef struct {
    bool is_there;
    int64_t examined;
    FormCounts forms;
} Sample;

typedef struct {
    int64_t began; /* of the clock */
    int64_t length;
    int64_t examined; /* -1: not known */
    int64_t freed;
    bool is_asked;
    Sample sample;
} KeptPause;

typedef struct {
    uint64_t collections;
    uint64_t asked;
    uint64_t length;
    int64_t longest;
    uint64_t freed;
    uint64_t examined;
    uint64_t examined_in;
    int64_t skipped; /* counted by the interpreter, and not ours: it began before */
    int64_t counted; /* by the interpreter, when this began; -1: not known. One that was noted
                        before it was counted is in it, one that is noted later is not */
} Total;

typedef struct {
    PyObject_HEAD
    ModuleState *state; /* borrowed: of `module` */
    PyObject *module;   /* owned */
    Observer observer;
    PyObject *object_traceback; /* owned or NULL: as of a Describer */
    double share;               /* of the time, for dry runs */
    Memory memory;
    KeptPause *kept[GENERATIONS]; /* MOST_KEPT of each, the n-th at n % MOST_KEPT */
    Total totals[GENERATIONS];
    Tally tally;
    Sample sample;          /* of the collection that is under way */
    bool is_asked;          /* that one */
    int64_t begun;          /* of the clock */
    int64_t round;          /* when what is noted now began */
    int64_t sampling;       /* that dry runs took since it has begun */
    int64_t sampled_before; /* of those, before this round */
    int64_t last_sampling;  /* that the last one took; 0: there was none */
    uint64_t sampled;
    uint64_t failed;
    uint64_t left_out; /* rings of forms that are too many */
    bool uncertain;
    size_t over_visited;
} PausesObject;

/* ---------------------------------------------------------------------- dry runs */

static void
sample_fini(PausesObject *self, Sample *sample)
{
    vec_fini(&self->memory, &sample->forms);
    *sample = (Sample){0};
}

static void
free_samples(PausesObject *self)
{
    for (int g = 0; g < GENERATIONS; g++) {
        for (size_t n = 0; n < MOST_KEPT && n < self->totals[g].collections; n++) {
            sample_fini(self, &self->kept[g][n].sample);
        }
    }
    sample_fini(self, &self->sample);
}

/* Whether collections can be foreseen. */
static bool
can_sample(const ModuleState *state)
{
    return GCSCOPE_FREE_THREADED || state->generations != NULL;
}

/* Whether dry runs stay within their share of the time with one more like the last. */
static bool
is_sampling_due(const PausesObject *self)
{
    if (self->share <= 0 || !can_sample(self->state)) {
        return false;
    }
    double will_be = (double)(self->sampling + self->last_sampling);
    return self->last_sampling == 0 || will_be <= self->share * (double)(clock_now() - self->begun);
}

/* Add the rings of one form to the tally and to the sample. 0 or -1 with an exception. */
static int
add_form(PausesObject *self, Cycles *cycles, size_t f)
{
    Tally *tally = &self->tally;
    Describer describer = {.state = self->state, .object_traceback = self->object_traceback};
    const Form *found = &cycles->forms.items.items[f];
    const Form *known = forms_known(&tally->forms, found->hash);
    if (known == NULL && tally->forms.items.length >= MOST_FORMS) {
        self->left_out += found->count;
        return 0;
    }
    if (tally_add_form(tally, &describer, cycles, f) < 0) {
        return -1;
    }
    known = forms_known(&tally->forms, found->hash);
    FormCount counted = {(size_t)(known - tally->forms.items.items), found->count};
    return vec_push(&self->memory, &self->sample.forms, counted) < 0 ? scan_no_memory() : 0;
}

/* 0 or -1 with an exception. */
static int
add_forms(PausesObject *self, Scan *scan, Cycles *cycles)
{
    if (scan->collector.unreachable == 0) {
        return 0;
    }
    if (cycles_begin(cycles, &scan->memory, &scan->heap, self->state) < 0 ||
        cycles_choose(cycles, &scan->collector, NULL, true) < 0 ||
        cycles_find(cycles, false, NULL) < 0) {
        return scan_no_memory();
    }
    for (size_t f = 0; f < cycles->forms.items.length; f++) {
        if (add_form(self, cycles, f) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Find what a full collection is about to find. 0 or -1 with an exception. */
static int
take_sample(PausesObject *self, Scan *scan)
{
    Cycles cycles = {0};
    if (scan_open(scan) < 0 || scan_enter_generations(scan, OLDEST) < 0 || scan_close(scan) < 0 ||
        scan_judge(scan) < 0) {
        return -1;
    }
    self->uncertain |= scan->heap.uncertain;
    if (scan->collector.over_visited > self->over_visited) {
        self->over_visited = scan->collector.over_visited;
    }
    self->sample.examined = (int64_t)scan->heap.count;
    int error = add_forms(self, scan, &cycles);
    cycles_fini(&cycles);
    return error;
}

static void
sample(PausesObject *self)
{
    Scan scan;
    int64_t began = clock_now();
    scan_begin_in_collection(&scan, self->state);
    self->memory.fail_after = self->tally.memory.fail_after = self->state->fail_after;
    self->sample.is_there = take_sample(self, &scan) == 0;
    observers_unlock(self->state, true); /* it may let go of objects */
    scan_end(&scan);
    (void)observers_lock(self->state);
    if (!self->sample.is_there) {
        self->failed++;
        sample_fini(self, &self->sample);
        PyErr_Clear();
    }
    self->last_sampling = clock_now() - began;
    self->sampling += self->last_sampling;
}

/* ------------------------------------------------------------------ collections */

/* The generation of which a collection is told. On free-threaded builds there are none: each
   collection takes all objects, whatever it says. */
static long
told_generation(long generation)
{
    return GCSCOPE_FREE_THREADED ? OLDEST : generation;
}

/* Whether a collection of a generation comes by itself: as many objects have been made as is set
   for the youngest, and as many collections of the next younger. A program that asks at that moment
   is not told from that; from 3.12 on objects may also have gone since it was due. On free-threaded
   builds one that comes by itself says that it is of the youngest, and gc.collect() of the oldest;
   both take all. */
static bool
is_due(const Generation *generations, const GcEvent *event)
{
    if (GCSCOPE_FREE_THREADED) {
        return event->generation == 0;
    }
    if (generations == NULL) {
        return true; /* not known */
    }
    const Generation *own = &generations[event->generation];
    return event->is_enabled && generations->count > generations->threshold &&
           own->count > own->threshold;
}

static void
collection_starts(PyObject *owner, const GcEvent *event)
{
    PausesObject *self = (PausesObject *)owner;
    sample_fini(self, &self->sample);
    self->is_asked = !is_due(self->state->generations, event);
    if (told_generation(event->generation) == OLDEST && is_sampling_due(self)) {
        sample(self);
    }
}

/* How long it took: what the interpreter says (3.15), or else our own clock. */
static int64_t
length_of(const GcEvent *event)
{
    PyObject *duration = gc_event_item(event, "duration");
    double seconds =
        duration != NULL && PyFloat_CheckExact(duration) ? PyFloat_AS_DOUBLE(duration) : -1;
    bool is_told = seconds >= 0 && seconds < (double)INT64_MAX / SECOND;
    return is_told ? (int64_t)(seconds * SECOND) : event->ended - event->began;
}

static void
add_to_total(Total *total, const KeptPause *pause)
{
    total->collections++;
    total->asked += pause->is_asked;
    total->length += (uint64_t)pause->length;
    total->longest = pause->length > total->longest ? pause->length : total->longest;
    total->freed += (uint64_t)pause->freed;
    if (pause->examined >= 0) {
        total->examined += (uint64_t)pause->examined;
        total->examined_in++;
    }
}

static void
collection_stops(PyObject *owner, const GcEvent *event)
{
    PausesObject *self = (PausesObject *)owner;
    const long generation = told_generation(event->generation);
    Total *total = &self->totals[generation];
    if (event->began < self->begun) { /* by a finalizer that it ran */
        total->skipped++;
        return;
    }
    int64_t freed = gc_event_number(event, "collected");
    int64_t examined = gc_event_number(event, "candidates");
    KeptPause *place = &self->kept[generation][total->collections % MOST_KEPT];
    sample_fini(self, &place->sample);
    *place = (KeptPause){
        .began = event->began,
        .length = length_of(event),
        .examined = examined < 0 && self->sample.is_there ? self->sample.examined : examined,
        .freed = freed > 0 ? freed : 0,
        .is_asked = self->is_asked,
        .sample = self->sample,
    };
    self->sampled += self->sample.is_there;
    self->sample = (Sample){0};
    add_to_total(total, place);
}

/* -------------------------------------------------------------------- as counted */

/* How many collections of a generation the interpreter has counted, by gc.get_stats(). */
static int64_t
counted(PyObject *stats, long generation)
{
    bool is_there = PyList_CheckExact(stats) && generation < PyList_GET_SIZE(stats) &&
                    PyDict_CheckExact(PyList_GET_ITEM(stats, generation));
    GcEvent event = {.info = is_there ? PyList_GET_ITEM(stats, generation) : NULL};
    return is_there ? gc_event_number(&event, "collections") : -1;
}

/* Into counts[]; -1 where it is not told. 0 or -1 with an exception. */
static int
count_collections(const ModuleState *state, int64_t counts[static GENERATIONS])
{
    PyObject *stats = PyObject_CallNoArgs(state->gc_get_stats);
    memset(counts, 0, GENERATIONS * sizeof(int64_t));
    for (long g = 0; g < GENERATIONS && stats != NULL; g++) {
        int64_t count = counted(stats, g), *sum = &counts[told_generation(g)];
        *sum = count < 0 || *sum < 0 ? -1 : *sum + count;
    }
    int error = stats != NULL ? 0 : -1;
    Py_XDECREF(stats);
    return error;
}

/* How many collections there were that nobody told us of. One that is under way may be counted
   already, and is not ours. */
static int64_t
unseen(const PausesObject *self, const Total *total, int64_t count)
{
    int64_t seen = (int64_t)total->collections + total->skipped;
    int64_t missing = count - total->counted - seen;
    if (count < 0 || total->counted < 0 || missing < 0) {
        return 0;
    }
    return missing - (missing > 0 && self->state->collection_began != 0);
}

/* What the next round begins with: all that this one has told of is counted. */
static int64_t
counted_for_next(const PausesObject *self, const Total *total, int64_t count)
{
    if (count < 0 || total->counted < 0) {
        return count;
    }
    return total->counted + (int64_t)total->collections + total->skipped +
           unseen(self, total, count);
}

/* -------------------------------------------------------------------------- rows */

static PyObject *
seconds(int64_t nanoseconds)
{
    return PyFloat_FromDouble((double)nanoseconds / SECOND);
}

/* New reference: the places of the rings of a sample, or None. NULL with an exception. */
static PyObject *
forms_dict(const Sample *sampled)
{
    if (!sampled->is_there) {
        return Py_NewRef(Py_None);
    }
    PyObject *forms = PyDict_New();
    for (size_t f = 0; f < sampled->forms.length && forms != NULL; f++) {
        PyObject *place = PyLong_FromSize_t(sampled->forms.items[f].form);
        PyObject *rings = PyLong_FromSize_t(sampled->forms.items[f].rings);
        if (place == NULL || rings == NULL || PyDict_SetItem(forms, place, rings) < 0) {
            Py_CLEAR(forms);
        }
        Py_XDECREF(place);
        Py_XDECREF(rings);
    }
    return forms;
}

static PyObject *
pause_row(const PausesObject *self, long generation, const KeptPause *pause)
{
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = PyLong_FromLong(generation)) != NULL &&
           (items[1] = seconds(pause->began - self->begun)) != NULL &&
           (items[2] = seconds(pause->length)) != NULL &&
           (items[3] = pause->examined >= 0 ? PyLong_FromLongLong(pause->examined)
                                            : Py_NewRef(Py_None)) != NULL &&
           (items[4] = PyLong_FromLongLong(pause->freed)) != NULL &&
           (items[5] = row_bool(pause->is_asked)) != NULL &&
           (items[6] = forms_dict(&pause->sample)) != NULL);
    return row_new(self->state, ROW_PAUSE, items);
}

/* New reference: the last ones of each generation, in its order. NULL with an exception. */
static PyObject *
kept_rows(const PausesObject *self)
{
    PyObject *rows = PyList_New(0);
    for (long g = 0; g < GENERATIONS; g++) {
        uint64_t end = self->totals[g].collections;
        uint64_t first = end > MOST_KEPT ? end - MOST_KEPT : 0;
        for (uint64_t n = first; n < end && rows != NULL; n++) {
            if (rows_append(rows, pause_row(self, g, &self->kept[g][n % MOST_KEPT])) < 0) {
                Py_CLEAR(rows);
            }
        }
    }
    return rows;
}

static PyObject *
total_row(const PausesObject *self, const Total *total, int64_t count)
{
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = PyLong_FromUnsignedLongLong(total->collections)) != NULL &&
           (items[1] = PyLong_FromUnsignedLongLong(total->asked)) != NULL &&
           (items[2] = seconds((int64_t)total->length)) != NULL &&
           (items[3] = seconds(total->longest)) != NULL &&
           (items[4] = PyLong_FromUnsignedLongLong(total->freed)) != NULL &&
           (items[5] = PyLong_FromUnsignedLongLong(total->examined)) != NULL &&
           (items[6] = PyLong_FromUnsignedLongLong(total->examined_in)) != NULL &&
           (items[7] = PyLong_FromLongLong(unseen(self, total, count))) != NULL);
    return row_new(self->state, ROW_PAUSE_TOTAL, items);
}

static PyObject *
total_rows(const PausesObject *self, const int64_t counts[static GENERATIONS])
{
    PyObject *rows = PyList_New(0);
    for (long g = told_generation(0); g < GENERATIONS && rows != NULL; g++) {
        if (rows_append(rows, total_row(self, &self->totals[g], counts[g])) < 0) {
            Py_CLEAR(rows);
        }
    }
    return rows;
}

/* New reference: what was noted, a Paused. NULL with an exception. */
static PyObject *
paused_row(PausesObject *self, const int64_t counts[static GENERATIONS])
{
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = kept_rows(self)) != NULL && (items[1] = total_rows(self, counts)) != NULL &&
           (items[2] = tally_rows(&self->tally)) != NULL &&
           (items[3] = PyLong_FromUnsignedLongLong(self->sampled)) != NULL &&
           (items[4] = PyLong_FromUnsignedLongLong(self->failed)) != NULL &&
           (items[5] = seconds(self->sampling - self->sampled_before)) != NULL &&
           (items[6] = PyLong_FromUnsignedLongLong(self->left_out)) != NULL &&
           (items[7] = seconds(clock_now() - self->round)) != NULL &&
           (items[8] = row_bool(self->uncertain)) != NULL &&
           (items[9] = PyLong_FromSize_t(self->over_visited)) != NULL);
    return row_new(self->state, ROW_PAUSED, items);
}

/* ------------------------------------------------------------------ begin and end */

/* Forget what was noted, and note from now on. */
static void
begin_round(PausesObject *self, Tally *fresh, const int64_t counts[static GENERATIONS])
{
    free_samples(self);
    for (int g = 0; g < GENERATIONS; g++) {
        int64_t is_counted = counted_for_next(self, &self->totals[g], counts[g]);
        self->totals[g] = (Total){.counted = is_counted};
    }
    tally_fini(&self->tally);
    self->tally = *fresh;
    self->sampled_before = self->sampling;
    self->sampled = self->failed = self->left_out = 0;
    self->uncertain = false;
    self->over_visited = 0;
    self->round = clock_now();
}

/* 0 or -1 with an exception. */
static int
make_room(PausesObject *self)
{
    for (int g = 0; g < GENERATIONS; g++) {
        self->kept[g] = memory_zeroed(&self->memory, MOST_KEPT * sizeof(KeptPause));
        if (self->kept[g] == NULL) {
            return scan_no_memory();
        }
    }
    return tally_init(&self->tally, self->state);
}

/* Free what was noted. May be called twice. */
static void
forget(PausesObject *self)
{
    free_samples(self);
    for (int g = 0; g < GENERATIONS; g++) {
        memory_free(&self->memory, self->kept[g], MOST_KEPT * sizeof(KeptPause));
        self->kept[g] = NULL;
        self->totals[g] = (Total){0};
    }
    tally_fini(&self->tally);
}

/* Leave, and free what was noted. */
static void
stop(PausesObject *self)
{
    bool was_locked = observers_lock(self->state);
    observer_leave(&self->observer);
    forget(self);
    observers_unlock(self->state, was_locked);
}

PyDoc_STRVAR(begin_doc, "begin($self, /)\n--\n\n"
                        "Begin: collections from here on are noted.\n\n"
                        "Raises RuntimeError where it has begun before, MemoryError.");

static PyObject *
pauses_begin(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    PausesObject *self = (PausesObject *)op;
    int64_t counts[GENERATIONS];
    if (state_check(self->state) < 0) {
        return NULL;
    }
    int was_enabled = gc_pause_begin();
    bool was_locked = observers_lock(self->state);
    bool has_begun = self->begun != 0;
    int error = !has_begun && make_room(self) == 0 &&
                        observer_enter(&self->observer, self->module) == 0 &&
                        count_collections(self->state, counts) == 0
                    ? 0
                    : -1;
    if (has_begun) {
        PyErr_SetString(PyExc_RuntimeError, "a Pauses is begun once");
    }
    else if (error == 0) {
        for (int g = 0; g < GENERATIONS; g++) {
            self->totals[g].counted = counts[g];
        }
        self->begun = self->round = clock_now();
        self->observer.is_ready = true;
    }
    else {
        stop(self);
    }
    observers_unlock(self->state, was_locked);
    gc_pause_end(was_enabled);
    return error == 0 ? Py_NewRef(Py_None) : NULL;
}

/* Whether it is under way: 0, or -1 with an exception. */
static int
check_is_on(const PausesObject *self)
{
    if (!self->observer.is_on || !self->observer.is_ready) {
        PyErr_SetString(PyExc_RuntimeError, "this Pauses is not under way");
        return -1;
    }
    return state_check(self->state);
}

PyDoc_STRVAR(round_doc,
             "round($self, /)\n--\n\n"
             "What was noted, a Paused, and go on with nothing noted; no collection is lost\n"
             "between.\n\n"
             "Raises RuntimeError unless it is under way; MemoryError: it goes on then.");

static PyObject *
pauses_round(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    PausesObject *self = (PausesObject *)op;
    int64_t counts[GENERATIONS];
    Tally fresh = {0};
    PyObject *answer = NULL;
    if (check_is_on(self) < 0) {
        return NULL;
    }
    int was_enabled = gc_pause_begin();
    /* gc.get_stats may have been replaced by a function of Python, in which another thread may end
       this */
    bool is_ready =
        tally_init(&fresh, self->state) == 0 && count_collections(self->state, counts) == 0;
    bool was_locked = observers_lock(self->state);
    if (is_ready && check_is_on(self) == 0) {
        answer = paused_row(self, counts);
    }
    if (answer != NULL) {
        begin_round(self, &fresh, counts);
    }
    else {
        tally_fini(&fresh);
    }
    observers_unlock(self->state, was_locked);
    gc_pause_end(was_enabled);
    return answer;
}

PyDoc_STRVAR(end_doc, "end($self, /)\n--\n\n"
                      "End: what was noted, a Paused.\n\n"
                      "Raises RuntimeError unless it is under way, MemoryError; it has ended in\n"
                      "any case.");

static PyObject *
pauses_end(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    PausesObject *self = (PausesObject *)op;
    int64_t counts[GENERATIONS];
    if (check_is_on(self) < 0) {
        return NULL;
    }
    int was_enabled = gc_pause_begin();
    bool is_ready = count_collections(self->state, counts) == 0;
    bool was_locked = observers_lock(self->state);
    PyObject *answer = is_ready && check_is_on(self) == 0 ? paused_row(self, counts) : NULL;
    stop(self);
    observers_unlock(self->state, was_locked);
    gc_pause_end(was_enabled);
    return answer;
}

PyDoc_STRVAR(stop_doc, "stop($self, /)\n--\n\nEnd without looking. May be called twice.");

static PyObject *
pauses_stop(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    stop((PausesObject *)op);
    Py_RETURN_NONE;
}

/* ---------------------------------------------------------------------- the type */

static PyObject *
pauses_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *module = PyType_GetModule(type), *object_traceback = Py_None;
    double share = 0;
    Describer describer;
    if (module == NULL ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, "|dO:Pauses", (char *[]){"", "", NULL}, &share,
                                     &object_traceback)) {
        return NULL;
    }
    ModuleState *state = state_of_module(module);
    if (state_check(state) < 0 ||
        describer_init(&describer, state, Py_None, object_traceback) < 0) {
        return NULL;
    }
    PausesObject *self = PyObject_New(PausesObject, type);
    if (self == NULL) {
        return NULL;
    }
    memset((char *)self + sizeof(PyObject), 0, sizeof(PausesObject) - sizeof(PyObject));
    self->state = state;
    self->module = Py_NewRef(module);
    self->observer = (Observer){.state = state,
                                .owner = (PyObject *)self,
                                .starts = collection_starts,
                                .stops = collection_stops};
    self->object_traceback = Py_XNewRef(describer.object_traceback);
    self->share = share;
    self->memory = scan_memory(state);
    return (PyObject *)self;
}

static void
pauses_dealloc(PyObject *op)
{
    PausesObject *self = (PausesObject *)op;
    PyTypeObject *type = Py_TYPE(op);
    stop(self);
    Py_CLEAR(self->object_traceback);
    Py_CLEAR(self->module);
    PyObject_Free(self);
    Py_DECREF(type);
}

PyDoc_STRVAR(pauses_doc,
             "Pauses(share=0.0, object_traceback=None, /)\n--\n\n"
             "What collections cost between begin and end.\n\n"
             "share: of the time that dry runs of full collections may take; 0: there are none.\n"
             "object_traceback: tracemalloc's function, or None. Letting go of it ends it.");

static PyMethodDef pauses_methods[] = {
    {"begin", pauses_begin, METH_NOARGS, begin_doc},
    {"round", pauses_round, METH_NOARGS, round_doc},
    {"end", pauses_end, METH_NOARGS, end_doc},
    {"stop", pauses_stop, METH_NOARGS, stop_doc},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot pauses_slots[] = {
    {Py_tp_doc, (void *)pauses_doc},
    {Py_tp_new, pauses_new},
    {Py_tp_dealloc, pauses_dealloc},
    {Py_tp_methods, pauses_methods},
    {0, NULL},
};

static PyType_Spec pauses_spec = {
    .name = "gcscope._core.Pauses",
    .basicsize = sizeof(PausesObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = pauses_slots,
};

int
pauses_setup(PyObject *module)
{
    return state_add_type(module, &pauses_spec);
}
