#include "query/parents.h"

#include "base/dict_find.h"
#include "base/index.h"
#include "base/typename.h"
#include "heap/interp_tables.h"
#include "labels/private_types.h"
#include "labels/referents.h"

/* The holders that may have a parent, by address. */
typedef struct {
    Holder *holders;
    Memory *memory;
    Index index;
    VEC(uint32_t) last; /* number in the index -> 1 + the last holder that is this object */
    VEC(uint32_t) next; /* holder -> 1 + another one that is the same object, or 0 */
    size_t mappings;    /* parts of Contexts that have no parent yet */
    bool has_container, has_hidden, has_tuple;
    VEC(PyObject *) pending; /* borrowed: parts of a Context to be gone through */
    bool failed;
} Orphans;

static void
orphans_fini(Orphans *orphans)
{
    index_fini(&orphans->index, orphans->memory);
    vec_fini(orphans->memory, &orphans->last);
    vec_fini(orphans->memory, &orphans->next);
    vec_fini(orphans->memory, &orphans->pending);
}

/* By address: a reference would be one more to count. */
static bool
is_address_of(PyObject *address, PyObject *op)
{
    return PyLong_CheckExact(address) && PyLong_AsUnsignedLongLongMask(address) == (uintptr_t)op;
}

PyObject *
parents_title(PyObject *known, PyObject *op)
{
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(known); k++) {
        PyObject *pair = PyTuple_GET_ITEM(known, k);
        if (PyTuple_CheckExact(pair) && PyTuple_GET_SIZE(pair) == 2 &&
            is_address_of(PyTuple_GET_ITEM(pair, 0), op)) {
            return PyTuple_GET_ITEM(pair, 1);
        }
    }
    return NULL;
}

/* -------------------------------------------------------------------------- entering */

static bool
is_container(PyObject *op)
{
    return PyList_CheckExact(op) || PyTuple_CheckExact(op) || PyDict_CheckExact(op) ||
           PyAnySet_CheckExact(op);
}

/* Of a descriptor that its class has under the descriptor's own name, the class is the parent. */
static void
find_class_of_descriptor(Holder *holder)
{
    PyObject *op = holder->op;
    PyTypeObject *type = Py_TYPE(op);
    bool is_descriptor = type == &PyGetSetDescr_Type || type == &PyMemberDescr_Type ||
                         type == &PyMethodDescr_Type || type == &PyWrapperDescr_Type ||
                         type == &PyClassMethodDescr_Type;
    PyTypeObject *owner = is_descriptor ? PyDescr_TYPE(op) : NULL;
    PyObject *name = is_descriptor ? PyDescr_NAME(op) : NULL;
    if (owner == NULL || name == NULL || !PyUnicode_CheckExact(name)) {
        return;
    }
    PyObject *dict = type_dict(owner);
    if (dict_find_str(dict, name) == op) {
        holder->parent = (PyObject *)owner;
        holder->via = (Label){.kind = LABEL_VALUE, .name = name, .holder = &PyDict_Type};
        holder->is_in_dict = true;
    }
    Py_XDECREF(dict); /* the class has it */
}

/* 0; -1: out of memory. */
static int
enter_holder(Orphans *orphans, size_t h)
{
    const Holder *holder = &orphans->holders[h];
    uint32_t number = index_enter(&orphans->index, orphans->memory, (uintptr_t)holder->op);
    if (number == INDEX_NONE) {
        return -1;
    }
    if (number == orphans->last.length) {
        if (vec_push(orphans->memory, &orphans->last, 0) < 0) {
            return -1;
        }
        orphans->mappings += private_types_is_mapping(holder->op);
    }
    orphans->next.items[h] = orphans->last.items[number];
    orphans->last.items[number] = (uint32_t)h + 1;
    orphans->has_container |= is_container(holder->op);
    orphans->has_tuple |= PyTuple_CheckExact(holder->op);
    orphans->has_hidden |= PyDict_CheckExact(holder->op) || PyCell_Check(holder->op);
    return 0;
}

