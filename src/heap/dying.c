#include "heap/dying.h"

#include "heap/interp.h"
#include "heap/interp_world.h"
#include "heap/known.h"

#if GCSCOPE_FREE_THREADED

typedef struct {
    Dying *dying;
    Memory *memory;
    AddrMap *map;
    bool failed;
} Finder;

/* Where the references to an object are counted; NULL: nobody asks for them, or out of memory. */
static Py_ssize_t *
count_of(Finder *finder, PyObject *target)
{
    Dying *dying = finder->dying;
    if (is_immortal(target)) {
        return NULL;
    }
    uint32_t number = index_enter(&dying->targets, finder->memory, (uint64_t)(uintptr_t)target);
    bool is_new = number == dying->references.length;
    finder->failed |=
        number == INDEX_NONE || (is_new && vec_push(finder->memory, &dying->references, 0) < 0);
    return finder->failed ? NULL : &dying->references.items[number];
}

/* Whether they have all its references, and their last one frees it. */
static bool
dies_without(PyObject *op, Py_ssize_t references)
{
    return !world_is_deferred(op) && !world_is_queued(op) &&
           references == (PyDict_Check(op) ? world_all_references(op) : world_references(op));
}

static int
meet(PyObject *target, void *arg)
{
    Finder *finder = arg;
    Py_ssize_t *count = count_of(finder, target);
    if (count != NULL && dies_without(target, ++*count)) {
        addrmap_remove(finder->map, target);
        finder->failed |= vec_push(finder->memory, &finder->dying->objects, target) < 0;
    }
    return finder->failed;
}

/* A reference that owns nothing, and is shown all the same. */
static int
meet_unowned(PyObject *target, void *arg)
{
    Py_ssize_t *count = count_of(arg, target);
    if (count != NULL) {
        --*count;
    }
    return ((Finder *)arg)->failed;
}

int
dying_find(Dying *dying, Memory *memory, AddrMap *map)
{
    Finder finder = {dying, memory, map, false};
    for (size_t i = 0; i < dying->objects.length && !finder.failed; i++) {
        PyObject *op = dying->objects.items[i];
        traverseproc traverse = known_traverse_of(op);
        if (interp_may_borrow(op)) {
            if (!interp_knows_borrowing()) {
                continue; /* what it refers to looks as if C code had it */
            }
            interp_visit_borrowed(op, meet_unowned, &finder);
        }
        if (traverse != NULL) {
            (void)traverse(op, meet, &finder);
        }
    }
    return finder.failed ? -1 : 0;
}

Py_ssize_t
dying_references(const Dying *dying, PyObject *op)
{
    uint32_t number = index_find(&dying->targets, (uint64_t)(uintptr_t)op);
    return number != INDEX_NONE ? dying->references.items[number] : 0;
}

void
dying_end(Dying *dying, Memory *memory)
{
    for (size_t i = 0; i < dying->owned; i++) {
        Py_DECREF(dying->objects.items[i]);
    }
    if (memory != NULL) {
        vec_fini(memory, &dying->objects);
        vec_fini(memory, &dying->references);
        index_fini(&dying->targets, memory);
    }
    dying->owned = 0;
}

#endif
