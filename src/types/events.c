/* events.c: what Python asks of the journal and of the instrumented objects, a function each.

   journal.h keeps numbers and bytes; here they become rows, and kinds of events and causes of death
   get their names. Making a row makes Python objects, and a collection that this sets off would
   free instrumented objects and write into the journal while it is read: so automatic collection is
   off meanwhile.

       event_row, death_row   an Event or a Death of rows.h
       DeathLog               from its making on deaths are kept; what died since is read by its
                              index, so that several logs do not know of each other. It ends when it
                              is let go of, so that no exception leaves it on
       core_alive             the register, through tracked_alive */

#include "types/events.h"

#include <structmember.h>

#include "base/utf8.h"
#include "runtime/rows.h"
#include "types/roll_call.h"
#include "types/tracked.h"

/* ---------------------------------------------------------------- the journal */

/* The words of EventKind and FreedBy, in their order. */
static const char *const event_words[] = {"created", "finalized", "cleared", "resurrected",
                                          "freed"};
static const char *const freed_by_words[] = {NULL, "refcount", "collector", "collector (inferred)",
                                             "shutdown"};

/* New reference: the Event of an index, 0 for the oldest. */
static PyObject *
event_row(void *arg, size_t index)
{
    const ModuleState *state = arg;
    const Event *event = journal_event(state->journal, index);
    const char *by = freed_by_words[event->by],
               *type = journal_type_name(state->journal, event->type);
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = PyLong_FromUnsignedLongLong(event->serial)) != NULL &&
           (items[1] = PyUnicode_FromString(event_words[event->kind])) != NULL &&
           (items[2] = utf8_decode_text(type)) != NULL &&
           (items[3] = event->has_name ? utf8_decode(event->name, event->name_length)
                                       : Py_NewRef(Py_None)) != NULL &&
           (items[4] = PyLong_FromLongLong(event->refcount)) != NULL &&
           (items[5] = by != NULL ? PyUnicode_FromString(by) : Py_NewRef(Py_None)) != NULL);
    return row_new(state, ROW_EVENT, items);
}

PyDoc_STRVAR(journal_events_doc, "journal_events($module, /)\n--\n\n"
                                 "The events kept, oldest first: a list of Event.");

static PyObject *
core_journal_events(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    ModuleState *state = state_of_module(module);
    int was_enabled = gc_pause_begin(); /* what a collection frees would be noted under our hands */
    PyObject *rows = rows_list(state->journal->event_count, event_row, state);
    gc_pause_end(was_enabled);
    return rows;
}

PyDoc_STRVAR(journal_status_doc, "journal_status($module, /)\n--\n\nReturn a JournalStatus.");

static PyObject *
core_journal_status(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    const ModuleState *state = state_of_module(module);
    const Journal *journal = state->journal;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = row_bool(journal->enabled)) != NULL &&
           (items[1] = PyLong_FromSize_t(journal->capacity)) != NULL &&
           (items[2] = PyLong_FromUnsignedLongLong(journal->dropped)) != NULL &&
           (items[3] = PyLong_FromLong((long)journal->death_logs)) != NULL);
    return row_new(state, ROW_JOURNAL_STATUS, items);
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

/* ------------------------------------------------------------------- deaths */

typedef struct {
    PyObject_HEAD
    ModuleState *state; /* borrowed: of `module` */
    PyObject *module;   /* owned */
    Journal *journal;   /* shared */
    bool is_on;
    size_t first; /* index of the death that it begins with */
    unsigned long long first_serial;
} DeathLogObject;

static PyObject *
death_log_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *module = PyType_GetModule(type);
    ModuleState *state = module != NULL ? state_of_module(module) : NULL;
    if (state == NULL ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, ":DeathLog", (char *[]){NULL}) ||
        tracked_follow_collector(state) < 0) {
        return NULL;
    }
    DeathLogObject *self = PyObject_New(DeathLogObject, type);
    if (self == NULL) {
        return NULL;
    }
    self->state = state;
    self->module = Py_NewRef(module);
    self->journal = state->journal;
    journal_retain(self->journal);
    self->first = self->journal->deaths.length;
    self->first_serial = self->journal->next_serial;
    self->is_on = true;
    journal_deaths_begin(self->journal);
    return (PyObject *)self;
}

static void
death_log_stop(DeathLogObject *self)
{
    if (self->is_on) {
        self->is_on = false;
        journal_deaths_end(self->journal);
    }
}

