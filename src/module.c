/* module.c: the method table and the life of the module. */

#include "base/dict_find.h"
#include "base/sha256.h"
#include "follow/follow.h"
#include "follow/forks.h"
#include "follow/observers.h"
#include "follow/pauses.h"
#include "heap/interp.h"
#include "heap/interp_tables.h"
#include "heap/interp_world.h"
#include "heap/sizes.h"
#include "query/attribute.h"
#include "query/audit.h"
#include "query/census.h"
#include "query/evidence.h"
#include "query/garbage.h"
#include "query/growth.h"
#include "query/holders.h"
#include "query/instances.h"
#include "query/neighborhood_rows.h"
#include "query/refcount.h"
#include "query/retained.h"
#include "query/ring_rows.h"
#include "query/roots.h"
#include "query/trash.h"
#include "query/waiting.h"
#include "runtime/child.h"
#include "runtime/empty_stack.h"
#include "runtime/lease.h"
#include "runtime/rows.h"
#include "runtime/worker.h"
#include "types/events.h"
#include "types/person.h"
#include "types/roll_call.h"
#include "types/tracked.h"

/* ------------------------------------------------------------------- the pass */

PyDoc_STRVAR(refcount_doc,
             "refcount($module, obj, /)\n--\n\n"
             "How many references own obj, not counting those of this very call.\n\n"
             "A reference is owned by what holds it: a variable of a module, a container,\n"
             "an attribute, a closure's cell, a local variable, C code. The number is the\n"
             "same on all supported versions of CPython for objects in those places, with\n"
             "two exceptions that the interpreter makes. Since 3.14 a parameter may own\n"
             "nothing: the caller's variable is lent to it, so that names can be more than\n"
             "references. And where the call itself comes from C or packs its arguments\n"
             "(map(refcount, ...), functools.partial, refcount(*[x])), the reference which\n"
             "that code holds is counted.\n\n"
             "Any object has a count, whether the collector tracks it or not. Where the\n"
             "interpreter shares one object for equal values (small ints, interned strings,\n"
             "the empty tuple), all of its users count; holders tells who they are.\n\n"
             "Free-threaded builds keep some counts in parts, those of classes, modules and\n"
             "functions, which are added up while other threads are stopped.\n\n"
             "For an immortal object (PEP 683, CPython 3.12 and newer) the answer is\n"
             "gcscope.IMMORTAL: an int larger than any count, shown as 'immortal'.");

PyDoc_STRVAR(dry_run_doc,
             "dry_run($module, extent=-1, /)\n--\n\n"
             "A RollCall of what a collection would find unreachable now, changing nothing.\n\n"
             "With a generation as extent, only objects of that and younger generations\n"
             "are candidates, as in an automatic collection. With a marker, a list, only\n"
             "what the collector has begun to track after that list: LookupError where it\n"
             "is not in generation 0 any more, and on free-threaded builds, which have no\n"
             "generations: there any generation is the whole heap.");

PyDoc_STRVAR(roll_call_doc,
             "roll_call($module, objects, /)\n--\n\nA RollCall of the objects in a list.");

PyDoc_STRVAR(known_doc, "known($module, unreachable, /)\n--\n\n"
                        "A RollCall of all objects that are known, tracked or not.\n\n"
                        "With True: of those which nothing else refers to, from outside of them.");

PyDoc_STRVAR(
    unreachable_rings_doc,
    "unreachable_rings($module, labellers, object_traceback, sizers=None, /)\n--\n\n"
    "The Rings among what a full collection would find unreachable now, changing nothing.\n\n"
    "labellers: a dict, id of a type -> (type, labeller). object_traceback:\n"
    "tracemalloc's function that tells where an object was made, or None. sizers: a dict,\n"
    "id of a type -> (type, sizer).");

PyDoc_STRVAR(
    live_rings_doc,
    "live_rings($module, objects, labellers, object_traceback, sizers=None, /)\n--\n\n"
    "The Rings that a tuple of objects, which does not count, are part of or lead to, not\n"
    "going on through modules, classes and the globals of functions.");

PyDoc_STRVAR(smallest_rotation_doc,
             "smallest_rotation($module, keys, /)\n--\n\n"
             "Where the smallest rotation of a list of ints begins, all from 0 to 2**64 - 1.");

