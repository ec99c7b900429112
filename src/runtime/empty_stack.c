/* empty_stack: a program runs as if nothing stood on the stack below it.

   `python x.py` runs x.py from C, with no frame below. Under gcscope some frames of ours are there,
   and a program can see them: warnings.warn(..., stacklevel=2), traceback.print_stack(), a
   debugger, the depth at which RecursionError comes. So they are taken out of the chain of frames,
   and out of the count of calls, while the program runs, and put back when it has ended. The chain
   is cut where the interpreter itself cuts it when it is called from C without a frame: what runs
   then links its frames to that end and takes them off again, and nothing looks below. (Greenlets
   begin so, too.)

   Invariant: between enter and leave the innermost frame of ours is owned by the evaluation that
   called us, further down on the C stack, which goes on only after leave.

   A trace or profile function belongs to the program, and so do the tools of sys.monitoring: leave
   takes away what is set, before any code of ours can run, and enter sets it again. */

#include "runtime/empty_stack.h"

#include "heap/interp_tables.h"

#define MONITORING_TOOLS 6 /* sys.monitoring has ids from 0 to 5 */

typedef struct {
    PyObject_HEAD
    /* What the program had set when it was last left; NULL where nothing was. Owned. */
    PyObject *trace_object;
    PyObject *profile_object;
    Py_tracefunc trace;
    Py_tracefunc profile;
    int events[MONITORING_TOOLS]; /* what each tool was told of */
} EmptyStackObject;

/* What is out of sight. */
typedef struct {
#if GCSCOPE_KNOWS_STACK
    PyThreadState *thread;
    struct _PyInterpreterFrame *frame; /* borrowed */
    int limit;                         /* of calls, before the program may have changed it */
    int calls;
    int c_calls;
#endif
    char unused;
} Below;

static void
below_hide(Below *below)
{
    memset(below, 0, sizeof(*below));
#if GCSCOPE_KNOWS_STACK
    PyThreadState *thread = PyThreadState_Get();
    below->thread = thread;
    below->frame = THREAD_FRAME(thread);
    THREAD_FRAME(thread) = THREAD_NO_FRAME(thread);
    below->limit = THREAD_CALL_LIMIT(thread);
    below->calls = below->limit - THREAD_CALLS_LEFT(thread);
    THREAD_CALLS_LEFT(thread) = below->limit;
#if GCSCOPE_COUNTS_C_CALLS
    /* A patch level with another limit than that of our headers: the difference is not ours. */
    int c_calls = Py_C_RECURSION_LIMIT - thread->c_recursion_remaining;
    below->c_calls = c_calls > 0 && c_calls < 100 ? c_calls : 0;
    thread->c_recursion_remaining += below->c_calls;
#endif
#endif
}

/* If the program has lowered the limit, what comes after it has room all the same. */
static void
below_show(const Below *below)
{
#if GCSCOPE_KNOWS_STACK
    PyThreadState *thread = below->thread;
    int limit = THREAD_CALL_LIMIT(thread);
    THREAD_FRAME(thread) = below->frame;
    THREAD_CALLS_LEFT(thread) = (limit > below->limit ? limit : below->limit) - below->calls;
#if GCSCOPE_COUNTS_C_CALLS
    thread->c_recursion_remaining -= below->c_calls;
#endif
#else
    (void)below;
#endif
}

/* PyEval_SetTrace and PyEval_SetProfile never fail: they report. */
static void
resume_trace(EmptyStackObject *self)
{
    PyObject *object = self->trace_object;
    Py_tracefunc function = self->trace;
    self->trace = NULL; /* before audit hooks hear of it, which might come here */
    self->trace_object = NULL;
    if (function != NULL) {
        PyEval_SetTrace(function, object);
    }
    Py_XDECREF(object);
}

static void
resume_profile(EmptyStackObject *self)
{
    PyObject *object = self->profile_object;
    Py_tracefunc function = self->profile;
    self->profile = NULL; /* before audit hooks hear of it, which might come here */
    self->profile_object = NULL;
    if (function != NULL) {
        PyEval_SetProfile(function, object);
    }
    Py_XDECREF(object);
}

