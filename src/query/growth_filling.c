/* growth_filling.c:

       dict_changed    the callback: finds the Fillings, and lets each note an entry
       place_of_user   the frame that an entry is put down to
       filling_begin   takes the watcher, and has it watch the dicts */

#include "query/growth_filling.h"

#include <unistd.h>

#include "base/hash.h"

#if GCSCOPE_HAS_DICT_WATCHERS

#include "base/dict_find.h"
#include "base/spin.h"
#include "base/typename.h"
#include "heap/interp_world.h"

#define CAPSULE_NAME "gcscope._core.dict_watcher"

typedef struct {
    int id;
    Spin lock;      /* of the list and what is noted in it; who has stopped the world needs none */
    Filling *first; /* borrowed: those that are on, a list */
} DictWatcher;

static DictWatcher *
watcher_of(PyObject *capsule)
{
    return PyCapsule_GetPointer(capsule, CAPSULE_NAME);
}

/* New reference or NULL: the capsule with the watcher that this interpreter's Fillings share. */
static PyObject *
find_capsule(void)
{
    PyObject *dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
    PyObject *capsule = dict != NULL ? dict_get_string(dict, CAPSULE_NAME) : NULL;
    if (capsule != NULL && !PyCapsule_IsValid(capsule, CAPSULE_NAME)) {
        Py_CLEAR(capsule);
    }
    return capsule;
}

/* ---------------------------------------------------------------- where it is filled */

typedef struct {
    PyCodeObject *code; /* owned or NULL */
    int line;
} CodeLine;

/* Whether a module is a part of gcscope. */
static bool
is_ours(PyObject *module)
{
    const char *package = "gcscope.";
    Py_ssize_t length = 0;
    while (package[length] != '\0' && length < PyUnicode_GET_LENGTH(module) &&
           PyUnicode_READ_CHAR(module, length) == (Py_UCS4)package[length]) {
        length++;
    }
    return package[length] == '\0';
}

/* Whether the code of a frame is of the standard library, or ours. */
static bool
is_of_others(PyFrameObject *frame, PyObject *library)
{
    PyObject *globals = PyFrame_GetGlobals(frame);
    PyObject *name = dict_find(globals, "__name__");
    bool is_other = name != NULL && PyUnicode_CheckExact(name) &&
                    (is_ours(name) || typename_is_of_library(name, library));
    Py_XDECREF(globals);
    return is_other;
}

static void
note_frame(CodeLine *place, PyFrameObject *frame)
{
    Py_XSETREF(place->code, PyFrame_GetCode(frame));
    place->line = PyFrame_GetLineNumber(frame);
}

/* Where the program is in what it does: in the innermost frame, if none is its own. */
static CodeLine
place_of_user(PyObject *library)
{
    enum { MOST_FRAMES = 16 };
    CodeLine place = {NULL, 0};
    PyFrameObject *frame = (PyFrameObject *)Py_XNewRef((PyObject *)PyEval_GetFrame());
    for (int depth = 0; frame != NULL && depth < MOST_FRAMES; depth++) {
        bool is_other = is_of_others(frame, library);
        if (place.code == NULL || !is_other) {
            note_frame(&place, frame);
        }
        Py_SETREF(frame, is_other ? PyFrame_GetBack(frame) : NULL);
    }
    Py_XDECREF(frame);
    return place;
}

/* Count an entry of a dict. Without memory it is not counted. */
static void
note_entry(Filling *filling, uint32_t number, CodeLine place)
{
    uint64_t key = hash_mix(hash_mix((uintptr_t)place.code, (uint64_t)place.line), number);
    uint32_t n = vec_reserve(filling->memory, &filling->places, 1) == 0
                     ? index_enter(&filling->index, filling->memory, key)
                     : INDEX_NONE;
    if (n == INDEX_NONE) {
        return;
    }
    if (n == filling->places.length) {
        FillingPlace new_place = {.number = number, .line = place.line, .code = place.code};
        Py_INCREF(place.code);
        vec_push_reserved(&filling->places, new_place);
    }
    filling->places.items[n].count++;
}

/* The entry of a dict, or NULL. */
static WatchedDict *
find_dict(Filling *filling, PyObject *dict)
{
    uint32_t d = index_find(&filling->addresses, (uintptr_t)dict);
    return d != INDEX_NONE && filling->dicts.items[d].dict != NULL ? &filling->dicts.items[d]
                                                                   : NULL;
}

