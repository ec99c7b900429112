#include "labels/edge_label.h"

#include "base/hash.h"
#include "base/typename.h"
#include "heap/known.h"
#include "labels/published.h"

/* --------------------------------------------------------------------- finding */

typedef struct {
    PyObject *target;
    Label *labels; /* of the references number first .. end - 1 to the target */
    size_t first, end;
    size_t seen;  /* references to the target so far: by name, then by tp_traverse */
    size_t named; /* how many have a name */
    NamedWords words;
    PyObject *op;
    Py_ssize_t shown; /* all references that tp_traverse has shown so far */
} LabelSearch;

/* Return true to stop. */
static bool
note_label(LabelSearch *search, Label label)
{
    size_t nth = search->seen++;
    if (nth >= search->first && nth < search->end) {
        search->labels[nth - search->first] = label;
    }
    return search->seen >= search->end;
}

static bool
visit_named(void *arg, PyObject *target, Label label)
{
    LabelSearch *search = arg;
    struct_words_note(&search->words, &label);
    return target == search->target && note_label(search, label);
}

static bool
note_unnamed(LabelSearch *search)
{
    return note_label(search, struct_words_label(search->op, search->target, search->words,
                                                 search->seen - search->named, search->shown));
}

/* A reference that has no name takes the place of the one that tp_traverse shows as late. */
static int
visit_shown(PyObject *target, void *arg)
{
    LabelSearch *search = arg;
    search->shown++;
    if (target != search->target) {
        return 0;
    }
    if (search->seen < search->named) {
        search->seen++;
        return 0;
    }
    return note_unnamed(search);
}

static void
find_labels(LabelSearch *search, PyObject *op, PyObject *before)
{
    referents_visit(op, before, visit_named, search);
    if (search->seen >= search->end) {
        return;
    }
    search->named = search->seen;
    search->seen = 0;
    search->op = op;
    traverseproc traverse = known_traverse_of(op);
    if (traverse != NULL) {
        (void)traverse(op, visit_shown, search);
    }
    search->seen = search->seen > search->named ? search->seen : search->named;
    while (search->seen < search->end) { /* a tp_traverse that shows fewer than count */
        (void)note_unnamed(search);
    }
}

Label
edge_label_find(PyObject *op, PyObject *before, PyObject *target, size_t nth)
{
    Label label;
    LabelSearch search = {.target = target, .labels = &label, .first = nth, .end = nth + 1};
    find_labels(&search, op, before);
    return label;
}

void
edge_label_find_all(PyObject *op, PyObject *target, Label *labels, size_t count)
{
    LabelSearch search = {.target = target, .labels = labels, .end = count};
    find_labels(&search, op, NULL);
}

/* ----------------------------------------------------------------- words and numbers */

static const char *const label_words[] = {
    [LABEL_UNNAMED] = "unnamed", [LABEL_BYTE] = "unnamed", [LABEL_ATTRIBUTE] = "attribute",
    [LABEL_FIELD] = "field",     [LABEL_DICT] = "dict",    [LABEL_ITEM] = "item",
    [LABEL_VALUE] = "value",     [LABEL_KEY] = "key",      [LABEL_ELEMENT] = "element",
    [LABEL_LOCAL] = "local",     [LABEL_CELL] = "cell",    [LABEL_VARIABLE] = "variable",
    [LABEL_STACK] = "stack",     [LABEL_OWN] = "own",
};

const char *
edge_label_kind(LabelKind kind)
{
    return label_words[kind];
}

/* Borrowed or NULL: the name of a context variable. */
static PyObject *
variable_name(PyObject *op)
{
    PyObject *name = PyContextVar_CheckExact(op) ? published_member(op, "name") : NULL;
    return name != NULL && PyUnicode_Check(name) ? name : NULL;
}

PyObject *
edge_label_name(const Label *label)
{
    return label->name == NULL || PyUnicode_Check(label->name) ? label->name
                                                               : variable_name(label->name);
}

uint64_t
edge_label_hash(const Label *label)
{
    uint64_t hash = hash_character(HASH_OF_NOTHING, (uint64_t)label->kind);
    if (label_is_last_resort(label)) {
        hash = hash_character(hash, (uint64_t)label->index);
    }
    if (label->text != NULL) { /* a name of a table ends at a space */
        bool is_of_table = label->kind != LABEL_OWN;
        size_t length = is_of_table ? strcspn(label->text, " ") : strlen(label->text);
        hash = hash_bytes(hash, label->text, length);
    }
    PyObject *name = edge_label_name(label);
    return name != NULL ? hash_str(hash, name) : hash;
}

/* New reference: [text] of a type's own tp_repr. Not PyObject_Repr, nor %R: these let signal
   handlers run first, and up to 3.12 a collection that is due. */
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
    PyObject *name = typename_of(type);
    PyObject *text = name != NULL ? PyUnicode_FromFormat("[<%U>]", name) : NULL;
    Py_XDECREF(name);
    return text;
}

