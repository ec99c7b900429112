/* worker.c:

       worker_start      into state->workers, which owns it from there on; begin
       thread_main       a thread state, then take_steps, until the end of them or `is_ending`
       wait_for_end      by another thread: `is_ending`, a byte into the pipe, the lock `ended`
       reap              join what has ended; out of the list, unless it goes on after a fork

   All fields are read and written with the GIL, or where there is none with the lock of the state's
   workers; but for the two locks that are waited for, and what the thread alone has: `wait`, and
   `make` and `steps` while it runs. Python code runs without the lock, and what waits lets others
   run. A thread that has ended is joined: then it is gone for the system, too, which counts threads
   when a fork is to be warned of.

   A program may close all descriptors, as daemons do, and ours with them. Their numbers are then
   its own, so that each use is of one that `is_held`; where one is lost the worker finishes. A poll
   that is under way hears of it, as the pipe hangs up; unless the number is of another file before
   the thread has come to its turn: then the system waits for that one, which harms nobody, until
   what else the step waits for comes. */

#include "runtime/worker.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "runtime/scan.h"

enum { FORK_WAITS_MS = 200, STOP_WAITS_MS = 100, LEAST_STACK = 1 << 20, OUR_STACK = 4 << 20 };

/* A descriptor of ours, or none, and the file that it is of. */
typedef struct {
    int number; /* or -1 */
    dev_t device;
    ino_t inode;
    mode_t kind; /* 0: of no file */
} Held;

typedef struct WorkerObject {
    PyObject_HEAD
    ModuleState *state;         /* borrowed: of the type's module */
    struct WorkerObject *next;  /* borrowed: the next of state->workers */
    PyInterpreterState *interp; /* borrowed */
    PyObject *make;             /* owned or NULL when finished: makes the steps */
    PyObject *steps;            /* owned or NULL: an iterator, not made yet or interrupted */
    PyThread_type_lock began;   /* held until the thread has its state */
    PyThread_type_lock ended;   /* held while the thread runs */
    pthread_t thread;           /* where is_joinable */
    pid_t process;              /* whose thread it is: a fork that calls no hook copies this, too */
    unsigned long ident;        /* as Python has it */
    Held pipe[2];               /* a byte in it wakes the thread */
    Held descriptor;            /* what a child is to close */
    struct {
        double until; /* by the monotonic clock; INFINITY */
        int descriptor;
        bool writing;
        bool is_on;
    } wait;
    bool goes_on_in_child;
    bool is_interruptible; /* a step that runs at a fork can be begun anew after it */
    bool is_listed;
    bool is_joinable; /* there is a thread, or one that has ended and was not joined */
    bool is_ending;   /* it is to end between two steps */
    bool is_stopping; /* and not to begin anew */
    bool is_in_step;
    bool is_interrupted; /* the step was sent a GeneratorExit */
    bool has_ended;      /* the thread runs no code of Python any more */
    bool is_finished;    /* there is nothing more to do */
    bool is_lost;        /* as the program has closed a descriptor of it */
} WorkerObject;

/* ---------------------------------------------------------------------- the lock */

static void
lock(WorkerObject *self)
{
    spin_lock(&self->state->workers_lock);
}

static void
unlock(WorkerObject *self)
{
    spin_unlock(&self->state->workers_lock);
}

/* Others run from here on, until run_again. */
static PyThreadState *
let_others_run(WorkerObject *self)
{
    unlock(self);
    return PyEval_SaveThread();
}

static void
run_again(WorkerObject *self, PyThreadState *thread)
{
    PyEval_RestoreThread(thread);
    lock(self);
}

/* --------------------------------------------------------------- the descriptors */

static Held
hold(int number)
{
    struct stat status;
    Held held = {.number = number};
    if (number >= 0 && fstat(number, &status) == 0) {
        held.device = status.st_dev;
        held.inode = status.st_ino;
        held.kind = status.st_mode & S_IFMT;
    }
    return held;
}

