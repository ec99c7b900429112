/* story: the rings of a pass as Python data: strings and numbers, for explain.py to choose from. */

#ifndef GCSCOPE_GARBAGE_H
#define GCSCOPE_GARBAGE_H

#include "types/roll_call.h"
#include "heap/interp.h"
#include "labels/edge_label.h"
#include "graph/nodeset.h"

/* Methods of the module, documented there. */
PyObject *story_rings(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *story_live_rings(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* What the words about references need as well. */

/* Take what a story is told with: the labellers, a dict or None, and tracemalloc's function that
   tells where objects were made, or anything else for none. 0 or -1 with an exception. The other
   takes both from args[0 .. nargs), where they may be missing. */
int story_begin(ModuleState *state, PyObject *labellers, PyObject *object_traceback);
int story_begin_with(ModuleState *state, PyObject *const *args, Py_ssize_t nargs);

/* What a walk from given objects does not go on through: modules and their dicts, classes, the
   globals of functions. Otherwise everything would lead to everything. 0; -1 out of memory.
   nodeset_fini must follow in any case. */
int story_bar(NodeSet *barred, Memory *memory, const Heap *heap);

/* New reference: (type, kind, name or None, (file, line) or None). NULL with an exception. */
PyObject *story_node(const ModuleState *state, PyObject *op);

/* New reference: how many references own the object of a node, the pass's own left out; None where
   it is immortal, and they are not counted. NULL with an exception. */
PyObject *story_refcount(const Heap *heap, NodeId node);

/* New reference: the same for the running frame, or the thread, that a slot belongs to. */
PyObject *story_frame(const FrameSlot *slot);

/* New reference: (text, canonical text, kind of label, whether it is named, None or (holder,
   target) where a labeller of the program is to be asked). NULL with an exception. */
PyObject *story_edge(const ModuleState *state, const Label *label, PyObject *op, PyObject *target);

#endif
