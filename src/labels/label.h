/* label: what one reference is called, before it is text; and how readers hand references on.

   A reader knows one kind of object and the names of what it refers to. It emits each reference,
   target and Label, into an EdgeSink, and ends as soon as that wants no more:

       list [a, b] -> read_list -> emit(a, ITEM 0), emit(b, ITEM 1) -> the sink's LabelFunc

   Nothing is made for it: texts are static or belong to the type, names and targets are borrowed
   from an object that is alive. Only edge_label.c makes texts. */

#ifndef GCSCOPE_LABEL_H
#define GCSCOPE_LABEL_H

#include "base/compat.h"

typedef enum {
    LABEL_UNNAMED,   /* index: which of the references that tp_traverse shows, from 1 */
    LABEL_ATTRIBUTE, /* name or text: an attribute that a program may set */
    LABEL_FIELD,     /* text: one that belongs to the interpreter or a library */
    LABEL_DICT,      /* the __dict__ of an instance, a class, a module, a function */
    LABEL_ITEM,      /* index: in a sequence; below 0: anywhere in a container */
    LABEL_VALUE,     /* name: the key of a dict (any object) under which it stands */
    LABEL_KEY,       /* a key of a dict */
    LABEL_ELEMENT,   /* in a set */
    LABEL_LOCAL,     /* name: a local variable of a frame */
    LABEL_CELL,      /* the contents of a cell */
    LABEL_VARIABLE,  /* name: from the closure of a function to the cell of a variable */
    LABEL_STACK,     /* on the evaluation stack of a frame */
    LABEL_OWN,       /* text: in words, such as "a cached key" */
    LABEL_BYTE,      /* index: where it stands in the object's own struct, in bytes */
} LabelKind;

/* A text ends at a space, but for LABEL_OWN: it may be one of several in a table, see has_word. The
   index of an attribute or a field is where it stands in the struct, in bytes, or 0: not known. */
typedef struct {
    LabelKind kind;
    const char *text; /* static, or part of the type */
    PyObject *name;   /* borrowed, or NULL */
    Py_ssize_t index;
    PyTypeObject *holder; /* borrowed */
} Label;

/* Whether a label says which of the references of an object it is, not what it is called. */
static inline bool
label_is_last_resort(const Label *label)
{
    return label->kind == LABEL_UNNAMED || label->kind == LABEL_BYTE;
}

/* Return true to stop. */
typedef bool (*LabelFunc)(void *arg, PyObject *target, Label label);

/* Where the references of one object go. */
typedef struct {
    LabelFunc visit;
    void *arg;
    PyTypeObject *holder; /* borrowed: the type of the object */
} EdgeSink;

/* Hand a reference on; NULL, an empty field, is none. Return whether the sink wants no more. */
static inline bool
emit(const EdgeSink *sink, PyObject *target, Label label)
{
    label.holder = sink->holder;
    return target != NULL && sink->visit(sink->arg, target, label);
}

static inline bool
emit_field(const EdgeSink *sink, PyObject *target, const char *text)
{
    return emit(sink, target, (Label){.kind = LABEL_FIELD, .text = text});
}

static inline bool
emit_attribute(const EdgeSink *sink, PyObject *target, const char *text)
{
    return emit(sink, target, (Label){.kind = LABEL_ATTRIBUTE, .text = text});
}

/* Whether a word is one of `words`, which have a space between: so tables hold many names in one
   string. */
static inline bool
has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    while (*words != '\0') {
        size_t size = strcspn(words, " ");
        if (size == length && memcmp(words, word, size) == 0) {
            return true;
        }
        words += size;
        words += strspn(words, " ");
    }
    return false;
}

#endif
