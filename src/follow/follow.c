/* follow.c:

       follow_begin        the callback, then the marker: the last thing that is made
       collection_starts   the births so far; then predict: list, judge, tally
       collection_stops    a new marker; with `whole`, forget of what was unreachable before what is
                           gone
       follow_end          drop what is in the box; look at what is left; stop; a Followed

   In the callback the collector is running, so that nothing of ours can set off another collection.
   An error there is no error of the program: the collection counts as unseen. */

#include "follow/follow.h"

#include "follow/observers.h"
#include "follow/tally.h"
#include "query/neighborhood_rows.h"
#include "query/ring_rows.h"
#include "query/waiting.h"
#include "runtime/scan.h"
#include "types/roll_call.h"

enum { OLDEST = GENERATIONS - 1 };

typedef struct {
    PyObject_HEAD
    ModuleState *state; /* borrowed: of `module` */
    PyObject *module;   /* owned */
    Observer observer;  /* ready when begin() has come to its end */
    Py_ssize_t frozen;  /* objects under gc.freeze() at the beginning, without generations */
    bool whole;         /* look at all objects, not at births only */
    PyObject *object_traceback; /* owned or NULL: as of a Describer, for what collections take */
    PyObject *marker;           /* owned or NULL: births are what comes after it in generation 0 */
    Memory memory;
    AddrMap known;     /* births from before the marker; with `whole` what was unreachable before */
    long oldest;       /* the oldest generation with births */
    const void *until; /* compared only: where in generation 2 those begin, behind it */
    Tally tally;
    uint64_t collections;
    uint64_t unseen;
    bool is_lost; /* not all births are known */
    bool uncertain;
    size_t over_visited;
} FollowObject;

/* --------------------------------------------------------------------- looking */

/* Begin a pass of a Follow; what it keeps between passes has the limit that a test has set, too. */
static void
begin_pass(FollowObject *f, Scan *scan, bool is_in_collection)
{
    if (is_in_collection) {
        scan_begin_in_collection(scan, f->state);
    }
    else {
        scan_begin(scan, f->state);
    }
    f->memory.fail_after = f->tally.memory.fail_after = f->state->fail_after;
}

static inline bool
map_is_made(const AddrMap *map)
{
    return map->memory != NULL;
}

/* Make `known`, if need be. 0; -1 out of memory. */
static int
make_known(FollowObject *f)
{
    if (map_is_made(&f->known)) {
        return 0;
    }
    int error = addrmap_init(&f->known, &f->memory);
    if (error < 0) {
        addrmap_fini(&f->known);
        f->known = (AddrMap){0};
    }
    return error;
}

/* What was listed becomes a verdict. 0 or -1 with an exception. */
static int
judge(FollowObject *f, Scan *scan)
{
    if (scan_close(scan) < 0 || scan_judge(scan) < 0) {
        return -1;
    }
    f->uncertain |= scan->heap.uncertain;
    if (scan->collector.over_visited > f->over_visited) {
        f->over_visited = scan->collector.over_visited;
    }
    return 0;
}

/* New reference: a RollCall of what was chosen; NULL with an exception. */
static PyObject *
call_chosen(const FollowObject *f, const Cycles *cycles)
{
    Objects objects = {0};
    PyObject *found = cycles_chosen(cycles, &objects) < 0
                          ? PyErr_NoMemory()
                          : roll_call_of_objects(f->state, objects.items, objects.length);
    vec_fini(cycles->memory, &objects);
    return found;
}

/* Find the rings of what is unreachable and is in `map`, or with `whole` is not in it; NULL: of
   all. How many objects there are is in cycles->nodes. `sizers` as cycles_find has it. 0 or -1 with
   an exception. */
static int
find(const FollowObject *f, Scan *scan, const AddrMap *map, PyObject *sizers, Cycles *cycles)
{
    if (scan->collector.unreachable == 0) {
        return 0;
    }
    if (cycles_begin(cycles, &scan->memory, &scan->heap, f->state) < 0 ||
        cycles_choose(cycles, &scan->collector, map, !f->whole) < 0 ||
        cycles_find(cycles, false, sizers) < 0) {
        return scan_no_memory();
    }
    return 0;
}

