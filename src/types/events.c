/* events.c: what Python asks of the journal and of the instrumented objects, a function each.

   journal.h keeps numbers and bytes; here they become rows, and kinds of events and causes of death
   get their names. Making a row makes Python objects, and a collection that this sets off would
   free instrumented objects and write into the journal while it is read: so automatic collection is
   off meanwhile.

       event_row, fate_row   an Event or a Fate of rows.h
       Fates                 a sequence of what became of each instrumented object that was alive
                             when it was made. It notes deaths until it is ended or let go of, so
                             that no exception leaves it on
       counts_dict           counts of each type and fate, as Python has them */

#include "types/events.h"

#include <structmember.h>

#include "base/utf8.h"
#include "heap/interp_world.h"
#include "runtime/rows.h"
#include "types/roll_call.h"
#include "types/tracked.h"

/* ---------------------------------------------------------------- the journal */

/* The words of EventKind, and of FreedBy and the fates beyond, in their order. */
static const char *const event_words[] = {"created", "finalized", "cleared", "resurrected",
                                          "freed"};
static const char *const fate_words[] = {"survived",     "refcount",
                                         "collector",    "collector (inferred)",
                                         "shutdown",     "resurrected",
                                         "uncollectable"};

_Static_assert(Py_ARRAY_LENGTH(fate_words) == FATE_KINDS, "every fate has its word");

/* New reference: the Event of an index, 0 for the oldest. */
static PyObject *
event_row(void *arg, size_t index)
{
    const ModuleState *state = arg;
    const Event *event = journal_event(state->journal, index);
    const char *type = journal_type_name(state->journal, event->type);
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = PyLong_FromUnsignedLongLong(event->serial)) != NULL &&
           (items[1] = PyUnicode_FromString(event_words[event->kind])) != NULL &&
           (items[2] = utf8_decode_text(type)) != NULL &&
           (items[3] = event->has_name ? utf8_decode(event->name, event->name_length)
                                       : Py_NewRef(Py_None)) != NULL &&
           (items[4] = PyLong_FromLongLong(event->refcount)) != NULL &&
           (items[5] = event->by != BY_NOBODY ? PyUnicode_FromString(fate_words[event->by])
                                              : Py_NewRef(Py_None)) != NULL);
    return row_new(state, ROW_EVENT, items);
}

PyDoc_STRVAR(journal_events_doc, "journal_events($module, /)\n--\n\n"
                                 "The events kept, oldest first: a list of Event.");

static PyObject *
core_journal_events(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    ModuleState *state = state_of_module(module);
    World world = {0};
    int was_enabled = gc_pause_begin(); /* what a collection frees would be noted under our hands */
    world_stop(&world);
    PyObject *rows = rows_list(state->journal->event_count, event_row, state);
    world_end(&world);
    gc_pause_end(was_enabled);
    return rows;
}

static size_t
fate_tables(const Journal *journal)
{
    size_t count = 0;
    for (const FateTable *table = journal->fate_tables; table != NULL; table = table->next) {
        count++;
    }
    return count;
}

PyDoc_STRVAR(journal_status_doc, "journal_status($module, /)\n--\n\nReturn a JournalStatus.");

static PyObject *
core_journal_status(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    const ModuleState *state = state_of_module(module);
    const Journal *journal = state->journal;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    World world = {0};
    world_stop(&world);
    (void)((items[0] = row_bool(journal->enabled)) != NULL &&
           (items[1] = PyLong_FromSize_t(journal->capacity)) != NULL &&
           (items[2] = PyLong_FromUnsignedLongLong(journal->dropped)) != NULL &&
           (items[3] = PyLong_FromSize_t(fate_tables(journal))) != NULL);
    world_end(&world);
    return row_new(state, ROW_JOURNAL_STATUS, items);
}

typedef size_t FateCounts[FATE_KINDS];

/* New reference: type name -> how many, of those with one fate. NULL with an exception. */
static PyObject *
counts_of_fate(const Journal *journal, const FateCounts *counts, size_t types, int fate)
{
    PyObject *dict = PyDict_New();
    for (size_t type = 0; type < types && dict != NULL; type++) {
        if (counts[type][fate] != 0) {
            PyObject *name = utf8_decode_text(journal_type_name(journal, (uint32_t)type));
            PyObject *count = PyLong_FromSize_t(counts[type][fate]);
            if (name == NULL || count == NULL || PyDict_SetItem(dict, name, count) < 0) {
                Py_CLEAR(dict);
            }
            Py_XDECREF(name);
            Py_XDECREF(count);
        }
    }
    return dict;
}

