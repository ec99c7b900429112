/* tally: what several looks at the heap have found, added up.

   A ring that a collection is about to take must be told now or never, and a form that was told
   need only be counted. So a tally outlives each look: forms by their hash, each with the row of
   its largest specimen so far; the objects that collections took by the names of their types, which
   may be gone by the end. The rows hold strings and numbers. */

#ifndef GCSCOPE_TALLY_H
#define GCSCOPE_TALLY_H

#include "query/cycles.h"
#include "query/describer.h"

typedef struct {
    Memory memory;
    Forms forms;
    PyObject *rows;             /* owned: a list of Ring, one for each form */
    uint64_t collected_objects; /* what collections have found */
    uint64_t collected_bytes;
    PyObject *collected_types[2]; /* owned: dicts, as in TypeCounts */
} Tally;

/* 0 or -1 with an exception. tally_fini may be called in any case, on zeroed memory too. */
int tally_init(Tally *tally, const ModuleState *state);
void tally_fini(Tally *tally);

/* Add the rings of one form that were found, by its place among those, or of all. 0 or -1 with an
   exception. */
int tally_add_form(Tally *tally, const Describer *describer, Cycles *cycles, size_t form);
int tally_add_forms(Tally *tally, const Describer *describer, Cycles *cycles);

/* Add what a collection takes, a RollCall, and the bytes of that. 0 or -1 with an exception. */
int tally_add_collected(Tally *tally, PyObject *roll_call, uint64_t bytes);

/* New reference: the rows in the order of the forms, each with the number of its rings. NULL with
   an exception. */
PyObject *tally_rows(Tally *tally);

#endif
