/* rotation: where the smallest rotation of a sequence begins, so that a ring has one spelling
   wherever one begins to read it. It knows no Python.

   Two candidates are compared; the one that loses is advanced past what was compared, so that 2n
   comparisons are enough (Shiloach, "Fast canonization of circular strings", Journal of Algorithms
   2, 1981). */

#ifndef GCSCOPE_ROTATION_H
#define GCSCOPE_ROTATION_H

#include "base/compat.h"

static inline size_t
rotation_smallest(const uint64_t *keys, size_t n)
{
    size_t a = 0, b = 1, same = 0;
    while (a < n && b < n && same < n) {
        uint64_t x = keys[(a + same) % n], y = keys[(b + same) % n];
        if (x == y) {
            same++;
            continue;
        }
        size_t *loser = x > y ? &a : &b;
        *loser += same + 1;
        b += a == b;
        same = 0;
    }
    return a < b ? a : b;
}

#endif
