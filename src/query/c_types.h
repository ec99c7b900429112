/* c_types: which types C code has made, and whose tp_traverse is to blame for a word.

   The functions of a class that a class statement makes are the interpreter's own, and right. What
   is hidden in its instances is hidden by the C type that it derives from:

       class Derived(ext.Base)     tp_traverse of the interpreter: the slots of Derived, the type
         ext.Base                  tp_traverse of the library: the fields of its struct */

#ifndef GCSCOPE_C_TYPES_H
#define GCSCOPE_C_TYPES_H

#include "base/compat.h"

/* What every class that a class statement has made has. */
typedef struct {
    traverseproc traverse;
    destructor dealloc;
} ClassFunctions;

/* Take them from such a class. */
ClassFunctions c_types_class_functions(const PyTypeObject *plain);

/* Borrowed: the type itself, or the first of its bases that C code has made. */
PyTypeObject *c_types_base(const ClassFunctions *functions, PyTypeObject *type);

/* Borrowed: of a type that C code has made, whose function shows, or does not show, the word at an
   offset: the type's own, or that of a base from which it inherits the function and the field. */
PyTypeObject *c_types_of_field(PyTypeObject *type, size_t offset);

/* Borrowed: of a heap type that C code has made, whose function does not show the type itself: its
   own, or that of a base. That of a static type need not: a heap type that inherits it is to blame
   itself. */
PyTypeObject *c_types_of_type(PyTypeObject *type);

/* Whether a type is of one of the modules in a tuple of exact str, or of a module inside of one of
   them. 1, 0, or -1 with an exception. */
int c_types_is_of(PyTypeObject *type, PyObject *names);

#endif
