/* forks.c:

       before_fork   claim the collector, and be among the observers, alone
       after_fork    give both back, in the parent and in the child */

#include "follow/forks.h"

#if GCSCOPE_FREE_THREADED

#include "follow/observers.h"
#include "heap/interp_world.h"

/* Of a capsule with a pointer to the state, which is NULL where the module is gone. */
static const char link_name[] = "gcscope.fork_link";

static void
free_link(PyObject *capsule)
{
    PyMem_RawFree(PyCapsule_GetPointer(capsule, link_name));
}

/* NULL: the module is gone. */
static ModuleState *
linked_state(PyObject *capsule)
{
    return *(ModuleState **)PyCapsule_GetPointer(capsule, link_name);
}

/* New reference; NULL with an exception. */
static PyObject *
make_link(ModuleState *state)
{
    ModuleState **link = PyMem_RawMalloc(sizeof(*link));
    PyObject *capsule = link != NULL ? PyCapsule_New(link, link_name, free_link) : PyErr_NoMemory();
    if (capsule == NULL) {
        PyMem_RawFree(link);
        return NULL;
    }
    *link = state;
    return capsule;
}

void
forks_forget(ModuleState *state)
{
    if (state->fork_link != NULL) {
        *(ModuleState **)PyCapsule_GetPointer(state->fork_link, link_name) = NULL;
        Py_CLEAR(state->fork_link);
    }
}

/* A pass of another thread is waited for, and a collection for a moment: it may be this thread's.
   */
static PyObject *
before_fork(PyObject *link, PyObject *Py_UNUSED(ignored))
{
    const int64_t moment = 200000000;
    ModuleState *state = linked_state(link);
    if (state == NULL) {
        Py_RETURN_NONE;
    }
    do {
        state->is_claimed_for_fork = world_claim(moment);
    } while (!state->is_claimed_for_fork && _Py_atomic_load_int(&state->passes) != 0);
    state->is_locked_for_fork = observers_lock(state);
    Py_RETURN_NONE;
}

/* In both processes: what this thread has it has in the child, too, where no other is left. */
static PyObject *
after_fork(PyObject *link, PyObject *Py_UNUSED(ignored))
{
    ModuleState *state = linked_state(link);
    if (state == NULL) {
        Py_RETURN_NONE;
    }
    observers_unlock(state, state->is_locked_for_fork);
    if (state->is_claimed_for_fork) {
        state->is_claimed_for_fork = false;
        world_unclaim();
    }
    Py_RETURN_NONE;
}

/* Another thread of the parent may have been about to enter the journal's callback. */
static PyObject *
in_child(PyObject *link, PyObject *ignored)
{
    ModuleState *state = linked_state(link);
    if (state != NULL) {
        state->callback_mutex = (PyMutex){0};
    }
    return after_fork(link, ignored);
}

static PyMethodDef before_fork_def = {"gcscope_before_fork", before_fork, METH_NOARGS, NULL};
static PyMethodDef after_fork_def = {"gcscope_after_fork", after_fork, METH_NOARGS, NULL};
static PyMethodDef in_child_def = {"gcscope_in_child", in_child, METH_NOARGS, NULL};

/* New reference: {"before": ..., ...}; NULL with an exception. */
static PyObject *
make_hooks(PyObject *link)
{
    PyObject *hooks = PyDict_New();
    PyObject *before = PyCFunction_New(&before_fork_def, link);
    PyObject *after = PyCFunction_New(&after_fork_def, link);
    PyObject *child = PyCFunction_New(&in_child_def, link);
    bool is_made = hooks != NULL && before != NULL && after != NULL && child != NULL;
    if (!is_made || PyDict_SetItemString(hooks, "before", before) < 0 ||
        PyDict_SetItemString(hooks, "after_in_parent", after) < 0 ||
        PyDict_SetItemString(hooks, "after_in_child", child) < 0) {
        Py_CLEAR(hooks);
    }
    Py_XDECREF(child);
    Py_XDECREF(after);
    Py_XDECREF(before);
    return hooks;
}

int
forks_setup(PyObject *module)
{
    PyObject *os = PyImport_ImportModule("os"), *nothing = PyTuple_New(0);
    PyObject *enter = os != NULL ? PyObject_GetAttrString(os, "register_at_fork") : NULL;
    ModuleState *state = state_of_module(module);
    state->fork_link = enter != NULL && nothing != NULL ? make_link(state) : NULL;
    PyObject *hooks = state->fork_link != NULL ? make_hooks(state->fork_link) : NULL;
    PyObject *done = hooks != NULL ? PyObject_Call(enter, nothing, hooks) : NULL;
    int error = done != NULL ? 0 : -1;
    Py_XDECREF(done);
    Py_XDECREF(hooks);
    Py_XDECREF(enter);
    Py_XDECREF(nothing);
    Py_XDECREF(os);
    return error;
}

#endif
