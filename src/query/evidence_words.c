/* evidence_words.c: words of C structs.

   One word says little: it may be borrowed, as a pointer to a parent is. But what one word of a
   type is, all are. So the same word of every object of that type is looked at: if it owns, each
   lets the account of what it leads to be at least as large as the number of such words that lead
   there. One that does not shows that the type only borrows.

       x.Reader   byte 40 -> a method, of which 1 reference is unexplained      agrees
       x.Reader   byte 40 -> a function, of which 1 is                          agrees: it owns
       x.Child    byte 16 -> a parent, all of whose references are shown        it borrows */

#include "heap/words.h"
#include "query/evidence.h"

#include <structmember.h> /* PyMemberDef, which Python.h has since 3.12 only */

enum { MOST_WORDS = 64 }; /* that are the same in one type; more of them are not looked at */

/* A word of all objects of a type. */
typedef struct {
    PyTypeObject *type; /* borrowed */
    size_t offset;
} WordKind;

typedef struct {
    Evidence *evidence;
    Words words;
    VEC(WordKind) kinds;  /* that lead to the object in question */
    VEC(int32_t) claimed; /* node -> words of the kind in question that lead to it */
    VEC(NodeId) met;      /* nodes with a number in `claimed` */
} WordSearch;

/* 0 or -1: out of memory. */
static int
enter_kind(WordSearch *search, WordKind kind)
{
    for (size_t k = 0; k < search->kinds.length; k++) {
        const WordKind *known = &search->kinds.items[k];
        if (known->type == kind.type && known->offset == kind.offset) {
            return 0;
        }
    }
    return search->kinds.length < MOST_WORDS
               ? vec_push(search->evidence->memory, &search->kinds, kind)
               : 0;
}

/* Find the words that lead to the object. 0 or -1: out of memory. */
static int
find_kinds(WordSearch *search)
{
    const Heap *heap = search->evidence->heap;
    PyObject *target = search->evidence->target;
    for (size_t n = 0; n < heap->count; n++) {
        PyObject *op = heap->objects.items[n];
        if (!words_have(op, target)) {
            continue;
        }
        if (words_read(&search->words, op) < 0) {
            return -1;
        }
        for (size_t w = 0; w < search->words.found.length; w++) {
            const HiddenWord *word = &search->words.found.items[w];
            if (word->target == target &&
                enter_kind(search, (WordKind){Py_TYPE(op), word->offset}) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* What the word of that kind in an object leads to, or NULL where it is shown or no known object.
   *failed: out of memory. */
static PyObject *
word_of_kind(WordSearch *search, const WordKind *kind, PyObject *op, bool *failed)
{
    if (Py_TYPE(op) != kind->type) {
        return NULL;
    }
    if (words_read(&search->words, op) < 0) {
        *failed = true;
        return NULL;
    }
    for (size_t w = 0; w < search->words.found.length; w++) {
        if (search->words.found.items[w].offset == kind->offset) {
            return search->words.found.items[w].target;
        }
    }
    return NULL;
}

/* Whether the accounts agree with that the words of a kind own; how many were looked at is then in
   *instances. */
static bool
agrees(WordSearch *search, const WordKind *kind, size_t *instances)
{
    Evidence *evidence = search->evidence;
    bool agreed = true;
    *instances = 0;
    search->met.length = 0;
    for (size_t n = 0; n < evidence->heap->count && agreed && !evidence->failed; n++) {
        PyObject *op = evidence->heap->objects.items[n];
        PyObject *target = word_of_kind(search, kind, op, &evidence->failed);
        NodeId node;
        if (target != NULL && addrmap_find(&evidence->heap->map, target, &node)) {
            evidence->failed |= vec_push(evidence->memory, &search->met, node) < 0;
            agreed = ++search->claimed.items[node] <= evidence->left.items[node];
            ++*instances;
        }
    }
    for (size_t m = 0; m < search->met.length; m++) {
        search->claimed.items[search->met.items[m]] = 0;
    }
    return agreed && !evidence->failed;
}

/* The name of the member of the struct that stands there, or NULL. */
static const char *
member_name(const PyTypeObject *type, size_t offset)
{
    for (; type != NULL; type = type->tp_base) {
        const PyMemberDef *member = type->tp_members;
        for (; member != NULL && member->name != NULL; member++) {
            if (member->offset == (Py_ssize_t)offset) {
                return member->name;
            }
        }
    }
    return NULL;
}

static void
claim_kind(WordSearch *search, const WordKind *kind, size_t instances)
{
    Evidence *evidence = search->evidence;
    for (size_t n = 0; n < evidence->heap->count && !evidence->failed; n++) {
        PyObject *op = evidence->heap->objects.items[n];
        if (word_of_kind(search, kind, op, &evidence->failed) == evidence->target) {
            Claim claim = {.kind = CLAIM_MEMORY,
                           .holder = op,
                           .name = member_name(kind->type, kind->offset),
                           .place = kind->offset,
                           .instances = instances};
            evidence_claim(evidence, evidence->target, &claim);
        }
    }
}

/* All kinds are judged before any claims: which of them came first says nothing. 0 or -1: out of
   memory. */
static int
judge_kinds(WordSearch *search)
{
    Evidence *evidence = search->evidence;
    size_t instances[MOST_WORDS] = {0};
    if (vec_zeros(evidence->memory, &search->claimed, evidence->heap->count) < 0) {
        return -1;
    }
    for (size_t k = 0; k < search->kinds.length; k++) {
        if (!agrees(search, &search->kinds.items[k], &instances[k])) {
            instances[k] = 0;
        }
    }
    for (size_t k = 0; k < search->kinds.length; k++) {
        if (instances[k] != 0) {
            claim_kind(search, &search->kinds.items[k], instances[k]);
        }
    }
    return 0;
}

void
evidence_from_words(Evidence *evidence)
{
    WordSearch search = {.evidence = evidence};
    words_init(&search.words, evidence->memory, &evidence->heap->map);
    search.words.beyond = true;
    search.words.with_atoms = words_is_atom(evidence->target);
    evidence->failed |=
        find_kinds(&search) < 0 || (search.kinds.length != 0 && judge_kinds(&search) < 0);
    words_fini(&search.words);
    vec_fini(evidence->memory, &search.kinds);
    vec_fini(evidence->memory, &search.claimed);
    vec_fini(evidence->memory, &search.met);
}
