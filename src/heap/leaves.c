/* leaves.c: a reference goes through two waits for memory, so that it is put into a batch:

       tp_traverse, unshown_visit -> visit_leaf: block of the map of tracked objects asked for
       batch full -> flush, first:    a tracked one is dropped; others are asked for themselves
                  -> flush, then:     take_reference: count and table, or free_leaf */

#include "heap/leaves.h"

#include "heap/interp.h"
#include "heap/sizes.h"
#include "heap/unshown.h"

void
leaves_begin(Leaves *leaves, Memory *memory, const Heap *heap)
{
    *leaves = (Leaves){.memory = memory, .heap = heap, .cursor = ADDRMAP_NOWHERE, .by = -1};
}

void
leaves_fini(Leaves *leaves)
{
    if (leaves->memory != NULL) {
        vec_fini(leaves->memory, &leaves->places);
        vec_fini(leaves->memory, &leaves->freed);
    }
}

/* -------------------------------------------------------------------- the table */

static Leaf *
place_of(Leaf *places, size_t count, const void *address)
{
    const uint64_t spread = UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(((uint64_t)(uintptr_t)address * spread) >> 32) & (count - 1);
    while (places[at].address != NULL && places[at].address != address) {
        at = (at + 1) & (count - 1);
    }
    return &places[at];
}

/* 0 or -1. */
static int
grow(Leaves *leaves)
{
    enum { FIRST = 256 };
    size_t wanted = leaves->places.length != 0 ? 2 * leaves->places.length : FIRST;
    LeafTable larger = {0};
    if (vec_zeros(leaves->memory, &larger, wanted) < 0) {
        return -1;
    }
    for (size_t p = 0; p < leaves->places.length; p++) {
        const Leaf *leaf = &leaves->places.items[p];
        if (leaf->address != NULL) {
            *place_of(larger.items, wanted, leaf->address) = *leaf;
        }
    }
    vec_fini(leaves->memory, &leaves->places);
    leaves->places = larger;
    return 0;
}

/* The place of a leaf, made where it is new; NULL: out of memory. */
static Leaf *
leaf_of(Leaves *leaves, PyObject *op)
{
    if (2 * (leaves->count + 1) > leaves->places.length && grow(leaves) < 0) {
        return NULL;
    }
    Leaf *leaf = place_of(leaves->places.items, leaves->places.length, op);
    if (leaf->address == NULL) {
        Py_ssize_t count = Py_REFCNT(op) - world_dying_references(leaves->heap->world, op);
        count -= PyUnicode_CheckExact(op) ? interp_cached_references(&leaves->names, op) : 0;
        leaves->count++;
        *leaf = (Leaf){
            .address = op,
            .left = count < INT32_MAX ? (int32_t)count : INT32_MAX,
            .account = leaves->account,
        };
    }
    return leaf;
}

/* --------------------------------------------------------------- what is held */

/* Whether references may come from a leaf: not from texts and numbers. */
static inline bool
may_refer(PyObject *op)
{
    const unsigned long atoms =
        Py_TPFLAGS_UNICODE_SUBCLASS | Py_TPFLAGS_BYTES_SUBCLASS | Py_TPFLAGS_LONG_SUBCLASS;
    return PyType_IS_GC(Py_TYPE(op)) ||
           ((Py_TYPE(op)->tp_flags & atoms) == 0 && !PyFloat_CheckExact(op));
}

static void
free_leaf(Leaves *leaves, PyObject *op, LeafAccount account)
{
    uint64_t bytes = sizes_object_bytes(op);
    FreedLeaf freed = {op, account};
    leaves->total += bytes;
    leaves->inner += account.is_kept ? 0 : bytes;
    leaves->own += account.owner == leaves->opened.owner ? bytes : 0;
    if (leaves->note != NULL) {
        leaves->has_failed |= leaves->note(leaves->note_arg, op, account) < 0;
    }
    if (may_refer(op)) {
        leaves->has_failed |= vec_push(leaves->memory, &leaves->freed, freed) < 0;
    }
}

