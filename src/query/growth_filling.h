/* growth_filling: from which lines of code some dicts are filled.

   Since 3.12 an interpreter tells a dict watcher of each change to the dicts that it watches; there
   are eight watchers to an interpreter, and any C code may have some. All Fillings of an
   interpreter share one, which is taken by the first that begins and given back by the last that
   ends:

       interpreter's dict --capsule--> DictWatcher: its id, a list of Fillings
       Filling                         address of a dict -> its number
                                       (number, code, line) -> how many entries were added there

   The callback is C, creates nothing but a frame object where there was none, runs no Python code,
   raises nothing and lets the exception that is set be. A dict that is freed meanwhile is
   forgotten; no dict is held. Code is held until the Filling ends.

   An entry is put down to the innermost function that is the program's: what the standard library
   and gcscope run on its behalf is passed over, at most 16 frames. */

#ifndef GCSCOPE_GROWTH_FILLING_H
#define GCSCOPE_GROWTH_FILLING_H

#include "base/index.h"
#include "runtime/state.h"

/* What a dict was filled by. */
typedef struct {
    uint32_t number;    /* of the dict, as the caller numbers them */
    int line;           /* 0: not known */
    PyCodeObject *code; /* owned */
    uint64_t count;     /* entries */
} FillingPlace;

typedef struct {
    PyObject *dict; /* borrowed; NULL when it has been freed */
    uint32_t number;
} WatchedDict;

typedef struct Filling {
    struct Filling *next;     /* borrowed: the next that is on */
    PyObject *capsule;        /* owned while it is on, else NULL: with the watcher */
    const ModuleState *state; /* borrowed */
    PyObject *library;        /* borrowed: as of the state */
    Memory *memory;           /* borrowed */
    Index addresses;          /* of dicts -> their place in `dicts` */
    VEC(WatchedDict) dicts;
    Index index; /* (number, code, line) -> place in `places` */
    VEC(FillingPlace) places;
    long process;    /* that it was begun in: a forked child notes nothing */
    bool is_refused; /* no watcher was free */
} Filling;

/* Watch some dicts from now on, `count` of them, each with its number. What was noted before is
   kept. 0, also where no watcher is free, or this Python has none; -1: out of memory, and nothing
   is watched. */
int filling_begin(Filling *filling, const ModuleState *state, Memory *memory,
                  const WatchedDict *dicts, size_t count);

/* Watch no dict any more, and give the watcher back if no other Filling is on. May be called twice.
   */
void filling_end(Filling *filling);

/* End it, and forget what was noted. May be called on zeroed memory, and twice. */
void filling_fini(Filling *filling);

#endif
