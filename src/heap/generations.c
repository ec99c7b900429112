#include "heap/generations.h"

#include "heap/interp_world.h"

static PyObject *
object_of(GcHeader *header)
{
    return (PyObject *)(header + 1);
}

static GcHeader *
header_of(PyObject *op)
{
    return (GcHeader *)op - 1;
}

static GcHeader *
previous_of(const GcHeader *header)
{
    return (GcHeader *)(header->previous & ~(uintptr_t)3);
}

/* -------------------------------------------------------------------- finding */

static bool
collects_in_increments(void)
{
    return Py_Version >= 0x030E0000 && Py_Version < 0x030E0500;
}

static bool
is_closed(const GcHeader *head)
{
    return previous_of(head->next) == head && previous_of(head)->next == head;
}

Generation *
generations_behind(PyObject *newest, const int thresholds[static GENERATIONS],
                   const int counts[static GENERATIONS])
{
    if (GCSCOPE_FREE_THREADED || collects_in_increments()) {
        return NULL;
    }
    Generation *found = (Generation *)(void *)header_of(newest)->next;
    for (int g = 0; g < GENERATIONS; g++) {
        /* objects that come and go meanwhile change the count of generation 0 */
        bool is_counted = g == 0 || found[g].count == counts[g];
        if (found[g].threshold != thresholds[g] || !is_counted || !is_closed(&found[g].head)) {
            return NULL;
        }
    }
    return found;
}

/* -------------------------------------------------------------------- walking */

int
generations_list(Generation *generations, long last, AddrMap *map)
{
    for (long g = 0; g <= last && g < GENERATIONS; g++) {
        GcHeader *head = &generations[g].head;
        for (GcHeader *header = head->next; header != head; header = header->next) {
            if (addrmap_insert(map, object_of(header)) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

const void *
generations_newest(const Generation *generation)
{
    GcHeader *last = previous_of(&generation->head);
    return last != &generation->head ? object_of(last) : NULL;
}

int
generations_list_known(Generation *generations, long last, const void *until, const AddrMap *known,
                       AddrMap *map)
{
    for (long g = 0; g <= last; g++) {
        GcHeader *head = &generations[g].head;
        AddrCursor cursor = ADDRMAP_NOWHERE;
        for (GcHeader *header = previous_of(head); header != head; header = previous_of(header)) {
            NodeId any;
            if (addrmap_find_near(known, &cursor, object_of(header), &any)) {
                if (addrmap_insert(map, object_of(header)) < 0) {
                    return -1;
                }
            }
            else if (g == GENERATIONS - 1 && object_of(header) == until) {
                break;
            }
        }
    }
    return 0;
}

int
generations_list_after(Generation *generations, PyObject *marker, AddrMap *map)
{
    GcHeader *head = &generations[0].head, *stop = header_of(marker);
    GcHeader *header = previous_of(head);
    for (; header != head && header != stop; header = previous_of(header)) {
        if (addrmap_insert(map, object_of(header)) < 0) {
            return -1;
        }
    }
    return header == stop;
}

void
generations_number(const Generation *generation, const AddrMap *map, uint32_t first,
                   uint32_t *places)
{
    const GcHeader *head = &generation->head;
    AddrCursor cursor = ADDRMAP_NOWHERE;
    uint32_t place = first;
    for (const GcHeader *header = head->next; header != head; header = header->next) {
        NodeId node;
        if (addrmap_find_near(map, &cursor, header + 1, &node)) {
            places[node] = place;
        }
        place++;
    }
}

bool
generations_have(const Generation *generations, const void *address, const PyTypeObject *type)
{
    for (int g = 0; g < GENERATIONS; g++) {
        const GcHeader *head = &generations[g].head;
        for (const GcHeader *header = head->next; header != head; header = header->next) {
            const PyObject *op = (const PyObject *)(header + 1);
            if (op == address) {
                return Py_TYPE(op) == type;
            }
        }
    }
    return false;
}

bool
generations_lost(PyObject *op)
{
#if GCSCOPE_FREE_THREADED
    return world_lost(op);
#else
    enum { COLLECTING = 2 }; /* while the collector has it in hand */
    const GcHeader *header = header_of(op);
    return PyObject_IS_GC(op) && header->next != NULL && (header->previous & COLLECTING) != 0;
#endif
}
