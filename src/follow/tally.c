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

/* A place for the row of every form: None until it is made, and where that failed. */
static int
make_places(const Tally *tally)
{
    while ((size_t)PyList_GET_SIZE(tally->rows) < tally->forms.items.length) {
        if (PyList_Append(tally->rows, Py_None) < 0) {
            return -1;
        }
    }
    return 0;
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

static void
replace_all(PyObject *row, PyObject *old, PyObject *by)
{
    Level levels[DEEPEST_ROWS] = {{PySequence_Fast_ITEMS(row), Py_SIZE(row)}};
    size_t depth = 1;
    while (depth > 0) {
        Level *level = &levels[depth - 1];
        if (level->left == 0) {
            depth--;
            continue;
        }
        PyObject **place = &level->items[--level->left];
        if (*place == old) {
            *place = Py_NewRef(by);
            Py_DECREF(old);
        }
        else if (has_items(*place) && depth < DEEPEST_ROWS) {
            levels[depth++] = (Level){PySequence_Fast_ITEMS(*place), Py_SIZE(*place)};
        }
    }
}

static int
add_form(Tally *tally, const Describer *describer, Cycles *cycles, size_t f)
{
    const Form *found = &cycles->forms.items.items[f];
    Form *form = forms_find(&tally->forms, &tally->memory, found->hash);
    if (form == NULL) {
        return scan_no_memory();
    }
    if (make_places(tally) < 0) {
        return -1;
    }
    size_t place = (size_t)(form - tally->forms.items.items), count = form->count;
    if (count == 0 || forms_compare(found, form) > 0) {
        PyObject *row = ring_rows_one(describer, cycles, f);
        if (row != NULL) {
            replace_all(row, Py_None, (PyObject *)Py_TYPE(row));
        }
        if (row == NULL || PyList_SetItem(tally->rows, (Py_ssize_t)place, row) < 0) {
            return -1;
        }
        *form = *found;
        form->count = count;
    }
    form->count += found->count;
    return 0;
}

int
tally_add_forms(Tally *tally, const Describer *describer, Cycles *cycles)
{
    for (size_t f = 0; f < cycles->forms.items.length; f++) {
        if (add_form(tally, describer, cycles, f) < 0) {
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
        if (row != Py_None) {
            replace_all(row, (PyObject *)Py_TYPE(row), Py_None);
        }
        if (row != Py_None && (set_count(row, tally->forms.items.items[i].count) < 0 ||
                               PyList_Append(rows, row) < 0)) {
            Py_CLEAR(rows);
        }
    }
    return rows;
}
