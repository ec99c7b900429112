/* growth_rows: what has grown, as rows. */

#ifndef GCSCOPE_GROWTH_ROWS_H
#define GCSCOPE_GROWTH_ROWS_H

#include "query/growth_account.h"
#include "query/growth_filling.h"
#include "query/growth_groups.h"
#include "runtime/rows.h"

/* What is known of the rounds so far. It stays where it is: its parts point to it. */
typedef struct {
    GrowthCensus census;
    Account account;
    Filling filling;
    Memory filling_memory;
    uint32_t mark; /* the number of the census at which it was marked; 0: it was not */
} GrowthFacts;

/* A number for a container that is in the census: where it stands there. */
uint32_t growth_number(const GrowthFacts *facts, PyObject *op);

/* New reference: the Grown, from a pass that was begun. NULL with an exception. */
PyObject *growth_rows(GrowthFacts *facts, Scan *scan);

#endif
