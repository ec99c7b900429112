/* interp_world.c: what the collector of a free-threaded build does before it judges, read instead
   of done.

       world_list            hold_object for each, then give_back with the world stopped
       world_visit_threads   the terms of a count that are not in the object:

           per-thread counts   of classes, code and namespaces, merged by the collector: owned
           queues              objects that another thread has let go of, for their own thread to
                               see: the queue has one reference
           put off             decrefs of dicts that were replaced, done later
           stacks              references of running frames that own nothing, and yet the collector
                               takes for reachable what they lead to

   The structures are those of CPython 3.14 and 3.15, compared with this file. Two patch levels may
   differ in them: world_fits, which the module asks at import. */

/* As in interp.c. */
#define Py_BUILD_CORE 1
#include "heap/interp_world.h"

#if GCSCOPE_FREE_THREADED

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "heap/interp_alive.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#include "internal/pycore_debug_offsets.h"
#include "internal/pycore_frame.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_interpframe_structs.h"
#include "internal/pycore_llist.h"
#include "internal/pycore_object.h"
#include "internal/pycore_pystate.h"
#include "internal/pycore_runtime.h"
#include "internal/pycore_tstate.h"
#pragma GCC diagnostic pop

static bool
has_bits(PyObject *op, unsigned bits)
{
    return (_Py_atomic_load_uint8_relaxed(&op->ob_gc_bits) & bits) != 0;
}

/* --------------------------------------------------------------------- whether it fits */

/* The interpreter has a table for debuggers: the sizes of its structures, and where in them stands
   what those read. It is written here as the headers have it for which this is compiled, and each
   word but the version must be the same. Of what is read here it has

       interpreter   its size; threads.head, gc, and fields before and behind unique_ids
       gc            its size; collecting
       thread        the size of its public part; next, current_frame
       frame         its size; previous, f_executable, stackpointer, owner, localsplus
       generator     its size; gi_iframe, gi_frame_state
       object, type, tuple, list, dict: their sizes, and where their items stand */
static bool
fits_table(void)
{
    static const _Py_DebugOffsets ours = _Py_DebugOffsets_INIT(_Py_Debug_Cookie);
    enum { BEHIND_VERSION = offsetof(_Py_DebugOffsets, free_threaded) };
    const char *theirs = (const char *)&_PyRuntime.debug_offsets;
    return memcmp(theirs, ours.cookie, sizeof(ours.cookie)) == 0 &&
           memcmp(theirs + BEHIND_VERSION, (const char *)&ours + BEHIND_VERSION,
                  sizeof(ours) - BEHIND_VERSION) == 0;
}

/* A list is empty in both directions or in none; NULL: not made yet. */
static bool
is_sound_list(const struct llist_node *head)
{
    return (head->next == head) == (head->prev == head) &&
           (head->next == NULL) == (head->prev == NULL);
}

/* What the table has not: the private part of a thread, whose `brc` stands behind mem_free_queue
   and c_stack_refs and knows the thread's number; behind it the counts that it keeps for itself,
   which must grow by one with an instance of `type`; and the interpreter's numbers of types. 0 with
   the answer; -1 with an exception. */
static int
fits_by_trial(PyTypeObject *type, bool *fits)
{
    const _PyThreadStateImpl *thread = (const _PyThreadStateImpl *)PyThreadState_Get();
    const PyInterpreterState *interpreter = PyInterpreterState_Get();
    const Py_ssize_t number = ((PyHeapTypeObject *)type)->unique_id - 1;
    *fits = thread->brc.tid == _Py_ThreadId() && is_sound_list(&thread->mem_free_queue) &&
            is_sound_list(&interpreter->mem_free_queue.head) && number >= 0 &&
            number < interpreter->unique_ids.size &&
            interpreter->unique_ids.table[number].obj == (PyObject *)type;
    for (Py_ssize_t before = 0, trial = 0; trial < 2 && *fits; trial++) {
        PyObject *instance = PyType_GenericAlloc(type, 0); /* the first one may make the array */
        if (instance == NULL) {
            return -1;
        }
        bool is_there = number < thread->refcounts.size;
        *fits = is_there && (trial == 0 || thread->refcounts.values[number] == before + 1);
        Py_DECREF(instance);
        before = is_there ? thread->refcounts.values[number] : 0;
    }
    return 0;
}

