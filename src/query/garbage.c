#include "query/garbage.h"

#include "query/describe.h"
#include "base/typename.h"
#include "query/cycles.h"

/* ------------------------------------------------------------------ nodes, edges */

PyObject *
story_node(const ModuleState *state, PyObject *op)
{
    PyObject *type = typename_of(Py_TYPE(op));
    PyObject *name = type != NULL ? describe_name(state, op) : NULL;
    PyObject *where = name != NULL ? describe_where(state, op) : NULL;
    PyObject *node = where != NULL
                         ? Py_BuildValue("(OsOOi)", type, describe_kind(state, op), name, where,
                                         typename_rank(Py_TYPE(op), state->library))
                         : NULL;
    Py_XDECREF(type);
    Py_XDECREF(name);
    Py_XDECREF(where);
    return node;
}

PyObject *
story_refcount(const Heap *heap, NodeId node)
{
    return is_immortal(heap->objects.items[node]) ? Py_NewRef(Py_None)
                                                  : PyLong_FromLong(heap->refcounts.items[node]);
}

PyObject *
story_frame(const FrameSlot *slot)
{
    enum { RANK = 3 };
    if (slot->code == NULL) {
        return Py_BuildValue("(ssOOi)", "thread", "thread", Py_None, Py_None, RANK);
    }
    PyObject *name = describe_code_name(slot->code), *where = describe_code_where(slot->code);
    PyObject *node = name != NULL && where != NULL
                         ? Py_BuildValue("(ssOOi)", "frame", "frame", name, where, RANK)
                         : NULL;
    Py_XDECREF(name);
    Py_XDECREF(where);
    return node;
}

/* Whether the program has registered a labeller for this type or one of its bases. By identity: no
   __hash__ or __eq__ of a metaclass is asked. */
static bool
has_labeller(const ModuleState *state, PyTypeObject *type)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (state->labellers != NULL && PyDict_Next(state->labellers, &position, &key,
                                                   &value)) { /* id of a type -> (type, labeller) */
        PyObject *labelled = PyTuple_Check(value) && PyTuple_GET_SIZE(value) == 2
                                 ? PyTuple_GET_ITEM(value, 0)
                                 : NULL;
        if (labelled != NULL && PyType_Check(labelled) &&
            PyType_IsSubtype(type, (PyTypeObject *)labelled)) {
            return true;
        }
    }
    return false;
}

PyObject *
story_edge(const ModuleState *state, const Label *label, PyObject *op, PyObject *target)
{
    bool is_named = label->kind != LABEL_UNNAMED;
    PyObject *ask = !is_named && has_labeller(state, Py_TYPE(op)) ? PyTuple_Pack(2, op, target)
                                                                  : Py_NewRef(Py_None);
    PyObject *text = ask != NULL ? edge_label_text(label, false) : NULL;
    PyObject *canonical = text != NULL ? edge_label_text(label, true) : NULL;
    PyObject *edge = canonical != NULL
                         ? Py_BuildValue("(OOsOO)", text, canonical, edge_label_kind(label->kind),
                                         is_named ? Py_True : Py_False, ask)
                         : NULL;
    Py_XDECREF(ask);
    Py_XDECREF(text);
    Py_XDECREF(canonical);
    return edge;
}

/* ----------------------------------------------------------------------- rings */

/* How much is tried for one form, so that a ring of a million objects is told in the time of a few
   passes. */
enum { MOST_TRIED = 64, MOST_KEYS_TRIED = 8, LARGEST_TRIED_ALL = 1 << 21 };

typedef struct {
    const ModuleState *state;
    Rings *rings;
    const Form *form;
    size_t tried;
    size_t best;                    /* most that any trial has freed */
    uint64_t keys[MOST_KEYS_TRIED]; /* labels of which all references were tried */
    size_t key_count;
} Telling;

static bool
is_new_key(Telling *telling, size_t i, const Label *label)
{
    uint64_t key =
        edge_label_hash(label) ^
        (uint64_t)(uintptr_t)Py_TYPE(rings_object(telling->rings, telling->rings->ring.items[i]));
    for (size_t k = 0; k < telling->key_count; k++) {
        if (telling->keys[k] == key) {
            return false;
        }
    }
    if (telling->key_count == MOST_KEYS_TRIED) {
        return false;
    }
    telling->keys[telling->key_count++] = key;
    return true;
}