/* 0; -1: out of memory. */
static int
enter_holders(Orphans *orphans, size_t count, PyObject *known)
{
    if (vec_zeros(orphans->memory, &orphans->next, count) < 0) {
        return -1;
    }
    for (size_t h = 0; h < count; h++) {
        Holder *holder = &orphans->holders[h];
        holder->is_known = parents_title(known, holder->op) != NULL;
        find_class_of_descriptor(holder);
        bool may_have = is_container(holder->op) || PyCell_Check(holder->op) ||
                        private_types_is_mapping(holder->op);
        if (may_have && !holder->is_known && enter_holder(orphans, h) < 0) {
            return -1;
        }
    }
    return 0;
}

/* --------------------------------------------------------------------------- finding */

/* The last of the holders that are this object and have no parent, or NULL. `op` may be NULL. */
static Holder *
orphan_at(const Orphans *orphans, PyObject *op)
{
    uint32_t number = index_find(&orphans->index, (uintptr_t)op);
    Holder *last = number != INDEX_NONE ? &orphans->holders[orphans->last.items[number] - 1] : NULL;
    return last != NULL && last->parent == NULL ? last : NULL;
}

static void
adopt_by(Orphans *orphans, PyObject *op, PyObject *parent, Label via, bool is_in_dict)
{
    Holder *holder = orphan_at(orphans, op);
    if (holder != NULL) {
        orphans->mappings -= private_types_is_mapping(op);
    }
    while (holder != NULL) {
        uint32_t next = orphans->next.items[holder - orphans->holders];
        holder->parent = parent;
        holder->via = via;
        holder->is_in_dict = is_in_dict;
        holder = next != 0 ? &orphans->holders[next - 1] : NULL;
    }
}

static void
adopt(Orphans *orphans, PyObject *op, PyObject *parent, Label via)
{
    via.holder = Py_TYPE(parent);
    adopt_by(orphans, op, parent, via, false);
}

static void
adopt_field(Orphans *orphans, PyObject *op, PyObject *parent, const char *text)
{
    adopt(orphans, op, parent, (Label){.kind = LABEL_FIELD, .text = text});
}

typedef struct {
    Orphans *orphans;
    PyObject *parent;
} Adoption;

/* What an lru_cache shows; without a limit it has keys and results in a dict alone. */
static bool
adopt_cached(void *arg, PyObject *target, Label label)
{
    const Adoption *adoption = arg;
    bool is_cache = label.kind == LABEL_FIELD && strcmp(label.text, "its-cache") == 0;
    PyObject *key, *value;
    Py_ssize_t position = 0;
    adopt(adoption->orphans, target, adoption->parent, label);
    while (is_cache && PyDict_CheckExact(target) && PyDict_Next(target, &position, &key, &value)) {
        Label result = {.kind = LABEL_OWN, .text = "a cached result"};
        Label cached = {.kind = LABEL_OWN, .text = "a cached key"};
        adopt(adoption->orphans, value, adoption->parent, result);
        adopt(adoption->orphans, key, adoption->parent, cached);
    }
    return false;
}

static int
adopt_part(PyObject *target, void *arg)
{
    const Adoption *adoption = arg;
    Orphans *orphans = adoption->orphans;
    if (private_types_is_mapping(target)) {
        adopt_field(orphans, target, adoption->parent, PRIVATE_TYPES_MAPPING);
        orphans->failed |= vec_push(orphans->memory, &orphans->pending, target) < 0;
    }
    return orphans->failed;
}

/* A mapping is a tree, whose nodes contexts share: it is one reference, however many share it. */
static void
adopt_of_context(Orphans *orphans, PyObject *context)
{
    Adoption adoption = {orphans, context};
    (void)Py_TYPE(context)->tp_traverse(context, adopt_part, &adoption);
    while (orphans->pending.length != 0 && !orphans->failed) {
        PyObject *part = orphans->pending.items[--orphans->pending.length];
        (void)Py_TYPE(part)->tp_traverse(part, adopt_part, &adoption);
    }
}

