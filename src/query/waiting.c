/* waiting.c: three walks over what was chosen, each through what is not marked yet:

       mark_rings     from the members of all components: they are in a ring, or kept by one
       mark_deferred  from each object whose counting is deferred
       mark_queued    from each that a queue of a thread has, or a list of what is put off

   What is left then is kept by something that was not chosen. */

#include "query/waiting.h"

#include "heap/interp_world.h"
#include "types/roll_call.h"

#if GCSCOPE_FREE_THREADED

enum { IN_RING = WAITING_REASONS, UNMARKED = WAITING_NOT };

static const char *const why_words[] = {
    [WAITING_DEFERRED] = "deferred",
    [WAITING_QUEUED] = "queued",
    [WAITING_PUT_OFF] = "put off",
};

/* ----------------------------------------------------------------------- marking */

/* Mark a node that waits by itself, or is in a ring. */
static void
mark(Waiting *waiting, NodeId node, uint8_t reason)
{
    if (waiting->reason.items[node] == UNMARKED) {
        waiting->reason.items[node] = reason;
        vec_push_reserved(&waiting->met, node);
    }
    waiting->is_itself.items[node] |= waiting->reason.items[node] == reason;
}

/* And what those lead to that were marked since the last time. */
static void
mark_kept(Waiting *waiting, uint8_t reason)
{
    const Graph *graph = &waiting->cycles->graph;
    while (waiting->met.length != 0) {
        NodeId node = waiting->met.items[--waiting->met.length];
        for (uint32_t e = graph->offsets.items[node]; e < graph->offsets.items[node + 1]; e++) {
            NodeId target = graph->targets.items[e];
            if (waiting->reason.items[target] == UNMARKED) {
                waiting->reason.items[target] = reason;
                vec_push_reserved(&waiting->met, target);
            }
        }
    }
}

static void
mark_rings(Waiting *waiting)
{
    const NodeIds *members = &waiting->cycles->scc.members;
    for (size_t m = 0; m < members->length; m++) {
        mark(waiting, members->items[m], IN_RING);
    }
    mark_kept(waiting, IN_RING);
}

static void
mark_deferred(Waiting *waiting)
{
    for (size_t n = 0; n < waiting->cycles->nodes.length; n++) {
        if (world_is_deferred(cycles_object(waiting->cycles, (NodeId)n))) {
            mark(waiting, (NodeId)n, WAITING_DEFERRED);
        }
    }
    mark_kept(waiting, WAITING_DEFERRED);
}

/* Whether an object is among what was chosen, with its node. */
static bool
is_chosen(const Cycles *cycles, PyObject *op, NodeId *node)
{
    return addrmap_find(&cycles->heap->map, op, node) && nodeset_has(&cycles->chosen, *node);
}

static void
mark_queued(void *arg, PyObject *op, Py_ssize_t Py_UNUSED(references), ThreadReferenceKind kind)
{
    Waiting *waiting = arg;
    const Cycles *cycles = waiting->cycles;
    NodeId node;
    if ((kind == THREAD_QUEUED || kind == THREAD_PUT_OFF) && is_chosen(cycles, op, &node)) {
        uint8_t reason = kind == THREAD_QUEUED ? WAITING_QUEUED : WAITING_PUT_OFF;
        mark(waiting, nodeset_rank(&cycles->chosen, node), reason);
        mark_kept(waiting, reason);
    }
}

int
waiting_find(Waiting *waiting, const Cycles *cycles)
{
    size_t count = cycles->nodes.length;
    *waiting = (Waiting){.cycles = cycles};
    if (vec_zeros(cycles->memory, &waiting->reason, count) < 0 ||
        vec_zeros(cycles->memory, &waiting->is_itself, count) < 0 ||
        vec_reserve(cycles->memory, &waiting->met, count) < 0) {
        return -1;
    }
    mark_rings(waiting);
    mark_deferred(waiting);
    world_visit_threads(mark_queued, waiting);
    return 0;
}

void
waiting_fini(Waiting *waiting)
{
    if (waiting->cycles != NULL) {
        vec_fini(waiting->cycles->memory, &waiting->reason);
        vec_fini(waiting->cycles->memory, &waiting->is_itself);
        vec_fini(waiting->cycles->memory, &waiting->met);
    }
}

PyObject *
waiting_word(const Waiting *waiting, NodeId number, const char *none)
{
    uint8_t reason = waiting->reason.items[number];
    bool waits = reason != UNMARKED && reason != IN_RING;
    return PyUnicode_FromString(waits ? why_words[reason] : none);
}

