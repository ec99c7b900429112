#include "follow/observers.h"

#include <unistd.h>

#include "base/clock.h"
#include "heap/interp_world.h"
#include "runtime/gc_callbacks.h"

enum { OLDEST = GENERATIONS - 1 };
#define MOST_OBJECTS (INT64_C(1) << 48) /* a process has no room for so many */

/* ----------------------------------------------------------------- what is told */

static bool
is_text(PyObject *op, const char *text)
{
    size_t length = strlen(text);
    return PyUnicode_CheckExact(op) && PyUnicode_IS_COMPACT_ASCII(op) &&
           (size_t)PyUnicode_GET_LENGTH(op) == length &&
           memcmp(PyUnicode_DATA(op), text, length) == 0;
}

PyObject *
gc_event_item(const GcEvent *event, const char *name)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (PyDict_Next(event->info, &position, &key, &value)) {
        if (is_text(key, name)) {
            return value;
        }
    }
    return NULL;
}

int64_t
gc_event_number(const GcEvent *event, const char *name)
{
    PyObject *value = gc_event_item(event, name);
    int overflow = 0;
    if (value == NULL || !PyLong_CheckExact(value)) {
        return -1;
    }
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    return overflow == 0 && number >= 0 && number < MOST_OBJECTS ? number : -1;
}

static long
generation_of(const GcEvent *event)
{
    int64_t generation = gc_event_number(event, "generation");
    return generation >= 0 && generation <= OLDEST ? (long)generation : OLDEST;
}

/* ------------------------------------------------------------------- the lock */

#if GCSCOPE_FREE_THREADED

enum { A_WAIT = 50000 }; /* nanoseconds */

static bool
is_among_them(const ModuleState *state)
{
    return _Py_atomic_load_uint64_relaxed(&state->observers_thread) == PyThread_get_thread_ident();
}

static bool
try_lock(ModuleState *state)
{
    uint64_t nobody = 0;
    return _Py_atomic_compare_exchange_uint64(&state->observers_thread, &nobody,
                                              PyThread_get_thread_ident());
}

/* No PyMutex: that is handed over to one that waits, which may hang when it wakes, as the
   interpreter ends. */
bool
observers_lock(ModuleState *state)
{
    if (is_among_them(state)) {
        return false;
    }
    while (!Py_IsFinalizing()) {
        if (try_lock(state)) {
            return true;
        }
        world_wait(A_WAIT);
    }
    return false;
}

void
observers_unlock(ModuleState *state, bool was_locked)
{
    if (was_locked) {
        _Py_atomic_store_uint64_release(&state->observers_thread, 0);
    }
}

/* What is called at a fork stays for as long as the interpreter, and the module need not: it has a
   capsule with a pointer to the state, which is NULL where that is gone. */
static const char link_name[] = "gcscope.fork_link";

static void
free_link(PyObject *capsule)
{
    PyMem_RawFree(PyCapsule_GetPointer(capsule, link_name));
}

/* NULL: the module is gone. */
static ModuleState *
linked_state(PyObject *capsule)
{
    return *(ModuleState **)PyCapsule_GetPointer(capsule, link_name);
}

/* New reference; NULL with an exception. */
static PyObject *
make_link(ModuleState *state)
{
    ModuleState **link = PyMem_RawMalloc(sizeof(*link));
    PyObject *capsule = link != NULL ? PyCapsule_New(link, link_name, free_link) : PyErr_NoMemory();
    if (capsule == NULL) {
        PyMem_RawFree(link);
        return NULL;
    }
    *link = state;
    return capsule;
}

static void
cut_link(ModuleState *state)
{
    if (state->fork_link != NULL) {
        *(ModuleState **)PyCapsule_GetPointer(state->fork_link, link_name) = NULL;
        Py_CLEAR(state->fork_link);
    }
}

/* A pass of another thread is waited for, and a collection for a moment: it may be this thread's.
   */
static PyObject *
before_fork(PyObject *link, PyObject *Py_UNUSED(ignored))
{
    const int64_t moment = 200000000;
    ModuleState *state = linked_state(link);
    if (state == NULL) {
        Py_RETURN_NONE;
    }
    do {
        state->is_claimed_for_fork = world_claim(moment);
    } while (!state->is_claimed_for_fork && _Py_atomic_load_int(&state->passes) != 0);
    (void)observers_lock(state);
    Py_RETURN_NONE;
}