/* ----------------------------------------------------------------- collections */

#if GCSCOPE_FREE_THREADED

/* A birth is what has no mark (world_mark_old), or was noted when others were begun. Collections
   leave both as they are; gc.freeze() hides what it finds. */

/* How many objects are under gc.freeze(); -1 with an exception. */
static Py_ssize_t
count_frozen(const FollowObject *f)
{
    PyObject *count = PyObject_CallNoArgs(f->state->gc_get_freeze_count);
    Py_ssize_t number = count != NULL ? PyLong_AsSsize_t(count) : -1;
    Py_XDECREF(count);
    return number;
}

static bool
sees_collections(const FollowObject *Py_UNUSED(f))
{
    return true;
}

/* Births alone are listed. */
static const AddrMap *
predicted_of(const FollowObject *f)
{
    return f->whole && map_is_made(&f->known) ? &f->known : NULL;
}

static int
enter_new(FollowObject *f, Scan *scan)
{
    return scan_enter_new(scan, map_is_made(&f->known) ? &f->known : NULL);
}

static int
list_for_collection(FollowObject *f, Scan *scan, long Py_UNUSED(generation))
{
    return scan_open(scan) < 0 ? -1
           : f->whole          ? scan_enter_generations(scan, -1)
                               : enter_new(f, scan);
}

static int
list_still_known(const FollowObject *f, AddrMap *still)
{
    return world_list_known(&f->known, still);
}

static int
mark_anew(FollowObject *Py_UNUSED(f))
{
    return 0;
}

#else

static bool
sees_collections(const FollowObject *f)
{
    return f->state->generations != NULL;
}

/* As find has it: what is told of what is listed for a collection. */
static const AddrMap *
predicted_of(const FollowObject *f)
{
    return map_is_made(&f->known) ? &f->known : NULL;
}

/* Enter the births so far into `known`. 0 or -1 with an exception. */
static int
learn_new(FollowObject *f)
{
    Generation *generations = f->state->generations;
    if (make_known(f) < 0) {
        return scan_no_memory();
    }
    int found = f->marker != NULL ? generations_list_after(generations, f->marker, &f->known)
                                  : generations_list(generations, 0, &f->known);
    f->is_lost |= found <= 0;
    Py_CLEAR(f->marker);
    return found < 0 ? scan_no_memory() : 0;
}

/* Enter what a collection of a generation looks at; of the oldest one, births only. */
static int
list_for_collection(FollowObject *f, Scan *scan, long generation)
{
    Generation *generations = f->state->generations;
    AddrMap *map = &scan->heap.map;
    bool is_full = generation >= OLDEST;
    if (scan_open(scan) < 0 || (!f->whole && learn_new(f) < 0)) {
        return -1;
    }
    int error = is_full && !f->whole
                    ? generations_list_known(generations, OLDEST, NULL, &f->known, map)
                    : generations_list(generations, generation, map);
    if (is_full) { /* it may order generation 2 anew */
        f->oldest = OLDEST;
        f->until = NULL;
    }
    else if (generation >= 1 &&
             f->oldest < OLDEST) { /* it puts what it leaves to the end of that */
        f->oldest = OLDEST;
        f->until = generations_newest(&generations[OLDEST]);
    }
    return error < 0 ? scan_no_memory() : 0;
}

static int
list_still_known(const FollowObject *f, AddrMap *still)
{
    return generations_list_known(f->state->generations, OLDEST, NULL, &f->known, still);
}

/* What finalizers have made is born, too; then a new marker. 0; -1 out of memory. */
static int
mark_anew(FollowObject *f)
{
    if (make_known(f) < 0 || generations_list(f->state->generations, 0, &f->known) < 0) {
        return -1;
    }
    Py_XSETREF(f->marker, PyList_New(0));
    return f->marker != NULL ? 0 : -1;
}

#endif

