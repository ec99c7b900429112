/* fold: the references from one shown object to the next, as one label.

   Plain containers between two objects are not shown: `__dict__`, lists, cells and tuples become
   part of the label, so that it reads as a program would write it, and so that a `__dict__` that
   was made real changes nothing:

       instance -> its dict -> 'friends' -> list -> item 3        .friends[3]
       function -> closure -> cell -> contents                    cell x
       traceback -> tb_next -> tb_next -> tb_frame                .tb_next.tb_frame
       Context -> mapping -> node -> node -> value                [ContextVar 'tenant']
       lru_cache -> its dict -> key                               a cached key
       thread-local -> its dicts -> that of a thread -> 'user'    .user

   One decision, fold_next, says what a further reference adds; it is hashed or written. */

#ifndef GCSCOPE_FOLD_H
#define GCSCOPE_FOLD_H

#include "labels/edge_label.h"

/* Into what the last reference led, where what follows may say it without a word of its own. The
   numbers are part of hashes. */
typedef enum {
    FOLD_INTO_NOTHING = 0,
    FOLD_INTO_DICT = 1,    /* the __dict__ of an object */
    FOLD_INTO_MAPPING = 3, /* that of a Context, or a node of it */
    FOLD_INTO_CACHE = 4,   /* the dict of an lru_cache */
    FOLD_INTO_THREADS = 5, /* the dicts of a thread-local object, by thread */
} FoldInto;

/* What has been folded so far; zeroed, nothing has. */
typedef struct {
    bool has_part;
    bool is_variable; /* the first part names a variable, so that its cell says no more */
    bool is_chain;    /* the last one was of a chain, as tb_next is, which is told once */
    FoldInto into;
} Fold;

/* What a reference adds. */
typedef struct {
    bool is_alone;   /* what was there goes: it says all that the closure said */
    FoldInto before; /* the word for that first */
    bool has_part;   /* then `part` */
    Label part;
} FoldStep;

FoldStep fold_next(Fold *fold, const Label *label);

/* Whether a reference leads from a Context to its mapping, or in that from node to node. How many
   nodes lie between is a matter of addresses, up to FOLD_MOST_NODES. */
bool fold_is_inside_mapping(const Label *label);

enum { FOLD_MOST_NODES = 9 };

/* A label as a number, the same in every process: indexes and keys other than str left out. */
typedef struct {
    Fold fold;
    uint64_t hash;
} FoldHash;

void fold_hash_add(FoldHash *folded, const Label *label);

/* Of all that was added. */
uint64_t fold_hash_of(const FoldHash *folded);

/* New reference: labels[0 .. count) as one text, canonical as of edge_label_text. NULL with an
   exception: out of memory. */
PyObject *fold_text(const Label *labels, size_t count, bool canonical);

#endif