/* In both processes: what this thread has it has in the child, too, where no other is left. */
static PyObject *
after_fork(PyObject *link, PyObject *Py_UNUSED(ignored))
{
    ModuleState *state = linked_state(link);
    if (state != NULL) {
        observers_unlock(state, is_among_them(state));
    }
    if (state != NULL && state->is_claimed_for_fork) {
        state->is_claimed_for_fork = false;
        world_unclaim();
    }
    Py_RETURN_NONE;
}

/* Another thread of the parent may have been about to enter the journal's callback. */
static PyObject *
in_child(PyObject *link, PyObject *ignored)
{
    ModuleState *state = linked_state(link);
    if (state != NULL) {
        state->callback_mutex = (PyMutex){0};
    }
    return after_fork(link, ignored);
}

static PyMethodDef before_fork_def = {"gcscope_before_fork", before_fork, METH_NOARGS, NULL};
static PyMethodDef after_fork_def = {"gcscope_after_fork", after_fork, METH_NOARGS, NULL};
static PyMethodDef in_child_def = {"gcscope_in_child", in_child, METH_NOARGS, NULL};

/* New reference: {"before": ..., ...}; NULL with an exception. */
static PyObject *
make_hooks(PyObject *link)
{
    PyObject *hooks = PyDict_New();
    PyObject *before = PyCFunction_New(&before_fork_def, link);
    PyObject *after = PyCFunction_New(&after_fork_def, link);
    PyObject *child = PyCFunction_New(&in_child_def, link);
    bool is_made = hooks != NULL && before != NULL && after != NULL && child != NULL;
    if (!is_made || PyDict_SetItemString(hooks, "before", before) < 0 ||
        PyDict_SetItemString(hooks, "after_in_parent", after) < 0 ||
        PyDict_SetItemString(hooks, "after_in_child", child) < 0) {
        Py_CLEAR(hooks);
    }
    Py_XDECREF(child);
    Py_XDECREF(after);
    Py_XDECREF(before);
    return hooks;
}

int
observers_setup(PyObject *module)
{
    PyObject *os = PyImport_ImportModule("os"), *nothing = PyTuple_New(0);
    PyObject *enter = os != NULL ? PyObject_GetAttrString(os, "register_at_fork") : NULL;
    ModuleState *state = state_of_module(module);
    state->fork_link = enter != NULL && nothing != NULL ? make_link(state) : NULL;
    PyObject *hooks = state->fork_link != NULL ? make_hooks(state->fork_link) : NULL;
    PyObject *done = hooks != NULL ? PyObject_Call(enter, nothing, hooks) : NULL;
    int error = done != NULL ? 0 : -1;
    Py_XDECREF(done);
    Py_XDECREF(hooks);
    Py_XDECREF(enter);
    Py_XDECREF(nothing);
    Py_XDECREF(os);
    return error;
}

#else

int
observers_setup(PyObject *Py_UNUSED(module))
{
    return 0;
}

static void
cut_link(ModuleState *Py_UNUSED(state))
{
}

static bool
is_among_them(const ModuleState *Py_UNUSED(state))
{
    return false;
}

bool
observers_lock(ModuleState *Py_UNUSED(state))
{
    return true;
}

void
observers_unlock(ModuleState *Py_UNUSED(state), bool Py_UNUSED(was_locked))
{
}

#endif

/* ---------------------------------------------------------------- the callback */

/* New reference: the next one that has not heard of this call and is to be told; NULL: all have. */
static PyObject *
next_to_hear(const ModuleState *state, uint64_t call, Observer **told)
{
    for (Observer *o = state->observers; o != NULL; o = o->next) {
        bool is_told = o->heard < call && o->is_ready && o->process == state->collection_process;
        o->heard = call;
        if (is_told && compat_try_incref(o->owner)) {
            *told = o;
            return o->owner;
        }
    }
    return NULL;
}

typedef void (*Tell)(const Observer *observer, const GcEvent *event);

static void
tell_start(const Observer *observer, const GcEvent *event)
{
    observer->starts(observer->owner, event);
}

static void
tell_stop(const Observer *observer, const GcEvent *event)
{
    observer->stops(observer->owner, event);
}

