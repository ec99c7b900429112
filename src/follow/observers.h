/* observers: who is told of each collection, and the one function of ours in gc.callbacks that
   tells them.

       gc.callbacks "start"     starts() of each, then the clock
       (the collection)
       gc.callbacks "stop"      the clock, then stops() of each

   What an observer does is so in no time that is measured. The function is C: a Python function
   would let signal handlers run, and the exception of one would be lost there. It is in
   gc.callbacks for as long as there is an observer.

   An observer is part of a Python object (Follow, Pauses), which leaves in its tp_dealloc too, so
   that no exception, wherever it strikes, leaves one on. A forked child ignores those of its
   parent, but for the end of a collection in which it was forked. While they are told the
   collector is running, or held off where somebody calls the function by hand: nothing that they
   make sets off a collection. An error there is no error of the program.

   On free-threaded builds one thread at a time is among the observers, under a lock: who tells
   them, and who reads or ends one. What may let go of objects of the program is done without it,
   since those may have an observer; the one that is told is kept until it has been told. */

#ifndef GCSCOPE_OBSERVERS_H
#define GCSCOPE_OBSERVERS_H

#include "runtime/state.h"

typedef struct {
    long generation; /* the oldest where it is not told */
    bool is_enabled; /* automatic collection */
    PyObject *info;  /* borrowed: the dict of the callback, which others may have changed */
    int64_t began;   /* by clock_now(); 0 at the start, and where that was not seen */
    int64_t ended;   /* 0 at the start */
} GcEvent;

typedef struct Observer {
    ModuleState *state;    /* borrowed */
    struct Observer *next; /* borrowed: the next of state->observers */
    PyObject *owner;       /* borrowed: what the two are given */
    void (*starts)(PyObject *owner, const GcEvent *event);
    void (*stops)(PyObject *owner, const GcEvent *event);
    uint64_t heard; /* the call of the function of which it was told last */
    long process;
    bool is_on;    /* in state->observers */
    bool is_ready; /* to be told */
} Observer;

/* Put the function into gc.callbacks, where it is not there, and the observer among those that are
   on; it is told when it is_ready. The other may be called twice. 0 or -1 with an exception. */
int observer_enter(Observer *observer, PyObject *module);
void observer_leave(Observer *observer);

/* Whether it misses collections: the function is not in gc.callbacks any more, or this is a child
   of the process that it belongs to. */
bool observer_is_cut_off(const Observer *observer);

/* Be among the observers of a state, alone. The collector is claimed before (scan_begin), where
   both are needed. False, and nothing to be given back, where this thread is that already, or the
   interpreter ends: then no other thread runs, and one that did may have been among them. */
bool observers_lock(ModuleState *state);
void observers_unlock(ModuleState *state, bool was_locked);

/* The int under a name in the info of a callback; -1 where that is none, or no number of objects.
   */
int64_t gc_event_number(const GcEvent *event, const char *name);

/* Borrowed: what stands under a name there, or NULL. */
PyObject *gc_event_item(const GcEvent *event, const char *name);

/* When the module goes: let all leave, and take the function out of gc.callbacks. */
void observers_forget(ModuleState *state);

#endif
