#include "runtime/journal.h"

#include "base/hash.h"
#include "base/utf8.h"

/* ---------------------------------------------------------------- ownership */

Journal *
journal_new(void)
{
    Journal *journal = PyMem_RawCalloc(1, sizeof(Journal));
    if (journal == NULL) {
        return NULL;
    }
    memory_init(&journal->memory);
    journal->references = 1;
    journal->collections = 1;
    journal->next_serial = 1;
    journal->alive.next = journal->alive.previous = &journal->alive;
    journal->enabled = true;
    journal->capacity = JOURNAL_CAPACITY;
    return journal;
}

void
journal_free(Journal *journal)
{
    for (size_t i = 0; i < journal->types.length; i++) {
        PyMem_RawFree(journal->types.items[i].name);
    }
    vec_fini(&journal->memory, &journal->types);
    vec_fini(&journal->memory, &journal->type_slots);
    PyMem_RawFree(journal->events);
    PyMem_RawFree(journal);
}

/* --------------------------------------------------------------- type names */

static uint32_t *
type_slot(Journal *journal, const char *name, size_t length)
{
    uint64_t hash = hash_bytes(HASH_OF_NOTHING, name, length);
    size_t mask = journal->type_slots.length - 1;
    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        uint32_t *slot = &journal->type_slots.items[i];
        if (*slot == 0) {
            return slot;
        }
        const char *other = journal->types.items[*slot - 1].name;
        if (strncmp(other, name, length) == 0 && other[length] == '\0') {
            return slot;
        }
    }
}

/* Twice as many slots, at least 16. */
static int
type_slots_double(Journal *journal)
{
    size_t size = journal->type_slots.length;
    size_t more = size != 0 ? size : 16;
    if (vec_reserve(&journal->memory, &journal->type_slots, more) < 0) {
        return -1;
    }
    journal->type_slots.length = size + more;
    memset(journal->type_slots.items, 0, journal->type_slots.length * sizeof(uint32_t));
    for (size_t i = 0; i < journal->types.length; i++) {
        const char *name = journal->types.items[i].name;
        *type_slot(journal, name, strlen(name)) = (uint32_t)i + 1;
    }
    return 0;
}

static int64_t
number_of_name(Journal *journal, const char *name, size_t length)
{
    if (2 * (journal->types.length + 1) > journal->type_slots.length &&
        type_slots_double(journal) < 0) {
        return -1;
    }
    uint32_t *slot = type_slot(journal, name, length);
    if (*slot == 0) {
        char *copy = PyMem_RawMalloc(length + 1);
        if (copy == NULL ||
            vec_push(&journal->memory, &journal->types, (JournalType){.name = copy}) < 0) {
            PyMem_RawFree(copy);
            return -1;
        }
        memcpy(copy, name, length);
        copy[length] = '\0';
        *slot = (uint32_t)journal->types.length;
    }
    return (int64_t)*slot - 1;
}

int64_t
journal_type(Journal *journal, const char *name, size_t length)
{
    /* only a __module__ can have one: the names end there */
    const char *zero = memchr(name, '\0', length);
    journal_lock(journal);
    int64_t number = number_of_name(journal, name, zero != NULL ? (size_t)(zero - name) : length);
    journal_unlock(journal);
    return number;
}

const char *
journal_type_name(const Journal *journal, uint32_t type)
{
    return journal->types.items[type].name;
}

/* -------------------------------------------------------------- the register */

/* NULL: the object was not alive when the table was begun. Those that die together were mostly born
   together: so the first guess is a place as far from the last one as the serials are apart. */
