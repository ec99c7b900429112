/* broken: types that are wrong on purpose, each wrong in one way, and types that are right.

   All have the same struct: two objects that an instance owns, and what often stands beside them.

       first     owned
       second    owned
       back      borrowed: whoever sets it keeps it alive
       number    an integer, which may look like an address
       far       owned: a block of memory with one more owned object
       dict      owned: the __dict__

   What CPython's collector asks of a type whose instances own objects that can own them:

       Py_TPFLAGS_HAVE_GC   or it does not know the instances at all
       tp_traverse          each owned reference once, no other; that to a heap type is one of them
       tp_clear             gives up what may be part of a ring

   A reference that is not shown looks like one from outside: whatever it leads to is reachable for
   good, and a ring through it is never freed. One that is shown and not owned is worse: the
   collector counts it out and may free what is in use. And what shows all, but has no tp_clear, is
   found and yet not freed, where nothing else in the ring has one.

   tests/specimens/broken_types.py says which type is wrong in which way, and which is its correct
   twin. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <structmember.h> /* PyMemberDef, which Python.h has since 3.12 only */

typedef struct {
    PyObject_HEAD
    PyObject *first;
    PyObject *second;
    PyObject *back;
    uintptr_t number;
    PyObject **far;
    PyObject *dict;
    PyObject *weaklist;
} PairObject;

/* A C type that adds a field to one that is right. */
typedef struct {
    PairObject pair;
    PyObject *third; /* owned */
} TripleObject;

typedef struct {
    PyObject_VAR_HEAD PyObject *items[1]; /* owned; ob_size of them */
} RowObject;

/* Owned by nobody that the collector could ask. */
static PyObject *kept_by_static;

/* ------------------------------------------------------------------ making, freeing */

static int
pair_init(PyObject *op, PyObject *args, PyObject *kwargs)
{
    PairObject *self = (PairObject *)op;
    static char *keywords[] = {"first", "second", NULL};
    PyObject *first = NULL, *second = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO", keywords, &first, &second)) {
        return -1;
    }
    Py_XSETREF(self->first, Py_XNewRef(first));
    Py_XSETREF(self->second, Py_XNewRef(second));
    return 0;
}

static void
free_far(PairObject *self)
{
    PyObject **far = self->far;
    self->far = NULL;
    if (far != NULL) {
        Py_XDECREF(far[0]);
        PyMem_Free(far);
    }
}

static int
pair_clear(PyObject *op)
{
    PairObject *self = (PairObject *)op;
    Py_CLEAR(self->first);
    Py_CLEAR(self->second);
    Py_CLEAR(self->dict);
    free_far(self);
    return 0;
}

static void
pair_dealloc(PyObject *op)
{
    PairObject *self = (PairObject *)op;
    PyTypeObject *type = Py_TYPE(op);
    if (PyType_IS_GC(type)) {
        PyObject_GC_UnTrack(op);
    }
    if (self->weaklist != NULL) {
        PyObject_ClearWeakRefs(op);
    }
    (void)pair_clear(op);
    type->tp_free(op);
    if (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        Py_DECREF(type); /* an instance owns its type, unless that is a static struct */
    }
}

/* -------------------------------------------------------------------------- right */

static int
visit_fields(PairObject *self, visitproc visit, void *arg)
{
    Py_VISIT(self->first);
    Py_VISIT(self->second);
    Py_VISIT(self->dict);
    if (self->far != NULL) {
        Py_VISIT(self->far[0]);
    }
    return 0;
}

static int
pair_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op)); /* since 3.9, of heap types */
    return visit_fields((PairObject *)op, visit, arg);
}

/* Of a static type: its instances do not own it. */
static int
static_traverse(PyObject *op, visitproc visit, void *arg)
{
    return visit_fields((PairObject *)op, visit, arg);
}

static int
triple_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(((TripleObject *)op)->third);
    return pair_traverse(op, visit, arg);
}

/* ------------------------------------------------------- wrong, each in its own way */

/* second is missing. */
static int
no_field_traverse(PyObject *op, visitproc visit, void *arg)
{
    PairObject *self = (PairObject *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->first);
    Py_VISIT(self->dict);
    if (self->far != NULL) {
        Py_VISIT(self->far[0]);
    }
    return 0;
}

/* The __dict__ is missing. */
static int
no_dict_traverse(PyObject *op, visitproc visit, void *arg)
{
    PairObject *self = (PairObject *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->first);
    Py_VISIT(self->second);
    return 0;
}

