/* type_facts: what a type says of all its instances, found out once a pass, and what an object is
   called in a form: a number for its type and for the qualified name of a function or class, the
   same in every process. */

#ifndef GCSCOPE_TYPE_FACTS_H
#define GCSCOPE_TYPE_FACTS_H

#include "heap/heap.h"
#include "runtime/state.h"

typedef struct {
    PyTypeObject *type; /* borrowed */
    uint64_t hash;      /* of its name */
    int rank;           /* how readily a user recognises its instances: 0 is best (typename.h) */
    int beginning;      /* how well the text of a ring begins at one: the smaller the better */
    bool is_instance;   /* of a class made by Python code, or instrumented */
    bool is_plain;      /* a container that is folded into labels */
    bool is_folded;     /* one that is so even among containers: tuple, cell, traceback */
    bool
        is_detailed; /* more is told of its instances than type and name: lines, names of Persons */
    bool is_named;   /* its instances have qualified names: functions, classes, frames ... */
    bool is_structural; /* an instance of a class, of Python or C, or a plain container: its
                           references are the program's data */
} TypeFacts;

enum { TYPE_FACTS_RECENT = 32, TYPE_FACTS_ALIGNED = 6 };

typedef struct {
    Memory *memory;
    const ModuleState *state; /* borrowed */
    AddrMap map;
    AddrCursor cursor;
    VEC(TypeFacts) items;                       /* by the numbers of map */
    const TypeFacts *recent[TYPE_FACTS_RECENT]; /* asked for lately, by the type's address */
} FactsOfTypes;

/* Learn the types of the objects nodes[members[0 .. count)] of a heap; once. 0; -1 out of
   memory. */
int type_facts_learn(FactsOfTypes *facts, const ModuleState *state, const Heap *heap,
                     const NodeId *nodes, const NodeId *members, size_t count);
void type_facts_fini(FactsOfTypes *facts);

/* Of an object whose type was learnt, if it was not asked for lately. */
const TypeFacts *type_facts_find(FactsOfTypes *facts, PyObject *op);

/* Of an object whose type was learnt. */
static inline const TypeFacts *
type_facts_of(FactsOfTypes *facts, PyObject *op)
{
    uintptr_t place = ((uintptr_t)Py_TYPE(op) >> TYPE_FACTS_ALIGNED) % TYPE_FACTS_RECENT;
    const TypeFacts *recent = facts->recent[place];
    return recent != NULL && recent->type == Py_TYPE(op)
               ? recent
               : (facts->recent[place] = type_facts_find(facts, op));
}

/* Which containers among some objects are not shown: all where there is an object that is none,
   else those that are always folded, else none. Begin with TYPE_FACTS_NOTHING, lower it by each of
   the objects, and ask then. */
enum { TYPE_FACTS_NOTHING = 2 };

static inline int
type_facts_lower(int hidden, const TypeFacts *facts)
{
    int level = facts->is_folded ? 2 : facts->is_plain ? 1 : 0;
    return level < hidden ? level : hidden;
}

static inline bool
type_facts_is_hidden(const TypeFacts *facts, int hidden)
{
    return hidden == 0 ? facts->is_plain : hidden == 1 ? facts->is_folded : false;
}

/* The colour of an object: a hash of its type's name and, where there is one, its own qualified
   name. */
uint64_t type_facts_colour(FactsOfTypes *facts, PyObject *op);

#endif
