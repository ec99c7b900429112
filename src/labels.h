/* labels: what the reference from one object to another is called.

   A label is found on demand, for the few edges that are told, by reading the object that holds the reference: no Python
   code runs, no __dict__ is made, no Python object is created until its text is wanted. What tp_traverse shows is the
   truth; a label only names it. Where no name is known, a truthful last resort counts the references that tp_traverse
   shows: "3rd reference of an x.Y".

   The kinds of holders are known in four ways, tried in this order:

       readers   types whose struct is public, or known to internals.h: containers, functions, frames, classes ...
       fields    types whose struct is private but simple: a table says what its words are
       members   whatever a type publishes as a member at an offset, __slots__ among them
       getters   types whose struct is private and varies: those getters that are known only to return what is there   */

#ifndef GCSCOPE_LABELS_H
#define GCSCOPE_LABELS_H

#include "base.h"

typedef enum {
    LABEL_UNNAMED,   /* index: which of the references that tp_traverse shows, from 1 */
    LABEL_ATTRIBUTE, /* name or text: an attribute that a program may set */
    LABEL_FIELD,     /* text: one that belongs to the interpreter or a library */
    LABEL_DICT,      /* the __dict__ of an instance, a class, a module, a function */
    LABEL_ITEM,      /* index: in a sequence */
    LABEL_VALUE,     /* name: the key of a dict (any object) under which it stands */
    LABEL_KEY,       /* a key of a dict */
    LABEL_ELEMENT,   /* in a set */
    LABEL_LOCAL,     /* name: a local variable of a frame */
    LABEL_CELL,      /* the contents of a cell */
    LABEL_VARIABLE,  /* name: from the closure of a function to the cell of a variable */
    LABEL_STACK,     /* on the evaluation stack of a frame */
    LABEL_OWN,       /* text: in words, such as "a cached key" */
} LabelKind;

typedef struct {
    LabelKind kind;
    const char *text; /* static, or part of the type */
    PyObject *name;   /* borrowed, or NULL */
    Py_ssize_t index;
    PyTypeObject *holder; /* borrowed */
} Label;

/* Return true to stop. */
typedef bool (*LabelVisitor)(void *arg, PyObject *target, Label label);

/* Visit every reference of op that can be named, in no particular order. Some may be shown by several names. `before` is an
   object that refers to op and through which one came here, or NULL: the closure of a function is named by it. */
void labels_visit(PyObject *op, PyObject *before, LabelVisitor visit, void *arg);

/* The name of the reference number `nth` (from 0) of op to target. */
Label labels_find(PyObject *op, PyObject *before, PyObject *target, size_t nth);

/* The names of the references number 0 .. count - 1 of op to target, in time that does not grow with count for each. */
void labels_find_all(PyObject *op, PyObject *target, Label *labels, size_t count);

/* A number that is the same for equal labels, indexes and keys other than str apart, also in another process. */
uint64_t labels_hash(const Label *label);

/* New reference: the text of a label; with canonical, indexes and keys other than str are [*]. */
PyObject *labels_text(const Label *label, bool canonical);

/* The word for a kind of label: 'attribute', 'field' ... */
const char *labels_word(LabelKind kind);

#endif
