#include "labels/private_types.h"

#include <structmember.h> /* PyMemberDef, which Python.h has since 3.12 only */

/* -------------------------------------------------------- tables of private structs */

typedef struct {
    const char *type;  /* tp_name, as the C code that defines the type has it */
    const char *words; /* the names of the words that follow PyObject_HEAD; "-" for one that is no
                          reference. A name that begins with a dot is an attribute that a program
                          may set. */
} Fields;

/* From CPython's sources, 3.11 to 3.15; the struct is named where the type's name does not tell. */
static const Fields fields_table[] = {
    {"list_iterator", "- its-sequence"},
    {"list_reverseiterator", "- its-sequence"},
    {"tuple_iterator", "- its-sequence"},
    {"iterator", "- its-sequence"},
    {"callable_iterator", "its-callable its-sentinel"},
    {"set_iterator", "its-set"},
    {"dict_keyiterator", "its-dict - - its-result"},
    {"dict_valueiterator", "its-dict - - its-result"},
    {"dict_itemiterator", "its-dict - - its-result"},
    {"dict_reversekeyiterator", "its-dict - - its-result"},
    {"dict_reversevalueiterator", "its-dict - - its-result"},
    {"dict_reverseitemiterator", "its-dict - - its-result"},
    {"dict_keys", "its-dict"},
    {"dict_values", "its-dict"},
    {"dict_items", "its-dict"},
    {"odict_iterator", "- its-dict"},
    {"mappingproxy", "its-mapping"},
    {"_collections._deque_iterator", "- - its-deque"},
    {"_collections._deque_reverse_iterator", "- - its-deque"},
    {"collections._deque_iterator", "- - its-deque"}, /* since 3.12 */
    {"collections._deque_reverse_iterator", "- - its-deque"},
    {"memoryview", "- its-buffer"},
    {"managedbuffer", "- - - obj"},
    {"enumerate", "- its-iterator its-result -"},
    {"reversed", "- its-sequence"},
    {"map", "its-iterators its-function"},
    {"filter", "its-function its-iterator"},
    {"zip", "- its-iterators its-result"},
    {"itertools.chain", "its-iterables its-iterator"},
    {"itertools.cycle", "its-iterator its-saved-items"},
    {"itertools.islice", "its-iterator"},
    {"itertools.starmap", "its-function its-iterator"},
    {"itertools.takewhile", "its-function its-iterator"},
    {"itertools.dropwhile", "its-function its-iterator"},
    {"itertools.filterfalse", "its-function its-iterator"},
    {"itertools.accumulate", "its-total its-iterator its-function its-initial"},
    {"itertools.repeat", "its-element"},
    {"itertools.count", "- its-count its-step"},
    {"itertools.groupby",
     "its-iterator its-key-function its-target-key its-current-key its-current-value its-group"},
    {"itertools._grouper", "its-groupby its-key"},
    {"itertools.pairwise", "its-iterator its-old-item its-result"},
    {"itertools.compress", "its-data its-selectors"},
    {"itertools.zip_longest", "- - its-iterators its-result its-fill-value"},
    {"itertools.product", "its-pools - its-result"},
    {"itertools.permutations", "its-pool - - its-result"},
    {"itertools.combinations", "its-pool - its-result"},
    {"itertools.combinations_with_replacement", "its-pool - its-result"},
    {"itertools.batched", "its-iterator"},
    {"itertools._tee", "its-data"},
    {"itertools._tee_dataobject", "its-iterator - its-next-data"},
    {"method-wrapper", "its-descriptor __self__"},
    {"wrapper_descriptor", "__objclass__"},
    {"classmethod", "__func__"},
    {"staticmethod", "__func__"},
    {"instancemethod", "__func__"},
    {"types.GenericAlias", "__origin__ __args__ __parameters__"},
    {"types.UnionType", "__args__ __parameters__"},
    {"typing.TypeVar", "__name__ __bound__ evaluate_bound __constraints__ evaluate_constraints "
                       "__default__ evaluate_default"},
    {"typing.ParamSpec", "__name__ __bound__ __default__ evaluate_default"},
    {"typing.TypeVarTuple", "__name__ __default__ evaluate_default"},
#if GCSCOPE_ALIAS_HAS_QUALNAME
    {"typing.TypeAliasType",
     "__name__ __qualname__ __type_params__ evaluate_value __value__ __module__"},
#else
    {"typing.TypeAliasType", "__name__ __type_params__ evaluate_value __value__ __module__"},
#endif
    {"coroutine_wrapper", "its-coroutine"},
    {"async_generator_asend", "its-generator its-value"},
    {"async_generator_athrow", "its-generator its-arguments"},
    {"_asyncio.FutureIter", "its-future"},
    {"TaskStepMethWrapper", "its-task its-argument"},
    {"_asyncio.TaskStepMethWrapper", "its-task its-argument"}, /* since 3.12 */
    {"_abc._abc_data", "its-registry its-cache its-negative-cache"},
    {"_functools._lru_list_elem", "- - its-key its-result"},
    {"functools.KeyWrapper", "its-function obj"},
    {"_contextvars.ContextVar", "name its-default"},
    {"ContextVar", "name its-default"},
    {"Token", "its-context its-variable its-old-value"},
    {"_contextvars.Token", "its-context its-variable its-old-value"},
    {"operator.itemgetter", "- its-item"},
    {"operator.attrgetter", "- its-attribute"},
    {"operator.methodcaller", "its-name its-arguments its-keywords"},
    {"frame_locals_proxy", "its-frame"},
    {"FrameLocalsProxy", "its-frame"},
    {"_io.BytesIO", "-"},
    {"_io.TextIOWrapper", "- - buffer"},
    {"_io.BufferedRWPair", "its-reader its-writer"},
    {"_queue.SimpleQueue", "- - its-elements"},
    {"weakcallableproxy", "- __callback__"},
    {"weakproxy", "- __callback__"},
    {"xml.etree.ElementTree.Element", ".tag .text .tail -"},
    {"_csv.writer", "its-write-method its-dialect"},
    {"_csv.reader", "its-iterator its-dialect"},
};

