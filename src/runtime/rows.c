#include "runtime/rows.h"

/* Fields end with a {NULL, NULL}; the C API wants them writable. */

static PyStructSequence_Field place_fields[] = {
    {"file", "as the code object has it"},
    {"line", NULL},
    {NULL, NULL},
};

static PyStructSequence_Field node_fields[] = {
    {"type", "the name of its type: module.qualname, builtins without the module"},
    {"kind", "what it is, in a word: 'instance', 'frame', 'dict' ... (describe.h)"},
    {"name", "str, or None"},
    {"where", "a Place, or None"},
    {"rank", "how readily a user takes it for their own, 0 first (typename.h)"},
    {NULL, NULL},
};

static PyStructSequence_Field edge_fields[] = {
    {"text", "what the reference is called"},
    {"canonical", "the same with indexes, and keys other than str, as [*]"},
    {"kind", "'attribute', 'item', 'local' ... (label.h)"},
    {"named", "False where only a last resort can be said"},
    {"ask", "None, or (holder, target), objects of the program, for its labeller to be asked"},
    {NULL, NULL},
};

static PyStructSequence_Field cut_trial_fields[] = {
    {"alone", "objects that counting frees when this reference goes; -1: not tried"},
    {"references", "references of the component that are like it, if all were tried together"},
    {"together", "objects that counting frees when all those go; -1: not tried"},
    {NULL, NULL},
};

static PyStructSequence_Field clearing_fields[] = {
    {"frees", "objects that counting frees when the object lets go of all it may let go of"},
    {"references", "how many references those are"},
    {"labels", "a list: what they are called, each once"},
    {NULL, NULL},
};

static PyStructSequence_Field type_counts_fields[] = {
    {"instrumented", "type name -> objects of Tracked and what derives from it"},
    {"others", "type name -> objects of other types"},
    {NULL, NULL},
};

static PyStructSequence_Field ring_fields[] = {
    {"seen", "components of this form"},
    {"objects", "in the component that is described, the largest"},
    {"dragged", "objects outside of it that it alone keeps"},
    {"bytes", "of the component"},
    {"dragged_bytes", NULL},
    {"exact", "whether the ring is known to be a shortest one"},
    {"types", "TypeCounts of the component"},
    {"nodes", "a list of Node: the ring, each leading to the next"},
    {"refcounts", "a list, a reference count a node; None where it is immortal"},
    {"edges", "a list of Edge, one from each node"},
    {"trials", "a list of CutTrial, one an edge"},
    {"clearings", "a list of Clearing, or None where it was not tried, one a node"},
    {"held", "another ring keeps this one: what is freed is told as though it did not"},
    {NULL, NULL},
};

static PyStructSequence_Field rings_fields[] = {
    {"objects", "a RollCall of all that is unreachable; of live rings, of their components"},
    {"forms", "a list of Ring, one a form"},
    {NULL, NULL},
};

static PyStructSequence_Field reference_fields[] = {
    {"node", "who has it, as a Node: an object or its owner, a running frame, a thread"},
    {"edges", "a sequence of Edge, from the node to the object"},
    {"owned", "whether it is counted"},
    {"found", "'heap' or 'frame'"},
    {NULL, NULL},
};

static PyStructSequence_Field references_fields[] = {
    {"refcount", "None of an immortal object"},
    {"references", "a list of Reference"},
    {NULL, NULL},
};

static PyStructSequence_Field neighbor_fields[] = {
    {"node", "a Node"},
    {"address", NULL},
    {"serial", "of an instrumented object, or None"},
    {"refcount", "None of an immortal object"},
    {"outside", "owned references from tracked objects and frames that were not met"},
    {"depth", "references from a given object"},
    {"gc_refs", "as though what was met were a generation that is collected"},
    {"stays", "whether that collection would leave it"},
    {"reachable", "whether a collection of all objects would"},
    {NULL, NULL},
};

static PyStructSequence_Field inner_reference_fields[] = {
    {"source", "place in objects"},
    {"target", "place in objects"},
    {"references", "how many there are between the two"},
    {"owned", "how many of them own something"},
    {"edges", "a list of Edge: those that own something first; not of very many"},
    {NULL, NULL},
};

static PyStructSequence_Field outer_reference_fields[] = {
    {"target", "place in objects"},
    {"node", "who has it, as a Node"},
    {"edges", "a sequence of Edge, from the node to the object"},
    {"found", "'heap', 'frame' or 'borrowed'"},
    {NULL, NULL},
};

static PyStructSequence_Field neighborhood_fields[] = {
    {"objects", "a list of Neighbor"},
    {"references", "a list of InnerReference"},
    {"outside", "a list of OuterReference"},
    {"met", "objects that were met: those that are not in the list count all the same"},
    {NULL, NULL},
};

static PyStructSequence_Field chain_fields[] = {
    {"root", "where it begins: 'module', 'C', 'frame' or 'caller'"},
    {"nodes", "a list of Node"},
    {"edges", "a list of Edge, one less than nodes"},
    {"module", "the name in sys.modules, or None"},
    {"frame", "a Node of the frame that holds the first object, or None"},
    {"local", "its variable, or None"},
    {"expression", "what one types to go that way from its beginning, or None"},
    {NULL, NULL},
};

static PyStructSequence_Field retained_fields[] = {
    {"objects", NULL},
    {"bytes", NULL},
    {"types", "TypeCounts"},
    {NULL, NULL},
};

static PyStructSequence_Field retainer_fields[] = {
    {"node", "a Node"},
    {"bytes", NULL},
    {NULL, NULL},
};

