#include "labels/fold.h"

#include "base/hash.h"
#include "labels/private_types.h"

enum { MARK_DICT = 1, MARK_BEGIN = 2, MARK_MAPPING = 3 };

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

FoldStep
fold_next(Fold *fold, const Label *label)
{
    FoldStep step = {.part = *label, .has_part = true, .has_dict = fold->is_dict};
    bool is_named_value = label->kind == LABEL_VALUE && fold->is_dict;
    if (label->kind == LABEL_VARIABLE) {
        *fold = (Fold){.is_variable = true};
        step.is_alone = true;
        step.has_dict = false;
    }
    else if (label->kind == LABEL_CELL && fold->is_variable) {
        step.has_part = step.has_dict = false;
    }
    else if (is_named_value && is_identifier(label->name)) {
        step.part = (Label){.kind = LABEL_ATTRIBUTE, .name = label->name, .holder = label->holder};
        step.has_dict = false;
    }
    else if (label->kind == LABEL_ATTRIBUTE && label->name != NULL && !is_identifier(label->name)) {
        step.part.kind = LABEL_VALUE; /* as it is in a __dict__ */
        step.has_dict = true;
    }
    else if (label->kind == LABEL_DICT || fold_is_inside_mapping(label) ||
             (fold->is_chain && is_of_chain(label))) {
        step.has_part = false;
    }
    else if (!fold->has_part) {
        fold->is_variable = label->kind == LABEL_LOCAL;
    }
    fold->has_part |= step.has_part || step.has_dict;
    fold->is_dict = label->kind == LABEL_DICT;
    fold->is_chain = is_of_chain(label);
    fold->is_mapping = fold_is_inside_mapping(label);
    return step;
}

void
fold_hash_add(FoldHash *folded, const Label *label)
{
    FoldStep step = fold_next(&folded->fold, label);
    if (step.is_alone) {
        folded->hash = 0;
    }
    if (step.has_dict) {
        folded->hash = hash_mix(folded->hash, MARK_DICT);
    }
    if (step.has_part) {
        folded->hash = hash_mix(folded->hash, edge_label_hash(&step.part));
    }
}

uint64_t
fold_hash_of(const FoldHash *folded)
{
    const Fold *fold = &folded->fold;
    uint64_t mark = fold->is_dict ? MARK_DICT : fold->is_mapping ? MARK_MAPPING : 0;
    return hash_mix(MARK_BEGIN, mark != 0 ? hash_mix(folded->hash, mark) : folded->hash);
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
        if (step.has_dict) {
            text = joined(text, PyUnicode_FromString(".__dict__"));
        }
        if (step.has_part) {
            text = joined(text, edge_label_text(&step.part, canonical));
        }
    }
    const char *end = fold.is_dict ? ".__dict__" : fold.is_mapping ? "its variables" : NULL;
    return end != NULL ? joined(text, PyUnicode_FromString(end)) : text;
}
