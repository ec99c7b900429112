/* struct_words: a reference that no table names, by the word of the object's own struct that has
   it.

   tp_traverse shows that there is one, and a struct is a row of words:

       offset   0         8        16     24      32
       word     refcount  type     -      target  target
       said     -         -        -      .mine   byte 32 of a x.Y

   "byte 32" is true and the same on every run, as long as the library is; which of several
   references tp_traverse shows first is neither. Only the tp_basicsize bytes that every instance
   has are read: no pointer is followed, and no item, since a type may have an itemsize and no
   ob_size. */

#ifndef GCSCOPE_STRUCT_WORDS_H
#define GCSCOPE_STRUCT_WORDS_H

#include "labels/label.h"

/* The words of one struct that have a name: bit n for the n-th word, as far as there are bits. */
typedef uint64_t NamedWords;

/* Add the word that a label says it was read from, if it does. */
void struct_words_note(NamedWords *named, const Label *label);

/* Return the label of the reference number nth (from 0) of op to target of those without a name:
   the byte, or where the struct has no such word, that it is number `shown` (from 1) of all that
   tp_traverse shows. */
Label
struct_words_label(PyObject *op, PyObject *target, NamedWords named, size_t nth, Py_ssize_t shown);

#endif
