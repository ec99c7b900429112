/* growth.c:

       containers_round   a census; with `mark` what was there, and which dicts are watched from now
       containers_end     the candidates that still live, their groups, what they got, as rows

   In growth_rows.c it becomes rows. */

#include "query/growth.h"

#include "query/growth_rows.h"

typedef struct {
    PyObject_HEAD
    ModuleState *state; /* borrowed: of `module` */
    PyObject *module;   /* owned */
    GrowthFacts facts;
    bool has_ended;
} ContainersObject;

/* ------------------------------------------------------------------------ rounds */

/* Watch the dicts among the candidates. 0; -1 out of memory. */
static int
watch_dicts(GrowthFacts *facts, Scan *scan, const Candidates *candidates)
{
    VEC(WatchedDict) dicts = {0};
    int error = vec_reserve(&scan->memory, &dicts, candidates->length);
    for (size_t c = 0; c < candidates->length && error == 0; c++) {
        PyObject *op = candidates->items[c].op;
        if (PyDict_Check(op)) {
            vec_push_reserved(&dicts, ((WatchedDict){op, growth_number(facts, op)}));
        }
    }
    if (error == 0) {
        error = filling_begin(&facts->filling, scan->state, &facts->filling_memory, dicts.items,
                              dicts.length);
    }
    vec_fini(&scan->memory, &dicts);
    return error;
}

/* Note the lengths of all containers, and what those that have grown refer to. 0; -1 out of memory.
   */
static int
mark(GrowthFacts *facts, Scan *scan)
{
    Candidates candidates = {0};
    VEC(PyObject *) containers = {0};
    int error = candidates_find(&candidates, &scan->memory, scan, &facts->census);
    if (error == 0) {
        error = vec_reserve(&scan->memory, &containers, candidates.length);
    }
    for (size_t c = 0; c < candidates.length && error == 0; c++) {
        vec_push_reserved(&containers, candidates.items[c].op);
    }
    if (error == 0 && candidates.length != 0) {
        error =
            scan_judge(scan) < 0 ||
                    account_begin(&facts->account, scan, containers.items, containers.length) < 0 ||
                    watch_dicts(facts, scan, &candidates) < 0
                ? -1
                : 0;
    }
    growth_census_mark(&facts->census, scan);
    facts->mark = facts->census.censuses - 1;
    vec_fini(&scan->memory, &containers);
    vec_fini(&scan->memory, &candidates);
    return error;
}

/* 0 or -1 with an exception. */
static int
take_round(ContainersObject *self, Scan *scan, bool is_marked)
{
    GrowthFacts *facts = &self->facts;
    facts->account.memory.fail_after = facts->filling_memory.fail_after = self->state->fail_after;
    if (growth_census_list(&facts->census, scan) < 0) {
        return -1;
    }
    int error = growth_census_take(&facts->census, scan);
    if (error == 0 && is_marked) {
        error = mark(facts, scan);
    }
    return error < 0 ? scan_no_memory() : 0;
}

static int
check_is_on(const ContainersObject *self)
{
    if (self->has_ended) {
        PyErr_SetString(PyExc_RuntimeError, "this Containers has ended");
        return -1;
    }
    return state_check(self->state);
}

static void
stop(ContainersObject *self)
{
    self->has_ended = true;
    filling_fini(&self->facts.filling);
    account_fini(&self->facts.account);
    growth_census_fini(&self->facts.census);
}

PyDoc_STRVAR(round_doc,
             "round($self, mark=False, /)\n--\n\n"
             "Take a census of all containers: the first one, or at the end of a round.\n\n"
             "mark: find out what is added from now on, and where. Raises RuntimeError\n"
             "when it has ended, MemoryError; it has ended then.");

static PyObject *
containers_round(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    ContainersObject *self = (ContainersObject *)op;
    if (nargs > 1) {
        return PyErr_Format(PyExc_TypeError, "round() takes at most 1 argument");
    }
    if (check_is_on(self) < 0) {
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, self->state);
    int error = take_round(self, &scan, nargs == 1 && args[0] == Py_True);
    scan_end(&scan);
    if (error < 0) {
        stop(self);
        return NULL;
    }
    Py_RETURN_NONE;
}

/* --------------------------------------------------------------------------- end */

PyDoc_STRVAR(end_doc, "end($self, /)\n--\n\n"
                      "End, and look: what has Grown in every round.\n\n"
                      "Raises RuntimeError when it has ended, MemoryError; it has ended in any "
                      "case.");

static PyObject *
containers_end(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    ContainersObject *self = (ContainersObject *)op;
    if (check_is_on(self) < 0) {
        return NULL;
    }
    filling_end(&self->facts.filling);
    Scan scan;
    scan_begin(&scan, self->state);
    PyObject *answer = growth_rows(&self->facts, &scan);
    scan_end(&scan);
    stop(self);
    return answer;
}

PyDoc_STRVAR(stop_doc, "stop($self, /)\n--\n\nEnd without looking. May be called twice.");

static PyObject *
containers_stop(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    stop((ContainersObject *)op);
    Py_RETURN_NONE;
}

/* ---------------------------------------------------------------------- the type */

static PyObject *
containers_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *module = PyType_GetModule(type);
    if (module == NULL ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, ":Containers", (char *[]){NULL})) {
        return NULL;
    }
    ModuleState *state = state_of_module(module);
    ContainersObject *self = state_check(state) == 0 ? PyObject_New(ContainersObject, type) : NULL;
    if (self == NULL) {
        return NULL;
    }
    memset((char *)self + sizeof(PyObject), 0, sizeof(ContainersObject) - sizeof(PyObject));
    self->state = state;
    self->module = Py_NewRef(module);
    growth_census_init(&self->facts.census, state);
    account_init(&self->facts.account, state);
    self->facts.filling_memory = scan_memory(state);
    return (PyObject *)self;
}

static void
containers_dealloc(PyObject *op)
{
    ContainersObject *self = (ContainersObject *)op;
    PyTypeObject *type = Py_TYPE(op);
    stop(self);
    Py_CLEAR(self->module);
    PyObject_Free(self);
    Py_DECREF(type);
}

PyDoc_STRVAR(containers_doc,
             "Containers()\n--\n\n"
             "Which containers grow from round to round. Letting go of it ends it.");

static PyMethodDef containers_methods[] = {
    {"round", (PyCFunction)(void (*)(void))containers_round, METH_FASTCALL, round_doc},
    {"end", containers_end, METH_NOARGS, end_doc},
    {"stop", containers_stop, METH_NOARGS, stop_doc},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot containers_slots[] = {
    {Py_tp_doc, (void *)containers_doc},
    {Py_tp_new, containers_new},
    {Py_tp_dealloc, containers_dealloc},
    {Py_tp_methods, containers_methods},
    {0, NULL},
};

static PyType_Spec containers_spec = {
    .name = "gcscope._core.Containers",
    .basicsize = sizeof(ContainersObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = containers_slots,
};

int
growth_setup(PyObject *module)
{
    return state_add_type(module, &containers_spec);
}