/* What stands behind a pointer is missing. */
static int
no_far_traverse(PyObject *op, visitproc visit, void *arg)
{
    PairObject *self = (PairObject *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->first);
    Py_VISIT(self->second);
    Py_VISIT(self->dict);
    return 0;
}

/* Shows its fields until .number, which it counts down, is 1; always where it is 0. */
static int
fickle_traverse(PyObject *op, visitproc visit, void *arg)
{
    PairObject *self = (PairObject *)op;
    Py_VISIT(Py_TYPE(op));
    if (self->number == 1) {
        return 0;
    }
    self->number -= self->number != 0;
    return visit_fields(self, visit, arg);
}

/* The type is missing. */
static int
no_type_traverse(PyObject *op, visitproc visit, void *arg)
{
    return visit_fields((PairObject *)op, visit, arg);
}

/* first is owned once and shown twice. */
static int
double_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(((PairObject *)op)->first);
    return pair_traverse(op, visit, arg);
}

/* back is shown and not owned. */
static int
wrong_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(((PairObject *)op)->back);
    return pair_traverse(op, visit, arg);
}

/* The base shows the type, too. */
static int
double_type_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    return triple_traverse(op, visit, arg);
}

/* ------------------------------------------------------------- what a program can do */

static PyObject *
pair_set_back(PyObject *op, PyObject *target)
{
    ((PairObject *)op)->back = target == Py_None ? NULL : target;
    Py_RETURN_NONE;
}

static PyObject *
pair_set_number(PyObject *op, PyObject *target)
{
    ((PairObject *)op)->number = (uintptr_t)target;
    Py_RETURN_NONE;
}

static PyObject *
pair_set_far(PyObject *op, PyObject *target)
{
    PyObject **far = PyMem_Calloc(1, sizeof(PyObject *));
    if (far == NULL) {
        return PyErr_NoMemory();
    }
    far[0] = Py_NewRef(target);
    free_far((PairObject *)op);
    ((PairObject *)op)->far = far;
    Py_RETURN_NONE;
}

static PyMethodDef pair_methods[] = {
    {"set_back", pair_set_back, METH_O, "Refer to an object without owning it."},
    {"set_number", pair_set_number, METH_O, "Have an integer that is the address of an object."},
    {"set_far", pair_set_far, METH_O, "Own an object behind a pointer."},
    {NULL, NULL, 0, NULL},
};

#define PAIR_OFFSETS                                                                               \
    {"__dictoffset__", T_PYSSIZET, offsetof(PairObject, dict), READONLY, NULL},                    \
        {"__weaklistoffset__", T_PYSSIZET, offsetof(PairObject, weaklist), READONLY, NULL},        \
    {                                                                                              \
        NULL, 0, 0, 0, NULL                                                                        \
    }

static PyMemberDef pair_members[] = {
    {"first", T_OBJECT_EX, offsetof(PairObject, first), 0, "The object that it owns first."},
    PAIR_OFFSETS,
};

static PyMemberDef named_members[] = {
    {"first", T_OBJECT_EX, offsetof(PairObject, first), 0, "The object that it owns first."},
    {"second", T_OBJECT_EX, offsetof(PairObject, second), 0, "The object that it owns second."},
    PAIR_OFFSETS,
};

static PyMemberDef fickle_members[] = {
    {"number", T_PYSSIZET, offsetof(PairObject, number), 0, "How often it shows, and one."},
    PAIR_OFFSETS,
};

/* Nothing that it owns can be set anew. */
static PyMemberDef fixed_members[] = {
    {"first", T_OBJECT_EX, offsetof(PairObject, first), READONLY, "What it was made with."},
    PAIR_OFFSETS,
};

/* -------------------------------------------------------------- owned once for all */

/* An instance gets what it owns when it is made, and nothing afterwards, as a tuple: no ring can be
   made of such objects alone, and no tp_clear is needed. */
static PyObject *
fixed_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *op = type->tp_alloc(type, 0);
    if (op != NULL && pair_init(op, args, kwargs) < 0) {
        Py_CLEAR(op);
    }
    return op;
}

static int
fixed_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(((PairObject *)op)->first);
    Py_VISIT(((PairObject *)op)->second);
    return 0;
}

