/* growth_account.c:

       visit_references   what an object refers to, keys of dicts and the like too (known.h)
       find_new           breadth-first from the containers through what is new
       count_for          the same from one container, within what was found */

#include "query/growth_account.h"

#include "heap/known.h"
#include "heap/sizes.h"
#include "heap/unshown.h"

/* -------------------------------------------------------------------- references */

/* A result that functools.lru_cache has stands in a link, which has no tp_traverse: behind the two
   next to it and a hash come its key and the result. The dict of the cache and the ring of links
   have a reference to it each. */
enum { LINK_KEY = HEAD_MORE_WORDS + 5, LINK_RESULT, LINK_WORDS };

static bool
is_cache_link(PyObject *op)
{
    const char *name = strrchr(Py_TYPE(op)->tp_name, '.');
    return name != NULL && strcmp(name, "._lru_list_elem") == 0 &&
           Py_TYPE(op)->tp_basicsize == LINK_WORDS * sizeof(PyObject *);
}

static void
visit_cached(PyObject *op, visitproc visit, void *arg)
{
    PyObject **words = (PyObject **)(void *)op;
    if (is_cache_link(op) && words[LINK_KEY] != NULL && words[LINK_RESULT] != NULL) {
        (void)visit(words[LINK_KEY], arg);
        (void)visit(words[LINK_RESULT], arg);
    }
}

static void
visit_references(PyObject *op, visitproc visit, void *arg)
{
    traverseproc traverse = known_traverse_of(op);
    if (traverse != NULL) {
        (void)traverse(op, visit, arg);
    }
    else {
        visit_cached(op, visit, arg);
    }
    unshown_visit(op, visit, arg);
    unshown_visit_items(op, visit, arg);
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

/* Enter what is reachable. 0; -1 out of memory. */
static int
enter_reachable(Account *account, const Scan *scan)
{
    int error = addrmap_init(&account->before, &account->memory);
    for (size_t n = 0; n < scan->heap.count && error == 0; n++) {
        if (collector_is_reachable(&scan->collector, n)) {
            error = addrmap_insert(&account->before, scan->heap.objects.items[n]) < 0 ? -1 : 0;
        }
    }
    return error;
}

int
account_begin(Account *account, const Scan *scan, PyObject *const *containers, size_t count)
{
    forget_before(account);
    account->memory.fail_after = scan->state->fail_after;
    int error = enter_reachable(account, scan);
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
owns_all(Account *account, const Added *added)
{
    PyObject *op = added->op;
    bool is_tracked = PyObject_IS_GC(op) && PyObject_GC_IsTracked(op);
    Py_ssize_t idle = world_dying_references(account->world, op); /* they keep nothing */
    idle += PyUnicode_CheckExact(op) ? interp_cached_references(&account->names, op) : 0;
    return is_tracked || is_cache_link(op) ||
           (!is_immortal(op) && added->visits >= Py_REFCNT(op) - idle);
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
    if (!added->is_new && owns_all(account, added)) {
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

/* Borrowed, or NULL: what a weak reference leads to. */
static PyObject *
referent_of(PyObject *reference)
{
    PyObject *op = ((PyWeakReference *)reference)->wr_object;
    return op != Py_None ? op : NULL;
}

/* Let a weak reference be one of those to its referent. 0 or -1. */
static int
add_weak_reference(Account *account, PyObject *reference)
{
    PyObject *referent = referent_of(reference);
    uint32_t r =
        referent != NULL ? index_find(&account->addresses, (uintptr_t)referent) : INDEX_NONE;
    if (r == INDEX_NONE || !account->objects.items[r].is_new ||
        addrmap_has(&account->before, reference)) {
        return 0;
    }
    uint32_t n = index_enter(&account->addresses, &account->memory, (uintptr_t)reference);
    if (n == INDEX_NONE) {
        return -1;
    }
    if (n == account->objects.length &&
        vec_push(&account->memory, &account->objects, ((Added){.op = reference})) < 0) {
        return -1;
    }
    Added *items = account->objects.items;
    items[n].is_weak = true;
    items[n].weak = items[r].weak;
    items[r].weak = n + 1;
    return 0;
}

/* Find the new weak references to what is new, which WeakSets and the like have. 0 or -1. */
static int
find_weak_references(Account *account, const Scan *scan)
{
    const PyTypeObject *last = NULL;
    bool are_weak = false;
    for (size_t n = 0; n < scan->heap.count; n++) {
        PyObject *op = scan->heap.objects.items[n];
        if (Py_TYPE(op) != last) {
            last = Py_TYPE(op);
            are_weak = PyWeakref_CheckRef(op);
        }
        if (are_weak && add_weak_reference(account, op) < 0) {
            return -1;
        }
    }
    return 0;
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

/* Bytes of an object, and of the weak references to it that are new: they go with it. */
static uint64_t
bytes_of(Account *account, const Added *added)
{
    uint64_t bytes = sizes_object_bytes(added->op);
    Added *weak = NULL;
    for (uint32_t w = added->weak; w != 0; w = weak->weak) {
        weak = &account->objects.items[w - 1];
        if (weak->container != account->of_container) {
            weak->container = account->of_container;
            bytes += sizes_object_bytes(weak->op);
        }
    }
    return bytes;
}

static uint64_t
count_for(Account *account, PyObject *container)
{
    uint64_t bytes = 0;
    account->queue.length = 0;
    account->of_container++;
    visit_references(container, count_target, account);
    for (size_t q = 0; q < account->queue.length; q++) {
        const Added *added = &account->objects.items[account->queue.items[q]];
        bytes += bytes_of(account, added);
        visit_references(added->op, count_target, account);
    }
    return bytes;
}

int
account_end(Account *account, const Scan *scan, PyObject *const *containers, size_t count,
            uint64_t *bytes)
{
    forget_found(account);
    account->names = (CachedNames){0};
    account->world = &scan->world;
    if (find_new(account, containers, count) < 0 || find_weak_references(account, scan) < 0) {
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

/* Whether the new entries of a container are weak references to what lives, and nothing else. */
typedef struct {
    const Account *account;
    bool any, all_weak;
} WeakEntries;

static int
judge_entry(PyObject *entry, void *arg)
{
    WeakEntries *entries = arg;
    if (!addrmap_has(&entries->account->before, entry)) {
        entries->any = true;
        entries->all_weak &= PyWeakref_CheckRef(entry) && referent_of(entry) != NULL;
    }
    return !entries->all_weak;
}

bool
account_is_weak(const Account *account, PyObject *container)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    WeakEntries entries = {.account = account, .all_weak = true};
    if (!PyDict_Check(container)) {
        (void)Py_TYPE(container)->tp_traverse(container, judge_entry, &entries);
    }
    while (PyDict_Check(container) && PyDict_Next(container, &position, &key, &value)) {
        (void)judge_entry(value, &entries);
    }
    return entries.any && entries.all_weak;
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
