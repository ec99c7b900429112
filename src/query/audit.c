/* audit.c: the instances are heard one after the other, then what they say is weighed. */

#include "query/audit.h"

#include "graph/scc.h"
#include "base/typename.h"
#include "heap/known.h"
#include "heap/words.h"
#include "labels/edge_label.h"
#include "labels/published.h"
#include "query/c_types.h"
#include "query/suspicions.h"
#include "runtime/rows.h"

/* A type that has instances, or that was asked about. */
typedef struct {
    PyTypeObject *type; /* borrowed */
    PyTypeObject *base; /* borrowed: itself, or the C type that it derives from */
    bool is_asked;      /* the base, or a C type that this derives from, was asked about */
    size_t instances;   /* of exactly this type */
    size_t hiding;      /* that do not show it */
    PyObject *specimen; /* borrowed: one of those that do not */
} JudgedType;

typedef struct {
    Scan *scan;      /* borrowed */
    PyObject *types; /* borrowed: a tuple of the types that were asked about */
    PyObject *names; /* borrowed: a tuple of names of modules */
    ClassFunctions of_class;
    Words words;
    Suspicions suspicions;
    Index numbers; /* of judged, by the address of the type */
    VEC(JudgedType) judged;
    int32_t *unexplained; /* node -> references that nobody shows; the collector's gc_refs */
    bool has_clearless;   /* instances of a type without tp_clear were heard */
    bool failed;          /* no memory; or an exception is set */
} Audit;

/* ------------------------------------------------------------------------- types */

/* Whether a C type was asked about, by itself or by its module. 1, 0, or -1 with an exception. */
static int
is_asked(const Audit *audit, PyTypeObject *type)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(audit->types); i++) {
        if (PyTuple_GET_ITEM(audit->types, i) == (PyObject *)type) {
            return 1;
        }
    }
    return type != &PyBaseObject_Type ? c_types_is_of(type, audit->names) : 0;
}

/* The next C type that a C type derives from. */
static PyTypeObject *
next_base(const Audit *audit, const PyTypeObject *type)
{
    return type->tp_base != NULL ? c_types_base(&audit->of_class, type->tp_base) : NULL;
}

static int
is_asked_with_bases(const Audit *audit, PyTypeObject *type)
{
    int asked = is_asked(audit, type);
    for (PyTypeObject *base = next_base(audit, type);
         base != NULL && base != &PyBaseObject_Type && asked == 0; base = next_base(audit, base)) {
        asked = is_asked(audit, base);
    }
    return asked;
}

/* The number of a type in `judged`. INDEX_NONE: failed. */
static uint32_t
number_of_type(Audit *audit, PyTypeObject *type)
{
    Memory *memory = &audit->scan->memory;
    if (vec_reserve(memory, &audit->judged, 1) < 0) {
        return INDEX_NONE;
    }
    uint32_t number = index_enter(&audit->numbers, memory, (uint64_t)(uintptr_t)type);
    if (number != audit->judged.length) { /* known, or no memory */
        return number;
    }
    JudgedType judged = {.type = type, .base = c_types_base(&audit->of_class, type)};
    int asked = is_asked_with_bases(audit, judged.base);
    judged.is_asked = asked > 0;
    vec_push_reserved(&audit->judged, judged);
    return asked < 0 ? INDEX_NONE : number;
}

/* ------------------------------------------------------------------------ targets */

static bool
is_function_of_module(PyObject *op)
{
    PyObject *self = PyCFunction_CheckExact(op) ? PyCFunction_GET_SELF(op) : op;
    return self == NULL || (self != op && (PyModule_Check(self) || PyWeakref_Check(self)));
}

static bool
is_tuple_of_atoms(PyObject *op)
{
    bool has_other = !PyTuple_CheckExact(op);
    for (Py_ssize_t i = 0; !has_other && i < PyTuple_GET_SIZE(op); i++) {
        PyObject *item = PyTuple_GET_ITEM(op, i);
        has_other = item != NULL && PyType_IS_GC(Py_TYPE(item));
    }
    return !has_other;
}

/* Whether a ring could go on from an object. Modules, functions of modules and weak references are
   kept by many types without harm. */
static bool
can_be_in_ring(PyObject *op)
{
    return PyType_IS_GC(Py_TYPE(op)) && !PyModule_Check(op) && !PyWeakref_Check(op) &&
           !is_function_of_module(op) && !is_tuple_of_atoms(op);
}

