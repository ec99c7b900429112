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

#else

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

/* What the list holds may change while one of it is told: so from the first again, each time. */
static void
tell_all(ModuleState *state, const GcEvent *event, bool is_start)
{
    uint64_t call = ++state->observers_calls;
    PyObject *owner;
    Observer *observer;
    while ((owner = next_to_hear(state, call, &observer)) != NULL) {
        (is_start ? observer->starts : observer->stops)(owner, event);
        observers_unlock(state, true);
        Py_DECREF(owner);
        (void)observers_lock(state);
    }
}

static void
collection_starts(ModuleState *state, const GcEvent *event)
{
    state->collection_process = (long)getpid();
    tell_all(state, event, true);
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
    tell_all(state, event, false);
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
}
