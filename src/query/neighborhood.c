/* neighborhood.c: what stage.h counts, in words.

       tell_inside     the references between the shown objects, by name
       tell_outside    who else has a reference to them: other objects
       tell_slot       ... and running frames

   What is told is limited, what is counted is not. */

#include "query/neighborhood.h"

#include "labels/referents.h"
#include "query/stage.h"
#include "types/tracked.h"

enum {
    MOST_PARALLEL = 4, /* references from one object to another that are told by name */
    MOST_SLOTS =
        24, /* holders of one object from outside that are told, those in frames included */
};

typedef struct {
    const ModuleState *state;
    Stage stage;
    PyObject *known;           /* borrowed: pairs of the address of a dict and its title */
    VEC(Label) labels;         /* of the object at hand */
    PyObject *edges, *outside; /* owned: lists */
    bool failed;
} Scene;

static void
scene_fini(Scene *scene)
{
    vec_fini(&scene->stage.scan->memory, &scene->labels);
    stage_fini(&scene->stage);
    Py_CLEAR(scene->edges);
    Py_CLEAR(scene->outside);
}

/* ------------------------------------------------------------------------- naming */

static size_t
told_of(const Bundle *bundle)
{
    return bundle->references < MOST_PARALLEL ? bundle->references : MOST_PARALLEL;
}

/* The labels of one object's references are gathered in one go: to look for each of them from the
   first one on takes minutes where the last items of a long list are shown. */
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
    const Stage *stage = &naming->scene->stage;
    NodeId node, place = 0;
    if (addrmap_find(&stage->scan->heap.map, target, &node)) {
        place = stage_place(stage, node);
    }
    uint32_t nth = place != 0 ? stage->bundle.items[place - 1] : 0;
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

/* A reference that has no name takes the place of the one that tp_traverse shows as late, as in
   labels. */
static int
note_unnamed(PyObject *target, void *arg)
{
    Naming *naming = arg;
    Bundle *bundle = bundle_to(naming, target);
    naming->unnamed.index++;
    if (bundle != NULL && bundle->passed < told_of(bundle) && bundle->passed++ >= bundle->named) {
        put_label(naming, bundle, bundle->passed - 1, naming->unnamed);
    }
    return naming->missing == 0;
}

static void
gather_labels(Naming *naming, PyObject *op, PyObject *before, size_t count)
{
    referents_visit(op, before, note_named, naming);
    if (naming->missing == 0) {
        return;
    }
    naming->unnamed = (Label){.kind = LABEL_UNNAMED, .holder = Py_TYPE(op)};
    (void)Py_TYPE(op)->tp_traverse(op, note_unnamed, naming);
    for (size_t b = 0; b < count; b++) { /* a tp_traverse that shows less than it did before */
        Bundle *bundle = &naming->bundles[b];
        size_t begun = bundle->named > bundle->passed ? bundle->named : bundle->passed;
        for (size_t nth = begun; nth < told_of(bundle); nth++) {
            put_label(naming, bundle, nth, naming->unnamed);
        }
    }
}

/* After this, scene->labels has those of all references that are told of one object. 0 or -1 with
   an exception. */
static int
name_bundles(Scene *scene, PyObject *op, PyObject *before, Bundle *bundles, size_t count)
{
    Naming naming = {.scene = scene, .bundles = bundles};
    for (size_t b = 0; b < count; b++) {
        bundles[b].first = naming.missing;
        naming.missing += told_of(&bundles[b]);
    }
    if (vec_reserve(&scene->stage.scan->memory, &scene->labels, naming.missing) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t b = 0; b < count; b++) {
        scene->stage.bundle.items[bundles[b].place] = (uint32_t)b + 1;
    }
    if (naming.missing != 0) {
        gather_labels(&naming, op, before, count);
    }
    for (size_t b = 0; b < count; b++) {
        scene->stage.bundle.items[bundles[b].place] = 0;
    }
    return 0;
}

/* ------------------------------------------------------------------------- inside */

/* Append (from, to, references, those that own something, their names) to the edges. 0 or -1 with
   an exception. */
