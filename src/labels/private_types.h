/* private_types: the references of types whose struct is private to the C code that defines them.

   Three ways to a name, in this order, each for the type of an object and all its bases:

       fields      read_fields      simple structs: a table says what the words after the head are
       published   published_read   members at an offset, and getters known to do no more than read
       traversal   read_traversal   structs that no table of words reaches: the order in which
                                    tp_traverse shows their references says what they are

       deque -> tp_traverse -> visit_deque -> emit(first, ITEM 0), emit(second, ITEM 1) ...

   A word that is no reference does no harm: it is never followed, only compared with a target that
   tp_traverse has shown. To teach gcscope a type, add a row to one of the tables. */

#ifndef GCSCOPE_PRIVATE_TYPES_H
#define GCSCOPE_PRIVATE_TYPES_H

#include "labels/label.h"

/* From a Context to its mapping, and in that from node to node. */
#define PRIVATE_TYPES_MAPPING "its-variables"

/* Whether it is a Context; whether it is the mapping of one, or a node of that. */
bool private_types_is_context(PyObject *op);
bool private_types_is_mapping(PyObject *op);

/* Emit what can be named of op, by its type and the bases of that. Return whether the sink wants no
   more. */
bool private_types_read(const EdgeSink *sink, PyObject *op);

#endif