/* New reference: fate -> type name -> how many. The counts are freed. NULL with an exception, where
   they are NULL that of exhausted memory. */
static PyObject *
counts_dict(const Journal *journal, FateCounts *counts, size_t types)
{
    PyObject *dict = counts != NULL ? PyDict_New() : PyErr_NoMemory();
    for (int fate = 0; fate < FATE_KINDS && dict != NULL; fate++) {
        PyObject *of_fate = counts_of_fate(journal, counts, types, fate);
        if (of_fate == NULL || PyDict_SetItemString(dict, fate_words[fate], of_fate) < 0) {
            Py_CLEAR(dict);
        }
        Py_XDECREF(of_fate);
    }
    PyMem_Free(counts);
    return dict;
}

PyDoc_STRVAR(journal_deaths_doc,
             "journal_deaths($module, /)\n--\n\n"
             "How many objects have died since the module was loaded: a dict of what freed them, "
             "and in that of their types.");

static PyObject *
core_journal_deaths(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    const Journal *journal = state_of_module(module)->journal;
    World world = {0};
    world_stop(&world);
    size_t types = journal->types.length; /* there may be more when the dicts have been made */
    FateCounts *counts = PyMem_Calloc(types, sizeof(FateCounts));
    for (size_t type = 0; type < types && counts != NULL; type++) {
        for (int by = BY_REFCOUNT; by <= BY_SHUTDOWN; by++) {
            counts[type][by] = journal->types.items[type].freed[by];
        }
    }
    PyObject *deaths = counts_dict(journal, counts, types);
    world_end(&world);
    return deaths;
}

PyDoc_STRVAR(
    journal_totals_doc,
    "journal_totals($module, /)\n--\n\n"
    "Counts since the module was loaded: objects created, and freed by each of the four causes.");

