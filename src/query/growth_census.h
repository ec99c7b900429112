/* growth_census: every list, dict, set and deque of the process with its length, again and again.

   A census is one pass that lists what is tracked and reads the lengths of containers, exact or of
   derived types. It is kept as raw columns, 40 bytes a container, and none of the program's objects
   is held: in the next census a container is the same one if address and type are. What is born
   after the first census is not entered.

       first census    address -> number; its type and length
       each later one  longer than before: the bit of this round; shorter, or gone: out
       at the end      what has all bits has grown in every round

   Up to 3.13 a dict that refers only to strings, numbers and the like is not tracked. Such dicts
   are found by traversing what is tracked, and the slots of running frames.

   Tracked objects are counted by type on the way, by the hash of the type's name (typename.h). */

#ifndef GCSCOPE_GROWTH_CENSUS_H
#define GCSCOPE_GROWTH_CENSUS_H

#include "base/index.h"
#include "runtime/scan.h"

#define NOT_MARKED UINT32_MAX

typedef enum { NO_CONTAINER, LIST, DICT, SET, DEQUE } ContainerKind;

/* A length that does not fit counts as UINT32_MAX. */
typedef struct {
    const PyTypeObject *type; /* compared only; NULL: it has become shorter */
    uint32_t first;           /* entries at the first census */
    uint32_t table;           /* bytes of its table then */
    uint32_t marked_table;    /* and when it was marked */
    uint32_t last;            /* at the last one */
    uint32_t marked;          /* when growth_census_mark was called; NOT_MARKED: not grown till then
                               */
    uint32_t grown;           /* a bit for each of the last 32 rounds, this one's is the lowest */
    uint32_t seen;            /* the number of the census that has met it last */
} Container;

/* The tracked objects of the types of one name. */
typedef struct {
    uint64_t first, before, last; /* at the first census, the one before the last, the last */
    uint64_t marked;              /* when growth_census_mark was called */
    uint32_t grown;               /* as of a Container */
} TypeTally;

typedef struct {
    Memory memory;
    AddrMap map; /* the containers of the first census; made by it */
    VEC(Container) containers;
    Index names; /* hashes of the names of types */
    VEC(TypeTally) types;
    uint32_t censuses; /* how many there were: one more than rounds */
} GrowthCensus;

/* What kind of container an object of this type is. */
ContainerKind growth_container_kind(PyTypeObject *type);

/* How many entries a container of a kind has. */
uint32_t growth_container_length(PyObject *op, ContainerKind kind);

/* Bytes of its table: where the references to the entries stand. At most UINT32_MAX. */
uint32_t growth_container_table(PyObject *op);

/* Begin without a census. growth_census_fini may be called on zeroed memory, and twice. */
void growth_census_init(GrowthCensus *census, const ModuleState *state);
void growth_census_fini(GrowthCensus *census);

/* List everything into `scan`, which was begun, those untracked dicts included that were in the
   first census, or with none before all of them. 0 or -1 with an exception. */
int growth_census_list(const GrowthCensus *census, Scan *scan);

/* Take a census of what was listed. 0; -1 out of memory, and the census is of no use any more. */
int growth_census_take(GrowthCensus *census, const Scan *scan);

/* Note how many entries and objects there are as of the last census, which listed what is in
   `scan`, and how large the tables are of what has grown. */
void growth_census_mark(GrowthCensus *census, const Scan *scan);

/* The mask of all rounds so far: what a container has in `grown` that grew in every one. 0: there
   was none. */
uint32_t growth_every_round(const GrowthCensus *census);

/* The Container of an object that was listed after the last census, if it is in, has lived through
   all of them and has grown; else NULL. */
const Container *growth_census_find(const GrowthCensus *census, PyObject *op);

#endif