int
world_fits(PyTypeObject *type)
{
    bool fits = fits_table();
    return fits && fits_by_trial(type, &fits) < 0 ? -1 : fits;
}

/* ------------------------------------------------------------------ the collector */

void
world_wait(int64_t nanoseconds)
{
    const struct timespec time = {.tv_nsec = (long)nanoseconds};
    Py_BEGIN_ALLOW_THREADS(void) nanosleep(&time, NULL);
    Py_END_ALLOW_THREADS
}

/* What is in gc.collecting; to the interpreter all but 0 is a collection. LOOKING is a pass of
   ours. */
enum { NOT_COLLECTING, COLLECTING, LOOKING };

#define A_WAIT INT64_C(1000000)
#define MOST_WAITS INT64_C(1000000000) /* for a collection, all together, in nanoseconds */
#define MOST_TURNS 60 /* as many times that for passes of other threads, which always end */
#define MOST_WAITS_FOR_PASSES (MOST_TURNS * MOST_WAITS)

/* Asked of its neighbours in the list: another thread, and its place in the list, may end. */
bool
world_has_others(void)
{
    PyThreadState *own = PyThreadState_Get();
    return _Py_atomic_load_ptr_relaxed(&own->next) != NULL ||
           _Py_atomic_load_ptr_relaxed(&own->prev) != NULL;
}

/* Change what is in gc.collecting, if that is `from`. */
static bool
change_door(int from, int to)
{
    return _Py_atomic_compare_exchange_int(&PyInterpreterState_Get()->gc.collecting, &from, to);
}

static int
read_door(void)
{
    return _Py_atomic_load_int_relaxed(&PyInterpreterState_Get()->gc.collecting);
}

/* Nobody knows which thread a collection belongs to. With one thread it is its own: we are called
   by a finalizer, or in gc.callbacks. */
bool
world_claim(int64_t nanoseconds)
{
    const int64_t begun = clock_now();
    while (!change_door(NOT_COLLECTING, LOOKING)) {
        int64_t turns = !world_has_others() ? 0 : read_door() == COLLECTING ? 1 : MOST_TURNS;
        if (clock_now() >= begun + turns * nanoseconds) {
            return false;
        }
        world_wait(A_WAIT);
    }
    return true;
}

void
world_unclaim(void)
{
    _Py_atomic_store_int(&PyInterpreterState_Get()->gc.collecting, NOT_COLLECTING);
}

/* While a thread lists, each listed object has one reference of ours, for which nobody asks; and
   what died meanwhile has its own, until it is let go of. Whoever reads a count waits. A thread
   that has read that nobody lists, and stays attached, is not interrupted by a listing, which
   stops all threads to begin with.

   A child of fork() may have what is left of a thread of its parent: hence the process. It is
   negative while a thread lets go of what died, which may run finalizers that wait for others. */
static struct {
    int process;
    uintptr_t thread;
} who_lists;

static uintptr_t
own_ident(void)
{
    return (uintptr_t)PyThread_get_thread_ident();
}

static bool
is_own_listing(void)
{
    return _Py_atomic_load_uintptr_relaxed(&who_lists.thread) == own_ident();
}

static bool
has_other_interpreters(void)
{
    PyInterpreterState *own = PyInterpreterState_Get();
    return PyInterpreterState_Head() != own || PyInterpreterState_Next(own) != NULL;
}

/* Whether what is in who_lists.process stands for another thread that may come to an end of it. */
static bool
is_of_another(int process)
{
    return process != 0 && abs(process) == (int)getpid() && !is_own_listing() &&
           (world_has_others() || has_other_interpreters());
}

static bool
is_another_listing(void)
{
    return is_of_another(_Py_atomic_load_int_relaxed(&who_lists.process));
}

static bool
is_too_late(int64_t begun)
{
    bool lets_go = _Py_atomic_load_int_relaxed(&who_lists.process) < 0;
    return clock_now() >= begun + (lets_go ? MOST_WAITS : MOST_WAITS_FOR_PASSES);
}

static bool
try_to_list_alone(bool may_take_over)
{
    int found = _Py_atomic_load_int_relaxed(&who_lists.process);
    if ((is_of_another(found) && !may_take_over) ||
        !_Py_atomic_compare_exchange_int(&who_lists.process, &found, (int)getpid())) {
        return false;
    }
    _Py_atomic_store_uintptr(&who_lists.thread, own_ident());
    return true;
}