/* What a function of sys.monitoring, which 3.12 brought, returns; -1 where it raises: the tool is
   not in use. */
static int
ask_monitoring(const char *name, const char *format, int tool, int events)
{
    PyObject *monitoring = interp_sys_object("monitoring"); /* borrowed */
    PyObject *result =
        monitoring == NULL ? NULL : PyObject_CallMethod(monitoring, name, format, tool, events);
    int number = result != NULL && PyLong_Check(result) ? (int)PyLong_AsLong(result) : -1;
    Py_XDECREF(result);
    PyErr_Clear();
    return number;
}

static void
resume_monitoring(EmptyStackObject *self)
{
    for (int tool = 0; tool < MONITORING_TOOLS; tool++) {
        if (self->events[tool] > 0) {
            (void)ask_monitoring("set_events", "ii", tool, self->events[tool]);
        }
        self->events[tool] = 0;
    }
}

static void
suspend_monitoring(EmptyStackObject *self)
{
    for (int tool = 0; tool < MONITORING_TOOLS; tool++) {
        int events = ask_monitoring("get_events", "i", tool, 0);
        if (events > 0) {
            self->events[tool] = events;
            (void)ask_monitoring("set_events", "ii", tool, 0);
        }
    }
}

static void
suspend_tracing(EmptyStackObject *self)
{
    PyThreadState *thread = PyThreadState_Get();
    if (thread->c_tracefunc != NULL) {
        self->trace = thread->c_tracefunc;
        Py_XSETREF(self->trace_object, Py_XNewRef(thread->c_traceobj));
        PyEval_SetTrace(NULL, NULL);
    }
    if (thread->c_profilefunc != NULL) {
        self->profile = thread->c_profilefunc;
        Py_XSETREF(self->profile_object, Py_XNewRef(thread->c_profileobj));
        PyEval_SetProfile(NULL, NULL);
    }
    suspend_monitoring(self);
}

static void
enter(EmptyStackObject *self, Below *below)
{
    below_hide(below);
    resume_trace(self);
    resume_profile(self);
    resume_monitoring(self);
}

/* New reference: None, or the exception with which the program ended. Takes `result`. */
static PyObject *
leave(EmptyStackObject *self, const Below *below, PyObject *result)
{
    PyObject *error = result == NULL ? take_exception() : NULL;
    Py_XDECREF(result);
    below_show(below); /* before events change: the interpreter looks for frames that are traced */
    suspend_tracing(self);
    return error != NULL ? error : Py_NewRef(Py_None);
}

PyDoc_STRVAR(run_file_doc,
             "run_file($self, descriptor, name, namespace, /)\n--\n\n"
             "Run the source that a file descriptor gives, as the interpreter runs its script.\n\n"
             "The descriptor is closed when all was read; 0 is C's stdin, which stays open. name: "
             "bytes, what tracebacks call it. Returns None, or the exception that ended it.");

static PyObject *
empty_stack_run_file(PyObject *op, PyObject *args)
{
    int descriptor;
    const char *name;
    PyObject *namespace;
    if (!PyArg_ParseTuple(args, "iyO!:run_file", &descriptor, &name, &PyDict_Type, &namespace)) {
        return NULL;
    }
    FILE *file = descriptor == 0 ? stdin : fdopen(descriptor, "rb");
    if (file == NULL) {
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    PyCompilerFlags flags = _PyCompilerFlags_INIT;
    Below below;
    enter((EmptyStackObject *)op, &below);
    PyObject *result =
        PyRun_FileExFlags(file, name, Py_file_input, namespace, namespace, descriptor != 0, &flags);
    return leave((EmptyStackObject *)op, &below, result);
}

PyDoc_STRVAR(run_code_doc, "run_code($self, code, namespace, /)\n--\n\n"
                           "Run code in a dict. Returns None, or the exception that ended it.");

static PyObject *
empty_stack_run_code(PyObject *op, PyObject *args)
{
    PyObject *code, *namespace;
    if (!PyArg_ParseTuple(args, "O!O!:run_code", &PyCode_Type, &code, &PyDict_Type, &namespace)) {
        return NULL;
    }
    Below below;
    enter((EmptyStackObject *)op, &below);
    PyObject *result = PyEval_EvalCode(code, namespace, namespace);
    return leave((EmptyStackObject *)op, &below, result);
}

PyDoc_STRVAR(call_doc,
             "call($self, function, /, *args)\n--\n\n"
             "Call a function, drop its result. Returns None, or the exception that ended it.");

static PyObject *
empty_stack_call(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs == 0) {
        PyErr_SetString(PyExc_TypeError, "call() needs a function");
        return NULL;
    }
    Below below;
    enter((EmptyStackObject *)op, &below);
    PyObject *result = PyObject_Vectorcall(args[0], args + 1, (size_t)nargs - 1, NULL);
    return leave((EmptyStackObject *)op, &below, result);
}

