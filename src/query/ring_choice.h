/* ring_choice: which of a component's rings stands for it.

   A component that is nothing but a ring has no choice. In any other there are many rings, and
   mostly many that are equally short; the one that is told must be the same in every run, and the
   one that most members are on: parent and child of a tree, not two siblings or the hub's own
   attribute. So

       label      every reference has its kind (kinds.h)
       colour     members that look alike are of one colour (refine.h)
       order      members stand in the order in which they are met from one that is of the rarest
                  colour, rows read as the program sees them; so nothing hangs on addresses
       search     the shortest rings through one member of each colour, the largest classes first
                  (rings.h), each counting for all members of that colour
       choose     among the words that are frequent, at least half as often met as the one that is
                  met most, and by a quarter of the objects: labels alone count there, so that the
                  handlers of nine classes are one. Else among the shortest. Of those: one with an
                  object of the program's own, of few types, not by way of a class, with a name
                  that goes upwards, short, through a container, over few hops; the smallest hash
                  decides the rest.

   Several rings may have the word that is chosen, at members that look alike: then the one is told
   with the smallest detail, the lowest indexes, then a hash of lines and names, among as many as a
   budget allows.

   The search has a budget of steps; where it is spent, what was found until then decides, which is
   the same in every run, too. Colours do not tell all that differs (refine.h): of members of one
   colour that are not alike, the first in order stands for all. */

#ifndef GCSCOPE_RING_CHOICE_H
#define GCSCOPE_RING_CHOICE_H

#include "graph/rings.h"
#include "query/kinds.h"

/* Shown members of one colour. */
struct ColourClass {
    uint64_t colour;
    uint32_t count;
    uint32_t first; /* place of its first member in order */
};

typedef struct {
    uint64_t key;    /* of the word, from its smallest rotation */
    uint64_t labels; /* of the labels alone */
    uint64_t weight; /* members whose shortest ring it is */
    size_t length;   /* shown nodes */
    size_t path;     /* where its nodes and edges stand in `paths` */
    size_t nodes;    /* of the ring */
    uint64_t colour; /* of the start from which it was found first */
    uint32_t start;  /* the number of the start for which it was counted last */
    size_t hops;     /* its references, those to a __dict__ left out */
    size_t types;    /* different colours on it */
    bool is_own, is_upwards, is_item, is_unnamed, is_of_class;
} RingWord;

typedef struct {
    Memory *memory;
    Part part;
    Kinds kinds;
    Rings rings;
    VEC(uint64_t) sums; /* node -> scratch of refine_colours */
    Index colours;      /* of shown members; a sample where they are very many */
    VEC(struct ColourClass) classes;
    Index word_keys; /* in which words are found */
    VEC(RingWord) words;
    Index label_keys;
    VEC(uint64_t) label_weights;
    VEC(uint32_t) paths; /* of each word: its nodes, then the edges from each of them */
    VEC(uint64_t) word;  /* the one that is read */
    uint64_t weight;     /* of the start that is searched from */
    uint64_t colour;     /* of that start */
    uint32_t start;      /* its number */
    size_t best;         /* the word that is chosen */
    uint64_t detail;     /* the smallest one of a ring with that word */
    uint64_t read;       /* edges of rows that were read for details, and how many are enough */
    uint64_t most_read;
    uint64_t digest; /* of the component's shape */
    bool exact;      /* whether all was searched */
} RingChoice;

/* Begin, for the components of a graph of chosen objects, of which the arrays are borrowed. */
void ring_choice_begin(RingChoice *choice, const Heap *heap, const NodeId *nodes, Graph *graph,
                       const NodeId *component, FactsOfTypes *facts);
void ring_choice_fini(RingChoice *choice);

/* Label the component of members[0 .. count), if it is not labelled already: choice->part and
   choice->kinds. 0; -1 out of memory. */
int ring_choice_label(RingChoice *choice, const NodeId *members, size_t count);

/* Give up the memory that only ring_choice_look and _find need, if it is much. The kinds stay. */
void ring_choice_release(RingChoice *choice);

/* Label and colour the component of members[0 .. count). After this choice->digest is known:
   components with equal ones are told as of one form. 0; -1 out of memory. */
int ring_choice_look(RingChoice *choice, const NodeId *members, size_t count);

/* After that: put the members into order, search, and choose. `ring`: the nodes of the chosen one,
   by their numbers in the whole graph. places[i]: which of the parallel references from ring[i] to
   the next it is, from 0. 0; -1 out of memory. */
int ring_choice_find(RingChoice *choice, Path *ring, NodeIds *places);

#endif
