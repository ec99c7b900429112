#include "follow/tally.h"

#include "query/ring_rows.h"
#include "runtime/scan.h"
#include "types/roll_call.h"

int
tally_init(Tally *tally, const ModuleState *state)
{
    *tally = (Tally){.memory = scan_memory(state), .rows = PyList_New(0)};
    tally->collected_types[0] = PyDict_New();
    tally->collected_types[1] = PyDict_New();
    bool has_all = tally->rows != NULL && tally->collected_types[0] != NULL &&
                   tally->collected_types[1] != NULL;
    return has_all ? 0 : -1;
}

void
tally_fini(Tally *tally)
{
    forms_fini(&tally->forms, &tally->memory);
    Py_CLEAR(tally->rows);
    Py_CLEAR(tally->collected_types[0]);
    Py_CLEAR(tally->collected_types[1]);
}

/* Before CPython 3.12 None has a reference count, which tests of extension modules compare before
   and after a collection. While rows wait they hold their own type in its stead, whose count no
   program has seen. Rows, lists of rows, and so on: made here, and seen by nobody else. */

enum { DEEPEST_ROWS = 8 };

typedef struct Level {
    PyObject **items; /* borrowed: of a row or a list */
    Py_ssize_t left;
} Level;

static inline bool
has_items(PyObject *op)
{
    return PyList_Check(op) || PyTuple_Check(op);
}

/* What is made at the start of a collection is not to be taken for a birth. With generations it
   lies in an older one by the end; where births are known by a mark, the collector need not know of
   it. */
static void
hide(PyObject *op)
{
    if (GCSCOPE_FREE_THREADED && (has_items(op) || PyDict_CheckExact(op)) &&
        PyObject_GC_IsTracked(op)) {
        PyObject_GC_UnTrack(op);
    }
}

static void
replace_all(PyObject *row, PyObject *old, PyObject *by)
{
    hide(row);
    Level levels[DEEPEST_ROWS] = {{PySequence_Fast_ITEMS(row), Py_SIZE(row)}};
    size_t depth = 1;
    while (depth > 0) {
        Level *level = &levels[depth - 1];
        if (level->left == 0) {
            depth--;
            continue;
        }
        PyObject **place = &level->items[--level->left];
        hide(*place);
        if (*place == old) {
            *place = Py_NewRef(by);
            Py_DECREF(old);
        }
        else if (has_items(*place) && depth < DEEPEST_ROWS) {
            levels[depth++] = (Level){PySequence_Fast_ITEMS(*place), Py_SIZE(*place)};
        }
    }
}

/* A new form and its row, borrowed: the lists of both are of one length. NULL with an exception. */
static Form *
enter(Tally *tally, const Form *found, PyObject *row)
{
    Py_ssize_t place = PyList_GET_SIZE(tally->rows);
    if (PyList_Append(tally->rows, row) < 0) {
        return NULL;
    }
    Form *form = forms_find(&tally->forms, &tally->memory, found->hash);
    if (form == NULL) {
        (void)PyList_SetSlice(tally->rows, place, place + 1, NULL);
        scan_no_memory();
    }
    return form;
}

/* The form that has this row, borrowed, from now on: of a specimen that is larger than the one
   before, if there was one. NULL with an exception. */
static Form *
enter_larger(Tally *tally, Form *form, const Form *found, PyObject *row)
{
    if (form == NULL) {
        return enter(tally, found, row);
    }
    Py_ssize_t place = form - tally->forms.items.items;
    return PyList_SetItem(tally->rows, place, Py_NewRef(row)) < 0 ? NULL : form;
}

int
tally_add_form(Tally *tally, const Describer *describer, Cycles *cycles, size_t f)
{
    const Form *found = &cycles->forms.items.items[f];
    Form *form = forms_known(&tally->forms, found->hash);
    size_t count = form != NULL ? form->count : 0;
    if (form == NULL || forms_compare(found, form) > 0) {
        PyObject *row = ring_rows_one(describer, cycles, f);
        if (row == NULL) {
            return -1;
        }
        replace_all(row, Py_None, (PyObject *)Py_TYPE(row));
        form = enter_larger(tally, form, found, row);
        Py_DECREF(row);
        if (form == NULL) {
            return -1;
        }
        *form = *found;
    }
    form->count = count + found->count;
    return 0;
}

int
tally_add_forms(Tally *tally, const Describer *describer, Cycles *cycles)
{
    for (size_t f = 0; f < cycles->forms.items.length; f++) {
        if (tally_add_form(tally, describer, cycles, f) < 0) {
            return -1;
        }
    }
    return 0;
}

int
tally_add_collected(Tally *tally, PyObject *roll_call, uint64_t bytes)
{
    if (roll_call_add_types(roll_call, tally->collected_types[0], tally->collected_types[1]) < 0) {
        return -1;
    }
    tally->collected_objects += roll_call_objects(roll_call);
    tally->collected_bytes += bytes;
    return 0;
}

/* Nobody else has seen the row yet. 0 or -1 with an exception. */
static int
set_count(PyObject *row, size_t count)
{
    PyObject *number = PyLong_FromSize_t(count), *before = PyStructSequence_GetItem(row, 0);
    if (number == NULL) {
        return -1;
    }
    PyStructSequence_SetItem(row, 0, number);
    Py_DECREF(before);
    return 0;
}

PyObject *
tally_rows(Tally *tally)
{
    PyObject *rows = PyList_New(0);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(tally->rows) && rows != NULL; i++) {
        PyObject *row = PyList_GET_ITEM(tally->rows, i);
        replace_all(row, (PyObject *)Py_TYPE(row), Py_None);
        if (set_count(row, tally->forms.items.items[i].count) < 0 || PyList_Append(rows, row) < 0) {
            Py_CLEAR(rows);
        }
    }
    return rows;
}
