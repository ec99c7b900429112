#include "labels/struct_words.h"

enum { WORD = sizeof(PyObject *), WORDS_NOTED = 8 * sizeof(NamedWords) };

void
struct_words_note(NamedWords *named, const Label *label)
{
    bool is_placed = label->kind == LABEL_ATTRIBUTE || label->kind == LABEL_FIELD;
    size_t word = (size_t)label->index / WORD;
    if (is_placed && label->index > 0 && word < WORDS_NOTED) {
        *named |= (NamedWords)1 << word;
    }
}

/* Where the struct of op ends. Of a type that the collector does not know an instance may be
   shorter than that says; so may a static type be, which is an instance of `type` all the same. */
static size_t
struct_end(PyObject *op)
{
    bool is_whole = PyType_IS_GC(Py_TYPE(op)) && !PyType_Check(op);
    return is_whole ? (size_t)Py_TYPE(op)->tp_basicsize : 0;
}

static bool
has_name(PyObject *op, NamedWords named, size_t offset)
{
    bool is_noted = offset / WORD < WORDS_NOTED && (named >> offset / WORD & 1) != 0;
    return is_noted || (Py_ssize_t)offset == Py_TYPE(op)->tp_weaklistoffset ||
           (Py_ssize_t)offset == Py_TYPE(op)->tp_dictoffset;
}

Label
struct_words_label(PyObject *op, PyObject *target, NamedWords named, size_t nth, Py_ssize_t shown)
{
    size_t end = struct_end(op);
    for (size_t offset = sizeof(PyObject); offset + WORD <= end; offset += WORD) {
        PyObject *word;
        memcpy(&word, (const char *)op + offset, WORD);
        if (word == target && !has_name(op, named, offset) && nth-- == 0) {
            return (Label){.kind = LABEL_BYTE, .index = (Py_ssize_t)offset, .holder = Py_TYPE(op)};
        }
    }
    return (Label){.kind = LABEL_UNNAMED, .index = shown, .holder = Py_TYPE(op)};
}
