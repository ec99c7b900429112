/* story: the rings of a pass as Python data: strings and numbers, for explain.py to choose from. */

#ifndef GCSCOPE_STORY_H
#define GCSCOPE_STORY_H

#include "census.h"
#include "internals.h"
#include "labels.h"

/* Methods of the module, documented there. */
PyObject *story_rings(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *story_live_rings(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* What the words about references need as well. */

/* New reference: (type, kind, name or None, (file, line) or None). NULL with an exception. */
PyObject *story_node(const ModuleState *state, PyObject *op);

/* New reference: the same for the running frame, or the thread, that a slot belongs to. */
PyObject *story_frame(const FrameSlot *slot);

/* New reference: (text, canonical text, kind of label, whether it is named, None or (holder, target) where a labeller of the
   program is to be asked). NULL with an exception. */
PyObject *story_edge(const ModuleState *state, const Label *label, PyObject *op, PyObject *target);

#endif
