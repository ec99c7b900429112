#include "labels.h"

#include "internals.h"
#include "names.h"

#include <structmember.h> /* PyMemberDef, which Python.h has since 3.12 only */

/* What a reader of a type needs: to whom the references are told. `offer` returns true when that one wants no more. */
typedef struct {
    LabelVisitor visit;
    void *arg;
    PyTypeObject *holder;
} Teller;

static bool
offer(const Teller *teller, PyObject *target, Label label)
{
    label.holder = teller->holder;
    return target != NULL && teller->visit(teller->arg, target, label);
}

static bool
offer_field(const Teller *teller, PyObject *target, const char *text)
{
    return offer(teller, target, (Label){.kind = LABEL_FIELD, .text = text});
}

static bool
offer_attribute(const Teller *teller, PyObject *target, const char *text)
{
    return offer(teller, target, (Label){.kind = LABEL_ATTRIBUTE, .text = text});
}

/* ---------------------------------------------------------------- containers */

static bool
read_list(const Teller *teller, PyObject *op)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(op); i++) {
        if (offer(teller, PyList_GET_ITEM(op, i), (Label){.kind = LABEL_ITEM, .index = i})) {
            return true;
        }
    }
    return false;
}

static bool
read_tuple(const Teller *teller, PyObject *op)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(op); i++) {
        if (offer(teller, PyTuple_GET_ITEM(op, i), (Label){.kind = LABEL_ITEM, .index = i})) {
            return true;
        }
    }
    return false;
}

static bool
read_dict(const Teller *teller, PyObject *op)
{
    Py_ssize_t position = 0;
    PyObject *key, *value;
    while (PyDict_Next(op, &position, &key, &value)) {
        if (offer(teller, value, (Label){.kind = LABEL_VALUE, .name = key}) ||
            offer(teller, key, (Label){.kind = LABEL_KEY})) {
            return true;
        }
    }
    return false;
}

static bool
read_set(const Teller *teller, PyObject *op)
{
    const PySetObject *set = (PySetObject *)op;
    for (Py_ssize_t i = 0; i <= set->mask; i++) {
        const setentry *entry = &set->table[i];
        bool is_live = entry->key != NULL && !(entry->hash == -1 && Py_IS_TYPE(entry->key, &PyBaseObject_Type));
        if (is_live && offer(teller, entry->key, (Label){.kind = LABEL_ELEMENT})) {
            return true;
        }
    }
    return false;
}

/* ----------------------------------------------------------- functions, cells */

static bool
read_function(const Teller *teller, PyObject *op)
{
    PyFunctionObject *function = (PyFunctionObject *)op;
    return offer_field(teller, function->func_closure, "__closure__") ||
           offer_field(teller, function->func_globals, "__globals__") ||
           offer_field(teller, function->func_builtins, "__builtins__") ||
           offer_field(teller, function->func_defaults, "__defaults__") ||
           offer_field(teller, function->func_kwdefaults, "__kwdefaults__") ||
           offer_field(teller, function->func_annotations, "__annotations__") ||
#if GCSCOPE_HAS_TYPE_PARAMETERS
           offer_field(teller, function->func_typeparams, "__type_params__") ||
#endif
#if GCSCOPE_HAS_ANNOTATE
           offer_field(teller, function->func_annotate, "__annotate__") ||
#endif
           offer_field(teller, function->func_module, "__module__") ||
           offer_field(teller, function->func_doc, "__doc__") || offer_field(teller, function->func_name, "__name__") ||
           offer_field(teller, function->func_qualname, "__qualname__") ||
           offer_field(teller, function->func_code, "__code__");
}

/* The closure of `before`, a function, tells the names of its cells. */
static bool
read_closure(const Teller *teller, PyObject *op, PyObject *before)
{
    PyCodeObject *code = (PyCodeObject *)((PyFunctionObject *)before)->func_code;
    Py_ssize_t first = code->co_nlocalsplus - code->co_nfreevars;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(op) && i < code->co_nfreevars; i++) {
        PyObject *name = PyTuple_GET_ITEM(code->co_localsplusnames, first + i);
        if (offer(teller, PyTuple_GET_ITEM(op, i), (Label){.kind = LABEL_VARIABLE, .name = name})) {
            return true;
        }
    }
    return false;
}

