/* interp_tables: what the interpreter itself holds, table by table: what was registered with it,
   and what it keeps of each thread. Second room that sees its private structures. */

#ifndef GCSCOPE_INTERP_TABLES_H
#define GCSCOPE_INTERP_TABLES_H

#include "base/compat.h"

/* Return true to stop. `owner` and `name` are static: "interpreter" or "thread", and what it is
   there. */
typedef bool (*TableFunc)(void *arg, PyObject *target, const char *owner, const char *name);

/* Visit each reference that the tables of this interpreter and the states of its threads own. Of
   the interpreter nothing is visited where the structures are not known. Frames are interp.h's. */
void interp_tables(TableFunc visit, void *arg);

/* Whether interp_tables sees the tables of the interpreter. */
bool interp_knows_tables(void);

/* Borrowed: the dict in which the interpreter has interned strings, whose references are not
   counted, or NULL: up to 3.13 the collector does not track it. */
PyObject *interp_interned_strings(void);

/* The names of attributes that were looked up lately stay in the interpreter's cache of methods,
   which of them is a matter of addresses: it owns them, and keeps none alive for good. */
enum { CACHED_NAMES_WORDS = 512 };

typedef struct {
    uint64_t bits[CACHED_NAMES_WORDS]; /* a Bloom filter with one hash */
    bool is_filled;
} CachedNames;

/* How many references that cache owns to a name; 0 where the structures are not known. The filter,
   zeroed at first, is good as long as no Python code runs. */
Py_ssize_t interp_cached_references(CachedNames *names, PyObject *name);

/* Borrowed: what the module sys has under a name in ASCII, or NULL. Nothing is made for that, so
   that it is no matter of memory: PySys_GetObject, where there is none, calls sys.unraisablehook
   from 3.13 on. Where the structures are not known, it is asked. */
PyObject *interp_sys_object(const char *name);

/* Borrowed: sys.modules, or NULL where that is gone, as late in the shutdown of the interpreter, or
   no plain dict. (PyImport_GetModuleDict would end the process then.) */
static inline PyObject *
modules_dict(void)
{
    PyObject *modules = interp_sys_object("modules");
    return modules != NULL && PyDict_CheckExact(modules) ? modules : NULL;
}

/* Whether an address lies in what the interpreter has for itself, where no word is a static
   variable. */
bool interp_owns_address(const void *address);

#endif
