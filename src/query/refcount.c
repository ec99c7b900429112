/* refcount.c: the count in the object, less what this very call adds to it.

   Up to 3.13 a caller's evaluation stack owns what lies on it: one. From 3.14 on a local variable
   is borrowed by the call (LOAD_FAST_BORROW) and the stack owns nothing, while other arguments are
   owned as before. Only the interpreter can tell the two apart, and it does so for an object with
   one reference; so for a moment that is what the object has. The GIL is held and nothing else runs
   in between. Asked by a caller in C (map, partial), which owns its argument in a place of its own,
   it says no, and that reference is counted. On free-threaded builds others may count at that
   moment: there the place on the caller's stack is read (interp.h).

   References to immortal objects are not counted by the interpreter. The answer is then the one
   instance of an int type, larger than any count, that writes itself as 'immortal'. */

#include "query/refcount.h"

#include "heap/interp.h"
#include "heap/interp_world.h"

static Py_ssize_t
references_of_call(PyObject *obj)
{
#if GCSCOPE_FREE_THREADED
    return interp_stack_owns(obj);
#elif GCSCOPE_STACK_BORROWS
    Py_ssize_t count = Py_REFCNT(obj);
    Py_SET_REFCNT(obj, 1);
    int owned_by_stack = PyUnstable_Object_IsUniqueReferencedTemporary(obj);
    Py_SET_REFCNT(obj, count);
    return owned_by_stack;
#else
    (void)obj;
    return 1;
#endif
}

PyObject *
refcount_of(PyObject *module, PyObject *obj)
{
    if (is_immortal(obj)) {
        return state_check(state_of_module(module)) == 0
                   ? Py_NewRef(state_of_module(module)->immortal)
                   : NULL;
    }
    return PyLong_FromSsize_t(world_references_now(obj) - references_of_call(obj));
}

static PyObject *
immortal_repr(PyObject *Py_UNUSED(self))
{
    return PyUnicode_FromString("immortal");
}

PyDoc_STRVAR(immortal_doc, "The int that refcount answers for an immortal object: larger than any "
                           "count, shown as 'immortal'.");

static PyType_Slot immortal_slots[] = {
    {Py_tp_doc, (void *)immortal_doc},
    {Py_tp_repr, immortal_repr},
    {Py_tp_str, immortal_repr},
    {0, NULL},
};

static PyType_Spec immortal_spec = {
    .name = "gcscope._core.Immortal",
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = immortal_slots,
};

int
refcount_setup(PyObject *module, ModuleState *state)
{
    /* without the module: its one instance cannot be traversed, and would keep the module alive for
       ever */
    PyObject *type = PyType_FromSpecWithBases(&immortal_spec, (PyObject *)&PyLong_Type);
    if (type == NULL) {
        return -1;
    }
    state->immortal = PyObject_CallFunction(type, "n", PY_SSIZE_T_MAX);
    Py_DECREF(type);
    return state->immortal != NULL ? PyModule_AddObjectRef(module, "IMMORTAL", state->immortal)
                                   : -1;
}
