/* published: what a type lets Python code read of an object as it is, so that reading the attribute
   gives the very object that tp_traverse shows.

       member   a word of the struct at an offset; __slots__ are members too
       getter   C code that might make anything. Only those of one table are known to hand out a
                reference that the object holds, or None, and to do nothing else.

   Labels ask in one direction, which attributes lead to a target, and expressions in the other,
   whether an attribute leads to it; both by the same two rules. The classes' dicts are walked: a
   look-up could call the __eq__ of an odd key. */

#ifndef GCSCOPE_PUBLISHED_H
#define GCSCOPE_PUBLISHED_H

#include "labels/label.h"

/* Whether what a class has under a name is a member or a getter; `found` may be NULL. */
static inline bool
is_published(PyObject *found)
{
    return found != NULL &&
           (Py_IS_TYPE(found, &PyMemberDescr_Type) || Py_IS_TYPE(found, &PyGetSetDescr_Type));
}

/* Emit the members of op, and the getters that the table has of its type or a base of it. Return
   whether the sink wants no more. */
bool published_read(const EdgeSink *sink, PyObject *op);

/* Borrowed or NULL: what a class and its bases have under a name, an exact str. */
PyObject *published_find(PyTypeObject *type, PyObject *name);

/* Whether an object that keeps something under a name (an exact str) keeps there what a descriptor
   of that name in its class gives: a functools.cached_property, a property, an accessor of a data
   frame. A method of that name, or what a class has at a place, is none. */
bool published_is_computed(PyObject *op, PyObject *name);

/* Borrowed or NULL: what an object itself has under a name (an exact str), in its own struct or in
   its __dict__. */
PyObject *published_own(PyObject *op, PyObject *name);

/* Borrowed or NULL: what op.name gives where that only reads what the object itself has: a member,
   or an attribute of its own that no data descriptor of its class stands before. */
PyObject *published_attribute(PyObject *op, PyObject *name);

/* Borrowed or NULL: what the member of that name, of the very type of op in C, has. */
PyObject *published_member(PyObject *op, const char *name);

/* Whether `.name` can give the target, where the classes of op have under this ASCII name a
   descriptor for which is_published holds: a member that does give it, or a getter that does
   nothing but read. */
bool published_may_give(PyObject *op, const char *name, PyObject *descriptor, PyObject *target);

#endif