/* Whether the descriptor is still of the file that it was of. */
static bool
is_held(const Held *held)
{
    Held now = hold(held->number);
    return now.kind != 0 && now.kind == held->kind && now.inode == held->inode &&
           now.device == held->device;
}

/* Close it, unless the program has. */
static void
let_go(Held *held)
{
    if (is_held(held)) {
        (void)close(held->number);
    }
    held->number = -1;
}

static bool
holds_pipe(const WorkerObject *self)
{
    return is_held(&self->pipe[0]) && is_held(&self->pipe[1]);
}

static bool
holds_all(const WorkerObject *self)
{
    return holds_pipe(self) && (self->descriptor.number < 0 || is_held(&self->descriptor));
}

/* ------------------------------------------------------------------- the thread */

/* As poll takes it: milliseconds, not less than what is left; a day at most. */
static int
milliseconds_until(double until)
{
    const double day = 86400;
    double left = until - clock_seconds();
    return isinf(until) ? -1 : left > 0 ? (int)ceil(1000 * fmin(left, day)) : 0;
}

static void
drain_pipe(WorkerObject *self)
{
    char woken[16];
    while (is_held(&self->pipe[0]) && read(self->pipe[0].number, woken, sizeof(woken)) > 0) {
    }
}

/* Wait as the last step has said, or until somebody wakes the thread. */
static void
wait_once(WorkerObject *self)
{
    struct pollfd polled[] = {
        {.fd = self->pipe[0].number, .events = POLLIN},
        {.fd = self->wait.descriptor, .events = self->wait.writing ? POLLOUT : POLLIN},
    };
    double until = self->wait.until;
    PyThreadState *thread = let_others_run(self);
    (void)poll(polled, 2, milliseconds_until(until));
    run_again(self, thread);
    if (polled[1].revents != 0 || clock_seconds() >= until) {
        self->wait.is_on = false;
    }
    if (!self->is_ending) { /* or not any more */
        drain_pipe(self);
    }
}

/* What a step says: (seconds or None, descriptor, writing). 0 or -1 with an exception. */
static int
note_wait(WorkerObject *self, PyObject *item)
{
    PyObject *seconds;
    int writing;
    if (!PyTuple_Check(item)) {
        PyErr_SetString(PyExc_TypeError, "a step ends with a tuple");
        return -1;
    }
    if (!PyArg_ParseTuple(item, "Oip", &seconds, &self->wait.descriptor, &writing)) {
        return -1;
    }
    double duration = seconds == Py_None ? INFINITY : PyFloat_AsDouble(seconds);
    if (duration == -1 && PyErr_Occurred()) {
        return -1;
    }
    self->wait.until = clock_seconds() + duration;
    self->wait.writing = writing;
    self->wait.is_on = true;
    return 0;
}

/* New reference: what the next step ends with. NULL with an exception, or without at the end. */
static PyObject *
next_item(WorkerObject *self)
{
    if (self->steps == NULL) {
        PyObject *made = PyObject_CallNoArgs(self->make);
        self->steps = made != NULL ? PyObject_GetIter(made) : NULL;
        Py_XDECREF(made);
    }
    return self->steps != NULL ? Py_TYPE(self->steps)->tp_iternext(self->steps) : NULL;
}

/* As next_item. A GeneratorExit that was sent to it has struck, or does not strike any more. */
static PyObject *
next_item_in_step(WorkerObject *self, bool *was_interrupted)
{
    self->is_in_step = true;
    unlock(self);
    PyObject *item = next_item(self);
    lock(self);
    self->is_in_step = false;
    *was_interrupted = self->is_interrupted;
    if (self->is_interrupted) {
        self->is_interrupted = false;
        (void)PyThreadState_SetAsyncExc(self->ident, NULL);
    }
    return item;
}

/* Take a step; false: it was the last one. An exception ends the steps, and nobody hears of it; but
   where a fork has interrupted them they are made anew. */