/* What would fall: (freed by this reference alone, references like it, freed by all of them); -1
   where it was not tried. */
static PyObject *
tell_cut(Telling *telling, size_t i, const Label *label)
{
    const Form *form = telling->form;
    size_t references = 0;
    int64_t alone = -1, all = -1;
    if (rings_may_cut(label) && telling->tried < MOST_TRIED) {
        telling->tried++;
        alone = rings_try(telling->rings, i);
        if (alone < 0) {
            return PyErr_NoMemory();
        }
        bool is_worth_it = (size_t)alone < form->objects && form->objects <= LARGEST_TRIED_ALL;
        if (is_worth_it && is_new_key(telling, i, label)) {
            all = rings_try_all_like(telling->rings, form, i, &references);
            if (all < 0) {
                return PyErr_NoMemory();
            }
        }
    }
    int64_t most = alone > all ? alone : all;
    telling->best = most > (int64_t)telling->best ? (size_t)most : telling->best;
    return Py_BuildValue("(LnL)", (long long)alone, (Py_ssize_t)references, (long long)all);
}

static PyObject *
tell_ring_edge(Telling *telling, size_t i)
{
    const Rings *rings = telling->rings;
    size_t next = i + 1 < rings->ring.length ? i + 1 : 0;
    Label label = rings_label(rings, i);
    PyObject *edge = story_edge(telling->state, &label, rings_object(rings, rings->ring.items[i]),
                                rings_object(rings, rings->ring.items[next]));
    PyObject *cut = edge != NULL ? tell_cut(telling, i, &label) : NULL;
    PyObject *whole = cut != NULL ? PySequence_Concat(edge, cut) : NULL;
    Py_XDECREF(edge);
    Py_XDECREF(cut);
    return whole;
}

/* New reference: a list with tell(telling, i) for each place of the ring. */
static PyObject *
tell_along_ring(Telling *telling, PyObject *(*tell)(Telling *, size_t))
{
    size_t length = telling->rings->ring.length;
    PyObject *list = PyList_New((Py_ssize_t)length);
    for (size_t i = 0; i < length && list != NULL; i++) {
        PyObject *item = tell(telling, i);
        if (item == NULL) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, (Py_ssize_t)i, item);
    }
    return list;
}

static PyObject *
tell_ring_node(Telling *telling, size_t i)
{
    return story_node(telling->state, rings_object(telling->rings, telling->rings->ring.items[i]));
}

/* New reference: how many references own the object; None where they are not counted. */
static PyObject *
tell_ring_count(Telling *telling, size_t i)
{
    const Rings *rings = telling->rings;
    NodeId number = rings->ring.items[i];
    return story_refcount(rings->heap, rings->nodes.items[number]);
}

/* An instance by a close() of its own, a frame by deleting its locals, a container by clear(). */
static bool
may_be_cleared(const char *kind)
{
    static const char *const kinds[] = {"instance", "frame", "dict", "list", "set", "deque"};
    for (size_t k = 0; k < Py_ARRAY_LENGTH(kinds); k++) {
        if (strcmp(kind, kinds[k]) == 0) {
            return true;
        }
    }
    return false;
}

/* New reference: what a close() of the object would free that cleared its references: (freed,
   references, labels); None where that was not tried, since something less does as well. */
static PyObject *
tell_clearing(Telling *telling, size_t i)
{
    enum { MOST_LABELS = 8 };
    Label labels[MOST_LABELS];
    size_t label_count = 0, references = 0;
    PyObject *op = rings_object(telling->rings, telling->rings->ring.items[i]);
    if (telling->best >= telling->form->objects || i >= MOST_TRIED ||
        !may_be_cleared(describe_kind(telling->state, op))) {
        Py_RETURN_NONE;
    }
    int64_t freed =
        rings_try_clearing(telling->rings, i, labels, MOST_LABELS, &label_count, &references);
    if (freed < 0) {
        return PyErr_NoMemory();
    }
    PyObject *texts = PyList_New(0);
    for (size_t l = 0; l < label_count && texts != NULL; l++) {
        bool is_in_dict = labels[l].kind == LABEL_VALUE && labels[l].name != NULL &&
                          PyUnicode_Check(labels[l].name);
        PyObject *text = is_in_dict ? PyUnicode_FromFormat(".%U", labels[l].name)
                                    : edge_label_text(&labels[l], true);
        if (text == NULL || PyList_Append(texts, text) < 0) {
            Py_CLEAR(texts);
        }
        Py_XDECREF(text);
    }
    return texts != NULL ? Py_BuildValue("(LnN)", (long long)freed, (Py_ssize_t)references, texts)
                         : NULL;
}