static PyMemberDef fixed_only_members[] = {
    {"first", T_OBJECT_EX, offsetof(PairObject, first), READONLY, "What it was made with."},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(PairObject, weaklist), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

/* back is the same object as first, which is owned. */
static int
alias_init(PyObject *op, PyObject *args, PyObject *kwargs)
{
    if (pair_init(op, args, kwargs) < 0) {
        return -1;
    }
    ((PairObject *)op)->back = ((PairObject *)op)->first;
    return 0;
}

/* A str can be part of no ring: who owns no other object need not tell the collector. */
static int
text_init(PyObject *op, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    PyObject *first, *second;
    if (!PyArg_ParseTuple(args, "UU", &first, &second)) {
        return -1;
    }
    Py_XSETREF(((PairObject *)op)->first, Py_NewRef(first));
    Py_XSETREF(((PairObject *)op)->second, Py_NewRef(second));
    return 0;
}

static PyMemberDef text_members[] = {
    {"first", T_OBJECT_EX, offsetof(PairObject, first), READONLY, "A str."},
    {NULL, 0, 0, 0, NULL},
};

/* ----------------------------------------------------------------------- one more field */

static PyObject *
triple_get_third(PyObject *op, void *Py_UNUSED(closure))
{
    PyObject *third = ((TripleObject *)op)->third;
    return Py_NewRef(third != NULL ? third : Py_None);
}

static int
triple_set_third(PyObject *op, PyObject *value, void *Py_UNUSED(closure))
{
    Py_XSETREF(((TripleObject *)op)->third, Py_XNewRef(value));
    return 0;
}

static PyGetSetDef triple_getset[] = {
    {"third", triple_get_third, triple_set_third, "The object that it owns third.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static int
triple_clear(PyObject *op)
{
    Py_CLEAR(((TripleObject *)op)->third);
    return pair_clear(op);
}

static void
triple_dealloc(PyObject *op)
{
    if (PyObject_IS_GC(op)) {
        PyObject_GC_UnTrack(op);
    }
    Py_CLEAR(((TripleObject *)op)->third);
    pair_dealloc(op);
}

/* ------------------------------------------------------------------ items in the struct */

static PyObject *
row_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    Py_ssize_t count = PyTuple_GET_SIZE(args);
    PyObject *op = type->tp_alloc(type, count);
    for (Py_ssize_t i = 0; i < count && op != NULL; i++) {
        ((RowObject *)op)->items[i] = Py_NewRef(PyTuple_GET_ITEM(args, i));
    }
    return op;
}

static int
row_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    for (Py_ssize_t i = 0; i < Py_SIZE(op); i++) {
        Py_VISIT(((RowObject *)op)->items[i]);
    }
    return 0;
}

static int
no_items_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    return 0;
}

static int
row_clear(PyObject *op)
{
    for (Py_ssize_t i = 0; i < Py_SIZE(op); i++) {
        Py_CLEAR(((RowObject *)op)->items[i]);
    }
    return 0;
}

static void
row_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    (void)row_clear(op);
    type->tp_free(op);
    Py_DECREF(type);
}

/* ------------------------------------------------------------------------------ types */

static PyObject *
fragile_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    if (PyTuple_GET_SIZE(args) == 0) {
        (void)raise(SIGSEGV); /* as what trusts its caller does, by a NULL */
    }
    return PyType_GenericNew(type, args, kwargs);
}

#define PAIR_SLOTS(members)                                                                        \
    {Py_tp_new, PyType_GenericNew}, {Py_tp_init, pair_init}, {Py_tp_dealloc, pair_dealloc},        \
        {Py_tp_methods, pair_methods},                                                             \
    {                                                                                              \
        Py_tp_members, members                                                                     \
    }

