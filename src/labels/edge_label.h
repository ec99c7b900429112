/* labels: what the reference from one object to another is called.

   A label is found on demand, for the few edges that are told. What tp_traverse shows is the truth;
   a label only names it. Where no name is known, a truthful last resort counts the references that
   tp_traverse shows: "3rd reference of an x.Y". */

#ifndef GCSCOPE_EDGE_LABEL_H
#define GCSCOPE_EDGE_LABEL_H

#include "labels/referents.h"

/* The name of the reference number `nth` (from 0) of op to target. */
Label edge_label_find(PyObject *op, PyObject *before, PyObject *target, size_t nth);

/* The names of the references number 0 .. count - 1 of op to target, in time that does not grow
   with count for each. */
void edge_label_find_all(PyObject *op, PyObject *target, Label *labels, size_t count);

/* A number that is the same for equal labels, indexes and keys other than str apart, also in
   another process. */
uint64_t edge_label_hash(const Label *label);

/* New reference: the text of a label; with canonical, indexes and keys other than str are [*]. */
PyObject *edge_label_text(const Label *label, bool canonical);

/* The word for a kind of label: 'attribute', 'field' ... */
const char *edge_label_kind(LabelKind kind);

#endif