/* ------------------------------------------------------------ what an instance hides */

/* The dict of subclasses has weak references only, and no class shows it. The definition of a
   module is a static struct. */
static bool
is_left_out(PyObject *op, size_t offset)
{
    return (PyType_Check(op) && offset == offsetof(PyTypeObject, tp_subclasses)) ||
           Py_IS_TYPE(op, &PyModuleDef_Type);
}

/* 0; -1: out of memory. */
static int
hear_word(Audit *audit, PyObject *op, PyTypeObject *base, const HiddenWord *word)
{
    NodeId node;
    bool is_item = word->offset >= (size_t)base->tp_basicsize;
    size_t place = is_item ? (size_t)base->tp_basicsize : word->offset;
    bool is_of_class = is_item && Py_TYPE(op) != base;
    if (is_of_class || is_left_out(op, word->offset) || !can_be_in_ring(word->target) ||
        !addrmap_find(&audit->scan->heap.map, word->target, &node)) {
        return 0;
    }
    PyTypeObject *blamed = c_types_of_field(base, place);
    Fault fault = PyType_IS_GC(blamed) ? FAULT_NO_VISIT : FAULT_NO_GC;
    Suspicion *suspicion = suspicions_at(&audit->suspicions, fault, blamed, place);
    if (suspicion == NULL) {
        return -1;
    }
    suspicion->is_item = is_item;
    return suspicions_claim(&audit->suspicions, suspicion, op, word->target, node);
}

static int
judge_fields(Audit *audit, PyObject *op, PyTypeObject *base)
{
    int error = words_read(&audit->words, op);
    for (size_t w = 0; w < audit->words.found.length && error == 0; w++) {
        error = hear_word(audit, op, base, &audit->words.found.items[w]);
    }
    return error;
}

/* A type that the collector does not know shows nothing; then that is the fault. */
static void
judge_type(JudgedType *judged, PyObject *op)
{
    bool is_owned = PyType_HasFeature(judged->base, Py_TPFLAGS_HEAPTYPE);
    if (is_owned && PyType_IS_GC(judged->base) && words_hides_type(op)) {
        judged->hiding++;
        judged->specimen = op;
    }
}

/* After the instances: each owns its type, so that as many references to that are unexplained. */
static int
hear_hidden_types(Audit *audit)
{
    for (size_t j = 0; j < audit->judged.length; j++) {
        const JudgedType *judged = &audit->judged.items[j];
        PyObject *type = (PyObject *)judged->type;
        NodeId node;
        if (judged->hiding == 0 || !addrmap_find(&audit->scan->heap.map, type, &node)) {
            continue;
        }
        size_t place = offsetof(PyObject, ob_type);
        PyTypeObject *blamed = c_types_of_type(judged->base);
        Suspicion *suspicion = suspicions_at(&audit->suspicions, FAULT_NO_TYPE, blamed, place);
        if (suspicion == NULL ||
            suspicions_claim(&audit->suspicions, suspicion, judged->specimen, type, node) < 0) {
            return -1;
        }
        suspicion->instances += judged->hiding - 1;
        suspicion->is_contradicted |= (int64_t)audit->unexplained[node] < (int64_t)judged->hiding;
    }
    return 0;
}

/* The interpreter's own, which show what they own, and have a tp_clear where they need one. */
static bool
is_beyond_doubt(const PyTypeObject *type)
{
    return type == &PyDict_Type || type == &PyTuple_Type || type == &PyList_Type ||
           type == &PyFunction_Type || type == &PyCell_Type || type == &PyMethod_Type ||
           type == &PySet_Type || type == &PyFrozenSet_Type || type == &PyFrame_Type ||
           type == &PyGen_Type || type == &PyCoro_Type || type == &PyAsyncGen_Type ||
           type == &PyModule_Type || type == &PyType_Type || type == &PyBaseObject_Type;
}

/* ------------------------------------------------------------------------- clearing */

/* Whether the collector knows the instances of a type, and has no way to let them give up what they
   own. A finalizer may do so. */
static bool
lacks_clear(PyTypeObject *type)
{
    return PyType_IS_GC(type) && type->tp_clear == NULL && type->tp_finalize == NULL;
}