static bool
is_closure_of(PyObject *op, PyObject *before)
{
    return before != NULL && PyFunction_Check(before) && ((PyFunctionObject *)before)->func_closure == op;
}

static bool
read_cell(const Teller *teller, PyObject *op)
{
    return offer(teller, PyCell_GET(op), (Label){.kind = LABEL_CELL});
}

static bool
read_method(const Teller *teller, PyObject *op)
{
    return offer_field(teller, PyMethod_GET_SELF(op), "__self__") ||
           offer_field(teller, PyMethod_GET_FUNCTION(op), "__func__");
}

static bool
read_builtin(const Teller *teller, PyObject *op)
{
    const PyCFunctionObject *function = (PyCFunctionObject *)op;
    return offer_field(teller, function->m_self, "__self__") || offer_field(teller, function->m_module, "__module__") ||
           (PyCMethod_Check(op) && offer_field(teller, (PyObject *)((PyCMethodObject *)op)->mm_class, "its-class"));
}

static bool
read_weakref(const Teller *teller, PyObject *op)
{
    return offer_field(teller, ((PyWeakReference *)op)->wr_callback, "__callback__");
}

/* -------------------------------------------------------- classes and modules */

static bool
read_class(const Teller *teller, PyObject *op)
{
    PyTypeObject *type = (PyTypeObject *)op;
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        return false;
    }
    return offer(teller, type->tp_dict, (Label){.kind = LABEL_DICT}) || offer_field(teller, type->tp_mro, "__mro__") ||
           offer_field(teller, type->tp_bases, "__bases__") ||
           offer_field(teller, (PyObject *)type->tp_base, "__base__") ||
           offer_field(teller, type->tp_cache, "__cache__") ||
           offer_field(teller, ((PyHeapTypeObject *)op)->ht_module, "its-module");
}

/* --------------------------------------------------- exceptions, frames, generators */

static bool
read_exception(const Teller *teller, PyObject *op)
{
    const PyBaseExceptionObject *error = (PyBaseExceptionObject *)op;
    return offer_attribute(teller, error->traceback, "__traceback__") ||
           offer_attribute(teller, error->context, "__context__") ||
           offer_attribute(teller, error->cause, "__cause__") || offer_attribute(teller, error->args, "args") ||
           offer_attribute(teller, error->notes, "__notes__");
}

static bool
read_traceback(const Teller *teller, PyObject *op)
{
    const PyTracebackObject *traceback = (PyTracebackObject *)op;
    return offer_field(teller, (PyObject *)traceback->tb_frame, "tb_frame") ||
           offer_field(teller, (PyObject *)traceback->tb_next, "tb_next");
}

static bool
read_slot(void *arg, const FrameSlot *slot)
{
    switch (slot->kind) {
    case SLOT_LOCAL:
        return offer(arg, slot->target, (Label){.kind = LABEL_LOCAL, .name = slot->name});
    case SLOT_STACK:
        return offer(arg, slot->target, (Label){.kind = LABEL_STACK});
    case SLOT_FUNCTION:
        return offer_field(arg, slot->target, "its-function");
    case SLOT_CODE:
        return offer_field(arg, slot->target, "f_code");
    case SLOT_NAMESPACE:
        return offer_field(arg, slot->target, "f_locals");
    case SLOT_FRAME:
        return offer_field(arg, slot->target, "its-frame");
    case SLOT_BACK:
        return offer_field(arg, slot->target, "f_back");
    case SLOT_TRACE:
        return offer_attribute(arg, slot->target, "f_trace");
    case SLOT_HANDLED:
        return offer_field(arg, slot->target, "its-handled-exception");
    }
    return false;
}

static bool
read_frame(const Teller *teller, PyObject *op)
{
    return internals_frame_slots_of(op, read_slot, (void *)teller);
}

/* -------------------------------------------------------- tables of private structs */