/* New reference: how many objects of the component there are of each type, by name. */
static PyObject *
tell_types(const Telling *telling)
{
    const Rings *rings = telling->rings;
    const NodeId *members =
        rings->scc.members.items + rings->scc.starts.items[telling->form->group];
    VEC(PyObject *) objects = {0};
    if (vec_reserve(rings->memory, &objects, telling->form->objects) < 0) {
        return PyErr_NoMemory();
    }
    for (size_t m = 0; m < telling->form->objects; m++) {
        vec_push_reserved(&objects, rings_object(rings, members[m]));
    }
    PyObject *types = roll_call_types_of(telling->state, objects.items, objects.length);
    vec_fini(rings->memory, &objects);
    return types;
}

/* Into *edges and *clearings, which are given up: what is told of each place of the ring. 0 or -1
   with an exception. */
static int
tell_cuts(Telling *telling, PyObject **edges, PyObject **clearings)
{
    telling->tried = telling->best = telling->key_count = 0;
    Py_XSETREF(*edges, tell_along_ring(telling, tell_ring_edge));
    Py_XSETREF(*clearings, *edges != NULL ? tell_along_ring(telling, tell_clearing) : NULL);
    return *clearings != NULL ? 0 : -1;
}

/* Where nothing can be freed since another ring holds this one: what could be, did it not. 1; 0:
   that is not so; -1 with an exception. */
static int
tell_cuts_alone(Telling *telling, PyObject **edges, PyObject **clearings)
{
    if (telling->best != 0 || telling->rings->is_live) {
        return 0;
    }
    int is_held = rings_isolate(telling->rings, telling->form);
    if (is_held < 0) {
        PyErr_NoMemory();
        return -1;
    }
    return is_held == 0 ? 0 : tell_cuts(telling, edges, clearings) < 0 ? -1 : 1;
}

/* New reference: (count, objects, dragged, bytes, bytes of what is dragged, exact, (types, types),
   nodes, their counts, edges, clearings, is held). */
static PyObject *
tell_form(const ModuleState *state, Rings *rings, const Form *form)
{
    Telling telling = {.state = state, .rings = rings, .form = form};
    PyObject *story = NULL, *edges = NULL, *clearings = NULL, *types = NULL;
    if (rings_ring(rings, form) < 0) {
        return PyErr_NoMemory();
    }
    PyObject *nodes = tell_along_ring(&telling, tell_ring_node);
    PyObject *counts = nodes != NULL ? tell_along_ring(&telling, tell_ring_count) : NULL;
    int is_held = counts != NULL && tell_cuts(&telling, &edges, &clearings) == 0
                      ? tell_cuts_alone(&telling, &edges, &clearings)
                      : -1;
    if (is_held >= 0 && (types = tell_types(&telling)) != NULL) {
        story = Py_BuildValue("(nnnKKOOOOOOO)", (Py_ssize_t)form->count, (Py_ssize_t)form->objects,
                              (Py_ssize_t)form->dragged, (unsigned long long)form->bytes,
                              (unsigned long long)form->dragged_bytes,
                              rings->exact ? Py_True : Py_False, types, nodes, counts, edges,
                              clearings, is_held ? Py_True : Py_False);
    }
    Py_XDECREF(nodes);
    Py_XDECREF(counts);
    Py_XDECREF(edges);
    Py_XDECREF(clearings);
    Py_XDECREF(types);
    return story;
}

static PyObject *
tell_forms(const ModuleState *state, Rings *rings)
{
    PyObject *stories = PyList_New(0);
    for (size_t f = 0; f < rings->forms.length && stories != NULL; f++) {
        PyObject *story = tell_form(state, rings, &rings->forms.items[f]);
        if (story == NULL || PyList_Append(stories, story) < 0) {
            Py_CLEAR(stories);
        }
        Py_XDECREF(story);
    }
    return stories;
}

/* ------------------------------------------------------------------ unreachable */

/* The subset of what the dry run found, without what is in `earlier` (a RollCall, indexed, or
   NULL). 0 or -1. */
