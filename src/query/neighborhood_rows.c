/* neighborhood_rows.c: what neighborhood.h found, in words.

       neighbor        one shown object: its Node, its counts, its place in both verdicts
       add_inner       a row for each pair of shown objects with a reference between them
       add_outer       a row for each reference from a tracked object that was not met
       add_slot        and for each from a running frame, which no tp_traverse shows
       gather_labels   the names of all references of one object, in one visit of its referents

   What is told is limited (MOST_PARALLEL, MOST_SLOTS), what is counted is not: of a thousand
   references from one list four have names, and the row says a thousand. */

#include "query/neighborhood_rows.h"

#include "labels/referents.h"
#include "query/describe.h"
#include "query/neighborhood.h"
#include "types/tracked.h"

enum {
    MOST_PARALLEL = 4, /* references from one object to another that are told by name */
    MOST_SLOTS = 24,   /* holders of one object from outside that are told, those in frames
                          included */
};

typedef struct {
    const Describer *describer; /* borrowed */
    Neighborhood neighborhood;
    PyObject *known;                /* borrowed: pairs of the address of a dict and its title */
    VEC(Label) labels;              /* of the object at hand */
    PyObject *references, *outside; /* owned: lists */
    bool failed;
} Rows;

static void
release_rows(Rows *rows)
{
    vec_fini(&rows->neighborhood.scan->memory, &rows->labels);
    neighborhood_fini(&rows->neighborhood);
    Py_CLEAR(rows->references);
    Py_CLEAR(rows->outside);
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
    Rows *rows;
    Bundle *bundles;
    size_t missing; /* labels that are still to come */
    PyObject *op;   /* borrowed: the object at hand */
    NamedWords words;
    Py_ssize_t shown; /* its references that tp_traverse has shown so far */
} Naming;

/* The bundle that leads to an object, or NULL. */
static Bundle *
bundle_to(const Naming *naming, PyObject *target)
{
    const Neighborhood *neighborhood = &naming->rows->neighborhood;
    NodeId place = neighborhood_place_of(neighborhood, target);
    uint32_t nth = place != 0 ? neighborhood->bundle.items[place - 1] : 0;
    return nth != 0 ? &naming->bundles[nth - 1] : NULL;
}

static void
put_label(Naming *naming, const Bundle *bundle, size_t nth, Label label)
{
    naming->rows->labels.items[bundle->first + nth] = label;
    naming->missing--;
}

static bool
note_named(void *arg, PyObject *target, Label label)
{
    Naming *naming = arg;
    Bundle *bundle = bundle_to(naming, target);
    struct_words_note(&naming->words, &label);
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
    naming->shown++;
    if (bundle != NULL && bundle->passed < told_of(bundle) && bundle->passed++ >= bundle->named) {
        size_t nth = bundle->passed - 1;
        put_label(naming, bundle, nth,
                  struct_words_label(naming->op, target, naming->words, nth - bundle->named,
                                     naming->shown));
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
    (void)Py_TYPE(op)->tp_traverse(op, note_unnamed, naming);
    Label unnamed = {.kind = LABEL_UNNAMED, .index = naming->shown, .holder = Py_TYPE(op)};
    for (size_t b = 0; b < count; b++) { /* a tp_traverse that shows less than it did before */
        Bundle *bundle = &naming->bundles[b];
        size_t begun = bundle->named > bundle->passed ? bundle->named : bundle->passed;
        for (size_t nth = begun; nth < told_of(bundle); nth++) {
            put_label(naming, bundle, nth, unnamed);
        }
    }
}

/* After this, rows->labels has those of all references that are told of one object. 0 or -1 with
   an exception. */
static int
name_bundles(Rows *rows, PyObject *op, PyObject *before, Bundle *bundles, size_t count)
{
    Naming naming = {.rows = rows, .bundles = bundles, .op = op};
    for (size_t b = 0; b < count; b++) {
        bundles[b].first = naming.missing;
        naming.missing += told_of(&bundles[b]);
    }
    if (vec_reserve(&rows->neighborhood.scan->memory, &rows->labels, naming.missing) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t b = 0; b < count; b++) {
        rows->neighborhood.bundle.items[bundles[b].place] = (uint32_t)b + 1;
    }
    if (naming.missing != 0) {
        gather_labels(&naming, op, before, count);
    }
    for (size_t b = 0; b < count; b++) {
        rows->neighborhood.bundle.items[bundles[b].place] = 0;
    }
    return 0;
}

/* ------------------------------------------------------------------------- inside */

typedef struct {
    const Rows *rows;
    const Bundle *bundle;
    PyObject *op, *target; /* borrowed */
} BundleEdges;

static PyObject *
bundle_edge(void *arg, size_t nth)
{
    const BundleEdges *edges = arg;
    const Label *label = &edges->rows->labels.items[edges->bundle->first + nth];
    return describer_edge(edges->rows->describer, label, edges->op, edges->target);
}

/* New reference: an InnerReference. */
static PyObject *
inner_reference(const Rows *rows, size_t source, const Bundle *bundle)
{
    const Neighborhood *neighborhood = &rows->neighborhood;
    BundleEdges edges = {rows, bundle, neighborhood_object(neighborhood, source),
                         neighborhood_object(neighborhood, bundle->place)};
    uint32_t owned = bundle->references - bundle->unowned;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = PyLong_FromSize_t(source)) != NULL &&
           (items[1] = PyLong_FromSize_t(bundle->place)) != NULL &&
           (items[2] = PyLong_FromUnsignedLong(bundle->references)) != NULL &&
           (items[3] = PyLong_FromUnsignedLong(owned)) != NULL &&
           (items[4] = rows_list(told_of(bundle), bundle_edge, &edges)) != NULL);
    return row_new(rows->describer->state, ROW_INNER_REFERENCE, items);
}

