/* As in interp.c. */
#define Py_BUILD_CORE 1
#include "heap/interp_child.h"

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#endif

#define HAS_CHILD 0
#if PY_VERSION_HEX < 0x03100000 && !defined(GCSCOPE_NO_INTERNALS) && defined(__has_include) &&     \
    defined(__linux__) && !GCSCOPE_FREE_THREADED
#if __has_include("internal/pycore_interp.h") && __has_include("internal/pycore_runtime.h")
#include "internal/pycore_ceval.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_runtime.h"
#undef HAS_CHILD
#define HAS_CHILD 1
#endif
#endif

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#if HAS_CHILD

#include <pthread.h>

#if PY_VERSION_HEX >= 0x030D0000
#define LOAD(place) (place)
#define STORE(place, value) ((place) = (value))
#else
#define LOAD(place) _Py_atomic_load_relaxed(&(place))
#define STORE(place, value) _Py_atomic_store_relaxed(&(place), value)
#endif

static struct _gil_runtime_state *
gil_of(PyInterpreterState *interpreter)
{
#if PY_VERSION_HEX >= 0x030C0000
    return interpreter->ceval.gil;
#else
    (void)interpreter;
    return &_PyRuntime.ceval.gil;
#endif
}

bool
interp_child_is_possible(void)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    if (_PyRuntime.interpreters.main != PyInterpreterState_Main() ||
        interpreter != PyInterpreterState_Main()) {
        return false;
    }
    const struct _gil_runtime_state *gil = gil_of(interpreter);
    return gil != NULL && LOAD(gil->locked) == 1 &&
           (PyThreadState *)LOAD(gil->last_holder) == PyThreadState_Get();
}

/* Another thread may have been about to wait for the GIL. That is taken, and stays so. */
static void
make_gil_anew(struct _gil_runtime_state *gil)
{
    (void)pthread_mutex_init(&gil->mutex, NULL);
    (void)pthread_cond_init(&gil->cond, NULL);
    (void)pthread_mutex_init(&gil->switch_mutex, NULL);
    (void)pthread_cond_init(&gil->switch_cond, NULL);
}

/* The lock of the list of threads is taken without the GIL. The list can be read at any time. */
static void
free_list_of_threads(void)
{
#if PY_VERSION_HEX >= 0x030D0000
    _PyRuntime.interpreters.mutex = (PyMutex){0};
#else
    PyThread_type_lock lock = _PyRuntime.interpreters.mutex;
    (void)PyThread_acquire_lock(lock, NOWAIT_LOCK); /* or somebody had it who is not there */
    PyThread_release_lock(lock);
#endif
}

/* What interrupts the evaluation of code, and what sets that anew. */
static void
forget_interruptions(PyInterpreterState *interpreter, PyThreadState *thread)
{
    _PyRuntime.main_thread = 0; /* that handles signals, and makes pending calls */
    thread->async_exc = NULL;
#if PY_VERSION_HEX >= 0x030D0000
    interpreter->ceval.pending.mutex = (PyMutex){0};
    interpreter->ceval.pending.npending = 0;
    thread->eval_breaker &= ~(uintptr_t)_PY_EVAL_EVENTS_MASK;
#else
    STORE(interpreter->ceval.pending.calls_to_do, 0);
    interpreter->ceval.pending.async_exc = 0;
    STORE(interpreter->ceval.gil_drop_request, 0);
#if PY_VERSION_HEX >= 0x030C0000
    STORE(interpreter->ceval.gc_scheduled, 0);
#endif
    STORE(interpreter->ceval.eval_breaker, 0);
#endif
}

void
interp_child_begin(void)
{
    PyThreadState *thread = PyThreadState_Get();
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    make_gil_anew(gil_of(interpreter));
    free_list_of_threads();
    forget_interruptions(interpreter, thread);
#if PY_VERSION_HEX >= 0x030D0000
    (void)PyRefTracer_SetTracer(NULL, NULL); /* of tracemalloc, and of profilers */
#endif
    PyThreadState_EnterTracing(thread);
    (void)PyGC_Disable();
}

#else

bool
interp_child_is_possible(void)
{
    return false;
}

void
interp_child_begin(void)
{
}

#endif