static int
choose_unreachable(Rings *rings, const Scan *scan, PyObject *earlier)
{
    if (rings_begin(rings, (Memory *)&scan->memory, &scan->heap, scan->state->library) < 0) {
        return -1;
    }
    for (size_t n = 0; n < scan->heap.count; n++) {
        if (!collector_is_reachable(&scan->collector, n) &&
            (earlier == NULL || !roll_call_has(earlier, scan->heap.objects.items[n]))) {
            nodeset_add(&rings->nodeset, (NodeId)n);
        }
    }
    return nodeset_number(&rings->nodeset);
}

/* New reference: (roll call, stories), or NULL with an exception. `extent`: as of scan_extent, or
   NULL for the whole heap. */
static PyObject *
tell_unreachable(Scan *scan, PyObject *earlier, PyObject *extent)
{
    Rings rings = {0};
    PyObject *stories = NULL, *roll_call = NULL, *answer = NULL;
    long generation = -1;
    if ((extent != NULL && scan_extent(scan, extent, &generation) < 0) ||
        (earlier != NULL && roll_call_index(earlier) < 0) || scan_run(scan, generation) < 0) {
        return NULL;
    }
    if (choose_unreachable(&rings, scan, earlier) < 0 || rings_find(&rings, false) < 0) {
        PyErr_NoMemory();
    }
    else if ((stories = tell_forms(scan->state, &rings)) != NULL) {
        roll_call = roll_call_of_unreachable(scan);
    }
    if (roll_call != NULL && earlier != NULL) {
        Py_SETREF(roll_call, roll_call_without(roll_call, earlier));
    }
    if (roll_call != NULL) {
        answer = PyTuple_Pack(2, roll_call, stories);
    }
    Py_XDECREF(stories);
    Py_XDECREF(roll_call);
    rings_fini(&rings);
    return answer;
}

/* Whether it is that function itself, in C: it is called during a pass, and what a program has put
   in its place might run anything. */
static bool
is_of_tracemalloc(PyObject *function)
{
    PyObject *self = PyCFunction_CheckExact(function) ? PyCFunction_GET_SELF(function) : NULL;
    PyModuleDef *module = self != NULL && PyModule_Check(self) ? PyModule_GetDef(self) : NULL;
    PyErr_Clear(); /* of PyModule_GetDef, for what is no module */
    return module != NULL && strcmp(module->m_name, "_tracemalloc") == 0 &&
           strcmp(((PyCFunctionObject *)function)->m_ml->ml_name, "_get_object_traceback") == 0;
}

int
story_begin(ModuleState *state, PyObject *labellers, PyObject *object_traceback)
{
    if (!PyDict_CheckExact(labellers) && !Py_IsNone(labellers)) {
        PyErr_Format(PyExc_TypeError, "labellers must be a dict, not '%.200s'",
                     Py_TYPE(labellers)->tp_name);
        return -1;
    }
    Py_XSETREF(state->labellers, Py_IsNone(labellers) ? NULL : Py_NewRef(labellers));
    Py_XSETREF(state->object_traceback,
               is_of_tracemalloc(object_traceback) ? Py_NewRef(object_traceback) : NULL);
    return 0;
}

int
story_begin_with(ModuleState *state, PyObject *const *args, Py_ssize_t nargs)
{
    return story_begin(state, nargs > 0 ? args[0] : Py_None, nargs > 1 ? args[1] : Py_None);
}

PyObject *
story_rings(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    if (nargs != 3 && nargs != 4) {
        PyErr_SetString(PyExc_TypeError, "rings() takes 3 or 4 arguments: a RollCall or None, "
                                         "labellers, object_traceback, extent");
        return NULL;
    }
    if (!Py_IsNone(args[0]) && !roll_call_check(state, args[0])) {
        return PyErr_Format(PyExc_TypeError, "rings() takes a RollCall or None, not '%.200s'",
                            Py_TYPE(args[0])->tp_name);
    }
    if (story_begin(state, args[1], args[2]) < 0) {
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, state);
    PyObject *answer =
        tell_unreachable(&scan, Py_IsNone(args[0]) ? NULL : args[0], nargs == 4 ? args[3] : NULL);
    scan_end(&scan);
    return answer;
}

/* ------------------------------------------------------------------------ live */

