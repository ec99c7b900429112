/* describe: what an object is, what it is called and where it comes from, for a person who reads a
   report. No Python code runs. */

#ifndef GCSCOPE_DESCRIBE_H
#define GCSCOPE_DESCRIBE_H

#include "runtime/rows.h"

/* What it is, in a word: 'instance' (of a class made by Python code, or instrumented), 'exception',
   'frame', 'generator', 'coroutine', 'function', 'method', 'class', 'module', 'task', 'cache',
   'traceback', 'cell', 'dict', 'list', 'tuple', 'set', 'deque', 'mapping' (a frozendict, and that
   of a Context), 'code' for other functions and descriptors, 'object' for other types of C. */
const char *describe_kind(const ModuleState *state, PyObject *op);

/* New reference: its name (of a function, class, module, Person; the function that a frame,
   generator or method runs, or whose results an lru_cache keeps), or None. NULL with an
   exception. */
PyObject *describe_name(const ModuleState *state, PyObject *op);

/* New reference: what an instance of a class made by Python code is called, an exact str that it
   has itself as its `.name`; None of any other. NULL with an exception. */
PyObject *describe_own_name(PyObject *op);

/* How many items a list, tuple, dict or set has; -1 for anything else, subclasses too. */
Py_ssize_t describe_length(PyObject *op);

/* Whether something of a kind is a plain container: reports write it as a part of a label. */
bool describe_is_container(const char *kind);

/* A number for the qualified name of a function, method, class, or of what a frame or generator
   runs or an lru_cache keeps, the same in every process; 0 where there is none. */
uint64_t describe_name_hash(PyObject *op);

/* A number for what is told of an object besides its type and qualified name: the line of its code,
   the name of a Person. 0 where there is nothing. */
uint64_t describe_detail_hash(const ModuleState *state, PyObject *op);

/* Borrowed or NULL: the code that a function, method, frame, generator or coroutine runs, or that
   it is. */
PyCodeObject *describe_code(PyObject *op);

/* New reference: what a piece of code is called; None where there is none (NULL), or a program has
   put something else there than a plain str. NULL with an exception. */
PyObject *describe_code_name(const PyCodeObject *code);

#endif
