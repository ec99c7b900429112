/* garbage.c: the same three steps, of what is unreachable and of what lives.

       choose     objects of the heap: what the dry run found unreachable (cycles_choose), or what
                  some objects lead to (choose_reached)
       find       their components and rings, folded to forms (cycles_find)
       describe   each form once, as a Ring (ring_rows), and all objects as a RollCall

   Of unreachable objects the RollCall has every one, in a ring or only kept by one; of live ones it
   has the members of components. */

#include "query/garbage.h"

#include "query/reach.h"
#include "query/ring_rows.h"
#include "types/roll_call.h"

/* ------------------------------------------------------------------ unreachable */

/* New reference: the Rings. NULL with an exception. */
static PyObject *
find_unreachable(const Describer *describer, Scan *scan)
{
    Cycles cycles = {0};
    PyObject *answer = NULL;
    if (scan_run(scan, -1) < 0) {
        return NULL;
    }
    if (cycles_begin(&cycles, &scan->memory, &scan->heap, scan->state) < 0 ||
        cycles_choose(&cycles, &scan->collector, NULL, true) < 0 ||
        cycles_find(&cycles, false, describer->sizers) < 0) {
        PyErr_NoMemory();
    }
    else {
        answer = ring_rows_of(describer, &cycles, roll_call_of_unreachable(scan));
    }
    cycles_fini(&cycles);
    return answer;
}

PyObject *
garbage_unreachable(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    Describer describer;
    if (nargs < 2 || nargs > 3) {
        PyErr_SetString(PyExc_TypeError, "unreachable_rings() takes 2 or 3 arguments: labellers, "
                                         "object_traceback, sizers");
        return NULL;
    }
    if (describer_init(&describer, state, args[0], args[1]) < 0 ||
        describer_take_sizers(&describer, nargs > 2 ? args[2] : Py_None) < 0) {
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, state);
    scan.is_lost_only = true;
    PyObject *answer = find_unreachable(&describer, &scan);
    scan_end(&scan);
    return answer;
}

/* ------------------------------------------------------------------------ live */

/* Choose what the objects lead to. 0 or -1: out of memory. */
static int
choose_reached(Cycles *cycles, const Heap *heap, PyObject *objects)
{
    Reach reach = {0};
    int error = reach_begin(&reach, cycles->memory, heap, 0);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(objects) && error == 0; i++) {
        NodeId node;
        if (addrmap_find(&heap->map, PyTuple_GET_ITEM(objects, i), &node)) {
            reach_give(&reach, node);
        }
    }
    error = error == 0 ? reach_run(&reach) : error;
    for (size_t p = 0; p < reach.met.length && error == 0; p++) {
        nodeset_add(&cycles->chosen, reach.met.items[p]);
    }
    reach_fini(&reach);
    return error == 0 ? nodeset_number(&cycles->chosen) : error;
}

/* New reference: a RollCall of the members of all components. NULL with an exception. */
static PyObject *
objects_in_components(ModuleState *state, const Cycles *cycles)
{
    const NodeIds *members = &cycles->scc.members;
    Objects objects = {0};
    if (cycles_objects(cycles, members->items, members->length, &objects) < 0) {
        return PyErr_NoMemory();
    }
    PyObject *found = roll_call_of_objects(state, objects.items, objects.length);
    vec_fini(cycles->memory, &objects);
    return found;
}

static PyObject *
find_live(const Describer *describer, Scan *scan, PyObject *objects)
{
    Cycles cycles = {0};
    PyObject *answer = NULL;
    scan->given = objects;
    if (scan_run(scan, -1) < 0) {
        return NULL;
    }
    if (cycles_begin(&cycles, &scan->memory, &scan->heap, scan->state) < 0 ||
        choose_reached(&cycles, &scan->heap, objects) < 0 ||
        cycles_find(&cycles, true, describer->sizers) < 0) {
        PyErr_NoMemory();
    }
    else {
        answer = ring_rows_of(describer, &cycles, objects_in_components(scan->state, &cycles));
    }
    cycles_fini(&cycles);
    return answer;
}

PyObject *
garbage_live(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    Describer describer;
    if (nargs < 3 || nargs > 4 || !PyTuple_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "live_rings() takes 3 or 4 arguments: a tuple of objects, "
                                         "labellers, object_traceback, sizers");
        return NULL;
    }
    if (describer_init(&describer, state, args[1], args[2]) < 0 ||
        describer_take_sizers(&describer, nargs > 3 ? args[3] : Py_None) < 0) {
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, state);
    PyObject *answer = find_live(&describer, &scan, args[0]);
    scan_end(&scan);
    return answer;
}
