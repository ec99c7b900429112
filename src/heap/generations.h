/* generations: the collector's own lists of what it tracks, walked in place.

   The collector keeps each generation as a circular doubly linked list through the headers that lie
   before the objects, and the three heads, each with a threshold and a count, side by side:

       head 0 | threshold | count | head 1 | threshold | count | head 2 | threshold | count
         ^ next                                    in front of each object:  next | previous
         +-- oldest .. newest of generation 0 -- back to head 0

   A new object comes to the end of generation 0, so that behind the header of the newest one stands
   head 0. That is how the heads are found; they are believed only if thresholds and counts are what
   the gc module says, and the links of each head close (generations_behind). No private header of
   the interpreter is needed.

   Walking makes no list, touches no reference count, calls no audit hook and leaves out what is
   under gc.freeze(), as the collector does. Whenever Python code can run the links are whole: any
   object may be untracked then. While a generation is walked nothing may run. */

#ifndef GCSCOPE_GENERATIONS_H
#define GCSCOPE_GENERATIONS_H

#include "heap/addrmap.h"

enum { GENERATIONS = 3 };

/* What lies in front of each object that the collector knows. */
typedef struct GcHeader {
    struct GcHeader *next;
    uintptr_t previous; /* with flags in the two lowest bits */
} GcHeader;

typedef struct {
    GcHeader head; /* of the circular list; no object */
    int threshold;
    int count;
} Generation;

/* Borrowed: generation 0 of this interpreter, with the others behind it. `newest` is the object
   that the collector has begun to track last; thresholds and counts are as of the gc module. NULL
   where the heads are not found, or mean something else: CPython 3.14.0 to 3.14.4 collect in
   increments, and free-threaded builds have no generations. */
Generation *generations_behind(PyObject *newest, const int thresholds[static GENERATIONS],
                               const int counts[static GENERATIONS]);

/* Enter the objects of generations[0 .. last] into the map. 0; -1 out of memory. */
int generations_list(Generation *generations, long last, AddrMap *map);

/* Borrowed, and only to be compared: the object that came into a generation last; NULL: it has
   none. */
const void *generations_newest(const Generation *generation);

/* Enter the objects of generations[0 .. last] that are in `known`. The oldest one is walked from
   its end, back to the object `until`, if that is there and is not known. 0; -1 out of memory. */
int generations_list_known(Generation *generations, long last, const void *until,
                           const AddrMap *known, AddrMap *map);

/* Enter what has come into generation 0 after `marker`, an object. 1; 0: the marker is not there,
   and all of generation 0 was entered; -1: out of memory. */
int generations_list_after(Generation *generations, PyObject *marker, AddrMap *map);

/* places[id]: `first` + the place of each object of the map in a generation, the oldest first.
   Others stay as they are. */
void generations_number(const Generation *generation, const AddrMap *map, uint32_t first,
                        uint32_t *places);

/* Whether a collection that is under way has found this object unreachable: then it is in none of
   the lists, from before weak references are cleared and finalizers run until it is freed, or found
   to be reachable again. Code that those run may see it. */
bool generations_lost(PyObject *op);

/* Whether an object of this type lies at an address now. Both are only compared. */
bool generations_have(const Generation *generations, const void *address, const PyTypeObject *type);

#endif
