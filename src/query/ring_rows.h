/* ring_rows: each form of ring as a row: what is on it, what its references are called, and what
   each cut would free, for explain/ to choose from. */

#ifndef GCSCOPE_RING_ROWS_H
#define GCSCOPE_RING_ROWS_H

#include "query/cycles.h"
#include "query/describer.h"

/* New reference: the Rings of all that was found; `objects` is a RollCall of it, given up, or NULL:
   then an exception is set. NULL with an exception. */
PyObject *ring_rows_of(const Describer *describer, Cycles *cycles, PyObject *objects);

/* New reference: the Ring of one form, by its place among those that were found. */
PyObject *ring_rows_one(const Describer *describer, Cycles *cycles, size_t form);

/* Method of the module, documented there. */
PyObject *ring_rows_smallest_rotation(PyObject *module, PyObject *keys);

#endif
