/* scene.c: one pass, and a walk from the given objects.

       walk            breadth-first from the given objects: which are shown, in the order in which they are met
       tell_inside     the references between them, by name
       gather_outside  who else has a reference to them: other objects
       tell_frames     ... and running frames

   The objects are given by address, so that asking holds nothing. What is told is limited, what is counted is not. */

#include "scene.h"

#include "references.h"

enum {
    MOST_PARALLEL = 4, /* references from one object to another that are told by name */
    MOST_OUTSIDE = 12, /* holders of one object from outside that are told */
};

/* All references from one object to a shown one. */
typedef struct {
    NodeId source;
    NodeId place;
    uint32_t references;
    uint32_t unowned; /* of those own nothing */
    uint32_t named;   /* how many of those that are told have a name */
    uint32_t shown;   /* by tp_traverse so far */
    size_t first;     /* of its labels */
} Bundle;

typedef VEC(Bundle) Bundles;

typedef struct {
    uint32_t inside;  /* owned references from shown objects */
    uint32_t outside; /* owned references from other tracked objects and running frames */
    uint32_t told;    /* holders from outside that were told */
} Tally;

typedef struct {
    const ModuleState *state;
    Pass *pass;
    PyObject *known;   /* borrowed: pairs of the address of a dict and its title */
    size_t most;       /* objects that may be shown */
    VEC(NodeId) shown; /* place -> node */
    VEC(NodeId) via;   /* place -> the place through which it was met; its own for a given object */
    VEC(NodeId) depth; /* place -> references from a given object */
    VEC(NodeId) place; /* node -> place + 1; 0 where it is not shown */
    VEC(Tally) tallies;
    VEC(uint32_t) bundle;      /* place -> the bundle that leads to it + 1, of the object at hand */
    Bundles inside;            /* of the object at hand */
    Bundles visitors;          /* from outside, those of one object side by side */
    VEC(Label) labels;         /* of the object at hand */
    PyObject *edges, *outside; /* owned: lists */
    bool failed;
} Scene;

static void
scene_fini(Scene *scene)
{
    Memory *memory = &scene->pass->memory;
    vec_fini(memory, &scene->shown);
    vec_fini(memory, &scene->via);
    vec_fini(memory, &scene->depth);
    vec_fini(memory, &scene->place);
    vec_fini(memory, &scene->tallies);
    vec_fini(memory, &scene->bundle);
    vec_fini(memory, &scene->inside);
    vec_fini(memory, &scene->visitors);
    vec_fini(memory, &scene->labels);
    Py_CLEAR(scene->edges);
    Py_CLEAR(scene->outside);
}

static PyObject *
object_at(const Scene *scene, size_t place)
{
    return scene->pass->heap.objects.items[scene->shown.items[place]];
}

/* The edges of a node, first to last as a program sees them: tp_traverse of lists and tuples begins at the end. */
typedef struct {
    uint32_t begin, count;
    bool is_reversed;
} Row;

static Row
row_of(const Scene *scene, NodeId node)
{
    const Heap *heap = &scene->pass->heap;
    const PyObject *op = heap->objects.items[node];
    uint32_t begin = heap->graph.offsets.items[node];
    return (Row){begin, heap->graph.offsets.items[node + 1] - begin, PyList_Check(op) || PyTuple_Check(op)};
}

static NodeId
row_target(const Scene *scene, const Row *row, uint32_t nth)
{
    uint32_t e = row->is_reversed ? row->begin + row->count - 1 - nth : row->begin + nth;
    return scene->pass->heap.graph.targets.items[e];
}

/* ------------------------------------------------------------------------ walking */

static void
show(Scene *scene, NodeId node, NodeId via, NodeId depth)
{
    scene->place.items[node] = (NodeId)scene->shown.length + 1;
    vec_push_reserved(&scene->shown, node);
    vec_push_reserved(&scene->via, via);
    vec_push_reserved(&scene->depth, depth);
}

/* Visit what lies at the addresses of a list, as far as it is in the heap, until a visit returns true. 0 or -1 with an
   exception: one of them is no int. */
