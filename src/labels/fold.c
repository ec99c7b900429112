#include "labels/fold.h"

#include "base/hash.h"
#include "labels/private_types.h"

enum { MARK_BEGIN = 2 }; /* no FoldInto */

static const char *const into_words[] = {
    [FOLD_INTO_DICT] = ".__dict__",
    [FOLD_INTO_MAPPING] = "its variables",
    [FOLD_INTO_CACHE] = "its cache",
    [FOLD_INTO_THREADS] = "its dicts by thread",
};

static bool
is_identifier(PyObject *name)
{
    return name != NULL && PyUnicode_Check(name) && PyUnicode_IsIdentifier(name) > 0;
}

static bool
is_field(const Label *label, const char *text)
{
    size_t length = strlen(text);
    return label->kind == LABEL_FIELD && label->text != NULL &&
           strncmp(label->text, text, length) == 0 &&
           (label->text[length] == '\0' || label->text[length] == ' ');
}

bool
fold_is_inside_mapping(const Label *label)
{
    return is_field(label, PRIVATE_TYPES_MAPPING);
}

/* Whether it leads from one link of a chain to the next: how many there are says nothing. */
static bool
is_of_chain(const Label *label)
{
    return is_field(label, "tb_next");
}

static FoldInto
into_what(const Fold *fold, const Label *label)
{
    bool is_dict = label->kind == LABEL_DICT ||
                   (fold->into == FOLD_INTO_THREADS && label->kind == LABEL_VALUE);
    return is_dict                                  ? FOLD_INTO_DICT
           : fold_is_inside_mapping(label)          ? FOLD_INTO_MAPPING
           : is_field(label, "its-cache")           ? FOLD_INTO_CACHE
           : is_field(label, "its-dicts-by-thread") ? FOLD_INTO_THREADS
                                                    : FOLD_INTO_NOTHING;
}

/* A reference out of a dict or mapping, where it can be told without a word for that. Return
   whether it can. */
static bool
tell_alone(FoldStep *step, FoldInto into, const Label *label)
{
    bool is_value = label->kind == LABEL_VALUE;
    switch (into) {
    case FOLD_INTO_DICT:
        if (!is_value || !is_identifier(label->name)) {
            return false;
        }
        step->part = (Label){.kind = LABEL_ATTRIBUTE, .name = label->name, .holder = label->holder};
        return true;
    case FOLD_INTO_THREADS:
        return is_value; /* into the dict of a thread */
    case FOLD_INTO_CACHE:
        if (!is_value && label->kind != LABEL_KEY) {
            return false;
        }
        step->part = (Label){.kind = LABEL_OWN,
                             .text = is_value ? "a cached result" : "a cached key",
                             .holder = label->holder};
        return true;
    default:
        return true;
    }
}

FoldStep
fold_next(Fold *fold, const Label *label)
{
    FoldInto into = into_what(fold, label);
    FoldStep step = {.part = *label, .has_part = into == FOLD_INTO_NOTHING};
    if (label->kind == LABEL_VARIABLE) {
        *fold = (Fold){.is_variable = true};
        step.is_alone = true;
    }
    else if (label->kind == LABEL_CELL && fold->is_variable) {
        step.has_part = false;
    }
    else if (fold->into != FOLD_INTO_NOTHING && !tell_alone(&step, fold->into, label)) {
        step.before = fold->into;
    }
    else if (label->kind == LABEL_ATTRIBUTE && label->name != NULL && !is_identifier(label->name)) {
        step.part.kind = LABEL_VALUE; /* as it is in a __dict__ */
        step.before = FOLD_INTO_DICT;
    }
    else if (fold->is_chain && is_of_chain(label)) {
        step.has_part = false;
    }
    else if (!fold->has_part) {
        fold->is_variable = label->kind == LABEL_LOCAL;
    }
    fold->has_part |= step.has_part || step.before != FOLD_INTO_NOTHING;
    fold->into = into;
    fold->is_chain = is_of_chain(label);
    return step;
}

void
fold_hash_add(FoldHash *folded, const Label *label)
{
    FoldStep step = fold_next(&folded->fold, label);
    if (step.is_alone) {
        folded->hash = 0;
    }
    if (step.before != FOLD_INTO_NOTHING) {
        folded->hash = hash_mix(folded->hash, step.before);
    }
    if (step.has_part) {
        folded->hash = hash_mix(folded->hash, edge_label_hash(&step.part));
    }
}

uint64_t
fold_hash_of(const FoldHash *folded)
{
    FoldInto into = folded->fold.into;
    uint64_t hash = into != FOLD_INTO_NOTHING ? hash_mix(folded->hash, into) : folded->hash;
    return hash_mix(MARK_BEGIN, hash);
}

/* ------------------------------------------------------------------------- text */

/* Put `part` (given up) behind `text` (given up). New reference; NULL with an exception. */
static PyObject *
joined(PyObject *text, PyObject *part)
{
    PyObject *both = NULL;
    if (text != NULL && part != NULL && PyUnicode_GET_LENGTH(text) == 0) {
        both = Py_NewRef(part);
    }
    else if (text != NULL && part != NULL) {
        Py_UCS4 first = PyUnicode_GET_LENGTH(part) != 0 ? PyUnicode_READ_CHAR(part, 0) : '.';
        bool is_close = first == '.' || first == '[';
        both = PyUnicode_FromFormat(is_close ? "%U%U" : "%U (%U)", text, part);
    }
    Py_XDECREF(text);
    Py_XDECREF(part);
    return both;
}

PyObject *
fold_text(const Label *labels, size_t count, bool canonical)
{
    Fold fold = {0};
    PyObject *text = PyUnicode_New(0, 127);
    for (size_t l = 0; l < count && text != NULL; l++) {
        FoldStep step = fold_next(&fold, &labels[l]);
        if (step.is_alone) {
            Py_SETREF(text, PyUnicode_New(0, 127));
        }
        if (step.before != FOLD_INTO_NOTHING) {
            text = joined(text, PyUnicode_FromString(into_words[step.before]));
        }
        if (step.has_part) {
            text = joined(text, edge_label_text(&step.part, canonical));
        }
    }
    return fold.into != FOLD_INTO_NOTHING
               ? joined(text, PyUnicode_FromString(into_words[fold.into]))
               : text;
}
