/* interp_tables.c: by name, never by scanning: most words in there are borrowed.

       visit_interpreter   sys, builtins, import, codecs, atexit, audit hooks, fork, sys.monitoring
       visit_thread        trace and profile functions, its context, its dict, exceptions under way

   Most are lists and dicts, whose tp_traverse then shows the rest. */

/* As in interp.c. */
#define Py_BUILD_CORE 1
#include "heap/interp_tables.h"

#include "base/dict_find.h"

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#endif

#define HAS_TABLES 0
#if PY_VERSION_HEX < 0x03100000 && !defined(GCSCOPE_NO_INTERNALS) && defined(__has_include)
#if __has_include("internal/pycore_interp.h") && __has_include("internal/pycore_runtime.h")
#include "internal/pycore_interp.h"
#include "internal/pycore_runtime.h"
#undef HAS_TABLES
#define HAS_TABLES 1
#if PY_VERSION_HEX >= 0x030E0000
#include "internal/pycore_tstate.h"
#endif
#endif
#endif

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

typedef struct {
    TableFunc visit;
    void *arg;
    const char *owner;
    bool stopped;
} TableSink;

static void
emit(TableSink *sink, PyObject *target, const char *name)
{
    sink->stopped |=
        !sink->stopped && target != NULL && sink->visit(sink->arg, target, sink->owner, name);
}

/* ---------------------------------------------------------------- interpreter */

#if HAS_TABLES

/* The structures may change between two patch releases: they are touched in that one for which this
   file was compiled. */
bool
interp_knows_tables(void)
{
    return Py_Version >> 8 == PY_VERSION_HEX >> 8;
}

PyObject *
interp_interned_strings(void)
{
#if PY_VERSION_HEX >= 0x030E0000
    return interp_knows_tables() ? PyInterpreterState_Get()->cached_objects.interned_strings : NULL;
#else
    return NULL;
#endif
}

PyObject *
interp_sys_object(const char *name)
{
    return interp_knows_tables() ? dict_find(PyInterpreterState_Get()->sysdict, name)
                                 : PySys_GetObject(name);
}

static struct type_cache *
type_cache(void)
{
#if PY_VERSION_HEX >= 0x030C0000
    return &PyInterpreterState_Get()->types.type_cache;
#else
    return &PyInterpreterState_Get()->type_cache;
#endif
}

static uint64_t *
word_of_name(CachedNames *names, PyObject *name, uint64_t *bit)
{
    enum { WORD_BITS = 6, WORD_SHIFT = 64 - 9 - WORD_BITS };
    uint64_t hash = (uint64_t)(uintptr_t)name * UINT64_C(0x9E3779B97F4A7C15);
    *bit = UINT64_C(1) << (hash >> (WORD_SHIFT + 9));
    return &names->bits[hash >> WORD_SHIFT & (CACHED_NAMES_WORDS - 1)];
}

static void
fill_filter(CachedNames *names, const struct type_cache *cache)
{
    names->is_filled = true;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(cache->hashtable); i++) {
        uint64_t bit, *word = word_of_name(names, cache->hashtable[i].name, &bit);
        *word |= bit;
    }
}

Py_ssize_t
interp_cached_references(CachedNames *names, PyObject *name)
{
    Py_ssize_t count = 0;
    uint64_t bit;
    if (!interp_knows_tables()) {
        return 0;
    }
    const struct type_cache *cache = type_cache();
    if (!names->is_filled) {
        fill_filter(names, cache);
    }
    if ((*word_of_name(names, name, &bit) & bit) == 0) {
        return 0;
    }
    for (size_t i = 0; i < Py_ARRAY_LENGTH(cache->hashtable); i++) {
        count += cache->hashtable[i].name == name;
    }
    return count;
}

bool
interp_owns_address(const void *address)
{
    uintptr_t at = (uintptr_t)address, runtime = (uintptr_t)&_PyRuntime;
    uintptr_t interpreter = (uintptr_t)PyInterpreterState_Get();
    return (at >= runtime && at < runtime + sizeof(_PyRuntime)) ||
           (at >= interpreter && at < interpreter + sizeof(PyInterpreterState));
}

static void
visit_imports(TableSink *sink, PyInterpreterState *interpreter)
{
#if PY_VERSION_HEX >= 0x030C0000
    struct _import_state *imports = &interpreter->imports;
#else
    PyInterpreterState *imports = interpreter;
#endif
    emit(sink, imports->modules, "sys.modules");
    emit(sink, imports->modules_by_index, "its list of modules of C");
    emit(sink, imports->importlib, "importlib");
    emit(sink, imports->import_func, "the function behind import");
}

static void
visit_codecs(TableSink *sink, PyInterpreterState *interpreter)
{
#if PY_VERSION_HEX >= 0x030D0000
    emit(sink, interpreter->codecs.search_path, "codecs.register(): the search functions");
    emit(sink, interpreter->codecs.search_cache, "codecs: those that were found");
    emit(sink, interpreter->codecs.error_registry, "codecs.register_error(): the handlers");
#else
    emit(sink, interpreter->codec_search_path, "codecs.register(): the search functions");
    emit(sink, interpreter->codec_search_cache, "codecs: those that were found");
    emit(sink, interpreter->codec_error_registry, "codecs.register_error(): the handlers");
#endif
}

