/* audit.c: what was judged (judge.h), as rows. */

#include "query/audit.h"

#include "base/typename.h"
#include "labels/edge_label.h"
#include "query/judge.h"
#include "runtime/rows.h"

/* ------------------------------------------------------------------------- rows */

static const char *const fault_words[] = {
    [FAULT_NO_GC] = "no gc",           [FAULT_NO_VISIT] = "no visit", [FAULT_NO_TYPE] = "no type",
    [FAULT_OVER_VISIT] = "over-visit", [FAULT_NO_CLEAR] = "no clear",
};

typedef struct {
    PyObject *target;
    size_t offset;
    Label label;
    bool is_placed; /* the label says that it was read from this offset */
    bool found;
} NameSearch;

static bool
find_name(void *arg, PyObject *target, Label label)
{
    NameSearch *search = arg;
    bool is_field = label.kind == LABEL_ATTRIBUTE || label.kind == LABEL_FIELD;
    if (target == search->target && is_field && label.text != NULL) {
        search->is_placed = (size_t)label.index == search->offset;
        if (search->is_placed || (!search->found && label.index == 0)) {
            search->label = label;
            search->found = true;
        }
    }
    return search->is_placed;
}

/* New reference: what a place is called, as one would type it, or in words; None where it has no
   name. NULL with an exception. */
static PyObject *
name_of_place(const Suspicion *suspicion)
{
    PyObject *op = suspicion->specimen;
    if (suspicion->offset == NO_PLACE || suspicion->is_item || suspicion->fault == FAULT_NO_TYPE ||
        suspicion->offset == offsetof(PyObject, ob_type)) {
        Py_RETURN_NONE;
    }
    if ((Py_ssize_t)suspicion->offset == Py_TYPE(op)->tp_dictoffset) {
        return PyUnicode_FromString(".__dict__");
    }
    NameSearch search = {.target = suspicion->target, .offset = suspicion->offset};
    referents_visit(op, NULL, find_name, &search);
    return search.found ? edge_label_text(&search.label, false) : Py_NewRef(Py_None);
}

static PyObject *
suspicion_row(const Judge *judge, const Suspicion *suspicion)
{
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    Py_ssize_t offset = suspicion->offset != NO_PLACE ? (Py_ssize_t)suspicion->offset : -1;
    (void)((items[0] = typename_of(suspicion->type)) != NULL &&
           (items[1] = Py_NewRef((PyObject *)suspicion->type)) != NULL &&
           (items[2] = PyUnicode_FromString(fault_words[suspicion->fault])) != NULL &&
           (items[3] = PyLong_FromSsize_t(offset)) != NULL &&
           (items[4] = name_of_place(suspicion)) != NULL &&
           (items[5] = row_bool(suspicion->is_item)) != NULL &&
           (items[6] = PyLong_FromSize_t(suspicion->instances)) != NULL &&
           (items[7] = PyLong_FromSize_t(suspicion->targets)) != NULL &&
           (items[8] = row_bool(suspicion->alone == 0)) != NULL);
    return row_new(judge->scan->state, ROW_SUSPICION, items);
}

/* New reference: a list of Suspicion. NULL with an exception. */
static PyObject *
suspicion_rows(const Judge *judge)
{
    PyObject *list = PyList_New(0);
    int error = list == NULL ? -1 : 0;
    for (size_t s = 0; s < judge->suspicions.items.length && error == 0; s++) {
        const Suspicion *suspicion = &judge->suspicions.items.items[s];
        int counts = suspicion->is_contradicted ? 0 : judge_is_asked(judge, suspicion->type);
        error = counts > 0 ? rows_append(list, suspicion_row(judge, suspicion)) : counts;
    }
    if (error < 0) {
        Py_CLEAR(list);
    }
    return list;
}