static PyType_Slot good_slots[] = {
    PAIR_SLOTS(pair_members),
    {Py_tp_traverse, pair_traverse},
    {Py_tp_clear, pair_clear},
    {0, NULL},
};
static PyType_Slot good_member_slots[] = {
    PAIR_SLOTS(named_members),
    {Py_tp_traverse, pair_traverse},
    {Py_tp_clear, pair_clear},
    {0, NULL},
};
static PyType_Slot no_gc_slots[] = {
    PAIR_SLOTS(pair_members),
    {0, NULL},
};
static PyType_Slot no_gc_member_slots[] = {
    PAIR_SLOTS(named_members),
    {0, NULL},
};
static PyType_Slot no_field_slots[] = {
    PAIR_SLOTS(pair_members),
    {Py_tp_traverse, no_field_traverse},
    {Py_tp_clear, pair_clear},
    {0, NULL},
};
static PyType_Slot no_member_slots[] = {
    PAIR_SLOTS(named_members),
    {Py_tp_traverse, no_field_traverse},
    {Py_tp_clear, pair_clear},
    {0, NULL},
};
static PyType_Slot no_dict_slots[] = {
    PAIR_SLOTS(pair_members),
    {Py_tp_traverse, no_dict_traverse},
    {Py_tp_clear, pair_clear},
    {0, NULL},
};
static PyType_Slot no_far_slots[] = {
    PAIR_SLOTS(pair_members),
    {Py_tp_traverse, no_far_traverse},
    {Py_tp_clear, pair_clear},
    {0, NULL},
};
static PyType_Slot fickle_slots[] = {
    PAIR_SLOTS(fickle_members),
    {Py_tp_traverse, fickle_traverse},
    {Py_tp_clear, pair_clear},
    {0, NULL},
};
static PyType_Slot no_type_slots[] = {
    PAIR_SLOTS(pair_members),
    {Py_tp_traverse, no_type_traverse},
    {Py_tp_clear, pair_clear},
    {0, NULL},
};
static PyType_Slot double_slots[] = {
    PAIR_SLOTS(pair_members),
    {Py_tp_traverse, double_traverse},
    {Py_tp_clear, pair_clear},
    {0, NULL},
};
static PyType_Slot wrong_slots[] = {
    PAIR_SLOTS(pair_members),
    {Py_tp_traverse, wrong_traverse},
    {Py_tp_clear, pair_clear},
    {0, NULL},
};
static PyType_Slot no_clear_slots[] = {
    PAIR_SLOTS(pair_members),
    {Py_tp_traverse, pair_traverse},
    {0, NULL},
};
/* No tp_clear, and no attribute that could be set: only a second call of __init__ makes a ring. */
static PyType_Slot no_clear_fixed_slots[] = {
    PAIR_SLOTS(fixed_members),
    {Py_tp_traverse, pair_traverse},
    {0, NULL},
};
/* Of its two members one is not visited, and neither is cleared. */
static PyType_Slot two_faults_slots[] = {
    PAIR_SLOTS(named_members),
    {Py_tp_traverse, no_field_traverse},
    {0, NULL},
};
static PyType_Slot fixed_slots[] = {
    {Py_tp_new, fixed_new},
    {Py_tp_dealloc, pair_dealloc},
    {Py_tp_traverse, fixed_traverse},
    {Py_tp_members, fixed_only_members},
    {0, NULL},
};
/* It does not visit a field, and ends the process when it is called without an object. */
static PyType_Slot fragile_slots[] = {
    {Py_tp_new, fragile_new},      {Py_tp_init, pair_init},
    {Py_tp_dealloc, pair_dealloc}, {Py_tp_traverse, no_field_traverse},
    {Py_tp_clear, pair_clear},     {0, NULL},
};
static PyType_Slot alias_slots[] = {
    {Py_tp_new, PyType_GenericNew},  {Py_tp_init, alias_init},  {Py_tp_dealloc, pair_dealloc},
    {Py_tp_traverse, pair_traverse}, {Py_tp_clear, pair_clear}, {0, NULL},
};
static PyType_Slot text_slots[] = {
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_init, text_init},
    {Py_tp_dealloc, pair_dealloc},
    {Py_tp_members, text_members},
    {0, NULL},
};
static PyType_Slot triple_slots[] = {
    {Py_tp_dealloc, triple_dealloc},
    {Py_tp_traverse, triple_traverse},
    {Py_tp_clear, triple_clear},
    {Py_tp_getset, triple_getset},
    {0, NULL},
};
/* It inherits the base's tp_traverse, which does not know of the third field. */
static PyType_Slot no_third_slots[] = {
    {Py_tp_dealloc, triple_dealloc},
    {Py_tp_getset, triple_getset},
    {0, NULL},
};
static PyType_Slot double_type_slots[] = {
    {Py_tp_dealloc, triple_dealloc},
    {Py_tp_traverse, double_type_traverse},
    {Py_tp_clear, triple_clear},
    {Py_tp_getset, triple_getset},
    {0, NULL},
};
static PyType_Slot row_slots[] = {
    {Py_tp_new, row_new},
    {Py_tp_dealloc, row_dealloc},
    {Py_tp_traverse, row_traverse},
    {Py_tp_clear, row_clear},
    {0, NULL},
};
static PyType_Slot no_items_slots[] = {
    {Py_tp_new, row_new},
    {Py_tp_dealloc, row_dealloc},
    {Py_tp_traverse, no_items_traverse},
    {Py_tp_clear, row_clear},
    {0, NULL},
};

static PyTypeObject static_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "broken.Static",
    .tp_basicsize = sizeof(PairObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_init = pair_init,
    .tp_dealloc = pair_dealloc,
    .tp_methods = pair_methods,
    .tp_traverse = static_traverse,
    .tp_clear = pair_clear,
    .tp_dictoffset = offsetof(PairObject, dict),
    .tp_weaklistoffset = offsetof(PairObject, weaklist),
};

