/* growth_groups: which containers stand in the same place of a program's structure, and so are one
   grower: `app.registry[*].listeners`.

   Breadth-first from the modules, and from what else is held from outside, each object gets a
   parent. The shape of a container is the way up along the parents:

       list  <- .listeners <- Service  <- [*] <- dict <- .registry <- module app
                attribute                 any entry      attribute

   Containers of one type and shape belong together, if there are more than GROUP_ALONE of them or
   none has grown in every round; those are told one by one. */

#ifndef GCSCOPE_GROWTH_GROUPS_H
#define GCSCOPE_GROWTH_GROUPS_H

#include "query/growth_census.h"

enum { GROUP_ALONE = 3 };

/* A container that has grown. */
typedef struct {
    PyObject *op;               /* borrowed */
    const Container *container; /* borrowed */
    NodeId node;                /* in the listing */
    uint32_t group;             /* GROUP_NONE: it is no grower */
} Candidate;

#define GROUP_NONE UINT32_MAX

typedef VEC(Candidate) Candidates;

/* All listed containers of a census that have grown, but for the dicts in which classes have their
   subclasses: what keeps the classes is told. 0; -1 out of memory. */
int candidates_find(Candidates *candidates, Memory *memory, const Scan *scan,
                    const GrowthCensus *census);

/* Put candidates into groups, numbered from 0, that have grown in every round, each alone or
   together; the scan was judged. How many groups there are is in *groups. 0; -1 out of memory. */
int candidates_group(Candidates *candidates, Scan *scan, uint32_t every_round, uint32_t *groups);

#endif
