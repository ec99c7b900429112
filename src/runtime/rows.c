#include "runtime/rows.h"

/* The C API wants the fields writable, and a {NULL, NULL} after the last. */
/* clang-format off */
#define FIELDS(...) (PyStructSequence_Field[]){__VA_ARGS__, {NULL, NULL}}
#define ROW(name, doc, ...)                                                                        \
    {"gcscope._core." name, doc, FIELDS(__VA_ARGS__), (int)Py_ARRAY_LENGTH(FIELDS(__VA_ARGS__)) - 1}

static PyStructSequence_Desc row_table[] = {
    [ROW_PLACE] = ROW("Place", "A line of a file.",
        {"file", "as the code object has it"},
        {"line", NULL}),
    [ROW_NODE] = ROW("Node", "An object, for a person who reads a report.",
        {"type", "the name of its type: module.qualname, builtins without the module"},
        {"kind", "what it is, in a word: 'instance', 'frame', 'dict' ... (describe.h)"},
        {"name", "str, or None"},
        {"where", "a Place, or None"},
        {"rank", "how readily a user takes it for their own, 0 first (typename.h)"}),
    [ROW_EDGE] = ROW("Edge", "A reference.",
        {"text", "what the reference is called"},
        {"canonical", "the same with indexes, and keys other than str, as [*]"},
        {"kind", "'attribute', 'item', 'local' ... (label.h)"},
        {"named", "False where only a last resort can be said"},
        {"ask", "None, or (holder, target), objects of the program, for its labeller to be asked"},
        {"computed", "of a ring: whether it is kept under the name of a descriptor of its class"}),
    [ROW_CUT_TRIAL] = ROW("CutTrial", "What a cut at a reference would free.",
        {"alone", "objects that counting frees when this reference goes; -1: not tried"},
        {"references", "references of the component that are like it, if all were tried together"},
        {"together", "objects that counting frees when all those go; -1: not tried"}),
    [ROW_CLEARING] = ROW("Clearing", "What a close() of an object would free.",
        {"frees", "objects that counting frees when the object lets go of all it may let go of"},
        {"references", "how many references those are"},
        {"labels", "a list: what they are called, each once"}),
    [ROW_KIND_CUT] = ROW("KindCut", "What a cut of all references of some kinds would free.",
        {"kinds", "a list of str, such as 'app.Node.parent', those with most references first"},
        {"references", "of those kinds in the component"},
        {"sources", "different objects whose references those are"},
        {"frees", "objects that counting frees when they go"},
        {"upwards", "whether all kinds are called as a child calls its parent"},
        {"sure", "whether they go back to an owner, more than every other reference of the ring"},
        {"weakrefable", "whether all that they lead to can be referred to weakly"},
        {"place", "in nodes: the first reference of the ring that is cut; -1 where none is"},
        {"node", "whose one of the references is, as a Node"},
        {"label", "what that one is called, canonical"}),
    [ROW_TYPE_COUNTS] = ROW("TypeCounts", "How many objects of each type.",
        {"instrumented", "type name -> objects of Tracked and what derives from it"},
        {"others", "type name -> objects of other types"}),
    [ROW_RING] = ROW("Ring", "A form of ring, and one that has it.",
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
        {"provenance", "'replaced', 'deleted' or 'library' (provenance.h); None of the program's"},
        {"form", "str: what the fingerprint is made of (cycles.h)"},
        {"length", "shown objects on the ring: where that is very long, the lists have both ends"},
        {"kind_cut", "a KindCut, or None where none was found or the references are no data"}),
    [ROW_RINGS] = ROW("Rings", "The rings among some objects.",
        {"objects", "a RollCall of all that is unreachable; of live rings, of their components"},
        {"forms", "a list of Ring, one a form"},
        {"bytes", "of all of them, and of the untracked objects that only they hold"},
        {"sized", "a list of (object, form, kept), objects of the program, for its sizers to be "
                  "asked: the place of the form whose specimen has it or keeps it, or -1"},
        {"waiting", "a list of WaitingObjects: what is in no ring, and kept by none"},
        {"running", "a list of Node: functions that run and are of it, and so are their globals"}),
    [ROW_WAITING_OBJECTS] = ROW("WaitingObjects", "Objects that wait to be freed, in no ring.",
        {"why", "'deferred', 'queued' or 'put off' (waiting.h)"},
        {"types", "TypeCounts of those that wait by themselves"},
        {"kept", "how many objects more only those keep"}),
    [ROW_REFERENCE] = ROW("Reference", "A reference to an object.",
        {"node", "who has it, as a Node: an object or its owner, a running frame, a thread"},
        {"edges", "a sequence of Edge, from the node to the object"},
        {"owned", "whether it is counted"},
        {"references", "how many are told in these words"}),
    [ROW_REFERENCES] = ROW("References", "All references to an object.",
        {"refcount", "None of an immortal object"},
        {"references", "a list of Reference"}),
    [ROW_EVIDENCE] = ROW("Evidence", "Who may have a reference that nobody shows.",
        {"node", "who, as a Node"},
        {"label", "where in it the reference stands"},
        {"how", "how it was found: 'memory', 'table' ... (evidence.h)"},
        {"shown", "what its type shows to the collector: 'nothing' or 'others'; '' where all is"},
        {"instances", "of 'memory': how many words were compared"},
        {"one_of", "there are more such claims than references"},
        {"leads_back", "the object leads to it: no collector can free that ring"}),
    [ROW_NEIGHBOR] = ROW("Neighbor", "An object of a neighborhood.",
        {"node", "a Node"},
        {"address", NULL},
        {"serial", "of an instrumented object, or None"},
        {"refcount", "None of an immortal object"},
        {"outside", "owned references from tracked objects and frames that were not met"},
        {"depth", "references from a given object"},
        {"gc_refs", "as though what was met were a generation that is collected"},
        {"stays", "whether that collection would leave it"},
        {"reachable", "whether a collection of all objects would"},
        {"own_name", "of an instance of a class made by Python code: a str in its .name; or None"},
        {"ring", "1 + the place in rings of what it leads to and that leads to it; 0: it is alone"},
        {"folded", "whether it is a plain container that another one met alone holds"},
        {"length", "how many items a list, tuple, dict or set has; -1 of anything else"}),
    [ROW_EXTENT] = ROW("Extent", "How many objects.",
        {"objects", NULL},
        {"folded", "of those are plain containers that one object which was met alone holds"}),
    [ROW_INNER_REFERENCE] = ROW("InnerReference",
        "The references from one object of a neighborhood to another.",
        {"source", "place in objects"},
        {"target", "place in objects"},
        {"references", "how many there are between the two"},
        {"owned", "how many of them own something"},
        {"edges", "a list of Edge: those that own something first; not of very many"}),
    [ROW_OUTER_REFERENCE] = ROW("OuterReference",
        "A reference to an object of a neighborhood from elsewhere.",
        {"target", "place in objects"},
        {"node", "who has it, as a Node"},
        {"edges", "a sequence of Edge, from the node to the object"},
        {"found", "'heap', 'frame' or 'borrowed'"}),
    [ROW_NEIGHBORHOOD] = ROW("Neighborhood", "Objects, what they lead to, and who else holds them.",
        {"objects", "a list of Neighbor"},
        {"references", "a list of InnerReference"},
        {"outside", "a list of OuterReference"},
        {"met", "an Extent of all objects that were met, of which the list has the first ones"},
        {"on_rings", "an Extent of those of them that are on rings"},
        {"rings", "a list of Extent: the strongly connected components of what is in the list"}),
    [ROW_CHAIN] = ROW("Chain", "The shortest chain from a root to an object.",
        {"root", "where it begins: 'module', 'C', 'frame' or 'caller'; or 'immortal'"},
        {"nodes", "a list of Node"},
        {"edges", "a list of Edge, one less than nodes"},
        {"module", "the name in sys.modules, or None"},
        {"frame", "a Node of the frame that holds the first object, or None"},
        {"local", "its variable, or None"},
        {"expression", "what one types to go that way from its beginning, or None"},
        {"own_key", "whether a value under a weak reference leads to what that refers to"},
        {"evidence", "of 'C': a list of Evidence, who may have the first object"}),
    [ROW_RETAINED] = ROW("Retained", "What an object alone keeps.",
        {"objects", "that are tracked"},
        {"bytes", "of those, and of the untracked objects that only they hold"},
        {"types", "TypeCounts of those"},
        {"sized", "a list of objects of the program, for its sizers to be asked"}),
    [ROW_RETAINER] = ROW("Retainer", "An object, and the bytes it alone keeps.",
        {"node", "a Node"},
        {"bytes", NULL}),
    [ROW_TYPE_TALLY] = ROW("TypeTally", "How many objects of a type there are.",
        {"type", "the name of the type: module.qualname, builtins without the module"},
        {"module", "the name of its module"},
        {"objects", NULL},
        {"bytes", NULL}),
    [ROW_CENSUS] = ROW("Census", "All known objects, by their types.",
        {"tallies", "a list of TypeTally: of types of one name each has its own"},
        {"anonymous", "bytes of anonymous memory of the process; None where it is not known"},
        {"asked", "a list of (place in tallies, object), for each object with a sizer"}),
    [ROW_EVENT] = ROW("Event", "An event in the life of an instrumented object.",
        {"serial", NULL},
        {"what", "'created', 'finalized', 'cleared', 'resurrected' or 'freed'"},
        {"type", "the name of its type when it was created"},
        {"name", "of a Person, or None"},
        {"refcount", NULL},
        {"freed_by", "'refcount', 'collector', 'collector (inferred)', 'shutdown', or None"}),
    [ROW_JOURNAL_STATUS] = ROW("JournalStatus", "How the journal stands.",
        {"enabled", "whether events are noted"},
        {"capacity", "how many events are kept at most"},
        {"dropped", "events overwritten by newer ones, or without memory, since it was cleared"},
        {"fate_tables", "how many Fates are on"}),
    [ROW_FATE] = ROW("Fate", "What became of an instrumented object.",
        {"serial", NULL},
        {"type", "the name of its type when it was created"},
        {"name", "of a Person, or None"},
        {"fate", "'survived', what freed it, 'resurrected' or 'uncollectable'"}),
    [ROW_SCAN_COST] = ROW("ScanCost", "What a pass over the heap cost.",
        {"nodes", NULL},
        {"edges", NULL},
        {"visits", "references that tp_traverse showed"},
        {"peak_bytes", "raw memory held at once, at most"},
        {"stopped", "seconds for which it stopped all other threads; None with a GIL"}),
    [ROW_FOLLOWED] = ROW("Followed", "What a Follow has found.",
        {"left", "the Rings of what is unreachable at the end, or None where nothing is"},
        {"made", "a RollCall of what was born and is reachable, or None"},
        {"collected_objects", "how many objects collections meanwhile have found"},
        {"collected_bytes", "of those"},
        {"collected_types", "TypeCounts of those"},
        {"collected_forms", "a list of Ring, one a form, of those"},
        {"collections", "how many collections there were"},
        {"unseen", "of how many of them it is not known what they found"},
        {"lost", "what was born could not all be told from older objects"},
        {"uncertain", "as of a RollCall"},
        {"over_visited", "as of a RollCall, of the pass in which it was most"},
        {"released", "the object in the box: 'freed', 'ring', 'held', 'revived', or as of a "
                     "WaitingObjects; None without"}),
    [ROW_PAUSE] = ROW("Pause", "A collection.",
        {"generation", NULL},
        {"began", "seconds after the Pauses had begun"},
        {"seconds", "how long it took"},
        {"examined", "how many objects it looked at, or None where that is not known"},
        {"freed", "how many it says that it freed"},
        {"asked", "somebody called gc.collect(): no generation was due"},
        {"forms", "a dict, place of a form -> its rings; None where it was not looked at before"}),
    [ROW_PAUSE_TOTAL] = ROW("PauseTotal", "All collections of one generation.",
        {"collections", "how many were seen"},
        {"asked", "how many of those somebody asked for"},
        {"seconds", "how long they took together"},
        {"longest", "seconds of the longest"},
        {"freed", NULL},
        {"examined", "how many objects those looked at of which that is known"},
        {"examined_in", "how many collections those are"},
        {"unseen", "how many there were besides, by the count of the interpreter"}),
    [ROW_PAUSED] = ROW("Paused", "What Pauses has noted.",
        {"kept", "a list of Pause: the last ones of each generation, in its order"},
        {"totals", "a list of PauseTotal, one for each generation"},
        {"forms", "a list of Ring, one a form, of what was looked at before it was collected"},
        {"sampled", "in how many collections that was"},
        {"failed", "and in how many memory was exhausted"},
        {"sampling", "seconds that it took"},
        {"left_out", "rings of other forms, of which there were too many"},
        {"elapsed", "seconds since it has begun, or since this was last asked for"},
        {"uncertain", "as of a RollCall"},
        {"over_visited", "as of a RollCall, of the pass in which it was most"}),
    [ROW_AUDITED_TYPE] = ROW("AuditedType", "A type of C code that was asked about.",
        {"type", "its name"},
        {"of", "the type itself, an object of the program"},
        {"instances", "living ones, those of derived classes too"},
        {"clearless", "whether the collector knows its instances and it has no tp_clear"}),
    [ROW_SUSPICION] = ROW("Suspicion", "What the instances of a type of C code speak for.",
        {"type", "its name"},
        {"of", "the type itself, an object of the program"},
        {"fault", "'no gc', 'no visit', 'no type', 'over-visit' or 'no clear' (suspicions.h)"},
        {"offset", "in bytes, in the struct; -1: behind a pointer, or none"},
        {"name", "of what stands there, as one would type it or in words; or None"},
        {"is_item", "whether it is the items of the struct"},
        {"instances", "that have something there; none speaks against it"},
        {"targets", "how many different objects they have there"},
        {"shared", "whether each of them is one of several that could be to blame"}),
    [ROW_AUDIT] = ROW("Audit", "What instances of types of C code own and do not show.",
        {"types", "a list of AuditedType"},
        {"suspicions", "a list of Suspicion"}),
    [ROW_FILLED] = ROW("Filled", "A line that has added entries to containers.",
        {"file", "as the code object has it"},
        {"line", NULL},
        {"entries", "how many"}),
    [ROW_GROWING] = ROW("Growing", "A container that has grown in every round, or several that did "
                                   "so together.",
        {"type", "the name of their type"},
        {"containers", "how many there are"},
        {"length", "entries now"},
        {"entries", "how many more than at the first census"},
        {"marked_entries", "how many more than when the last fill began; 0: none did"},
        {"marked_bytes", "what those lead to that is new"},
        {"table_entries", "entries of those that were there when it began, while their tables"},
        {"table_bytes", "grew by so much"},
        {"filled", "a list of Filled, most entries first"},
        {"specimens", "a list of containers of the program: those that have grown most"},
        {"newest", "a list with the entry that one of those got last, or empty"}),
    [ROW_GROWING_TYPE] = ROW("GrowingType", "A type with more objects in every round.",
        {"type", "its name"},
        {"objects", "how many more than at the first census, those in growing containers left out"},
        {"specimen", "a list with an object of the program"}),
    [ROW_GROWN] = ROW("Grown", "What has grown in every round.",
        {"containers", "a list of Growing"},
        {"types", "a list of GrowingType"},
        {"rounds", "how many there were"},
        {"marked_rounds", "how many of them since the last fill began"},
        {"refused", "no dict watcher was free"}),
};
/* clang-format on */

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