PyDoc_STRVAR(
    holders_doc,
    "holders($module, box, known, labellers=None, object_traceback=None, /)\n--\n\n"
    "The References to the object in the list box. That list does not count, nor does the\n"
    "frame that calls. known: pairs of the address of a dict and its title.");

PyDoc_STRVAR(is_collected_doc,
             "is_collected($module, objects, /)\n--\n\n"
             "Whether a collection that is under way has found one of some objects unreachable;\n"
             "of None, anything that a running frame refers to.");

PyDoc_STRVAR(
    waiting_doc,
    "waiting($module, box, /)\n--\n\n"
    "What the object in a list, which nothing lasting leads to, waits for in no ring: for\n"
    "the collector ('deferred' counting), or its own thread ('queued'); or None.");

PyDoc_STRVAR(
    neighborhood_doc,
    "neighborhood($module, given, most, known, labellers, object_traceback, /)\n--\n\n"
    "The Neighborhood of the objects at the addresses of a list, or in a tuple, which then\n"
    "does not count: with what they lead to (at most `most` in all, not through modules,\n"
    "classes and the globals of functions), and who else holds them. Those that are not\n"
    "shown count all the same.");

PyDoc_STRVAR(born_doc,
             "born($module, addresses, extent, /)\n--\n\n"
             "Those of some addresses at which an object of an extent lies: of a\n"
             "generation, or behind a marker, as of dry_run. It was made since the marker\n"
             "then, whatever lay there before.");

PyDoc_STRVAR(
    unexplained_doc,
    "unexplained($module, /)\n--\n\n"
    "Return a list of (object, number) for each known object with so many references that nobody\n"
    "shows; of str, numbers and their like nothing is told.");

PyDoc_STRVAR(
    evidence_doc,
    "evidence($module, box, labellers=None, object_traceback=None, /)\n--\n\n"
    "Return a list of Evidence: who may have the references that nobody shows to the object in a\n"
    "list. Never more of it than there are such references.");

PyDoc_STRVAR(
    why_alive_doc,
    "why_alive($module, box, labellers=None, object_traceback=None, ignore=(), paths=1, /)\n"
    "--\n\n"
    "A list of up to `paths` Chains from a root to the object in the list box, whose own\n"
    "reference is not counted, each the shortest by another last holder; empty where no root\n"
    "leads to it. Not through the objects of a tuple or list, ignore.");

PyDoc_STRVAR(retained_doc,
             "retained($module, box, sizers=None, /)\n--\n\n"
             "What the object in the list box alone keeps, itself included: Retained.");

PyDoc_STRVAR(object_bytes_doc,
             "object_bytes($module, obj, /)\n--\n\n"
             "What an object takes: its struct, and the blocks of memory that belong to it.");

static PyObject *
core_object_bytes(PyObject *Py_UNUSED(module), PyObject *op)
{
    return PyLong_FromSize_t(sizes_object_bytes(op));
}

PyDoc_STRVAR(retainers_doc, "retainers($module, count, /)\n--\n\n"
                            "The objects that keep most bytes, by the dominator tree of the whole\n"
                            "heap: a list of Retainer.");

PyDoc_STRVAR(census_doc, "census($module, record, sizers, /)\n--\n\n"
                         "A Census of all known objects, tracked or not.\n\n"
                         "record: the type of gcscope's own records, which do not count, nor does\n"
                         "what they alone keep. sizers: a dict, id of a type -> (type, sizer).");
PyDoc_STRVAR(audit_doc,
             "audit($module, plain, types, names, /)\n--\n\n"
             "The Audit of C types, by their living instances: of those in a tuple, and of\n"
             "those of the modules in a tuple of names. plain: a class made by a class statement.");

PyDoc_STRVAR(c_type_doc, "c_type($module, plain, cls, /)\n--\n\n"
                         "cls, or the first of its bases that C code has made.");

PyDoc_STRVAR(words_of_doc, "words_of($module, obj, target, /)\n--\n\n"
                           "A list of the offsets in obj's own struct at which target stands.");

PyDoc_STRVAR(instances_doc,
             "instances($module, name_or_type, most, /)\n--\n\n"
             "A list of at most so many living objects of a type, the newest first: of that\n"
             "type itself, or of those that reports call so.");

