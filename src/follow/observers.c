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

/* ---------------------------------------------------------------- the callback */

static bool
is_told(const Observer *observer)
{
    return observer->is_ready && observer->process == observer->state->collection_process;
}

static void
collection_starts(ModuleState *state, const GcEvent *event)
{
    state->collection_process = (long)getpid();
    for (Observer *o = state->observers; o != NULL; o = o->next) {
        if (is_told(o)) {
            o->starts(o->owner, event);
        }
    }
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
    for (Observer *o = state->observers; o != NULL; o = o->next) {
        if (is_told(o)) {
            o->stops(o->owner, event);
        }
    }
}

/* One of gc.callbacks. */
static PyObject *
observers_collection(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    if (nargs != 2 || !PyDict_CheckExact(args[1]) || state->gc_callbacks == NULL) {
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
    if (add_callback(state, module) < 0) {
        return -1;
    }
    observer->process = (long)getpid();
    observer->next = state->observers;
    state->observers = observer;
    observer->is_on = true;
    return 0;
}

void
observer_leave(Observer *observer)
{
    if (!observer->is_on) {
        return;
    }
    ModuleState *state = observer->state;
    Observer **place = &state->observers;
    observer->is_on = false;
    while (*place != NULL && *place != observer) {
        place = &(*place)->next;
    }
    if (*place == observer) {
        *place = observer->next;
    }
    if (state->observers == NULL) {
        gc_callbacks_remove(state->gc_callbacks, state->observers_callback);
        state->collection_began = 0;
    }
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