/* The tuples that belong to an object. */
static void
adopt_tuples(Orphans *orphans, PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    if (PyType_Check(op)) {
        adopt_field(orphans, ((PyTypeObject *)op)->tp_mro, op, "__mro__");
        adopt_field(orphans, ((PyTypeObject *)op)->tp_bases, op, "__bases__");
    }
    else if (type == &PyFunction_Type) {
        adopt_field(orphans, ((PyFunctionObject *)op)->func_defaults, op, "__defaults__");
    }
    else if (PyCode_Check(op)) {
        adopt_field(orphans, ((PyCodeObject *)op)->co_consts, op, "co_consts");
        adopt_field(orphans, ((PyCodeObject *)op)->co_names, op, "co_names");
    }
}

static void
adopt_cells(Orphans *orphans, PyObject *function)
{
    PyObject *closure = ((PyFunctionObject *)function)->func_closure;
    for (Py_ssize_t c = 0; closure != NULL && c < PyTuple_GET_SIZE(closure); c++) {
        PyObject *cell = PyTuple_GET_ITEM(closure, c);
        if (orphan_at(orphans, cell) != NULL) {
            adopt(orphans, cell, function, edge_label_find(closure, function, cell, 0));
        }
    }
}

static void
adopt_of(Orphans *orphans, PyObject *op)
{
    if (orphans->has_hidden) {
        PyObject *dict = interp_instance_dict(op);
        if (dict != NULL) {
            adopt(orphans, dict, op, (Label){.kind = LABEL_DICT});
        }
        if (PyFunction_Check(op)) {
            adopt_cells(orphans, op);
        }
    }
    if (orphans->has_tuple) {
        adopt_tuples(orphans, op);
    }
    if (orphans->has_container && typename_is(Py_TYPE(op), "functools._lru_cache_wrapper")) {
        referents_visit(op, NULL, adopt_cached, &(Adoption){orphans, op});
    }
    if (orphans->mappings != 0 && private_types_is_context(op)) {
        adopt_of_context(orphans, op);
    }
}

/* The containers that variables of modules refer to: those are what a person would name. */
static void
adopt_of_modules(Orphans *orphans)
{
    PyObject *key, *module, *value, *modules = modules_dict();
    Py_ssize_t position = 0;
    while (modules != NULL && PyDict_Next(modules, &position, &key, &module)) {
        PyObject *dict = PyModule_Check(module) ? PyModule_GetDict(module) : NULL;
        Py_ssize_t place = 0;
        while (dict != NULL && PyDict_Next(dict, &place, &key, &value)) {
            if (is_container(value) && PyUnicode_CheckExact(key)) {
                Label via = {.kind = LABEL_VALUE, .name = key, .holder = &PyDict_Type};
                adopt_by(orphans, value, module, via, true);
            }
        }
    }
}

int
parents_find(Holder *holders, size_t count, PyObject *known, const Heap *heap)
{
    Orphans orphans = {.holders = holders, .memory = heap->memory};
    int error = enter_holders(&orphans, count, known);
    bool is_any = orphans.index.keys.length != 0;
    for (size_t n = 0; n < heap->count && is_any && error == 0 && !orphans.failed; n++) {
        adopt_of(&orphans, heap->objects.items[n]);
    }
    if (orphans.has_container && error == 0 && !orphans.failed) {
        adopt_of_modules(&orphans);
    }
    orphans_fini(&orphans);
    return orphans.failed ? -1 : error;
}

/* ---------------------------------------------------------------------------- naming */

int
parents_add_edges(const Describer *describer, PyObject *edges, const Holder *holder)
{
    static const Label dict_label = {.kind = LABEL_DICT};
    PyObject *parent = holder->parent;
    if (parent == NULL) {
        return 0;
    }
    if (holder->is_in_dict &&
        rows_append(edges, describer_edge(describer, &dict_label, parent, parent)) < 0) {
        return -1;
    }
    return rows_append(edges, describer_edge(describer, &holder->via, parent, holder->op));
}