enum {
    WITH_GC = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    WITHOUT_GC = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    PAIR = sizeof(PairObject),
    TRIPLE = sizeof(TripleObject),
    ROW = offsetof(RowObject, items),
};

static PyType_Spec specs[] = {
    {"broken.Good", PAIR, 0, WITH_GC, good_slots},
    {"broken.GoodMember", PAIR, 0, WITH_GC, good_member_slots},
    {"broken.NoGC", PAIR, 0, WITHOUT_GC, no_gc_slots},
    {"broken.NoGCMember", PAIR, 0, WITHOUT_GC, no_gc_member_slots},
    {"broken.NoField", PAIR, 0, WITH_GC, no_field_slots},
    {"broken.NoMember", PAIR, 0, WITH_GC, no_member_slots},
    {"broken.NoDict", PAIR, 0, WITH_GC, no_dict_slots},
    {"broken.NoFar", PAIR, 0, WITH_GC, no_far_slots},
    {"broken.Fickle", PAIR, 0, WITH_GC, fickle_slots},
    {"broken.NoType", PAIR, 0, WITH_GC, no_type_slots},
    {"broken.Double", PAIR, 0, WITH_GC, double_slots},
    {"broken.Wrong", PAIR, 0, WITH_GC, wrong_slots},
    {"broken.NoClear", PAIR, 0, WITH_GC, no_clear_slots},
    {"broken.NoClearFixed", PAIR, 0, WITH_GC, no_clear_fixed_slots},
    {"broken.TwoFaults", PAIR, 0, WITH_GC, two_faults_slots},
    {"broken.Fixed", PAIR, 0, WITH_GC, fixed_slots},
    {"broken.Fragile", PAIR, 0, WITH_GC, fragile_slots},
    {"broken.Alias", PAIR, 0, WITH_GC, alias_slots},
    {"broken.Text", PAIR, 0, WITHOUT_GC, text_slots},
    {"broken.Row", ROW, sizeof(PyObject *), WITH_GC, row_slots},
    {"broken.NoItems", ROW, sizeof(PyObject *), WITH_GC, no_items_slots},
};

/* These derive from broken.Good. */
static PyType_Spec derived_specs[] = {
    {"broken.Triple", TRIPLE, 0, WITH_GC, triple_slots},
    {"broken.NoThird", TRIPLE, 0, WITHOUT_GC, no_third_slots}, /* the flag is inherited, too */
    {"broken.DoubleType", TRIPLE, 0, WITH_GC, double_type_slots},
};

/* ----------------------------------------------------------------------------- module */

static PyObject *
broken_keep(PyObject *Py_UNUSED(module), PyObject *target)
{
    Py_XSETREF(kept_by_static, target == Py_None ? NULL : Py_NewRef(target));
    Py_RETURN_NONE;
}

static PyObject *
broken_leak(PyObject *Py_UNUSED(module), PyObject *target)
{
    Py_INCREF(target);
    Py_RETURN_NONE;
}

static PyObject *
broken_unleak(PyObject *Py_UNUSED(module), PyObject *target)
{
    Py_DECREF(target);
    Py_RETURN_NONE;
}

static PyMethodDef broken_methods[] = {
    {"keep", broken_keep, METH_O, "Keep an object in a static variable; None gives it up."},
    {"leak", broken_leak, METH_O, "Count a reference that nobody has."},
    {"unleak", broken_unleak, METH_O, "Count such a reference no more."},
    {NULL, NULL, 0, NULL},
};

static int
add_type(PyObject *module, PyType_Spec *spec, PyObject *base)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, base);
    int error = type != NULL ? PyModule_AddType(module, (PyTypeObject *)type) : -1;
    Py_XDECREF(type);
    return error;
}

static int
broken_exec(PyObject *module)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(specs); i++) {
        if (add_type(module, &specs[i], NULL) < 0) {
            return -1;
        }
    }
    PyObject *good = PyObject_GetAttrString(module, "Good");
    int error = good == NULL ? -1 : 0;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(derived_specs) && error == 0; i++) {
        error = add_type(module, &derived_specs[i], good);
    }
    Py_XDECREF(good);
    return error == 0 ? PyModule_AddType(module, &static_type) : -1;
}

static PyModuleDef_Slot broken_slots[] = {
    {Py_mod_exec, broken_exec},
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef broken_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "broken",
    .m_doc = "Types that are wrong on purpose, each in one way, and types that are right.",
    .m_methods = broken_methods,
    .m_slots = broken_slots,
};

PyMODINIT_FUNC
PyInit_broken(void)
{
    return PyModuleDef_Init(&broken_module);
}
