/* instances.c: the way from a name in a report to objects.

   Types are compared by identity where a type is given, and by the name under which reports have
   them where it is a name; whether a type of living objects has that name is asked once. What the
   collector tracks is in its lists in the order of its coming, as far as no collection has changed
   that; what it does not track has no order, and comes last. */

#include "query/instances.h"

#include "base/index.h"
#include "base/typename.h"
#include "runtime/rows.h"
#include "runtime/scan.h"

typedef struct {
    PyObject *wanted; /* borrowed: a type, or an exact str */
    Scan *scan;       /* borrowed */
    Index types;      /* addresses of types -> place in `fits` */
    VEC(bool) fits;
    NodeIds found;
    VEC(uint32_t) ages; /* node -> place in the collector's lists; 0: in none */
} InstanceSearch;

/* Whether a type has the name that is wanted. 1, 0, or -1 with an exception. */
static int
has_name(PyTypeObject *type, PyObject *name)
{
    PyObject *own = typename_of(type);
    int is_same = own != NULL ? PyUnicode_Compare(own, name) == 0 : -1;
    Py_XDECREF(own);
    return is_same;
}

/* 1, 0, or -1 with an exception. */
static int
is_wanted(InstanceSearch *search, PyTypeObject *type)
{
    Memory *memory = &search->scan->memory;
    if (PyType_Check(search->wanted)) {
        return (PyObject *)type == search->wanted;
    }
    uint32_t t = index_enter(&search->types, memory, (uintptr_t)type);
    if (t == INDEX_NONE) {
        return scan_no_memory();
    }
    if (t == search->fits.length) {
        int fits = has_name(type, search->wanted);
        if (fits < 0 || vec_push(memory, &search->fits, fits != 0) < 0) {
            return fits < 0 ? -1 : scan_no_memory();
        }
    }
    return search->fits.items[t];
}

/* 0 or -1 with an exception. */
static int
find_instances(InstanceSearch *search)
{
    const Heap *heap = &search->scan->heap;
    const PyTypeObject *last = NULL;
    int wanted = 0;
    for (size_t n = 0; n < heap->count; n++) {
        PyTypeObject *type = Py_TYPE(heap->objects.items[n]);
        if (type != last) {
            wanted = is_wanted(search, type);
            last = type;
        }
        if (wanted < 0) {
            return -1;
        }
        if (wanted && vec_push(&search->scan->memory, &search->found, (NodeId)n) < 0) {
            return scan_no_memory();
        }
    }
    return 0;
}

/* ------------------------------------------------------------------------ order */

/* 0 or -1. */
static int
learn_ages(InstanceSearch *search)
{
    Scan *scan = search->scan;
    const Generation *generations = scan->state->generations;
    if (vec_zeros(&scan->memory, &search->ages, scan->heap.count) < 0) {
        return -1;
    }
    for (uint32_t g = 0; generations != NULL && g < GENERATIONS; g++) {
        uint32_t first = 1 + (GENERATIONS - 1 - g) * (UINT32_MAX / GENERATIONS);
        generations_number(&generations[g], &scan->heap.map, first, search->ages.items);
    }
    return 0;
}

/* Let the node at `at` sink in a heap of `count` nodes, the youngest on top. */
static void
sink(NodeId *nodes, size_t at, size_t count, const uint32_t *ages)
{
    for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && ages[nodes[child + 1]] > ages[nodes[child]]) {
            child++;
        }
        if (ages[nodes[child]] <= ages[nodes[at]]) {
            return;
        }
        NodeId node = nodes[at];
        nodes[at] = nodes[child];
        nodes[child] = node;
        at = child;
    }
}

/* Move the `most` youngest to the end, the youngest last (heapsort, as far as is needed). */
static void
order_youngest(InstanceSearch *search, size_t most)
{
    NodeIds *found = &search->found;
    for (size_t at = found->length / 2; at-- > 0;) {
        sink(found->items, at, found->length, search->ages.items);
    }
    for (size_t count = found->length; count > found->length - most; count--) {
        NodeId youngest = found->items[0];
        found->items[0] = found->items[count - 1];
        found->items[count - 1] = youngest;
        sink(found->items, 0, count - 1, search->ages.items);
    }
}

/* ------------------------------------------------------------------------- word */

static PyObject *
instance(void *arg, size_t i)
{
    const InstanceSearch *search = arg;
    NodeId node = search->found.items[search->found.length - 1 - i];
    return Py_NewRef(search->scan->heap.objects.items[node]);
}

/* New reference: the list. NULL with an exception. */
static PyObject *
list_instances(InstanceSearch *search, size_t most)
{
    if (scan_list_known(search->scan, NULL) < 0 || find_instances(search) < 0) {
        return NULL;
    }
    if (learn_ages(search) < 0) {
        return PyErr_NoMemory();
    }
    size_t count = search->found.length < most ? search->found.length : most;
    order_youngest(search, count);
    return rows_list(count, instance, search);
}

PyObject *
instances_of(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    Py_ssize_t most = nargs == 2 ? PyLong_AsSsize_t(args[1]) : -1;
    if (most < 0 || !(PyType_Check(args[0]) || PyUnicode_CheckExact(args[0]))) {
        return PyErr_Occurred()
                   ? NULL
                   : PyErr_Format(PyExc_TypeError, "expected a type or its name, and a number");
    }
    Scan scan;
    scan_begin(&scan, state_of_module(module));
    InstanceSearch search = {.wanted = args[0], .scan = &scan};
    PyObject *answer = list_instances(&search, (size_t)most);
    index_fini(&search.types, &scan.memory);
    vec_fini(&scan.memory, &search.fits);
    vec_fini(&scan.memory, &search.found);
    vec_fini(&scan.memory, &search.ages);
    scan_end(&scan);
    return answer;
}
