/* rows: what passes from C to Python: struct sequences, tuples whose fields have names.

   Each is described once, in rows.c: its name, its fields, and what they mean. `_core.pyi` gives
   them types, and stubtest compares the two. They hold strings and numbers, lists and other rows;
   the one field that holds an object of the program says so.

       row_new(state, ROW_EDGE, items)      items: one for each field, in order, all given up

   A room gathers the items of a row in an array that begins with NULLs, one after the other for as
   long as none fails, and hands it over in any case: where an item is NULL there is no row, and
   what was gathered is released. So a row needs no clean-up of its own.

   The collector tracks a row only where it may lead to an object of the program, so that a ring
   through it is freed. Any other keeps its type alive from outside of what is collected: else a row
   that is there when the interpreter ends may outlive what is in the dict of its type, and say so
   on stderr. */

#ifndef GCSCOPE_ROWS_H
#define GCSCOPE_ROWS_H

#include "runtime/state.h"

typedef enum {
    ROW_PLACE,
    ROW_NODE,
    ROW_EDGE,
    ROW_CUT_TRIAL,
    ROW_CLEARING,
    ROW_KIND_CUT,
    ROW_TYPE_COUNTS,
    ROW_RING,
    ROW_RINGS,
    ROW_WAITING_OBJECTS,
    ROW_REFERENCE,
    ROW_REFERENCES,
    ROW_EVIDENCE,
    ROW_NEIGHBOR,
    ROW_INNER_REFERENCE,
    ROW_OUTER_REFERENCE,
    ROW_EXTENT,
    ROW_NEIGHBORHOOD,
    ROW_CHAIN,
    ROW_RETAINED,
    ROW_RETAINER,
    ROW_TYPE_TALLY,
    ROW_CENSUS,
    ROW_EVENT,
    ROW_JOURNAL_STATUS,
    ROW_FATE,
    ROW_SCAN_COST,
    ROW_FOLLOWED,
    ROW_PAUSE,
    ROW_PAUSE_TOTAL,
    ROW_PAUSED,
    ROW_AUDITED_TYPE,
    ROW_SUSPICION,
    ROW_AUDIT,
    ROW_FILLED,
    ROW_GROWING,
    ROW_GROWING_TYPE,
    ROW_GROWN,
    ROW_KINDS,
} RowKind;

enum { ROW_MOST_FIELDS = 17 };

/* Make the types and add them to the module. 0 or -1 with an exception. */
int rows_setup(PyObject *module, ModuleState *state);

/* New reference: a row of items[0 ..], which are owned by it afterwards, or released. NULL with the
   exception that was set where an item is NULL. */
PyObject *row_new(const ModuleState *state, RowKind kind, PyObject **items);

/* New reference: True or False. */
static inline PyObject *
row_bool(bool value)
{
    return Py_NewRef(value ? Py_True : Py_False);
}

/* Append an item, which is given up, to a list. 0; -1 with an exception, also where the item is
   NULL. */
int rows_append(PyObject *list, PyObject *item);

/* New reference: a list of make(arg, n) for all n < count. NULL with an exception. */
PyObject *rows_list(size_t count, PyObject *(*make)(void *arg, size_t n), void *arg);

#endif
