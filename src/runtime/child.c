/* child.c: two pipes, and who has which end of them.

       life     process -> child   how long the fork took; then nothing. That its other end is
                                   closed kills the child: the signal for input, here SIGKILL
       answer   child -> process   the length of the answer, and the answer

   fork_silently    in between all signals are blocked, and stay so in the child
   child_run        what the child does, from its first to its last instruction
   child_take       what has come of the answer so far; never waits for more

   That a process has ended is known here by its pipe, not by PR_SET_PDEATHSIG: that is about the
   thread that forked, which may end before. */

#include "runtime/child.h"

#if defined(__linux__) && !GCSCOPE_FREE_THREADED

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "heap/interp_child.h"
#include "runtime/scan.h"

/* How a child ends that has no answer. */
enum { CHILD_HAS_NO_MEMORY = 3, CHILD_HAS_RAISED = 4 };

typedef struct {
    PyObject_HEAD
    Memory memory;
    VEC(char) received; /* the length, 8 bytes, and what it is of */
    pid_t process;      /* who has forked: in a copy of that this is somebody else's child */
    pid_t pid;          /* 0: there is none, or it was waited for */
    int life;           /* -1: closed */
    int answer;         /* -1: closed */
    int status;         /* as waitpid has it */
    double stopped;
} ChildObject;

/* ------------------------------------------------------------------- in the child */

/* The child's ends of the pipes. */
typedef struct {
    int life;
    int answer;
} Ends;

static void
close_range_of(unsigned from, unsigned to)
{
#if !defined(SYS_close_range)
    enum { SYS_close_range = 436 };
#endif
    const unsigned most = 1 << 20; /* up to Linux 5.8 one after the other */
    if (from > to || syscall(SYS_close_range, from, to, 0) == 0) {
        return;
    }
    for (unsigned descriptor = from; descriptor <= to && descriptor < most; descriptor++) {
        (void)close((int)descriptor);
    }
}

static void
close_all_but(Ends ends)
{
    unsigned low = (unsigned)ends.life, high = (unsigned)ends.answer;
    if (low > high) {
        low = (unsigned)ends.answer;
        high = (unsigned)ends.life;
    }
    if (low > 0) {
        close_range_of(0, low - 1);
    }
    close_range_of(low + 1, high - 1);
    close_range_of(high + 1, ~0U);
}

static void
write_score(const char *score)
{
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
        (void)!write(file, score, strlen(score));
        (void)close(file);
    }
}

/* Be nobody's trouble: last in the queue for the processor, first to go, and no core file. (Of a
   limit of 1 byte a program that gets core files by a pipe hears, too.) */
static void
step_back(void)
{
    const struct rlimit no_core = {1, 1};
    (void)setpriority(PRIO_PROCESS, 0, 19);
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)prctl(PR_SET_NAME, "gcscope-look");
    write_score("1000");
}

/* All signals are blocked: but for this one, which ends the child. */
static void
end_after(double seconds)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    struct itimerval timer = {
        .it_value = {.tv_sec = (time_t)seconds,
                     .tv_usec = (suseconds_t)(1e6 * (seconds - (double)(time_t)seconds))}};
    sigset_t alarm_only;
    (void)sigemptyset(&alarm_only);
    (void)sigaddset(&alarm_only, SIGALRM);
    (void)sigaction(SIGALRM, &plain, NULL);
    (void)setitimer(ITIMER_REAL, &timer, NULL);
    (void)pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
}

/* End when the other end of the pipe is closed; nothing else comes through it any more. */
static void
end_with(int life)
{
    struct pollfd end = {.fd = life};
    (void)fcntl(life, F_SETOWN, getpid());
    (void)fcntl(life, F_SETSIG, SIGKILL);
    (void)fcntl(life, F_SETFL, O_ASYNC);
    if (poll(&end, 1, 0) != 0) { /* it was closed before */
        _exit(CHILD_HAS_RAISED);
    }
}

