/* sized: the objects of which a sizer of the program's is to be asked, among those whose bytes are
   counted. A sizer is Python code: it is asked after the pass, by explain/sizers.py. */

#ifndef GCSCOPE_SIZED_H
#define GCSCOPE_SIZED_H

#include "heap/leaves.h"

typedef struct {
    PyObject *op; /* borrowed */
    LeafAccount account;
} Sized;

typedef struct {
    Memory *memory;
    PyObject *table; /* borrowed or NULL: dict, id of a type -> (type, sizer) */
    VEC(Sized) items;
    PyTypeObject *last; /* compared only: for which was looked last in the table, */
    bool last_is_sized; /* and whether it, or a base of it, is there */
} SizedObjects;

/* Begin without any; sized_fini may be called on zeroed memory. */
void sized_begin(SizedObjects *sized, Memory *memory, PyObject *table);
void sized_fini(SizedObjects *sized);

/* Have the leaves that are freed noted, too. */
void sized_listen(SizedObjects *sized, Leaves *leaves);

/* Note an object, where there is a sizer for it. 0; -1 out of memory. */
int sized_note(SizedObjects *sized, PyObject *op, LeafAccount account);

#endif
