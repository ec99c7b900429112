/* evidence_stores.c: places of which it is known that they own.

       claim_types      an object of a class made at run time owns that, shown or not
       claim_arrays     a numpy array of objects: it tells the collector nothing
       claim_greenlets  frames on the stack of a greenlet that waits
       claim_tables     what was registered with the interpreter (interp_tables.h)
       claim_signals    signal handlers

   Arrays are read as sizes.h does, by the public struct of numpy 1 and 2: its buffer protocol
   would leave memory on each array. */

#include "base/dict_find.h"
#include "heap/interp_tables.h"
#include "heap/known.h"
#include "heap/sizes.h"
#include "heap/words.h"
#include "query/evidence.h"

/* ------------------------------------------------------------------------- types */

static void
claim_types(Evidence *evidence)
{
    for (size_t n = 0; n < evidence->heap->count && PyType_Check(evidence->target); n++) {
        PyObject *op = evidence->heap->objects.items[n];
        if ((PyObject *)Py_TYPE(op) == evidence->target && words_hides_type(op)) {
            Claim claim = {.kind = CLAIM_TYPE, .holder = op};
            evidence_claim(evidence, evidence->target, &claim);
        }
    }
}

/* ------------------------------------------------------------------------ arrays */

/* `known` is the array itself, or a view of it by which it is known. */
static void
claim_items(Evidence *evidence, const SizesArray *array, PyObject *known)
{
    for (size_t i = 0; i < array->count && !evidence->failed; i++) {
        PyObject *item = array->items[i];
        if (item != NULL) {
            Claim claim = {.kind = CLAIM_ARRAY,
                           .holder = known,
                           .name = array->dimensions == 1 ? "" : ".flat",
                           .place = i};
            evidence_claim(evidence, item, &claim);
        }
    }
}

/* A view leads to the array whose data it shows. That is read once, however many views it has. */
static void
claim_arrays(Evidence *evidence)
{
    AddrMap done;
    evidence->failed |= addrmap_init(&done, evidence->memory) < 0;
    for (size_t n = 0; n < evidence->heap->count && !evidence->failed; n++) {
        PyObject *op = evidence->heap->objects.items[n], *owner = op;
        SizesArray array, base;
        if (!sizes_array(op, &array)) {
            continue;
        }
        if (array.base != NULL && sizes_array(array.base, &base)) {
            owner = array.base;
            array = base;
        }
        int is_new = addrmap_insert(&done, owner);
        evidence->failed |= is_new < 0;
        if (is_new > 0) {
            claim_items(evidence, &array, op);
        }
    }
    addrmap_fini(&done);
}

/* --------------------------------------------------------------------- greenlets */

typedef struct {
    Evidence *evidence;
    PyObject *greenlet;
} GreenletSearch;

static bool
claim_slot(void *arg, const FrameSlot *slot)
{
    GreenletSearch *search = arg;
    if (slot->owned) {
        Claim claim = {.kind = CLAIM_GREENLET, .holder = search->greenlet, .slot = *slot};
        evidence_claim(search->evidence, slot->target, &claim);
    }
    return search->evidence->failed;
}

/* Borrowed or NULL: the getter of greenlet's own type that gives the innermost frame. */
static PyGetSetDef *
greenlet_getter(PyTypeObject *type)
{
    PyGetSetDef *getset = NULL;
    while (type != NULL && strcmp(type->tp_name, "greenlet.greenlet") != 0) {
        type = type->tp_base;
    }
    for (getset = type != NULL ? type->tp_getset : NULL; getset != NULL && getset->name != NULL;
         getset++) {
        if (strcmp(getset->name, "gr_frame") == 0) {
            return getset;
        }
    }
    return NULL;
}

/* Of one that waits the getter hands out the frame object that it has; greenlet sees to it that the
   frames below can be followed. One that runs, or has not begun, has none to show. */
static void
claim_greenlet(Evidence *evidence, PyObject *op, const PyGetSetDef *getset)
{
    GreenletSearch search = {.evidence = evidence, .greenlet = op};
    PyObject *frame = getset->get(op, getset->closure);
    if (frame == NULL) {
        PyErr_Clear();
        return;
    }
    interp_waiting_slots(frame, claim_slot, &search);
    Py_DECREF(frame);
}

