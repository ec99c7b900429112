#include "labels/private_types.h"

#include "base/typename.h"
#include "labels/published.h"

/* -------------------------------------------------------- tables of private structs */

/* What the words are that follow PyObject_HEAD. "-" is no reference; one with "." before its name
   is an attribute that a program may set; one with "its-" is said in words. Words at the end may be
   left out. */
typedef struct {
    const char *type; /* tp_name, as the C code that defines the type has it */
    const char *words;
} Fields;

/* From CPython's sources, 3.11 to 3.15. */
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
    {"typing.Union", "__args__ its-hashable-args its-unhashable-args __parameters__"},
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
    {"operator.methodcaller",
     "its-name its-arguments its-keywords its-call-arguments its-call-keywords"},
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
    {"anext_awaitable", "its-awaitable its-default"},
    {"_ssl._SSLContext", "- - - .sni_callback - - ._msg_callback keylog_filename - - "
                         "its-psk-client-callback its-psk-server-callback"},
    {"_lsprof.Profiler", "- - - - its-timer"},
    {"xml.etree.ElementTree.TreeBuilder",
     "its-root its-current-element its-last-element its-last-element its-data its-stack - "
     "its-element-factory its-comment-factory its-pi-factory its-append-of-events"},
    {"xml.etree.ElementTree.XMLParser",
     "- target entity its-names its-start-ns-handler its-end-ns-handler its-start-handler "
     "its-data-handler its-end-handler its-comment-handler its-pi-handler its-doctype-handler "
     "its-close-handler"},
};

/* Types whose struct is another one in each version: which one, its size says. */
typedef struct {
    Py_ssize_t size; /* tp_basicsize, with a head of two words */
    Fields fields;
} SizedFields;

static const SizedFields sized_fields_table[] = {
    {144, /* 3.13.0 */
     {"_pickle.Pickler", "- .persistent_id .dispatch_table reducer_override its-write-method "
                         "- - - - - - - - - its-fast-memo its-buffer-callback"}},
    {152, /* before and after */
     {"_pickle.Pickler",
      "- .persistent_id .persistent_id .dispatch_table reducer_override its-write-method "
      "- - - - - - - - - its-fast-memo its-buffer-callback"}},
    {264, /* 3.13.0 */
     {"_pickle.Unpickler",
      "its-stack - - - .persistent_load - - - - - - - - - - - - - - - its-read-method "
      "its-readinto-method its-readline-method its-peek-method its-buffers"}},
    {272, /* 3.11, 3.12 */
     {"_pickle.Unpickler",
      "its-stack - - - .persistent_load - - - - - - - - - - - - - - - - its-read-method "
      "its-readinto-method its-readline-method its-peek-method its-buffers"}},
    {296, /* later patches of 3.13, and 3.14 */
     {"_pickle.Unpickler",
      "its-stack - - - .persistent_load .persistent_load - - - - - - - - - - - - - - - - - "
      "its-read-method its-readinto-method its-readline-method its-peek-method its-buffers"}},
    {304, /* 3.15 */
     {"_pickle.Unpickler",
      "its-stack - - - - .persistent_load .persistent_load - - - - - - - - - - - - - - - - - "
      "its-read-method its-readinto-method its-readline-method its-peek-method its-buffers"}},
};

static const Fields *
fields_of(PyTypeObject *type)
{
    Py_ssize_t size = type->tp_basicsize - HEAD_MORE_WORDS * (Py_ssize_t)sizeof(PyObject *);
    for (size_t i = 0; i < Py_ARRAY_LENGTH(sized_fields_table); i++) {
        const SizedFields *sized = &sized_fields_table[i];
        if (sized->size == size && typename_is(type, sized->fields.type)) {
            return &sized->fields;
        }
    }
    for (size_t i = 0; i < Py_ARRAY_LENGTH(fields_table); i++) {
        if (typename_is(type, fields_table[i].type)) {
            return &fields_table[i];
        }
    }
    return NULL;
}

/* Words of an object that its type's table names. The caller compares them with what tp_traverse
   shows, so that a word that is no reference does no harm: it is never followed. */