/* -------------------------------------------------------------------------- rows */

/* New reference: the WaitingObjects of one reason; None where there are none. NULL with an
   exception. */
static PyObject *
row_of(const Waiting *waiting, WaitingReason reason, Objects *objects)
{
    const Cycles *cycles = waiting->cycles;
    const ModuleState *state = cycles->state;
    size_t kept = 0;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    objects->length = 0;
    for (size_t n = 0; n < cycles->nodes.length; n++) {
        if (waiting->reason.items[n] == reason && waiting->is_itself.items[n]) {
            vec_push_reserved(objects, cycles_object(cycles, (NodeId)n));
        }
        kept += waiting->reason.items[n] == reason && !waiting->is_itself.items[n];
    }
    if (objects->length == 0) {
        Py_RETURN_NONE;
    }
    (void)((items[0] = PyUnicode_FromString(why_words[reason])) != NULL &&
           (items[1] = roll_call_types_of(state, objects->items, objects->length)) != NULL &&
           (items[2] = PyLong_FromSize_t(kept)) != NULL);
    return row_new(state, ROW_WAITING_OBJECTS, items);
}

/* New reference. NULL with an exception. */
static PyObject *
rows_of(const Waiting *waiting)
{
    Objects objects = {0};
    PyObject *rows = PyList_New(0);
    int error = rows == NULL ? -1 : 0;
    if (error == 0 &&
        vec_reserve(waiting->cycles->memory, &objects, waiting->cycles->nodes.length) < 0) {
        error = scan_no_memory();
    }
    for (int reason = WAITING_DEFERRED; reason < WAITING_REASONS && error == 0; reason++) {
        PyObject *row = row_of(waiting, reason, &objects);
        error = row != NULL && Py_IsNone(row) ? 0 : rows_append(rows, Py_XNewRef(row));
        Py_XDECREF(row);
    }
    vec_fini(waiting->cycles->memory, &objects);
    if (error < 0) {
        Py_CLEAR(rows);
    }
    return rows;
}

PyObject *
waiting_rows(const Cycles *cycles)
{
    Waiting waiting;
    if (cycles->is_live) {
        return PyList_New(0);
    }
    PyObject *rows = waiting_find(&waiting, cycles) < 0 ? PyErr_NoMemory() : rows_of(&waiting);
    waiting_fini(&waiting);
    return rows;
}

/* ------------------------------------------------------------------------- running */

typedef struct {
    const Describer *describer;
    const Cycles *cycles;
    NodeSet told;
    PyObject *list; /* owned; NULL with an exception */
} Running;

static bool
tell_running(void *arg, const FrameSlot *slot)
{
    Running *running = arg;
    NodeId node, globals;
    if (slot->kind == SLOT_FUNCTION && PyFunction_Check(slot->target) &&
        is_chosen(running->cycles, slot->target, &node) &&
        is_chosen(running->cycles, PyFunction_GET_GLOBALS(slot->target), &globals) &&
        nodeset_enter(&running->told, node) &&
        rows_append(running->list, describer_node(running->describer, slot->target)) < 0) {
        Py_CLEAR(running->list);
    }
    return running->list == NULL; /* stop */
}

PyObject *
waiting_running(const Describer *describer, const Cycles *cycles)
{
    Running running = {.describer = describer, .cycles = cycles, .list = PyList_New(0)};
    if (running.list == NULL || cycles->is_live) {
        return running.list;
    }
    if (nodeset_init(&running.told, cycles->memory, cycles->heap->count) < 0) {
        Py_CLEAR(running.list);
        PyErr_NoMemory();
    }
    else {
        interp_running_slots(tell_running, &running);
    }
    nodeset_fini(&running.told);
    return running.list;
}

/* ---------------------------------------------------------------------- one object */

PyObject *
waiting_why(PyObject *Py_UNUSED(module), PyObject *box)
{
    PyObject *op = scan_boxed(box);
    World world = {0};
    if (op == NULL) {
        return NULL;
    }
    if (world_is_deferred(op)) {
        return PyUnicode_FromString(why_words[WAITING_DEFERRED]);
    }
    world_stop(&world);
    bool is_queued = world_is_queued(op) && world_all_references(op) == 1; /* the box's */
    world_end(&world);
    return is_queued ? PyUnicode_FromString(why_words[WAITING_QUEUED]) : Py_NewRef(Py_None);
}

#else

PyObject *
waiting_why(PyObject *Py_UNUSED(module), PyObject *box)
{
    return scan_boxed(box) != NULL ? Py_NewRef(Py_None) : NULL;
}

#endif