static void
claim_greenlets(Evidence *evidence)
{
    for (size_t n = 0; n < evidence->heap->count && !evidence->failed; n++) {
        PyObject *op = evidence->heap->objects.items[n];
        const PyGetSetDef *getset = greenlet_getter(Py_TYPE(op));
        if (getset != NULL) {
            claim_greenlet(evidence, op, getset);
        }
    }
}

/* ------------------------------------------------------------------------ tables */

typedef struct {
    Evidence *evidence;
    Claim claim;
} TableSearch;

static int
claim_entry(PyObject *target, void *arg)
{
    TableSearch *search = arg;
    evidence_claim(search->evidence, target, &search->claim);
    return search->evidence->failed;
}

/* A list or dict that nobody knows, as that of the audit hooks, which is never tracked: its entries
   are shown by nobody else. */
static bool
claim_table(void *arg, PyObject *target, const char *owner, const char *name)
{
    Evidence *evidence = arg;
    TableSearch search = {evidence, {.kind = CLAIM_TABLE, .owner = owner, .name = name}};
    traverseproc traverse = known_traverse_of(target);
    if (addrmap_has(&evidence->heap->map, target)) {
        (void)claim_entry(target, &search);
    }
    else if (traverse != NULL) {
        (void)traverse(target, claim_entry, &search);
    }
    return evidence->failed;
}

static void
claim_tables(Evidence *evidence)
{
    PyObject *gc = dict_find(modules_dict(), "gc");
    PyObject *dict = gc != NULL && PyModule_Check(gc) ? PyModule_GetDict(gc) : NULL;
    PyObject *callbacks = dict_find(dict, "callbacks"), *garbage = dict_find(dict, "garbage");
    interp_tables(claim_table, evidence);
    if (callbacks != NULL) {
        (void)claim_table(evidence, callbacks, "interpreter", "gc.callbacks");
    }
    if (garbage != NULL) {
        (void)claim_table(evidence, garbage, "interpreter", "gc.garbage");
    }
}

/* The entries of an lru_cache are in a list in the order of their use, which owns each once, by the
   pointers of its two neighbours. */
static void
claim_cache_entries(Evidence *evidence)
{
    Claim claim = {.kind = CLAIM_TABLE, .owner = "functools.lru_cache", .name = "its order of use"};
    for (size_t n = 0; n < evidence->heap->count && !evidence->failed; n++) {
        PyObject *op = evidence->heap->objects.items[n];
        if (strcmp(Py_TYPE(op)->tp_name, "functools._lru_list_elem") == 0) {
            evidence_claim(evidence, op, &claim);
        }
    }
}

/* Borrowed or NULL: _signal.getsignal, if it is that. */
static PyObject *
signal_getter(void)
{
    PyObject *module = dict_find(modules_dict(), "_signal");
    PyObject *dict = module != NULL && PyModule_Check(module) ? PyModule_GetDict(module) : NULL;
    PyObject *found = dict_find(dict, "getsignal");
    bool is_it =
        found != NULL && PyCFunction_CheckExact(found) && PyCFunction_GET_SELF(found) == module;
    return is_it ? found : NULL;
}

/* Asking runs no Python code: the handlers stand in a table of C. */
static void
claim_signals(Evidence *evidence)
{
    enum { MOST_SIGNALS = 65 };
    PyObject *found = signal_getter();
    for (int number = 1; number < MOST_SIGNALS && found != NULL; number++) {
        PyObject *handler = PyObject_CallFunction(found, "i", number);
        if (handler != NULL) {
            (void)claim_table(evidence, handler, "interpreter", "signal.signal(): a handler");
        }
        Py_XDECREF(handler);
        PyErr_Clear(); /* there is no signal of that number */
    }
}

void
evidence_from_stores(Evidence *evidence)
{
    claim_types(evidence);
    claim_arrays(evidence);
    claim_greenlets(evidence);
    claim_tables(evidence);
    claim_cache_entries(evidence);
    claim_signals(evidence);
}