static bool
read_fields(const EdgeSink *sink, PyObject *op, PyTypeObject *type)
{
    const Fields *fields = fields_of(type);
    PyObject **word = (PyObject **)((char *)op + sizeof(PyObject));
    PyObject **end = (PyObject **)((char *)op + type->tp_basicsize);
    const char *name = fields != NULL ? fields->words : "";
    for (; *name != '\0' && word < end; word++) {
        if (*name != '-') {
            bool is_attribute = *name == '.';
            LabelKind kind = is_attribute ? LABEL_ATTRIBUTE : LABEL_FIELD;
            Py_ssize_t offset = (char *)word - (char *)op;
            Label label = {.kind = kind, .text = name + is_attribute, .index = offset};
            if (emit(sink, *word, label)) {
                return true;
            }
        }
        const char *space = strchr(name, ' ');
        name = space != NULL ? space + 1 : "";
    }
    return false;
}

/* ------------------------------------------- types that are read by what tp_traverse shows */

/* What a reader remembers between two references that the tp_traverse of one object shows. */
typedef struct {
    const EdgeSink *sink;
    PyObject *op;
    size_t count;      /* what is counted differs: see each reader */
    PyObject *last[2]; /* borrowed or NULL: the last two references, or one that is waited with */
    bool past_links;   /* of an lru_cache: the cached keys and results are over */
    bool is_key;       /* of a node of a mapping of context variables: a key is due */
    bool stop;         /* the sink wants no more, whatever a tp_traverse makes of that */
} Traversal;

static int
name_target(Traversal *traversal, PyObject *target, Label label)
{
    traversal->stop = traversal->stop || emit(traversal->sink, target, label);
    return traversal->stop;
}

static int
name_field(Traversal *traversal, PyObject *target, const char *text)
{
    return name_target(traversal, target, (Label){.kind = LABEL_FIELD, .text = text});
}

static int
name_in_words(Traversal *traversal, PyObject *target, const char *text)
{
    return name_target(traversal, target, (Label){.kind = LABEL_OWN, .text = text});
}

static int
name_next_item(Traversal *traversal, PyObject *target)
{
    Label label = {.kind = LABEL_ITEM, .index = (Py_ssize_t)traversal->count++};
    return name_target(traversal, target, label);
}

static bool
is_own_type(const Traversal *traversal, PyObject *target)
{
    return target == (PyObject *)Py_TYPE(traversal->op);
}

static bool
is_named(PyObject *op, const char *name)
{
    return strcmp(Py_TYPE(op)->tp_name, name) == 0;
}

/* A deque of a heap type shows that first; it may have it as an item, too. */
static int
visit_deque(PyObject *target, void *arg)
{
    Traversal *traversal = arg;
    if (is_own_type(traversal, target) && traversal->count == 0 && traversal->last[0] == NULL) {
        traversal->last[0] = target;
        return 0;
    }
    return name_next_item(traversal, target);
}

/* An lru_cache shows for each link its key, its result and the link's type, so that two are known
   by the third; then its dict, which is the first one and is counted, and its function. */
static int
visit_lru_cache(PyObject *target, void *arg)
{
    Traversal *traversal = arg;
    PyObject **last = traversal->last;
    bool is_link = PyType_Check(target) &&
                   strcmp(((PyTypeObject *)target)->tp_name, "functools._lru_list_elem") == 0;
    if (is_link && !traversal->past_links) {
        (void)name_in_words(traversal, last[0], "a cached key");
        (void)name_in_words(traversal, last[1], "a cached result");
    }
    if (PyDict_CheckExact(target) && traversal->count++ == 0) {
        traversal->past_links = true;
        (void)name_field(traversal, target, "its-cache");
    }
    else if (traversal->past_links && last[1] != NULL && PyDict_CheckExact(last[1])) {
        (void)name_field(traversal, target, "__wrapped__");
    }
    last[0] = last[1];
    last[1] = target;
    return traversal->stop;
}

bool
private_types_is_context(PyObject *op)
{
    return PyContext_CheckExact(op);
}

