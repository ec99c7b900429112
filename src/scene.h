/* scene: some objects, what they lead to, and who holds them from outside: the data of a picture, of one moment. */

#ifndef GCSCOPE_SCENE_H
#define GCSCOPE_SCENE_H

#include "holders.h"

/* Methods of the module, documented there. */
PyObject *scene_of(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *scene_born(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

#endif
