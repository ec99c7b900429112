/* parents: whose a container is, so that a reference which it has can be told as its owner's.

   A dict, a tuple or a cell says little of who holds something. What a program calls it is found
   from the other side: each object says which containers are its own, and those are looked up among
   the holders. So one pass over the heap serves any number of them.

       the __dict__ of an instance, class or module; the contents of a cell in a closure
       the tuple that is the __mro__ or the __bases__ of a class; a descriptor, by its own class
       the __defaults__ of a function; the constants and names of its code
       a key or a result that an lru_cache keeps; what a Context maps its variables with
       else the variable of a module that has the container */

#ifndef GCSCOPE_PARENTS_H
#define GCSCOPE_PARENTS_H

#include "query/describer.h"

/* All pointers are borrowed. */
typedef struct {
    PyObject *op;
    PyObject *parent; /* whose it is, or NULL */
    Label via;        /* how the parent refers to it, or its dict does where `is_in_dict` */
    bool is_in_dict;
    bool is_known;  /* the caller has a title for it */
    size_t shown;   /* how often its tp_traverse shows the object */
    size_t unowned; /* how many of those own nothing */
} Holder;

/* Borrowed: the title that a caller gave to a dict, or NULL. known: a tuple of pairs of the address
   of a dict and its title. */
PyObject *parents_title(PyObject *known, PyObject *op);

/* Find the parents of some holders, in time of their number and the heap. 0; -1: out of memory. */
int parents_find(Holder *holders, size_t count, PyObject *known, const Heap *heap);

/* Append an Edge, or several, from the parent to the holder to a list; none where it has no parent.
   0 or -1 with an exception. */
int parents_add_edges(const Describer *describer, PyObject *edges, const Holder *holder);

#endif