static int
visit_addresses(const Heap *heap, PyObject *addresses, bool (*visit)(void *arg, NodeId node), void *arg)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(addresses); i++) {
        PyObject *number = PyList_GET_ITEM(addresses, i);
        NodeId node;
        if (!PyLong_CheckExact(number)) { /* an exact int runs no code when it is read */
            PyErr_Format(PyExc_TypeError, "an address must be an int, not '%.200s'", Py_TYPE(number)->tp_name);
            return -1;
        }
        void *address = PyLong_AsVoidPtr(number);
        PyErr_Clear(); /* a number that is no address is the address of nothing */
        if (address != NULL && addrmap_find((AddrMap *)&heap->map, address, &node) && visit(arg, node)) {
            break;
        }
    }
    return 0;
}

static bool
show_given(void *arg, NodeId node)
{
    Scene *scene = arg;
    if (scene->shown.length < scene->most && scene->place.items[node] == 0) {
        show(scene, node, (NodeId)scene->shown.length, 0);
    }
    return scene->shown.length == scene->most;
}

static void
show_reached(Scene *scene, const Subset *barred)
{
    for (size_t p = 0; p < scene->shown.length; p++) {
        NodeId node = scene->shown.items[p];
        Row row = row_of(scene, node);
        bool goes_on = !subset_has(barred, node) || scene->depth.items[p] == 0;
        for (uint32_t r = 0; r < row.count && goes_on && scene->shown.length < scene->most; r++) {
            NodeId target = row_target(scene, &row, r);
            if (scene->place.items[target] == 0 && !subset_has(barred, target)) {
                show(scene, target, (NodeId)p, scene->depth.items[p] + 1);
            }
        }
    }
}

/* 0 or -1: out of memory. */
static int
reserve_places(Scene *scene)
{
    Memory *memory = &scene->pass->memory;
    return vec_zeros(memory, &scene->place, scene->pass->heap.count) < 0 ||
                   vec_reserve(memory, &scene->shown, scene->most) < 0 ||
                   vec_reserve(memory, &scene->via, scene->most) < 0 ||
                   vec_reserve(memory, &scene->depth, scene->most) < 0
               ? -1
               : 0;
}

/* 0 or -1 with an exception. */
static int
walk(Scene *scene, PyObject *addresses)
{
    Memory *memory = &scene->pass->memory;
    Subset barred = {0};
    int error = 0;
    if (reserve_places(scene) < 0 || story_bar(&barred, memory, &scene->pass->heap) < 0) {
        PyErr_NoMemory();
        error = -1;
    }
    else if ((error = visit_addresses(&scene->pass->heap, addresses, show_given, scene)) == 0) {
        show_reached(scene, &barred);
        if (vec_zeros(memory, &scene->tallies, scene->shown.length) < 0 ||
            vec_zeros(memory, &scene->bundle, scene->shown.length) < 0) {
            PyErr_NoMemory();
            error = -1;
        }
    }
    subset_fini(&barred);
    return error;
}

/* ------------------------------------------------------------------------- naming */

static size_t
told_of(const Bundle *bundle)
{
    return bundle->references < MOST_PARALLEL ? bundle->references : MOST_PARALLEL;
}

/* The labels of one object's references are gathered in one go: to look for each of them from the first one on takes
   minutes where the last items of a long list are shown. */
typedef struct {
    Scene *scene;
    Bundle *bundles;
    size_t missing; /* labels that are still to come */
    Label unnamed;  /* index: references shown so far */
} Naming;

/* The bundle that leads to an object, or NULL. */
static Bundle *
bundle_to(const Naming *naming, PyObject *target)
{
    const Scene *scene = naming->scene;
    NodeId node, place = 0;
    if (addrmap_find(&scene->pass->heap.map, target, &node)) {
        place = scene->place.items[node];
    }
    uint32_t nth = place != 0 ? scene->bundle.items[place - 1] : 0;
    return nth != 0 ? &naming->bundles[nth - 1] : NULL;
}

