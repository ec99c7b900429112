/* known: the objects that the collector does not track, as far as others lead to them. Strings,
   numbers, code, static types, containers of nothing but those: most of a process's memory.

   An object is known if it was listed, or a known one refers to it: as its tp_traverse shows, as
   known_visit_beyond does, as its type, or as an item of a numpy array of objects. What running
   frames refer to is known too. What stays unknown is held by C code alone. */

#ifndef GCSCOPE_KNOWN_H
#define GCSCOPE_KNOWN_H

#include "heap/addrmap.h"

/* The tp_traverse that may be called on `op`, or NULL. That of types ends the process where it is
   given a static one. */
static inline traverseproc
known_traverse_of(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    bool is_static_type = PyType_HasFeature(type, Py_TPFLAGS_TYPE_SUBCLASS) &&
                          !PyType_HasFeature((PyTypeObject *)op, Py_TPFLAGS_HEAPTYPE);
    return PyType_IS_GC(type) && !is_static_type ? type->tp_traverse : NULL;
}

/* Visit what `op` owns and its tp_traverse does not show, since no collector needs it: what
   unshown.h has, bases and dict of a static type, the object members of a type that has no
   tp_traverse. */
void known_visit_beyond(PyObject *op, visitproc visit, void *arg);

/* Visit what `op` refers to: what its tp_traverse shows, and what is beyond. */
void known_visit(PyObject *op, visitproc visit, void *arg);

/* Enter into `map`, which has what is tracked, all that is known. 0; -1 when memory is
   exhausted. */
int known_enter(AddrMap *map, Memory *memory);

#endif
