/* opaque: the references of types whose struct is private to the C code that defines them.

   They are known in four ways, tried in this order:

       fields    simple structs: a table says what their words are
       members   whatever a type publishes as a member at an offset, __slots__ among them
       getters   structs that vary: those getters that are known only to return what is there
       displays  structs that no table of words reaches: the order in which tp_traverse shows their
   references tells

   Nothing here follows a word that it has read: the caller compares it with an object that is known
   to be alive. */

#ifndef GCSCOPE_PRIVATE_TYPES_H
#define GCSCOPE_PRIVATE_TYPES_H

#include "labels/label.h"

/* Offer what can be named of op, by its type and the bases of that. Returns whether the teller
   wants no more. */
bool private_types_read(const EdgeSink *sink, PyObject *op);

#endif
