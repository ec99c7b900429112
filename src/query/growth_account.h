/* growth_account: the memory that some containers got in a while.

       account_begin    the addresses of all that is there: what is tracked, and what the containers
                        refer to
       (the program runs)
       account_end      what the containers lead to now through new objects alone

   A tracked object is new if its address was not there. Of one that is not tracked that is not
   known beyond what a container itself refers to: it counts where all references to it come from
   what is new, as the dry run has it (so not a string that something else holds, too). What two
   containers both lead to counts for each: it is what they keep together. New weak references to
   what is new count with it.

   An object that is freed meanwhile leaves its address to others, and one that comes to lie there
   is taken for it: as many as were freed at most. What was unreachable, and so is freed as soon as
   the collector runs, is not among those. */

#ifndef GCSCOPE_GROWTH_ACCOUNT_H
#define GCSCOPE_GROWTH_ACCOUNT_H

#include "base/index.h"
#include "heap/interp_tables.h"
#include "runtime/scan.h"

/* An object that is reached through new ones. */
typedef struct {
    PyObject *op;      /* borrowed */
    Py_ssize_t visits; /* references to it from containers and new objects */
    bool is_new;
    bool is_weak;       /* a weak reference to something new */
    uint32_t container; /* 1 + the container for which it was counted last; 0: none yet */
    uint32_t weak;      /* 1 + the place of the first, or next, weak reference; 0: there is none */
} Added;

typedef struct {
    Memory memory;
    AddrMap before;  /* made by account_begin */
    Index addresses; /* of objects -> their place in `objects` */
    VEC(Added) objects;
    VEC(uint32_t) queue;   /* places of new objects, in the order of their coming */
    uint32_t of_container; /* in the queue, while one container is counted */
    CachedNames names;     /* during account_end */
    const World *world;    /* borrowed, during account_end */
} Account;

void account_init(Account *account, const ModuleState *state);
void account_fini(Account *account);

/* Begin anew: the addresses of what was listed and is reachable, and of what the containers refer
   to; the scan was judged. 0; -1 out of memory. */
int account_begin(Account *account, const Scan *scan, PyObject *const *containers, size_t count);

/* Whether it has begun. */
bool account_is_on(const Account *account);

/* Find what is new, and write to bytes[c] how much of it each container leads to, its own table
   apart. Afterwards `objects` has what was found. 0; -1 out of memory. */
int account_end(Account *account, const Scan *scan, PyObject *const *containers, size_t count,
                uint64_t *bytes);

/* Whether all that a container, or of a dict its values, got by account_end are weak references to
   what lives: it grows since those objects are kept elsewhere. */
bool account_is_weak(const Account *account, PyObject *container);

/* Borrowed or NULL: the entry, by account_end, that a container got last: of a dict its value. */
PyObject *account_newest(const Account *account, PyObject *container);

#endif
