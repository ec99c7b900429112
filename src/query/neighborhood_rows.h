/* neighborhood_rows: some objects, what they lead to, and who holds them from outside, as rows, of
   which a picture of one moment is drawn. */

#ifndef GCSCOPE_NEIGHBORHOOD_ROWS_H
#define GCSCOPE_NEIGHBORHOOD_ROWS_H

#include "query/holders.h"

/* Methods of the module, documented there. */
PyObject *neighborhood_of(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *neighborhood_born(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* New reference: a list of those of the addresses, a list of ints, at which something lies that was
   listed. NULL with an exception. */
PyObject *neighborhood_addresses_in(const Heap *heap, PyObject *addresses);

#endif