/* Whether C code made a type. The name of a class made by Python code has no module in it. */
static bool
is_from_c(const PyTypeObject *type)
{
    return !PyType_HasFeature((PyTypeObject *)type, Py_TPFLAGS_HEAPTYPE) ||
           strchr(type->tp_name, '.') != NULL;
}

/* For one name after the other of a table: mostly the first character tells. */
static inline bool
is_same_name(const char *a, const char *b)
{
    return a[0] == b[0] && strcmp(a, b) == 0;
}

static const Fields *
fields_of(const PyTypeObject *type)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(fields_table) && is_from_c(type); i++) {
        if (is_same_name(fields_table[i].type, type->tp_name)) {
            return &fields_table[i];
        }
    }
    return NULL;
}

/* Words of an object that its type's table names. The caller compares them with what tp_traverse
   shows, so that a word that is no reference does no harm: it is never followed. */
static bool
read_fields(const EdgeSink *sink, PyObject *op, const PyTypeObject *type)
{
    const Fields *fields = fields_of(type);
    PyObject **word = (PyObject **)((char *)op + sizeof(PyObject));
    PyObject **end = (PyObject **)((char *)op + type->tp_basicsize);
    const char *name = fields != NULL ? fields->words : "";
    for (; *name != '\0' && word < end; word++) {
        if (*name != '-') {
            bool is_attribute = *name == '.';
            LabelKind kind = is_attribute ? LABEL_ATTRIBUTE : LABEL_FIELD;
            if (emit(sink, *word, (Label){.kind = kind, .text = name + is_attribute})) {
                return true;
            }
        }
        const char *space = strchr(name, ' ');
        name = space != NULL ? space + 1 : "";
    }
    return false;
}

typedef struct {
    const char *type; /* tp_name */
    const char *names;
} Getters;

/* Getters that take a reference to a field, or None, and do nothing else. */
static const Getters getters_table[] = {
    {"_asyncio.Future", "_loop _result _exception _source_traceback _cancel_message"},
    {"_asyncio.Task",
     "_loop _result _exception _source_traceback _cancel_message _coro _fut_waiter"},
    {"sqlite3.Connection", "row_factory text_factory"},
    {"gcscope.Person", "friends"},
    {"pyexpat.xmlparser",
     "StartElementHandler EndElementHandler ProcessingInstructionHandler CharacterDataHandler "
     "UnparsedEntityDeclHandler "
     "NotationDeclHandler StartNamespaceDeclHandler EndNamespaceDeclHandler CommentHandler "
     "StartCdataSectionHandler "
     "EndCdataSectionHandler DefaultHandler DefaultHandlerExpand NotStandaloneHandler "
     "ExternalEntityRefHandler "
     "StartDoctypeDeclHandler EndDoctypeDeclHandler EntityDeclHandler XmlDeclHandler "
     "ElementDeclHandler "
     "AttlistDeclHandler SkippedEntityHandler"},
};