/* With `whole`: what was unreachable before and is taken now is not to be looked for any more. */
static void
forget_collected(FollowObject *f, const Scan *scan)
{
    for (size_t n = 0; n < scan->heap.count && f->known.count != 0; n++) {
        if (!collector_is_reachable(&scan->collector, n)) {
            addrmap_remove(&f->known, scan->heap.objects.items[n]);
        }
    }
}

/* 0 or -1 with an exception. */
static int
tally_collected(FollowObject *f, Cycles *cycles)
{
    Describer describer = {.state = f->state, .object_traceback = f->object_traceback};
    PyObject *found = call_chosen(f, cycles);
    int error = found == NULL ? -1
                : tally_add_forms(&f->tally, &describer, cycles) < 0
                    ? -1
                    : tally_add_collected(&f->tally, found, cycles->bytes);
    Py_XDECREF(found);
    return error;
}

/* 0 or -1 with an exception. */
static int
predict(FollowObject *f, Scan *scan, long generation)
{
    Cycles cycles = {0};
    int error = list_for_collection(f, scan, generation) < 0 || judge(f, scan) < 0 ||
                        find(f, scan, predicted_of(f), NULL, &cycles) < 0
                    ? -1
                    : 0;
    if (error == 0 && f->whole) {
        forget_collected(f, scan);
    }
    if (error == 0 && cycles.nodes.length != 0) {
        error = tally_collected(f, &cycles);
    }
    cycles_fini(&cycles);
    return error;
}

static void
collection_starts(PyObject *owner, const GcEvent *event)
{
    FollowObject *f = (FollowObject *)owner;
    Scan scan;
    f->collections++;
    f->unseen++; /* until it has been looked at */
    if (!sees_collections(f)) {
        return;
    }
    begin_pass(f, &scan, true);
    scan.is_lost_only = true;
    f->unseen -= predict(f, &scan, event->generation) == 0;
    observers_unlock(f->state, true); /* it may let go of objects */
    scan_end(&scan);
    (void)observers_lock(f->state);
    PyErr_Clear();
}

/* With `whole`: what was unreachable before and went with what was taken has left its address to
   others. 0; -1 out of memory. */
static int
forget_gone(FollowObject *f)
{
    AddrMap still = {0};
    if (!map_is_made(&f->known) || f->known.count == 0) {
        return 0;
    }
    int error = addrmap_init(&still, &f->memory);
    if (error == 0) {
        error = list_still_known(f, &still);
    }
    if (error < 0) {
        addrmap_fini(&still);
        return -1;
    }
    addrmap_fini(&f->known);
    f->known = still;
    return 0;
}

static void
collection_stops(PyObject *owner, const GcEvent *Py_UNUSED(event))
{
    FollowObject *f = (FollowObject *)owner;
    f->memory.fail_after = f->state->fail_after;
    if (sees_collections(f)) {
        f->is_lost |= (f->whole ? forget_gone(f) : mark_anew(f)) < 0;
        PyErr_Clear();
    }
}

/* ----------------------------------------------------------------------- begin */

/* Enter what is unreachable now into `known`. 0 or -1 with an exception. */
static int
learn_unreachable(FollowObject *f, Scan *scan)
{
    if (scan_run(scan, -1) < 0) {
        return -1;
    }
    for (size_t n = 0; n < scan->heap.count; n++) {
        if (!collector_is_reachable(&scan->collector, n) &&
            (make_known(f) < 0 || addrmap_insert(&f->known, scan->heap.objects.items[n]) < 0)) {
            return scan_no_memory();
        }
    }
    return 0;
}

#if GCSCOPE_FREE_THREADED

/* A WorldNote: what is marked as old now is a birth to those that have begun before. */
static int
note_birth(void *arg, PyObject *op)
{
    const ModuleState *state = arg;
    int error = 0;
    for (Observer *o = state->observers; o != NULL; o = o->next) {
        FollowObject *f = o->starts == collection_starts ? (FollowObject *)o->owner : NULL;
        if (f != NULL && o->is_ready && !f->whole &&
            (make_known(f) < 0 || addrmap_insert(&f->known, op) < 0)) {
            f->is_lost = true;
            error = -1;
        }
    }
    return error;
}

