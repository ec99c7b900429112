/* leaves: the memory of untracked objects that some tracked ones hold, and nothing else does.

   A string is in no list of the collector's; what is known of it is who refers to it. So the
   objects of a set are gone through, and from the reference count of each untracked object that
   they lead to (a leaf) one is taken for each of their references. A leaf whose count comes to 0 is
   held by them alone: it would go with them, its bytes are counted, once, and its own references
   (those of an untracked tuple, dict or code object) are taken in turn. One whose count stays above
   0 is held from outside too. It is what reference counting itself does, on a copy of the counts.

       leaves_open     whose references come now: an account, such as a component or what it keeps
       leaves_take     the references of one object
       leaves_settle   what is known then: the bytes of that account, and of all

   A leaf belongs to an account if all its references come from there; where several have a share in
   it it belongs to none, and is in the sums alone. A leaf with one reference, as most have, needs
   no memory; others take 16 bytes in a hash table. Tracked objects are never entered: they are the
   heap's own nodes. Immortal objects never go.

   No Python code runs and no Python object is touched but to be read. */

#ifndef GCSCOPE_LEAVES_H
#define GCSCOPE_LEAVES_H

#include "heap/heap.h"
#include "heap/interp_tables.h"

/* Whose a reference is. Of one owner there may be two accounts: what it is, and what it keeps. */
typedef struct {
    uint32_t owner : 31;
    uint32_t is_kept : 1;
} LeafAccount;

#define LEAVES_NOBODY (UINT32_MAX >> 1) /* the owner of what several have a share in */

typedef struct {
    const void *address; /* compared only; NULL: a free place */
    int32_t left;        /* references that were not taken yet */
    LeafAccount account;
} Leaf;

typedef VEC(Leaf) LeafTable; /* a power of two, at most half full */

typedef struct {
    PyObject *op; /* borrowed */
    LeafAccount account;
} FreedLeaf;

/* Told of each leaf that is freed. 0; -1: out of memory. */
typedef int (*LeafNote)(void *arg, PyObject *op, LeafAccount account);

enum { LEAVES_BATCH = 64 };

typedef struct {
    const AddrBlock *block;
    PyObject *target; /* borrowed */
} LeafVisit;

typedef struct {
    Memory *memory;
    const Heap *heap; /* borrowed: its objects are known to be tracked */
    AddrCursor cursor;
    LeafTable places;
    size_t count;
    CachedNames names;    /* their references in the cache of methods hold nothing */
    VEC(FreedLeaf) freed; /* whose references are still to be taken */
    LeafVisit batch[LEAVES_BATCH];
    size_t batched;
    LeafAccount opened;  /* by leaves_open */
    LeafAccount account; /* of the references that come now: that, or a freed leaf's */
    int by;          /* -1: they are taken; 1: they are given, since one that comes owns nothing */
    bool is_sharing; /* one reference may be shown more than once */
    bool has_failed;
    LeafNote note; /* NULL, or set by the caller after leaves_begin */
    void *note_arg;
    uint64_t own;   /* bytes of leaves that the opened account's owner alone holds, since then */
    uint64_t total; /* bytes of all that were freed */
    uint64_t inner; /* of those to which no account has led that is_kept */
} Leaves;

/* Begin, with the heap of the pass. leaves_fini may be called on zeroed memory. */
void leaves_begin(Leaves *leaves, Memory *memory, const Heap *heap);
void leaves_fini(Leaves *leaves);

/* What is taken from here on is on this account; leaves->own is 0. After leaves_settle. */
void leaves_open(Leaves *leaves, uint32_t owner, bool is_kept);

/* Take the references of an object, once in all. It may be untracked itself. */
void leaves_take(Leaves *leaves, PyObject *op);

/* Bring the sums up to date. 0; -1 out of memory. */
int leaves_settle(Leaves *leaves);

#endif
