#include "base/anonymous.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* The number that follows a field's name at the beginning of a line, in kB; -1 where it is not
   there. */
static int64_t
field(const char *text, const char *name)
{
    const char *line = strstr(text, name);
    return line != NULL && line[-1] == '\n' ? strtoll(line + strlen(name), NULL, 10) : -1;
}

/* The sum of two fields of a file, in bytes; -1 where it has not the first. */
static int64_t
sum_of_fields(const char *path, const char *first, const char *second)
{
    enum { LARGEST = 4096 };
    char text[LARGEST + 2] = "\n";
    size_t length = 1;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    for (ssize_t got = 1; file >= 0 && got > 0 && length <= LARGEST; length += (size_t)got) {
        got = read(file, text + length, LARGEST + 1 - length);
        got = got > 0 ? got : 0;
    }
    if (file >= 0) {
        (void)close(file);
    }
    text[length] = '\0';
    int64_t one = field(text, first), other = field(text, second);
    return one < 0 ? -1 : (one + (other > 0 ? other : 0)) * 1024;
}

int64_t
anonymous_bytes(void)
{
    int64_t bytes = sum_of_fields("/proc/self/smaps_rollup", "Anonymous:", "Swap:");
    return bytes >= 0 ? bytes : sum_of_fields("/proc/self/status", "RssAnon:", "VmSwap:");
}
