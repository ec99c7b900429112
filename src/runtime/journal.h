/* journal: the lives of the instrumented objects.

   It keeps four tables, all of them in raw memory, none holding an object of the program:

     the register   every instrumented object that is alive, a doubly linked list through the
                    objects themselves, the oldest first
     the types      their names, and how many objects of each have died of what
     the events     what happened to them, the newest `capacity` of it in a ring; what was
                    overwritten is counted
     the fates      while somebody wants them (journal_fates_begin): of each object that was alive
                    then, what it has died of, complete whatever the ring does. A death is a mark in
                    a row that is there already, so that none can be lost for want of memory

   A Journal is shared: the module owns it, and so does each instrumented object, which may outlive
   the module when the interpreter shuts down.

   Where several threads run, each function here is one step to the others. What reads more than one
   thing, or a name that is borrowed, does so while the world is stopped (interp_world.h). */

#ifndef GCSCOPE_JOURNAL_H
#define GCSCOPE_JOURNAL_H

#include "base/spin.h"
#include "base/vec.h"

typedef enum {
    EVENT_CREATED,
    EVENT_FINALIZED,   /* its finalizer is about to run */
    EVENT_CLEARED,     /* the collector called its tp_clear */
    EVENT_RESURRECTED, /* a collection had found it unreachable, and it lives */
    EVENT_FREED,
} EventKind;

typedef enum {
    BY_NOBODY,   /* not freed */
    BY_REFCOUNT, /* the last reference went */
    BY_COLLECTOR,
    BY_COLLECTOR_INFERRED, /* died while the collector ran, having been finalized in an earlier
                              life */
    BY_SHUTDOWN,           /* the interpreter was shutting down, whatever else took part */
} FreedBy;

/* A fate is one of FreedBy, where BY_NOBODY says that the object lives and was reachable, or one of
   these. */
enum { FATE_RESURRECTED = BY_SHUTDOWN + 1, FATE_UNCOLLECTABLE, FATE_KINDS };

enum { EVENT_NAME_BYTES = 40, JOURNAL_CAPACITY = 1 << 16 };

typedef struct {
    uint64_t serial;
    int64_t refcount;
    uint32_t type; /* number of the type's name, see journal_type_name */
    uint8_t kind;  /* EventKind */
    uint8_t by;    /* FreedBy */
    bool has_name;
    uint8_t name_length;
    char name[EVENT_NAME_BYTES]; /* UTF-8, not terminated, cut off with an ellipsis */
} Event;

_Static_assert(sizeof(Event) == 64,
               "an event is a cache line, as the documentation of the journal says");

typedef struct {
    uint64_t serial;
    PyObject *name; /* owned exact str: of a Person; or NULL */
    uint32_t type;
    uint8_t fate;
} Fate;

_Static_assert(sizeof(Fate) == 24, "as the documentation of the word collect says");

typedef struct FateTable {
    struct FateTable *next; /* borrowed: the one that was begun before it */
    VEC(Fate) fates;        /* in the order of their serials */
    size_t last;            /* where the last death was marked */
} FateTable;

typedef struct {
    char *name;                      /* owned, zero-terminated */
    uint64_t freed[BY_SHUTDOWN + 1]; /* how many died of what, since the beginning */
} JournalType;

/* The part of an instrumented object that the register knows. */
typedef struct Life {
    struct Life *next, *previous; /* borrowed neighbours in the register */
    uint64_t serial;              /* 1, 2, 3 ... in the order of creation */
    uint64_t finalized_at;        /* Journal.collections when a count of 0 ran it, or 0 */
    uint32_t type;                /* number of the type's name when it was created */
    bool finalized;               /* its finalizer was noted: a repeat is a call of __del__ */
    bool doomed;    /* the collector has finalized it: it dies of that, or is resurrected */
    bool is_person; /* the object is a PersonObject */
} Life;

