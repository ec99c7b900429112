/* audit: which C types own objects that they do not show to the collector, or show what they do not
   own? Living instances are judged; none is made.

   A reference count is the sum of what owns it. What is left of it when all that tp_traverse shows,
   of every known object, and all slots of running frames have been subtracted is unexplained. An
   instance's own struct says where it may come from:

       count of a   3
       shown        1 by a list, 1 by a frame
       unexplained  1               byte 24 of the x.Y is the address of a, and x.Y does not show it

   Of one instance that proves nothing: the word may be borrowed, and the reference be elsewhere.
   But a type does the same with all its instances (suspicions.h).

       judge_fields      words that tp_traverse does not show, whether there is one or not
       judge_type        the type itself, not shown
       judge_visits      what is shown more often than it is owned: by whom?
       judge_clearing    attributes that can be set in a type without tp_clear, and living rings in
                         which no type has one */

#ifndef GCSCOPE_AUDIT_H
#define GCSCOPE_AUDIT_H

#include "runtime/scan.h"

/* Methods of the module, documented there. */
PyObject *audit_types(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *audit_c_type(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *audit_words(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

#endif
