/* sizes: how much memory one object takes, told from its memory alone.

   What is counted is what its type allocates for it and gives back with it: the struct with its
   items, the words before it, and the blocks that only it refers to. What it refers to as objects
   is not: those are counted by themselves. Neither __sizeof__ nor any other code of a type is
   called; of a C type that is not known here the struct alone is counted. */

#ifndef GCSCOPE_SIZES_H
#define GCSCOPE_SIZES_H

#include "base/compat.h"

/* Bytes of an object: always less than SIZES_OBJECT_LIMIT, a tebibyte. */
#define SIZES_OBJECT_LIMIT ((size_t)1 << 40)
size_t sizes_object_bytes(PyObject *op);

/* A numpy.ndarray, or rather an object of a static type of that name whose struct is as numpy's
   public header has it. All pointers are borrowed. */
typedef struct {
    PyObject *base;   /* the object that owns the memory, or NULL */
    size_t bytes;     /* of the data, where the array owns it; else 0 */
    PyObject **items; /* of an array of objects that owns them: each one or NULL; else NULL */
    size_t count;     /* of items */
    size_t dimensions;
} SizesArray;

/* Whether an object is one; then what it says is in *array. */
bool sizes_array(PyObject *op, SizesArray *array);

#endif
