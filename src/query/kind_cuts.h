/* kind_cuts: which kinds of reference to make weak, so that no ring is left in a component whose
   references are the program's own data: objects, their attributes, their containers.

   Of a tree in which each node knows its parent no single reference is worth a cut: all are, every
   Node.parent. The references between shown objects are put together by their labels, over all
   classes of instances, and each such group has a score for how much it looks as though it went
   back to an owner:

       upwards    its name is one by which a child calls its parent               + 4
       fan        from many sources to few targets; from few to many              + 2 .. - 2
       age        from the younger object to the older; from older to younger     + 2 .. - 2
       direct     through no container; through one                               + 1/4, - 1/4
       class      it is called as the class of its target is                      + 1/2

   Weights and words were found on forty structures whose right cut is known (the table is in the
   tests). Age is the order in the collector's lists: that of birth, and after a collection the
   order in which its objects were found to be reachable, which is from owners to what they own.

       one group alone    leaves no ring: the one with the highest score, if that is above 1
       all above 0        and as many of the others as it takes; then those that are not needed are
                          left out, the least backward first
       one forwards       where that takes more than a few groups, or one that goes forwards, and
                          one group alone suffices: that one, which is not to be weak but dropped

   "Leaves no ring" is found out by one pass (acyclic.h); of a large component there are at most
   some dozens of them, and then more groups may be cut than it takes. What is freed is proven by
   letting counts fall (cascade.h). */

#ifndef GCSCOPE_KIND_CUTS_H
#define GCSCOPE_KIND_CUTS_H

#include "query/cycles.h"

typedef struct {
    uint64_t key; /* its label; of what is no instance, the kind itself */
    KindId example;
    uint32_t references;
    uint32_t sources, targets; /* different ones */
    uint32_t younger, aged; /* references from the younger object, twice, and those to itself, once;
                               of how many references ages are known */
    float score;
    PyTypeObject *asked;     /* borrowed: the type whose name was compared last */
    bool is_called_as_class; /* as that of one of its targets */
    bool is_upwards, is_item, may_cut, is_weakrefable, is_chosen;
} KindGroup;

typedef struct {
    Cycles *cycles; /* borrowed */
    Kinds *kinds;   /* borrowed: of the component */
    VEC(KindGroup) groups;
    Index group_keys;
    VEC(uint32_t) group_of; /* kind -> group, or INDEX_NONE: it leads to a folded container */
    VEC(KindId) cut_of;     /* kind -> the kind that is cut for it, or KIND_NONE */
    VEC(bool) is_cut;       /* kind -> whether its references are cut */
    VEC(uint32_t) ages;     /* node of the heap -> how late it came into its generation, or 0 */
    int aged;               /* generations of which that is known, the youngest first */
    NodeIds order;          /* scratch of acyclic_without */
    VEC(Edge) cuts;         /* the references that are cut */
    bool is_found;          /* whether a set of groups leaves no ring */
    bool is_upwards;        /* all of them are called as a child calls its parent */
    bool is_sure;           /* all of them have a score above 0, and a higher one than any other
                               reference of the ring */
    size_t sources;         /* different objects whose references are cut */
    size_t steps;           /* of a pass: kinds, and edges of the component */
    size_t passes;          /* so far, and how many are enough */
    size_t most_passes;
} KindCuts;

void kind_cuts_begin(KindCuts *cuts, Cycles *cycles);
void kind_cuts_fini(KindCuts *cuts);

/* Whether a form's ring, which is cycles->ring, is of such a kind: data of the program. */
bool kind_cuts_apply(Cycles *cycles);

/* Choose the groups for the specimen of a form: cuts->is_found, and then is_chosen of its groups,
   is_cut of its kinds, and the cuts. 0; -1 out of memory. */
int kind_cuts_choose(KindCuts *cuts, const Form *form);

#endif