/* Passes list one after the other, also those that go on beside a collection. A finalizer of what
   died may look while its thread still lets go. */
static void
begin_to_list(World *world)
{
    const int64_t begun = clock_now();
    while (!is_own_listing() && !(world->is_lister = try_to_list_alone(is_too_late(begun)))) {
        world_wait(A_WAIT);
    }
}

/* Another thread may have taken over. */
static void
end_to_list(World *world)
{
    if (world->is_lister && is_own_listing()) {
        _Py_atomic_store_uintptr(&who_lists.thread, 0);
        _Py_atomic_store_int(&who_lists.process, 0);
    }
    world->is_lister = false;
}

/* Of several threads one waits for a while, and then goes on beside a collection: what that has in
   hand is marked, and left out. */
void
world_begin(World *world, Memory *memory, OwnCode *own)
{
    *world = (World){.memory = memory, .own = own};
    world->is_claimed = world_claim(MOST_WAITS);
}

/* Somebody may call by hand what the collector calls. */
void
world_begin_in_collection(World *world, Memory *memory, OwnCode *own)
{
    *world = (World){.memory = memory, .own = own};
    world->is_claimed = read_door() != COLLECTING && world_claim(MOST_WAITS);
}

void
world_stop(World *world)
{
    if (!world_is_stopped(world)) {
        world->stopped_at = clock_now();
        _PyEval_StopTheWorld(PyInterpreterState_Get());
        world->is_stopped = true;
    }
}

int64_t
world_stopped_for(const World *world)
{
    return world->stopped_for + (world->is_stopped ? clock_now() - world->stopped_at : 0);
}

void
world_end(World *world)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    if (world->is_lister) {
        _Py_atomic_store_int(&who_lists.process, -(int)getpid());
    }
    if (world->is_stopped) {
        world->is_stopped = false;
        _PyEval_StartTheWorld(interpreter);
    }
    if (world->is_claimed) {
        world->is_claimed = false;
        world_unclaim();
    }
    dying_end(&world->dying, world->memory);
    end_to_list(world);
    if (world->memory != NULL) {
        vec_fini(world->memory, &world->listed);
    }
}

/* ------------------------------------------------------------------------ listing */

/* A bit of ob_gc_bits that neither 3.14 nor 3.15 has a use for. */
enum { BIT_OLD = 1 << 7 };

typedef struct {
    World *world;
    bool is_doubtful_only;
    bool is_new_only;
    const AddrMap *known; /* with is_new_only: NULL, or what is listed as well */
    bool is_begun;
    bool failed;
} Lister;

/* Told of the first object: the world is stopped. */
static void
begin_listing(Lister *lister)
{
    lister->is_begun = true;
    lister->failed = lister->is_doubtful_only && alive_mark(lister->world->memory) < 0;
}

static bool
take_mark(PyObject *op)
{
    bool is_marked = has_bits(op, _PyGC_BITS_ALIVE);
    if (is_marked) {
        op->ob_gc_bits &= (uint8_t)~_PyGC_BITS_ALIVE;
    }
    return is_marked;
}

static bool
is_asked_for(const Lister *lister, PyObject *op)
{
    return !lister->is_new_only || !has_bits(op, BIT_OLD) ||
           (lister->known != NULL && addrmap_has(lister->known, op));
}

/* Whether it is a tuple that C code is just filling: that wants to be the only one who has it. What
   it refers to lives, then, as C code has it. */
static bool
is_being_filled(PyObject *op)
{
    if (!PyTuple_CheckExact(op) || Py_REFCNT(op) != 1) {
        return false;
    }
    Py_ssize_t length = PyTuple_GET_SIZE(op);
    return length != 0 && PyTuple_GET_ITEM(op, length - 1) == NULL;
}