static bool
has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = strstr(words, word); at != NULL; at = strstr(at + 1, word)) {
        bool begins = at == words || at[-1] == ' ', ends = at[length] == ' ' || at[length] == '\0';
        if (begins && ends) {
            return true;
        }
    }
    return false;
}

static const Getters *
getters_of(const PyTypeObject *type)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(getters_table) && is_from_c(type); i++) {
        if (is_same_name(getters_table[i].type, type->tp_name)) {
            return &getters_table[i];
        }
    }
    return NULL;
}

static bool
read_getter(const EdgeSink *sink, PyObject *op, const PyGetSetDef *getset)
{
    PyObject *value = getset->get(op, getset->closure);
    if (value == NULL) { /* there is none; a getter says so by an exception */
        PyErr_Clear();
        return false;
    }
    Py_DECREF(value); /* its owner has it */
    LabelKind kind = getset->set != NULL ? LABEL_ATTRIBUTE : LABEL_FIELD;
    return value != Py_None && emit(sink, value, (Label){.kind = kind, .text = getset->name});
}

/* T_OBJECT and T_OBJECT_EX, under the names that 3.12 gave them. */
enum { MEMBER_OBJECT = 6, MEMBER_OBJECT_EX = 16, MEMBER_READONLY = 1, MEMBER_RELATIVE = 8 };

static bool
read_member(const EdgeSink *sink, PyObject *op, const PyMemberDef *member)
{
    if ((member->type != MEMBER_OBJECT && member->type != MEMBER_OBJECT_EX) ||
        (member->flags & MEMBER_RELATIVE) != 0) {
        return false;
    }
    LabelKind kind = (member->flags & MEMBER_READONLY) != 0 ? LABEL_FIELD : LABEL_ATTRIBUTE;
    PyObject *value = *(PyObject **)((char *)op + member->offset);
    return emit(sink, value, (Label){.kind = kind, .text = member->name});
}

/* What the classes of op publish: members at an offset, and the getters that the table knows. The
   dicts are walked: a look-up could call the __eq__ of an odd key. */
static bool
read_published(const EdgeSink *sink, PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject *mro = type->tp_mro;
    bool stop = false;
    for (Py_ssize_t i = 0; mro != NULL && i < PyTuple_GET_SIZE(mro) && !stop; i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        const Getters *getters = getters_of(base);
        PyObject *dict = base == &PyBaseObject_Type ? NULL : type_dict(base);
        Py_ssize_t position = 0;
        PyObject *key, *descriptor;
        while (dict != NULL && !stop && PyDict_Next(dict, &position, &key, &descriptor)) {
            if (Py_IS_TYPE(descriptor, &PyMemberDescr_Type)) {
                stop = PyType_IsSubtype(type, PyDescr_TYPE(descriptor)) &&
                       read_member(sink, op, ((PyMemberDescrObject *)descriptor)->d_member);
            }
            else if (getters != NULL && Py_IS_TYPE(descriptor, &PyGetSetDescr_Type)) {
                const PyGetSetDef *getset = ((PyGetSetDescrObject *)descriptor)->d_getset;
                stop = PyType_IsSubtype(type, PyDescr_TYPE(descriptor)) &&
                       has_word(getters->names, getset->name) && read_getter(sink, op, getset);
            }
        }
        Py_XDECREF(dict);
    }
    return stop;
}

/* ------------------------------------------------- types that are read by what they show */

/* Some types keep their references where no table of words reaches; the order in which tp_traverse
   shows them tells. */
typedef struct {
    const EdgeSink *sink;
    PyObject *op;
    size_t shown;      /* references so far, the type itself left out */
    PyObject *last[2]; /* the last two of them */
    bool past_links;   /* of an lru_cache: the cached keys and results are over */
    bool is_key;       /* of a node of a mapping of context variables: a key is due */
    bool stop;
} Shown;