static void *
child_malloc(void *blocks, size_t bytes)
{
    return blocks_get(blocks, bytes);
}

static void *
child_calloc(void *blocks, size_t count, size_t size)
{
    bool fits = size == 0 || count <= (size_t)PTRDIFF_MAX / size;
    return fits ? blocks_zeroed(blocks, count * size) : NULL;
}

static void *
child_realloc(void *blocks, void *block, size_t bytes)
{
    return blocks_resize(blocks, block, bytes);
}

static void
child_free(void *blocks, void *block)
{
    blocks_give(blocks, block);
}

/* From now on nobody asks malloc, nor whoever stands before it. 0 or -1. */
static int
take_memory_from_blocks(ModuleState *state)
{
    Blocks *blocks = blocks_new();
    if (blocks == NULL) {
        return -1;
    }
    PyMemAllocatorEx allocator = {blocks, child_malloc, child_calloc, child_realloc, child_free};
    PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &allocator);
    PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &allocator);
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &allocator);
    state->blocks = blocks;
    state->journal->memory.blocks = blocks;
    return 0;
}

/* Write all of it, as far as anybody reads. */
static void
write_all(int descriptor, const char *bytes, size_t length)
{
    while (length != 0) {
        ssize_t written = write(descriptor, bytes, length);
        if (written < 0 && errno != EINTR) {
            _exit(CHILD_HAS_RAISED);
        }
        size_t done = written < 0 ? 0 : (size_t)written;
        bytes += done;
        length -= done;
    }
}

static void
write_answer(int descriptor, PyObject *bytes)
{
    uint64_t length = (uint64_t)PyBytes_GET_SIZE(bytes);
    write_all(descriptor, (const char *)&length, sizeof(length));
    write_all(descriptor, PyBytes_AS_STRING(bytes), (size_t)length);
}

_Noreturn static void
child_run(ModuleState *state, PyObject *make, double limit, Ends ends)
{
    double stopped;
    close_all_but(ends);
    end_after(limit);
    step_back();
    if (take_memory_from_blocks(state) < 0) {
        _exit(CHILD_HAS_NO_MEMORY);
    }
    interp_child_begin();
    if (read(ends.life, &stopped, sizeof(stopped)) != (ssize_t)sizeof(stopped)) {
        _exit(CHILD_HAS_RAISED);
    }
    end_with(ends.life);
    PyObject *answer = PyObject_CallFunction(make, "d", stopped);
    if (answer == NULL || !PyBytes_CheckExact(answer)) {
        bool is_memory = answer == NULL && PyErr_ExceptionMatches(PyExc_MemoryError);
        _exit(is_memory ? CHILD_HAS_NO_MEMORY : CHILD_HAS_RAISED);
    }
    write_answer(ends.answer, answer);
    _exit(0);
}

/* ----------------------------------------------------------------- in the process */

/* As fork does, but that the child sends no signal when it ends. A signal that comes meanwhile is
   the process's: it is blocked until there are two. */
static pid_t
fork_silently(void)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = (pid_t)syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
    int error = errno;
    if (pid != 0) {
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    errno = error;
    return pid;
}

static void
close_end(int *end)
{
    if (*end >= 0) {
        (void)close(*end);
    }
    *end = -1;
}

/* 0 or -1 with an exception. */
static int
fork_into(ChildObject *child, ModuleState *state, PyObject *make, double limit)
{
    int life[2] = {-1, -1}, answer[2] = {-1, -1};
    double begin = clock_seconds();
    child->process = getpid();
    pid_t pid = -1;
    if (pipe2(life, O_CLOEXEC) == 0 && pipe2(answer, O_CLOEXEC) == 0 &&
        fcntl(answer[0], F_SETFL, O_NONBLOCK) == 0) {
        pid = fork_silently();
    }
    if (pid == 0) {
        child_run(state, make, limit, (Ends){.life = life[0], .answer = answer[1]});
    }
    if (pid < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
    }
    child->life = life[1];
    child->answer = answer[0];
    child->pid = pid > 0 ? pid : 0;
    child->stopped = clock_seconds() - begin;
    (void)!write(life[1], &child->stopped, sizeof(child->stopped)); /* both ends are open yet */
    close_end(&life[0]);
    close_end(&answer[1]);
    return pid < 0 ? -1 : 0;
}

