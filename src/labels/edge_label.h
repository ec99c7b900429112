/* edge_label: the name of one reference, in words and as a number.

   A label is found on demand, for the few edges that a report has. What tp_traverse shows is the
   truth; a label only names it. Two lists of an object's references to a target are laid side by
   side:

       named   referents_visit   attribute x,  item 3
       shown   tp_traverse         1st,          2nd,    4th     of all references of the object
       labels  find_labels       attribute x,  item 3,  "4th reference of the x.Y"

   Which of the named ones is which of the shown ones does not matter: all lead to the same target.
   Where no name is left, the truthful last resort is the byte of the object's struct at which it
   stands (struct_words.h), and where that has it not, the place among what tp_traverse shows.

       edge_label_find, _find_all   a Label
       edge_label_hash              what is the same about it in every process
       edge_label_text              a str; edge_label_quoted its part for keys */

#ifndef GCSCOPE_EDGE_LABEL_H
#define GCSCOPE_EDGE_LABEL_H

#include "labels/referents.h"
#include "labels/struct_words.h"

/* Return the name of the reference number `nth` (from 0) of op to target; `before` as in
   referents.h. */
Label edge_label_find(PyObject *op, PyObject *before, PyObject *target, size_t nth);

/* Write the names of the references number 0 .. count - 1 of op to target, in time that does not
   grow with count for each. */
void edge_label_find_all(PyObject *op, PyObject *target, Label *labels, size_t count);

/* Borrowed or NULL: the name in a label that tells it from others: a str, or the name of the
   context variable that it is. */
PyObject *edge_label_name(const Label *label);

/* Return a number that is the same for equal labels, indexes and keys other than str apart, also in
   another process. */
uint64_t edge_label_hash(const Label *label);

/* New reference: the text of a label; with canonical, indexes and keys other than str are [*]. NULL
   with an exception: out of memory. */
PyObject *edge_label_text(const Label *label, bool canonical);

/* Whether the two texts of a label are the same: it has no index, and no key but a str. */
bool edge_label_is_canonical(const Label *label);

/* New reference: a str in quotes between [ and ]; a subclass's own repr is not asked. NULL with an
   exception: out of memory. */
PyObject *edge_label_quoted(PyObject *name);

/* Return the word for a kind of label: 'attribute', 'field' ... */
const char *edge_label_kind(LabelKind kind);

#endif