typedef struct {
    size_t references; /* from the module and from instrumented objects */
    Memory memory;
    Spin lock; /* whoever writes has it; who has stopped the world may read without */

    uint64_t next_serial;
    Life alive; /* head of the register, no object itself */
    size_t living;
    size_t doomed;
    uint64_t collections;       /* how many have begun, counting from 1 */
    bool collecting;            /* between "start" and "stop" of a collection */
    destructor python_finalize; /* the tp_finalize of classes with a __del__ in Python, once one was
                                   seen */

    bool enabled;
    size_t capacity;
    Event *events;     /* owned: a ring of `capacity`, made when the first event comes */
    size_t next_event; /* where the next one goes */
    size_t event_count;
    uint64_t dropped; /* events that were overwritten or for which there was no memory */

    VEC(JournalType) types;
    VEC(uint32_t) type_slots; /* hash table of numbers + 1, a power of two, at most half full */

    FateTable *fate_tables; /* borrowed: those that are on, the last that was begun first */
} Journal;

Journal *journal_new(void); /* NULL: out of memory */
void journal_free(Journal *journal);

#if GCSCOPE_FREE_THREADED

static inline void
journal_retain(Journal *journal)
{
    (void)__atomic_add_fetch(&journal->references, 1, __ATOMIC_RELAXED);
}

static inline void
journal_release(Journal *journal)
{
    if (__atomic_sub_fetch(&journal->references, 1, __ATOMIC_ACQ_REL) == 0) {
        journal_free(journal);
    }
}

#else

static inline void
journal_retain(Journal *journal)
{
    journal->references++;
}

static inline void
journal_release(Journal *journal)
{
    if (--journal->references == 0) {
        journal_free(journal);
    }
}

#endif

static inline void
journal_lock(Journal *journal)
{
    spin_lock(&journal->lock);
}

static inline void
journal_unlock(Journal *journal)
{
    spin_unlock(&journal->lock);
}

/* The number of a type's name (UTF-8), the same for the same name. -1: out of memory. */
int64_t journal_type(Journal *journal, const char *name, size_t length);
const char *journal_type_name(const Journal *journal, uint32_t type);

/* Enter a new object into the register, or remove one that dies of `by`. */
static inline void
journal_enter(Journal *journal, Life *life, uint32_t type)
{
    Life *head = &journal->alive;
    journal_lock(journal);
    *life = (Life){.next = head,
                   .previous = head->previous,
                   .serial = journal->next_serial++,
                   .type = type};
    head->previous->next = life;
    head->previous = life;
    journal->living++;
    journal_unlock(journal);
}

void journal_remove(Journal *journal, Life *life, FreedBy by);

/* Note an event, if the journal is enabled. `name` (a str, borrowed) may be NULL. */
void journal_note(Journal *journal, const Life *life, EventKind kind, FreedBy by,
                  Py_ssize_t refcount, PyObject *name);
/* Note that an object is finalized and then freed, which are two events. */
void journal_note_end(Journal *journal, const Life *life, FreedBy by, PyObject *name);
/* If its creation is the newest event. */
void journal_name_created(Journal *journal, const Life *life, PyObject *name);
const Event *journal_event(const Journal *journal, size_t index); /* 0 is the oldest kept */
void journal_clear(Journal *journal);
/* Keep the newest. 0 or -1: out of memory. */
int journal_set_capacity(Journal *journal, size_t capacity);

/* Mark as doomed what the collector finalizes; who is still marked at its end was resurrected. */
void journal_doom(Journal *journal, Life *life);
void journal_collection_begins(Journal *journal);
/* Without the lock: an object that dies asks while another thread begins to collect. */
uint64_t journal_collections(const Journal *journal);
bool journal_is_collecting(const Journal *journal);

/* From the end of a collection: the next object after `life` that was resurrected, its mark taken
   off; NULL: no more. Begin with &journal->alive. */
Life *journal_next_resurrected(Journal *journal, Life *life);

/* Deaths are marked in a table between these two. Its owner has listed the objects that are alive,
   and keeps it at its place meanwhile. Tables may end in any order. */
void journal_fates_begin(Journal *journal, FateTable *table);
void journal_fates_end(Journal *journal, FateTable *table);

#endif
