/* suspicions: what words and visits of a type's instances speak against it, until all of them have
   been heard.

   A suspicion is of a place, a type and an offset in its struct: "byte 24 of an x.Y is owned and
   not visited". Each instance that has something at that place is a claim on the object that it
   leads to; one counterexample is enough to drop the suspicion, since a type does the same with all
   its instances:

       x.Y  byte 24 -> a    a has a reference that nobody shows    a claim
       x.Y  byte 24 -> b    all references to b are shown          the word is borrowed

   Claims on one object can be more than the references that nobody shows. Where those are claims of
   one suspicion, that is a counterexample as well; else some of them are false, and a suspicion
   that has no other claims is shared. */

#ifndef GCSCOPE_SUSPICIONS_H
#define GCSCOPE_SUSPICIONS_H

#include "base/index.h"

typedef enum {
    FAULT_NO_GC,      /* owns objects that can be in rings, and has no Py_TPFLAGS_HAVE_GC */
    FAULT_NO_VISIT,   /* has it, and its tp_traverse does not show the field */
    FAULT_NO_TYPE,    /* the instances of a heap type do not show their type */
    FAULT_OVER_VISIT, /* its tp_traverse shows what the instances do not own */
    FAULT_NO_CLEAR,   /* rings can be made of its instances, and nothing in them has a tp_clear */
} Fault;

/* An offset that is no place in the struct: behind a pointer, or not known. */
#define NO_PLACE SIZE_MAX

typedef struct {
    PyTypeObject *type; /* borrowed: the one to blame */
    size_t offset;
    Fault fault;
    size_t instances;
    size_t targets;     /* different objects that they have there */
    size_t alone;       /* claims that are not shared */
    size_t unaccounted; /* claims that no suspicion with claims of its own makes as well */
    bool is_item;       /* the place is that of the items, as many as there are */
    bool is_contradicted;
    PyObject *specimen; /* borrowed: an instance, the last one that was heard */
    PyObject *target;   /* borrowed: what it has there */
} Suspicion;

typedef struct {
    uint32_t suspicion;
    NodeId target;
} Claim;

typedef struct {
    Memory *memory;
    Index index;
    VEC(Suspicion) items; /* by the numbers of index */
    VEC(Claim) claims;
} Suspicions;

void suspicions_init(Suspicions *suspicions, Memory *memory);
void suspicions_fini(Suspicions *suspicions);

/* Find the suspicion of a place, and make it where it is new. NULL: out of memory. The pointer is
   good until the next call. */
Suspicion *suspicions_at(Suspicions *suspicions, Fault fault, PyTypeObject *type, size_t offset);

/* The same, where there is one; else NULL. */
Suspicion *
suspicions_find(const Suspicions *suspicions, Fault fault, PyTypeObject *type, size_t offset);

/* Note that an instance has a target there. 0; -1: out of memory. */
int suspicions_claim(Suspicions *suspicions, Suspicion *suspicion, PyObject *specimen,
                     PyObject *target, NodeId node);

/* Compare the claims with the unexplained references of `count` nodes, negative where more is shown
   than owned. Contradict suspicions that claim more of a node than that, and over-visits that
   others account for; count which claims of the rest are not shared. 0; -1: out of memory. */
int suspicions_weigh(Suspicions *suspicions, const int32_t *unexplained, size_t count);

#endif
