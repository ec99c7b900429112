#include "query/type_facts.h"

#include "base/hash.h"
#include "base/typename.h"
#include "query/describe.h"

/* The words of describe_kind. */
static const struct {
    const char *kind;
    int beginning;
    bool is_plain, is_folded, is_named, is_structural;
} facts_table[] = {
    {"instance", 0, false, false, false, true},   {"task", 3, false, false, false, false},
    {"function", 4, false, false, true, false},   {"generator", 4, false, false, true, false},
    {"coroutine", 4, false, false, true, false},  {"class", 5, false, false, true, false},
    {"exception", 6, false, false, false, false}, {"module", 7, false, false, false, false},
    {"method", 8, false, false, true, false},     {"cache", 8, false, false, false, false},
    {"object", 8, false, false, false, true},     {"frame", 9, false, false, true, false},
    {"code", 10, false, false, true, false},      {"traceback", 12, true, true, false, false},
    {"cell", 12, true, true, false, false},       {"tuple", 11, true, true, false, true},
    {"dict", 11, true, false, false, true},       {"list", 11, true, false, false, true},
    {"set", 11, true, false, false, true},        {"deque", 11, true, false, false, true},
    {"mapping", 11, true, false, false, true},
};

static TypeFacts
facts_of(const ModuleState *state, PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    const char *kind = describe_kind(state, op);
    TypeFacts facts = {.type = type,
                       .hash = typename_hash(type),
                       .rank = typename_rank(type, state->library),
                       .beginning = 11,
                       .is_instance = strcmp(kind, "instance") == 0};
    for (size_t k = 0; k < Py_ARRAY_LENGTH(facts_table); k++) {
        if (strcmp(facts_table[k].kind, kind) == 0) {
            facts.beginning = facts_table[k].beginning;
            facts.is_plain = facts_table[k].is_plain;
            facts.is_folded = facts_table[k].is_folded;
            facts.is_named = facts_table[k].is_named;
            facts.is_structural = facts_table[k].is_structural;
        }
    }
    facts.is_detailed = facts.is_named || PyType_IsSubtype(type, state->tracked_type);
    if (facts.is_instance || strcmp(kind, "exception") == 0) {
        facts.beginning += facts.rank;
    }
    return facts;
}

typedef VEC(PyObject *) Samples;

/* Where the members are. */
typedef struct {
    const Heap *heap;
    const NodeId *nodes, *members;
    size_t count;
} Members;

static PyObject *
member(const Members *members, size_t m)
{
    return members->heap->objects.items[members->nodes[members->members[m]]];
}

/* One object of each type into `samples`. 0 or -1. */
static int
enter_types(FactsOfTypes *facts, const Members *members, Samples *samples)
{
    const PyTypeObject *recent[TYPE_FACTS_RECENT] = {NULL};
    for (size_t m = 0; m < members->count; m++) {
        PyObject *op = member(members, m);
        PyTypeObject *type = Py_TYPE(op);
        const PyTypeObject **last =
            &recent[((uintptr_t)type >> TYPE_FACTS_ALIGNED) % TYPE_FACTS_RECENT];
        if (*last == type) {
            continue;
        }
        int is_new = addrmap_insert(&facts->map, type);
        if (is_new < 0 || (is_new > 0 && vec_push(facts->memory, samples, op) < 0)) {
            return -1;
        }
        *last = type;
    }
    return 0;
}

/* 0 or -1. */
static int
find_facts(FactsOfTypes *facts, const Samples *samples)
{
    VEC(void *) types = {0};
    if (vec_reserve(facts->memory, &types, facts->map.count) < 0 ||
        vec_zeros(facts->memory, &facts->items, facts->map.count) < 0) {
        vec_fini(facts->memory, &types);
        return -1;
    }
    addrmap_number(&facts->map, types.items);
    vec_fini(facts->memory, &types);
    for (size_t s = 0; s < samples->length; s++) {
        NodeId place;
        if (addrmap_find_near(&facts->map, &facts->cursor, Py_TYPE(samples->items[s]), &place)) {
            facts->items.items[place] = facts_of(facts->state, samples->items[s]);
        }
    }
    return 0;
}

int
type_facts_learn(FactsOfTypes *facts, const ModuleState *state, const Heap *heap,
                 const NodeId *nodes, const NodeId *members, size_t count)
{
    Members all = {heap, nodes, members, count};
    Samples samples = {0};
    *facts = (FactsOfTypes){.memory = heap->memory, .state = state, .cursor = ADDRMAP_NOWHERE};
    int error = addrmap_init(&facts->map, facts->memory) < 0 ||
                        enter_types(facts, &all, &samples) < 0 || find_facts(facts, &samples) < 0
                    ? -1
                    : 0;
    vec_fini(facts->memory, &samples);
    return error;
}

void
type_facts_fini(FactsOfTypes *facts)
{
    if (facts->memory != NULL) {
        vec_fini(facts->memory, &facts->items);
        addrmap_fini(&facts->map);
    }
}

const TypeFacts *
type_facts_find(FactsOfTypes *facts, PyObject *op)
{
    NodeId place = 0;
    (void)addrmap_find_near(&facts->map, &facts->cursor, Py_TYPE(op), &place);
    return &facts->items.items[place];
}

uint64_t
type_facts_colour(FactsOfTypes *facts, PyObject *op)
{
    const TypeFacts *of_type = type_facts_of(facts, op);
    return of_type->is_named ? hash_mix(of_type->hash, describe_name_hash(op)) : of_type->hash;
}
