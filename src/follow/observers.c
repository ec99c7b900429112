#include "follow/observers.h"

#include <unistd.h>

#include "base/clock.h"
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

bool
observers_lock(ModuleState *state)
{
#if GCSCOPE_FREE_THREADED
    unsigned long thread = PyThread_get_thread_ident();
    if (_Py_atomic_load_ulong_relaxed(&state->observers_thread) == thread) {
        return false;
    }
    PyMutex_Lock(&state->observers_mutex);
    _Py_atomic_store_ulong_relaxed(&state->observers_thread, thread);
#else
    (void)state;
#endif
    return true;
}

void
observers_unlock(ModuleState *state, bool was_locked)
{
#if GCSCOPE_FREE_THREADED
    if (was_locked) {
        _Py_atomic_store_ulong_relaxed(&state->observers_thread, 0);
        PyMutex_Unlock(&state->observers_mutex);
    }
#else
    (void)state;
    (void)was_locked;
#endif
}

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
    if (!observers_lock(state)) { /* one of them makes somebody call this */
        Py_RETURN_NONE;
    }
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
    observers_unlock(state, true);
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
    int error = add_callback(state, module);
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