int
story_bar(NodeSet *barred, Memory *memory, const Heap *heap)
{
    if (nodeset_init(barred, memory, heap->count) < 0) {
        return -1;
    }
    for (size_t n = 0; n < heap->count; n++) {
        PyObject *op = heap->objects.items[n], *dicts[2] = {NULL, NULL};
        if (PyModule_Check(op) || PyType_Check(op)) {
            nodeset_add(barred, (NodeId)n);
            dicts[0] = PyModule_Check(op) ? PyModule_GetDict(op) : NULL;
        }
        else if (PyFunction_Check(op)) {
            dicts[0] = ((PyFunctionObject *)op)->func_globals;
            dicts[1] = ((PyFunctionObject *)op)->func_builtins;
        }
        for (size_t d = 0; d < 2; d++) {
            NodeId node;
            if (dicts[d] != NULL && addrmap_find(&heap->map, dicts[d], &node)) {
                nodeset_add(barred, node);
            }
        }
    }
    return 0;
}

typedef struct {
    NodeSet *reached;
    VEC(NodeId) queue; /* with room for all nodes */
} Walk;

static void
reach(Walk *walk, NodeId node)
{
    if (!nodeset_has(walk->reached, node)) {
        nodeset_add(walk->reached, node);
        vec_push_reserved(&walk->queue, node);
    }
}

static void
reach_all(Walk *walk, const Heap *heap, const NodeSet *barred)
{
    for (size_t q = 0; q < walk->queue.length; q++) {
        NodeId node = walk->queue.items[q];
        for (uint32_t e = heap->graph.offsets.items[node]; e < heap->graph.offsets.items[node + 1];
             e++) {
            NodeId target = heap->graph.targets.items[e];
            if (!nodeset_has(barred, target)) {
                reach(walk, target);
            }
        }
    }
}

/* Put what objects[0 .. count) lead to into the subset. 0 or -1: out of memory. */
static int
choose_reached(Rings *rings, const Heap *heap, PyObject *objects)
{
    NodeSet barred = {0};
    Walk walk = {.reached = &rings->nodeset};
    int error = story_bar(&barred, rings->memory, heap) < 0 ||
                        vec_reserve(rings->memory, &walk.queue, heap->count) < 0
                    ? -1
                    : 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(objects) && error == 0; i++) {
        NodeId node;
        if (addrmap_find(&heap->map, PyTuple_GET_ITEM(objects, i), &node)) {
            reach(&walk, node);
        }
    }
    if (error == 0) {
        reach_all(&walk, heap, &barred);
        error = nodeset_number(&rings->nodeset);
    }
    nodeset_fini(&barred);
    vec_fini(rings->memory, &walk.queue);
    return error;
}

/* New reference: a roll call of the members of all components. NULL with an exception. */
static PyObject *
roll_call_of_components(ModuleState *state, const Rings *rings)
{
    VEC(PyObject *) objects = {0};
    if (vec_reserve(rings->memory, &objects, rings->scc.members.length) < 0) {
        return PyErr_NoMemory();
    }
    for (size_t m = 0; m < rings->scc.members.length; m++) {
        vec_push_reserved(&objects, rings_object(rings, rings->scc.members.items[m]));
    }
    PyObject *roll_call = roll_call_of_objects(state, objects.items, objects.length);
    vec_fini(rings->memory, &objects);
    return roll_call;
}

static PyObject *
tell_live(Scan *scan, PyObject *objects)
{
    Rings rings = {0};
    PyObject *stories = NULL, *roll_call = NULL, *answer = NULL;
    scan->given = objects;
    if (scan_run(scan, -1) < 0) {
        return NULL;
    }
    if (rings_begin(&rings, &scan->memory, &scan->heap, scan->state->library) < 0 ||
        choose_reached(&rings, &scan->heap, objects) < 0 || rings_find(&rings, true) < 0) {
        PyErr_NoMemory();
    }
    else if ((stories = tell_forms(scan->state, &rings)) != NULL &&
             (roll_call = roll_call_of_components(scan->state, &rings)) != NULL) {
        answer = PyTuple_Pack(2, roll_call, stories);
    }
    Py_XDECREF(stories);
    Py_XDECREF(roll_call);
    rings_fini(&rings);
    return answer;
}

PyObject *
story_live_rings(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    if (nargs != 3 || !PyTuple_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "live_rings() takes 3 arguments: a tuple of objects, "
                                         "labellers, object_traceback");
        return NULL;
    }
    if (story_begin(state, args[1], args[2]) < 0) {
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, state);
    PyObject *answer = tell_live(&scan, args[0]);
    scan_end(&scan);
    return answer;
}