static int
tell_bundle(Scene *scene, size_t from, const Bundle *bundle)
{
    PyObject *op = stage_object(&scene->stage, from),
             *target = stage_object(&scene->stage, bundle->place);
    PyObject *names = PyList_New(0), *row = NULL;
    for (size_t nth = 0; nth < told_of(bundle) && names != NULL; nth++) {
        PyObject *name =
            story_edge(scene->state, &scene->labels.items[bundle->first + nth], op, target);
        if (name == NULL || PyList_Append(names, name) < 0) {
            Py_CLEAR(names);
        }
        Py_XDECREF(name);
    }
    if (names != NULL) {
        row = Py_BuildValue("(nnIIO)", (Py_ssize_t)from, (Py_ssize_t)bundle->place,
                            bundle->references, bundle->references - bundle->unowned, names);
    }
    int error = row != NULL ? PyList_Append(scene->edges, row) : -1;
    Py_XDECREF(names);
    Py_XDECREF(row);
    return error;
}

/* 0 or -1 with an exception. */
static int
tell_row(Scene *scene, size_t from)
{
    Stage *stage = &scene->stage;
    size_t via = stage->via.items[from];
    if (stage_row(stage, from) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    int error = name_bundles(scene, stage_object(stage, from),
                             via != from ? stage_object(stage, via) : NULL, stage->inside.items,
                             stage->inside.length);
    for (size_t b = 0; b < stage->inside.length && error == 0; b++) {
        error = tell_bundle(scene, from, &stage->inside.items[b]);
    }
    return error;
}

static int
tell_inside(Scene *scene)
{
    for (size_t p = 0; p < scene->stage.shown; p++) {
        if (tell_row(scene, p) < 0) {
            return -1;
        }
    }
    return 0;
}

/* ------------------------------------------------------------------------ outside */

/* Append (to, node, edges, owned, found). Steals node and edges; NULL for either is an error that
   was set. */
static int
add_outside(Scene *scene, size_t to, PyObject *node, PyObject *edges, const char *found)
{
    PyObject *row = node != NULL && edges != NULL
                        ? Py_BuildValue("(nOOs)", (Py_ssize_t)to, node, edges, found)
                        : NULL;
    int error = row != NULL ? PyList_Append(scene->outside, row) : -1;
    Py_XDECREF(row);
    Py_XDECREF(node);
    Py_XDECREF(edges);
    return error;
}

static int
tell_visitor(Scene *scene, const Bundle *visitor, const Holder *holder)
{
    PyObject *target = stage_object(&scene->stage, visitor->place);
    for (size_t nth = 0; nth < told_of(visitor); nth++) {
        const Label *label = &scene->labels.items[visitor->first + nth];
        PyObject *node = holders_node(scene->state, scene->known, holder);
        PyObject *edges = node != NULL ? holders_edges(scene->state, holder, label, target) : NULL;
        bool is_lent = nth >= visitor->references - visitor->unowned;
        if (add_outside(scene, visitor->place, node, edges, is_lent ? "borrowed" : "heap") < 0) {
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
    const Bundles *visitors = &scene->stage.visitors;
    Scan *scan = scene->stage.scan;
    VEC(Holder) holders = {0};
    int error = 0;
    if (vec_reserve(&scan->memory, &holders, visitors->length) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t v = 0; v < visitors->length; v++) {
        vec_push_reserved(&holders,
                          ((Holder){.op = scan->heap.objects.items[visitors->items[v].source]}));
    }
    holders_find_owners(holders.items, holders.length, scene->known, &scan->heap);
    for (size_t v = 0, next; v < holders.length && error == 0; v = next) {
        for (next = v + 1;
             next < holders.length && holders.items[next].op == holders.items[v].op;) {
            next++;
        }
        error = tell_visitors(scene, &visitors->items[v], &holders.items[v], next - v);
    }
    vec_fini(&scan->memory, &holders);
    return error;
}

static bool
tell_slot(void *arg, const FrameSlot *slot)
{
    Scene *scene = arg;
    NodeId node, place = 0;
    if (addrmap_find(&scene->stage.scan->heap.map, slot->target, &node)) {
        place = stage_place(&scene->stage, node);
    }
    if (place == 0) {
        return false;
    }
    Tally *tally = &scene->stage.tallies.items[place - 1];
    tally->outside += slot->owned;
    if (tally->told++ < MOST_SLOTS) {
        PyObject *from = story_frame(slot),
                 *edges = from != NULL ? holders_frame_edges(scene->state, slot) : NULL;
        scene->failed =
            add_outside(scene, place - 1, from, edges, slot->owned ? "frame" : "borrowed") < 0;
    }
    return scene->failed;
}

/* ------------------------------------------------------------------------- telling */

static PyObject *
tell_object(const Scene *scene, size_t place)
{
    const Stage *stage = &scene->stage;
    NodeId node = stage->met.items[place];
    PyObject *op = stage_object(stage, place), *told = story_node(scene->state, op);
    PyObject *count = story_refcount(&stage->scan->heap, node);
    PyObject *address = PyLong_FromVoidPtr(op), *serial = tracked_serial(scene->state, op);
    PyObject *row = NULL;
    if (told != NULL && count != NULL && address != NULL && serial != NULL) {
        row = Py_BuildValue("(OOOOIIiOO)", told, address, serial, count,
                            stage->tallies.items[place].outside, stage->depth.items[place],
                            stage->generation.gc_refs.items[place],
                            collector_is_reachable(&stage->generation, place) ? Py_True : Py_False,
                            collector_is_reachable(&stage->scan->collector, node) ? Py_True
                                                                                  : Py_False);
    }
    Py_XDECREF(told);
    Py_XDECREF(count);
    Py_XDECREF(address);
    Py_XDECREF(serial);
    return row;
}

/* New reference: (objects, edges, outside, how many were met). NULL with an exception. */
static PyObject *
tell_scene(Scene *scene)
{
    PyObject *objects = PyList_New(0), *answer = NULL;
    for (size_t p = 0; p < scene->stage.shown && objects != NULL; p++) {
        PyObject *row = tell_object(scene, p);
        if (row == NULL || PyList_Append(objects, row) < 0) {
            Py_CLEAR(objects);
        }
        Py_XDECREF(row);
    }
    if (objects != NULL) {
        answer = Py_BuildValue("(OOOn)", objects, scene->edges, scene->outside,
                               (Py_ssize_t)scene->stage.met.length);
    }
    Py_XDECREF(objects);
    return answer;
}

static PyObject *
look(Scene *scene, Scan *scan, PyObject *given, size_t most)
{
    scene->edges = PyList_New(0);
    scene->outside = scene->edges != NULL ? PyList_New(0) : NULL;
    scan->frozen_is_outside = true;
    if (scene->outside == NULL || scan_list_all(scan, NULL) < 0 || scan_judge(scan) < 0 ||
        stage_set(&scene->stage, scan, given, most) < 0 || tell_inside(scene) < 0 ||
        tell_outside(scene) < 0) {
        return NULL;
    }
    interp_running_slots(tell_slot, scene);
    return scene->failed ? NULL : tell_scene(scene);
}

PyObject *
neighborhood_of(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    bool has_objects = nargs == 5 && PyTuple_CheckExact(args[0]);
    if (nargs != 5 || (!has_objects && !PyList_CheckExact(args[0])) ||
        !PyLong_CheckExact(args[1]) || !PyTuple_CheckExact(args[2])) {
        PyErr_SetString(PyExc_TypeError,
                        "neighborhood() takes a list of addresses or a tuple of objects, how many "
                        "objects to "
                        "show at most, a tuple of known dicts, labellers, object_traceback");
        return NULL;
    }
    size_t most = PyLong_AsSize_t(args[1]);
    if ((most == (size_t)-1 && PyErr_Occurred()) || story_begin(state, args[3], args[4]) < 0) {
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, state);
    Scene scene = {.state = state, .stage = {.scan = &scan}, .known = args[2]};
    bool is_hidden = has_objects && PyObject_GC_IsTracked(args[0]);
    if (is_hidden) { /* from the pass, which would tell it as a holder */
        PyObject_GC_UnTrack(args[0]);
    }
    scan.given = has_objects ? args[0] : NULL;
    PyObject *answer = look(&scene, &scan, args[0], most);
    if (is_hidden) {
        PyObject_GC_Track(args[0]);
    }
    scene_fini(&scene);
    scan_end(&scan);
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
    if (roll.found != NULL &&
        (stage_visit_addresses(heap, addresses, note_address, &roll) < 0 || roll.failed)) {
        Py_CLEAR(roll.found);
    }
    return roll.found;
}

PyObject *
neighborhood_born(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    if (nargs != 2 || !PyList_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "born() takes a list of addresses, and an extent");
        return NULL;
    }
    Scan scan;
    long generation = 0;
    scan_begin(&scan, state);
    bool is_listed =
        scan_extent(&scan, args[1], &generation) == 0 && scan_list(&scan, generation) == 0;
    PyObject *answer = is_listed ? call_roll(&scan.heap, args[0]) : NULL;
    scan_end(&scan);
    return answer;
}