/* 0 or -1 with an exception. */
static int
add_references_of(Rows *rows, size_t source)
{
    Neighborhood *neighborhood = &rows->neighborhood;
    const Bundles *inner = &neighborhood->inner;
    size_t via = neighborhood->reach.via.items[source];
    PyObject *op = neighborhood_object(neighborhood, source);
    PyObject *before = via != source ? neighborhood_object(neighborhood, via) : NULL;
    if (neighborhood_row(neighborhood, source) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    int error = name_bundles(rows, op, before, inner->items, inner->length);
    for (size_t b = 0; b < inner->length && error == 0; b++) {
        error = rows_append(rows->references, inner_reference(rows, source, &inner->items[b]));
    }
    return error;
}

static int
add_inner(Rows *rows)
{
    int error = 0;
    for (size_t p = 0; p < rows->neighborhood.shown && error == 0; p++) {
        error = add_references_of(rows, p);
    }
    return error;
}

/* ------------------------------------------------------------------------ outside */

/* Append an OuterReference. Gives node and edges up; NULL for either is an error that was set. */
static int
add_outside(Rows *rows, size_t target, PyObject *node, PyObject *edges, const char *found)
{
    PyObject *items[ROW_MOST_FIELDS] = {NULL, node, edges};
    (void)(node != NULL && edges != NULL && (items[0] = PyLong_FromSize_t(target)) != NULL &&
           (items[3] = PyUnicode_FromString(found)) != NULL);
    return rows_append(rows->outside, row_new(rows->describer->state, ROW_OUTER_REFERENCE, items));
}

static int
add_bundle(Rows *rows, const Bundle *bundle, const Holder *holder)
{
    const Describer *describer = rows->describer;
    PyObject *target = neighborhood_object(&rows->neighborhood, bundle->place);
    for (size_t nth = 0; nth < told_of(bundle); nth++) {
        const Label *label = &rows->labels.items[bundle->first + nth];
        PyObject *node = holders_node(describer, rows->known, holder);
        PyObject *edges = node != NULL ? holders_edges(describer, holder, label, target) : NULL;
        bool is_borrowed = nth >= bundle->references - bundle->unowned;
        if (add_outside(rows, bundle->place, node, edges, is_borrowed ? "borrowed" : "heap") < 0) {
            return -1;
        }
    }
    return 0;
}

/* All that one object from outside refers to. 0 or -1 with an exception. */
static int
add_bundles(Rows *rows, Bundle *bundles, const Holder *holders, size_t count)
{
    int error = name_bundles(rows, holders[0].op, NULL, bundles, count);
    for (size_t b = 0; b < count && error == 0; b++) {
        error = add_bundle(rows, &bundles[b], &holders[b]);
    }
    return error;
}

static int
add_outer(Rows *rows)
{
    const Bundles *outer = &rows->neighborhood.outer;
    Scan *scan = rows->neighborhood.scan;
    VEC(Holder) holders = {0};
    int error = 0;
    if (vec_reserve(&scan->memory, &holders, outer->length) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t b = 0; b < outer->length; b++) {
        Holder holder = {.op = scan->heap.objects.items[outer->items[b].source]};
        vec_push_reserved(&holders, holder);
    }
    if (parents_find(holders.items, holders.length, rows->known, &scan->heap) < 0) {
        error = scan_no_memory();
    }
    for (size_t b = 0, next; b < holders.length && error == 0; b = next) {
        PyObject *op = holders.items[b].op;
        for (next = b + 1; next < holders.length && holders.items[next].op == op;) {
            next++;
        }
        error = add_bundles(rows, &outer->items[b], &holders.items[b], next - b);
    }
    vec_fini(&scan->memory, &holders);
    return error;
}

/* What a running frame refers to. */
static bool
add_slot(void *arg, const FrameSlot *slot)
{
    Rows *rows = arg;
    NodeId place = neighborhood_place_of(&rows->neighborhood, slot->target);
    if (place == 0) {
        return false;
    }
    Tally *tally = &rows->neighborhood.tallies.items[place - 1];
    tally->outside += slot->owned;
    if (tally->told++ < MOST_SLOTS) {
        PyObject *node = describer_frame(rows->describer, slot);
        PyObject *edges = node != NULL ? holders_frame_edges(rows->describer, slot) : NULL;
        const char *found = slot->owned ? "frame" : "borrowed";
        rows->failed = add_outside(rows, place - 1, node, edges, found) < 0;
    }
    return rows->failed;
}

/* ------------------------------------------------------------------------------ all */

static PyObject *
neighbor(void *arg, size_t place)
{
    const Rows *rows = arg;
    const Neighborhood *neighborhood = &rows->neighborhood;
    const Scan *scan = neighborhood->scan;
    const ModuleState *state = rows->describer->state;
    NodeId node = neighborhood->reach.met.items[place];
    PyObject *op = neighborhood_object(neighborhood, place), *items[ROW_MOST_FIELDS] = {NULL};
    bool stays = collector_is_reachable(&neighborhood->generation, place);
    bool reachable = collector_is_reachable(&scan->collector, node);
    bool folded = neighborhood_is_folded(neighborhood, place);
    uint32_t outside = neighborhood->tallies.items[place].outside;
    (void)((items[0] = describer_node(rows->describer, op)) != NULL &&
           (items[1] = PyLong_FromVoidPtr(op)) != NULL &&
           (items[2] = tracked_serial(state, op)) != NULL &&
           (items[3] = describer_refcount(&scan->heap, node)) != NULL &&
           (items[4] = PyLong_FromUnsignedLong(outside)) != NULL &&
           (items[5] = PyLong_FromUnsignedLong(neighborhood->reach.depth.items[place])) != NULL &&
           (items[6] = PyLong_FromLong(neighborhood->generation.gc_refs.items[place])) != NULL &&
           (items[7] = row_bool(stays)) != NULL && (items[8] = row_bool(reachable)) != NULL &&
           (items[9] = describe_own_name(op)) != NULL &&
           (items[10] = PyLong_FromUnsignedLong(neighborhood->rings.items[place])) != NULL &&
           (items[11] = row_bool(folded)) != NULL &&
           (items[12] = PyLong_FromSsize_t(describe_length(op))) != NULL);
    return row_new(state, ROW_NEIGHBOR, items);
}

/* New reference: an Extent. */
static PyObject *
extent_row(const Rows *rows, Extent extent)
{
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = PyLong_FromSize_t(extent.objects)) != NULL &&
           (items[1] = PyLong_FromSize_t(extent.folded)) != NULL);
    return row_new(rows->describer->state, ROW_EXTENT, items);
}