/* From here on, what is made is born. 0 or -1 with an exception. */
static int
mark_begin(FollowObject *f)
{
    f->frozen = count_frozen(f);
    if (f->frozen < 0) {
        return -1;
    }
    bool was_locked = observers_lock(f->state);
    int error = world_mark_old(note_birth, f->state);
    f->observer.is_ready = error == 0; /* before another marks what is born to this one */
    observers_unlock(f->state, was_locked);
    return error < 0 ? scan_no_memory() : 0;
}

#else

static int
mark_begin(FollowObject *f)
{
    f->marker = PyList_New(0); /* on 3.11 this may run a collection first: it has not begun yet */
    return f->marker != NULL ? 0 : -1;
}

#endif

PyDoc_STRVAR(begin_doc, "begin($self, /)\n--\n\n"
                        "Begin: what comes from here on is followed.\n\n"
                        "Raises RuntimeError where it has begun before, MemoryError.");

static PyObject *
follow_begin(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    FollowObject *f = (FollowObject *)op;
    Scan scan;
    if (state_check(f->state) < 0) {
        return NULL;
    }
    if (f->observer.is_on || f->observer.is_ready) {
        PyErr_SetString(PyExc_RuntimeError, "a Follow is begun once");
        return NULL;
    }
    if (observer_enter(&f->observer, f->module) < 0) {
        return NULL;
    }
    begin_pass(f, &scan, false);
    scan.is_lost_only = true;
    int error = f->whole ? learn_unreachable(f, &scan) : 0;
    scan_end(&scan);
    if (error < 0 || (!f->whole && mark_begin(f) < 0)) {
        observer_leave(&f->observer);
        return NULL;
    }
    f->observer.is_ready = true;
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------------- end */

#if !GCSCOPE_FREE_THREADED

/* Enter the births that are left into the heap. 0 or -1 with an exception. */
static int
enter_new(FollowObject *f, Scan *scan)
{
    Generation *generations = f->state->generations;
    int found = f->marker != NULL ? scan_enter_after(scan, f->marker) : 0;
    f->is_lost |= found == 0;
    if (found < 0) {
        return -1;
    }
    if (generations == NULL || !map_is_made(&f->known)) {
        return 0;
    }
    int error =
        generations_list_known(generations, f->oldest, f->until, &f->known, &scan->heap.map);
    return error < 0 ? scan_no_memory() : 0;
}

#endif

/* What an object that was dropped was, so that it can be told what became of it. */
typedef struct {
    PyObject *held;     /* owned: an untracked tuple with it, where something else holds it too; it
                           does not count (Scan.given) */
    void *op;           /* compared only */
    PyTypeObject *type; /* compared only */
    bool may_revive;    /* it has a finalizer */
} Dropped;

/* Take the object out of the box and, if nothing else holds it, let go of it: its finalizer may run
   then. 0 or -1 with an exception. */
static int
drop(PyObject *box, Dropped *dropped)
{
    PyObject *op = Py_NewRef(PyList_GET_ITEM(box, 0)), *held = PyTuple_Pack(1, op);
    if (held == NULL || PyList_SetSlice(box, 0, 1, NULL) < 0) {
        Py_XDECREF(held);
        Py_DECREF(op);
        return -1;
    }
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(held);
    *dropped = (Dropped){
        .op = op,
        .type = type,
        .may_revive = type->tp_finalize != NULL || type->tp_del != NULL,
    };
    if (Py_REFCNT(op) > 2) { /* also where counting is deferred */
        dropped->held = Py_NewRef(held);
    }
    Py_DECREF(op);
    Py_DECREF(held);
    return 0;
}

/* Whether an object of its type lies where it was. */
static bool
lies_there(const FollowObject *f, const Scan *scan, const Dropped *dropped)
{
#if GCSCOPE_FREE_THREADED
    NodeId node;
    (void)f;
    return addrmap_find(&scan->heap.map, dropped->op, &node) &&
           Py_TYPE(scan->heap.objects.items[node]) == dropped->type;
#else
    (void)scan;
    return f->state->generations != NULL &&
           generations_have(f->state->generations, dropped->op, dropped->type);
#endif
}

/* New reference: 'ring', or what an unreachable object waits for in none (waiting.h). NULL with an
   exception. */
static PyObject *
fate_of_unreachable(const Cycles *cycles, NodeId node)
{
#if GCSCOPE_FREE_THREADED
    if (cycles->nodes.length != 0 && nodeset_has(&cycles->chosen, node)) {
        Waiting waiting;
        PyObject *word = waiting_find(&waiting, cycles) < 0
                             ? PyErr_NoMemory()
                             : waiting_word(&waiting, nodeset_rank(&cycles->chosen, node), "ring");
        waiting_fini(&waiting);
        return word;
    }
#else
    (void)cycles, (void)node;
#endif
    return PyUnicode_FromString("ring");
}

/* New reference: a word for what became of it. If something holds it, it is put into the box again.
   NULL with an exception. */
static PyObject *
fate_of(const FollowObject *f, const Scan *scan, const Cycles *cycles, const Dropped *dropped,
        PyObject *box)
{
    NodeId node;
    if (dropped->held == NULL) {
        bool is_revived = dropped->may_revive && lies_there(f, scan, dropped);
        return PyUnicode_FromString(is_revived ? "revived" : "freed");
    }
    if (addrmap_find(&scan->heap.map, dropped->op, &node) &&
        !collector_is_reachable(&scan->collector, node)) {
        return fate_of_unreachable(cycles, node);
    }
    PyObject *op = PyTuple_GET_ITEM(dropped->held, 0);
    return PyList_Append(box, op) < 0 ? NULL : PyUnicode_FromString("held");
}

/* New reference: a RollCall of what is reachable. NULL with an exception. */
static PyObject *
call_reachable(Scan *scan)
{
    Objects objects = {0};
    int error = vec_reserve(&scan->memory, &objects, scan->heap.count);
    for (size_t n = 0; n < scan->heap.count && error == 0; n++) {
        if (collector_is_reachable(&scan->collector, n)) {
            vec_push_reserved(&objects, scan->heap.objects.items[n]);
        }
    }
    PyObject *made = error < 0 ? PyErr_NoMemory()
                               : roll_call_of_objects(scan->state, objects.items, objects.length);
    vec_fini(&scan->memory, &objects);
    return made;
}

typedef struct {
    Describer describer;
    bool survivors; /* make a RollCall of them, too */
    PyObject *box;  /* borrowed or NULL */
} EndArguments;

/* New reference: the Rings of what is left, or None. NULL with an exception. */
static PyObject *
rings_left(const FollowObject *f, const Describer *describer, Cycles *cycles)
{
    return cycles->nodes.length == 0 ? Py_NewRef(Py_None)
                                     : ring_rows_of(describer, cycles, call_chosen(f, cycles));
}

/* New reference: a Followed. NULL with an exception. */
static PyObject *
followed_row(FollowObject *f, Scan *scan, const EndArguments *end, const Dropped *dropped)
{
    Tally *tally = &f->tally;
    Cycles cycles = {0};
    const AddrMap *known = f->whole && map_is_made(&f->known) ? &f->known : NULL;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    PyObject *types[2] = {Py_NewRef(tally->collected_types[0]),
                          Py_NewRef(tally->collected_types[1])};
    (void)((items[4] = row_new(f->state, ROW_TYPE_COUNTS, types)) != NULL &&
           find(f, scan, known, end->describer.sizers, &cycles) == 0 &&
           (items[0] = rings_left(f, &end->describer, &cycles)) != NULL &&
           (items[1] = end->survivors ? call_reachable(scan) : Py_NewRef(Py_None)) != NULL &&
           (items[2] = PyLong_FromUnsignedLongLong(tally->collected_objects)) != NULL &&
           (items[3] = PyLong_FromUnsignedLongLong(tally->collected_bytes)) != NULL &&
           (items[5] = tally_rows(tally)) != NULL &&
           (items[6] = PyLong_FromUnsignedLongLong(f->collections)) != NULL &&
           (items[7] = PyLong_FromUnsignedLongLong(f->unseen)) != NULL &&
           (items[8] = row_bool(f->is_lost)) != NULL &&
           (items[9] = row_bool(f->uncertain)) != NULL &&
           (items[10] = PyLong_FromSize_t(f->over_visited)) != NULL &&
           (items[11] = end->box != NULL ? fate_of(f, scan, &cycles, dropped, end->box)
                                         : Py_NewRef(Py_None)) != NULL);
    cycles_fini(&cycles);
    return row_new(f->state, ROW_FOLLOWED, items);
}

/* New reference: the Followed. NULL with an exception. */
static PyObject *
look_at_the_end(FollowObject *f, Scan *scan, const EndArguments *end, const Dropped *dropped)
{
    int error = scan_open(scan) < 0 ? -1
                : f->whole          ? scan_enter_generations(scan, -1)
                                    : enter_new(f, scan);
    return error < 0 || judge(f, scan) < 0 ? NULL : followed_row(f, scan, end, dropped);
}

static int
parse_end(const FollowObject *f, PyObject *const *args, Py_ssize_t nargs, EndArguments *end)
{
    *end = (EndArguments){0};
    if (nargs < 2 || nargs > 5) {
        PyErr_SetString(PyExc_TypeError, "end() takes 2 to 5 arguments: labellers, "
                                         "object_traceback, survivors, box, sizers");
        return -1;
    }
    if (nargs > 3 && !Py_IsNone(args[3])) {
        if (scan_boxed(args[3]) == NULL) {
            return -1;
        }
        end->box = args[3];
    }
    end->survivors = nargs > 2 && args[2] == Py_True;
    return describer_init(&end->describer, f->state, args[0], args[1]) < 0
               ? -1
               : describer_take_sizers(&end->describer, nargs > 4 ? args[4] : Py_None);
}

PyDoc_STRVAR(end_doc,
             "end($self, labellers, object_traceback, survivors=False, box=None, "
             "sizers=None, /)\n--\n\n"
             "End, and look: a Followed of what collections have taken and of what is left.\n\n"
             "survivors: make a RollCall of what was born and is reachable, too. box: a list\n"
             "with an object, which is let go of first; it is put back where something still\n"
             "holds it. Raises RuntimeError unless it is under way, MemoryError; it has ended\n"
             "in any case.");

static PyObject *
follow_end(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    FollowObject *f = (FollowObject *)op;
    EndArguments end;
    Dropped dropped = {0};
    Scan scan;
    if (!f->observer.is_on || !f->observer.is_ready) {
        PyErr_SetString(PyExc_RuntimeError, "this Follow is not under way");
        return NULL;
    }
    if (parse_end(f, args, nargs, &end) < 0 || (end.box != NULL && drop(end.box, &dropped) < 0)) {
        observer_leave(&f->observer);
        return NULL;
    }
    if (!f->observer.is_on) { /* what was dropped had a finalizer that has ended it */
        PyErr_SetString(PyExc_RuntimeError, "this Follow is not under way");
        Py_XDECREF(dropped.held);
        return NULL;
    }
    f->is_lost |= observer_is_cut_off(&f->observer);
#if GCSCOPE_FREE_THREADED
    f->is_lost |= !f->whole && count_frozen(f) != f->frozen;
    PyErr_Clear();
#endif
    begin_pass(f, &scan, false);
    scan.given = dropped.held;
    bool was_locked = observers_lock(f->state);
    PyObject *answer = look_at_the_end(f, &scan, &end, &dropped);
    observers_unlock(f->state, was_locked);
    scan_end(&scan);
    observer_leave(&f->observer);
    Py_XDECREF(dropped.held);
    return answer;
}

PyDoc_STRVAR(born_doc, "born($self, addresses, /)\n--\n\n"
                       "Those of some addresses, a list, at which something lies that was born.\n\n"
                       "Raises RuntimeError unless it is under way, MemoryError.");

static PyObject *
follow_born(PyObject *op, PyObject *addresses)
{
    FollowObject *f = (FollowObject *)op;
    Scan scan;
    if (!f->observer.is_on || !f->observer.is_ready || f->whole) {
        PyErr_SetString(PyExc_RuntimeError, "this Follow is not under way, or has no births");
        return NULL;
    }
    if (!PyList_CheckExact(addresses)) {
        PyErr_SetString(PyExc_TypeError, "born() takes a list of addresses");
        return NULL;
    }
    begin_pass(f, &scan, false);
    bool was_locked = observers_lock(f->state);
    bool is_listed = scan_open(&scan) == 0 && enter_new(f, &scan) == 0 && scan_close(&scan) == 0;
    PyObject *answer = is_listed ? neighborhood_addresses_in(&scan.heap, addresses) : NULL;
    observers_unlock(f->state, was_locked);
    scan_end(&scan);
    return answer;
}

PyDoc_STRVAR(stop_doc, "stop($self, /)\n--\n\nEnd without looking. May be called twice.");

static PyObject *
follow_stop_method(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    observer_leave(&((FollowObject *)op)->observer);
    Py_RETURN_NONE;
}

/* -------------------------------------------------------------------- the type */

static PyObject *
follow_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *module = PyType_GetModule(type), *object_traceback = Py_None;
    int whole = 0;
    if (module == NULL ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, "|pO:Follow", (char *[]){"", "", NULL}, &whole,
                                     &object_traceback)) {
        return NULL;
    }
    ModuleState *state = state_of_module(module);
    Describer describer;
    if (state_check(state) < 0 ||
        describer_init(&describer, state, Py_None, object_traceback) < 0) {
        return NULL;
    }
    FollowObject *f = PyObject_New(FollowObject, type);
    if (f == NULL) {
        return NULL;
    }
    memset((char *)f + sizeof(PyObject), 0, sizeof(FollowObject) - sizeof(PyObject));
    f->state = state;
    f->module = Py_NewRef(module);
    f->observer = (Observer){.state = state,
                             .owner = (PyObject *)f,
                             .starts = collection_starts,
                             .stops = collection_stops};
    f->whole = whole;
    f->oldest = 1; /* from 0 collections lead there */
    f->memory = scan_memory(state);
    f->object_traceback = Py_XNewRef(describer.object_traceback);
    if (tally_init(&f->tally, state) < 0) {
        Py_CLEAR(f);
    }
    return (PyObject *)f;
}