static void
put_label(Naming *naming, const Bundle *bundle, size_t nth, Label label)
{
    naming->scene->labels.items[bundle->first + nth] = label;
    naming->missing--;
}

static bool
note_named(void *arg, PyObject *target, Label label)
{
    Naming *naming = arg;
    Bundle *bundle = bundle_to(naming, target);
    if (bundle != NULL && bundle->named < told_of(bundle)) {
        put_label(naming, bundle, bundle->named++, label);
    }
    return naming->missing == 0;
}

/* A reference that has no name takes the place of the one that tp_traverse shows as late, as in labels. */
static int
note_unnamed(PyObject *target, void *arg)
{
    Naming *naming = arg;
    Bundle *bundle = bundle_to(naming, target);
    naming->unnamed.index++;
    if (bundle != NULL && bundle->shown < told_of(bundle) && bundle->shown++ >= bundle->named) {
        put_label(naming, bundle, bundle->shown - 1, naming->unnamed);
    }
    return naming->missing == 0;
}

static void
gather_labels(Naming *naming, PyObject *op, PyObject *before, size_t count)
{
    references_visit(op, before, note_named, naming);
    if (naming->missing == 0) {
        return;
    }
    naming->unnamed = (Label){.kind = LABEL_UNNAMED, .holder = Py_TYPE(op)};
    (void)Py_TYPE(op)->tp_traverse(op, note_unnamed, naming);
    for (size_t b = 0; b < count; b++) { /* a tp_traverse that shows less than it did before */
        Bundle *bundle = &naming->bundles[b];
        size_t begun = bundle->named > bundle->shown ? bundle->named : bundle->shown;
        for (size_t nth = begun; nth < told_of(bundle); nth++) {
            put_label(naming, bundle, nth, naming->unnamed);
        }
    }
}

/* After this, scene->labels has those of all references that are told of one object. 0 or -1 with an exception. */
static int
name_bundles(Scene *scene, PyObject *op, PyObject *before, Bundle *bundles, size_t count)
{
    Naming naming = {.scene = scene, .bundles = bundles};
    for (size_t b = 0; b < count; b++) {
        bundles[b].first = naming.missing;
        naming.missing += told_of(&bundles[b]);
    }
    if (vec_reserve(&scene->pass->memory, &scene->labels, naming.missing) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t b = 0; b < count; b++) {
        scene->bundle.items[bundles[b].place] = (uint32_t)b + 1;
    }
    if (naming.missing != 0) {
        gather_labels(&naming, op, before, count);
    }
    for (size_t b = 0; b < count; b++) {
        scene->bundle.items[bundles[b].place] = 0;
    }
    return 0;
}

/* ------------------------------------------------------------------------- inside */

typedef struct {
    PyObject *target;
    size_t count;
} Borrowed;

static int
count_borrowed(PyObject *op, void *arg)
{
    Borrowed *borrowed = arg;
    borrowed->count += op == borrowed->target;
    return 0;
}

/* How many of `shown` references from op to target own something. */
static uint32_t
owned_of(PyObject *op, PyObject *target, uint32_t shown)
{
    Borrowed borrowed = {.target = target};
    if (internals_may_borrow(op)) {
        internals_visit_borrowed(op, count_borrowed, &borrowed);
    }
    return shown - (uint32_t)(borrowed.count < shown ? borrowed.count : shown);
}

/* Append (from, to, references, their names) to the edges. 0 or -1 with an exception. */
static int
tell_bundle(Scene *scene, size_t from, const Bundle *bundle)
{
    PyObject *op = object_at(scene, from), *target = object_at(scene, bundle->place);
    PyObject *names = PyList_New(0);
    for (size_t nth = 0; nth < told_of(bundle) && names != NULL; nth++) {
        PyObject *name = story_edge(scene->state, &scene->labels.items[bundle->first + nth], op, target);
        if (name == NULL || PyList_Append(names, name) < 0) {
            Py_CLEAR(names);
        }
        Py_XDECREF(name);
    }
    PyObject *row =
        names != NULL ? Py_BuildValue("(nnIO)", (Py_ssize_t)from, (Py_ssize_t)bundle->place, bundle->references, names)
                      : NULL;
    int error = row != NULL ? PyList_Append(scene->edges, row) : -1;
    Py_XDECREF(names);
    Py_XDECREF(row);
    return error;
}