static PyObject *
ring_extent(void *arg, size_t ring)
{
    const Rows *rows = arg;
    return extent_row(rows, neighborhood_ring_extent(&rows->neighborhood, ring));
}

/* How many cyclic components have a shown member. */
static size_t
shown_rings(const Neighborhood *neighborhood)
{
    size_t count = 0;
    for (size_t p = 0; p < neighborhood->shown; p++) {
        count = neighborhood->rings.items[p] > count ? neighborhood->rings.items[p] : count;
    }
    return count;
}

/* Of all that are on rings, shown or not. */
static Extent
on_rings(const Neighborhood *neighborhood)
{
    Extent all = {0};
    for (size_t ring = 0; ring < neighborhood->scc.cyclic; ring++) {
        Extent extent = neighborhood_ring_extent(neighborhood, ring);
        all.objects += extent.objects;
        all.folded += extent.folded;
    }
    return all;
}

/* New reference: the Neighborhood. NULL with an exception. */
static PyObject *
look(Rows *rows, PyObject *given, size_t most)
{
    Neighborhood *neighborhood = &rows->neighborhood;
    Scan *scan = neighborhood->scan;
    scan->frozen_is_outside = true;
    if (scan_list_all(scan, NULL) < 0 || scan_judge(scan) < 0 ||
        neighborhood_find(neighborhood, scan, given, most) < 0 ||
        (rows->references = PyList_New(0)) == NULL || (rows->outside = PyList_New(0)) == NULL ||
        add_inner(rows) < 0 || add_outer(rows) < 0) {
        return NULL;
    }
    interp_running_slots(add_slot, rows);
    if (rows->failed) {
        return NULL;
    }
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = rows_list(neighborhood->shown, neighbor, rows)) != NULL &&
           (items[1] = Py_NewRef(rows->references)) != NULL &&
           (items[2] = Py_NewRef(rows->outside)) != NULL &&
           (items[3] = extent_row(rows, neighborhood_extent(neighborhood))) != NULL &&
           (items[4] = extent_row(rows, on_rings(neighborhood))) != NULL &&
           (items[5] = rows_list(shown_rings(neighborhood), ring_extent, rows)) != NULL);
    return row_new(rows->describer->state, ROW_NEIGHBORHOOD, items);
}