static PyObject *
core_journal_totals(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    const Journal *journal = state_of_module(module)->journal;
    uint64_t freed[BY_SHUTDOWN + 1] = {0};
    World world = {0};
    world_stop(&world);
    uint64_t created = journal->next_serial - 1;
    for (size_t type = 0; type < journal->types.length; type++) {
        for (int by = BY_REFCOUNT; by <= BY_SHUTDOWN; by++) {
            freed[by] += journal->types.items[type].freed[by];
        }
    }
    world_end(&world);
    PyObject *totals = Py_BuildValue("{sK}", "created", (unsigned long long)created);
    for (int by = BY_REFCOUNT; by <= BY_SHUTDOWN && totals != NULL; by++) {
        PyObject *count = PyLong_FromUnsignedLongLong(freed[by]);
        if (count == NULL || PyDict_SetItemString(totals, fate_words[by], count) < 0) {
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

PyDoc_STRVAR(journal_resize_doc,
             "journal_resize($module, capacity, /)\n--\n\n"
             "Set how many events are kept at most, 64 bytes each. The newest stay.\n\n"
             "Raises ValueError unless 1 <= capacity < 2**32, MemoryError where there is no memory "
             "(nothing is lost then).");

static PyObject *
core_journal_resize(PyObject *module, PyObject *capacity)
{
    if (!PyLong_Check(capacity) || PyBool_Check(capacity)) {
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

/* -------------------------------------------------------------------- fates */

typedef struct {
    PyObject_HEAD
    ModuleState *state; /* borrowed: of `module` */
    PyObject *module;   /* owned */
    Journal *journal;   /* shared */
    FateTable table;
    bool is_on;
    PyObject *type_name; /* owned or NULL: of the fate that was told last */
    uint32_t type;       /* its number */
} FatesObject;

static PyObject *
fates_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *module = PyType_GetModule(type);
    ModuleState *state = module != NULL ? state_of_module(module) : NULL;
    if (state == NULL || !PyArg_ParseTupleAndKeywords(args, kwargs, ":Fates", (char *[]){NULL}) ||
        tracked_follow_collector(state) < 0) {
        return NULL;
    }
    FatesObject *self = PyObject_New(FatesObject, type);
    if (self == NULL) {
        return NULL;
    }
    self->state = state;
    self->module = Py_NewRef(module);
    self->journal = state->journal;
    journal_retain(self->journal);
    self->table = (FateTable){0};
    self->is_on = true;
    self->type_name = NULL;
    World world = {0};
    world_stop(&world); /* no death between the two */
    journal_fates_begin(self->journal, &self->table);
    int error = tracked_list_fates(self->journal, &self->table);
    world_end(&world);
    if (error < 0) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static void
fates_stop(FatesObject *self)
{
    if (self->is_on) {
        self->is_on = false;
        journal_fates_end(self->journal, &self->table);
    }
}

static void
fates_dealloc(PyObject *op)
{
    FatesObject *self = (FatesObject *)op;
    PyTypeObject *type = Py_TYPE(op);
    fates_stop(self);
    for (size_t i = 0; i < self->table.fates.length; i++) {
        Py_XDECREF(self->table.fates.items[i].name); /* a str: no code runs */
    }
    journal_lock(self->journal); /* others make room in its memory meanwhile */
    vec_fini(&self->journal->memory, &self->table.fates);
    journal_unlock(self->journal);
    Py_XDECREF(self->type_name);
    journal_release(self->journal);
    Py_DECREF(self->module);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* Whether an argument is a RollCall; where not, TypeError is set. */
static bool
check_roll_call(const ModuleState *state, PyObject *op)
{
    if (roll_call_check(state, op)) {
        return true;
    }
    PyErr_Format(PyExc_TypeError, "expected a RollCall, not '%.200s'", Py_TYPE(op)->tp_name);
    return false;
}

PyDoc_STRVAR(fates_end_doc, "end($self, unreachable, uncollectable, /)\n--\n\n"
                            "End it: tell who lives of a RollCall as 'resurrected', and of those "
                            "who is in a second one as 'uncollectable'.\n\n"
                            "Raises RuntimeError where it has ended before.");

static PyObject *
fates_end(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    FatesObject *self = (FatesObject *)op;
    if (nargs != 2) {
        return PyErr_Format(PyExc_TypeError, "end() takes 2 arguments, not %zd", nargs);
    }
    if (!check_roll_call(self->state, args[0]) || !check_roll_call(self->state, args[1])) {
        return NULL;
    }
    if (!self->is_on) {
        PyErr_SetString(PyExc_RuntimeError, "these fates have been told");
        return NULL;
    }
    World world = {0};
    world_stop(&world);
    int error = tracked_settle_fates(self->journal, &self->table, args[0], args[1]);
    if (error == 0) {
        fates_stop(self);
    }
    world_end(&world);
    return error == 0 ? Py_NewRef(Py_None) : NULL;
}

PyDoc_STRVAR(fates_counts_doc,
             "counts($self, /)\n--\n\n"
             "How many objects had each fate: a dict of the seven, and in that of their types.");

static PyObject *
fates_counts(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    FatesObject *self = (FatesObject *)op;
    World world = {0};
    world_stop(&world);
    size_t types = self->journal->types.length;
    FateCounts *counts = PyMem_Calloc(types, sizeof(FateCounts));
    for (size_t i = 0; i < self->table.fates.length && counts != NULL; i++) {
        const Fate *fate = &self->table.fates.items[i];
        counts[fate->type][fate->fate]++;
    }
    PyObject *dict = counts_dict(self->journal, counts, types);
    world_end(&world);
    return dict;
}

PyDoc_STRVAR(fates_sizeof_doc, "__sizeof__($self, /)\n--\n\n"
                               "Bytes, those of the table included.");

static PyObject *
fates_sizeof(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromSize_t(sizeof(FatesObject) +
                             ((FatesObject *)op)->table.fates.capacity * sizeof(Fate));
}

static Py_ssize_t
fates_length(PyObject *op)
{
    return (Py_ssize_t)((FatesObject *)op)->table.fates.length;
}

/* New reference: the name of a type, the same for fates of one type that follow each other. */
static PyObject *
fates_type_name(FatesObject *self, uint32_t type)
{
    if (self->type_name == NULL || self->type != type) {
        PyObject *name = utf8_decode_text(journal_type_name(self->journal, type));
        self->type = type;
        Py_XSETREF(self->type_name, name);
    }
    return Py_XNewRef(self->type_name);
}

static PyObject *
fate_row(PyObject *op, Py_ssize_t index)
{
    FatesObject *self = (FatesObject *)op;
    if (index < 0 || index >= fates_length(op)) {
        PyErr_SetString(PyExc_IndexError, "there are no more fates");
        return NULL;
    }
    const Fate *fate = &self->table.fates.items[index];
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    World world = {0};
    world_stop(&world);
    (void)((items[0] = PyLong_FromUnsignedLongLong(fate->serial)) != NULL &&
           (items[1] = fates_type_name(self, fate->type)) != NULL &&
           (items[2] = Py_NewRef(fate->name != NULL ? fate->name : Py_None)) != NULL &&
           (items[3] = PyUnicode_InternFromString(fate_words[fate->fate])) != NULL);
    world_end(&world);
    return row_new(self->state, ROW_FATE, items);
}

static PyObject *
fates_enter(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return Py_NewRef(op);
}

static PyObject *
fates_exit(PyObject *op, PyObject *const *Py_UNUSED(args), Py_ssize_t Py_UNUSED(nargs))
{
    fates_stop((FatesObject *)op);
    Py_RETURN_NONE;
}

static PyMethodDef fates_methods[] = {
    {"__enter__", fates_enter, METH_NOARGS, PyDoc_STR("__enter__($self, /)\n--\n\nThe fates.")},
    {"__exit__", (PyCFunction)(void (*)(void))fates_exit, METH_FASTCALL,
     PyDoc_STR("__exit__($self, *error)\n--\n\nNote no more deaths.")},
    {"end", (PyCFunction)(void (*)(void))fates_end, METH_FASTCALL, fates_end_doc},
    {"counts", fates_counts, METH_NOARGS, fates_counts_doc},
    {"__sizeof__", fates_sizeof, METH_NOARGS, fates_sizeof_doc},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(fates_doc,
             "Fates()\n--\n\n"
             "What becomes of each instrumented object that is alive now, until it ends or is let "
             "go of: a sequence of Fate, in the order of creation.\n\n"
             "24 bytes an object; a Fate is made when it is asked for.");

static PyType_Slot fates_slots[] = {
    {Py_tp_doc, (void *)fates_doc},
    {Py_tp_new, fates_new},
    {Py_tp_dealloc, fates_dealloc},
    {Py_tp_methods, fates_methods},
    {Py_sq_length, fates_length},
    {Py_sq_item, fate_row},
    {0, NULL},
};

static PyType_Spec fates_spec = {
    .name = "gcscope._core.Fates",
    .basicsize = sizeof(FatesObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = fates_slots,
};

/* -------------------------------------------------------------- instrumented */

PyDoc_STRVAR(
    living_doc,
    "living($module, unreachable, uncollectable, first_serial, end_serial, /)\n--\n\n"
    "How many instrumented objects are alive, with serials below end_serial: a dict of\n"
    "fates, as of Fates.counts, and in that of their types.\n\n"
    "unreachable and uncollectable: a RollCall each, or None. Of who is in neither only those are\n"
    "counted that have first_serial or a higher one.");

/* A serial; -1 with an exception where it is none. */
static int
read_serial(PyObject *number, uint64_t *serial)
{
    *serial = PyLong_AsUnsignedLongLong(number);
    return *serial == (uint64_t)-1 && PyErr_Occurred() ? -1 : 0;
}

static PyObject *
core_living(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    PyObject *roll_calls[2] = {NULL, NULL};
    if (nargs != 4) {
        return PyErr_Format(PyExc_TypeError, "living() takes 4 arguments, not %zd", nargs);
    }
    for (int i = 0; i < 2; i++) {
        if (!Py_IsNone(args[i])) {
            if (!check_roll_call(state, args[i])) {
                return NULL;
            }
            roll_calls[i] = args[i];
        }
    }
    Living living = {.unreachable = roll_calls[0], .uncollectable = roll_calls[1]};
    if (read_serial(args[2], &living.first_serial) < 0 ||
        read_serial(args[3], &living.end_serial) < 0) {
        return NULL;
    }
    World world = {0};
    world_stop(&world);
    size_t types = state->journal->types.length;
    FateCounts *counts = PyMem_Calloc(types, sizeof(FateCounts));
    bool failed = counts != NULL && tracked_count_living(state->journal, &living, counts) < 0;
    PyObject *dict = failed ? NULL : counts_dict(state->journal, counts, types);
    world_end(&world);
    if (failed) {
        PyMem_Free(counts);
    }
    return dict;
}

/* --------------------------------------------------------------------- all */

static PyMethodDef events_methods[] = {
    {"living", (PyCFunction)(void (*)(void))core_living, METH_FASTCALL, living_doc},
    {"journal_events", core_journal_events, METH_NOARGS, journal_events_doc},
    {"journal_status", core_journal_status, METH_NOARGS, journal_status_doc},
    {"journal_deaths", core_journal_deaths, METH_NOARGS, journal_deaths_doc},
    {"journal_totals", core_journal_totals, METH_NOARGS, journal_totals_doc},
    {"journal_clear", core_journal_clear, METH_NOARGS, journal_clear_doc},
    {"journal_enable", core_journal_enable, METH_O, journal_enable_doc},
    {"journal_resize", core_journal_resize, METH_O, journal_resize_doc},
    {NULL, NULL, 0, NULL},
};

int
events_setup(PyObject *module)
{
    return state_add_type(module, &fates_spec) < 0 ? -1
                                                   : PyModule_AddFunctions(module, events_methods);
}
