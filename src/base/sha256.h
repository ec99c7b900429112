/* sha256: the Secure Hash Algorithm with 256 bits, of FIPS 180-4.

   Python's own asks malloc for memory, which a forked child must not do (blocks.h), and hashlib
   leaves cyclic trash where it is imported. */

#ifndef GCSCOPE_SHA256_H
#define GCSCOPE_SHA256_H

#include "base/compat.h"

/* The first 64 of the 256 bits, as a number: the first 16 hexadecimal digits. */
uint64_t sha256_begin_of(const unsigned char *bytes, size_t length);

#endif
