/* evidence_statics.c: places that hold references, and others that once were.

       evidence_from_statics   Linux: words in the writable segments of the program and its
                               libraries, less those in objects and in what the interpreter has
                               for itself
       evidence_from_stacks    up to 3.13: words on the evaluation stack of a frame that is in a
                               call of C code. From the bottom up they are in use, and all own;
                               above the first that does not agree with the accounts they are what
                               earlier calls have left there */

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE 1 /* dl_iterate_phdr */
#endif
#include "query/evidence.h"

#if defined(__linux__)
#include <link.h>
#endif

#include "heap/interp_tables.h"
#include "heap/words.h"

enum { WORD = sizeof(PyObject *) };

#if defined(__linux__)

/* Whether an address lies in a known object, such as a static type. No static object is larger. */
static bool
is_in_object(const Evidence *evidence, const char *address)
{
    enum { LARGEST = 2048 };
    for (size_t back = 0; back <= LARGEST; back += WORD) {
        PyObject *op = (PyObject *)(address - back);
        if (addrmap_has(&evidence->heap->map, op)) {
            return back < words_extent(op);
        }
    }
    return false;
}

static const char *
base_name(const char *path)
{
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    return slash != NULL ? slash + 1 : path != NULL && *path != '\0' ? path : "the program itself";
}

static void
read_segment(Evidence *evidence, const char *from, const char *to, const char *library)
{
    Claim claim = {.kind = CLAIM_STATIC, .owner = "library", .name = library};
    for (const char *at = from; at + WORD <= to && evidence_is_wanted(evidence); at += WORD) {
        if (*(PyObject *volatile *)at == evidence->target && !interp_owns_address(at) &&
            !is_in_object(evidence, at)) {
            evidence_claim(evidence, evidence->target, &claim);
        }
    }
}

static bool
is_in_library(const struct dl_phdr_info *info, const void *address)
{
    for (int p = 0; p < info->dlpi_phnum; p++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[p];
        uintptr_t from = info->dlpi_addr + header->p_vaddr;
        if (header->p_type == PT_LOAD && (uintptr_t)address >= from &&
            (uintptr_t)address < from + header->p_memsz) {
            return true;
        }
    }
    return false;
}

/* This library itself has no static variable. */
static int
read_library(struct dl_phdr_info *info, size_t Py_UNUSED(size), void *arg)
{
    static const char ours = 0;
    for (int p = 0; p < info->dlpi_phnum && !is_in_library(info, &ours); p++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[p];
        if (header->p_type == PT_LOAD && (header->p_flags & PF_W) != 0) {
            uintptr_t from =
                (info->dlpi_addr + header->p_vaddr + WORD - 1) & ~(uintptr_t)(WORD - 1);
            uintptr_t to = info->dlpi_addr + header->p_vaddr + header->p_memsz;
            read_segment(arg, (const char *)from, (const char *)to, base_name(info->dlpi_name));
        }
    }
    return 0;
}

static int
has_target(struct dl_phdr_info *info, size_t Py_UNUSED(size), void *arg)
{
    return is_in_library(info, ((Evidence *)arg)->target);
}

/* The address of a static object stands in every library that uses it, and owns nothing. */
void
evidence_from_statics(Evidence *evidence)
{
    if (!dl_iterate_phdr(has_target, evidence)) {
        (void)dl_iterate_phdr(read_library, evidence);
    }
}

#else

/* Another system lists what is loaded in another way, and nobody has tried that: nothing is found
   in static variables, and the references that stand there stay unexplained. */
void
evidence_from_statics(Evidence *evidence)
{
    (void)evidence;
}

#endif

/* ------------------------------------------------------------------------ stacks */

/* The innermost frame of this thread is that of the word itself. */
static bool
is_own(const FrameSlot *slot)
{
    return slot->depth == 0 && slot->thread == PyThreadState_Get();
}

static bool
claim_stack_word(void *arg, const FrameSlot *slot)
{
    Evidence *evidence = arg;
    NodeId node;
    bool is_pointer = ((uintptr_t)slot->target & (WORD - 1)) == 0;
    bool is_known = is_pointer && addrmap_find(&evidence->heap->map, slot->target, &node);
    bool is_left_over =
        !is_pointer || (is_known && !is_immortal(slot->target) && evidence->left.items[node] <= 0);
    if (!is_left_over && is_known && !is_own(slot)) {
        Claim claim = {.kind = CLAIM_STACK, .slot = *slot};
        evidence_claim(evidence, slot->target, &claim);
    }
    return is_left_over || evidence->failed;
}

void
evidence_from_stacks(Evidence *evidence)
{
    interp_stack_words(claim_stack_word, evidence);
}