PyDoc_STRVAR(attribute_doc,
             "attribute($module, obj, name, own, /)\n--\n\n"
             "What obj.name gives, where it is there already: no Python code runs, no __dict__ is\n"
             "made. own: only what stands in its __dict__. LookupError where there is none.");

PyDoc_STRVAR(entry_doc, "entry($module, dict, key, /)\n--\n\n"
                        "What a dict has under a constant of exactly that type; no Python code\n"
                        "runs. LookupError where there is none.");

PyDoc_STRVAR(hash_of_doc, "hash_of($module, data, /)\n--\n\n"
                          "The first 64 bits of the SHA-256 of bytes, as an int.");

static PyObject *
core_hash_of(PyObject *Py_UNUSED(module), PyObject *data)
{
    char *bytes;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(data, &bytes, &length) < 0) {
        return NULL;
    }
    return PyLong_FromUnsignedLongLong(
        sha256_begin_of((const unsigned char *)bytes, (size_t)length));
}

PyDoc_STRVAR(stopped_for_doc,
             "stopped_for($module, /)\n--\n\n"
             "For how many seconds passes over the heap have stopped the other threads, in all.\n\n"
             "On free-threaded builds; 0.0 where the GIL does it.");

static PyObject *
core_stopped_for(PyObject *module, PyObject *Py_UNUSED(ignored))
{
#if GCSCOPE_FREE_THREADED
    return PyFloat_FromDouble((double)state_of_module(module)->stopped_for * 1e-9);
#else
    (void)module;
    return PyFloat_FromDouble(0.0);
#endif
}

PyDoc_STRVAR(last_scan_doc, "last_scan($module, /)\n--\n\n"
                            "What the last pass over the heap cost: a ScanCost.");

/* New reference: of nanoseconds; None with a GIL. */
static PyObject *
seconds_or_none(int64_t nanoseconds)
{
    return GCSCOPE_FREE_THREADED ? PyFloat_FromDouble((double)nanoseconds * 1e-9)
                                 : Py_NewRef(Py_None);
}

static PyObject *
core_last_scan(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    ModuleState *state = state_of_module(module);
    const ScanCost *cost = &state->last_scan;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = PyLong_FromSize_t(cost->nodes)) != NULL &&
           (items[1] = PyLong_FromSize_t(cost->edges)) != NULL &&
           (items[2] = PyLong_FromSize_t(cost->visits)) != NULL &&
           (items[3] = PyLong_FromSize_t(cost->peak_bytes)) != NULL &&
           (items[4] = seconds_or_none(cost->stopped)) != NULL);
    return row_new(state, ROW_SCAN_COST, items);
}

PyDoc_STRVAR(fail_after_doc, "fail_after($module, growths, /)\n--\n\n"
                             "For tests: let this many growths of raw memory succeed in each pass, "
                             "and in the journal, then fail.\n\n"
                             "Negative: no limit.");