/* To the end, whatever fails: marks are to be taken away. */
static int
hold_object(PyObject *op, void *arg)
{
    Lister *lister = arg;
    World *world = lister->world;
    if (!lister->is_begun) {
        begin_listing(lister);
    }
    if ((lister->is_doubtful_only && take_mark(op)) || lister->failed ||
        has_bits(op, _PyGC_BITS_UNREACHABLE | _PyGC_BITS_FROZEN) || !is_asked_for(lister, op) ||
        is_being_filled(op)) {
        return 1;
    }
    /* any of it may be dead when it is given back */
    lister->failed = vec_reserve(world->memory, &world->listed, 1) < 0 ||
                     vec_reserve(world->memory, &world->dying.objects, world->listed.capacity) < 0;
    if (!lister->failed) {
        vec_push_reserved(&world->listed, Py_NewRef(op));
    }
    return 1;
}

/* Whether the collector stops to track this tuple before it judges: nothing in it could be in a
   ring. One inside that it has stopped to track, in the order of its walk, does no harm. */
static bool
is_atomic_tuple(PyObject *op, const AddrMap *untracked)
{
    if (!PyTuple_CheckExact(op) || has_bits(op, _PyGC_BITS_DEFERRED) || _Py_IsImmortal(op)) {
        return false;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(op); i++) {
        PyObject *item = PyTuple_GET_ITEM(op, i);
        bool may_be_tracked =
            item == NULL || (PyObject_IS_GC(item) &&
                             (!PyTuple_CheckExact(item) ||
                              (PyObject_GC_IsTracked(item) && !addrmap_has(untracked, item))));
        if (may_be_tracked) {
            return false;
        }
    }
    return true;
}

/* As the collector does it in a stop: the object has no thread any more, and whoever lets go of it
   last frees it. */
static void
merge_counts(PyObject *op, Py_ssize_t references)
{
    op->ob_ref_shared = _Py_REF_SHARED(references, _Py_REF_MERGED);
    op->ob_ref_local = 0;
    op->ob_tid = 0;
}

/* Give back one of several references. Where the others have let go of what the owning thread has,
   Py_DECREF would put the object into that thread's queue, under a lock that may be handed to a
   thread which then waits for the stop to end; so its counts become one instead, as the collector
   makes them in a stop. */
static void
let_go_in_stop(PyObject *op)
{
    Py_ssize_t shared = op->ob_ref_shared;
    if (_Py_IsImmortal(op) || _Py_IsOwnedByCurrentThread(op) ||
        (shared != 0 && shared != _Py_REF_MAYBE_WEAKREF)) {
        Py_DECREF(op);
        return;
    }
    merge_counts(op, (Py_ssize_t)op->ob_ref_local - 1);
}

/* Keep our reference, so that it is no garbage, if it is the only one. */
static bool
is_kept_as_own(World *world, PyObject *op)
{
    return world->own != NULL && world_is_deferred(op) && world_references(op) == 1 &&
           own_code_is(world->own, op) && world_all_references(op) == 1 &&
           own_code_keep(world->own, op);
}

/* Leave out what only dying objects keep. All of them are to be freed by this thread, and none is
   to wait in the queue of its own, which would keep what it refers to. 0; -1: out of memory. */
static int
leave_out_dying(World *world, AddrMap *map)
{
    size_t left = 0;
    if (world->dying.owned == 0) {
        return 0;
    }
    int error = dying_find(&world->dying, world->memory, map);
    for (size_t i = 0; i < world->dying.objects.length; i++) {
        PyObject *op = world->dying.objects.items[i];
        merge_counts(op, world_references(op));
    }
    for (size_t i = 0; i < world->listed.length; i++) {
        world->listed.items[left] = world->listed.items[i];
        left += addrmap_has(map, world->listed.items[i]);
    }
    world->listed.length = left;
    return error;
}

/* Give back our references and, unless listing has failed, enter what is alive and tracked. None of
   them is the last one: such an object is kept, since its dealloc may run Python code. 0; -1: out
   of memory, with all given back or kept. */
static int
give_back(World *world, bool failed, AddrMap *map, AddrMap *untracked)
{
    size_t entered = 0;
    for (size_t i = 0; i < world->listed.length; i++) {
        PyObject *op = world->listed.items[i];
        if (Py_REFCNT(op) == 1) {
            vec_push_reserved(&world->dying.objects, op);
            continue;
        }
        if (!is_kept_as_own(world, op)) {
            let_go_in_stop(op);
        }
        if (failed || !PyObject_GC_IsTracked(op)) {
            continue;
        }
        bool is_atomic = is_atomic_tuple(op, untracked);
        failed = addrmap_insert(is_atomic ? untracked : map, op) < 0;
        world->listed.items[entered] = op;
        entered += !is_atomic;
    }
    world->listed.length = entered;
    world->dying.owned = world->dying.objects.length;
    return failed ? -1 : leave_out_dying(world, map);
}