/* A reference to an untracked object. */
static void
take_reference(Leaves *leaves, PyObject *op)
{
    if (Py_REFCNT(op) == 1 && !leaves->is_sharing) {
        free_leaf(leaves, op, leaves->account);
        return;
    }
    Leaf *leaf = leaf_of(leaves, op);
    if (leaf == NULL) {
        leaves->has_failed = true;
        return;
    }
    if (leaf->account.owner != leaves->account.owner) {
        leaf->account.owner = LEAVES_NOBODY;
    }
    leaf->account.is_kept |= leaves->account.is_kept;
    if (leaf->left != INT32_MAX) {
        leaf->left += leaves->by;
        if (leaf->left == 0 && leaves->by < 0) {
            free_leaf(leaves, op, leaf->account);
        }
    }
}

static inline bool
is_tracked(PyObject *op)
{
    return PyType_IS_GC(Py_TYPE(op)) && PyObject_GC_IsTracked(op);
}

#if GCSCOPE_FREE_THREADED

/* Whether a tracked object that is no node is a tuple that the listing has left out, since nothing
   in it is a node: as the collector lets go of it, which comes before it judges there. */
static bool
is_left_out(const Leaves *leaves, PyObject *op)
{
    bool is_atomic = PyTuple_CheckExact(op);
    for (Py_ssize_t i = 0; is_atomic && i < PyTuple_GET_SIZE(op); i++) {
        PyObject *item = PyTuple_GET_ITEM(op, i);
        is_atomic = item == NULL || !is_tracked(item) ||
                    (PyTuple_CheckExact(item) && !addrmap_has(&leaves->heap->map, item));
    }
    return is_atomic;
}

#else

static inline bool
is_left_out(const Leaves *Py_UNUSED(leaves), PyObject *Py_UNUSED(op))
{
    return false;
}

#endif

static void
flush(Leaves *leaves)
{
    size_t batched = leaves->batched, others = 0;
    leaves->batched = 0;
    for (size_t b = 0; b < batched; b++) {
        PyObject *target = leaves->batch[b].target;
        NodeId any;
        if (!addrmap_rank(leaves->batch[b].block, addrmap_bit(target), &any)) {
            PREFETCH(target);
            leaves->batch[others++].target = target;
        }
    }
    for (size_t b = 0; b < others && !leaves->has_failed; b++) {
        PyObject *target = leaves->batch[b].target;
        if (!is_immortal(target) && (!is_tracked(target) || is_left_out(leaves, target))) {
            take_reference(leaves, target);
        }
    }
}

static int
visit_leaf(PyObject *target, void *arg)
{
    Leaves *leaves = arg;
    const AddrBlock *block = addrmap_block(&leaves->heap->map, &leaves->cursor, target);
    PREFETCH(block);
    leaves->batch[leaves->batched++] = (LeafVisit){block, target};
    if (leaves->batched == LEAVES_BATCH) {
        flush(leaves);
    }
    return 0;
}

/* ------------------------------------------------------------------- references */

/* Some of what a generator shows it does not own: that is given first, so that what it owns besides
   is not freed too early. Where the two cannot be told apart nothing is taken. */
static void
take_generator(Leaves *leaves, PyObject *op)
{
    if (!interp_knows_borrowing()) {
        return;
    }
    flush(leaves);
    leaves->is_sharing = true;
    leaves->by = 1;
    interp_visit_borrowed(op, visit_leaf, leaves);
    flush(leaves);
    leaves->by = -1;
    (void)Py_TYPE(op)->tp_traverse(op, visit_leaf, leaves);
    flush(leaves);
    leaves->is_sharing = false;
}

void
leaves_open(Leaves *leaves, uint32_t owner, bool is_kept)
{
    leaves->opened.owner = owner & LEAVES_NOBODY;
    leaves->opened.is_kept = is_kept;
    leaves->account = leaves->opened;
    leaves->own = 0;
}

void
leaves_take(Leaves *leaves, PyObject *op)
{
    if (interp_may_borrow(op)) {
        take_generator(leaves, op);
        return;
    }
    if (PyObject_IS_GC(op) && Py_TYPE(op)->tp_traverse != NULL) {
        (void)Py_TYPE(op)->tp_traverse(op, visit_leaf, leaves);
    }
    unshown_visit(op, visit_leaf, leaves);
    unshown_visit_items(op, visit_leaf, leaves);
}

int
leaves_settle(Leaves *leaves)
{
    flush(leaves);
    while (leaves->freed.length != 0 && !leaves->has_failed) {
        FreedLeaf next = leaves->freed.items[--leaves->freed.length];
        leaves->account = next.account;
        leaves_take(leaves, next.op);
        flush(leaves);
    }
    leaves->account = leaves->opened;
    return leaves->has_failed ? -1 : 0;
}
