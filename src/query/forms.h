/* forms: how many rings there are of each form, and the one of them that is told.

   A form is known by a hash of 128 bits over its types and labels (cycles.h). A table of forms
   holds no object and no Python memory: it can outlive the pass in which the rings were found. */

#ifndef GCSCOPE_FORMS_H
#define GCSCOPE_FORMS_H

#include "base/vec.h"
#include "query/provenance.h"

typedef struct {
    uint64_t hash[2];
    size_t count;     /* rings of this form */
    size_t component; /* the specimen: a cyclic component, by its number in Scc.starts */
    size_t objects;   /* in the specimen's component */
    size_t dragged;   /* objects outside it that only the component keeps */
    uint64_t bytes;   /* of the component */
    uint64_t dragged_bytes;
    uint64_t digest; /* of the component's shape */
    uint64_t detail; /* of what is no part of the form, such as lines; 0: not looked at yet */
    size_t path;     /* of a ring that was chosen among others: where it stands in Cycles.paths */
    size_t length;   /* of that; 0: the component is nothing but its ring */
    bool exact;      /* whether all rings were searched */
    Provenance provenance; /* of every ring of this form */
} Form;

/* Zeroed, it is empty. */
typedef struct {
    VEC(Form) items;     /* in the order in which they were first met */
    VEC(uint32_t) slots; /* hash table: 1 + number of a form, or 0; a power of two, half full */
} Forms;

/* The form with this hash, new and with a count of 0 where there was none. NULL: out of memory. */
Form *forms_find(Forms *forms, Memory *memory, const uint64_t hash[2]);
void forms_fini(Forms *forms, Memory *memory);

/* The form with this hash, or NULL where there is none. */
Form *forms_known(const Forms *forms, const uint64_t hash[2]);

/* Whether a is to be the specimen rather than b: the one with the larger component, then with most
   that it drags along, then of most bytes, its own before those, then with the smaller digest and
   detail; so that it is the same one in the next run. Above 0: it is; 0: they are alike. */
int forms_compare(const Form *a, const Form *b);

#endif