/* Enter what was listed before in this stop: it is still the same. 0; -1: out of memory. */
static int
enter_again(const World *world, AddrMap *map)
{
    for (size_t i = 0; i < world->listed.length; i++) {
        if (addrmap_insert(map, world->listed.items[i]) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
list_by(Lister *lister, AddrMap *map)
{
    World *world = lister->world;
    AddrMap untracked = {0};
    if (world_is_stopped(world)) {
        return enter_again(world->outer != NULL ? world->outer : world, map);
    }
    begin_to_list(world);
    int64_t begun = clock_now();
    PyUnstable_GC_VisitObjects(hold_object, lister);
    world->stopped_for += clock_now() - begun;
    bool failed = lister->failed || addrmap_init(&untracked, world->memory) < 0;
    world_stop(world);
    int error = give_back(world, failed, map, &untracked);
    if (world->dying.owned == 0) {
        end_to_list(world);
    }
    addrmap_fini(&untracked);
    return error;
}

int
world_list(World *world, AddrMap *map)
{
    return list_by(&(Lister){.world = world}, map);
}

int
world_list_doubtful(World *world, AddrMap *map)
{
    return list_by(&(Lister){.world = world, .is_doubtful_only = true}, map);
}

int
world_list_new(World *world, AddrMap *map, const AddrMap *known)
{
    return list_by(&(Lister){.world = world, .is_new_only = true, .known = known}, map);
}

typedef struct {
    const AddrMap *known;
    AddrMap *still;
    bool failed;
} Finder;

static int
find_known(PyObject *op, void *arg)
{
    Finder *finder = arg;
    finder->failed |= addrmap_has(finder->known, op) && addrmap_insert(finder->still, op) < 0;
    return !finder->failed;
}

int
world_list_known(const AddrMap *known, AddrMap *still)
{
    Finder finder = {.known = known, .still = still};
    PyUnstable_GC_VisitObjects(find_known, &finder);
    return finder.failed ? -1 : 0;
}

typedef struct {
    WorldNote note;
    void *arg;
    bool failed;
} Marker;

static int
mark_object(PyObject *op, void *arg)
{
    Marker *marker = arg;
    if (!has_bits(op, BIT_OLD)) {
        marker->failed |= marker->note(marker->arg, op) < 0;
        op->ob_gc_bits |= BIT_OLD; /* the world is stopped */
    }
    return 1;
}

int
world_mark_old(WorldNote note, void *arg)
{
    Marker marker = {.note = note, .arg = arg};
    PyUnstable_GC_VisitObjects(mark_object, &marker);
    return marker.failed ? -1 : 0;
}

bool
world_lost(PyObject *op)
{
    return PyObject_IS_GC(op) && has_bits(op, _PyGC_BITS_UNREACHABLE);
}

/* ------------------------------------------------------------------------- counts */

Py_ssize_t
world_references(PyObject *op)
{
    return Py_REFCNT(op) - (has_bits(op, _PyGC_BITS_DEFERRED) ? _Py_REF_DEFERRED : 0);
}

typedef struct {
    PyObject *op;
    Py_ssize_t references;
} Sum;

static void
add_if_same(void *arg, PyObject *op, Py_ssize_t references, ThreadReferenceKind Py_UNUSED(kind))
{
    Sum *sum = arg;
    sum->references += op == sum->op ? references : 0;
}

Py_ssize_t
world_all_references(PyObject *op)
{
    Sum sum = {.op = op, .references = world_references(op)};
    world_visit_threads(add_if_same, &sum);
    return sum.references;
}

bool
world_is_deferred(PyObject *op)
{
    return has_bits(op, _PyGC_BITS_DEFERRED) && !_Py_IsImmortal(op);
}

bool
world_is_queued(PyObject *op)
{
    enum { FLAGS = 3, QUEUED = 2 };
    return (_Py_atomic_load_ssize_relaxed(&op->ob_ref_shared) & FLAGS) == QUEUED;
}

/* A decref of a dict may be put off. */
static bool
is_counted_in_parts(PyObject *op)
{
    return has_bits(op, _PyGC_BITS_DEFERRED) || world_is_queued(op) || PyDict_Check(op);
}

/* Others run until all have stopped. */
static void
stop_beside_no_lister(World *world)
{
    const int64_t begun = clock_now();
    world_stop(world);
    while (is_another_listing() && !is_too_late(begun)) {
        world_end(world);
        world_wait(A_WAIT);
        world_stop(world);
    }
}

Py_ssize_t
world_references_now(PyObject *op)
{
    World world = {0};
    const int64_t begun = clock_now();
    while (is_another_listing() && !is_too_late(begun)) {
        world_wait(A_WAIT);
    }
    if (!is_counted_in_parts(op)) {
        return Py_REFCNT(op);
    }
    stop_beside_no_lister(&world);
    Py_ssize_t references = world_all_references(op);
    world_end(&world);
    return references;
}

/* ------------------------------------------------------------------------ threads */

typedef struct {
    ThreadReference visit;
    void *arg;
} ThreadSink;

static void
visit_counts(const ThreadSink *sink, const _PyThreadStateImpl *thread,
             const PyInterpreterState *interpreter)
{
    for (Py_ssize_t i = 0; i < thread->refcounts.size; i++) {
        Py_ssize_t references = thread->refcounts.values[i];
        if (references != 0) {
            sink->visit(sink->arg, interpreter->unique_ids.table[i].obj, references,
                        THREAD_COUNTED);
        }
    }
}

static void
visit_queue(const ThreadSink *sink, const _PyObjectStack *stack)
{
    for (const _PyObjectStackChunk *chunk = stack->head; chunk != NULL; chunk = chunk->prev) {
        for (Py_ssize_t i = 0; i < chunk->n; i++) {
            sink->visit(sink->arg, chunk->objs[i], -1, THREAD_QUEUED);
        }
    }
}

/* The interpreter's struct _mem_work_chunk, which no header has. */
typedef struct {
    struct llist_node node;
    Py_ssize_t read, written;
    struct {
        uintptr_t pointer; /* with 1 added where it is an object */
        uint64_t goal;
    } items[254];
} WorkChunk;

static void
visit_put_off(const ThreadSink *sink, struct llist_node *head)
{
    struct llist_node *node;
    if (head->next == NULL) { /* not made yet */
        return;
    }
    llist_for_each(node, head)
    {
        const WorkChunk *chunk = (const WorkChunk *)(const void *)node;
        for (Py_ssize_t i = chunk->read; i < chunk->written; i++) {
            if ((chunk->items[i].pointer & 1) != 0) {
                sink->visit(sink->arg, (PyObject *)(chunk->items[i].pointer - 1), -1,
                            THREAD_PUT_OFF);
            }
        }
    }
}

static void
visit_if_borrowed(void *arg, uintptr_t bits)
{
    enum { TAG_MASK = 3, BORROWED = 1 }; /* BORROWED alone is an empty slot */
    const ThreadSink *sink = arg;
    if ((bits & TAG_MASK) == BORROWED && bits != BORROWED) {
        sink->visit(sink->arg, (PyObject *)(bits - BORROWED), 0, THREAD_BORROWED);
    }
}

/* As gc_visit_thread_stacks has it. */
static void
visit_stacks(ThreadSink *sink, const _PyThreadStateImpl *thread)
{
    for (const _PyCStackRef *ref = thread->c_stack_refs; ref != NULL; ref = ref->next) {
        visit_if_borrowed(sink, ref->ref.bits);
    }
    alive_visit_stack(&thread->base, visit_if_borrowed, sink);
}

void
world_visit_threads(ThreadReference visit, void *arg)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    ThreadSink sink = {visit, arg};
    for (PyThreadState *next = interpreter->threads.head; next != NULL; next = next->next) {
        _PyThreadStateImpl *thread = (_PyThreadStateImpl *)next;
        visit_counts(&sink, thread, interpreter);
        visit_queue(&sink, &thread->brc.objects_to_merge);
        visit_queue(&sink, &thread->brc.local_objects_to_merge);
        visit_put_off(&sink, &thread->mem_free_queue);
        visit_stacks(&sink, thread);
    }
    visit_put_off(&sink, &interpreter->mem_free_queue.head);
}

#endif
