/* judge.c: the instances are heard one after the other, then what they say is weighed. */

#include "query/judge.h"

#include "graph/scc.h"
#include "heap/interp.h"
#include "heap/known.h"
#include "labels/published.h"

/* ------------------------------------------------------------------------- types */

int
judge_is_asked(const Judge *judge, PyTypeObject *type)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(judge->types); i++) {
        if (PyTuple_GET_ITEM(judge->types, i) == (PyObject *)type) {
            return 1;
        }
    }
    return type != &PyBaseObject_Type ? c_types_is_of(type, judge->names) : 0;
}

/* The next C type that a C type derives from. */
static PyTypeObject *
next_base(const Judge *judge, const PyTypeObject *type)
{
    return type->tp_base != NULL ? c_types_base(&judge->of_class, type->tp_base) : NULL;
}

static int
is_asked_with_bases(const Judge *judge, PyTypeObject *type)
{
    int asked = judge_is_asked(judge, type);
    for (PyTypeObject *base = next_base(judge, type);
         base != NULL && base != &PyBaseObject_Type && asked == 0; base = next_base(judge, base)) {
        asked = judge_is_asked(judge, base);
    }
    return asked;
}

/* The number of a type in `judged`. INDEX_NONE: failed. */
static uint32_t
number_of_type(Judge *judge, PyTypeObject *type)
{
    Memory *memory = &judge->scan->memory;
    if (vec_reserve(memory, &judge->judged, 1) < 0) {
        return INDEX_NONE;
    }
    uint32_t number = index_enter(&judge->numbers, memory, (uint64_t)(uintptr_t)type);
    if (number != judge->judged.length) { /* known, or no memory */
        return number;
    }
    JudgedType judged = {.type = type, .base = c_types_base(&judge->of_class, type)};
    int asked = is_asked_with_bases(judge, judged.base);
    judged.is_asked = asked > 0;
    vec_push_reserved(&judge->judged, judged);
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
hear_word(Judge *judge, PyObject *op, PyTypeObject *base, const HiddenWord *word)
{
    NodeId node;
    bool is_item = word->offset >= (size_t)base->tp_basicsize;
    size_t place = is_item ? (size_t)base->tp_basicsize : word->offset;
    bool is_of_class = is_item && Py_TYPE(op) != base;
    if (is_of_class || is_left_out(op, word->offset) || !can_be_in_ring(word->target) ||
        !addrmap_find(&judge->scan->heap.map, word->target, &node)) {
        return 0;
    }
    PyTypeObject *blamed = c_types_of_field(base, place);
    Fault fault = PyType_IS_GC(blamed) ? FAULT_NO_VISIT : FAULT_NO_GC;
    Suspicion *suspicion = suspicions_at(&judge->suspicions, fault, blamed, place);
    if (suspicion == NULL) {
        return -1;
    }
    suspicion->is_item = is_item;
    return suspicions_claim(&judge->suspicions, suspicion, op, word->target, node);
}

static int
judge_fields(Judge *judge, PyObject *op, PyTypeObject *base)
{
    int error = words_read(&judge->words, op);
    for (size_t w = 0; w < judge->words.found.length && error == 0; w++) {
        error = hear_word(judge, op, base, &judge->words.found.items[w]);
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
hear_hidden_types(Judge *judge)
{
    for (size_t j = 0; j < judge->judged.length; j++) {
        const JudgedType *judged = &judge->judged.items[j];
        PyObject *type = (PyObject *)judged->type;
        NodeId node;
        if (judged->hiding == 0 || !addrmap_find(&judge->scan->heap.map, type, &node)) {
            continue;
        }
        size_t place = offsetof(PyObject, ob_type);
        PyTypeObject *blamed = c_types_of_type(judged->base);
        Suspicion *suspicion = suspicions_at(&judge->suspicions, FAULT_NO_TYPE, blamed, place);
        if (suspicion == NULL ||
            suspicions_claim(&judge->suspicions, suspicion, judged->specimen, type, node) < 0) {
            return -1;
        }
        suspicion->instances += judged->hiding - 1;
        suspicion->is_contradicted |= (int64_t)judge->unexplained[node] < (int64_t)judged->hiding;
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

bool
judge_lacks_clear(PyTypeObject *type)
{
    return PyType_IS_GC(type) && type->tp_clear == NULL && type->tp_finalize == NULL;
}

typedef struct {
    Judge *judge;
    PyObject *op;
    PyTypeObject *base;
} AttributeSearch;

static bool
is_shown(const Judge *judge, NodeId source, NodeId target)
{
    const Graph *graph = &judge->scan->heap.graph;
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
    Judge *judge = search->judge;
    const AddrMap *map = &judge->scan->heap.map;
    NodeId source, node;
    bool is_settable = label.kind == LABEL_ATTRIBUTE && label.index > 0 && label.text != NULL;
    if (is_settable && (size_t)label.index < (size_t)search->base->tp_basicsize &&
        addrmap_find(map, search->op, &source) && addrmap_find(map, target, &node) &&
        is_shown(judge, source, node)) {
        Suspicion *suspicion =
            suspicions_at(&judge->suspicions, FAULT_NO_CLEAR, search->base, (size_t)label.index);
        judge->failed = suspicion == NULL || suspicions_claim(&judge->suspicions, suspicion,
                                                              search->op, target, node) < 0;
    }
    return judge->failed;
}

static int
judge_attributes(Judge *judge, PyObject *op, PyTypeObject *base)
{
    AttributeSearch search = {judge, op, base};
    EdgeSink sink = {hear_attribute, &search, Py_TYPE(op)};
    (void)published_read(&sink, op);
    return judge->failed ? -1 : 0;
}

/* The references from one object without tp_clear to another. 0; -1: out of memory. */
static int
build_clearless(const Judge *judge, Graph *clearless)
{
    const Heap *heap = &judge->scan->heap;
    if (graph_init(clearless, &judge->scan->memory, heap->count) < 0) {
        return -1;
    }
    for (size_t n = 0; n < heap->count; n++) {
        uint32_t begin = heap->graph.offsets.items[n], end = heap->graph.offsets.items[n + 1];
        bool counts = judge_lacks_clear(Py_TYPE(heap->objects.items[n]));
        if (counts && graph_reserve(clearless, end - begin) < 0) {
            return -1;
        }
        for (uint32_t e = begin; counts && e < end; e++) {
            NodeId target = heap->graph.targets.items[e];
            if (judge_lacks_clear(Py_TYPE(heap->objects.items[target]))) {
                graph_add_reserved(clearless, target);
            }
        }
        graph_close_row(clearless);
    }
    return 0;
}

static int
hear_ring_member(Judge *judge, NodeId node)
{
    PyObject *op = judge->scan->heap.objects.items[node];
    uint32_t number = number_of_type(judge, Py_TYPE(op));
    if (number == INDEX_NONE) {
        return -1;
    }
    const JudgedType *judged = &judge->judged.items[number];
    if (!judged->is_asked || !judge_lacks_clear(judged->base) || is_beyond_doubt(judged->base)) {
        return 0;
    }
    Suspicion *suspicion =
        suspicions_at(&judge->suspicions, FAULT_NO_CLEAR, judged->base, NO_PLACE);
    return suspicion != NULL ? suspicions_claim(&judge->suspicions, suspicion, op, op, node) : -1;
}

/* Living rings in which no object has a tp_clear. 0; -1: out of memory. */
static int
judge_rings(Judge *judge)
{
    Graph clearless = {0};
    Scc scc = {0};
    int error = build_clearless(judge, &clearless);
    if (error == 0) {
        error = scc_run(&scc, &judge->scan->memory, &clearless);
    }
    for (size_t m = 0; error == 0 && m < scc.members.length; m++) {
        error = hear_ring_member(judge, scc.members.items[m]);
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

typedef int (*VisitFunc)(Judge *judge, PyObject *op, PyTypeObject *blamed, NodeId target);

/* Call hear(judge, op, blamed, target) for each reference that a C type shows of its own. 0; -1:
   failed. */
static int
each_visit(Judge *judge, VisitFunc hear)
{
    const Heap *heap = &judge->scan->heap;
    for (size_t n = 0; n < heap->count; n++) {
        PyObject *op = heap->objects.items[n];
        PyTypeObject *base = c_types_base(&judge->of_class, Py_TYPE(op));
        uint32_t begin = heap->graph.offsets.items[n], end = heap->graph.offsets.items[n + 1];
        for (uint32_t e = begin; e < end && !is_beyond_doubt(base); e++) {
            if (hear(judge, op, base, heap->graph.targets.items[e]) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int
hear_over_visit(Judge *judge, PyObject *op, PyTypeObject *blamed, NodeId node)
{
    PyObject *target = judge->scan->heap.objects.items[node];
    if (judge->unexplained[node] >= 0 || words_is_atom(target)) {
        return 0;
    }
    Suspicion *suspicion =
        suspicions_at(&judge->suspicions, FAULT_OVER_VISIT, blamed, place_of(op, target));
    return suspicion != NULL ? suspicions_claim(&judge->suspicions, suspicion, op, target, node)
                             : -1;
}

static int
contradict_over_visit(Judge *judge, PyObject *op, PyTypeObject *blamed, NodeId node)
{
    PyObject *target = judge->scan->heap.objects.items[node];
    if (judge->unexplained[node] >= 0) {
        Suspicion *suspicion =
            suspicions_find(&judge->suspicions, FAULT_OVER_VISIT, blamed, place_of(op, target));
        if (suspicion != NULL) {
            suspicion->is_contradicted = true;
        }
    }
    return 0;
}

static int
judge_visits(Judge *judge)
{
    size_t n = 0, count = judge->scan->heap.count;
    while (n < count && judge->unexplained[n] >= 0) {
        n++;
    }
    if (n == count) {
        return 0;
    }
    return each_visit(judge, hear_over_visit) < 0 ? -1 : each_visit(judge, contradict_over_visit);
}

/* ---------------------------------------------------------------------- the walk */

static bool
subtract_slot(void *arg, const FrameSlot *slot)
{
    Judge *judge = arg;
    NodeId node;
    if (slot->owned && addrmap_find(&judge->scan->heap.map, slot->target, &node) &&
        judge->unexplained[node] != INT32_MAX) {
        judge->unexplained[node]--;
    }
    return false;
}

/* What known.h has shown for an object that shows nothing itself, a visitproc. */
static int
take_back(PyObject *target, void *arg)
{
    Judge *judge = arg;
    NodeId node;
    if (addrmap_find(&judge->scan->heap.map, target, &node) &&
        judge->unexplained[node] != INT32_MAX) {
        judge->unexplained[node]++;
    }
    return 0;
}

/* 0; -1: failed. */
static int
judge_instance(Judge *judge, PyObject *op)
{
    uint32_t number = number_of_type(judge, Py_TYPE(op));
    if (number == INDEX_NONE) {
        return -1;
    }
    JudgedType *judged = &judge->judged.items[number];
    judged->instances++;
    if (!judged->is_asked) {
        return 0;
    }
    judge_type(judged, op);
    PyTypeObject *base = judged->base;
    if (!PyType_IS_GC(judged->type)) {
        known_visit_beyond(op, take_back, judge);
    }
    judge->has_clearless |= judge_lacks_clear(base);
    if (judge_lacks_clear(base) && judge_attributes(judge, op, base) < 0) {
        return -1;
    }
    return judge_fields(judge, op, base);
}

/* Types that were asked about and have no instance. */
static int
enter_types(Judge *judge)
{
    const Heap *heap = &judge->scan->heap;
    for (size_t n = 0; n < heap->count; n++) {
        PyObject *op = heap->objects.items[n];
        if (PyType_Check(op) && number_of_type(judge, (PyTypeObject *)op) == INDEX_NONE) {
            return -1;
        }
    }
    return 0;
}

int
judge_all(Judge *judge)
{
    const Heap *heap = &judge->scan->heap;
    words_init(&judge->words, &judge->scan->memory, &heap->map);
    suspicions_init(&judge->suspicions, &judge->scan->memory);
    judge->unexplained = judge->scan->collector.gc_refs.items;
    interp_running_slots(subtract_slot, judge);
    for (size_t n = 0; n < heap->count; n++) {
        if (judge_instance(judge, heap->objects.items[n]) < 0) {
            return -1;
        }
    }
    if (hear_hidden_types(judge) < 0 || (judge->has_clearless && judge_rings(judge) < 0) ||
        judge_visits(judge) < 0 || enter_types(judge) < 0) {
        return -1;
    }
    return suspicions_weigh(&judge->suspicions, judge->unexplained, heap->count);
}

size_t
judge_instances_of(const Judge *judge, const PyTypeObject *type)
{
    size_t instances = 0;
    for (size_t j = 0; j < judge->judged.length; j++) {
        const JudgedType *judged = &judge->judged.items[j];
        const PyTypeObject *base = judged->is_asked ? judged->base : NULL;
        while (base != NULL && base != type) {
            base = next_base(judge, base);
        }
        instances += base != NULL ? judged->instances : 0;
    }
    return instances;
}

void
judge_fini(Judge *judge)
{
    words_fini(&judge->words);
    suspicions_fini(&judge->suspicions);
    index_fini(&judge->numbers, &judge->scan->memory);
    vec_fini(&judge->scan->memory, &judge->judged);
}
