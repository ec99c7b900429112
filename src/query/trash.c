#include "query/trash.h"

#include "heap/generations.h"
#include "heap/interp.h"
#include "heap/interp_world.h"
#include "runtime/rows.h"

static bool
find_lost(void *arg, const FrameSlot *slot)
{
    bool *found = arg;
    *found = *found || generations_lost(slot->target);
    return *found;
}

PyObject *
trash_is_collected(PyObject *Py_UNUSED(module), PyObject *objects)
{
    bool found = false;
    if (Py_IsNone(objects)) {
        World world = {0};
        world_stop(&world);
        interp_running_slots(find_lost, &found);
        world_end(&world);
        return row_bool(found);
    }
    if (!PyTuple_Check(objects) && !PyList_Check(objects)) {
        PyErr_SetString(PyExc_TypeError,
                        "is_collected() takes a tuple or list of objects, or None");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(objects) && !found; i++) {
        found = generations_lost(PySequence_Fast_GET_ITEM(objects, i));
    }
    return row_bool(found);
}
