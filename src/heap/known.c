/* known.c: breadth first over everything, which costs a cache miss for each object and none for
   each reference.

   An atom, which leads nowhere, is met once and never queued; most objects are atoms. So the queue
   is short, however long a list is, and however deep untracked tuples lie in each other.

       meet     a reference: its target into the batch, the block of the map asked from memory
       flush    batch full: which targets are new? Their headers are asked from memory, then
                their types entered, and those that may lead on are queued, to be visited

   The tracked objects come first, in the order of their addresses; the queue is emptied between
   two of them. */

#include "heap/known.h"

#include <structmember.h> /* PyMemberDef, which Python.h has since 3.12 only */

#include "heap/interp.h"
#include "heap/unshown.h"

/* ---------------------------------------------------------- beyond tp_traverse */

static void
visit_static_type(PyTypeObject *type, visitproc visit, void *arg)
{
    PyObject *dict = type_dict(type);
    unshown_visit_if_any(dict, visit, arg);
    Py_XDECREF(dict); /* the type, or the interpreter, has it */
    unshown_visit_if_any(type->tp_bases, visit, arg);
    unshown_visit_if_any(type->tp_mro, visit, arg);
}

/* T_OBJECT and T_OBJECT_EX, and a flag, under the names that 3.12 gave them. */
enum { MEMBER_OBJECT = 6, MEMBER_OBJECT_EX = 16, MEMBER_RELATIVE = 8 };

static void
visit_members(PyObject *op, const PyTypeObject *type, visitproc visit, void *arg)
{
    const PyMemberDef *member = type->tp_members;
    for (; member != NULL && member->name != NULL; member++) {
        bool is_object = member->type == MEMBER_OBJECT || member->type == MEMBER_OBJECT_EX;
        if (is_object && (member->flags & MEMBER_RELATIVE) == 0 && member->offset > 0 &&
            member->offset + (Py_ssize_t)sizeof(PyObject *) <= type->tp_basicsize) {
            unshown_visit_if_any(*(PyObject **)((char *)op + member->offset), visit, arg);
        }
    }
}

void
known_visit_beyond(PyObject *op, visitproc visit, void *arg)
{
    PyTypeObject *type = Py_TYPE(op);
    unshown_visit(op, visit, arg);
    if (PyType_Check(op) && !PyType_HasFeature((PyTypeObject *)op, Py_TPFLAGS_HEAPTYPE)) {
        visit_static_type((PyTypeObject *)op, visit, arg);
    }
    else if (!PyType_IS_GC(type) && !PyCode_Check(op)) {
        for (; type != NULL; type = type->tp_base) {
            visit_members(op, type, visit, arg);
        }
    }
}

void
known_visit(PyObject *op, visitproc visit, void *arg)
{
    traverseproc traverse = known_traverse_of(op);
    if (traverse != NULL) {
        (void)traverse(op, visit, arg);
    }
    known_visit_beyond(op, visit, arg);
}

/* -------------------------------------------------------------------- entering */

enum {
    BATCH = 256,       /* blocks under way at once: their cache lines fit the first-level cache */
    OBJECTS_AHEAD = 6, /* objects whose headers are fetched before their turn */
    TYPES_KEPT = 64,   /* a power of two */
};

typedef struct {
    Memory *memory;
    AddrMap *map;
    AddrCursor cursor;
    PyObject *batch[BATCH];
    size_t batched;
    VEC(PyObject *) queue;           /* borrowed: new, and may lead on */
    PyTypeObject *types[TYPES_KEPT]; /* borrowed: some that were entered, by their addresses */
    bool failed;
} Finder;

static void finder_flush(Finder *finder);

/* A visitproc. */
static int
meet(PyObject *target, void *arg)
{
    Finder *finder = arg;
    if (finder->batched == BATCH) {
        finder_flush(finder);
    }
    PREFETCH(addrmap_block(finder->map, &finder->cursor, target));
    finder->batch[finder->batched++] = target;
    return finder->failed;
}

/* Whether visiting an object of this type can meet anything. */
static inline bool
leads_on(const PyTypeObject *type)
{
    return type != &PyUnicode_Type && type != &PyLong_Type && type != &PyFloat_Type &&
           type != &PyBytes_Type;
}

static void
queue_if_new(Finder *finder, PyObject *op)
{
    int is_new = addrmap_insert(finder->map, op);
    finder->failed |=
        is_new < 0 || (is_new > 0 && vec_push(finder->memory, &finder->queue, op) < 0);
}

static void
enter_type(Finder *finder, PyTypeObject *type)
{
    PyTypeObject **kept = &finder->types[(uintptr_t)type >> 6 & (TYPES_KEPT - 1)];
    if (*kept != type) {
        *kept = type;
        queue_if_new(finder, (PyObject *)type);
    }
}

static void
finder_flush(Finder *finder)
{
    PyObject *fresh[BATCH];
    size_t count = 0, batched = finder->batched;
    finder->batched = 0;
    for (size_t i = 0; i < batched && !finder->failed; i++) {
        int is_new = addrmap_insert(finder->map, finder->batch[i]);
        if (is_new != 0) {
            PREFETCH(finder->batch[i]);
            fresh[count++] = finder->batch[i];
            finder->failed |= is_new < 0;
        }
    }
    finder->cursor = ADDRMAP_NOWHERE; /* a cursor is good until an insert */
    for (size_t i = 0; i < count && !finder->failed; i++) {
        if (Py_REFCNT(fresh[i]) == 0) { /* dead: a module shows its list of spare objects */
            addrmap_remove(finder->map, fresh[i]);
            continue;
        }
        enter_type(finder, Py_TYPE(fresh[i]));
        if (leads_on(Py_TYPE(fresh[i]))) {
            finder->failed |= vec_push(finder->memory, &finder->queue, fresh[i]) < 0;
        }
    }
}

/* Visit what is queued, and what that adds. What is still in the batch then waits for more. */
static void
empty_queue(Finder *finder)
{
    for (size_t q = 0; q < finder->queue.length && !finder->failed; q++) {
        known_visit(finder->queue.items[q], meet, finder);
        unshown_visit_items(finder->queue.items[q], meet, finder);
    }
    finder->queue.length = 0;
}

static bool
meet_slot(void *finder, const FrameSlot *slot)
{
    (void)meet(slot->target, finder);
    return false;
}

/* Visit objects[0 .. count) and all that follows from them. */
static void
find_all(Finder *finder, PyObject *const *objects, size_t count)
{
    for (size_t n = 0; n < count && !finder->failed; n++) {
        if (n + OBJECTS_AHEAD < count) {
            PREFETCH(objects[n + OBJECTS_AHEAD]);
        }
        enter_type(finder, Py_TYPE(objects[n]));
        known_visit(objects[n], meet, finder);
        empty_queue(finder);
    }
    interp_running_slots(meet_slot, finder);
    while (finder->batched != 0 && !finder->failed) {
        finder_flush(finder);
        empty_queue(finder);
    }
}

int
known_enter(AddrMap *map, Memory *memory)
{
    Finder finder = {.memory = memory, .map = map, .cursor = ADDRMAP_NOWHERE};
    VEC(PyObject *) objects = {0}; /* borrowed */
    size_t count = map->count;
    int error = vec_reserve(memory, &objects, count);
    if (error == 0) {
        addrmap_number(map, (void **)objects.items);
        find_all(&finder, objects.items, count);
        error = finder.failed ? -1 : 0;
    }
    vec_fini(memory, &finder.queue);
    vec_fini(memory, &objects);
    return error;
}
