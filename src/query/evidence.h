/* evidence: who may have the references to an object that nobody shows.

   Its account is opened first: references that own it, less those that a tp_traverse or a running
   frame shows. What is left is looked for in one place after the other, what is certain first:

       evidence_stores.c    object arrays of numpy, waiting greenlets, tables of the
                            interpreter, signal handlers; words that hold the type of an object
       evidence_words.c     words of C structs, if the same word of all objects of that type agrees
                            with the accounts of what they lead to
       evidence_statics.c   static variables of libraries; evaluation stacks

   Every place makes claims on objects, which lower the account; the claims on the object that is
   asked about are the answer, and never more than its account has. Nothing is followed that is not
   known to be an object or a table. */

#ifndef GCSCOPE_EVIDENCE_H
#define GCSCOPE_EVIDENCE_H

#include "query/describer.h"
#include "runtime/scan.h"

/* Where a claim was found. */
typedef enum {
    CLAIM_MEMORY,   /* byte `place` of holder's struct, of the member `name` if it is one */
    CLAIM_TYPE,     /* holder is an instance of the object and does not show that */
    CLAIM_ARRAY,    /* item number `place` of holder */
    CLAIM_GREENLET, /* `slot` of a frame of holder, which waits */
    CLAIM_TABLE,    /* `name` of `owner` */
    CLAIM_STATIC,   /* a static variable of the library `name` */
    CLAIM_STACK,    /* `slot`, a word on the evaluation stack */
    CLAIM_KINDS,
} ClaimKind;

/* Pointers are borrowed; texts are static, or of a library that stays loaded. */
typedef struct {
    ClaimKind kind;
    PyObject *holder; /* NULL where it is no object */
    const char *owner;
    const char *name;
    size_t place;
    size_t instances; /* of CLAIM_MEMORY: how many words were compared with accounts */
    FrameSlot slot;
} Claim;

typedef struct {
    Memory *memory;
    const Heap *heap; /* borrowed: everything that is known */
    PyObject *target; /* borrowed */
    NodeId node;
    VEC(int32_t) left; /* node -> references that nobody has shown or claimed; 0 if immortal */
    VEC(Claim) claims; /* on the target */
    bool is_one_of;    /* there were more claims than references */
    bool failed;       /* out of memory */
} Evidence;

enum { EVIDENCE_MOST_CLAIMS = 1000 };

/* Whether references to the object are left for which there is no claim, and room for more. */
static inline bool
evidence_is_wanted(const Evidence *evidence)
{
    return !evidence->failed && evidence->left.items[evidence->node] > 0 &&
           evidence->claims.length < EVIDENCE_MOST_CLAIMS;
}

/* Lower the account of what is claimed, if that is a known object. */
void evidence_claim(Evidence *evidence, PyObject *target, const Claim *claim);

/* The places. */
void evidence_from_stores(Evidence *evidence);
void evidence_from_words(Evidence *evidence);
void evidence_from_statics(Evidence *evidence);
void evidence_from_stacks(Evidence *evidence);

/* New reference: a list of Evidence rows for one object; empty where all its references are shown,
   or nothing was found. A pass of its own. NULL with an exception. */
PyObject *evidence_find(ModuleState *state, const Describer *describer, PyObject *target);

/* Methods of the module, documented there. */
PyObject *evidence_unexplained(PyObject *module, PyObject *unused);
PyObject *evidence_of(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

#endif