/* Whether an object of the program may be reached from an item: there is one in a tuple, and in
   rows that the collector tracks for that. */
static bool
may_lead_to_program(PyObject *item)
{
    for (Py_ssize_t i = 0; PyList_CheckExact(item) && i < PyList_GET_SIZE(item); i++) {
        PyObject *row = PyList_GET_ITEM(item, i);
        if (PyObject_GC_IsTracked(row)) {
            return true;
        }
    }
    bool is_plain = PyList_CheckExact(item) || PyUnicode_CheckExact(item) ||
                    PyDict_CheckExact(item) || !PyObject_GC_IsTracked(item);
    return !is_plain;
}

PyObject *
row_new(const ModuleState *state, RowKind kind, PyObject **items)
{
    Py_ssize_t count = row_table[kind].n_in_sequence;
    bool is_whole = items[count - 1] != NULL && state_check(state) == 0;
    bool leads_to_program = false;
    PyObject *row = is_whole ? PyStructSequence_New(state->row_types[kind]) : NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (row != NULL) {
            leads_to_program |= may_lead_to_program(items[i]);
            PyStructSequence_SetItem(row, i, items[i]);
        }
        else {
            Py_XDECREF(items[i]);
        }
    }
    if (row != NULL && leads_to_program != (PyObject_GC_IsTracked(row) != 0)) {
        (leads_to_program ? PyObject_GC_Track : PyObject_GC_UnTrack)(row);
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
    PyObject *list = PyList_New(0); /* free-threaded, one with a length crashes without memory */
    for (size_t n = 0; n < count && list != NULL; n++) {
        if (rows_append(list, make(arg, n)) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}
