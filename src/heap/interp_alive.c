/* interp_alive.c: gc_mark_alive_from_roots of the collector, with its roots.

       enter_roots   modules and builtins, static types, what is on the stacks of threads
       mark_all      from a queue: an object whose header has come from memory by now is marked,
                     and what it leads to is put to the end of the queue

   A root that the collector does not have could be one which it takes for garbage: the function of
   a frame that runs is none. */

/* As in interp.c. */
#define Py_BUILD_CORE 1
#include "heap/interp_alive.h"

#if GCSCOPE_FREE_THREADED

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#include "internal/pycore_frame.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_interpframe_structs.h"
#include "internal/pycore_object.h"
#include "internal/pycore_pystate.h"
#include "internal/pycore_stackref.h"
#include "internal/pycore_tstate.h"
#pragma GCC diagnostic pop

enum {
    QUEUE = 256, /* so many headers are on their way from memory at most, a power of two, */
    FEW = 16,    /* and so many at least, as long as others wait */
};

typedef struct {
    Memory *memory;
    VEC(PyObject *) others; /* borrowed: that found no place in the queue */
    PyObject *queue[QUEUE]; /* borrowed */
    size_t first, end;
    bool failed;
} Marker;

static int
enter(PyObject *op, void *arg)
{
    Marker *marker = arg;
    if (marker->end - marker->first < QUEUE) {
        PREFETCH(op);
        marker->queue[marker->end++ % QUEUE] = op;
    }
    else {
        marker->failed |= vec_push(marker->memory, &marker->others, op) < 0;
    }
    return 0;
}

/* Tracked, and not marked yet; what is frozen, or what a collection under way has in hand, is not
   told of by the visit in which marks are taken away. */
static bool
is_new(PyObject *op)
{
    return (op->ob_gc_bits & (_PyGC_BITS_TRACKED | _PyGC_BITS_ALIVE | _PyGC_BITS_FROZEN |
                              _PyGC_BITS_UNREACHABLE)) == _PyGC_BITS_TRACKED;
}

static void
mark_all(Marker *marker)
{
    while (true) {
        while (marker->end - marker->first < FEW && marker->others.length != 0) {
            (void)enter(marker->others.items[--marker->others.length], marker);
        }
        if (marker->first == marker->end) {
            return;
        }
        PyObject *op = marker->queue[marker->first++ % QUEUE];
        if (is_new(op)) {
            op->ob_gc_bits |= _PyGC_BITS_ALIVE;
            (void)Py_TYPE(op)->tp_traverse(op, enter, marker);
        }
    }
}

static void
enter_root(Marker *marker, PyObject *op)
{
    if (op != NULL) {
        (void)enter(op, marker);
    }
}

void
alive_visit_stack(const PyThreadState *thread, StackSlot visit, void *arg)
{
    for (_PyInterpreterFrame *frame = thread->current_frame; frame != NULL;
         frame = frame->previous) {
        if (frame->owner >= FRAME_OWNED_BY_INTERPRETER || frame->stackpointer == NULL) {
            continue;
        }
        visit(arg, frame->f_executable.bits);
        for (_PyStackRef *slot = frame->localsplus; slot < frame->stackpointer; slot++) {
            visit(arg, slot->bits);
        }
    }
}

static void
enter_slot(void *marker, uintptr_t bits)
{
    const _PyStackRef slot = {.bits = bits};
    if (!PyStackRef_IsNullOrInt(slot)) {
        (void)enter(PyStackRef_AsPyObjectBorrow(slot), marker);
    }
}

static void
enter_types(Marker *marker, const managed_static_type_state *types, size_t count)
{
    for (size_t t = 0; t < count; t++) {
        enter_root(marker, types[t].tp_dict);
        enter_root(marker, types[t].tp_subclasses);
    }
}

static void
enter_roots(Marker *marker, const PyInterpreterState *interpreter)
{
    enter_root(marker, interpreter->sysdict);
    enter_root(marker, interpreter->builtins);
    enter_root(marker, interpreter->dict);
    enter_types(marker, interpreter->types.builtins.initialized,
                Py_ARRAY_LENGTH(interpreter->types.builtins.initialized));
    enter_types(marker, interpreter->types.for_extensions.initialized,
                Py_ARRAY_LENGTH(interpreter->types.for_extensions.initialized));
    for (const PyThreadState *next = interpreter->threads.head; next != NULL; next = next->next) {
        alive_visit_stack(next, enter_slot, marker);
    }
}

int
alive_mark(Memory *memory)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    Marker marker = {.memory = memory};
    if (interpreter->gc.freeze_active) {
        return 0;
    }
    enter_roots(&marker, interpreter);
    mark_all(&marker);
    vec_fini(memory, &marker.others);
    return marker.failed ? -1 : 0;
}

#endif
