/* internals: the only room that sees the interpreter's private structures.

   Everything here has a fallback that is safe and says of itself that it is one, for an interpreter whose private
   headers are missing or of a version that nobody has looked at. */

#ifndef GCSCOPE_INTERNALS_H
#define GCSCOPE_INTERNALS_H

#include "base.h"

/* Whether internals_visit_borrowed knows this interpreter's frames. Where it does not, the readers of generators
   count a reference to one object once per generator, and their answer is uncertain. Always true where the stack
   never borrows. */
bool internals_knows_borrowing(void);

/* Whether traversing `op` may show references that own nothing: a generator, coroutine or asynchronous generator
   on an interpreter whose evaluation stack borrows. Exact types only; they cannot be subclassed. */
static inline bool
internals_may_borrow(PyObject *op)
{
#if GCSCOPE_STACK_BORROWS
    PyTypeObject *type = Py_TYPE(op);
    return type == &PyGen_Type || type == &PyCoro_Type || type == &PyAsyncGen_Type;
#else
    (void)op;
    return false;
#endif
}

/* Call visit(target, arg) once for each reference that op's tp_traverse shows and that owns nothing.
   `op` is one for which internals_may_borrow holds. Does nothing where internals_knows_borrowing is false. */
void internals_visit_borrowed(PyObject *op, visitproc visit, void *arg);

/* Whether `op` is a frame, generator, coroutine or asynchronous generator: they have items, a slot for each local variable
   and place on the evaluation stack, but no ob_size. How many is then in *slots. */
bool internals_frame_slots(PyObject *op, size_t *slots);

/* Bytes of the tables of an exact dict beyond its own struct: the hash table with its entries, or for a dict that
   shares its keys with others the array of its values. 0 where the structure is not known. */
size_t internals_dict_bytes(PyObject *dict);

#endif
