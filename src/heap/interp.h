/* interp: the only room that sees the interpreter's private structures.

   Everything here has a fallback that is safe and says of itself that it is one, for an interpreter
   whose private headers are missing or of a version that nobody has looked at. */

#ifndef GCSCOPE_INTERP_H
#define GCSCOPE_INTERP_H

#include "base/compat.h"

/* Whether interp_visit_borrowed knows this interpreter's frames. Where it does not, the readers of
   generators count a reference to one object once per generator, and their answer is uncertain.
   Always true where the stack never borrows. */
bool interp_knows_borrowing(void);

/* Whether `op` is a generator, coroutine or asynchronous generator. These types cannot be
   subclassed. */
static inline bool
interp_is_generator(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    return type == &PyGen_Type || type == &PyCoro_Type || type == &PyAsyncGen_Type;
}

/* Whether traversing `op` may show references that own nothing: a generator, on an interpreter
   whose evaluation stack borrows; where that is free-threaded, also a frame object. */
static inline bool
interp_may_borrow(PyObject *op)
{
    return GCSCOPE_STACK_BORROWS &&
           (interp_is_generator(op) || (GCSCOPE_FREE_THREADED && PyFrame_Check(op)));
}

/* Call visit(target, arg) once for each reference that op's tp_traverse shows and that owns
   nothing. `op` is one for which interp_may_borrow holds. Does nothing where interp_knows_borrowing
   is false. */
void interp_visit_borrowed(PyObject *op, visitproc visit, void *arg);

/* Whether `op` is a frame, generator, coroutine or asynchronous generator: they have items, a slot
   for each local variable and place on the evaluation stack, but no ob_size. How many is then in
   *slots. */
bool interp_frame_slots(PyObject *op, size_t *slots);

/* Borrowed: the code of a generator, coroutine or asynchronous generator; NULL where its struct is
   not known. */
PyCodeObject *interp_generator_code(PyObject *op);

/* One reference of a frame. All pointers are borrowed. */
typedef enum {
    SLOT_LOCAL,     /* a local variable, `name` says which; it may hold a cell */
    SLOT_STACK,     /* on the evaluation stack */
    SLOT_FUNCTION,  /* the function that runs */
    SLOT_CODE,      /* its code */
    SLOT_NAMESPACE, /* the dict of locals of a module or class body */
    SLOT_FRAME,     /* the frame object, where one was made */
    SLOT_BACK,      /* of a frame object: the one that called it */
    SLOT_TRACE,     /* of a frame object: its trace function */
    SLOT_HANDLED,   /* the exception that a generator, or a thread, is handling */
} SlotKind;

typedef struct {
    SlotKind kind;
    PyObject *target;
    PyObject *name;     /* str of a local variable, else NULL */
    bool owned;         /* whether the slot owns its reference */
    PyCodeObject *code; /* what the frame runs; NULL where the slot is a thread's */
    PyThreadState *thread;
    size_t depth; /* of a running frame: 0 is the innermost of its thread */
} FrameSlot;

/* Return true to stop. */
typedef bool (*SlotFunc)(void *arg, const FrameSlot *slot);

/* Visit what the frame of `op` refers to: a frame object whose call has ended, or a suspended
   generator, coroutine or asynchronous generator. Does nothing for other objects, and where the
   structure is not known. Returns whether it was stopped. */
bool interp_frame_slots_of(PyObject *op, SlotFunc visit, void *arg);

/* Visit what all threads of this interpreter and their running frames refer to and tp_traverse does
   not show. The places on the evaluation stack of the innermost frame are known only where the
   interpreter keeps its stack pointer (3.14 and newer). Does nothing where the structure is not
   known. */
void interp_running_slots(SlotFunc visit, void *arg);

/* Visit the words on the evaluation stack of each running frame that is in a call of C code, where
   the interpreter does not tell how many of them are in use (up to 3.13), from the bottom; `target`
   is no more than a word, which may be left over. Returning true leaves this frame for the next.
   Does nothing where the structure is not known. */
void interp_stack_words(SlotFunc visit, void *arg);

/* Visit what the frames refer to that wait below a frame object, itself the first, none of which is
   running: those of a coroutine with a stack of its own, such as a greenlet. `depth` 0 is the given
   one. */
void interp_waiting_slots(PyObject *frame, SlotFunc visit, void *arg);

#if GCSCOPE_FREE_THREADED
/* Whether the evaluation stack of the innermost frame owns a reference to `op`, in the uppermost
   place that has it: of the argument of a call into C, whether the call owns it. */
bool interp_stack_owns(PyObject *op);
#endif

/* Borrowed: the dict of locals that a debugger has had made for the innermost frame of this thread
   (up to 3.12 reading f_locals does that), or NULL. */
PyObject *interp_own_locals(void);

/* Borrowed: the __dict__ of an instance, module, function ... , or NULL where it has none, or none
   yet: it is never made. */
PyObject *interp_instance_dict(PyObject *op);

/* Return true to stop. All pointers are borrowed. */
typedef bool (*AttributeFunc)(void *arg, PyObject *name, PyObject *value);

/* Visit the attributes that lie in the instance itself, while its __dict__ is not made. Return
   whether it was stopped. */
bool interp_inline_attributes(PyObject *op, AttributeFunc visit, void *arg);

/* Sizes of what private structs refer to, each 0 where those are not known. */

/* Bytes of the table of a dict or frozendict, or of one of a derived class: the hash table with its
   entries, or for one that shares its keys with others the array of its values. */
size_t interp_dict_bytes(PyObject *dict);

/* How many slots that hash table has. */
size_t interp_dict_slots(PyObject *dict);

/* Bytes of the attributes of an instance of a type: inside the instance itself (3.13 and newer), or
   in a block beside it, while it has no __dict__ (up to 3.12). As the class gives them now, equal
   for all of its instances; the first ones had some more. */
size_t interp_inline_bytes(PyTypeObject *type);
size_t interp_values_bytes(PyObject *op);

/* Bytes of the table of names that the instances of a heap type share. */
size_t interp_class_keys_bytes(PyTypeObject *type);

/* Visit the str keys that a dict's own table refers to and its tp_traverse does not show, as it
   does not where all keys are str; and the names that the instances of a heap type share. */
void interp_visit_names(PyObject *dict, visitproc visit, void *arg);
void interp_visit_class_names(PyTypeObject *type, visitproc visit, void *arg);

#endif