static bool
take_step(WorkerObject *self)
{
    bool was_interrupted;
    PyObject *item = next_item_in_step(self, &was_interrupted);
    unlock(self);
    bool goes_on =
        item != NULL ? note_wait(self, item) == 0 : was_interrupted && PyErr_Occurred() != NULL;
    Py_XDECREF(item);
    PyErr_Clear();
    if (!self->wait.is_on) {
        Py_CLEAR(self->steps);
    }
    lock(self);
    return goes_on;
}

static void
close_pipe(WorkerObject *self)
{
    let_go(&self->pipe[0]);
    let_go(&self->pipe[1]);
}

static int
worker_clear(PyObject *op)
{
    WorkerObject *self = (WorkerObject *)op;
    Py_CLEAR(self->make);
    Py_CLEAR(self->steps);
    return 0;
}

/* Close the steps, and let go of all but the thread. */
static void
finish(WorkerObject *self)
{
    PyObject *make = self->make, *steps = self->steps;
    self->make = self->steps = NULL;
    self->is_finished = true;
    unlock(self);
    Py_XDECREF(make);
    Py_XDECREF(steps);
    lock(self);
    close_pipe(self);
}

static void
take_steps(WorkerObject *self)
{
    while (!self->is_ending && !self->is_finished) {
        if (!holds_all(self)) {
            self->is_lost = self->is_finished = true;
        }
        else if (self->wait.is_on) {
            wait_once(self);
        }
        else {
            self->is_finished = !take_step(self);
        }
    }
    if (self->is_finished || self->is_stopping) {
        finish(self);
    }
}

static void *
thread_main(void *argument)
{
    WorkerObject *self = argument; /* state->workers owns it until the thread is joined */
    /* CPython 3.11 itself does not survive where there is no memory for this */
    PyThreadState *thread = PyThreadState_New(self->interp);
    self->ident = PyThread_get_thread_ident();
    PyThread_type_lock ended = self->ended;
    self->has_ended = thread == NULL;
    PyThread_release_lock(self->began);
    if (thread != NULL) {
        PyEval_AcquireThread(thread);
        lock(self);
        take_steps(self);
        unlock(self);
        PyThreadState_Clear(thread);
        lock(self);
        self->has_ended = true;
        unlock(self);
    }
    PyThread_release_lock(ended);
    if (thread != NULL) {
        PyThreadState_DeleteCurrent();
    }
    return NULL;
}

/* As pthread_create, with a stack that is large enough for Python code everywhere. */
static int
create_thread(WorkerObject *self)
{
    pthread_attr_t attributes;
    size_t stack = 0;
    int error = pthread_attr_init(&attributes);
    if (error != 0) {
        return error;
    }
    if (pthread_attr_getstacksize(&attributes, &stack) == 0 && stack < LEAST_STACK) {
        (void)pthread_attr_setstacksize(&attributes, OUR_STACK);
    }
    error = pthread_create(&self->thread, &attributes, thread_main, self);
    (void)pthread_attr_destroy(&attributes);
    return error;
}