static Fate *
fate_of(FateTable *table, uint64_t serial)
{
    Fate *fates = table->fates.items;
    size_t low = 0, length = table->fates.length, high = length;
    size_t guess = length != 0 ? table->last + (size_t)(serial - fates[table->last].serial) : 0;
    if (guess < length && fates[guess].serial == serial) {
        low = high = guess;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (fates[middle].serial < serial) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    if (low == length || fates[low].serial != serial) {
        return NULL;
    }
    table->last = low;
    return &fates[low];
}

void
journal_remove(Journal *journal, Life *life, FreedBy by)
{
    journal_lock(journal);
    life->previous->next = life->next;
    life->next->previous = life->previous;
    journal->living--;
    journal->doomed -= life->doomed;
    journal->types.items[life->type].freed[by]++;
    for (FateTable *table = journal->fate_tables; table != NULL; table = table->next) {
        Fate *fate = fate_of(table, life->serial);
        if (fate != NULL) {
            fate->fate = (uint8_t)by;
        }
    }
    journal_unlock(journal);
}

void
journal_doom(Journal *journal, Life *life)
{
    journal_lock(journal);
    journal->doomed += !life->doomed;
    life->doomed = true;
    journal_unlock(journal);
}

uint64_t
journal_collections(const Journal *journal)
{
    return __atomic_load_n(&journal->collections, __ATOMIC_RELAXED);
}

bool
journal_is_collecting(const Journal *journal)
{
    return __atomic_load_n(&journal->collecting, __ATOMIC_RELAXED);
}

void
journal_collection_begins(Journal *journal)
{
    journal_lock(journal);
    __atomic_store_n(&journal->collecting, true, __ATOMIC_RELAXED);
    __atomic_store_n(&journal->collections, journal->collections + 1, __ATOMIC_RELAXED);
    journal_unlock(journal);
}

Life *
journal_next_resurrected(Journal *journal, Life *life)
{
    journal->collecting = false;
    if (journal->doomed == 0) { /* nearly always: everybody who was doomed is dead */
        return NULL;
    }
    for (life = life->next; life != &journal->alive; life = life->next) {
        if (life->doomed) {
            life->doomed = false;
            journal->doomed--;
            return life;
        }
    }
    return NULL;
}

void
journal_fates_begin(Journal *journal, FateTable *table)
{
    journal_lock(journal);
    table->next = journal->fate_tables;
    journal->fate_tables = table;
    journal_unlock(journal);
}

void
journal_fates_end(Journal *journal, FateTable *table)
{
    FateTable **link = &journal->fate_tables;
    journal_lock(journal);
    while (*link != table) {
        link = &(*link)->next;
    }
    *link = table->next;
    journal_unlock(journal);
}

/* ---------------------------------------------------------------- the events */

/* memcpy of few bytes, without a call. */
static inline void
copy_short(char *to, const char *from, size_t length)
{
    if (length >= 8) {
        memcpy(to, from, 8);
        memcpy(to + length - 8, from + length - 8, 8);
    }
    else if (length >= 4) {
        memcpy(to, from, 4);
        memcpy(to + length - 4, from + length - 4, 4);
    }
    else if (length != 0) {
        to[0] = from[0];
        to[length / 2] = from[length / 2];
        to[length - 1] = from[length - 1];
    }
}

static inline void
event_set_name(Event *event, PyObject *name)
{
    event->has_name = name != NULL;
    if (name == NULL) {
        event->name_length = 0;
    }
    else if (PyUnicode_IS_COMPACT_ASCII(name) && PyUnicode_GET_LENGTH(name) <= 16) {
        size_t length = (size_t)PyUnicode_GET_LENGTH(name);
        copy_short(event->name, (const char *)PyUnicode_1BYTE_DATA(name), length);
        event->name_length = (uint8_t)length;
    }
    else {
        event->name_length = (uint8_t)utf8_encode(event->name, EVENT_NAME_BYTES, name);
    }
}

static inline void
event_fill(Event *event, const Life *life, EventKind kind, FreedBy by, Py_ssize_t refcount,
           PyObject *name)
{
    event->serial = life->serial;
    event->refcount = refcount;
    event->type = life->type;
    event->kind = (uint8_t)kind;
    event->by = (uint8_t)by;
    event_set_name(event, name);
}

/* 0, or -1 where there is no memory. */
static int
make_events(Journal *journal)
{
    journal->events = PyMem_RawCalloc(journal->capacity, sizeof(Event));
    return journal->events != NULL ? 0 : -1;
}

/* Where the next event goes, which is counted. NULL: none is noted. */
static inline Event *
journal_next_event(Journal *journal)
{
    if (!journal->enabled) {
        return NULL;
    }
    if (UNLIKELY(journal->events == NULL) && make_events(journal) < 0) {
        journal->dropped++;
        return NULL;
    }
    size_t next = journal->next_event;
    journal->next_event = next + 1 == journal->capacity ? 0 : next + 1;
    if (journal->event_count == journal->capacity) {
        journal->dropped++;
    }
    else {
        journal->event_count++;
    }
    return &journal->events[next];
}

void
journal_note(Journal *journal, const Life *life, EventKind kind, FreedBy by, Py_ssize_t refcount,
             PyObject *name)
{
    journal_lock(journal);
    Event *event = journal_next_event(journal);
    if (event != NULL) {
        event_fill(event, life, kind, by, refcount, name);
    }
    journal_unlock(journal);
}

void
journal_note_end(Journal *journal, const Life *life, FreedBy by, PyObject *name)
{
    journal_lock(journal);
    Event *finalized = journal_next_event(journal);
    if (finalized != NULL) {
        event_fill(finalized, life, EVENT_FINALIZED, BY_NOBODY, 0, name);
        Event *freed = journal_next_event(journal);
        event_fill(freed, life, EVENT_FREED, by, 0, name);
    }
    journal_unlock(journal);
}

void
journal_name_created(Journal *journal, const Life *life, PyObject *name)
{
    journal_lock(journal);
    if (journal->event_count != 0) {
        Event *newest = (Event *)journal_event(journal, journal->event_count - 1);
        if (newest->serial == life->serial && newest->kind == EVENT_CREATED) {
            event_set_name(newest, name);
        }
    }
    journal_unlock(journal);
}

const Event *
journal_event(const Journal *journal, size_t index)
{
    size_t first = journal->next_event + journal->capacity - journal->event_count;
    return &journal->events[(first + index) % journal->capacity];
}

void
journal_clear(Journal *journal)
{
    journal_lock(journal);
    journal->next_event = 0;
    journal->event_count = 0;
    journal->dropped = 0;
    journal_unlock(journal);
}

static int
set_capacity(Journal *journal, size_t capacity)
{
    Event *events = NULL;
    size_t kept = journal->event_count < capacity ? journal->event_count : capacity;
    if (journal->events != NULL) {
        events = PyMem_RawCalloc(capacity, sizeof(Event));
        if (events == NULL) {
            return -1;
        }
        for (size_t i = 0; i < kept; i++) {
            events[i] = *journal_event(journal, journal->event_count - kept + i);
        }
    }
    PyMem_RawFree(journal->events);
    journal->events = events;
    journal->dropped += journal->event_count - kept;
    journal->event_count = kept;
    journal->next_event = kept == capacity ? 0 : kept;
    journal->capacity = capacity;
    return 0;
}

int
journal_set_capacity(Journal *journal, size_t capacity)
{
    journal_lock(journal);
    int error = set_capacity(journal, capacity);
    journal_unlock(journal);
    return error;
}
