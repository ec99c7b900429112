/* describe: what an object is, what it is called and where it comes from, for a person who reads a
   report. No Python code runs. */

#ifndef GCSCOPE_DESCRIBE_H
#define GCSCOPE_DESCRIBE_H

#include "runtime/rows.h"

/* What it is, in a word: 'instance' (of a class made by Python code, or instrumented), 'exception',
   'frame', 'generator', 'coroutine', 'function', 'method', 'class', 'module', 'task', 'cache',
   'traceback', 'cell', 'dict', 'list', 'tuple', 'set', 'deque', 'code' for other functions and
   descriptors, 'object' for other types of C. */
const char *describe_kind(const ModuleState *state, PyObject *op);

/* New reference: its name (of a function, class, module, Person; the function that a frame,
   generator or method runs), or None. NULL with an exception. */
PyObject *describe_name(const ModuleState *state, PyObject *op);

/* A number for the qualified name of a function, method, class, or of what a frame or generator
   runs, the same in every process; 0 where there is none. */
uint64_t describe_name_hash(PyObject *op);

/* A number for what is told of an object besides its type and qualified name: the line of its code,
   the name of a Person. 0 where there is nothing. */
uint64_t describe_detail_hash(const ModuleState *state, PyObject *op);

/* New reference: where a frame, traceback, function, generator or class stands, as a Place; of
   other objects where they were made, if object_traceback, tracemalloc's function, is not NULL;
   else None. NULL with an exception. */
PyObject *describe_where(const ModuleState *state, PyObject *object_traceback, PyObject *op);

/* New references: what a piece of code is called, and the Place of its beginning; None where there
   is no code (NULL), or a program has put something else there than a plain str. NULL with an
   exception. */
PyObject *describe_code_name(const PyCodeObject *code);
PyObject *describe_code_where(const ModuleState *state, const PyCodeObject *code);

#endif
