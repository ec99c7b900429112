/* expression: what one types to go the way of a chain, `.friends[0].__dict__['a b']`, so that it
   gives the very object.

   An attribute is typed by its name only where reading it does nothing but that: not where a
   descriptor, a property or a
   __getattribute__ of the program would come in between. Nothing is evaluated to find that out. */

#ifndef GCSCOPE_ACCESS_PATH_H
#define GCSCOPE_ACCESS_PATH_H

#include "labels/edge_label.h"

/* New reference: the text for the way objects[0] .. objects[count], of which labels[i] leads from
   objects[i] to the next; None where it cannot be typed. NULL with an exception. */
PyObject *access_path_text(PyObject *const *objects, const Label *labels, size_t count);

#endif
