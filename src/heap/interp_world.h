/* interp_world: free-threaded builds, where other threads run while we read. Fourth and last of
   the rooms that see the interpreter's private structures; on builds with a GIL it does nothing.

   A pass reads one heap, as it was at one moment:

       claim    the collector's door (gc.collecting): whoever has set it collects, gc.collect() of
                others returns 0 at once, and none comes between what follows
       list     all objects that the collector knows, by the one public way; it lets the world run
                again when it returns, so that each is held by a reference of ours until
       stop     no other thread runs from here on; our references are given back, and counts are as
                they were. What had died meanwhile, but for us, is kept aside
       read     whatever the pass does
       start    the others go on; what had died is let go of, and the door is opened

   In the stop Python objects may be made. No lock may be taken that a thread can have which waits:
   that of an import, or of a file; those of objects are given up by a thread that waits. */

#ifndef GCSCOPE_INTERP_WORLD_H
#define GCSCOPE_INTERP_WORLD_H

#include "base/vec.h"
#include "heap/addrmap.h"
#include "heap/dying.h"
#include "heap/own_code.h"

typedef struct World {
    Memory *memory;
#if GCSCOPE_FREE_THREADED
    const struct World *outer; /* borrowed: NULL, or that in whose stop this one is */
    OwnCode *own; /* borrowed: NULL, or to keep what is ours and has no owner any more */
    bool is_claimed;
    bool is_lister; /* others wait with what counts, until it is at its end */
    bool is_stopped;
    int64_t stopped_at;  /* when the stop was asked for, by clock_now() */
    int64_t stopped_for; /* in nanoseconds, to list the objects before */
    VEC(PyObject *)
    listed; /* held until the stop, then borrowed: what was entered, in the order of
                               the collector's own walk */
    Dying dying;
#endif
} World;

/* What a thread has for itself, that no object shows. */
typedef enum {
    THREAD_COUNTED,  /* references that it counts itself */
    THREAD_QUEUED,   /* one that its queue has, until it runs: it was let go of by another thread */
    THREAD_PUT_OFF,  /* one that was let go of, to be done later */
    THREAD_BORROWED, /* it owns nothing, and yet the collector takes the object for reachable */
} ThreadReferenceKind;

/* `references` are to be added to the count of `op` for what its owners have: they may be
   negative. */
typedef void (*ThreadReference)(void *arg, PyObject *op, Py_ssize_t references,
                                ThreadReferenceKind kind);

#if GCSCOPE_FREE_THREADED

/* Whether the private structures of the interpreter that runs are those for which this was
   compiled, as far as can be seen. `type`: a heap type of ours, of which an instance is made. 1; 0;
   -1 with an exception. */
int world_fits(PyTypeObject *type);

/* Whether this interpreter has other threads. */
bool world_has_others(void);

/* Wait, and let others run, for less than a second. */
void world_wait(int64_t nanoseconds);

/* Claim the collector alone; whether that is done, after so many nanoseconds at most. */
bool world_claim(int64_t nanoseconds);
void world_unclaim(void);

/* Claim the collector, and keep it until world_end, which must follow in any case. It is not
   claimed where a collection of this very thread is under way, or one of another for a second. The
   other one is for a collection of this thread: it waits for none. */
void world_begin(World *world, Memory *memory, OwnCode *own);
void world_begin_in_collection(World *world, Memory *memory, OwnCode *own);
void world_end(World *world);

/* List and stop; enter what the collector would look at into the map: not what is frozen, nor what
   a collection under way has in hand, nor the tuples that it lets go of, since nothing in them is
   its business. Once stopped, what was listed then is entered again. 0; -1: out of memory. */
int world_list(World *world, AddrMap *map);

/* The same, but for what certainly lives (interp_alive.h). Nothing that is entered is referred to
   by what is not, but from outside of the heap. */
int world_list_doubtful(World *world, AddrMap *map);

/* The same of what was made since world_mark_old, or is in a map of addresses, or NULL. */
int world_list_new(World *world, AddrMap *map, const AddrMap *known);

/* Enter into `still` those addresses of a map at which an object lies now that the collector knows.
   Not in a stop. 0; -1: out of memory. */
int world_list_known(const AddrMap *known, AddrMap *still);

/* Told of an object, which is borrowed: returns -1 when out of memory. */
typedef int (*WorldNote)(void *arg, PyObject *op);

/* Mark all objects that the collector knows as old, and tell those that were not: what was made
   since the last time. A new object has no mark. Not in a stop. 0; -1: out of memory. */
int world_mark_old(WorldNote note, void *arg);

/* Stop, where that is not done yet. */
void world_stop(World *world);

static inline bool
world_is_stopped(const World *world)
{
    return world->is_stopped || world->outer != NULL;
}

/* For how many nanoseconds this has stopped others until now: from when that is asked for, as some
   wait then while others still come to a place where they can. */
int64_t world_stopped_for(const World *world);

/* Of a reference count, what is owned: objects whose counting is deferred have a large number added
   to theirs. Without what threads keep for themselves, and so not exact for classes and code. */
Py_ssize_t world_references(PyObject *op);

/* The same, exact. In a stop. */
Py_ssize_t world_all_references(PyObject *op);

/* Of these references, how many are those of what died while it was listed. */
static inline Py_ssize_t
world_dying_references(const World *world, PyObject *op)
{
    const Dying *dying = &(world->outer != NULL ? world->outer : world)->dying;
    return dying->owned == 0 ? 0 : dying_references(dying, op);
}

/* All references to an object that the caller has, at any time but in a stop. The world is stopped
   where the count is kept in parts. */
Py_ssize_t world_references_now(PyObject *op);

/* Visit what the threads of this interpreter have for themselves. In a stop. */
void world_visit_threads(ThreadReference visit, void *arg);

/* Whether its counting is deferred: however few references there are, only the collector, or the
   end of the interpreter, frees it. */
bool world_is_deferred(PyObject *op);

/* Whether it is in the queue of its own thread. In a stop. */
bool world_is_queued(PyObject *op);

/* Whether a collection that is under way has found this object unreachable. */
bool world_lost(PyObject *op);

#else

static inline int
world_fits(PyTypeObject *Py_UNUSED(type))
{
    return 1;
}

static inline void
world_begin(World *world, Memory *memory, OwnCode *Py_UNUSED(own))
{
    world->memory = memory;
}

static inline void
world_begin_in_collection(World *world, Memory *memory, OwnCode *Py_UNUSED(own))
{
    world->memory = memory;
}

static inline void
world_end(World *Py_UNUSED(world))
{
}

static inline void
world_stop(World *Py_UNUSED(world))
{
}

static inline bool
world_is_stopped(const World *Py_UNUSED(world))
{
    return false;
}

static inline Py_ssize_t
world_references(PyObject *op)
{
    return Py_REFCNT(op);
}

static inline Py_ssize_t
world_all_references(PyObject *op)
{
    return Py_REFCNT(op);
}

static inline Py_ssize_t
world_dying_references(const World *Py_UNUSED(world), PyObject *Py_UNUSED(op))
{
    return 0;
}

static inline Py_ssize_t
world_references_now(PyObject *op)
{
    return Py_REFCNT(op);
}

static inline void
world_visit_threads(ThreadReference Py_UNUSED(visit), void *Py_UNUSED(arg))
{
}

#endif

#endif