bool
private_types_is_mapping(PyObject *op)
{
    static const char names[] = "hamt hamt_bitmap_node hamt_array_node hamt_collision_node";
    const char *name = Py_TYPE(op)->tp_name;
    return name[0] == 'h' && has_word(names, name) &&
           !PyType_HasFeature(Py_TYPE(op), Py_TPFLAGS_HEAPTYPE);
}

/* A node of a mapping of context variables shows its values, each with its key, the variable,
   behind, and its subnodes alone. */
static int
visit_hamt_node(PyObject *target, void *arg)
{
    Traversal *traversal = arg;
    if (traversal->is_key) {
        traversal->is_key = false;
        (void)name_target(traversal, traversal->last[0],
                          (Label){.kind = LABEL_VALUE, .name = target});
        return name_target(traversal, target, (Label){.kind = LABEL_KEY});
    }
    if (private_types_is_mapping(target)) {
        return name_field(traversal, target, PRIVATE_TYPES_MAPPING);
    }
    traversal->is_key = true;
    traversal->last[0] = target;
    return 0;
}

static int
visit_context(PyObject *target, void *arg)
{
    bool is_map = private_types_is_mapping(target);
    return name_field(arg, target, is_map ? PRIVATE_TYPES_MAPPING : "its-previous-context");
}

/* Of a Future: what no getter gives belongs to its callbacks; of a Task, its context as well. */
static int
visit_future(PyObject *target, void *arg)
{
    Traversal *traversal = arg;
    if (is_own_type(traversal, target)) {
        return 0;
    }
    bool is_context = private_types_is_context(target);
    if (PyDict_CheckExact(target) && !is_context) {
        return name_target(traversal, target, (Label){.kind = LABEL_DICT});
    }
    bool is_future = PyType_IsSubtype(Py_TYPE(target), Py_TYPE(traversal->op));
    const char *part = is_context                          ? "its-context"
                       : PyTraceBack_Check(target)         ? "its-traceback"
                       : PyExceptionInstance_Check(target) ? "its-cancellation"
                       : is_future                         ? "its-awaiter"
                                                           : "_callbacks";
    return name_field(traversal, target, part);
}

static int
visit_element(PyObject *target, void *arg)
{
    Traversal *traversal = arg;
    if (PyDict_CheckExact(target)) {
        return name_target(traversal, target, (Label){.kind = LABEL_ATTRIBUTE, .text = "attrib"});
    }
    bool is_child = PyType_IsSubtype(Py_TYPE(target), Py_TYPE(traversal->op));
    return is_child ? name_next_item(traversal, target) : 0;
}

/* Of a connection, and of a function of C code that Python code provides: what is no known part is
   a callback. */
static int
visit_callbacks(PyObject *target, void *arg)
{
    const char *part = PyModule_Check(target)                             ? "its-module"
                       : PyList_CheckExact(target)                        ? "its-cursors"
                       : PyTuple_CheckExact(target)                       ? "its-argument-types"
                       : PyType_Check(target)                             ? "its-type"
                       : is_named(target, "functools._lru_cache_wrapper") ? "its-statements"
                       : is_named(target, "_ctypes.CThunkObject")         ? "its-thunk"
                                                                          : NULL;
    return part != NULL ? name_field(arg, target, part) : name_in_words(arg, target, "a callback");
}

static int
visit_queue(PyObject *target, void *arg)
{
    return is_own_type(arg, target) ? 0 : name_target(arg, target, (Label){.kind = LABEL_ELEMENT});
}

/* Keys and values have their names already; the order of the keys has each once more. */
static int
visit_ordered_dict(PyObject *target, void *arg)
{
    return name_target(arg, target, (Label){.kind = LABEL_KEY});
}

/* The dicts of a thread-local object, one for each thread. */
static int
visit_thread_local(PyObject *target, void *arg)
{
    const char *part = PyDict_CheckExact(target)     ? "its-dicts-by-thread"
                       : PyTuple_CheckExact(target)  ? "its-arguments"
                       : PyAnySet_CheckExact(target) ? "its-watchdogs"
                                                     : "its-key";
    return PyType_Check(target) ? 0 : name_field(arg, target, part);
}

