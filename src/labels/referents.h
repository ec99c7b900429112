/* referents: what an object refers to, each reference under its name, read from the object itself:
   no Python code runs, no __dict__ is made, no Python object is created.

   An object is read in layers, and each may name what another has named already:

       read_by_struct       by a struct that is public, or that interp knows: containers, functions,
                            classes, exceptions, frames, generators
       read_instance        inline attributes, and the __dict__ where there is one
       private_types_read   what its type publishes, and structs that only C code knows
       __class__            last of all, for every object

   Names are not the truth, tp_traverse is: a reference that it shows may have none here, and one
   that is named here may be borrowed. edge_label.h brings the two together. */

#ifndef GCSCOPE_REFERENTS_H
#define GCSCOPE_REFERENTS_H

#include "heap/interp.h"
#include "labels/label.h"

/* Visit every reference of op that can be named, in no particular order. `before` is an object that
   refers to op and through which one came here, or NULL: the closure of a function is named by
   it. */
void referents_visit(PyObject *op, PyObject *before, LabelFunc visit, void *arg);

/* Return what a slot of a frame is called, whether the frame runs or its object has ended. */
Label referents_slot_label(const FrameSlot *slot);

#endif
