/* module.c: the method table and the life of the module. */

#include "query/roots.h"
#include "types/roll_call.h"
#include "query/holders.h"
#include "heap/interp.h"
#include "base/utf8.h"
#include "query/refcount.h"
#include "query/neighborhood.h"
#include "query/garbage.h"
#include "types/tracked.h"

/* ---------------------------------------------------------------- the journal */

/* The words of EventKind and FreedBy, in their order. */
static const char *const event_words[] = {"created", "finalized", "cleared", "resurrected",
                                          "freed"};
static const char *const freed_by_words[] = {NULL, "refcount", "collector", "collector (inferred)",
                                             "shutdown"};

/* New reference: (serial, event, type, name or None, refcount, freed by or None). */
static PyObject *
event_row(const Journal *journal, const Event *event)
{
    PyObject *row = NULL, *name = NULL;
    PyObject *type = utf8_decode_text(journal_type_name(journal, event->type));
    if (type != NULL) {
        name = event->has_name ? utf8_decode(event->name, event->name_length) : Py_NewRef(Py_None);
    }
    if (name != NULL) {
        row = Py_BuildValue("(KsOOLz)", (unsigned long long)event->serial, event_words[event->kind],
                            type, name, (long long)event->refcount, freed_by_words[event->by]);
    }
    Py_XDECREF(type);
    Py_XDECREF(name);
    return row;
}

PyDoc_STRVAR(
    journal_events_doc,
    "journal_events($module, /)\n--\n\n"
    "The events kept, oldest first: tuples (serial, event, type, name, refcount, freed by).");

static PyObject *
core_journal_events(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    Journal *journal = state_of_module(module)->journal;
    int was_enabled = PyGC_Disable(); /* what a collection frees would be noted under our hands */
    PyObject *rows = PyList_New(0);
    for (size_t i = 0; i < journal->event_count && rows != NULL; i++) {
        PyObject *row = event_row(journal, journal_event(journal, i));
        if (row == NULL || PyList_Append(rows, row) < 0) {
            Py_CLEAR(rows);
        }
        Py_XDECREF(row);
    }
    if (was_enabled) {
        PyGC_Enable();
    }
    return rows;
}

PyDoc_STRVAR(journal_dropped_doc, "journal_dropped($module, /)\n--\n\n"
                                  "How many events were overwritten by newer ones, or found no "
                                  "memory, since the journal was cleared.");

static PyObject *
core_journal_dropped(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromUnsignedLongLong(state_of_module(module)->journal->dropped);
}

PyDoc_STRVAR(
    journal_totals_doc,
    "journal_totals($module, /)\n--\n\n"
    "Counts since the module was loaded: objects created, and freed by each of the four causes.");

static PyObject *
core_journal_totals(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    const Journal *journal = state_of_module(module)->journal;
    PyObject *totals =
        Py_BuildValue("{sK}", "created", (unsigned long long)journal->next_serial - 1);
    for (int by = BY_REFCOUNT; by <= BY_SHUTDOWN && totals != NULL; by++) {
        PyObject *count = PyLong_FromUnsignedLongLong(journal->freed[by]);
        if (count == NULL || PyDict_SetItemString(totals, freed_by_words[by], count) < 0) {
            Py_CLEAR(totals);
        }
        Py_XDECREF(count);
    }
    return totals;
}

PyDoc_STRVAR(journal_clear_doc,
             "journal_clear($module, /)\n--\n\nForget all events and the count of dropped ones.");

