/* audit: which C types own what they do not show the collector (judge.h), and what its proof asks
   of a type and of the struct of an object. */

#ifndef GCSCOPE_AUDIT_H
#define GCSCOPE_AUDIT_H

#include "runtime/scan.h"

/* Methods of the module, documented there. */
PyObject *audit_types(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *audit_c_type(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *audit_words(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

#endif
