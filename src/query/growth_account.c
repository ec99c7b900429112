/* growth_account.c:

       visit_references   what an object refers to, keys of dicts and the like too (known.h)
       find_new           breadth-first from the containers through what is new
       count_for          the same from one container, within what was found */

#include "query/growth_account.h"

#include "heap/known.h"
#include "heap/sizes.h"

/* -------------------------------------------------------------------- references */

static void
visit_references(PyObject *op, visitproc visit, void *arg)
{
    traverseproc traverse = known_traverse_of(op);
    if (traverse != NULL) {
        (void)traverse(op, visit, arg);
    }
    known_visit_beyond(op, visit, arg);
}

/* --------------------------------------------------------------------- beginning */

typedef struct {
    AddrMap *map;
    bool failed;
} Entering;

static int
enter_target(PyObject *target, void *arg)
{
    Entering *entering = arg;
    entering->failed |= addrmap_insert(entering->map, target) < 0;
    return entering->failed;
}

void
account_init(Account *account, const ModuleState *state)
{
    *account = (Account){.memory = scan_memory(state)};
}

static void
forget_before(Account *account)
{
    if (account->before.memory != NULL) {
        addrmap_fini(&account->before);
        account->before = (AddrMap){0};
    }
}

static void
forget_found(Account *account)
{
    index_fini(&account->addresses, &account->memory);
    vec_fini(&account->memory, &account->objects);
    vec_fini(&account->memory, &account->queue);
}

/* Copy the addresses of a map. 0; -1 out of memory. */
static int
copy_listed(Account *account, const Scan *scan)
{
    int error = addrmap_init(&account->before, &account->memory);
    for (size_t n = 0; n < scan->heap.count && error == 0; n++) {
        error = addrmap_insert(&account->before, scan->heap.objects.items[n]) < 0 ? -1 : 0;
    }
    return error;
}

int
account_begin(Account *account, const Scan *scan, PyObject *const *containers, size_t count)
{
    forget_before(account);
    account->memory.fail_after = scan->state->fail_after;
    int error = copy_listed(account, scan);
    Entering entering = {.map = &account->before};
    for (size_t c = 0; c < count && error == 0; c++) {
        visit_references(containers[c], enter_target, &entering);
        error = entering.failed ? -1 : 0;
    }
    if (error < 0) {
        forget_before(account);
    }
    return error;
}

bool
account_is_on(const Account *account)
{
    return account->before.memory != NULL;
}

/* ------------------------------------------------------------------ what is new */

typedef struct {
    Account *account;
    bool failed;
} Search;

static bool
owns_all(const Added *added)
{
    bool is_tracked = PyObject_IS_GC(added->op) && PyObject_GC_IsTracked(added->op);
    return is_tracked || (!is_immortal(added->op) && added->visits >= Py_REFCNT(added->op));
}

static int
find_target(PyObject *target, void *arg)
{
    Search *search = arg;
    Account *account = search->account;
    if (addrmap_has(&account->before, target)) {
        return 0;
    }
    uint32_t n = index_enter(&account->addresses, &account->memory, (uintptr_t)target);
    if (n == INDEX_NONE ||
        (n == account->objects.length &&
         vec_push(&account->memory, &account->objects, ((Added){.op = target})) < 0)) {
        search->failed = true;
        return -1;
    }
    Added *added = &account->objects.items[n];
    added->visits++;
    if (!added->is_new && owns_all(added)) {
        added->is_new = true;
        search->failed = vec_push(&account->memory, &account->queue, n) < 0;
    }
    return search->failed;
}

/* 0 or -1. */
static int
find_new(Account *account, PyObject *const *containers, size_t count)
{
    Search search = {.account = account};
    for (size_t c = 0; c < count && !search.failed; c++) {
        visit_references(containers[c], find_target, &search);
    }
    for (size_t q = 0; q < account->queue.length && !search.failed; q++) {
        PyObject *op = account->objects.items[account->queue.items[q]].op;
        visit_references(op, find_target, &search);
    }
    return search.failed ? -1 : 0;
}

/* There is room in the queue for all that is new. */
static int
count_target(PyObject *target, void *arg)
{
    Account *account = arg;
    uint32_t n = index_find(&account->addresses, (uintptr_t)target);
    Added *added = n != INDEX_NONE ? &account->objects.items[n] : NULL;
    if (added != NULL && added->is_new && added->container != account->of_container) {
        added->container = account->of_container;
        vec_push_reserved(&account->queue, n);
    }
    return 0;
}

static uint64_t
count_for(Account *account, PyObject *container)
{
    uint64_t bytes = 0;
    account->queue.length = 0;
    account->of_container++;
    visit_references(container, count_target, account);
    for (size_t q = 0; q < account->queue.length; q++) {
        PyObject *op = account->objects.items[account->queue.items[q]].op;
        bytes += sizes_object_bytes(op);
        visit_references(op, count_target, account);
    }
    return bytes;
}

int
account_end(Account *account, PyObject *const *containers, size_t count, uint64_t *bytes)
{
    forget_found(account);
    if (find_new(account, containers, count) < 0) {
        forget_found(account);
        return -1;
    }
    account->of_container = 0;
    for (size_t c = 0; c < count; c++) {
        bytes[c] = count_for(account, containers[c]);
    }
    return 0;
}

/* -------------------------------------------------------------------- the newest */

typedef struct {
    const Account *account;
    PyObject *newest;
    bool is_first; /* the traversal begins at the newest */
} Newest;

static int
find_newest(PyObject *target, void *arg)
{
    Newest *newest = arg;
    if (index_find(&newest->account->addresses, (uintptr_t)target) != INDEX_NONE) {
        newest->newest = target;
        return newest->is_first;
    }
    return 0;
}

PyObject *
account_newest(const Account *account, PyObject *container)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    Newest newest = {.account = account, .is_first = PyList_Check(container)};
    if (!PyDict_Check(container)) {
        (void)Py_TYPE(container)->tp_traverse(container, find_newest, &newest);
    }
    while (PyDict_Check(container) && PyDict_Next(container, &position, &key, &value)) {
        (void)find_newest(value, &newest);
    }
    return newest.newest;
}

void
account_fini(Account *account)
{
    forget_before(account);
    forget_found(account);
}
