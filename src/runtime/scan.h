/* scan: one pass over the heap, from the list of objects to the collector's verdict, as the words
   use it.

   This is the first room after the heap's that makes Python objects and sets exceptions. While a
   pass is under way automatic collection is off, no Python code of the program runs and nothing
   lets signal handlers in, so that its borrowed objects stay alive.

   What is looked at is entered first, then numbered, then judged:

       scan_list, scan_list_all                  some generations, or all that there is
       scan_list_known                           and what the collector does not track
       scan_open, then scan_enter_after or
       generations.h on heap.map, scan_close     what a caller chooses

   Where the generations are not known (generations.h) gc.get_objects is asked instead, before the
   pass: of that audit hooks hear.

   On free-threaded builds the whole heap is listed, whichever generations are asked for; from then
   on until scan_end no other thread runs (interp_world.h). What certainly lives is left out where
   nothing is asked but what is unreachable. */

#ifndef GCSCOPE_SCAN_H
#define GCSCOPE_SCAN_H

#include "heap/collector.h"
#include "heap/heap.h"
#include "heap/interp_world.h"
#include "runtime/state.h"

typedef struct {
    ModuleState *state;
    Memory memory; /* a Scan stays where it was begun: its parts point to this */
    World world;
    Heap heap;
    Collector collector;
    PyObject *given;  /* borrowed; NULL, or the tuple by which the word got its objects: scan_judge
                         does not count it */
    PyObject *marker; /* borrowed; NULL, or list only what has come into generation 0 after it */
    int was_enabled;  /* automatic collection, before the pass */
    bool is_judged;   /* its cost was noted */
    int any_frozen;   /* as of the last listing of all */
    bool is_lost_only; /* set after scan_begin: nothing is asked but what is unreachable, so that
                          what certainly lives need not be listed; it is, where the collector of
                          this Python counts it, too */
    bool frozen_is_outside; /* for scan_list_all and then scan_judge: what is under gc.freeze() is
                               taken for reachable, as the collector has it */
} Scan;

/* Hold automatic collection off until scan_end, which must follow in any case. */
void scan_begin(Scan *scan, ModuleState *state);
void scan_begin_in_collection(Scan *scan, ModuleState *state); /* of this thread */
void scan_end(Scan *scan);

/* Begin with no object: then something is to be entered into heap.map, and scan_close called. 0 or
   -1 with an exception. */
int scan_open(Scan *scan);
int scan_close(Scan *scan);

/* Stop other threads until scan_end, where listing has not done so: on free-threaded builds. */
void scan_stop(Scan *scan);

/* Enter the generations 0 .. last; the whole heap where last is -1. 0 or -1 with an exception. */
int scan_enter_generations(Scan *scan, long last);

/* Enter what has come into generation 0 after a marker. 1; 0: the marker is not there, and all of
   generation 0 was entered; -1 with an exception: on free-threaded builds in any case, which have
   no generations. What was made since some moment follow.h knows there. */
int scan_enter_after(Scan *scan, PyObject *marker);

#if GCSCOPE_FREE_THREADED
/* Enter what was made since world_mark_old, and what is in a map, which may be NULL. 0 or -1 with
   an exception. */
int scan_enter_new(Scan *scan, const AddrMap *known);
#endif

/* -1, with MemoryError. */
int scan_no_memory(void);

/* List the whole heap (generation < 0), or the generations 0 .. generation. 0 or -1 with an
   exception. */
int scan_list(Scan *scan, long generation);

/* List all that there is, objects under gc.freeze() included, as far as this Python shows them or
   others lead to them. `box` is NULL, or a list with the one object that is asked about, borrowed:
   an audit hook must not have taken it out. 0 or -1 with an exception. */
int scan_list_all(Scan *scan, PyObject *box);

/* As scan_list_all, and also whatever those objects lead to, tracked or not (known.h). To
   scan_judge all are candidates then: an object counts as reachable where something unknown, or a
   running frame, leads to it. 0 or -1 with an exception. */
int scan_list_known(Scan *scan, PyObject *box);

/* Traverse what was listed, and run the dry run on it. 0 or -1 with an exception. */
int scan_judge(Scan *scan);

/* From the heap to the verdict: list, traverse, dry run. 0 or -1 with an exception. */
int scan_run(Scan *scan, long generation);

/* What a pass is to look at, from Python: an int, one of the generations 0, 1, 2, or -1 for the
   whole heap; or a marker, a list that was made when what is asked for began: then the objects that
   the collector has begun to track since. Generation 0 is in the order of its coming, so that those
   are what stands behind the marker, whatever lies before it. 0 or -1 with an exception; listing
   fails with LookupError where the marker is not in generation 0 any more. */
int scan_extent(Scan *scan, PyObject *which, long *generation);

/* Borrowed: the object in the list by which a word gives it to the core, so that the list's is the
   only reference of that word. NULL with TypeError. */
PyObject *scan_boxed(PyObject *box);

/* A Memory of its own, with the limit that a test has set. */
Memory scan_memory(const ModuleState *state);

#endif