/* What no word of a pickler's struct leads to is in its memo. */
static int
visit_pickler(PyObject *target, void *arg)
{
    return is_own_type(arg, target) ? 0 : name_in_words(arg, target, "a pickled object");
}

/* A greenlet keeps all but its dict behind a pointer. One that has begun shows the frame at which
   it is suspended; one that has not, the function that it will run. */
static int
visit_greenlet(PyObject *target, void *arg)
{
    Traversal *traversal = arg;
    if (is_own_type(traversal, target)) {
        return 0;
    }
    bool is_context = private_types_is_context(target);
    bool is_greenlet = typename_derives(Py_TYPE(target), "greenlet.greenlet");
    if (PyFrame_Check(target)) {
        return name_field(traversal, target, "gr_frame");
    }
    if (PyExceptionInstance_Check(target)) {
        return name_field(traversal, target, "its-handled-exception");
    }
    if (is_greenlet && traversal->count++ != 0) { /* shown behind the parent */
        return name_field(traversal, target, "its-main-greenlet");
    }
    const char *part = is_context ? "gr_context" : is_greenlet ? "parent" : "run";
    return name_target(traversal, target, (Label){.kind = LABEL_ATTRIBUTE, .text = part});
}

static int
visit_module(PyObject *target, void *arg)
{
    return name_field(arg, target, "its-C-state");
}

typedef struct {
    const char *type;
    visitproc visit; /* its arg is a Traversal */
} TraversalReader;

static const TraversalReader traversal_readers_table[] = {
    {"collections.deque", visit_deque},
    {"collections.OrderedDict", visit_ordered_dict},
    {"functools._lru_cache_wrapper", visit_lru_cache},
    {"Context", visit_context},
    {"_contextvars.Context", visit_context},
    {"hamt", visit_context},
    {"hamt_bitmap_node", visit_hamt_node},
    {"hamt_array_node", visit_context},
    {"hamt_collision_node", visit_hamt_node},
    {"_asyncio.Future", visit_future},
    {"_asyncio.Task", visit_future},
    {"xml.etree.ElementTree.Element", visit_element},
    {"sqlite3.Connection", visit_callbacks},
    {"_ctypes.CFuncPtr", visit_callbacks},
    {"_ctypes.PyCFuncPtr", visit_callbacks},
    {"_ctypes.CThunkObject", visit_callbacks},
    {"_queue.SimpleQueue", visit_queue},
    {"_thread._local", visit_thread_local},
    {"itertools._tee_dataobject", visit_queue},
    {"_pickle.Pickler", visit_pickler},
    {"greenlet.greenlet", visit_greenlet},
    {"module", visit_module},
};

static bool
read_traversal(const EdgeSink *sink, PyObject *op, PyTypeObject *type)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(traversal_readers_table); i++) {
        if (typename_is(type, traversal_readers_table[i].type)) {
            Traversal traversal = {.sink = sink, .op = op};
            (void)type->tp_traverse(op, traversal_readers_table[i].visit, &traversal);
            return traversal.stop;
        }
    }
    return false;
}

/* ------------------------------------------------------------------------- all */

typedef bool (*TypeReader)(const EdgeSink *sink, PyObject *op, PyTypeObject *type);

/* No table has a class that Python code made. */
static bool
is_made_by_c(PyTypeObject *type)
{
    return !PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) || strchr(type->tp_name, '.') != NULL;
}

static bool
read_by_bases(const EdgeSink *sink, PyObject *op, TypeReader read)
{
    bool stop = false;
    for (PyTypeObject *type = Py_TYPE(op); type != &PyBaseObject_Type && !stop;
         type = type->tp_base) {
        if (type == NULL) { /* that of object itself */
            return false;
        }
        stop = is_made_by_c(type) && read(sink, op, type);
    }
    return stop;
}

bool
private_types_read(const EdgeSink *sink, PyObject *op)
{
    return published_read(sink, op) || read_by_bases(sink, op, read_fields) ||
           read_by_bases(sink, op, read_traversal);
}