typedef struct {
    Audit *audit;
    PyObject *op;
    PyTypeObject *base;
} AttributeSearch;

static bool
is_shown(const Audit *audit, NodeId source, NodeId target)
{
    const Graph *graph = &audit->scan->heap.graph;
    uint32_t e = graph->offsets.items[source], end = graph->offsets.items[source + 1];
    while (e < end && graph->targets.items[e] != target) {
        e++;
    }
    return e < end;
}

/* A member that may be set: anything may be put there, a tuple with the object itself in it. */
static bool
hear_attribute(void *arg, PyObject *target, Label label)
{
    AttributeSearch *search = arg;
    Audit *audit = search->audit;
    const AddrMap *map = &audit->scan->heap.map;
    NodeId source, node;
    bool is_settable = label.kind == LABEL_ATTRIBUTE && label.index > 0 && label.text != NULL;
    if (is_settable && (size_t)label.index < (size_t)search->base->tp_basicsize &&
        addrmap_find(map, search->op, &source) && addrmap_find(map, target, &node) &&
        is_shown(audit, source, node)) {
        Suspicion *suspicion =
            suspicions_at(&audit->suspicions, FAULT_NO_CLEAR, search->base, (size_t)label.index);
        audit->failed = suspicion == NULL || suspicions_claim(&audit->suspicions, suspicion,
                                                              search->op, target, node) < 0;
    }
    return audit->failed;
}

static int
judge_attributes(Audit *audit, PyObject *op, PyTypeObject *base)
{
    AttributeSearch search = {audit, op, base};
    EdgeSink sink = {hear_attribute, &search, Py_TYPE(op)};
    (void)published_read(&sink, op);
    return audit->failed ? -1 : 0;
}

/* The references from one object without tp_clear to another. 0; -1: out of memory. */
static int
build_clearless(const Audit *audit, Graph *clearless)
{
    const Heap *heap = &audit->scan->heap;
    if (graph_init(clearless, &audit->scan->memory, heap->count) < 0) {
        return -1;
    }
    for (size_t n = 0; n < heap->count; n++) {
        uint32_t begin = heap->graph.offsets.items[n], end = heap->graph.offsets.items[n + 1];
        bool counts = lacks_clear(Py_TYPE(heap->objects.items[n]));
        if (counts && graph_reserve(clearless, end - begin) < 0) {
            return -1;
        }
        for (uint32_t e = begin; counts && e < end; e++) {
            NodeId target = heap->graph.targets.items[e];
            if (lacks_clear(Py_TYPE(heap->objects.items[target]))) {
                graph_add_reserved(clearless, target);
            }
        }
        graph_close_row(clearless);
    }
    return 0;
}

static int
hear_ring_member(Audit *audit, NodeId node)
{
    PyObject *op = audit->scan->heap.objects.items[node];
    uint32_t number = number_of_type(audit, Py_TYPE(op));
    if (number == INDEX_NONE) {
        return -1;
    }
    const JudgedType *judged = &audit->judged.items[number];
    if (!judged->is_asked || !lacks_clear(judged->base) || is_beyond_doubt(judged->base)) {
        return 0;
    }
    Suspicion *suspicion =
        suspicions_at(&audit->suspicions, FAULT_NO_CLEAR, judged->base, NO_PLACE);
    return suspicion != NULL ? suspicions_claim(&audit->suspicions, suspicion, op, op, node) : -1;
}

/* Living rings in which no object has a tp_clear. 0; -1: out of memory. */
static int
judge_rings(Audit *audit)
{
    Graph clearless = {0};
    Scc scc = {0};
    int error = build_clearless(audit, &clearless);
    if (error == 0) {
        error = scc_run(&scc, &audit->scan->memory, &clearless);
    }
    for (size_t m = 0; error == 0 && m < scc.members.length; m++) {
        error = hear_ring_member(audit, scc.members.items[m]);
    }
    scc_fini(&scc);
    graph_fini(&clearless);
    return error;
}

/* --------------------------------------------------------------------- over-visits */

/* Where in its struct an object refers to another. */
static size_t
place_of(PyObject *op, PyObject *target)
{
    size_t end = words_extent(op), offset = offsetof(PyObject, ob_type);
    while (offset + sizeof(PyObject *) <= end &&
           *(PyObject *volatile *)((char *)op + offset) != target) {
        offset += sizeof(PyObject *);
    }
    return offset + sizeof(PyObject *) <= end ? offset : NO_PLACE;
}

