/* ring_rows: each form of ring as a row: what is on it, what its references are called, and what
   each cut would free, for explain/ to choose from. */

#ifndef GCSCOPE_RING_ROWS_H
#define GCSCOPE_RING_ROWS_H

#include "query/cycles.h"
#include "query/describer.h"

/* New reference: a list of Ring, one for each form that was found. NULL with an exception. */
PyObject *ring_rows(const Describer *describer, Cycles *cycles);

/* New reference: the Ring of one form, by its place among those that were found. */
PyObject *ring_rows_one(const Describer *describer, Cycles *cycles, size_t form);

/* Method of the module, documented there. */
PyObject *ring_rows_smallest_rotation(PyObject *module, PyObject *keys);

#endif