PyDoc_STRVAR(resume_trace_doc, "resume_trace($self, /)\n--\n\n"
                               "Set the trace function again that the program had set, if any.");

static PyObject *
empty_stack_resume_trace(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    resume_trace((EmptyStackObject *)op);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(resume_tools_doc,
             "resume_tools($self, /)\n--\n\n"
             "Set the profile function again, and the events of sys.monitoring, that the program "
             "had set.\n\n"
             "These are told of frames that return, too.");

static PyObject *
empty_stack_resume_tools(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    resume_profile((EmptyStackObject *)op);
    resume_monitoring((EmptyStackObject *)op);
    Py_RETURN_NONE;
}

static int
empty_stack_traverse(PyObject *op, visitproc visit, void *arg)
{
    EmptyStackObject *self = (EmptyStackObject *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->trace_object);
    Py_VISIT(self->profile_object);
    return 0;
}

static int
empty_stack_clear(PyObject *op)
{
    EmptyStackObject *self = (EmptyStackObject *)op;
    self->trace = self->profile = NULL;
    Py_CLEAR(self->trace_object);
    Py_CLEAR(self->profile_object);
    return 0;
}

static void
empty_stack_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    (void)empty_stack_clear(op);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyObject *
empty_stack_has_tools(PyObject *op, void *Py_UNUSED(closure))
{
    EmptyStackObject *self = (EmptyStackObject *)op;
    bool has_tools = self->profile != NULL;
    for (int tool = 0; tool < MONITORING_TOOLS; tool++) {
        has_tools = has_tools || self->events[tool] > 0;
    }
    return PyBool_FromLong(has_tools);
}

static PyMethodDef empty_stack_methods[] = {
    {"run_file", empty_stack_run_file, METH_VARARGS, run_file_doc},
    {"run_code", empty_stack_run_code, METH_VARARGS, run_code_doc},
    {"call", (PyCFunction)(void (*)(void))empty_stack_call, METH_FASTCALL, call_doc},
    {"resume_trace", empty_stack_resume_trace, METH_NOARGS, resume_trace_doc},
    {"resume_tools", empty_stack_resume_tools, METH_NOARGS, resume_tools_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef empty_stack_getset[] = {
    {"has_tools", empty_stack_has_tools, NULL,
     PyDoc_STR("Whether there is something for resume_tools to set."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(empty_stack_doc,
             "Runs a program as if nothing stood on the stack below it.\n\n"
             "The trace and profile functions that it sets are its own: they are taken away when "
             "it ends, and set again for what is run next.");

static PyType_Slot empty_stack_slots[] = {
    {Py_tp_doc, (void *)empty_stack_doc},
    {Py_tp_traverse, empty_stack_traverse},
    {Py_tp_clear, empty_stack_clear},
    {Py_tp_dealloc, empty_stack_dealloc},
    {Py_tp_methods, empty_stack_methods},
    {Py_tp_getset, empty_stack_getset},
    {0, NULL},
};

static PyType_Spec empty_stack_spec = {
    .name = "gcscope._core.EmptyStack",
    .basicsize = sizeof(EmptyStackObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = empty_stack_slots,
};

int
empty_stack_setup(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &empty_stack_spec, NULL);
    int added = type == NULL ? -1 : PyModule_AddType(module, (PyTypeObject *)type);
    Py_XDECREF(type);
    return added;
}
