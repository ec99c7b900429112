#include "query/suspicions.h"

void
suspicions_init(Suspicions *suspicions, Memory *memory)
{
    *suspicions = (Suspicions){.memory = memory};
}

void
suspicions_fini(Suspicions *suspicions)
{
    index_fini(&suspicions->index, suspicions->memory);
    vec_fini(suspicions->memory, &suspicions->items);
    vec_fini(suspicions->memory, &suspicions->claims);
}

/* A different number for each place: types are aligned, and addresses have 48 bits. */
static uint64_t
key_of(Fault fault, const PyTypeObject *type, size_t offset)
{
    enum { ALIGNED = 4, FAULT_BITS = 3, OFFSET_BITS = 17 };
    uint64_t place = (offset / sizeof(PyObject *)) & ((1u << OFFSET_BITS) - 1);
    return (uint64_t)(uintptr_t)type >> ALIGNED << (FAULT_BITS + OFFSET_BITS) |
           place << FAULT_BITS | (uint64_t)fault;
}

Suspicion *
suspicions_at(Suspicions *suspicions, Fault fault, PyTypeObject *type, size_t offset)
{
    if (vec_reserve(suspicions->memory, &suspicions->items, 1) < 0) {
        return NULL;
    }
    uint32_t number =
        index_enter(&suspicions->index, suspicions->memory, key_of(fault, type, offset));
    if (number == INDEX_NONE) {
        return NULL;
    }
    if (number == suspicions->items.length) {
        Suspicion fresh = {.fault = fault, .type = type, .offset = offset};
        vec_push_reserved(&suspicions->items, fresh);
    }
    return &suspicions->items.items[number];
}

Suspicion *
suspicions_find(const Suspicions *suspicions, Fault fault, PyTypeObject *type, size_t offset)
{
    uint32_t number = index_find(&suspicions->index, key_of(fault, type, offset));
    return number != INDEX_NONE ? &suspicions->items.items[number] : NULL;
}

int
suspicions_claim(Suspicions *suspicions, Suspicion *suspicion, PyObject *specimen, PyObject *target,
                 NodeId node)
{
    uint32_t number = (uint32_t)(suspicion - suspicions->items.items);
    suspicion->instances += suspicion->specimen != specimen;
    suspicion->specimen = specimen;
    suspicion->target = target;
    return vec_push(suspicions->memory, &suspicions->claims, ((Claim){number, node}));
}

/* -------------------------------------------------------------------- weighing */

static int
compare_claims(const void *one, const void *other)
{
    const Claim *a = one, *b = other;
    int by_suspicion = (a->suspicion > b->suspicion) - (a->suspicion < b->suspicion);
    return by_suspicion != 0 ? by_suspicion : (a->target > b->target) - (a->target < b->target);
}

/* What one suspicion claims of one node: a run of equal claims. */
static void
hear_run(Suspicion *suspicion, size_t length, int32_t unexplained)
{
    suspicion->targets++;
    suspicion->is_contradicted |=
        suspicion->fault < FAULT_OVER_VISIT && (int64_t)length > unexplained;
}

/* After this, `targets` of each suspicion is known, and which of them claim too much of a node. */
static void
hear_runs(Suspicions *suspicions, const int32_t *unexplained)
{
    Claim *claims = suspicions->claims.items;
    size_t count = suspicions->claims.length, end;
    vec_sort(claims, count, sizeof(Claim), compare_claims);
    for (size_t begin = 0; begin < count; begin = end) {
        end = begin + 1;
        while (end < count && compare_claims(&claims[begin], &claims[end]) == 0) {
            end++;
        }
        hear_run(&suspicions->items.items[claims[begin].suspicion], end - begin,
                 unexplained[claims[begin].target]);
    }
}

/* Of a node: how many claims there are that it has references which nobody shows; or which one
   suspicion, plus one, claims that it is shown too often. */
typedef struct {
    uint32_t hidden;
    uint32_t shower;
    bool is_accounted; /* by suspicions that have claims of their own */
} Account;

enum { SEVERAL = UINT32_MAX };

static void
hear(Account *account, const Suspicion *suspicion, uint32_t number)
{
    if (suspicion->fault < FAULT_OVER_VISIT) {
        account->hidden++;
    }
    else if (suspicion->fault == FAULT_OVER_VISIT) {
        bool is_first = account->shower == 0 || account->shower == number + 1;
        account->shower = is_first ? number + 1 : SEVERAL;
    }
}

static bool
is_alone(const Account *account, const Suspicion *suspicion, int32_t unexplained)
{
    switch (suspicion->fault) {
    case FAULT_OVER_VISIT:
        return account->shower != SEVERAL;
    case FAULT_NO_CLEAR: /* that is no claim on a reference */
        return true;
    default:
        return (int64_t)account->hidden <= unexplained;
    }
}

/* After this, `hidden` or `shower` of each node that is claimed is known. */
static void
hear_all(const Suspicions *suspicions, Account *accounts)
{
    for (size_t c = 0; c < suspicions->claims.length; c++) {
        Claim claim = suspicions->claims.items[c];
        const Suspicion *suspicion = &suspicions->items.items[claim.suspicion];
        if (!suspicion->is_contradicted) {
            hear(&accounts[claim.target], suspicion, claim.suspicion);
        }
    }
}

/* Whether a suspicion is of an over-visit that nobody contradicts, and has claims of its own. */
static bool
is_of_over_visit(const Suspicion *suspicion, bool alone)
{
    return suspicion->fault == FAULT_OVER_VISIT && !suspicion->is_contradicted &&
           (suspicion->alone != 0) == alone;
}

/* What several show too often is accounted for by those of them that do so elsewhere, alone. */
static void
drop_accounted(Suspicions *suspicions, Account *accounts)
{
    for (size_t c = 0; c < suspicions->claims.length; c++) {
        Claim claim = suspicions->claims.items[c];
        accounts[claim.target].is_accounted |=
            is_of_over_visit(&suspicions->items.items[claim.suspicion], true);
    }
    for (size_t c = 0; c < suspicions->claims.length; c++) {
        Claim claim = suspicions->claims.items[c];
        Suspicion *suspicion = &suspicions->items.items[claim.suspicion];
        suspicion->unaccounted += !accounts[claim.target].is_accounted;
    }
    for (size_t s = 0; s < suspicions->items.length; s++) {
        Suspicion *suspicion = &suspicions->items.items[s];
        suspicion->is_contradicted |=
            is_of_over_visit(suspicion, false) && suspicion->unaccounted == 0;
    }
}

int
suspicions_weigh(Suspicions *suspicions, const int32_t *unexplained, size_t count)
{
    VEC(Account) accounts = {0};
    if (vec_zeros(suspicions->memory, &accounts, count) < 0) {
        return -1;
    }
    hear_runs(suspicions, unexplained);
    hear_all(suspicions, accounts.items);
    for (size_t c = 0; c < suspicions->claims.length; c++) {
        Claim claim = suspicions->claims.items[c];
        Suspicion *suspicion = &suspicions->items.items[claim.suspicion];
        const Account *account = &accounts.items[claim.target];
        suspicion->alone +=
            !suspicion->is_contradicted && is_alone(account, suspicion, unexplained[claim.target]);
    }
    drop_accounted(suspicions, accounts.items);
    vec_fini(suspicions->memory, &accounts);
    return 0;
}