static int
show_deque(PyObject *target, void *arg)
{
    Shown *shown = arg;
    if (target == (PyObject *)Py_TYPE(shown->op) && shown->shown == 0 && shown->last[0] == NULL) {
        shown->last[0] = target; /* a heap type shows itself first */
        return 0;
    }
    Label label = {.kind = LABEL_ITEM, .index = (Py_ssize_t)shown->shown++};
    shown->stop = emit(shown->sink, target, label);
    return shown->stop;
}

/* The cached key and result come with the type of the link that holds them behind. */
static int
show_lru(PyObject *target, void *arg)
{
    Shown *shown = arg;
    bool is_link = PyType_Check(target) &&
                   strcmp(((PyTypeObject *)target)->tp_name, "functools._lru_list_elem") == 0;
    if (is_link && !shown->past_links) {
        shown->stop =
            emit(shown->sink, shown->last[0], (Label){.kind = LABEL_OWN, .text = "a cached key"}) ||
            emit(shown->sink, shown->last[1],
                 (Label){.kind = LABEL_OWN, .text = "a cached result"});
    }
    if (PyDict_CheckExact(target) && shown->shown++ == 0) {
        shown->past_links = true;
        shown->stop = shown->stop ||
                      emit(shown->sink, target, (Label){.kind = LABEL_FIELD, .text = "its-cache"});
    }
    else if (shown->past_links && shown->last[1] != NULL && PyDict_CheckExact(shown->last[1])) {
        shown->stop = shown->stop || emit_field(shown->sink, target, "__wrapped__");
    }
    shown->last[0] = shown->last[1];
    shown->last[1] = target;
    return shown->stop;
}

static bool
is_named(PyObject *op, const char *name)
{
    return strcmp(Py_TYPE(op)->tp_name, name) == 0;
}

static bool
is_part_of_mapping(PyObject *op)
{
    return is_named(op, "hamt_bitmap_node") || is_named(op, "hamt_array_node") ||
           is_named(op, "hamt_collision_node");
}

/* A node of a mapping of context variables shows its values, each with its key behind, and its
   subnodes alone. */
static int
show_hamt_node(PyObject *target, void *arg)
{
    Shown *shown = arg;
    if (shown->is_key) {
        shown->is_key = false;
        shown->stop =
            emit(shown->sink, shown->last[0],
                 (Label){.kind = LABEL_OWN, .text = "the value of a context variable"}) ||
            emit(shown->sink, target, (Label){.kind = LABEL_OWN, .text = "a context variable"});
    }
    else if (is_part_of_mapping(target)) {
        shown->stop =
            emit(shown->sink, target, (Label){.kind = LABEL_FIELD, .text = "its-variables"});
    }
    else {
        shown->is_key = true;
        shown->last[0] = target;
    }
    return shown->stop;
}

static int
show_context(PyObject *target, void *arg)
{
    Shown *shown = arg;
    bool is_map = is_named(target, "hamt") || is_part_of_mapping(target);
    shown->stop = emit(shown->sink, target,
                       (Label){.kind = LABEL_FIELD,
                               .text = is_map ? "its-variables" : "its-previous-context"});
    return shown->stop;
}

/* Of a Future: what is no field with a getter belongs to its callbacks; of a Task, its context as
   well. */
static int
show_future(PyObject *target, void *arg)
{
    Shown *shown = arg;
    if (target == (PyObject *)Py_TYPE(shown->op)) {
        return 0;
    }
    const char *text = "_callbacks";
    if (is_named(target, "_contextvars.Context") || is_named(target, "Context")) {
        text = "its-context";
    }
    else if (PyDict_CheckExact(target)) {
        shown->stop = emit(shown->sink, target, (Label){.kind = LABEL_DICT});
        return shown->stop;
    }
    else if (PyTraceBack_Check(target)) {
        text = "its-traceback";
    }
    else if (PyExceptionInstance_Check(target)) {
        text = "its-cancellation";
    }
    else if (PyType_IsSubtype(Py_TYPE(target), Py_TYPE(shown->op))) {
        text = "its-awaiter";
    }
    shown->stop = emit_field(shown->sink, target, text);
    return shown->stop;
}