/* A dict is freed: no Filling is to touch it any more. */
static void
forget_dict(DictWatcher *watcher, PyObject *dict)
{
    spin_lock(&watcher->lock);
    for (Filling *f = watcher->first; f != NULL; f = f->next) {
        WatchedDict *watched = find_dict(f, dict);
        if (watched != NULL) {
            watched->dict = NULL;
        }
    }
    spin_unlock(&watcher->lock);
}

/* Whether a Filling is to note what is added to a dict. A forked child that was not let end it is
   no part. */
static bool
is_to_note(Filling *filling, PyObject *dict, long process)
{
    return filling->process == process && find_dict(filling, dict) != NULL;
}

/* Whether any is, with the names of the library as that one has them: a new reference, or NULL. */
static bool
is_any_to_note(DictWatcher *watcher, PyObject *dict, long process, PyObject **library)
{
    spin_lock(&watcher->lock);
    Filling *f = watcher->first;
    while (f != NULL && !is_to_note(f, dict, process)) {
        f = f->next;
    }
    *library = f != NULL ? Py_XNewRef(f->library) : NULL;
    spin_unlock(&watcher->lock);
    return f != NULL;
}

/* A dict has an entry more. The place is found without the lock, which is for what cannot wait. */
static void
dict_has_entry(DictWatcher *watcher, PyObject *dict)
{
    long process = (long)getpid();
    PyObject *library;
    if (!is_any_to_note(watcher, dict, process, &library)) {
        return;
    }
    CodeLine place = place_of_user(library);
    spin_lock(&watcher->lock);
    for (Filling *f = watcher->first; f != NULL && place.code != NULL; f = f->next) {
        if (is_to_note(f, dict, process)) {
            note_entry(f, find_dict(f, dict)->number, place);
        }
    }
    spin_unlock(&watcher->lock);
    Py_XDECREF(place.code);
    Py_XDECREF(library);
}

/* Several threads are in here at once, each under the lock of its own dict. */
static int
dict_changed(PyDict_WatchEvent event, PyObject *dict, PyObject *Py_UNUSED(key),
             PyObject *Py_UNUSED(value))
{
    bool is_added = event == PyDict_EVENT_ADDED;
    if (!is_added && event != PyDict_EVENT_DEALLOCATED) {
        return 0;
    }
    PyObject *error = PyErr_GetRaisedException();
    PyObject *capsule = find_capsule();
    if (capsule != NULL) {
        (is_added ? dict_has_entry : forget_dict)(watcher_of(capsule), dict);
        Py_DECREF(capsule);
    }
    PyErr_SetRaisedException(error);
    return 0;
}

/* --------------------------------------------------------------------- on and off */

static void
free_watcher(PyObject *capsule)
{
    PyMem_RawFree(watcher_of(capsule));
}

/* Let the interpreter have its watcher back. Where there is no memory to do so, or another thread
   has its dict, it stays for the next Filling. */
static void
give_back(int id)
{
    PyObject *dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
    if (dict == NULL || (!is_in_critical(dict) && PyDict_DelItemString(dict, CAPSULE_NAME) == 0)) {
        PyDict_ClearWatcher(id);
    }
}

/* New reference: a capsule, which the interpreter's dict has too. NULL with an exception. */
static PyObject *
put_into_capsule(int id)
{
    PyObject *dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
    DictWatcher *watcher = dict != NULL ? PyMem_RawCalloc(1, sizeof(DictWatcher)) : NULL;
    if (watcher == NULL) {
        return PyErr_NoMemory();
    }
    watcher->id = id;
    PyObject *capsule = PyCapsule_New(watcher, CAPSULE_NAME, free_watcher);
    if (capsule == NULL) {
        PyMem_RawFree(watcher);
    }
    else if (PyDict_SetItemString(dict, CAPSULE_NAME, capsule) < 0) {
        Py_CLEAR(capsule);
    }
    return capsule;
}

/* New reference: the capsule of this interpreter's watcher, which is made if need be. NULL, with no
   exception set, where none is free, or there is no memory for it. */