typedef int (*VisitFunc)(Audit *audit, PyObject *op, PyTypeObject *blamed, NodeId target);

/* Call hear(audit, op, blamed, target) for each reference that a C type shows of its own. 0; -1:
   failed. */
static int
each_visit(Audit *audit, VisitFunc hear)
{
    const Heap *heap = &audit->scan->heap;
    for (size_t n = 0; n < heap->count; n++) {
        PyObject *op = heap->objects.items[n];
        PyTypeObject *base = c_types_base(&audit->of_class, Py_TYPE(op));
        uint32_t begin = heap->graph.offsets.items[n], end = heap->graph.offsets.items[n + 1];
        for (uint32_t e = begin; e < end && !is_beyond_doubt(base); e++) {
            if (hear(audit, op, base, heap->graph.targets.items[e]) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int
hear_over_visit(Audit *audit, PyObject *op, PyTypeObject *blamed, NodeId node)
{
    PyObject *target = audit->scan->heap.objects.items[node];
    if (audit->unexplained[node] >= 0 || words_is_atom(target)) {
        return 0;
    }
    Suspicion *suspicion =
        suspicions_at(&audit->suspicions, FAULT_OVER_VISIT, blamed, place_of(op, target));
    return suspicion != NULL ? suspicions_claim(&audit->suspicions, suspicion, op, target, node)
                             : -1;
}

static int
contradict_over_visit(Audit *audit, PyObject *op, PyTypeObject *blamed, NodeId node)
{
    PyObject *target = audit->scan->heap.objects.items[node];
    if (audit->unexplained[node] >= 0) {
        Suspicion *suspicion =
            suspicions_find(&audit->suspicions, FAULT_OVER_VISIT, blamed, place_of(op, target));
        if (suspicion != NULL) {
            suspicion->is_contradicted = true;
        }
    }
    return 0;
}

static int
judge_visits(Audit *audit)
{
    size_t n = 0, count = audit->scan->heap.count;
    while (n < count && audit->unexplained[n] >= 0) {
        n++;
    }
    if (n == count) {
        return 0;
    }
    return each_visit(audit, hear_over_visit) < 0 ? -1 : each_visit(audit, contradict_over_visit);
}

/* ---------------------------------------------------------------------- the walk */

static bool
subtract_slot(void *arg, const FrameSlot *slot)
{
    Audit *audit = arg;
    NodeId node;
    if (slot->owned && addrmap_find(&audit->scan->heap.map, slot->target, &node) &&
        audit->unexplained[node] != INT32_MAX) {
        audit->unexplained[node]--;
    }
    return false;
}

/* What known.h has shown for an object that shows nothing itself, a visitproc. */
static int
take_back(PyObject *target, void *arg)
{
    Audit *audit = arg;
    NodeId node;
    if (addrmap_find(&audit->scan->heap.map, target, &node) &&
        audit->unexplained[node] != INT32_MAX) {
        audit->unexplained[node]++;
    }
    return 0;
}

/* 0; -1: failed. */
static int
judge_instance(Audit *audit, PyObject *op)
{
    uint32_t number = number_of_type(audit, Py_TYPE(op));
    if (number == INDEX_NONE) {
        return -1;
    }
    JudgedType *judged = &audit->judged.items[number];
    judged->instances++;
    if (!judged->is_asked) {
        return 0;
    }
    judge_type(judged, op);
    PyTypeObject *base = judged->base;
    if (!PyType_IS_GC(judged->type)) {
        known_visit_beyond(op, take_back, audit);
    }
    audit->has_clearless |= lacks_clear(base);
    if (lacks_clear(base) && judge_attributes(audit, op, base) < 0) {
        return -1;
    }
    return judge_fields(audit, op, base);
}

/* Types that were asked about and have no instance. */
static int
enter_types(Audit *audit)
{
    const Heap *heap = &audit->scan->heap;
    for (size_t n = 0; n < heap->count; n++) {
        PyObject *op = heap->objects.items[n];
        if (PyType_Check(op) && number_of_type(audit, (PyTypeObject *)op) == INDEX_NONE) {
            return -1;
        }
    }
    return 0;
}

/* 0; -1: failed, with an exception or without: no memory. */
static int
judge_all(Audit *audit)
{
    const Heap *heap = &audit->scan->heap;
    words_init(&audit->words, &audit->scan->memory, &heap->map);
    suspicions_init(&audit->suspicions, &audit->scan->memory);
    audit->unexplained = audit->scan->collector.gc_refs.items;
    interp_running_slots(subtract_slot, audit);
    for (size_t n = 0; n < heap->count; n++) {
        if (judge_instance(audit, heap->objects.items[n]) < 0) {
            return -1;
        }
    }
    if (hear_hidden_types(audit) < 0 || (audit->has_clearless && judge_rings(audit) < 0) ||
        judge_visits(audit) < 0 || enter_types(audit) < 0) {
        return -1;
    }
    return suspicions_weigh(&audit->suspicions, audit->unexplained, heap->count);
}

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
suspicion_row(const Audit *audit, const Suspicion *suspicion)
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
    return row_new(audit->scan->state, ROW_SUSPICION, items);
}

/* New reference: a list of Suspicion. NULL with an exception. */
static PyObject *
suspicion_rows(const Audit *audit)
{
    PyObject *list = PyList_New(0);
    int error = list == NULL ? -1 : 0;
    for (size_t s = 0; s < audit->suspicions.items.length && error == 0; s++) {
        const Suspicion *suspicion = &audit->suspicions.items.items[s];
        int counts = suspicion->is_contradicted ? 0 : is_asked(audit, suspicion->type);
        error = counts > 0 ? rows_append(list, suspicion_row(audit, suspicion)) : counts;
    }
    if (error < 0) {
        Py_CLEAR(list);
    }
    return list;
}

/* Instances of a C type, and of what derives from it. */
static size_t
instances_of(const Audit *audit, const PyTypeObject *type)
{
    size_t instances = 0;
    for (size_t j = 0; j < audit->judged.length; j++) {
        const JudgedType *judged = &audit->judged.items[j];
        const PyTypeObject *base = judged->is_asked ? judged->base : NULL;
        while (base != NULL && base != type) {
            base = next_base(audit, base);
        }
        instances += base != NULL ? judged->instances : 0;
    }
    return instances;
}

static PyObject *
audited_row(const Audit *audit, PyTypeObject *type)
{
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = typename_of(type)) != NULL &&
           (items[1] = Py_NewRef((PyObject *)type)) != NULL &&
           (items[2] = PyLong_FromSize_t(instances_of(audit, type))) != NULL &&
           (items[3] = row_bool(lacks_clear(type))) != NULL);
    return row_new(audit->scan->state, ROW_AUDITED_TYPE, items);
}

/* New reference: a list of AuditedType. NULL with an exception. */
static PyObject *
audited_rows(const Audit *audit)
{
    PyObject *list = PyList_New(0);
    int error = list == NULL ? -1 : 0;
    for (size_t j = 0; j < audit->judged.length && error == 0; j++) {
        PyTypeObject *type = audit->judged.items[j].type;
        bool is_of_c = type == audit->judged.items[j].base;
        int counts = is_of_c && audit->judged.items[j].is_asked ? is_asked(audit, type) : 0;
        error = counts > 0 ? rows_append(list, audited_row(audit, type)) : counts;
    }
    if (error < 0) {
        Py_CLEAR(list);
    }
    return list;
}

/* New reference: the Audit. NULL with an exception. */
static PyObject *
audit_row(const Audit *audit)
{
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = audited_rows(audit)) != NULL && (items[1] = suspicion_rows(audit)) != NULL);
    return row_new(audit->scan->state, ROW_AUDIT, items);
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
run_audit(Audit *audit)
{
    Scan *scan = audit->scan;
    if (scan_list_known(scan, NULL) < 0 || scan_judge(scan) < 0) {
        return NULL;
    }
    if (judge_all(audit) < 0) {
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    return audit_row(audit);
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
    Audit audit = {.scan = &scan,
                   .types = args[1],
                   .names = args[2],
                   .of_class = c_types_class_functions((PyTypeObject *)args[0])};
    PyObject *answer = run_audit(&audit);
    words_fini(&audit.words);
    suspicions_fini(&audit.suspicions);
    index_fini(&audit.numbers, &scan.memory);
    vec_fini(&scan.memory, &audit.judged);
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