static void
visit_atexit(TableSink *sink, PyInterpreterState *interpreter)
{
#if PY_VERSION_HEX >= 0x030E0000
    emit(sink, interpreter->atexit.callbacks, "atexit.register(): the functions");
#else
    for (int i = 0; i < interpreter->atexit.ncallbacks; i++) {
        if (interpreter->atexit.callbacks[i] != NULL) { /* NULL: it was taken out */
            emit(sink, interpreter->atexit.callbacks[i]->func, "atexit.register(): a function");
            emit(sink, interpreter->atexit.callbacks[i]->args, "atexit.register(): arguments");
            emit(sink, interpreter->atexit.callbacks[i]->kwargs, "atexit.register(): arguments");
        }
    }
#endif
}

static void
visit_monitoring(TableSink *sink, PyInterpreterState *interpreter)
{
#if PY_VERSION_HEX >= 0x030C0000
    for (int tool = 0; tool < PY_MONITORING_TOOL_IDS; tool++) {
        emit(sink, interpreter->monitoring_tool_names[tool], "sys.monitoring: the name of a tool");
        for (int event = 0; event < _PY_MONITORING_EVENTS; event++) {
            emit(sink, interpreter->monitoring_callables[tool][event],
                 "sys.monitoring.register_callback()");
        }
    }
#else
    (void)sink;
    (void)interpreter;
#endif
}

static void
visit_interpreter(TableSink *sink)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    if (!interp_knows_tables()) {
        return;
    }
    emit(sink, interpreter->sysdict, "the dict of sys");
    emit(sink, interpreter->builtins, "the dict of builtins");
    emit(sink, interpreter->builtins_copy, "a copy of the dict of builtins");
#if PY_VERSION_HEX >= 0x030C0000
    emit(sink, interpreter->sysdict_copy, "a copy of the dict of sys");
#endif
    emit(sink, interpreter->dict, "its own dict");
    visit_imports(sink, interpreter);
    visit_codecs(sink, interpreter);
    visit_atexit(sink, interpreter);
    emit(sink, interpreter->audit_hooks, "sys.addaudithook(): the hooks");
    emit(sink, interpreter->before_forkers, "os.register_at_fork(): before");
    emit(sink, interpreter->after_forkers_parent, "os.register_at_fork(): after_in_parent");
    emit(sink, interpreter->after_forkers_child, "os.register_at_fork(): after_in_child");
    visit_monitoring(sink, interpreter);
}

static void
visit_private_state(TableSink *sink, PyThreadState *thread)
{
#if PY_VERSION_HEX >= 0x030E0000
    if (interp_knows_tables()) {
        _PyThreadStateImpl *state = (_PyThreadStateImpl *)thread;
        emit(sink, state->asyncio_running_loop, "asyncio: its running loop");
        emit(sink, state->asyncio_running_task, "asyncio: its running task");
    }
#else
    (void)sink;
    (void)thread;
#endif
}

#else

bool
interp_knows_tables(void)
{
    return false;
}

bool
interp_owns_address(const void *Py_UNUSED(address))
{
    return false;
}

PyObject *
interp_sys_object(const char *name)
{
    return PySys_GetObject(name);
}

PyObject *
interp_interned_strings(void)
{
    return NULL;
}

Py_ssize_t
interp_cached_references(CachedNames *Py_UNUSED(names), PyObject *Py_UNUSED(name))
{
    return 0;
}

static void
visit_interpreter(TableSink *Py_UNUSED(sink))
{
}

static void
visit_private_state(TableSink *Py_UNUSED(sink), PyThreadState *Py_UNUSED(thread))
{
}

#endif

/* --------------------------------------------------------------------- threads */

#if GCSCOPE_KNOWS_STACK

/* The exception that it handles is a slot of its frames (interp_running_slots). */
static void
visit_thread(TableSink *sink, PyThreadState *thread)
{
    emit(sink, thread->c_traceobj, "sys.settrace()");
    emit(sink, thread->c_profileobj, "sys.setprofile()");
    emit(sink, thread->context, "its current context");
    emit(sink, thread->dict, "its own dict");
    emit(sink, thread->async_exc, "an exception that it is to raise");
    emit(sink, thread->async_gen_firstiter, "sys.set_asyncgen_hooks(): firstiter");
    emit(sink, thread->async_gen_finalizer, "sys.set_asyncgen_hooks(): finalizer");
#if PY_VERSION_HEX >= 0x030C0000
    emit(sink, thread->current_exception, "an exception on its way");
#else
    emit(sink, thread->curexc_type, "the type of an exception on its way");
    emit(sink, thread->curexc_value, "an exception on its way");
    emit(sink, thread->curexc_traceback, "the traceback of an exception on its way");
#endif
#if PY_VERSION_HEX >= 0x030D0000
    emit(sink, thread->threading_local_key, "the key of its thread-local data");
    emit(sink, thread->threading_local_sentinel, "its thread-local data");
#endif
    visit_private_state(sink, thread);
}

#else

static void
visit_thread(TableSink *sink, PyThreadState *thread)
{
    visit_private_state(sink, thread);
}

#endif

void
interp_tables(TableFunc visit, void *arg)
{
    TableSink sink = {visit, arg, "interpreter", false};
    visit_interpreter(&sink);
    sink.owner = "thread";
    PyThreadState *thread = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    for (; thread != NULL && !sink.stopped; thread = PyThreadState_Next(thread)) {
        visit_thread(&sink, thread);
    }
}