static PyObject *
share_watcher(void)
{
    PyObject *capsule = find_capsule();
    if (capsule == NULL) {
        int id = PyDict_AddWatcher(dict_changed);
        capsule = id >= 0 ? put_into_capsule(id) : NULL;
        PyErr_Clear();
        if (id >= 0 && capsule == NULL) {
            PyDict_ClearWatcher(id);
        }
    }
    PyErr_Clear();
    return capsule;
}

static bool
is_watched_by(const Filling *first, PyObject *dict)
{
    for (const Filling *f = first; f != NULL; f = f->next) {
        uint32_t d = index_find(&f->addresses, (uintptr_t)dict);
        if (d != INDEX_NONE && f->dicts.items[d].dict == dict) {
            return true;
        }
    }
    return false;
}

static void
watch_all(Filling *filling, DictWatcher *watcher)
{
    filling->process = (long)getpid();
    filling->next = watcher->first;
    watcher->first = filling;
    for (size_t d = 0; d < filling->dicts.length; d++) {
        (void)PyDict_Watch(watcher->id, filling->dicts.items[d].dict);
    }
    PyErr_Clear();
}

static void
unwatch_all(Filling *filling, DictWatcher *watcher)
{
    Filling **place = &watcher->first;
    while (*place != NULL && *place != filling) {
        place = &(*place)->next;
    }
    if (*place == filling) {
        *place = filling->next;
    }
    for (size_t d = 0; d < filling->dicts.length; d++) {
        PyObject *dict = filling->dicts.items[d].dict;
        if (dict != NULL && !is_watched_by(watcher->first, dict)) {
            (void)PyDict_Unwatch(watcher->id, dict);
        }
    }
}

/* 0 or -1. */
static int
enter_dicts(Filling *filling, const WatchedDict *dicts, size_t count)
{
    if (vec_reserve(filling->memory, &filling->dicts, count) < 0) {
        return -1;
    }
    for (size_t d = 0; d < count; d++) {
        uint32_t n = index_enter(&filling->addresses, filling->memory, (uintptr_t)dicts[d].dict);
        if (n == INDEX_NONE) {
            return -1;
        }
        vec_push_reserved(&filling->dicts, dicts[d]);
    }
    return 0;
}

int
filling_begin(Filling *filling, const ModuleState *state, Memory *memory, const WatchedDict *dicts,
              size_t count)
{
    filling_end(filling);
    filling->state = state;
    filling->library = state->library;
    filling->memory = memory;
    if (count == 0) {
        return 0;
    }
    if (enter_dicts(filling, dicts, count) < 0) {
        filling_end(filling);
        return -1;
    }
    filling->capsule = share_watcher();
    filling->is_refused = filling->capsule == NULL;
    if (filling->capsule != NULL) {
        watch_all(filling, watcher_of(filling->capsule));
    }
    return 0;
}

/* Leave the list, and give the watcher back if no other is in it; between the two nobody comes, and
   no dict goes. */
static void
leave_watcher(Filling *filling, DictWatcher *watcher)
{
    World world = {0};
#if GCSCOPE_FREE_THREADED
    world.outer = filling->state->stopped;
#endif
    world_stop(&world);
    unwatch_all(filling, watcher);
    if (watcher->first == NULL) {
        give_back(watcher->id);
    }
    world_end(&world);
}

void
filling_end(Filling *filling)
{
    PyObject *error = PyErr_GetRaisedException();
    if (filling->capsule != NULL) {
        leave_watcher(filling, watcher_of(filling->capsule));
        Py_CLEAR(filling->capsule);
    }
    PyErr_Clear();
    PyErr_SetRaisedException(error);
    index_clear(&filling->addresses);
    filling->dicts.length = 0;
}

#else

int
filling_begin(Filling *Py_UNUSED(filling), const ModuleState *Py_UNUSED(state),
              Memory *Py_UNUSED(memory), const WatchedDict *Py_UNUSED(dicts),
              size_t Py_UNUSED(count))
{
    return 0;
}

void
filling_end(Filling *Py_UNUSED(filling))
{
}

#endif

void
filling_fini(Filling *filling)
{
    filling_end(filling);
    if (filling->memory == NULL) {
        return;
    }
    for (size_t p = 0; p < filling->places.length; p++) {
        Py_DECREF(filling->places.items[p].code);
    }
    vec_fini(filling->memory, &filling->places);
    vec_fini(filling->memory, &filling->dicts);
    index_fini(&filling->index, filling->memory);
    index_fini(&filling->addresses, filling->memory);
}