/* As create_thread; the thread takes no signals but those that its own faults raise. */
static int
create_deaf_thread(WorkerObject *self)
{
    const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    sigset_t all, before;
    (void)sigfillset(&all);
    for (size_t k = 0; k < sizeof(own) / sizeof(own[0]); k++) {
        (void)sigdelset(&all, own[k]);
    }
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = create_thread(self);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* Begin a thread; false where the system gives none. When this returns it has its state, so that
   the interpreter does not end before it knows of it. */
static bool
begin(WorkerObject *self)
{
    PyThread_type_lock began = self->began;
    drain_pipe(self);
    self->is_ending = self->is_stopping;
    self->has_ended = false;
    self->process = getpid();
    (void)PyThread_acquire_lock(began, WAIT_LOCK);       /* nobody who holds one of them waits */
    (void)PyThread_acquire_lock(self->ended, WAIT_LOCK); /* for the GIL, or for our lock */
    self->is_joinable = create_deaf_thread(self) == 0;
    if (!self->is_joinable) {
        PyThread_release_lock(self->ended);
        PyThread_release_lock(began);
        return false;
    }
    PyThreadState *thread = let_others_run(self);
    (void)PyThread_acquire_lock(began, WAIT_LOCK);
    PyThread_release_lock(began);
    run_again(self, thread);
    return true;
}

/* ---------------------------------------------------------------------- its end */

static bool
is_running(const WorkerObject *self)
{
    return self->is_joinable && !self->has_ended && self->process == getpid();
}

static bool
is_own_thread(const WorkerObject *self)
{
    return self->is_joinable && pthread_equal(self->thread, pthread_self());
}

static void
ask_to_end(WorkerObject *self)
{
    self->is_ending = true;
    if (!holds_pipe(self)) { /* where one end is left, this hangs up */
        close_pipe(self);
        return;
    }
    ssize_t written = write(self->pipe[1].number, "", 1);
    (void)written; /* where the pipe is full, it is readable */
}

/* Wait for the end of a thread, no longer than until a time; false where it goes on. Others run
   meanwhile. */
static bool
wait_for_end(WorkerObject *self, double until)
{
    PyThread_type_lock ended = self->ended;
    int left = milliseconds_until(until);
    PyThreadState *thread = let_others_run(self);
    if (PyThread_acquire_lock_timed(ended, (PY_TIMEOUT_T)left * 1000, 0) == PY_LOCK_ACQUIRED) {
        PyThread_release_lock(ended);
    }
    run_again(self, thread);
    return !is_running(self);
}

/* Join the thread if it has ended. We need no GIL any more, but what else was left in the thread
   may, as destructors of C++ do: others run meanwhile. */
static void
join_ended(WorkerObject *self)
{
    if (self->is_joinable && self->has_ended) {
        self->is_joinable = false;
        if (self->process == getpid()) {
            pthread_t joined = self->thread;
            PyThreadState *thread = let_others_run(self);
            (void)pthread_join(joined, NULL);
            run_again(self, thread);
        }
    }
}

static void
unlist(WorkerObject *self)
{
    WorkerObject **place = &self->state->workers;
    while (*place != NULL && *place != self) {
        place = &(*place)->next;
    }
    if (*place == self) {
        *place = self->next;
        self->next = NULL;
        self->is_listed = false;
        Py_DECREF(self);
    }
}

/* Borrowed, or NULL: the one behind it in the list; the first, where it is in the list no more. */
static WorkerObject *
next_of(const WorkerObject *self)
{
    return self->is_listed ? self->next : self->state->workers;
}

/* Join those that have ended, and let go of those that have finished. */
static void
reap(ModuleState *state)
{
    WorkerObject *next;
    for (WorkerObject *w = state->workers; w != NULL; w = next) {
        Py_INCREF(w); /* others run while it is joined */
        join_ended(w);
        next = next_of(w);
        if (!w->is_joinable && w->is_finished) {
            unlist(w);
        }
        Py_DECREF(w);
    }
}

/* --------------------------------------------------------------------- at a fork */

static void
ask_all_to_end(ModuleState *state)
{
    for (WorkerObject *w = state->workers; w != NULL; w = w->next) {
        if (is_running(w) && !is_own_thread(w) && !w->is_ending) {
            ask_to_end(w);
            if (w->is_in_step && w->is_interruptible) {
                w->is_interrupted = true;
                (void)PyThreadState_SetAsyncExc(w->ident, PyExc_GeneratorExit);
            }
        }
    }
}

/* Borrowed, or NULL: one that has not come to its end yet. */
static WorkerObject *
next_to_end(const ModuleState *state)
{
    WorkerObject *w = state->workers;
    while (w != NULL && (!is_running(w) || is_own_thread(w))) {
        w = w->next;
    }
    return w;
}

PyObject *
worker_before_fork(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    ModuleState *state = state_of_module(module);
    double until = clock_seconds() + FORK_WAITS_MS * 1e-3;
    spin_lock(&state->workers_lock);
    state->forks++;
    ask_all_to_end(state);
    bool in_time = true;
    for (WorkerObject *w; in_time && (w = next_to_end(state)) != NULL;) {
        Py_INCREF(w);
        in_time = wait_for_end(w, until);
        Py_DECREF(w);
    }
    reap(state);
    spin_unlock(&state->workers_lock);
    Py_RETURN_NONE;
}

/* Begin anew what has ended for a fork. */
static void
go_on(ModuleState *state)
{
    WorkerObject *next;
    for (WorkerObject *w = state->workers; w != NULL && state->forks == 0; w = next) {
        Py_INCREF(w); /* others run while a thread begins, and may fork */
        join_ended(w);
        w->is_ending = w->is_stopping;
        if (!w->is_joinable && !w->is_finished) {
            (void)begin(w); /* or with the next fork */
        }
        next = next_of(w);
        Py_DECREF(w);
    }
}

PyObject *
worker_after_fork(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    ModuleState *state = state_of_module(module);
    spin_lock(&state->workers_lock);
    if (state->forks > 0 && --state->forks == 0) { /* two threads may fork at once */
        go_on(state);
    }
    spin_unlock(&state->workers_lock);
    Py_RETURN_NONE;
}

/* 0, or -1 with OSError. */
static int
open_pipe(WorkerObject *self)
{
    int ends[2];
#if defined(__linux__)
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) { /* at once: C code may exec in another thread */
#else
    if (pipe(ends) < 0) {
#endif
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    for (int end = 0; end < 2; end++) {
        (void)fcntl(ends[end], F_SETFD, FD_CLOEXEC);
        (void)fcntl(ends[end], F_SETFL, O_NONBLOCK);
        self->pipe[end] = hold(ends[end]);
    }
    return 0;
}

static void
free_locks(WorkerObject *self)
{
    if (self->began != NULL) {
        PyThread_free_lock(self->began);
    }
    if (self->ended != NULL) {
        PyThread_free_lock(self->ended);
    }
    self->began = self->ended = NULL;
}

/* 0, or -1 with an exception. */
static int
make_locks(WorkerObject *self)
{
    self->began = PyThread_allocate_lock();
    self->ended = PyThread_allocate_lock();
    return self->began != NULL && self->ended != NULL ? 0 : scan_no_memory();
}

/* Let go of an object later, together with `left`: to close steps runs Python code, for which all
   workers have to be whole. Steals `object`, which may be NULL; without memory it is kept. */
static void
leave(PyObject *left, PyObject *object)
{
    if (object != NULL && left != NULL && PyList_Append(left, object) == 0) {
        Py_DECREF(object);
    }
}

/* Make a worker of a forked child out of its parent's, whose thread the child has not; false where
   it ends, as where the parent's has lost its descriptors. Pipe, locks and descriptor are shared
   with the parent, or in a state that is not known. */
static bool
renew_in_child(WorkerObject *self, PyObject *left)
{
    bool goes_on =
        self->goes_on_in_child && !self->is_finished && !self->is_stopping && holds_all(self);
    PyObject *steps = self->is_in_step ? NULL : self->steps; /* of a generator that runs, in a
                                                                thread that is not there, nobody
                                                                may let go */
    self->steps = NULL;
    self->is_joinable = self->is_in_step = self->is_interrupted = self->wait.is_on = false;
    close_pipe(self);
    let_go(&self->descriptor);
    self->began = self->ended = NULL; /* not freed: one may be held for ever */
    leave(left, steps);
    if (goes_on && (open_pipe(self) < 0 || make_locks(self) < 0)) {
        PyErr_Clear();
        goes_on = false;
    }
    self->is_finished = !goes_on;
    if (!goes_on) {
        leave(left, self->make);
        self->make = NULL;
    }
    return goes_on;
}

PyObject *
worker_in_child(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    ModuleState *state = state_of_module(module);
    PyObject *left = PyList_New(0); /* owned or NULL */
    WorkerObject *next;
    spin_lock(&state->workers_lock);
    state->forks = 0;
    for (WorkerObject *w = state->workers; w != NULL; w = next) {
        next = w->next;
        if (is_own_thread(w)) { /* a step has forked: it is the one thread here, and ends */
            w->is_stopping = w->is_ending = true;
            w->process = getpid();
        }
        else if (!renew_in_child(w, left)) {
            unlist(w);
        }
    }
    spin_unlock(&state->workers_lock);
    PyErr_Clear();
    Py_XDECREF(left);
    spin_lock(&state->workers_lock);
    go_on(state);
    spin_unlock(&state->workers_lock);
    Py_RETURN_NONE;
}

/* --------------------------------------------------------------------- the type */

static PyObject *
worker_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *module = PyType_GetModuleByDef(type, &gcscope_module), *make;
    int in_child = 0, descriptor = -1;
    if (module == NULL ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, "O|pi:Worker",
                                     (char *[]){"make", "in_child", "descriptor", NULL}, &make,
                                     &in_child, &descriptor)) {
        return NULL;
    }
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) { /* it dies with its threads */
        PyErr_SetString(PyExc_RuntimeError,
                        "only the main interpreter of a process can listen, and be asked");
        return NULL;
    }
    WorkerObject *self = (WorkerObject *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->state = state_of_module(module);
    self->interp = PyInterpreterState_Get();
    self->make = Py_NewRef(make);
    self->pipe[0].number = self->pipe[1].number = -1;
    self->descriptor = hold(descriptor);
    self->goes_on_in_child = in_child;
    if (open_pipe(self) < 0 || make_locks(self) < 0) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

PyDoc_STRVAR(
    worker_start_doc,
    "start($self, /)\n--\n\n"
    "Begin. Raises RuntimeError where it was begun before, or the system gives no thread.");

/* Returns what is wrong, or NULL. */
static const char *
start(WorkerObject *self)
{
    ModuleState *state = self->state;
    reap(state);
    if (self->is_listed || self->is_finished) {
        return "this worker was begun before";
    }
    self->next = state->workers;
    state->workers = (WorkerObject *)Py_NewRef((PyObject *)self);
    self->is_listed = true;
    if (state->forks == 0 && !begin(self)) { /* else after the fork that is under way */
        unlist(self);
        return "the system gives no thread";
    }
    return NULL;
}

static PyObject *
worker_start(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    WorkerObject *self = (WorkerObject *)op;
    lock(self);
    const char *fault = start(self);
    unlock(self);
    if (fault != NULL) {
        PyErr_SetString(PyExc_RuntimeError, fault);
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(worker_stop_doc,
             "stop($self, /)\n--\n\n"
             "End it after the step that it is in; wait for that a tenth of a second at most.");

static void
stop(WorkerObject *self)
{
    self->is_stopping = true;
    if (self->is_joinable && self->process != getpid()) {
        return; /* its steps may be running, in a thread that this process has not */
    }
    if (!is_running(self)) { /* not begun, ended, or a fork is under way */
        finish(self);
    }
    else {
        ask_to_end(self);
    }
    if (is_running(self) && !is_own_thread(self)) {
        (void)wait_for_end(self, clock_seconds() + STOP_WAITS_MS * 1e-3);
    }
    reap(self->state);
}

static PyObject *
worker_stop(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    WorkerObject *self = (WorkerObject *)op;
    lock(self);
    stop(self);
    unlock(self);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(
    worker_holds_doc,
    "holds($self, /)\n--\n\n"
    "Return whether its pipe and its descriptor, if any, are there: not closed by it, nor\n"
    "by the program, which may have opened others by these numbers.");

static PyObject *
worker_holds(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    WorkerObject *self = (WorkerObject *)op;
    lock(self);
    bool holds = holds_all(self);
    unlock(self);
    return PyBool_FromLong(holds);
}

PyDoc_STRVAR(worker_release_doc, "release($self, /)\n--\n\n"
                                 "Close its descriptor, unless the program has.");

static PyObject *
worker_release(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    WorkerObject *self = (WorkerObject *)op;
    lock(self);
    let_go(&self->descriptor);
    unlock(self);
    Py_RETURN_NONE;
}

static PyObject *
worker_get_descriptor(PyObject *op, void *Py_UNUSED(closure))
{
    WorkerObject *self = (WorkerObject *)op;
    lock(self);
    int number = self->descriptor.number;
    unlock(self);
    return PyLong_FromLong(number);
}

/* To set the number that it has changes nothing: by now that may be of a file of the program's. */
static int
worker_set_descriptor(PyObject *op, PyObject *value, void *Py_UNUSED(closure))
{
    WorkerObject *self = (WorkerObject *)op;
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "the descriptor cannot be deleted");
        return -1;
    }
    int number;
    if (!PyArg_Parse(value, "i", &number)) {
        return -1;
    }
    lock(self);
    if (number != self->descriptor.number) {
        self->descriptor = hold(number);
    }
    unlock(self);
    return 0;
}

static PyObject *
worker_get_interruptible(PyObject *op, void *Py_UNUSED(closure))
{
    WorkerObject *self = (WorkerObject *)op;
    lock(self);
    bool is_interruptible = self->is_interruptible;
    unlock(self);
    return PyBool_FromLong(is_interruptible);
}

static int
worker_set_interruptible(PyObject *op, PyObject *value, void *Py_UNUSED(closure))
{
    WorkerObject *self = (WorkerObject *)op;
    if (value == NULL || !PyBool_Check(value)) {
        PyErr_SetString(PyExc_TypeError, "interruptible is a bool");
        return -1;
    }
    lock(self);
    self->is_interruptible = value == Py_True;
    unlock(self);
    return 0;
}

static PyObject *
worker_get_lost(PyObject *op, void *Py_UNUSED(closure))
{
    WorkerObject *self = (WorkerObject *)op;
    lock(self);
    bool is_lost = self->is_lost;
    unlock(self);
    return PyBool_FromLong(is_lost);
}

static int
worker_traverse(PyObject *op, visitproc visit, void *arg)
{
    WorkerObject *self = (WorkerObject *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->make);
    Py_VISIT(self->steps);
    return 0;
}

static void
worker_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    (void)worker_clear(op);
    close_pipe((WorkerObject *)op);
    free_locks((WorkerObject *)op);
    type->tp_free(op);
    Py_DECREF(type);
}

PyDoc_STRVAR(worker_doc, "Worker(make, in_child=False, descriptor=-1)\n--\n\n"
                         "A thread that takes the steps of the iterator that make() returns.");

static PyMethodDef worker_methods[] = {
    {"start", worker_start, METH_NOARGS, worker_start_doc},
    {"stop", worker_stop, METH_NOARGS, worker_stop_doc},
    {"holds", worker_holds, METH_NOARGS, worker_holds_doc},
    {"release", worker_release, METH_NOARGS, worker_release_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef worker_getset[] = {
    {"descriptor", worker_get_descriptor, worker_set_descriptor,
     PyDoc_STR("What is closed in a forked child, and by release(); or -1."), NULL},
    {"interruptible", worker_get_interruptible, worker_set_interruptible,
     PyDoc_STR("Whether a step that runs at a fork is to be begun anew after it."), NULL},
    {"lost", worker_get_lost, NULL,
     PyDoc_STR("Whether it has ended as the program has closed its pipe or descriptor."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot worker_slots[] = {
    {Py_tp_doc, (void *)worker_doc},   {Py_tp_new, worker_new},
    {Py_tp_traverse, worker_traverse}, {Py_tp_clear, worker_clear},
    {Py_tp_dealloc, worker_dealloc},   {Py_tp_methods, worker_methods},
    {Py_tp_getset, worker_getset},     {0, NULL},
};

static PyType_Spec worker_spec = {
    .name = "gcscope._core.Worker",
    .basicsize = sizeof(WorkerObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = worker_slots,
};

int
worker_setup(PyObject *module)
{
    return state_add_type(module, &worker_spec);
}