PyObject *
neighborhood_of(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    Describer describer;
    bool has_objects = nargs == 5 && PyTuple_CheckExact(args[0]);
    if (nargs != 5 || (!has_objects && !PyList_CheckExact(args[0])) ||
        !PyLong_CheckExact(args[1]) || !PyTuple_CheckExact(args[2])) {
        PyErr_SetString(PyExc_TypeError,
                        "neighborhood() takes a list of addresses or a tuple of objects, how many "
                        "objects to show at most, a tuple of known dicts, labellers, "
                        "object_traceback");
        return NULL;
    }
    size_t most = PyLong_AsSize_t(args[1]);
    if ((most == (size_t)-1 && PyErr_Occurred()) ||
        describer_init(&describer, state, args[3], args[4]) < 0) {
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, state);
    Rows rows = {.describer = &describer, .neighborhood = {.scan = &scan}, .known = args[2]};
    bool is_hidden = has_objects && PyObject_GC_IsTracked(args[0]);
    if (is_hidden) { /* from the scan, which would count it as a holder */
        PyObject_GC_UnTrack(args[0]);
    }
    scan.given = has_objects ? args[0] : NULL;
    PyObject *answer = look(&rows, args[0], most);
    if (is_hidden) {
        PyObject_GC_Track(args[0]);
    }
    release_rows(&rows);
    scan_end(&scan);
    return answer;
}

/* --------------------------------------------------------------------------- born */

typedef struct {
    const Heap *heap;
    PyObject *found; /* owned: a list of addresses */
    bool failed;
} Present;

static bool
note_address(void *arg, NodeId node)
{
    Present *present = arg;
    PyObject *address = PyLong_FromVoidPtr(present->heap->objects.items[node]);
    present->failed = rows_append(present->found, address) < 0;
    return present->failed;
}

PyObject *
neighborhood_addresses_in(const Heap *heap, PyObject *addresses)
{
    Present present = {.heap = heap, .found = PyList_New(0)};
    if (present.found != NULL &&
        (neighborhood_visit_addresses(heap, addresses, note_address, &present) < 0 ||
         present.failed)) {
        Py_CLEAR(present.found);
    }
    return present.found;
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
    PyObject *answer = is_listed ? neighborhood_addresses_in(&scan.heap, args[0]) : NULL;
    scan_end(&scan);
    return answer;
}