PyObject *
edge_label_quoted(PyObject *name)
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
    PyObject *quoted = edge_label_quoted(name);
    PyObject *text = quoted != NULL ? PyUnicode_FromFormat(".__dict__%U", quoted) : NULL;
    Py_XDECREF(quoted);
    return text;
}

/* New reference: a context variable by its name, as a key. */
static PyObject *
variable_text(PyObject *name)
{
    PyObject *exact = PyUnicode_FromObject(name);
    PyObject *repr = exact != NULL ? PyUnicode_Type.tp_repr(exact) : NULL;
    PyObject *text = repr != NULL ? PyUnicode_FromFormat("[ContextVar %U]", repr) : NULL;
    Py_XDECREF(exact);
    Py_XDECREF(repr);
    return text;
}

/* New reference: a weak reference by the type of what it refers to, as a key. */
static PyObject *
weakref_text(PyObject *key)
{
    PyObject *referent = ((PyWeakReference *)key)->wr_object; /* borrowed; None when it is dead */
    if (referent == NULL || Py_IsNone(referent)) {
        return PyUnicode_FromString("[<dead weakref>]");
    }
    PyObject *name = typename_of(Py_TYPE(referent));
    PyObject *text = name != NULL ? PyUnicode_FromFormat("[<weakref to %U>]", name) : NULL;
    Py_XDECREF(name);
    return text;
}

/* New reference: an int as a key; one of 2^32 and more is an id or a time, another one on each
   run. So may be a smaller one that is aligned as objects are: a Python that is no
   position-independent executable, as Debian's, has its heap behind its own code, which lies
   from 4 MiB on. */
static PyObject *
number_text(PyObject *key)
{
    int is_long = 0; /* its tp_repr looks for signals, too, once for each digit */
    long long number = PyLong_AsLongLongAndOverflow(key, &is_long), most = (long long)1 << 32;
    bool is_address = number >= (long long)1 << 22 && number % (2 * (int)sizeof(void *)) == 0;
    bool is_told = is_long == 0 && number < most && number > -most && !is_address;
    return is_told ? PyUnicode_FromFormat("[%lld]", number) : PyUnicode_FromString("[*]");
}

/* New reference: a key as one would type it, where that runs no Python code. */
static PyObject *
key_text(PyObject *key, bool canonical)
{
    PyObject *variable = variable_name(key);
    if (PyUnicode_Check(key)) {
        return edge_label_quoted(key);
    }
    if (variable != NULL) {
        return variable_text(variable);
    }
    if (canonical) {
        return PyUnicode_FromString("[*]");
    }
    if (PyWeakref_Check(key)) {
        return weakref_text(key);
    }
    if (PyLong_CheckExact(key)) {
        return number_text(key);
    }
    if (PyBool_Check(key) || Py_IsNone(key) || PyFloat_CheckExact(key)) {
        return bracketed_repr(key, Py_TYPE(key));
    }
    return bracketed_type(Py_TYPE(key));
}

/* New reference: a name of a table, up to the next space, as an attribute; or in words where it
   begins with "its-". */
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
    const char *ending = is_teen       ? "th"
                         : n % 10 == 1 ? "st"
                         : n % 10 == 2 ? "nd"
                         : n % 10 == 3 ? "rd"
                                       : "th";
    PyObject *type = typename_of(label->holder);
    PyObject *text =
        type != NULL ? PyUnicode_FromFormat("%zd%s reference of the %U", n, ending, type) : NULL;
    Py_XDECREF(type);
    return text;
}

static PyObject *
byte_text(const Label *label)
{
    PyObject *type = typename_of(label->holder);
    PyObject *text =
        type != NULL ? PyUnicode_FromFormat("byte %zd of a %U", label->index, type) : NULL;
    Py_XDECREF(type);
    return text;
}

PyObject *
edge_label_text(const Label *label, bool canonical)
{
    switch (label->kind) {
    case LABEL_ATTRIBUTE:
        return label->name != NULL ? attribute_text(label->name) : table_text(label->text);
    case LABEL_FIELD:
        return table_text(label->text);
    case LABEL_DICT:
        return PyUnicode_FromString(".__dict__");
    case LABEL_ITEM:
        return canonical || label->index < 0 ? PyUnicode_FromString("[*]")
                                             : PyUnicode_FromFormat("[%zd]", label->index);
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
    case LABEL_BYTE:
        return byte_text(label);
    case LABEL_UNNAMED:
        return unnamed_text(label);
    }
    Py_UNREACHABLE();
}

bool
edge_label_is_canonical(const Label *label)
{
    bool is_key = label->kind == LABEL_VALUE;
    return label->kind != LABEL_ITEM && label->kind != LABEL_UNNAMED &&
           (!is_key || PyUnicode_Check(label->name));
}