static PyObject *
core_fail_after(PyObject *module, PyObject *growths)
{
    long long number = PyLong_AsLongLong(growths);
    if (number == -1 && PyErr_Occurred()) {
        return NULL;
    }
    state_of_module(module)->fail_after = number;
    state_of_module(module)->journal->memory.fail_after = number;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(workers_before_fork_doc,
             "workers_before_fork($module, /)\n--\n\n"
             "End the threads of all workers, as far as they come to their end soon.");

PyDoc_STRVAR(workers_after_fork_doc, "workers_after_fork($module, /)\n--\n\n"
                                     "Let all workers go on, in the parent.");

PyDoc_STRVAR(workers_in_child_doc, "workers_in_child($module, /)\n--\n\n"
                                   "Let the workers go on that are to, in a forked child.");

/* Where the heads of the generations are, so far as they are found: not if a collection runs just
   now, as the making of an object may set one off. 0 or -1 with an exception. */
static int
look_for_generations(ModuleState *state)
{
    int thresholds[GENERATIONS], counts[GENERATIONS];
    PyObject *gc = PyImport_ImportModule("gc");
    PyObject *set = gc != NULL ? PyObject_CallMethod(gc, "get_threshold", NULL) : NULL;
    PyObject *now = set != NULL ? PyObject_CallMethod(gc, "get_count", NULL) : NULL;
    bool are_three = now != NULL &&
                     PyArg_ParseTuple(set, "iii", &thresholds[0], &thresholds[1], &thresholds[2]) &&
                     PyArg_ParseTuple(now, "iii", &counts[0], &counts[1], &counts[2]);
    PyObject *newest = are_three ? PyList_New(0) : NULL; /* nothing is made after it */
    state->generations = newest != NULL ? generations_behind(newest, thresholds, counts) : NULL;
    Py_XDECREF(newest);
    Py_XDECREF(now);
    Py_XDECREF(set);
    Py_XDECREF(gc);
    return PyErr_Occurred() ? -1 : 0;
}

static int
find_generations(ModuleState *state)
{
    enum { ATTEMPTS = 3 };
    int error = 0;
    for (int a = 0; a < ATTEMPTS && state->generations == NULL && error == 0; a++) {
        error = look_for_generations(state);
    }
    return error;
}

PyDoc_STRVAR(walk_generations_doc,
             "walk_generations($module, walk, /)\n--\n\n"
             "For tests: whether to walk the collector's generations, where they are known, or to "
             "ask gc.get_objects.\n\n"
             "Returns whether they are walked from now on.");

static PyObject *
core_walk_generations(PyObject *module, PyObject *walk)
{
    ModuleState *state = state_of_module(module);
    state->generations = NULL;
    if (walk == Py_True && find_generations(state) < 0) {
        return NULL;
    }
    return PyBool_FromLong(state->generations != NULL);
}

/* ------------------------------------------------------------------ the module */

static PyMethodDef core_methods[] = {
    {"refcount", refcount_of, METH_O, refcount_doc},
    {"dry_run", (PyCFunction)(void (*)(void))roll_call_dry_run, METH_FASTCALL, dry_run_doc},
    {"roll_call", roll_call_of, METH_O, roll_call_doc},
    {"known", roll_call_known, METH_O, known_doc},
    {"holders", (PyCFunction)(void (*)(void))holders_of, METH_FASTCALL, holders_doc},
    {"is_collected", trash_is_collected, METH_O, is_collected_doc},
    {"waiting", waiting_why, METH_O, waiting_doc},
    {"neighborhood", (PyCFunction)(void (*)(void))neighborhood_of, METH_FASTCALL, neighborhood_doc},
    {"born", (PyCFunction)(void (*)(void))neighborhood_born, METH_FASTCALL, born_doc},
    {"unexplained", evidence_unexplained, METH_NOARGS, unexplained_doc},
    {"evidence", (PyCFunction)(void (*)(void))evidence_of, METH_FASTCALL, evidence_doc},
    {"why_alive", (PyCFunction)(void (*)(void))roots_why_alive, METH_FASTCALL, why_alive_doc},
    {"object_bytes", core_object_bytes, METH_O, object_bytes_doc},
    {"retained", (PyCFunction)(void (*)(void))retained_of, METH_FASTCALL, retained_doc},
    {"instances", (PyCFunction)(void (*)(void))instances_of, METH_FASTCALL, instances_doc},
    {"attribute", (PyCFunction)(void (*)(void))attribute_of, METH_FASTCALL, attribute_doc},
    {"entry", (PyCFunction)(void (*)(void))attribute_entry, METH_FASTCALL, entry_doc},
    {"retainers", retained_heaviest, METH_O, retainers_doc},
    {"census", (PyCFunction)(void (*)(void))census_of_all, METH_FASTCALL, census_doc},
    {"audit", (PyCFunction)(void (*)(void))audit_types, METH_FASTCALL, audit_doc},
    {"c_type", (PyCFunction)(void (*)(void))audit_c_type, METH_FASTCALL, c_type_doc},
    {"words_of", (PyCFunction)(void (*)(void))audit_words, METH_FASTCALL, words_of_doc},
    {"unreachable_rings", (PyCFunction)(void (*)(void))garbage_unreachable, METH_FASTCALL,
     unreachable_rings_doc},
    {"live_rings", (PyCFunction)(void (*)(void))garbage_live, METH_FASTCALL, live_rings_doc},
    {"smallest_rotation", ring_rows_smallest_rotation, METH_O, smallest_rotation_doc},
    {"walk_generations", core_walk_generations, METH_O, walk_generations_doc},
    {"hash_of", core_hash_of, METH_O, hash_of_doc},
    {"last_scan", core_last_scan, METH_NOARGS, last_scan_doc},
    {"stopped_for", core_stopped_for, METH_NOARGS, stopped_for_doc},
    {"fail_after", core_fail_after, METH_O, fail_after_doc},
    {"workers_before_fork", worker_before_fork, METH_NOARGS, workers_before_fork_doc},
    {"workers_after_fork", worker_after_fork, METH_NOARGS, workers_after_fork_doc},
    {"workers_in_child", worker_in_child, METH_NOARGS, workers_in_child_doc},
    {NULL, NULL, 0, NULL},
};

/* The functions of the gc module are taken once: a program that replaces them later does not change
   what we see. */
static int
find_gc(ModuleState *state)
{
    PyObject *gc = PyImport_ImportModule("gc");
    if (gc == NULL) {
        return -1;
    }
    bool has_all =
        (state->gc_get_objects = PyObject_GetAttrString(gc, "get_objects")) != NULL &&
        (state->gc_get_freeze_count = PyObject_GetAttrString(gc, "get_freeze_count")) != NULL &&
        (state->gc_collect = PyObject_GetAttrString(gc, "collect")) != NULL &&
        (state->gc_get_stats = PyObject_GetAttrString(gc, "get_stats")) != NULL &&
        (state->gc_callbacks = PyObject_GetAttrString(gc, "callbacks")) != NULL;
    Py_DECREF(gc);
    if (has_all && !PyList_Check(state->gc_callbacks)) {
        PyErr_SetString(PyExc_ImportError, "gcscope needs gc.callbacks to be a list");
        return -1;
    }
    return has_all ? 0 : -1;
}

/* The names of the standard library's modules, taken once as well: a look-up during a pass could
   call the __eq__ of an odd name in sys. */
static void
find_library(ModuleState *state)
{
    PyObject *names = interp_sys_object("stdlib_module_names"); /* borrowed */
    state->library = names != NULL && PyFrozenSet_CheckExact(names) ? Py_NewRef(names) : NULL;
}

/* 0 or -1 with an exception. */
static int
add_flags(PyObject *module, const ModuleState *state)
{
    PyObject *exact = interp_knows_borrowing() ? Py_True : Py_False;
    PyObject *walks = state->generations != NULL ? Py_True : Py_False;
    PyObject *tables = interp_knows_tables() ? Py_True : Py_False;
    PyObject *free_threaded = GCSCOPE_FREE_THREADED ? Py_True : Py_False;
    return PyModule_AddObjectRef(module, "KNOWS_BORROWING", exact) < 0 ||
                   PyModule_AddObjectRef(module, "KNOWS_TABLES", tables) < 0 ||
                   PyModule_AddObjectRef(module, "FREE_THREADED", free_threaded) < 0 ||
                   PyModule_AddIntConstant(module, "BUILT_FOR", GCSCOPE_BUILT_FOR) < 0
               ? -1
               : PyModule_AddObjectRef(module, "WALKS_GENERATIONS", walks);
}

/* On free-threaded builds all depends on private structures, which may change between two patch
   releases. 0 or -1 with ImportError. */
static int
check_structures(const ModuleState *state)
{
    int fits = world_fits(state->roll_call_type);
    if (fits == 0) {
        PyErr_Format(PyExc_ImportError,
                     "gcscope was built for free-threaded CPython " PY_VERSION
                     ", and this one, %d.%d.%d, has other private structures: build it anew, pip "
                     "install --force-reinstall --no-cache-dir --no-binary gcscope gcscope",
                     (int)(Py_Version >> 24), (int)(Py_Version >> 16 & 0xFF),
                     (int)(Py_Version >> 8 & 0xFF));
    }
    return fits > 0 ? 0 : -1;
}

/* Where our modules lie, if that is known and of use. 0 or -1 with an exception. */
static int
find_own_code(PyObject *module, OwnCode *own)
{
    PyObject *file = GCSCOPE_FREE_THREADED ? dict_find(PyModule_GetDict(module), "__file__") : NULL;
    if (file != NULL && PyUnicode_Check(file)) {
        Py_ssize_t end = PyUnicode_FindChar(file, '/', 0, PyUnicode_GET_LENGTH(file), -1);
        own->folder = end >= 0 ? PyUnicode_Substring(file, 0, end + 1) : NULL;
    }
    return PyErr_Occurred() ? -1 : 0;
}

static int
core_exec(PyObject *module)
{
    ModuleState *state = state_of_module(module);
    state->fail_after = -1;
    state->journal = journal_new();
    find_library(state);
    if (state->journal == NULL || find_gc(state) < 0 || find_generations(state) < 0 ||
        rows_setup(module, state) < 0 || lease_setup(module) < 0 || child_setup(module) < 0 ||
        roll_call_setup(module, state) < 0 || check_structures(state) < 0 ||
        tracked_setup(module, state) < 0 || person_setup(module, state) < 0 ||
        refcount_setup(module, state) < 0 || events_setup(module) < 0 || follow_setup(module) < 0 ||
        pauses_setup(module) < 0 || growth_setup(module) < 0 || worker_setup(module) < 0 ||
        empty_stack_setup(module) < 0 || forks_setup(module) < 0 ||
        find_own_code(module, &state->own_code) < 0 || add_flags(module, state) < 0) {
        /* CPython 3.11 sets none where there is no memory for the name of a type */
        return PyErr_Occurred() ? -1 : scan_no_memory();
    }
    return 0;
}

static int
core_traverse(PyObject *module, visitproc visit, void *arg)
{
    ModuleState *state = state_of_module(module);
    Py_VISIT(state->tracked_type);
    Py_VISIT(state->person_type);
    Py_VISIT(state->roll_call_type);
    Py_VISIT(state->immortal);
    Py_VISIT(state->gc_get_objects);
    Py_VISIT(state->gc_get_freeze_count);
    Py_VISIT(state->gc_collect);
    Py_VISIT(state->gc_get_stats);
    Py_VISIT(state->gc_callbacks);
    Py_VISIT(state->library);
    for (size_t row = 0; row < STATE_ROW_TYPES; row++) {
        Py_VISIT(state->row_types[row]);
    }
    Py_VISIT(state->callback);
    Py_VISIT(state->observers_callback);
    return own_code_traverse(&state->own_code, visit, arg);
}

static int
core_clear(PyObject *module)
{
    ModuleState *state = state_of_module(module);
    tracked_forget_collector(state);
    tracked_forget_classes(state);
    observers_forget(state);
    forks_forget(state);
    Py_CLEAR(state->tracked_type);
    Py_CLEAR(state->person_type);
    Py_CLEAR(state->roll_call_type);
    Py_CLEAR(state->immortal);
    Py_CLEAR(state->gc_get_objects);
    Py_CLEAR(state->gc_get_freeze_count);
    Py_CLEAR(state->gc_collect);
    Py_CLEAR(state->gc_get_stats);
    Py_CLEAR(state->gc_callbacks);
    Py_CLEAR(state->library);
    for (size_t row = 0; row < STATE_ROW_TYPES; row++) {
        Py_CLEAR(state->row_types[row]);
    }
    own_code_fini(&state->own_code);
    return 0;
}

static void
core_free(void *module)
{
    ModuleState *state = state_of_module(module);
    (void)core_clear(module);
    if (state->journal != NULL) {
        journal_release(state->journal);
        state->journal = NULL;
    }
}

static PyModuleDef_Slot core_slots[] = {
    {Py_mod_exec, core_exec},
#if GCSCOPE_FREE_THREADED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

PyDoc_STRVAR(core_doc, "The C core of gcscope. The public words are in the package gcscope.");

PyModuleDef gcscope_module = {
    PyModuleDef_HEAD_INIT,         .m_name = "gcscope._core", .m_doc = core_doc,
    .m_size = sizeof(ModuleState), .m_methods = core_methods, .m_slots = core_slots,
    .m_traverse = core_traverse,   .m_clear = core_clear,     .m_free = core_free,
};

PyMODINIT_FUNC
PyInit__core(void)
{
    return PyModuleDef_Init(&gcscope_module);
}