/* After this, scene->inside has the references of one shown object to shown ones, in the order in which they come. 0 or -1:
   out of memory. */
static int
bundle_row(Scene *scene, size_t from)
{
    NodeId node = scene->shown.items[from];
    Row row = row_of(scene, node);
    scene->inside.length = 0;
    for (uint32_t r = 0; r < row.count; r++) {
        NodeId place = scene->place.items[row_target(scene, &row, r)];
        if (place == 0) {
            continue;
        }
        uint32_t *bundle = &scene->bundle.items[place - 1];
        if (*bundle == 0) {
            if (vec_push(&scene->pass->memory, &scene->inside, ((Bundle){.source = node, .place = place - 1})) < 0) {
                return -1;
            }
            *bundle = (uint32_t)scene->inside.length;
        }
        scene->inside.items[*bundle - 1].references++;
    }
    return 0;
}

static int
tell_row(Scene *scene, size_t from)
{
    PyObject *op = object_at(scene, from);
    PyObject *before = scene->via.items[from] != from ? object_at(scene, scene->via.items[from]) : NULL;
    if (bundle_row(scene, from) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    Bundle *inside = scene->inside.items;
    int error = name_bundles(scene, op, before, inside, scene->inside.length);
    for (size_t b = 0; b < scene->inside.length && error == 0; b++) {
        NodeId to = inside[b].place;
        scene->tallies.items[to].inside += owned_of(op, object_at(scene, to), inside[b].references);
        error = tell_bundle(scene, from, &inside[b]);
    }
    return error;
}

static int
tell_inside(Scene *scene)
{
    for (size_t p = 0; p < scene->shown.length; p++) {
        if (tell_row(scene, p) < 0) {
            return -1;
        }
    }
    return 0;
}

/* ------------------------------------------------------------------------ outside */

/* What a suspended generator only borrows does not count, for the visitors from number `begun` on. */
static void
discount_lent(Scene *scene, size_t begun)
{
    for (size_t v = begun; v < scene->visitors.length; v++) {
        Bundle *visitor = &scene->visitors.items[v];
        PyObject *op = scene->pass->heap.objects.items[visitor->source];
        uint32_t owned = owned_of(op, object_at(scene, visitor->place), visitor->references);
        visitor->unowned = visitor->references - owned;
        scene->tallies.items[visitor->place].outside -= visitor->unowned;
    }
}

/* Count what one object from outside refers to, and note it where not too many were. 0 or -1: out of memory. */
static int
gather_row(Scene *scene, NodeId node)
{
    const Heap *heap = &scene->pass->heap;
    size_t begun = scene->visitors.length;
    for (uint32_t e = heap->graph.offsets.items[node]; e < heap->graph.offsets.items[node + 1]; e++) {
        NodeId place = scene->place.items[heap->graph.targets.items[e]];
        if (place == 0) {
            continue;
        }
        Tally *tally = &scene->tallies.items[place - 1];
        uint32_t *bundle = &scene->bundle.items[place - 1];
        tally->outside++;
        if (*bundle > begun) { /* or it was another object's */
            scene->visitors.items[*bundle - 1].references++;
        }
        else if (tally->told < MOST_OUTSIDE) {
            Bundle visitor = {.source = node, .place = place - 1, .references = 1};
            tally->told++;
            if (vec_push(&scene->pass->memory, &scene->visitors, visitor) < 0) {
                return -1;
            }
            *bundle = (uint32_t)scene->visitors.length;
        }
    }
    discount_lent(scene, begun);
    return 0;
}

static int
gather_outside(Scene *scene)
{
    for (size_t n = 0; n < scene->pass->heap.count; n++) {
        if (scene->place.items[n] == 0 && gather_row(scene, (NodeId)n) < 0) {
            return -1;
        }
    }
    for (size_t v = 0; v < scene->visitors.length; v++) {
        scene->bundle.items[scene->visitors.items[v].place] = 0;
    }
    return 0;
}

/* Append (to, node, edges, owned, found). Steals node and edges; NULL for either is an error that was set. */
static int
add_outside(Scene *scene, size_t to, PyObject *node, PyObject *edges, const char *found)
{
    PyObject *row = node != NULL && edges != NULL ? Py_BuildValue("(nOOs)", (Py_ssize_t)to, node, edges, found) : NULL;
    int error = row != NULL ? PyList_Append(scene->outside, row) : -1;
    Py_XDECREF(row);
    Py_XDECREF(node);
    Py_XDECREF(edges);
    return error;
}

static int
tell_visitor(Scene *scene, const Bundle *visitor, const Holder *holder)
{
    PyObject *target = object_at(scene, visitor->place);
    for (size_t nth = 0; nth < told_of(visitor); nth++) {
        const Label *label = &scene->labels.items[visitor->first + nth];
        PyObject *node = holders_node(scene->state, scene->known, holder);
        PyObject *edges = node != NULL ? holders_edges(scene->state, holder, label, target) : NULL;
        bool is_lent = nth >= visitor->references - visitor->unowned;
        if (add_outside(scene, visitor->place, node, edges, is_lent ? "lent" : "heap") < 0) {
            return -1;
        }
    }
    return 0;
}

/* Tell what one object from outside refers to. 0 or -1 with an exception. */
static int
tell_visitors(Scene *scene, Bundle *visitors, const Holder *holders, size_t count)
{
    int error = name_bundles(scene, holders[0].op, NULL, visitors, count);
    for (size_t v = 0; v < count && error == 0; v++) {
        error = tell_visitor(scene, &visitors[v], &holders[v]);
    }
    return error;
}

static int
tell_outside(Scene *scene)
{
    VEC(Holder) holders = {0};
    int error = 0;
    if (vec_reserve(&scene->pass->memory, &holders, scene->visitors.length) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t v = 0; v < scene->visitors.length; v++) {
        vec_push_reserved(&holders, ((Holder){.op = scene->pass->heap.objects.items[scene->visitors.items[v].source]}));
    }
    holders_find_owners(holders.items, holders.length, &scene->pass->heap);
    for (size_t v = 0, next; v < holders.length && error == 0; v = next) {
        for (next = v + 1; next < holders.length && holders.items[next].op == holders.items[v].op;) {
            next++;
        }
        error = tell_visitors(scene, &scene->visitors.items[v], &holders.items[v], next - v);
    }
    vec_fini(&scene->pass->memory, &holders);
    return error;
}

static bool
tell_slot(void *arg, const FrameSlot *slot)
{
    Scene *scene = arg;
    NodeId node;
    if (!addrmap_find(&scene->pass->heap.map, slot->target, &node) || scene->place.items[node] == 0) {
        return false;
    }
    size_t to = scene->place.items[node] - 1;
    Tally *tally = &scene->tallies.items[to];
    tally->outside += slot->owned;
    if (tally->told++ < 2 * MOST_OUTSIDE) {
        PyObject *from = story_frame(slot), *edges = from != NULL ? holders_frame_edges(scene->state, slot) : NULL;
        scene->failed = add_outside(scene, to, from, edges, slot->owned ? "frame" : "lent") < 0;
    }
    return scene->failed;
}

/* ------------------------------------------------------------------------- telling */

static PyObject *
tell_object(const Scene *scene, size_t place)
{
    const Heap *heap = &scene->pass->heap;
    NodeId node = scene->shown.items[place];
    PyObject *op = object_at(scene, place), *told = story_node(scene->state, op);
    PyObject *count = story_refcount(heap, node);
    PyObject *address = PyLong_FromVoidPtr(op);
    PyObject *row = NULL;
    if (told != NULL && count != NULL && address != NULL) {
        const Tally *tally = &scene->tallies.items[place];
        row = Py_BuildValue("(OOOIIIO)", told, address, count, tally->inside, tally->outside, scene->depth.items[place],
                            collector_is_reachable(&scene->pass->collector, node) ? Py_True : Py_False);
    }
    Py_XDECREF(told);
    Py_XDECREF(count);
    Py_XDECREF(address);
    return row;
}

/* New reference: (objects, edges, outside). NULL with an exception. */
static PyObject *
tell_scene(Scene *scene)
{
    PyObject *objects = PyList_New(0);
    for (size_t p = 0; p < scene->shown.length && objects != NULL; p++) {
        PyObject *row = tell_object(scene, p);
        if (row == NULL || PyList_Append(objects, row) < 0) {
            Py_CLEAR(objects);
        }
        Py_XDECREF(row);
    }
    PyObject *answer = objects != NULL ? PyTuple_Pack(3, objects, scene->edges, scene->outside) : NULL;
    Py_XDECREF(objects);
    return answer;
}

static PyObject *
look(Scene *scene, PyObject *addresses)
{
    scene->edges = PyList_New(0);
    scene->outside = scene->edges != NULL ? PyList_New(0) : NULL;
    if (scene->outside == NULL || pass_list_all(scene->pass, NULL) < 0 || pass_judge(scene->pass) < 0) {
        return NULL;
    }
    scene->most = scene->most < scene->pass->heap.count ? scene->most : scene->pass->heap.count;
    if (walk(scene, addresses) < 0) {
        return NULL;
    }
    if (gather_outside(scene) < 0) {
        return PyErr_NoMemory();
    }
    if (tell_inside(scene) < 0 || tell_outside(scene) < 0) {
        return NULL;
    }
    internals_running_slots(tell_slot, scene);
    return scene->failed ? NULL : tell_scene(scene);
}

PyObject *
scene_of(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    if (nargs != 5 || !PyList_CheckExact(args[0]) || !PyLong_CheckExact(args[1]) || !PyTuple_CheckExact(args[2])) {
        PyErr_SetString(PyExc_TypeError, "scene() takes a list of addresses, how many objects to show at most, a tuple "
                                         "of known dicts, labellers, object_traceback");
        return NULL;
    }
    size_t most = PyLong_AsSize_t(args[1]);
    if ((most == (size_t)-1 && PyErr_Occurred()) || story_begin(state, args[3], args[4]) < 0) {
        return NULL;
    }
    Pass pass;
    pass_begin(&pass, state);
    Scene scene = {.state = state, .pass = &pass, .known = args[2], .most = most};
    PyObject *answer = look(&scene, args[0]);
    scene_fini(&scene);
    pass_end(&pass);
    return answer;
}

/* --------------------------------------------------------------------------- born */

typedef struct {
    const Heap *heap;
    PyObject *found; /* owned: a list of addresses */
    bool failed;
} Roll;

static bool
note_address(void *arg, NodeId node)
{
    Roll *roll = arg;
    PyObject *address = PyLong_FromVoidPtr(roll->heap->objects.items[node]);
    roll->failed = address == NULL || PyList_Append(roll->found, address) < 0;
    Py_XDECREF(address);
    return roll->failed;
}

/* New reference: those of the addresses that lie in what was listed. NULL with an exception. */
static PyObject *
call_roll(const Heap *heap, PyObject *addresses)
{
    Roll roll = {.heap = heap, .found = PyList_New(0)};
    if (roll.found != NULL && (visit_addresses(heap, addresses, note_address, &roll) < 0 || roll.failed)) {
        Py_CLEAR(roll.found);
    }
    return roll.found;
}

PyObject *
scene_born(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    if (nargs != 2 || !PyList_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "born() takes a list of addresses, and an extent");
        return NULL;
    }
    Pass pass;
    long generation = 0;
    pass_begin(&pass, state);
    bool is_listed = pass_extent(&pass, args[1], &generation) == 0 && pass_list(&pass, generation) == 0;
    PyObject *answer = is_listed ? call_roll(&pass.heap, args[0]) : NULL;
    pass_end(&pass);
    return answer;
}