static int
show_element(PyObject *target, void *arg)
{
    Shown *shown = arg;
    if (PyDict_CheckExact(target)) {
        shown->stop = emit_attribute(shown->sink, target, "attrib");
    }
    else if (PyType_IsSubtype(Py_TYPE(target), Py_TYPE(shown->op))) {
        shown->stop = emit(shown->sink, target,
                           (Label){.kind = LABEL_ITEM, .index = (Py_ssize_t)shown->shown++});
    }
    return shown->stop;
}

/* Of a connection, and of a function of C code that Python code provides: what is no known part is
   a callback. */
static int
show_callbacks(PyObject *target, void *arg)
{
    Shown *shown = arg;
    const char *part = PyModule_Check(target)                             ? "its-module"
                       : PyList_CheckExact(target)                        ? "its-cursors"
                       : PyTuple_CheckExact(target)                       ? "its-argument-types"
                       : PyType_Check(target)                             ? "its-type"
                       : is_named(target, "functools._lru_cache_wrapper") ? "its-statements"
                       : is_named(target, "_ctypes.CThunkObject")         ? "its-thunk"
                                                                          : NULL;
    shown->stop = part != NULL
                      ? emit_field(shown->sink, target, part)
                      : emit(shown->sink, target, (Label){.kind = LABEL_OWN, .text = "a callback"});
    return shown->stop;
}

static int
show_queue(PyObject *target, void *arg)
{
    Shown *shown = arg;
    if (target != (PyObject *)Py_TYPE(shown->op)) {
        shown->stop = emit(shown->sink, target, (Label){.kind = LABEL_ELEMENT});
    }
    return shown->stop;
}

/* The dicts of a thread-local object, one for each thread. */
static int
show_local(PyObject *target, void *arg)
{
    Shown *shown = arg;
    const char *part = PyDict_CheckExact(target)     ? "its-dicts-by-thread"
                       : PyTuple_CheckExact(target)  ? "its-arguments"
                       : PyAnySet_CheckExact(target) ? "its-watchdogs"
                                                     : "its-key";
    shown->stop = !PyType_Check(target) && emit_field(shown->sink, target, part);
    return shown->stop;
}

static int
show_module(PyObject *target, void *arg)
{
    Shown *shown = arg;
    shown->stop = emit(shown->sink, target, (Label){.kind = LABEL_FIELD, .text = "its-C-state"});
    return shown->stop;
}

typedef struct {
    const char *type;
    visitproc show;
} Display;

static const Display displays_table[] = {
    {"collections.deque", show_deque},
    {"functools._lru_cache_wrapper", show_lru},
    {"Context", show_context},
    {"_contextvars.Context", show_context},
    {"hamt", show_context},
    {"hamt_bitmap_node", show_hamt_node},
    {"hamt_array_node", show_context},
    {"hamt_collision_node", show_hamt_node},
    {"_asyncio.Future", show_future},
    {"_asyncio.Task", show_future},
    {"xml.etree.ElementTree.Element", show_element},
    {"sqlite3.Connection", show_callbacks},
    {"_ctypes.CFuncPtr", show_callbacks},
    {"_ctypes.PyCFuncPtr", show_callbacks},
    {"_ctypes.CThunkObject", show_callbacks},
    {"_queue.SimpleQueue", show_queue},
    {"_thread._local", show_local},
    {"itertools._tee_dataobject", show_queue},
    {"module", show_module},
};

static bool
read_display(const EdgeSink *sink, PyObject *op, const PyTypeObject *type)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(displays_table) && is_from_c(type); i++) {
        if (is_same_name(displays_table[i].type, type->tp_name)) {
            Shown shown = {.sink = sink, .op = op};
            (void)type->tp_traverse(op, displays_table[i].show, &shown);
            return shown.stop;
        }
    }
    return false;
}

/* ------------------------------------------------------------------------- all */

bool
private_types_read(const EdgeSink *sink, PyObject *op)
{
    bool stop = false;
    for (const PyTypeObject *type = Py_TYPE(op);
         type != NULL && type != &PyBaseObject_Type && !stop; type = type->tp_base) {
        stop = read_fields(sink, op, type);
    }
    stop = stop || read_published(sink, op);
    for (const PyTypeObject *type = Py_TYPE(op);
         type != NULL && type != &PyBaseObject_Type && !stop; type = type->tp_base) {
        stop = read_display(sink, op, type);
    }
    return stop;
}