static PyObject *
child_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *module = PyType_GetModule(type), *make = NULL; /* both borrowed */
    double limit;
    if (module == NULL || !PyArg_ParseTuple(args, "Od:Child", &make, &limit)) {
        return NULL;
    }
    if (kwargs != NULL || !(limit > 0 && limit < 1e9)) {
        PyErr_SetString(PyExc_ValueError, "Child expects a function, and seconds above 0");
        return NULL;
    }
    if (!interp_child_is_possible()) {
        PyErr_SetString(PyExc_NotImplementedError,
                        "what a forked child of this Python needs is not known to this build");
        return NULL;
    }
    ModuleState *state = state_of_module(module);
    ChildObject *child = state_check(state) == 0 ? PyObject_New(ChildObject, type) : NULL;
    if (child == NULL) {
        return NULL;
    }
    memset((char *)child + sizeof(PyObject), 0, sizeof(ChildObject) - sizeof(PyObject));
    child->memory = scan_memory(state);
    child->life = child->answer = -1;
    if (fork_into(child, state, make, limit) < 0) {
        Py_CLEAR(child);
    }
    return (PyObject *)child;
}

/* ---------------------------------------------------------------------- its answer */

/* Let go of a child: wait until it has ended, and see to it that it does. */
static void
child_release(ChildObject *child, bool kills)
{
    close_end(&child->life);
    close_end(&child->answer);
    pid_t pid = child->pid;
    int *status = &child->status;
    child->pid = 0;
    if (pid != 0 && child->process == getpid()) {
        siginfo_t
            info; /* who waits with __WALL takes it from us; then its number may be another's */
        bool is_ours =
            waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | (int)__WCLONE) == 0;
        Py_BEGIN_ALLOW_THREADS if (kills && is_ours)
        {
            (void)kill(pid, SIGKILL);
        }
        while (waitpid(pid, status, __WCLONE) < 0 && errno == EINTR) {
        }
        Py_END_ALLOW_THREADS
    }
}

static bool
child_has_all(const ChildObject *child)
{
    uint64_t length;
    if (child->received.length < sizeof(length)) {
        return false;
    }
    memcpy(&length, child->received.items, sizeof(length));
    return child->received.length - sizeof(length) == length;
}

/* Wait until there is something to read, but not longer than so many seconds. */
static void
child_wait(const ChildObject *child, double seconds)
{
    struct pollfd end = {.fd = child->answer, .events = POLLIN};
    int milliseconds = seconds < 1e6 ? (int)(1e3 * seconds) : INT_MAX;
    if (child->answer >= 0 && milliseconds > 0) {
        Py_BEGIN_ALLOW_THREADS(void) poll(&end, 1, milliseconds);
        Py_END_ALLOW_THREADS
    }
}

/* Read what has come. 1: no more comes; 0: something may; -1: out of memory. */
static int
child_read(ChildObject *child)
{
    enum { AT_ONCE = 1 << 16 };
    while (child->answer >= 0 && !child_has_all(child)) {
        if (vec_reserve(&child->memory, &child->received, AT_ONCE) < 0) {
            return -1;
        }
        ssize_t got = read(child->answer, child->received.items + child->received.length, AT_ONCE);
        if (got < 0 && errno != EINTR) {
            return errno != EAGAIN;
        }
        if (got == 0) {
            return 1;
        }
        child->received.length += got > 0 ? (size_t)got : 0;
    }
    return 1;
}

