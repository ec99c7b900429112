/* holders: who refers to an object, each reference by its name. The sum is its reference count. */

#ifndef GCSCOPE_HOLDERS_H
#define GCSCOPE_HOLDERS_H

#include "query/parents.h"
#include "runtime/scan.h"

/* Method of the module, documented there. */
PyObject *holders_of(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* What neighborhood_rows.h needs as well. */

/* New reference: the Node of a holder, or of its parent. NULL with an exception. */
PyObject *holders_node(const Describer *describer, PyObject *known, const Holder *holder);

/* New reference: a list of Edge, from a holder's parent over the holder to the object; from the
   holder alone where it has none. NULL with an exception. */
PyObject *holders_edges(const Describer *describer, const Holder *holder, const Label *label,
                        PyObject *target);

/* New reference: the Edge from a running frame to what a slot of it refers to, in a tuple. NULL
   with an exception. */
PyObject *holders_frame_edges(const Describer *describer, const FrameSlot *slot);

#endif
