/* hash: numbers that stand for names and for sequences of numbers, the same in every process.

   Names are hashed by FNV-1a (Fowler, Noll and Vo), a character at a time: Python's own hash of a
   str differs from process to process. What is hashed already is mixed by the finalizer of
   MurmurHash3 (Austin Appleby), so that the order of the parts counts. */

#ifndef GCSCOPE_HASH_H
#define GCSCOPE_HASH_H

#include "base/compat.h"

#define HASH_OF_NOTHING UINT64_C(0xCBF29CE484222325)

/* Hash one more character. */
static inline uint64_t
hash_character(uint64_t hash, uint64_t character)
{
    return (hash ^ character) * UINT64_C(0x100000001B3);
}

/* Hash the bytes of a text. */
static inline uint64_t
hash_bytes(uint64_t hash, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        hash = hash_character(hash, (unsigned char)text[i]);
    }
    return hash;
}

/* Hash a str (borrowed). */
static inline uint64_t
hash_str(uint64_t hash, PyObject *text)
{
    int kind = (int)PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    for (Py_ssize_t i = 0; i < PyUnicode_GET_LENGTH(text); i++) {
        hash = hash_character(hash, PyUnicode_READ(kind, data, i));
    }
    return hash;
}

/* Mix a hash into another one. */
static inline uint64_t
hash_mix(uint64_t hash, uint64_t value)
{
    hash ^= value + UINT64_C(0x9E3779B97F4A7C15) + (hash << 6);
    hash = (hash ^ hash >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
    hash = (hash ^ hash >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
    return hash ^ hash >> 33;
}

#endif
