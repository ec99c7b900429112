/* provenance: whether a ring of unreachable objects is the program's doing, or what Python leaves
   when it imports.

   A class refers to itself, so that only the collector can free it. Imports drop classes by the
   dozen: a decorator that makes one anew (dataclass(slots=True), attrs, enum) leaves the first, and
   a module deletes a class that it needed for a line. Nobody made those rings on purpose, and
   nobody can cut them. They are known by their shape and by where their names lead now, never by
   when they were made, and the collector may free them right after: so it is decided in the pass.

   Nothing is called and no object is made but strings: dicts are gone through key by key. */

#ifndef GCSCOPE_PROVENANCE_H
#define GCSCOPE_PROVENANCE_H

#include "base/compat.h"

typedef enum {
    PROVENANCE_PROGRAM, /* of none of the shapes below */

    /* A class whose name leads to another class in its module. But for one that derives from that:
       what is made of the class of that name, as mocks are, was not replaced by it. And but for one
       that was made by a call: functions do that, each time they run, under any name. */
    PROVENANCE_REPLACED,

    /* A class whose name leads to no class in its module, and that was made by a class statement
       outside of functions, which runs once: deleted, or replaced and not in the module yet. */
    PROVENANCE_DELETED,

    /* Inner functions and classes of the standard library, and nothing that they hold besides. */
    PROVENANCE_LIBRARY,
} Provenance;

/* The module that was looked for last, in one pass: many classes in a row are of the same. */
typedef struct {
    PyObject *name; /* borrowed, as the dict; NULL before the first */
    PyObject *dict; /* NULL where sys.modules has no module of that name */
} NamedModule;

/* REPLACED, DELETED, or PROGRAM of any other object. */
Provenance provenance_of_class(PyObject *op, NamedModule *last);

/* Of a component and what only it keeps: where there are more objects, it is not the library's. */
enum { PROVENANCE_MOST_OF_LIBRARY = 64 };

/* Whether objects[0 .. count), a component, and the `kept` ones behind them are LIBRARY. `library`:
   as of typename_rank. */
bool provenance_is_library(PyObject *const *objects, size_t count, size_t kept, PyObject *library);

/* In a word, for a Ring; NULL of what is the program's. */
const char *provenance_word(Provenance provenance);

#endif
