/* utf8: texts as bytes in buffers of fixed size, where nothing may be allocated or fail.

   CPython's own codecs raise for a lone surrogate, or ask the registry of error handlers, which may
   run Python code. Here a lone surrogate is written as any other character of three bytes. */

#ifndef GCSCOPE_UTF8_H
#define GCSCOPE_UTF8_H

#include "base/compat.h"

/* Write `text` into buffer[0 .. capacity) as UTF-8 without a terminating zero and return how many
   bytes that took. What does not fit is cut off at a character and an ellipsis put in its place.
   Lone surrogates are kept ("surrogatepass"). Allocates nothing and cannot fail; capacity is at
   least 3. */
size_t utf8_encode(char *buffer, size_t capacity, PyObject *text);

/* New reference: the str of what utf8_encode wrote, which is not checked. NULL with an exception:
   out of memory. */
PyObject *utf8_decode_text(const char *zero_terminated);
PyObject *utf8_decode(const char *bytes, size_t length);

#endif