static PyObject *
child_take(PyObject *op, PyObject *seconds)
{
    ChildObject *child = (ChildObject *)op;
    double most = PyFloat_AsDouble(seconds);
    if (most == -1.0 && PyErr_Occurred()) {
        return NULL;
    }
    child_wait(child, most);
    int is_over = child_read(child);
    if (is_over < 0) {
        return PyErr_NoMemory();
    }
    if (is_over) {
        child_release(child, child_has_all(child));
    }
    return PyBool_FromLong(is_over);
}

static PyObject *
child_get_answer(PyObject *op, void *Py_UNUSED(closure))
{
    ChildObject *child = (ChildObject *)op;
    if (!child_has_all(child)) {
        Py_RETURN_NONE;
    }
    const size_t head = sizeof(uint64_t);
    return PyBytes_FromStringAndSize(child->received.items + head,
                                     (Py_ssize_t)(child->received.length - head));
}

static PyObject *
child_get_code(PyObject *op, void *Py_UNUSED(closure))
{
    int status = ((ChildObject *)op)->status;
    return PyLong_FromLong(WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status));
}

static PyObject *
child_get_pid(PyObject *op, void *Py_UNUSED(closure))
{
    return PyLong_FromLong(((ChildObject *)op)->pid);
}

static PyObject *
child_get_descriptor(PyObject *op, void *Py_UNUSED(closure))
{
    return PyLong_FromLong(((ChildObject *)op)->answer);
}

static PyObject *
child_get_stopped(PyObject *op, void *Py_UNUSED(closure))
{
    return PyFloat_FromDouble(((ChildObject *)op)->stopped);
}

static void
child_dealloc(PyObject *op)
{
    ChildObject *child = (ChildObject *)op;
    PyTypeObject *type = Py_TYPE(op);
    child_release(child, true);
    vec_fini(&child->memory, &child->received);
    PyObject_Free(op);
    Py_DECREF(type);
}

static PyMethodDef child_methods[] = {
    {"take", child_take, METH_O,
     PyDoc_STR("take($self, seconds, /)\n--\n\n"
               "Take what has come of its answer, and return whether that is all.\n\n"
               "Waits for so many seconds, or until something comes: then there may be more.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef child_getset[] = {
    {"descriptor", child_get_descriptor, NULL,
     PyDoc_STR("What can be read when there is something to take; -1 when it has ended."), NULL},
    {"pid", child_get_pid, NULL, PyDoc_STR("Its number; 0 when it has ended."), NULL},
    {"stopped", child_get_stopped, NULL,
     PyDoc_STR("For how many seconds the fork has stopped this process."), NULL},
    {"answer", child_get_answer, NULL,
     PyDoc_STR("The bytes that its function has returned; None where there are none."), NULL},
    {"code", child_get_code, NULL,
     PyDoc_STR("Without an answer, how it has ended: the number of a signal, negative; 3 without "
               "memory, 4 by an exception."),
     NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(
    child_doc,
    "Child(make, limit, /)\n--\n\n"
    "A forked process that looks at the heap as it is now.\n\n"
    "There make(stopped) is called, with the seconds that the fork has taken, and returns\n"
    "the bytes of its answer. It must import nothing and ask for no lock of the program.\n"
    "The process ends after `limit` seconds, and when this object is let go of, or the\n"
    "process that it was forked from ends. Raises OSError where the system gives none,\n"
    "NotImplementedError where this build cannot do it.");

static PyType_Slot child_slots[] = {
    {Py_tp_doc, (void *)child_doc}, {Py_tp_new, child_new},       {Py_tp_dealloc, child_dealloc},
    {Py_tp_methods, child_methods}, {Py_tp_getset, child_getset}, {0, NULL},
};

static PyType_Spec child_spec = {
    .name = "gcscope._core.Child",
    .basicsize = sizeof(ChildObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = child_slots,
};

int
child_setup(PyObject *module)
{
    return state_add_type(module, &child_spec);
}

#else

int
child_setup(PyObject *Py_UNUSED(module))
{
    return 0;
}

#endif
