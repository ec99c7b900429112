/* cut_trials: what reference counting would free, were one reference of a ring gone, or all that
   are like it, or all that one object may let go of. Every answer is proven on the graph, by
   letting the counts fall (cascade.h).

       cut_trials_select     a form: its ring is searched again, and what is tried from now on is
                             tried on it
       cut_trials_one        one reference of the ring
       cut_trials_alike      all references of the component with its label
       cut_trials_clearing   all references of one object to the component that a program may
                             change
       cut_trials_isolate    ... as though no other ring held this one

   A live ring is held from outside of its component, and a ring that another one leads to is held
   by that: then any cut would free nothing. Such references, the entries, are taken off the counts
   of the component that is selected, as though nothing else held it. */

#ifndef GCSCOPE_CUT_TRIALS_H
#define GCSCOPE_CUT_TRIALS_H

#include "query/cycles.h"

typedef struct {
    Cycles *cycles;      /* borrowed */
    AddrCursor cursor;   /* of the map of the heap */
    VEC(uint32_t) shown; /* number -> references that a row shows: all 0 between two calls */
    VEC(Edge) cuts;
    VEC(uint32_t) entries; /* number -> references from outside its component; or empty */
    const Form *isolated;  /* borrowed or NULL: the form whose entries are off the counts */
} CutTrials;

enum { CLEARING_LABELS = 8 };

typedef struct {
    int64_t freed;
    size_t references;
    size_t label_count;
    Label labels[CLEARING_LABELS]; /* what they are called, each once; not of very many */
} ClearingTrial;

void cut_trials_init(CutTrials *trials, Cycles *cycles);
void cut_trials_fini(CutTrials *trials);

/* 0; -1 out of memory. */
int cut_trials_select(CutTrials *trials, const Form *form);

/* Until the next cut_trials_select. 1; 0: no other ring holds this one; -1: out of memory. */
int cut_trials_isolate(CutTrials *trials, const Form *form);

/* How many objects would be freed if these references went. -1: out of memory. */
int64_t cut_trials_edges(CutTrials *trials, const Edge *edges, size_t count);

/* How many objects would be freed if the reference from ring[i] to the next one went. -1: out of
   memory. */
int64_t cut_trials_one(CutTrials *trials, size_t i);

/* The same with every reference of the component that has the same label and, unless that is an
   attribute, comes from an object of the same type; how many there are in *references. */
int64_t cut_trials_alike(CutTrials *trials, const Form *form, size_t i, size_t *references);

/* The same with every reference from ring[i], and its __dict__, to the component that a program may
   change, as with a close() of that object. 0; -1: out of memory. */
int cut_trials_clearing(CutTrials *trials, size_t i, ClearingTrial *trial);

#endif
