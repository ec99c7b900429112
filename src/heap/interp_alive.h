/* interp_alive: what certainly lives, on free-threaded builds.

   The collector of these builds marks first whatever the interpreter itself and the stacks of its
   threads lead to: in most programs nearly all that is not garbage. Only the rest is counted. A
   pass that is asked for nothing but what is unreachable does the same, and so lists, holds, reads
   and judges the rest alone. No object that was left out refers to one of them, so that the verdict
   is the same.

   The mark is the collector's own, a bit in the object, which is not set outside of collections. */

#ifndef GCSCOPE_INTERP_ALIVE_H
#define GCSCOPE_INTERP_ALIVE_H

#include "base/vec.h"

#if GCSCOPE_FREE_THREADED

/* Set _PyGC_BITS_ALIVE of what lives. In a stop, in which the caller takes it away again. Nothing
   is marked where anything is under gc.freeze(), as the collector has it, since that would write to
   memory that is shared with other processes. 0; -1: out of memory, with some of it marked. */
int alive_mark(Memory *memory);

/* Told of a slot of a thread's stack, as it stands there: a pointer with its tag. */
typedef void (*StackSlot)(void *arg, uintptr_t bits);

/* Visit what the collector reads of the frames of a thread: not their functions, and nothing of one
   that says not how much it has on its stack. In a stop. */
void alive_visit_stack(const PyThreadState *thread, StackSlot visit, void *arg);

#endif

#endif