static PyObject *
core_journal_clear(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    journal_clear(state_of_module(module)->journal);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(journal_enabled_doc, "journal_enabled($module, /)\n--\n\nWhether events are noted.");

static PyObject *
core_journal_enabled(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(state_of_module(module)->journal->enabled);
}

PyDoc_STRVAR(journal_enable_doc,
             "journal_enable($module, enabled, /)\n--\n\nSet whether events are noted.");

static PyObject *
core_journal_enable(PyObject *module, PyObject *enabled)
{
    if (!PyBool_Check(enabled)) {
        return PyErr_Format(PyExc_TypeError, "journal.enabled must be True or False, not '%.200s'",
                            Py_TYPE(enabled)->tp_name);
    }
    state_of_module(module)->journal->enabled = enabled == Py_True;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(journal_capacity_doc,
             "journal_capacity($module, /)\n--\n\nHow many events are kept at most.");

static PyObject *
core_journal_capacity(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromSize_t(state_of_module(module)->journal->capacity);
}

PyDoc_STRVAR(journal_resize_doc,
             "journal_resize($module, capacity, /)\n--\n\n"
             "Set how many events are kept at most, 64 bytes each. The newest stay.\n\n"
             "Raises ValueError unless 1 <= capacity < 2**32, MemoryError where there is no memory "
             "(nothing is lost then).");

static PyObject *
core_journal_resize(PyObject *module, PyObject *capacity)
{
    if (!PyLong_Check(capacity)) {
        return PyErr_Format(PyExc_TypeError, "journal.capacity must be an int, not '%.200s'",
                            Py_TYPE(capacity)->tp_name);
    }
    long long wanted = PyLong_AsLongLong(capacity);
    if (wanted == -1 && PyErr_Occurred()) {
        PyErr_Clear();
    }
    if (wanted < 1 || wanted > UINT32_MAX) {
        PyErr_SetString(PyExc_ValueError,
                        "journal.capacity must be at least 1 and less than 2**32 events");
        return NULL;
    }
    if (journal_set_capacity(state_of_module(module)->journal, (size_t)wanted) < 0) {
        return PyErr_NoMemory();
    }
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ the watch */

PyDoc_STRVAR(watch_begin_doc, "watch_begin($module, /)\n--\n\n"
                              "Note the deaths of instrumented objects from now on. Returns what "
                              "watch_deaths wants, and the next serial.");

static PyObject *
core_watch_begin(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    ModuleState *state = state_of_module(module);
    Journal *journal = state->journal;
    if (tracked_follow_collector(state) < 0) {
        return NULL;
    }
    PyObject *begun = Py_BuildValue("(nK)", (Py_ssize_t)journal->deaths.length,
                                    (unsigned long long)journal->next_serial);
    if (begun != NULL) {
        journal_watch_begin(journal);
    }
    return begun;
}

PyDoc_STRVAR(watch_deaths_doc, "watch_deaths($module, since, /)\n--\n\n"
                               "The deaths noted since a watch_begin that has not ended: a list of "
                               "(serial, type, freed by).\n\n"
                               "Raises MemoryError where one could not be noted.");

static PyObject *
core_watch_deaths(PyObject *module, PyObject *since)
{
    Journal *journal = state_of_module(module)->journal;
    size_t first = PyLong_AsSize_t(since);
    if (first == (size_t)-1 && PyErr_Occurred()) {
        return NULL;
    }
    if (journal->deaths_lost) {
        return PyErr_NoMemory();
    }
    int was_enabled = PyGC_Disable();
    PyObject *rows = PyList_New(0);
    for (size_t i = first; i < journal->deaths.length && rows != NULL; i++) {
        Death death = journal->deaths.items[i];
        PyObject *type = utf8_decode_text(journal_type_name(journal, death.type));
        PyObject *row = type != NULL ? Py_BuildValue("(KNs)", (unsigned long long)death.serial,
                                                     type, freed_by_words[death.by])
                                     : NULL;
        if (row == NULL || PyList_Append(rows, row) < 0) {
            Py_CLEAR(rows);
        }
        Py_XDECREF(row);
    }
    if (was_enabled) {
        PyGC_Enable();
    }
    return rows;
}

PyDoc_STRVAR(watch_end_doc, "watch_end($module, /)\n--\n\nEnd the newest watch.");

static PyObject *
core_watch_end(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    Journal *journal = state_of_module(module)->journal;
    if (journal->watches == 0) {
        PyErr_SetString(PyExc_RuntimeError, "no watch was begun");
        return NULL;
    }
    journal_watch_end(journal);
    Py_RETURN_NONE;
}

/* -------------------------------------------------------------- instrumented */

PyDoc_STRVAR(alive_doc, "alive($module, roll_call, /)\n--\n\n"
                        "Every instrumented object that is alive, in the order of creation.\n\n"
                        "A list of tuples (serial, type, name or None, whether it is in "
                        "roll_call). roll_call may be None.");

static PyObject *
core_alive(PyObject *module, PyObject *roll_call)
{
    ModuleState *state = state_of_module(module);
    if (!Py_IsNone(roll_call) && !roll_call_check(state, roll_call)) {
        return PyErr_Format(PyExc_TypeError, "alive() takes a RollCall or None, not '%.200s'",
                            Py_TYPE(roll_call)->tp_name);
    }
    return tracked_alive(state, Py_IsNone(roll_call) ? NULL : roll_call);
}

/* ------------------------------------------------------- automatic collection */

PyDoc_STRVAR(gc_pause_doc, "gc_pause($module, /)\n--\n\n"
                           "Hold automatic collection off until as many calls of gc_resume. "
                           "Holders in several threads are counted.");

static PyObject *
core_gc_pause(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    ModuleState *state = state_of_module(module);
    gc_pause_begin(&state->gc_pause);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(
    gc_resume_doc,
    "gc_resume($module, /)\n--\n\n"
    "End a hold. The last one puts automatic collection back as it was when the first began.");

static PyObject *
core_gc_resume(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    ModuleState *state = state_of_module(module);
    if (gc_pause_end(&state->gc_pause) < 0) {
        PyErr_SetString(PyExc_RuntimeError, "nothing holds automatic collection off");
        return NULL;
    }
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------- the pass */

PyDoc_STRVAR(refcount_doc, "refcount($module, obj, /)\n--\n\n"
                           "How many references own obj, not counting those of this very call.\n\n"
                           "A reference is owned by what holds it: a variable of a module, a "
                           "container, an attribute, a closure's cell, a\n"
                           "local variable, C code. The number is the same on all supported "
                           "versions of CPython for objects in those\n"
                           "places, with two exceptions that the interpreter makes. Since 3.14 a "
                           "parameter may own nothing: the caller's\n"
                           "variable is lent to it, so that names can be more than references. And "
                           "where the call itself comes from C or\n"
                           "packs its arguments (map(refcount, ...), functools.partial, "
                           "refcount(*[x])), the reference which that code\n"
                           "holds is counted.\n\n"
                           "For an immortal object (PEP 683, CPython 3.12 and newer) the answer is "
                           "gcscope.IMMORTAL: an int larger than\n"
                           "any count, shown as 'immortal'.");

PyDoc_STRVAR(dry_run_doc,
             "dry_run($module, extent=-1, /)\n--\n\n"
             "A RollCall of what a collection would find unreachable now, changing nothing.\n\n"
             "With a generation as extent, only objects of that and younger generations are "
             "candidates, as in an automatic\n"
             "collection. With a marker, a list, only what the collector has begun to track after "
             "that list: LookupError\n"
             "where it is not in generation 0 any more.");

PyDoc_STRVAR(roll_call_doc,
             "roll_call($module, objects, /)\n--\n\nA RollCall of the objects in a list.");

PyDoc_STRVAR(
    arithmetic_doc,
    "arithmetic($module, addresses, /)\n--\n\n"
    "The collector's arithmetic for the objects at some addresses (a list of int, as from id).\n\n"
    "A list with, for each: (reference count, references from inside, what is left, reachable), or "
    "None where the\n"
    "collector tracks no object there.");

PyDoc_STRVAR(
    rings_doc,
    "rings($module, earlier, labellers, object_traceback, extent=-1, /)\n--\n\n"
    "The rings among what a full collection would find unreachable now, changing nothing.\n\n"
    "extent: a generation or a marker, as of dry_run.\n"
    "Objects in earlier, a RollCall or None, are left out. labellers: a dict, id of a type -> "
    "(type, labeller).\n"
    "object_traceback: tracemalloc's function that tells where an object was made, or None. "
    "Returns (RollCall, "
    "stories),\n"
    "a story for each form of ring: (count, objects, dragged, bytes, bytes of what is\n"
    "dragged, exact, types, nodes, their counts, edges, clearings, is held).\n"
    "A node is (type, kind, name, where, rank), an edge (text, canonical, kind, named, ask, frees, "
    "references like "
    "it,\n"
    "frees with all of them); a clearing tells of a node what a close() would free: (frees, "
    "references, labels), or\n"
    "None. is held: another ring keeps this one, and what is freed is told as though it did not.");

PyDoc_STRVAR(live_rings_doc, "live_rings($module, objects, labellers, object_traceback, /)\n--\n\n"
                             "The rings that a tuple of objects are part of or lead to, not going "
                             "on through modules, classes and the globals\n"
                             "of functions. That tuple does not count. Returns (RollCall of the "
                             "components, stories) as rings does.");

PyDoc_STRVAR(holders_doc,
             "holders($module, box, known, labellers=None, object_traceback=None, /)\n--\n\n"
             "Who holds the object in the list box. That list does not count, nor does the frame "
             "that calls.\n"
             "known: pairs of the address of a dict and its title.\n\n"
             "Returns (refcount, or None of an immortal object, rows), a row for each reference: "
             "(node, edges,\n"
             "owned, 'heap' or 'frame').");

PyDoc_STRVAR(scene_doc,
             "neighborhood($module, given, most, known, labellers, object_traceback, /)\n--\n\n"
             "The objects at the addresses of a list, or in a tuple, which then does not count; "
             "what they lead to (at most\n"
             "`most` in all, not through modules, classes and the globals of functions), and who "
             "else holds them: (objects,\n"
             "edges, outside, count).\n\n"
             "How many the walk met is the fourth of the answer; those that are not shown count "
             "all the same.\n\n"
             "An object is (node, address, serial or None, reference count or None of an immortal "
             "one, owned references from\n"
             "tracked objects and frames that were not met, its distance, gc_refs and whether it "
             "is reachable, as though what\n"
             "was met were a generation, and whether it is reachable); an edge (from, to, "
             "references, how many of those own\n"
             "something, the names of some; those of the last own nothing); outside: (to, node, "
             "edges, 'heap', 'frame' or\n"
             "'borrowed'). from and to are places in objects.");

PyDoc_STRVAR(
    born_doc,
    "born($module, addresses, extent, /)\n--\n\n"
    "Those of some addresses at which an object of an extent lies: of a generation, or behind a\n"
    "marker, as of dry_run. It was made since the marker then, whatever lay there before.");

PyDoc_STRVAR(why_alive_doc,
             "why_alive($module, box, labellers=None, object_traceback=None, /)\n--\n\n"
             "The shortest chain from a root to the object in the list box, whose own reference is "
             "not counted.\n\n"
             "Returns None where no root leads to it, or (kind of root: 'module', 'C', 'frame', "
             "'caller'; [node, edge, "
             "node ...\n"
             "node]; the name in sys.modules, (node of a frame, local variable or None), or None; "
             "what one types to go "
             "that\nway from its beginning, or None).");

PyDoc_STRVAR(
    retained_doc,
    "retained($module, box, /)\n--\n\n"
    "What the object in the list box alone keeps, itself included: (objects, bytes, types).");

PyDoc_STRVAR(retainers_doc, "retainers($module, count, /)\n--\n\n"
                            "The objects that keep most bytes, by the dominator tree of the whole "
                            "heap: a list of (node, bytes).");

PyDoc_STRVAR(last_scan_doc,
             "last_scan($module, /)\n--\n\n"
             "What the last heap pass cost: {'nodes', 'edges', 'visits', 'peak_bytes'}.");

static PyObject *
core_last_scan(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    ScanCost cost = state_of_module(module)->last_scan;
    return Py_BuildValue("{snsnsnsn}", "nodes", (Py_ssize_t)cost.nodes, "edges",
                         (Py_ssize_t)cost.edges, "visits", (Py_ssize_t)cost.visits, "peak_bytes",
                         (Py_ssize_t)cost.peak_bytes);
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

/* ------------------------------------------------------------------ the module */

static PyMethodDef core_methods[] = {
    {"refcount", refcount_of, METH_O, refcount_doc},
    {"dry_run", (PyCFunction)(void (*)(void))roll_call_dry_run, METH_FASTCALL, dry_run_doc},
    {"roll_call", roll_call_of, METH_O, roll_call_doc},
    {"arithmetic", roll_call_arithmetic, METH_O, arithmetic_doc},
    {"alive", core_alive, METH_O, alive_doc},
    {"holders", (PyCFunction)(void (*)(void))holders_of, METH_FASTCALL, holders_doc},
    {"neighborhood", (PyCFunction)(void (*)(void))neighborhood_of, METH_FASTCALL, scene_doc},
    {"born", (PyCFunction)(void (*)(void))neighborhood_born, METH_FASTCALL, born_doc},
    {"why_alive", (PyCFunction)(void (*)(void))roots_why_alive, METH_FASTCALL, why_alive_doc},
    {"retained", roots_retained, METH_O, retained_doc},
    {"retainers", roots_retainers, METH_O, retainers_doc},
    {"rings", (PyCFunction)(void (*)(void))story_rings, METH_FASTCALL, rings_doc},
    {"live_rings", (PyCFunction)(void (*)(void))story_live_rings, METH_FASTCALL, live_rings_doc},
    {"gc_pause", core_gc_pause, METH_NOARGS, gc_pause_doc},
    {"gc_resume", core_gc_resume, METH_NOARGS, gc_resume_doc},
    {"watch_begin", core_watch_begin, METH_NOARGS, watch_begin_doc},
    {"watch_deaths", core_watch_deaths, METH_O, watch_deaths_doc},
    {"watch_end", core_watch_end, METH_NOARGS, watch_end_doc},
    {"journal_events", core_journal_events, METH_NOARGS, journal_events_doc},
    {"journal_dropped", core_journal_dropped, METH_NOARGS, journal_dropped_doc},
    {"journal_totals", core_journal_totals, METH_NOARGS, journal_totals_doc},
    {"journal_clear", core_journal_clear, METH_NOARGS, journal_clear_doc},
    {"journal_enabled", core_journal_enabled, METH_NOARGS, journal_enabled_doc},
    {"journal_enable", core_journal_enable, METH_O, journal_enable_doc},
    {"journal_capacity", core_journal_capacity, METH_NOARGS, journal_capacity_doc},
    {"journal_resize", core_journal_resize, METH_O, journal_resize_doc},
    {"last_scan", core_last_scan, METH_NOARGS, last_scan_doc},
    {"fail_after", core_fail_after, METH_O, fail_after_doc},
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
    state->gc_get_objects = PyObject_GetAttrString(gc, "get_objects");
    state->gc_get_freeze_count = PyObject_GetAttrString(gc, "get_freeze_count");
    state->gc_collect = PyObject_GetAttrString(gc, "collect");
    state->gc_callbacks = PyObject_GetAttrString(gc, "callbacks");
    Py_DECREF(gc);
    if (state->gc_callbacks != NULL && !PyList_Check(state->gc_callbacks)) {
        PyErr_SetString(PyExc_ImportError, "gcscope needs gc.callbacks to be a list");
        return -1;
    }
    bool has_all = state->gc_get_objects != NULL && state->gc_get_freeze_count != NULL &&
                   state->gc_collect != NULL && state->gc_callbacks != NULL;
    return has_all ? 0 : -1;
}

/* The names of the standard library's modules, taken once as well: a look-up during a pass could
   call the __eq__ of an odd name in sys. */
static void
find_library(ModuleState *state)
{
    PyObject *names = PySys_GetObject("stdlib_module_names"); /* borrowed */
    state->library = names != NULL && PyFrozenSet_CheckExact(names) ? Py_NewRef(names) : NULL;
}

static int
core_exec(PyObject *module)
{
    ModuleState *state = state_of_module(module);
    state->fail_after = -1;
    state->labellers = PyDict_New();
    state->journal = state->labellers != NULL ? journal_new() : NULL;
    find_library(state);
    if (state->journal == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (find_gc(state) < 0 || roll_call_setup(module, state) < 0 ||
        tracked_setup(module, state) < 0 || refcount_setup(module, state) < 0) {
        return -1;
    }
    PyObject *exact = interp_knows_borrowing() ? Py_True : Py_False;
    return PyModule_AddObjectRef(module, "KNOWS_BORROWING", exact);
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
    Py_VISIT(state->gc_callbacks);
    Py_VISIT(state->library);
    Py_VISIT(state->labellers);
    Py_VISIT(state->object_traceback);
    Py_VISIT(state->callback);
    return 0;
}

static int
core_clear(PyObject *module)
{
    ModuleState *state = state_of_module(module);
    tracked_forget_collector(state);
    Py_CLEAR(state->tracked_type);
    Py_CLEAR(state->person_type);
    Py_CLEAR(state->roll_call_type);
    Py_CLEAR(state->immortal);
    Py_CLEAR(state->gc_get_objects);
    Py_CLEAR(state->gc_get_freeze_count);
    Py_CLEAR(state->gc_collect);
    Py_CLEAR(state->gc_callbacks);
    Py_CLEAR(state->library);
    Py_CLEAR(state->labellers);
    Py_CLEAR(state->object_traceback);
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
