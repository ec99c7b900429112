/* names: what a type or an object is called, without running Python code. */

#ifndef GCSCOPE_TYPENAME_H
#define GCSCOPE_TYPENAME_H

#include "base/compat.h"

/* New reference: "module.qualname", builtins without the module. NULL with an exception: out of
   memory. Metaclasses are not asked: the strings are read from the type's own fields and dict. */
PyObject *typename_of(PyTypeObject *type);

/* A number that is the same for equal names of types, also in another process. */
uint64_t typename_hash(PyTypeObject *type);

/* How readily a user recognises the instances of a type as their own: 0 of a class made by Python
   code, 1 of one of the standard library's, 2 of a type made by C code, 3 of a builtin type.
   `library`: a frozenset, the names of its modules, or NULL. */
int typename_rank(PyTypeObject *type, PyObject *library);

/* The last part of a type's name, as its repr would use it. Borrowed from the type. */
const char *typename_short(PyTypeObject *type);

/* Write `text` into buffer[0 .. capacity) as UTF-8 without a terminating zero and return how many
   bytes that took. What does not fit is cut off at a character and an ellipsis put in its place.
   Lone surrogates are kept ("surrogatepass"). Allocates nothing and cannot fail; capacity is at
   least 3. */
size_t utf8_encode(char *buffer, size_t capacity, PyObject *text);

/* New reference: the str of what utf8_encode wrote. */
PyObject *utf8_decode_text(const char *zero_terminated);
PyObject *utf8_decode(const char *bytes, size_t length);

#endif