static void
death_log_dealloc(PyObject *op)
{
    DeathLogObject *self = (DeathLogObject *)op;
    PyTypeObject *type = Py_TYPE(op);
    death_log_stop(self);
    journal_release(self->journal);
    Py_DECREF(self->module);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* New reference: the Death of an index in a log. */
static PyObject *
death_row(void *arg, size_t index)
{
    const DeathLogObject *log = arg;
    const Death *death = &log->journal->deaths.items[log->first + index];
    const char *type = journal_type_name(log->journal, death->type);
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = PyLong_FromUnsignedLongLong(death->serial)) != NULL &&
           (items[1] = utf8_decode_text(type)) != NULL &&
           (items[2] = PyUnicode_FromString(freed_by_words[death->by])) != NULL);
    return row_new(log->state, ROW_DEATH, items);
}

PyDoc_STRVAR(
    death_log_end_doc,
    "end($self, /)\n--\n\n"
    "End the log, and return the deaths: a list of Death.\n\n"
    "Raises MemoryError where one could not be noted, RuntimeError where the log has ended "
    "before.");

static PyObject *
death_log_end(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    DeathLogObject *self = (DeathLogObject *)op;
    if (!self->is_on) {
        PyErr_SetString(PyExc_RuntimeError, "this log of deaths has ended");
        return NULL;
    }
    int was_enabled = gc_pause_begin();
    size_t length = self->journal->deaths.length;
    PyObject *rows = self->journal->deaths_lost ? PyErr_NoMemory()
                                                : rows_list(length - self->first, death_row, self);
    death_log_stop(self);
    gc_pause_end(was_enabled);
    return rows;
}

static PyObject *
death_log_enter(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return Py_NewRef(op);
}

static PyObject *
death_log_exit(PyObject *op, PyObject *const *Py_UNUSED(args), Py_ssize_t Py_UNUSED(nargs))
{
    death_log_stop((DeathLogObject *)op);
    Py_RETURN_NONE;
}

static PyMethodDef death_log_methods[] = {
    {"__enter__", death_log_enter, METH_NOARGS, PyDoc_STR("__enter__($self, /)\n--\n\nThe log.")},
    {"__exit__", (PyCFunction)(void (*)(void))death_log_exit, METH_FASTCALL,
     PyDoc_STR("__exit__($self, *error)\n--\n\nEnd it, if it has not ended.")},
    {"end", death_log_end, METH_NOARGS, death_log_end_doc},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef death_log_members[] = {
    {"first_serial", T_ULONGLONG, offsetof(DeathLogObject, first_serial), READONLY,
     PyDoc_STR("Objects that are made from here on have this serial or a higher one.")},
    {NULL, 0, 0, 0, NULL},
};

PyDoc_STRVAR(death_log_doc, "DeathLog()\n--\n\n"
                            "The deaths of instrumented objects from here on, until it ends or is "
                            "let go of.");

static PyType_Slot death_log_slots[] = {
    {Py_tp_doc, (void *)death_log_doc}, {Py_tp_new, death_log_new},
    {Py_tp_dealloc, death_log_dealloc}, {Py_tp_methods, death_log_methods},
    {Py_tp_members, death_log_members}, {0, NULL},
};

static PyType_Spec death_log_spec = {
    .name = "gcscope._core.DeathLog",
    .basicsize = sizeof(DeathLogObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = death_log_slots,
};

/* -------------------------------------------------------------- instrumented */

PyDoc_STRVAR(alive_doc, "alive($module, roll_call, /)\n--\n\n"
                        "Every instrumented object that is alive, in the order of creation.\n\n"
                        "A list of Living. roll_call is a RollCall or None.");

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

/* --------------------------------------------------------------------- all */

static PyMethodDef events_methods[] = {
    {"alive", core_alive, METH_O, alive_doc},
    {"journal_events", core_journal_events, METH_NOARGS, journal_events_doc},
    {"journal_status", core_journal_status, METH_NOARGS, journal_status_doc},
    {"journal_totals", core_journal_totals, METH_NOARGS, journal_totals_doc},
    {"journal_clear", core_journal_clear, METH_NOARGS, journal_clear_doc},
    {"journal_enable", core_journal_enable, METH_O, journal_enable_doc},
    {"journal_resize", core_journal_resize, METH_O, journal_resize_doc},
    {NULL, NULL, 0, NULL},
};

int
events_setup(PyObject *module)
{
    return state_add_type(module, &death_log_spec) < 0
               ? -1
               : PyModule_AddFunctions(module, events_methods);
}