static PyObject *
audited_row(const Judge *judge, PyTypeObject *type)
{
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = typename_of(type)) != NULL &&
           (items[1] = Py_NewRef((PyObject *)type)) != NULL &&
           (items[2] = PyLong_FromSize_t(judge_instances_of(judge, type))) != NULL &&
           (items[3] = row_bool(judge_lacks_clear(type))) != NULL);
    return row_new(judge->scan->state, ROW_AUDITED_TYPE, items);
}

/* New reference: a list of AuditedType. NULL with an exception. */
static PyObject *
audited_rows(const Judge *judge)
{
    PyObject *list = PyList_New(0);
    int error = list == NULL ? -1 : 0;
    for (size_t j = 0; j < judge->judged.length && error == 0; j++) {
        PyTypeObject *type = judge->judged.items[j].type;
        bool is_of_c = type == judge->judged.items[j].base;
        int counts = is_of_c && judge->judged.items[j].is_asked ? judge_is_asked(judge, type) : 0;
        error = counts > 0 ? rows_append(list, audited_row(judge, type)) : counts;
    }
    if (error < 0) {
        Py_CLEAR(list);
    }
    return list;
}

/* New reference: the Audit. NULL with an exception. */
static PyObject *
audit_row(const Judge *judge)
{
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = audited_rows(judge)) != NULL && (items[1] = suspicion_rows(judge)) != NULL);
    return row_new(judge->scan->state, ROW_AUDIT, items);
}

/* -------------------------------------------------------------------- the methods */

static bool
is_tuple_of(PyObject *op, bool (*is_item)(PyObject *))
{
    Py_ssize_t i = 0, count = PyTuple_CheckExact(op) ? PyTuple_GET_SIZE(op) : -1;
    while (i < count && is_item(PyTuple_GET_ITEM(op, i))) {
        i++;
    }
    return i == count;
}

static bool
is_type(PyObject *op)
{
    return PyType_Check(op);
}

static bool
is_text(PyObject *op)
{
    return PyUnicode_CheckExact(op);
}

/* New reference or NULL: the answer of one pass. */
static PyObject *
run_audit(Judge *judge)
{
    Scan *scan = judge->scan;
    if (scan_list_known(scan, NULL) < 0 || scan_judge(scan) < 0) {
        return NULL;
    }
    if (judge_all(judge) < 0) {
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    return audit_row(judge);
}

PyObject *
audit_types(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 3 || !PyType_Check(args[0]) || !is_tuple_of(args[1], is_type) ||
        !is_tuple_of(args[2], is_text)) {
        PyErr_SetString(PyExc_TypeError, "audit() takes a class, a tuple of types and a tuple of "
                                         "names of modules");
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, state_of_module(module));
    Judge judge = {.scan = &scan,
                   .types = args[1],
                   .names = args[2],
                   .of_class = c_types_class_functions((PyTypeObject *)args[0])};
    PyObject *answer = run_audit(&judge);
    judge_fini(&judge);
    scan_end(&scan);
    return answer;
}

PyObject *
audit_c_type(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 2 || !PyType_Check(args[0]) || !PyType_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "c_type() takes a class and a type");
        return NULL;
    }
    ClassFunctions of_class = c_types_class_functions((PyTypeObject *)args[0]);
    return Py_NewRef(c_types_base(&of_class, (PyTypeObject *)args[1]));
}

PyObject *
audit_words(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 2) {
        PyErr_SetString(PyExc_TypeError, "words_of() takes an object and another");
        return NULL;
    }
    PyObject *list = PyList_New(0);
    size_t end = words_extent(args[0]);
    int error = list == NULL ? -1 : 0;
    for (size_t offset = sizeof(PyObject); offset + sizeof(PyObject *) <= end && error == 0;
         offset += sizeof(PyObject *)) {
        if (*(PyObject *volatile *)((char *)args[0] + offset) == args[1]) {
            error = rows_append(list, PyLong_FromSize_t(offset));
        }
    }
    if (error < 0) {
        Py_CLEAR(list);
    }
    return list;
}
