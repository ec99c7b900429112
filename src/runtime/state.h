/* state: what one instance of the module owns. There is no other mutable static data. */

#ifndef GCSCOPE_STATE_H
#define GCSCOPE_STATE_H

#include "base/gc_pause.h"
#include "base/spin.h"
#include "heap/generations.h"
#include "heap/own_code.h"
#include "runtime/journal.h"

/* What the last heap pass cost, for tests and benchmarks. */
typedef struct {
    size_t nodes;
    size_t edges;
    size_t visits;     /* references that tp_traverse showed */
    size_t peak_bytes; /* raw memory held at once, at most */
    int64_t stopped;   /* nanoseconds for which no other thread ran; 0 with a GIL */
} ScanCost;

enum { STATE_ROW_TYPES = 40, STATE_KNOWN_CLASSES = 64 };

/* What was found out about a class at its first instance. It holds for as long as the version of
   the class and its __qualname__ are these. */
typedef struct {
    const PyTypeObject *type; /* address only */
    unsigned version;
    uint32_t number;    /* the journal's, of its name */
    PyObject *qualname; /* owned exact str */
    PyObject *init; /* borrowed from the class or a base: its __init__, where that is a function in
                       Python; or NULL */
} KnownClass;

/* What lasts: types, functions of other modules, the journal. Never an argument of a call. */
typedef struct {
    PyTypeObject *tracked_type;               /* owned */
    PyTypeObject *person_type;                /* owned */
    PyTypeObject *roll_call_type;             /* owned */
    PyTypeObject *row_types[STATE_ROW_TYPES]; /* owned: see rows.h */
    PyObject *immortal;                       /* owned: refcount's answer for immortal objects */
    PyObject *gc_get_objects;                 /* owned */
    PyObject *gc_get_freeze_count;            /* owned */
    PyObject *gc_collect;                     /* owned */
    PyObject *gc_get_stats;                   /* owned */
    PyObject *gc_callbacks;                   /* owned */
    PyObject *callback;                       /* owned or NULL: ours in gc.callbacks */
    Py_ssize_t callback_index;                /* where it stood there last */
    PyObject *library; /* owned or NULL: a frozenset, the names of the standard library's modules */
    Generation *generations;      /* borrowed from the interpreter; NULL where they are not known */
    PyObject *observers_callback; /* owned or NULL: of observers.h in gc.callbacks */
    struct Observer *observers;   /* borrowed: those that are on, a list */
    int64_t collection_began; /* of one that is under way, by clock_now(), as observers.h has it;
                                 else 0 */
    long collection_process;  /* in which it began */
    uint64_t observers_calls; /* how often the callback was called */
#if GCSCOPE_FREE_THREADED
    PyMutex callback_mutex;    /* of whoever enters `callback` there */
    uint64_t observers_thread; /* who is among the observers, alone; 0: nobody */
    int passes;                /* under way, of all threads; counted atomically */
    bool is_claimed_for_fork, is_locked_for_fork;
    PyObject *fork_link; /* owned or NULL: the capsule by which hooks of forks find this */
    int64_t rests_until; /* by clock_now(): until then others run that the last pass has stopped */
    int64_t stopped_for; /* nanoseconds for which passes have stopped other threads, in all; written
                            in a stop */
    const void *stopped; /* borrowed: the World of the pass in whose stop we are, or NULL */
#endif
    KnownClass known_classes[STATE_KNOWN_CLASSES]; /* those of the last instances, by address */
    Journal *journal;                              /* shared */
    Spin workers_lock;                             /* of the two below, as worker.c has it */
    struct WorkerObject *workers;                  /* owned: threads of ours, a list */
    int forks;                                     /* how many have begun and not ended */
    OwnCode own_code;                              /* written in a stop */
    Blocks *blocks;     /* of a forked child, whose memory comes from there; else NULL */
    int64_t fail_after; /* for tests: how many more growths of raw memory succeed; negative: all */
    ScanCost last_scan;
} ModuleState;

extern PyModuleDef gcscope_module;

static inline ModuleState *
state_of_module(PyObject *module)
{
    return PyModule_GetState(module);
}

/* 0, or -1 with RuntimeError: the collector has cleared the module, and yet a function of it is
   called, as by what runs at exit or has found it through the gc module. The state is then empty
   but for the journal. */
static inline int
state_check(const ModuleState *state)
{
    if (state->gc_get_objects != NULL) {
        return 0;
    }
    PyErr_SetString(PyExc_RuntimeError, "gcscope is gone: the collector has cleared the module");
    return -1;
}

/* Make a type of the module and add it. 0 or -1 with an exception. */
static inline int
state_add_type(PyObject *module, PyType_Spec *spec)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
    int error = type != NULL ? PyModule_AddType(module, (PyTypeObject *)type) : -1;
    Py_XDECREF(type);
    return error;
}

/* Borrowed; `type` is one of the module's types or derives from one. NULL with TypeError otherwise.
   */
static inline ModuleState *
state_of_type(PyTypeObject *type)
{
    if (UNLIKELY(type->tp_mro == NULL)) { /* the collector has cleared it */
        PyErr_SetString(PyExc_TypeError, "this class is gone: the collector has cleared it");
        return NULL;
    }
    PyObject *module = PyType_GetModuleByDef(type, &gcscope_module);
    return module != NULL ? PyModule_GetState(module) : NULL;
}

#endif