/* What the list holds may change while one of it is told: so from the first again, each time. */
static void
tell_all(ModuleState *state, Tell tell, const GcEvent *event)
{
    uint64_t call = ++state->observers_calls;
    PyObject *owner;
    Observer *observer;
    while ((owner = next_to_hear(state, call, &observer)) != NULL) {
        tell(observer, event);
        observers_unlock(state, true);
        Py_DECREF(owner);
        (void)observers_lock(state);
    }
}

static void
collection_starts(ModuleState *state, const GcEvent *event)
{
    state->collection_process = (long)getpid();
    tell_all(state, tell_start, event);
    state->collection_began = clock_now();
}

/* To ask for the process again would cost as much as all else. */
static void
collection_stops(ModuleState *state, GcEvent *event)
{
    event->began = state->collection_began;
    event->ended = clock_now();
    if (event->began == 0) {
        state->collection_process = (long)getpid();
    }
    state->collection_began = 0;
    tell_all(state, tell_stop, event);
}

/* One of gc.callbacks. */
static PyObject *
observers_collection(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    if (nargs != 2 || !PyDict_CheckExact(args[1]) || state->gc_callbacks == NULL) {
        Py_RETURN_NONE;
    }
    if (is_among_them(state)) { /* one of them makes somebody call this */
        Py_RETURN_NONE;
    }
    bool was_locked = observers_lock(state);
    int was_enabled = gc_pause_begin();
    GcEvent event = {.info = args[1], .is_enabled = was_enabled};
    event.generation = generation_of(&event);
    if (is_text(args[0], "start")) {
        collection_starts(state, &event);
    }
    else if (is_text(args[0], "stop")) {
        collection_stops(state, &event);
    }
    gc_pause_end(was_enabled);
    observers_unlock(state, was_locked);
    Py_RETURN_NONE;
}

static PyMethodDef observers_collection_def = {"gcscope_follow",
                                               (PyCFunction)(void (*)(void))observers_collection,
                                               METH_FASTCALL, NULL};

/* ------------------------------------------------------------------- on and off */

/* 0 or -1 with an exception. */
static int
add_callback(ModuleState *state, PyObject *module)
{
    if (state->observers_callback == NULL) {
        PyObject *callback = PyCFunction_New(&observers_collection_def, module);
        if (state->observers_callback == NULL) { /* else making it ran a collection, and that one
                                                    made another */
            state->observers_callback = Py_XNewRef(callback);
        }
        Py_XDECREF(callback);
    }
    if (state->observers_callback == NULL) {
        return -1;
    }
    return gc_callbacks_find(state->gc_callbacks, state->observers_callback) >= 0
               ? 0
               : PyList_Append(state->gc_callbacks, state->observers_callback);
}

int
observer_enter(Observer *observer, PyObject *module)
{
    ModuleState *state = observer->state;
    compat_enable_try_incref(observer->owner);
    bool was_locked = observers_lock(state);
    int error = observer->is_on ? -1 : add_callback(state, module);
    if (observer->is_on) {
        PyErr_SetString(PyExc_RuntimeError, "another thread has just begun this");
    }
    if (error == 0) {
        observer->process = (long)getpid();
        observer->heard = state->observers_calls;
        observer->next = state->observers;
        state->observers = observer;
        observer->is_on = true;
    }
    observers_unlock(state, was_locked);
    return error;
}

void
observer_leave(Observer *observer)
{
    ModuleState *state = observer->state;
    Observer **place = &state->observers;
    bool was_locked = observers_lock(state);
    bool was_on = observer->is_on;
    observer->is_on = false;
    while (was_on && *place != NULL && *place != observer) {
        place = &(*place)->next;
    }
    if (was_on && *place == observer) {
        *place = observer->next;
    }
    if (was_on && state->observers == NULL) {
        gc_callbacks_remove(state->gc_callbacks, state->observers_callback);
        state->collection_began = 0;
    }
    observers_unlock(state, was_locked);
}

bool
observer_is_cut_off(const Observer *observer)
{
    const ModuleState *state = observer->state;
    return gc_callbacks_find(state->gc_callbacks, state->observers_callback) < 0 ||
           observer->process != (long)getpid();
}

void
observers_forget(ModuleState *state)
{
    while (state->observers != NULL) {
        observer_leave(state->observers);
    }
    Py_CLEAR(state->observers_callback);
    cut_link(state);
}
