#include "base/utf8.h"

static size_t
encode(char *out, Py_UCS4 c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

size_t
utf8_encode(char *buffer, size_t capacity, PyObject *text)
{
    enum { ELLIPSIS = 0x2026, ELLIPSIS_BYTES = 3 };
    Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    if (PyUnicode_IS_ASCII(text) && (size_t)length <= capacity) {
        memcpy(buffer, PyUnicode_1BYTE_DATA(text), (size_t)length);
        return (size_t)length;
    }
    int kind = (int)PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    size_t used = 0;
    size_t roomy = 0; /* the longest whole prefix that leaves room for the ellipsis */
    for (Py_ssize_t i = 0; i < length; i++) {
        char bytes[4];
        size_t size = encode(bytes, PyUnicode_READ(kind, data, i));
        if (used + size > capacity) {
            return roomy + encode(buffer + roomy, ELLIPSIS);
        }
        memcpy(buffer + used, bytes, size);
        used += size;
        if (used + ELLIPSIS_BYTES <= capacity) {
            roomy = used;
        }
    }
    return used;
}

/* The character at *bytes, and *bytes moved behind it. Of what `encode` wrote, so that nothing
   needs to be checked. */
static Py_UCS4
decode(const unsigned char **bytes)
{
    const unsigned char *b = *bytes;
    if (b[0] < 0x80) {
        *bytes += 1;
        return b[0];
    }
    if (b[0] < 0xE0) {
        *bytes += 2;
        return (Py_UCS4)(b[0] & 0x1F) << 6 | (b[1] & 0x3F);
    }
    if (b[0] < 0xF0) {
        *bytes += 3;
        return (Py_UCS4)(b[0] & 0x0F) << 12 | (Py_UCS4)(b[1] & 0x3F) << 6 | (b[2] & 0x3F);
    }
    *bytes += 4;
    return (Py_UCS4)(b[0] & 0x07) << 18 | (Py_UCS4)(b[1] & 0x3F) << 12 |
           (Py_UCS4)(b[2] & 0x3F) << 6 | (b[3] & 0x3F);
}

/* Not by PyUnicode_DecodeUTF8: for a lone surrogate it asks the registry of error handlers, which
   may run Python code. */
PyObject *
utf8_decode(const char *bytes, size_t length)
{
    const unsigned char *begin = (const unsigned char *)bytes, *end = begin + length;
    Py_ssize_t characters = 0;
    Py_UCS4 largest = 0x7F;
    for (const unsigned char *at = begin; at < end; characters++) {
        Py_UCS4 c = decode(&at);
        largest = c > largest ? c : largest;
    }
    PyObject *text = PyUnicode_New(characters, largest);
    if (text == NULL) {
        return NULL;
    }
    int kind = (int)PyUnicode_KIND(text);
    void *data = PyUnicode_DATA(text);
    for (Py_ssize_t i = 0; i < characters; i++) {
        PyUnicode_WRITE(kind, data, i, decode(&begin));
    }
    return text;
}

PyObject *
utf8_decode_text(const char *zero_terminated)
{
    return utf8_decode(zero_terminated, strlen(zero_terminated));
}