static PyStructSequence_Field event_fields[] = {
    {"serial", NULL},
    {"what", "'created', 'finalized', 'cleared', 'resurrected' or 'freed'"},
    {"type", "the name of its type when it was created"},
    {"name", "of a Person, or None"},
    {"refcount", NULL},
    {"freed_by", "'refcount', 'collector', 'collector (inferred)', 'shutdown', or None"},
    {NULL, NULL},
};

static PyStructSequence_Field death_fields[] = {
    {"serial", NULL},
    {"type", NULL},
    {"freed_by", NULL},
    {NULL, NULL},
};

static PyStructSequence_Field death_log_fields[] = {
    {"since", "what deaths_since takes for the deaths from here on"},
    {"first_serial", "objects that are made from here on have this serial or a higher one"},
    {NULL, NULL},
};

static PyStructSequence_Field living_fields[] = {
    {"serial", NULL},
    {"type", NULL},
    {"name", "of a Person, or None"},
    {"listed", "whether it is in the roll call that was given"},
    {NULL, NULL},
};

static PyStructSequence_Field scan_cost_fields[] = {
    {"nodes", NULL},
    {"edges", NULL},
    {"visits", "references that tp_traverse showed"},
    {"peak_bytes", "raw memory held at once, at most"},
    {NULL, NULL},
};

#define ROW(Name, fields, doc)                                                                     \
    {"gcscope._core." Name, doc, fields, (int)Py_ARRAY_LENGTH(fields) - 1}

static PyStructSequence_Desc row_table[] = {
    [ROW_PLACE] = ROW("Place", place_fields, "A line of a file."),
    [ROW_NODE] = ROW("Node", node_fields, "An object, for a person who reads a report."),
    [ROW_EDGE] = ROW("Edge", edge_fields, "A reference."),
    [ROW_CUT_TRIAL] = ROW("CutTrial", cut_trial_fields, "What a cut at a reference would free."),
    [ROW_CLEARING] = ROW("Clearing", clearing_fields, "What a close() of an object would free."),
    [ROW_TYPE_COUNTS] = ROW("TypeCounts", type_counts_fields, "How many objects of each type."),
    [ROW_RING] = ROW("Ring", ring_fields, "A form of ring, and one that has it."),
    [ROW_RINGS] = ROW("Rings", rings_fields, "The rings among some objects."),
    [ROW_REFERENCE] = ROW("Reference", reference_fields, "A reference to an object."),
    [ROW_REFERENCES] = ROW("References", references_fields, "All references to an object."),
    [ROW_NEIGHBOR] = ROW("Neighbor", neighbor_fields, "An object of a neighborhood."),
    [ROW_INNER_REFERENCE] = ROW("InnerReference", inner_reference_fields,
                                "The references from one object of a neighborhood to another."),
    [ROW_OUTER_REFERENCE] = ROW("OuterReference", outer_reference_fields,
                                "A reference to an object of a neighborhood from elsewhere."),
    [ROW_NEIGHBORHOOD] = ROW("Neighborhood", neighborhood_fields,
                             "Objects, what they lead to, and who else holds them."),
    [ROW_CHAIN] = ROW("Chain", chain_fields, "The shortest chain from a root to an object."),
    [ROW_RETAINED] = ROW("Retained", retained_fields, "What an object alone keeps."),
    [ROW_RETAINER] = ROW("Retainer", retainer_fields, "An object, and the bytes it alone keeps."),
    [ROW_EVENT] = ROW("Event", event_fields, "An event in the life of an instrumented object."),
    [ROW_DEATH] = ROW("Death", death_fields, "The death of an instrumented object."),
    [ROW_DEATH_LOG] = ROW("DeathLog", death_log_fields, "Where the noting of deaths began."),
    [ROW_LIVING] = ROW("Living", living_fields, "An instrumented object that is alive."),
    [ROW_SCAN_COST] = ROW("ScanCost", scan_cost_fields, "What a pass over the heap cost."),
};

_Static_assert(Py_ARRAY_LENGTH(row_table) == ROW_KINDS, "every kind of row is described");
_Static_assert((int)ROW_KINDS <= (int)STATE_ROW_TYPES, "the module has room for every kind of row");

int
rows_setup(PyObject *module, ModuleState *state)
{
    for (int kind = 0; kind < ROW_KINDS; kind++) {
        if (row_table[kind].n_in_sequence > ROW_MOST_FIELDS) {
            PyErr_SetString(PyExc_SystemError, "a row has more fields than ROW_MOST_FIELDS");
            return -1;
        }
        state->row_types[kind] = PyStructSequence_NewType(&row_table[kind]);
        if (state->row_types[kind] == NULL ||
            PyModule_AddType(module, state->row_types[kind]) < 0) {
            return -1;
        }
    }
    return 0;
}

PyObject *
row_new(const ModuleState *state, RowKind kind, PyObject **items)
{
    Py_ssize_t count = row_table[kind].n_in_sequence;
    bool is_whole = items[count - 1] != NULL && state_check(state) == 0;
    PyObject *row = is_whole ? PyStructSequence_New(state->row_types[kind]) : NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (row != NULL) {
            PyStructSequence_SetItem(row, i, items[i]);
        }
        else {
            Py_XDECREF(items[i]);
        }
    }
    return row;
}

int
rows_append(PyObject *list, PyObject *item)
{
    int error = item != NULL ? PyList_Append(list, item) : -1;
    Py_XDECREF(item);
    return error;
}

PyObject *
rows_list(size_t count, PyObject *(*make)(void *arg, size_t n), void *arg)
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t n = 0; n < count && list != NULL; n++) {
        PyObject *item = make(arg, n);
        if (item == NULL) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, (Py_ssize_t)n, item);
    }
    return list;
}
