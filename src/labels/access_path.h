/* access_path: what one types to go the way of a chain, so that it gives the very object.

       objects  app   Service   __dict__ of it   list   Job
       labels      .a        .__dict__       ['jobs']  [0]
       text     ".a.jobs[0]", or ".a.__dict__['jobs'][0]" where a property stands in the way

   Nothing is evaluated to find out. The invariant is that an attribute is typed by its name only
   where reading it does nothing but that; each hop is judged by itself (hop_text):

       reads_plainly       no __getattribute__ of the program comes in between
       attribute_is        nor a descriptor: a member or getter gives the very target, or none
                           stands there and the object itself has it under that name
       dict_can_be_read    else its __dict__ may give it
       subscripts_as       op[...] is what list, tuple or dict makes of it
       is_literal          and the key's text gives an equal key

   Where one hop cannot be typed, the whole way has no text. */

#ifndef GCSCOPE_ACCESS_PATH_H
#define GCSCOPE_ACCESS_PATH_H

#include "labels/edge_label.h"

/* New reference: the text for the way objects[0] .. objects[count], of which labels[i] leads from
   objects[i] to the next; None where it cannot be typed. NULL with an exception. */
PyObject *access_path_text(PyObject *const *objects, const Label *labels, size_t count);

#endif
