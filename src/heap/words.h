/* words: the references in an object's own struct that its tp_traverse does not show.

   A struct is a row of words; each word that is the address of a known object, and that tp_traverse
   does not account for, may be a reference that its type keeps from the collector:

       offset   0         8        16     24       32      40
       word     refcount  type     a      number   b       c
       known    -         -        yes    no       yes     yes
       shown    -         -        a      -        b       -      -> byte 40 is hidden

   It may also be borrowed: a word does not say whether it owns. Who asks must compare with the
   reference counts (query/evidence.h).

   Words are compared, and never followed, but where they are addresses of known objects. Nothing
   behind the end of the struct is read. */

#ifndef GCSCOPE_WORDS_H
#define GCSCOPE_WORDS_H

#include "heap/addrmap.h"

/* No program reaches such a count, but an object that is to last may be given it: up to 3.11 those
   that are compiled into the interpreter have it. */
enum { WORDS_MOST_COUNTED = 1 << 28 };

typedef struct {
    PyObject *target; /* borrowed */
    size_t offset;    /* where it stands in the struct, in bytes */
    bool is_shown;    /* while words_read is at work */
} HiddenWord;

typedef struct {
    Memory *memory;
    const AddrMap *known; /* borrowed: the objects whose addresses count */
    AddrCursor cursor;
    bool with_atoms;       /* count those as well */
    bool beyond;           /* what known_visit_beyond shows is no more hidden than the rest */
    VEC(HiddenWord) found; /* what the last words_read has found, by offset */
} Words;

void words_init(Words *words, Memory *memory, const AddrMap *known);
void words_fini(Words *words);

/* Find the hidden words of an object: words->found, which the next call replaces. Those that are no
   evidence are left out: to itself, to immortal objects, static types and atoms, and the list of
   weak references. 0; -1: out of memory. */
int words_read(Words *words, PyObject *op);

/* Whether a word of op's struct is the address of an object, hidden or not. */
bool words_have(PyObject *op, const PyObject *target);

/* Whether an object owns its type, one that was made at run time, and does not show it. */
bool words_hides_type(PyObject *op);

/* Bytes of op's own struct, from its address on, that may be read. */
size_t words_extent(PyObject *op);

/* Whether an object is an exact str, int, bytes ... or None: it refers to nothing, and the
   interpreter keeps such for itself everywhere. */
bool words_is_atom(PyObject *op);

#endif
