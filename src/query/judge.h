/* judge: which C types own objects that they do not show to the collector, or show what they do not
   own? Living instances are judged; none is made.

   A reference count is the sum of what owns it. What is left of it when all that tp_traverse shows,
   of every known object, and all slots of running frames have been subtracted is unexplained. An
   instance's own struct says where it may come from:

       count of a   3
       shown        1 by a list, 1 by a frame
       unexplained  1               byte 24 of the x.Y is the address of a, and x.Y does not show it

   Of one instance that proves nothing: the word may be borrowed, and the reference be elsewhere.
   But a type does the same with all its instances (suspicions.h).

       judge_fields      words that tp_traverse does not show, whether there is one or not
       judge_type        the type itself, not shown
       judge_visits      what is shown more often than it is owned: by whom?
       judge_clearing    attributes that can be set in a type without tp_clear, and living rings in
                         which no type has one */

#ifndef GCSCOPE_JUDGE_H
#define GCSCOPE_JUDGE_H

#include "heap/words.h"
#include "query/c_types.h"
#include "query/suspicions.h"
#include "runtime/scan.h"

/* A type that has instances, or that was asked about. */
typedef struct {
    PyTypeObject *type; /* borrowed */
    PyTypeObject *base; /* borrowed: itself, or the C type that it derives from */
    bool is_asked;      /* the base, or a C type that this derives from, was asked about */
    size_t instances;   /* of exactly this type */
    size_t hiding;      /* that do not show it */
    PyObject *specimen; /* borrowed: one of those that do not */
} JudgedType;

typedef struct {
    Scan *scan;      /* borrowed */
    PyObject *types; /* borrowed: a tuple of the types that were asked about */
    PyObject *names; /* borrowed: a tuple of names of modules */
    ClassFunctions of_class;
    Words words;
    Suspicions suspicions;
    Index numbers; /* of judged, by the address of the type */
    VEC(JudgedType) judged;
    int32_t *unexplained; /* node -> references that nobody shows; the collector's gc_refs */
    bool has_clearless;   /* instances of a type without tp_clear were heard */
    bool failed;          /* no memory; or an exception is set */
} Judge;

/* Hear all known objects of a scan, and weigh what they say: `judged` and `suspicions` are the
   answer. 0; -1: failed, with an exception or without: no memory. */
int judge_all(Judge *judge);

/* May be called on what has heard nobody. */
void judge_fini(Judge *judge);

/* Whether a C type was asked about, by itself or by its module. 1, 0, or -1 with an exception. */
int judge_is_asked(const Judge *judge, PyTypeObject *type);

/* Instances of a C type, and of what derives from it. */
size_t judge_instances_of(const Judge *judge, const PyTypeObject *type);

/* Whether the collector knows the instances of a type, and has no way to let them give up what they
   own. A finalizer may do so. */
bool judge_lacks_clear(PyTypeObject *type);

#endif