typedef struct {
    const char *type;  /* tp_name, as the C code that defines the type has it */
    const char *words; /* the names of the words that follow PyObject_HEAD; "-" for one that is no reference.
                          A name that begins with a dot is an attribute that a program may set. */
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
    {"itertools.groupby", "its-iterator its-key-function its-target-key its-current-key its-current-value its-group"},
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
    {"typing.TypeVar",
     "__name__ __bound__ evaluate_bound __constraints__ evaluate_constraints __default__ evaluate_default"},
    {"typing.ParamSpec", "__name__ __bound__ __default__ evaluate_default"},
    {"typing.TypeVarTuple", "__name__ __default__ evaluate_default"},
#if GCSCOPE_ALIAS_HAS_QUALNAME
    {"typing.TypeAliasType", "__name__ __qualname__ __type_params__ evaluate_value __value__ __module__"},
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
    return !PyType_HasFeature((PyTypeObject *)type, Py_TPFLAGS_HEAPTYPE) || strchr(type->tp_name, '.') != NULL;
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

/* Words of an object that its type's table names. The caller compares them with what tp_traverse shows, so that a word that
   is no reference does no harm: it is never followed. */
static bool
read_fields(const Teller *teller, PyObject *op, const PyTypeObject *type)
{
    const Fields *fields = fields_of(type);
    PyObject **word = (PyObject **)((char *)op + sizeof(PyObject));
    PyObject **end = (PyObject **)((char *)op + type->tp_basicsize);
    const char *name = fields != NULL ? fields->words : "";
    for (; *name != '\0' && word < end; word++) {
        if (*name != '-') {
            bool is_attribute = *name == '.';
            LabelKind kind = is_attribute ? LABEL_ATTRIBUTE : LABEL_FIELD;
            if (offer(teller, *word, (Label){.kind = kind, .text = name + is_attribute})) {
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
    {"_asyncio.Task", "_loop _result _exception _source_traceback _cancel_message _coro _fut_waiter"},
    {"sqlite3.Connection", "row_factory text_factory"},
    {"gcscope.Person", "friends"},
    {"pyexpat.xmlparser",
     "StartElementHandler EndElementHandler ProcessingInstructionHandler CharacterDataHandler "
     "UnparsedEntityDeclHandler "
     "NotationDeclHandler StartNamespaceDeclHandler EndNamespaceDeclHandler CommentHandler StartCdataSectionHandler "
     "EndCdataSectionHandler DefaultHandler DefaultHandlerExpand NotStandaloneHandler ExternalEntityRefHandler "
     "StartDoctypeDeclHandler EndDoctypeDeclHandler EntityDeclHandler XmlDeclHandler ElementDeclHandler "
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
read_getter(const Teller *teller, PyObject *op, const PyGetSetDef *getset)
{
    PyObject *value = getset->get(op, getset->closure);
    if (value == NULL) { /* there is none; a getter says so by an exception */
        PyErr_Clear();
        return false;
    }
    Py_DECREF(value); /* its owner has it */
    LabelKind kind = getset->set != NULL ? LABEL_ATTRIBUTE : LABEL_FIELD;
    return value != Py_None && offer(teller, value, (Label){.kind = kind, .text = getset->name});
}

/* T_OBJECT and T_OBJECT_EX, under the names that 3.12 gave them. */
enum { MEMBER_OBJECT = 6, MEMBER_OBJECT_EX = 16, MEMBER_READONLY = 1, MEMBER_RELATIVE = 8 };

static bool
read_member(const Teller *teller, PyObject *op, const PyMemberDef *member)
{
    if ((member->type != MEMBER_OBJECT && member->type != MEMBER_OBJECT_EX) || (member->flags & MEMBER_RELATIVE) != 0) {
        return false;
    }
    LabelKind kind = (member->flags & MEMBER_READONLY) != 0 ? LABEL_FIELD : LABEL_ATTRIBUTE;
    PyObject *value = *(PyObject **)((char *)op + member->offset);
    return offer(teller, value, (Label){.kind = kind, .text = member->name});
}

/* What the classes of op publish: members at an offset, and the getters that the table knows. The dicts are walked: a
   look-up could call the __eq__ of an odd key. */
static bool
read_published(const Teller *teller, PyObject *op)
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
                       read_member(teller, op, ((PyMemberDescrObject *)descriptor)->d_member);
            }
            else if (getters != NULL && Py_IS_TYPE(descriptor, &PyGetSetDescr_Type)) {
                const PyGetSetDef *getset = ((PyGetSetDescrObject *)descriptor)->d_getset;
                stop = PyType_IsSubtype(type, PyDescr_TYPE(descriptor)) && has_word(getters->names, getset->name) &&
                       read_getter(teller, op, getset);
            }
        }
        Py_XDECREF(dict);
    }
    return stop;
}

/* ------------------------------------------------- types that are read by what they show */

/* Some types keep their references where no table of words reaches; the order in which tp_traverse shows them tells. */
typedef struct {
    const Teller *teller;
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
    shown->stop = offer(shown->teller, target, label);
    return shown->stop;
}

/* The cached key and result come with the type of the link that holds them behind. */
static int
show_lru(PyObject *target, void *arg)
{
    Shown *shown = arg;
    bool is_link = PyType_Check(target) && strcmp(((PyTypeObject *)target)->tp_name, "functools._lru_list_elem") == 0;
    if (is_link && !shown->past_links) {
        shown->stop = offer(shown->teller, shown->last[0], (Label){.kind = LABEL_OWN, .text = "a cached key"}) ||
                      offer(shown->teller, shown->last[1], (Label){.kind = LABEL_OWN, .text = "a cached result"});
    }
    if (PyDict_CheckExact(target) && shown->shown++ == 0) {
        shown->past_links = true;
        shown->stop = shown->stop || offer(shown->teller, target, (Label){.kind = LABEL_FIELD, .text = "its-cache"});
    }
    else if (shown->past_links && shown->last[1] != NULL && PyDict_CheckExact(shown->last[1])) {
        shown->stop = shown->stop || offer_field(shown->teller, target, "__wrapped__");
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
    return is_named(op, "hamt_bitmap_node") || is_named(op, "hamt_array_node") || is_named(op, "hamt_collision_node");
}

/* A node of a mapping of context variables shows its values, each with its key behind, and its subnodes alone. */
static int
show_hamt_node(PyObject *target, void *arg)
{
    Shown *shown = arg;
    if (shown->is_key) {
        shown->is_key = false;
        shown->stop = offer(shown->teller, shown->last[0],
                            (Label){.kind = LABEL_OWN, .text = "the value of a context variable"}) ||
                      offer(shown->teller, target, (Label){.kind = LABEL_OWN, .text = "a context variable"});
    }
    else if (is_part_of_mapping(target)) {
        shown->stop = offer(shown->teller, target, (Label){.kind = LABEL_FIELD, .text = "its-variables"});
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
    shown->stop = offer(shown->teller, target,
                        (Label){.kind = LABEL_FIELD, .text = is_map ? "its-variables" : "its-previous-context"});
    return shown->stop;
}

/* Of a Future: what is no field with a getter belongs to its callbacks; of a Task, its context as well. */
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
        shown->stop = offer(shown->teller, target, (Label){.kind = LABEL_DICT});
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
    shown->stop = offer_field(shown->teller, target, text);
    return shown->stop;
}

static int
show_element(PyObject *target, void *arg)
{
    Shown *shown = arg;
    if (PyDict_CheckExact(target)) {
        shown->stop = offer_attribute(shown->teller, target, "attrib");
    }
    else if (PyType_IsSubtype(Py_TYPE(target), Py_TYPE(shown->op))) {
        shown->stop = offer(shown->teller, target, (Label){.kind = LABEL_ITEM, .index = (Py_ssize_t)shown->shown++});
    }
    return shown->stop;
}

/* Of a connection, and of a function of C code that Python code provides: what is no known part is a callback. */
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
    shown->stop = part != NULL ? offer_field(shown->teller, target, part)
                               : offer(shown->teller, target, (Label){.kind = LABEL_OWN, .text = "a callback"});
    return shown->stop;
}

static int
show_queue(PyObject *target, void *arg)
{
    Shown *shown = arg;
    if (target != (PyObject *)Py_TYPE(shown->op)) {
        shown->stop = offer(shown->teller, target, (Label){.kind = LABEL_ELEMENT});
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
    shown->stop = !PyType_Check(target) && offer_field(shown->teller, target, part);
    return shown->stop;
}

static int
show_module(PyObject *target, void *arg)
{
    Shown *shown = arg;
    shown->stop = offer(shown->teller, target, (Label){.kind = LABEL_FIELD, .text = "its-C-state"});
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
read_display(const Teller *teller, PyObject *op, const PyTypeObject *type)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(displays_table) && is_from_c(type); i++) {
        if (is_same_name(displays_table[i].type, type->tp_name)) {
            Shown shown = {.teller = teller, .op = op};
            (void)type->tp_traverse(op, displays_table[i].show, &shown);
            return shown.stop;
        }
    }
    return false;
}

/* ------------------------------------------------------------------- instances */

static bool
read_inline(void *arg, PyObject *name, PyObject *value)
{
    return offer(arg, value, (Label){.kind = LABEL_ATTRIBUTE, .name = name});
}

typedef struct {
    const Teller *teller;
    bool stop;
} Inline;

static bool
read_inline_attribute(void *arg, PyObject *name, PyObject *value)
{
    Inline *found = arg;
    found->stop = read_inline((void *)found->teller, name, value);
    return found->stop;
}

static bool
read_instance(const Teller *teller, PyObject *op)
{
    Inline found = {teller, false};
    internals_inline_attributes(op, read_inline_attribute, &found);
    return found.stop || offer(teller, internals_instance_dict(op), (Label){.kind = LABEL_DICT});
}

static bool
read_by_struct(const Teller *teller, PyObject *op, PyObject *before)
{
    PyTypeObject *type = Py_TYPE(op);
    if (PyTuple_Check(op)) {
        return is_closure_of(op, before) ? read_closure(teller, op, before) : read_tuple(teller, op);
    }
    return PyList_Check(op)                ? read_list(teller, op)
           : PyDict_Check(op)              ? read_dict(teller, op)
           : PyAnySet_Check(op)            ? read_set(teller, op)
           : type == &PyCell_Type          ? read_cell(teller, op)
           : type == &PyFunction_Type      ? read_function(teller, op)
           : type == &PyMethod_Type        ? read_method(teller, op)
           : PyCFunction_Check(op)         ? read_builtin(teller, op)
           : PyWeakref_Check(op)           ? read_weakref(teller, op)
           : PyType_Check(op)              ? read_class(teller, op)
           : PyExceptionInstance_Check(op) ? read_exception(teller, op)
           : type == &PyTraceBack_Type     ? read_traceback(teller, op)
                                           : read_frame(teller, op);
}

static bool
read_by_tables(const Teller *teller, PyObject *op)
{
    bool stop = false;
    for (const PyTypeObject *type = Py_TYPE(op); type != NULL && type != &PyBaseObject_Type && !stop;
         type = type->tp_base) {
        stop = read_fields(teller, op, type);
    }
    stop = stop || read_published(teller, op);
    for (const PyTypeObject *type = Py_TYPE(op); type != NULL && type != &PyBaseObject_Type && !stop;
         type = type->tp_base) {
        stop = read_display(teller, op, type);
    }
    return stop;
}

void
labels_visit(PyObject *op, PyObject *before, LabelVisitor visit, void *arg)
{
    Teller teller = {visit, arg, Py_TYPE(op)};
    (void)(read_by_struct(&teller, op, before) || read_instance(&teller, op) || read_by_tables(&teller, op) ||
           offer_field(&teller, (PyObject *)Py_TYPE(op), "__class__"));
}

/* --------------------------------------------------------------------- finding */

typedef struct {
    PyObject *target;
    size_t skip;
    bool found;
    Label label;
} Search;

static bool
search_label(void *arg, PyObject *target, Label label)
{
    Search *search = arg;
    if (target != search->target || search->skip-- > 0) {
        return false;
    }
    search->found = true;
    search->label = label;
    return true;
}

typedef struct {
    PyObject *target;
    size_t skip;
    Py_ssize_t shown;
} Count;

static int
count_shown(PyObject *target, void *arg)
{
    Count *count = arg;
    count->shown++;
    return target == count->target && count->skip-- == 0;
}

Label
labels_find(PyObject *op, PyObject *before, PyObject *target, size_t nth)
{
    Search search = {.target = target, .skip = nth};
    labels_visit(op, before, search_label, &search);
    if (search.found) {
        return search.label;
    }
    Count count = {.target = target, .skip = nth};
    (void)Py_TYPE(op)->tp_traverse(op, count_shown, &count);
    return (Label){.kind = LABEL_UNNAMED, .index = count.shown, .holder = Py_TYPE(op)};
}

typedef struct {
    PyObject *target;
    Label *labels;
    size_t count; /* that are wanted */
    size_t found; /* so far */
    size_t named;
    Label unnamed; /* index: references shown so far */
} SearchAll;

static bool
search_labels(void *arg, PyObject *target, Label label)
{
    SearchAll *search = arg;
    if (target == search->target) {
        search->labels[search->found++] = label;
    }
    return search->found == search->count;
}

/* A reference that has no name takes the place of the one that tp_traverse shows as late. */
static int
count_unnamed(PyObject *target, void *arg)
{
    SearchAll *search = arg;
    search->unnamed.index++;
    if (target == search->target && search->found++ >= search->named) {
        search->labels[search->found - 1] = search->unnamed;
    }
    return search->found == search->count;
}

void
labels_find_all(PyObject *op, PyObject *target, Label *labels, size_t count)
{
    SearchAll search = {.target = target, .labels = labels, .count = count};
    labels_visit(op, NULL, search_labels, &search);
    if (search.found < count) {
        search.named = search.found;
        search.found = 0;
        search.unnamed = (Label){.kind = LABEL_UNNAMED, .holder = Py_TYPE(op)};
        (void)Py_TYPE(op)->tp_traverse(op, count_unnamed, &search);
        search.found = search.found > search.named ? search.found : search.named;
    }
    while (search.found < count) { /* a tp_traverse that shows less than it did before */
        labels[search.found++] = search.unnamed;
    }
}

/* ------------------------------------------------------------------------ telling */

static const char *const label_words[] = {
    [LABEL_UNNAMED] = "unnamed", [LABEL_ATTRIBUTE] = "attribute", [LABEL_FIELD] = "field",
    [LABEL_DICT] = "dict",       [LABEL_ITEM] = "item",           [LABEL_VALUE] = "value",
    [LABEL_KEY] = "key",         [LABEL_ELEMENT] = "element",     [LABEL_LOCAL] = "local",
    [LABEL_CELL] = "cell",       [LABEL_VARIABLE] = "variable",   [LABEL_STACK] = "stack",
    [LABEL_OWN] = "own",
};

const char *
labels_word(LabelKind kind)
{
    return label_words[kind];
}

/* FNV-1a (Fowler, Noll, Vo), a character at a time. Python's own hash of a str differs from process to process. */
static uint64_t
mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * UINT64_C(0x100000001B3);
}

static uint64_t
mix_name(uint64_t hash, PyObject *name)
{
    if (name != NULL && PyUnicode_Check(name)) {
        int kind = (int)PyUnicode_KIND(name);
        const void *data = PyUnicode_DATA(name);
        for (Py_ssize_t i = 0; i < PyUnicode_GET_LENGTH(name); i++) {
            hash = mix(hash, PyUnicode_READ(kind, data, i));
        }
    }
    return hash;
}

uint64_t
labels_hash(const Label *label)
{
    uint64_t hash = mix(UINT64_C(0xCBF29CE484222325), (uint64_t)label->kind);
    if (label->kind == LABEL_UNNAMED) {
        hash = mix(hash, (uint64_t)label->index);
    }
    bool is_of_table = label->kind != LABEL_OWN; /* a name in a table ends at a space */
    for (const char *c = label->text; c != NULL && *c != '\0' && !(is_of_table && *c == ' '); c++) {
        hash = mix(hash, (unsigned char)*c);
    }
    return mix_name(hash, label->name);
}

/* New reference: [text] of a type's own tp_repr. Not PyObject_Repr, nor %R: these let signal handlers run first, and up to
   3.12 a collection that is due. */
static PyObject *
bracketed_repr(PyObject *key, const PyTypeObject *type)
{
    PyObject *repr = type->tp_repr(key);
    PyObject *text = repr != NULL ? PyUnicode_FromFormat("[%U]", repr) : NULL;
    Py_XDECREF(repr);
    return text;
}

static PyObject *
bracketed_type(PyTypeObject *type)
{
    PyObject *name = name_of_type(type);
    PyObject *text = name != NULL ? PyUnicode_FromFormat("[<%U>]", name) : NULL;
    Py_XDECREF(name);
    return text;
}

/* New reference: a str between [ and ], in quotes; a subclass's own repr is not asked. */
static PyObject *
quoted_text(PyObject *name)
{
    PyObject *exact = PyUnicode_FromObject(name);
    PyObject *text = exact != NULL ? bracketed_repr(exact, &PyUnicode_Type) : NULL;
    Py_XDECREF(exact);
    return text;
}

/* New reference: an attribute as one would type it. */
static PyObject *
attribute_text(PyObject *name)
{
    if (PyUnicode_IsIdentifier(name)) {
        return PyUnicode_FromFormat(".%U", name);
    }
    PyObject *quoted = quoted_text(name);
    PyObject *text = quoted != NULL ? PyUnicode_FromFormat(".__dict__%U", quoted) : NULL;
    Py_XDECREF(quoted);
    return text;
}

/* New reference: a key as one would type it, where that runs no Python code. */
static PyObject *
key_text(PyObject *key, bool canonical)
{
    if (PyUnicode_Check(key)) {
        return quoted_text(key);
    }
    if (canonical) {
        return PyUnicode_FromString("[*]");
    }
    if (PyLong_CheckExact(key)) { /* its tp_repr looks for signals, too, once for each digit */
        int is_long = 0;
        long long number = PyLong_AsLongLongAndOverflow(key, &is_long);
        return is_long == 0 ? PyUnicode_FromFormat("[%lld]", number) : bracketed_type(Py_TYPE(key));
    }
    if (PyBool_Check(key) || Py_IsNone(key) || PyFloat_CheckExact(key)) {
        return bracketed_repr(key, Py_TYPE(key));
    }
    return bracketed_type(Py_TYPE(key));
}

/* New reference: a name of a table, up to the next space, as an attribute; or in words where it begins with "its-". */
static PyObject *
table_text(const char *text)
{
    Py_ssize_t length = (Py_ssize_t)strcspn(text, " ");
    if (strncmp(text, "its-", 4) != 0) { /* the name of a slot may have any letters in it */
        PyObject *name = PyUnicode_DecodeUTF8(text, length, "replace");
        PyObject *attribute = name != NULL ? PyUnicode_FromFormat(".%U", name) : NULL;
        Py_XDECREF(name);
        return attribute;
    }
    PyObject *words = PyUnicode_New(length, 127);
    for (Py_ssize_t i = 0; i < length && words != NULL; i++) {
        PyUnicode_1BYTE_DATA(words)[i] = text[i] == '-' ? ' ' : (Py_UCS1)text[i];
    }
    return words;
}

static PyObject *
unnamed_text(const Label *label)
{
    Py_ssize_t n = label->index;
    bool is_teen = n % 100 >= 11 && n % 100 <= 13;
    const char *ending = is_teen ? "th" : n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
    PyObject *type = name_of_type(label->holder);
    const char *article = type != NULL && PyUnicode_GET_LENGTH(type) > 0 &&
                                  strchr("aeioux", (int)PyUnicode_READ_CHAR(type, 0) | 0x20) != NULL
                              ? "an"
                              : "a";
    PyObject *text = type != NULL ? PyUnicode_FromFormat("%zd%s reference of %s %U", n, ending, article, type) : NULL;
    Py_XDECREF(type);
    return text;
}

PyObject *
labels_text(const Label *label, bool canonical)
{
    switch (label->kind) {
    case LABEL_ATTRIBUTE:
        return label->name != NULL ? attribute_text(label->name) : table_text(label->text);
    case LABEL_FIELD:
        return table_text(label->text);
    case LABEL_DICT:
        return PyUnicode_FromString(".__dict__");
    case LABEL_ITEM:
        return canonical ? PyUnicode_FromString("[*]") : PyUnicode_FromFormat("[%zd]", label->index);
    case LABEL_VALUE:
        return key_text(label->name, canonical);
    case LABEL_KEY:
        return PyUnicode_FromString("a key");
    case LABEL_ELEMENT:
        return PyUnicode_FromString("an element");
    case LABEL_LOCAL:
        return PyUnicode_FromFormat("local %U", label->name);
    case LABEL_CELL:
        return PyUnicode_FromString(".cell_contents");
    case LABEL_VARIABLE:
        return PyUnicode_FromFormat("cell %U", label->name);
    case LABEL_STACK:
        return PyUnicode_FromString("evaluation stack");
    case LABEL_OWN:
        return PyUnicode_FromString(label->text);
    case LABEL_UNNAMED:
        return unnamed_text(label);
    }
    Py_UNREACHABLE();
}