static void
follow_dealloc(PyObject *op)
{
    FollowObject *f = (FollowObject *)op;
    PyTypeObject *type = Py_TYPE(op);
    observer_leave(&f->observer);
    if (map_is_made(&f->known)) {
        addrmap_fini(&f->known);
    }
    tally_fini(&f->tally);
    Py_CLEAR(f->marker);
    Py_CLEAR(f->object_traceback);
    Py_CLEAR(f->module);
    PyObject_Free(f);
    Py_DECREF(type);
}

PyDoc_STRVAR(follow_doc,
             "Follow(whole=False, object_traceback=None, /)\n--\n\n"
             "What becomes unreachable between begin and end, collections meanwhile included.\n\n"
             "Of objects that are born in between; with whole of all that was not unreachable\n"
             "before. object_traceback: tracemalloc's function, or None. Letting go of it ends\n"
             "it.");

static PyMethodDef follow_methods[] = {
    {"begin", follow_begin, METH_NOARGS, begin_doc},
    {"end", (PyCFunction)(void (*)(void))follow_end, METH_FASTCALL, end_doc},
    {"born", follow_born, METH_O, born_doc},
    {"stop", follow_stop_method, METH_NOARGS, stop_doc},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot follow_slots[] = {
    {Py_tp_doc, (void *)follow_doc},
    {Py_tp_new, follow_new},
    {Py_tp_dealloc, follow_dealloc},
    {Py_tp_methods, follow_methods},
    {0, NULL},
};

static PyType_Spec follow_spec = {
    .name = "gcscope._core.Follow",
    .basicsize = sizeof(FollowObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = follow_slots,
};

int
follow_setup(PyObject *module)
{
    return state_add_type(module, &follow_spec);
}
