"""Break the C core one line at a time, and see that the tests notice.

    python tests/mutations.py                  all of them: some minutes
    python tests/mutations.py --only cascade   those in whose name this regular expression is found
    python tests/mutations.py --list           only see whether each row still fits the sources

A row of MUTATIONS says what is broken, where, and which tests are to fail. A copy of the tree is
built once; then, for each row, one file is compiled anew and its tests are run. The copy that is
not broken has to pass them first. Failing, crashing and not ending all count as noticed. The exit
code is 1 if a mutation is not noticed, 2 if a row does not fit the sources, or does not compile
without a warning.

It is no part of the test suite: it tests that.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 240  # seconds, for the tests of one row

ALGORITHMS = "tests/graph/test_algorithms.py"
CORPUS = "tests/fuzz/test_corpora.py"
ENGINE = "tests/heap/test_engine.py"
LABELS = "tests/labels/test_labels.py"
PLACES = "tests/query/test_places.py"
TRACKED = "tests/types/test_tracked.py"
JOURNAL = "tests/runtime/test_journal.py"
CYCLES = "tests/query/test_cycles.py"
CUTS = "tests/query/test_cycle_cuts.py"
NAMES = "tests/query/test_cycle_names.py"
FORMS = "tests/query/test_forms.py"
KIND_CUTS = "tests/query/test_kind_cuts.py"
CASES = "tests/test_corpus.py"
GARBAGE = "tests/query/test_garbage.py"
LEAVES = "tests/heap/test_leaves.py"
SIZES = "tests/heap/test_sizes.py"
EVIDENCE = "tests/query/test_evidence.py"
HOLDERS = "tests/query/test_holders.py"
REFCOUNT = "tests/query/test_refcount.py"
ROOTS = "tests/query/test_roots.py"
FOLLOW = "tests/follow/test_follow.py"
PAUSES = "tests/follow/test_pauses.py"
GROWTH = "tests/api/test_growth.py"
SCAN = "tests/runtime/test_scan.py"
HOUSE = "tests/test_house.py"
AUDIT = "tests/api/test_audit.py"
REFERENCES = "tests/test_references.py"


class Mutation(NamedTuple):
    """A line that is broken: `old` stands once in `file`, and becomes `new`."""

    name: str
    file: str
    old: str
    new: str
    tests: str
    """Paths, separated by spaces."""
    since: int = 11
    """The first Python 3.x that compiles and reaches the line."""
    until: int = 99
    """The last one."""


MUTATIONS = [
    # ------------------------------------------------------------------- graph
    Mutation(
        "scc: an edge to an earlier node is forgotten",
        "src/graph/scc.c",
        "            not_first = NOT_FIRST;\n",
        "            not_first |= 0;\n",
        ALGORITHMS,
    ),
    Mutation(
        "scc: a component loses its last member",
        "src/graph/scc.c",
        "walk->rindex[walk->stack[walk->waiting]] >= index)",
        "walk->rindex[walk->stack[walk->waiting]] > index + 1)",
        ALGORITHMS,
    ),
    Mutation(
        "scc: the last edge of a row may lead to the node itself",
        "src/graph/scc.c",
        "items[node]; e < graph->offsets.items[node + 1]; e++)",
        "items[node]; e + 1 < graph->offsets.items[node + 1]; e++)",
        ALGORITHMS,
    ),
    Mutation(
        "scc: the stack of edges is not given back",
        "src/graph/scc.c",
        "    vec_fini(scc->memory, &edges);\n    return error;",
        "    return error;",
        ALGORITHMS,
    ),
    Mutation(
        "rings: levels and layers are mixed up",
        "src/graph/rings.c",
        "uint32_t mark = is_shown ? rings->level_mark : rings->layer_mark;",
        "uint32_t mark = is_shown ? rings->layer_mark : rings->level_mark;",
        f"{CORPUS} {ALGORITHMS}",
    ),
    Mutation(
        "rings: of many words those with the largest hashes are kept",
        "src/graph/rings.c",
        "if (way.hash < largest->hash) {",
        "if (way.hash > largest->hash) {",
        ALGORITHMS,
    ),
    Mutation(
        "rings: a word is kept once for each way to a node",
        "src/graph/rings.c",
        "if (known->hash == way.hash) {",
        "if (known->edge == way.edge && known->before == way.before) {",
        ALGORITHMS,
    ),
    Mutation(
        "rings: the budget is not looked at",
        "src/graph/rings.c",
        "rings->open.length != 0 && rings->steps < last_step;",
        "rings->open.length != 0 && rings->steps / 2 < last_step;",
        ALGORITHMS,
    ),
    Mutation(
        "rings: a ring with parallel edges is no ring",
        "src/graph/rings.c",
        "component[target] == component[node] && target != successor)",
        "component[target] == component[node])",
        f"{CORPUS} {ALGORITHMS}",
    ),
    Mutation(
        "refine: the direction of an edge does not count",
        "src/graph/refine.c",
        "sums[target] += hash_mix(~hash, colour);",
        "sums[target] += hash_mix(hash, colour);",
        ALGORITHMS,
    ),
    Mutation(
        "refine: it stops a round too early",
        "src/graph/refine.c",
        "round < REFINE_ROUNDS;",
        "round < REFINE_ROUNDS - 1;",
        ALGORITHMS,
    ),
    Mutation(
        "acyclic: a ring that is left counts as none",
        "src/graph/acyclic.c",
        "return free == count;",
        "return free != 0;",
        f"{CORPUS} {ALGORITHMS}",
    ),
    Mutation(
        "index: the first key is not entered anew when it grows",
        "src/base/index.c",
        "for (size_t k = 0; k < index->keys.length; k++) {",
        "for (size_t k = 1; k < index->keys.length; k++) {",
        ALGORITHMS,
    ),
    Mutation(
        "index: the first key stays when it is cleared",
        "src/base/index.c",
        "for (size_t k = index->keys.length; k-- > 0;) {",
        "for (size_t k = index->keys.length; k-- > 1;) {",
        f"{CORPUS} {ALGORITHMS}",
    ),
    Mutation(
        "bfs: what was seen four billion searches ago counts as seen",
        "src/graph/bfs.c",
        "memset(bfs->seen.items, 0, bfs->seen.length * sizeof(uint32_t));",
        "memset(bfs->seen.items, 0, sizeof(uint32_t));",
        ALGORITHMS,
    ),
    Mutation(
        "bfs: a root may be an excluded node",
        "src/graph/bfs.c",
        "if (see_unless_excluded(bfs, roots[r], NOWHERE) < 0) {",
        "if (!has_seen(bfs, roots[r]) && see(bfs, roots[r], NOWHERE) < 0) {",
        ALGORITHMS,
    ),
    Mutation(
        "rotation: it is the largest one",
        "src/graph/rotation.h",
        "x > y ? &a : &b",
        "x < y ? &a : &b",
        f"{CORPUS} {CYCLES} {GARBAGE}",
    ),
    Mutation(
        "dominators: the higher label wins",
        "src/graph/dominators.c",
        "if (above->label < link->label)",
        "if (above->label > link->label)",
        ALGORITHMS,
    ),
    Mutation(
        "dominators: a source is skipped",
        "src/graph/dominators.c",
        "for (uint32_t e = work->sources.offsets.items[number + 1]; e-- != begin;)",
        "for (uint32_t e = work->sources.offsets.items[number + 1]; e-- > begin + 1;)",
        ALGORITHMS,
    ),
    Mutation(
        "dominators: sums go up one step only",
        "src/graph/dominators.c",
        "for (size_t i = dominators->order.length; i-- != 0;)",
        "for (size_t i = 0; i != dominators->order.length; i++)",
        ALGORITHMS,
    ),
    Mutation(
        "cascade: what has no reference left before is freed as well",
        "src/graph/cascade.c",
        "if (--cascade->counts.items[target] == 0)",
        "if (--cascade->counts.items[target] <= 0)",
        ALGORITHMS,
    ),
    Mutation(
        "cascade: an edge that was cut goes twice",
        "src/graph/cascade.c",
        "add_along_cuts(cascade, edges, node, +1);",
        "add_along_cuts(cascade, edges, node, 0);",
        ALGORITHMS,
    ),
    Mutation(
        "cascade: what was freed stays marked",
        "src/graph/cascade.c",
        "        nodeset_remove(&cascade->is_freed, node);\n",
        "",
        ALGORITHMS,
    ),
    Mutation(
        "cascade: the nodes that were given are told as freed with them",
        "src/graph/cascade.c",
        "cascade->freed.length -= given;",
        "cascade->freed.length -= given != 0;",
        ALGORITHMS,
    ),
    Mutation(
        "graph: the second edge to a neighbour is no repeat",
        "src/graph/graph.c",
        "for (size_t j = begin; j < i; j++)",
        "for (size_t j = begin; j + 1 < i; j++)",
        f"{CORPUS} {ALGORITHMS}",
    ),
    Mutation(
        "nodeset: ranks begin at 1",
        "src/graph/nodeset.h",
        "return nodeset->before.items[node / 64] + (NodeId)popcount(below);",
        "return nodeset->before.items[node / 64] + (NodeId)popcount(below) + 1;",
        ALGORITHMS,
    ),
    # -------------------------------------------------------------------- heap
    Mutation(
        "leaves: what another account has a share in is the last one's",
        "src/heap/leaves.c",
        "leaf->account.owner = LEAVES_NOBODY;",
        "leaf->account.owner = leaves->account.owner;",
        LEAVES,
    ),
    Mutation(
        "leaves: what something kept has a share in is the ring's own",
        "src/heap/leaves.c",
        "leaf->account.is_kept |= leaves->account.is_kept;",
        "leaf->account.is_kept |= 0;",
        LEAVES,
    ),
    Mutation(
        "leaves: what is held from outside is counted",
        "src/heap/leaves.c",
        "if (leaf->left == 0 && leaves->by < 0) {",
        "if (leaf->left <= 1 && leaves->by < 0) {",
        LEAVES,
    ),
    Mutation(
        "leaves: nothing is followed",
        "src/heap/leaves.c",
        "    if (may_refer(op)) {\n",
        "    if (may_refer(op) && leaves->by > 0) {\n",
        LEAVES,
    ),
    Mutation(
        "sizes: a block is what was asked for",
        "src/heap/sizes.c",
        "(bytes + STEP - 1) / STEP * STEP : bytes;",
        "(bytes + STEP - STEP) : bytes;",
        SIZES,
    ),
    Mutation(
        "collector: what is unowned is subtracted twice",
        "src/heap/collector.c",
        "gc_refs[unowned[u]]++;",
        "gc_refs[unowned[u]]--;",
        ENGINE,
    ),
    Mutation(
        "collector: the first edge is not subtracted",
        "src/heap/collector.c",
        "for (size_t e = 0; e < edges; e++) {\n        if (e + AHEAD",
        "for (size_t e = 1; e < edges; e++) {\n        if (e + AHEAD",
        ENGINE,
    ),
    Mutation(
        "collector: an object that is shown too often is unreachable",
        "src/heap/collector.c",
        "if (collector->gc_refs.items[n] != 0)",
        "if (collector->gc_refs.items[n] > 0)",
        ENGINE,
    ),
    Mutation(
        "collector: every unreachable object is said to be shown too often",
        "src/heap/collector.c",
        "collector->over_visited += gc_refs[n] < 0;",
        "collector->over_visited += gc_refs[n] <= 0;",
        ENGINE,
    ),
    Mutation(
        "collector: the last edge of a row is not followed",
        "src/heap/collector.c",
        "for (uint32_t e = offsets[node]; e < offsets[node + 1]; e++)",
        "for (uint32_t e = offsets[node]; e + 1 < offsets[node + 1]; e++)",
        ENGINE,
    ),
    Mutation(
        "addrmap: ranks count the object itself",
        "src/heap/addrmap.h",
        "block->bits & ((UINT64_C(1) << bit) - 1)",
        "block->bits & ((UINT64_C(2) << bit) - 1)",
        ENGINE,
    ),
    Mutation(
        "addrmap: the chunks of a table that grows are lost",
        "src/heap/addrmap.c",
        "if (old[i].pages != NULL) {",
        "if (old[i].pages == NULL) {",
        ENGINE,
    ),
    Mutation(
        "addrmap: the empty pages, which all maps share, can be written",
        "src/heap/addrmap.c",
        "static const uint32_t no_pages[ADDRMAP_CHUNK_PAGES];",
        "static uint32_t no_pages[ADDRMAP_CHUNK_PAGES];",
        HOUSE,
    ),
    Mutation(
        "vec: a sum of sizes may overflow",
        "src/base/vec.c",
        "size_t limit = (size_t)PTRDIFF_MAX / item_size;",
        "size_t limit = SIZE_MAX - (item_size == 0);",
        ENGINE,
    ),
    # ------------------------------------------------------------------ labels
    Mutation(
        "labels: two references without a name are one",
        "src/labels/edge_label.c",
        "hash = hash_character(hash, (uint64_t)label->index);",
        "hash = hash_character(hash, 0);",
        f"{LABELS} {CYCLES} {CUTS} {NAMES}",
    ),
    Mutation(
        "labels: two attributes are one",
        "src/labels/edge_label.c",
        "return name != NULL ? hash_str(hash, name) : hash;",
        "return name != NULL ? hash : hash;",
        f"{CYCLES} {CUTS}",
    ),
    Mutation(
        "labels: a byte that has a name is told as well",
        "src/labels/struct_words.c",
        "bool is_noted = offset / WORD < WORDS_NOTED &&",
        "bool is_noted = offset / WORD > WORDS_NOTED &&",
        LABELS,
    ),
    Mutation(
        "labels: an id is told as a key",
        "src/labels/edge_label.c",
        "most = (long long)1 << 32;",
        "most = (long long)1 << 62;",
        LABELS,
    ),
    Mutation(
        "labels: the 11th reference is the 11st",
        "src/labels/edge_label.c",
        "n % 100 >= 11",
        "n % 100 > 11",
        LABELS,
    ),
    Mutation(
        "labels: a repr is not given back",
        "src/labels/edge_label.c",
        '"[%U]", repr) : NULL;\n    Py_XDECREF(repr);\n',
        '"[%U]", repr) : NULL;\n',
        REFERENCES,
    ),
    Mutation(
        "labels: the name of an attribute is not given back",
        "src/labels/access_path.c",
        "        Py_XDECREF(attribute);\n",
        "",
        REFERENCES,
    ),
    Mutation(
        "labels: what a getter gives is not given back",
        "src/labels/published.c",
        "    Py_DECREF(value);\n    LabelKind kind",
        "    LabelKind kind",
        REFERENCES,
    ),
    Mutation(
        "labels: the object of a method is called its function",
        "src/labels/referents.c",
        'PyMethod_GET_SELF(op), "__self__"',
        'PyMethod_GET_SELF(op), "__func__"',
        LABELS,
    ),
    Mutation(
        "labels: every cell of a closure has the name of the first",
        "src/labels/referents.c",
        "PyTuple_GET_ITEM(code->co_localsplusnames, first + i)",
        "PyTuple_GET_ITEM(code->co_localsplusnames, first)",
        LABELS,
    ),
    Mutation(
        "labels: the keys of a dict are skipped",
        "src/labels/referents.c",
        "emit(sink, key, (Label){.kind = LABEL_KEY})) {",
        "(Py_IsNone(key) && emit(sink, key, (Label){.kind = LABEL_KEY}))) {",
        LABELS,
    ),
    Mutation(
        "labels: the words of a struct are read one too far",
        "src/labels/private_types.c",
        "PyObject **word = (PyObject **)((char *)op + sizeof(PyObject));",
        "PyObject **word = (PyObject **)((char *)op + sizeof(PyObject)) + 1;",
        LABELS,
    ),
    Mutation(
        "labels: the result of a cache is called its key",
        "src/labels/private_types.c",
        'name_in_words(traversal, last[0], "a cached key")',
        'name_in_words(traversal, last[1], "a cached key")',
        LABELS,
    ),
    Mutation(
        "labels: a keyword is an attribute that one can type",
        "src/labels/access_path.c",
        "!has_word(keywords, ascii_of(name))",
        'has_word(keywords, "None")',
        f"{ROOTS} {LABELS}",
    ),
    # ------------------------------------------------------------------ follow
    Mutation(
        "follow: the callback stays when the last one has ended",
        "src/follow/observers.c",
        "gc_callbacks_remove(state->gc_callbacks, state->observers_callback);",
        "(void)gc_callbacks_remove;",
        FOLLOW,
    ),
    Mutation(
        "follow: what is let go of stays on",
        "src/follow/follow.c",
        "    PyTypeObject *type = Py_TYPE(op);\n    observer_leave(&f->observer);\n",
        "    PyTypeObject *type = Py_TYPE(op);\n    f->observer.is_on = false;\n",
        FOLLOW,
    ),
    Mutation(
        "follow: what is older is told of a young collection",
        "src/follow/follow.c",
        "    return map_is_made(&f->known) ? &f->known : NULL;",
        "    return f->whole && map_is_made(&f->known) ? &f->known : NULL;",
        FOLLOW,
    ),
    Mutation(
        "follow: what is new and has moved up is forgotten",
        "src/follow/follow.c",
        "generations_list_known(generations, f->oldest, f->until, &f->known, &scan->heap.map)",
        "generations_list_known(generations, 1, f->until, &f->known, &scan->heap.map)",
        FOLLOW,
    ),
    Mutation(
        "follow: what finalizers make is not new",
        "src/follow/follow.c",
        "|| generations_list(f->state->generations, 0, &f->known) < 0",
        "",
        FOLLOW,
    ),
    Mutation(
        "follow: a lost marker is not told",
        "src/follow/follow.c",
        "    f->is_lost |= found == 0;\n    if (found < 0) {",
        "    if (found < 0) {",
        FOLLOW,
    ),
    Mutation(
        "follow: a child looks for its parent",
        "src/follow/observers.c",
        "o->is_ready && o->process == state->collection_process",
        "o->is_ready && o->process <= state->collection_process",
        FOLLOW,
    ),
    # ------------------------------------------------------------------ pauses
    Mutation(
        "pauses: dry runs at any price",
        "src/follow/pauses.c",
        "will_be <= self->share * (double)(clock_now() - self->begun)",
        "will_be >= self->share",
        PAUSES,
    ),
    Mutation(
        "pauses: a collection that began before is noted",
        "src/follow/pauses.c",
        "if (event->began < self->begun)",
        "if (event->began < 0)",
        PAUSES,
    ),
    Mutation(
        "pauses: the first are kept, and not the last",
        "src/follow/pauses.c",
        "uint64_t first = end > MOST_KEPT ? end - MOST_KEPT : 0;",
        "uint64_t first = 0;",
        PAUSES,
    ),
    Mutation(
        "pauses: who asks of a large heap has not",
        "src/follow/pauses.c",
        "event->is_enabled && generations->count > generations->threshold &&",
        "event->is_enabled &&",
        PAUSES,
    ),
    Mutation(
        "pauses: forms without end",
        "src/follow/pauses.c",
        "tally->forms.items.length >= MOST_FORMS",
        "tally->forms.items.length >= 2 * MOST_FORMS",
        PAUSES,
    ),
    Mutation(
        "pauses: what went unseen is not told",
        "src/follow/pauses.c",
        "int64_t missing = count - total->counted - seen;",
        "int64_t missing = seen - seen;",
        PAUSES,
    ),
    Mutation(
        "pauses: a sample is told of the next collection too",
        "src/follow/pauses.c",
        "    self->sampled += self->sample.is_there;\n    self->sample = (Sample){0};\n",
        "    self->sampled += self->sample.is_there;\n",
        PAUSES,
    ),
    Mutation(
        "tally: a form that was seen before is not counted",
        "src/follow/tally.c",
        "    form->count = count + found->count;\n",
        "    form->count = count != 0 ? count : found->count;\n",
        FOLLOW,
    ),
    Mutation(
        "generations: the newest object is left out",
        "src/heap/generations.c",
        "GcHeader *header = previous_of(head);\n    for (; header != head && header != stop;",
        "GcHeader *header = previous_of(previous_of(head));\n"
        "    for (; header != head && header != stop;",
        f"{FOLLOW} {SCAN}",
    ),
    Mutation(
        "lease: it never ends",
        "src/runtime/lease.c",
        "        *self->count = self->before;\n",
        "        (void)self->before;\n",
        "tests/runtime/test_lease.py",
    ),
    Mutation(
        "events: fates that are let go of stay on",
        "src/types/events.c",
        "    PyTypeObject *type = Py_TYPE(op);\n    fates_stop(self);\n",
        "    PyTypeObject *type = Py_TYPE(op);\n",
        "tests/api/test_collect.py tests/test_guest.py",
    ),
    # ------------------------------------------------------------------- query
    Mutation(
        "cycles: rings of two classes are one form",
        "src/query/cycles.c",
        "step->pair = hash_mix(type_facts_colour(&cycles->facts, op), fold_hash_of(&folded));",
        "step->pair = fold_hash_of(&folded) + (op == NULL);",
        CYCLES,
    ),
    Mutation(
        "cycles: the smallest ring is the specimen of its form",
        "src/query/forms.c",
        "a->objects > b->objects",
        "a->objects < b->objects",
        CYCLES,
    ),
    Mutation(
        "forms: the table is not entered anew when it grows",
        "src/query/forms.c",
        "    for (size_t f = 0; f < forms->items.length; f++) {\n        enter_slot(forms, f);\n",
        "    for (size_t f = 1; f < forms->items.length; f++) {\n        enter_slot(forms, f);\n",
        CYCLES,
    ),
    Mutation(
        "forms: functions of two names are one",
        "src/query/type_facts.c",
        "of_type->is_named ? hash_mix(of_type->hash, describe_name_hash(op)) : of_type->hash;",
        "of_type->is_named ? of_type->hash + (describe_name_hash(op) == 0) : of_type->hash;",
        FORMS,
    ),
    Mutation(
        "forms: a run of tracebacks is as many steps",
        "src/labels/fold.c",
        'return is_field(label, "tb_next");',
        'return is_field(label, "tb_none");',
        FORMS,
    ),
    Mutation(
        "forms: of the owners of a container the last one counts",
        "src/query/kinds.c",
        "bool is_better = new->hops != old->hops ? new->hops < old->hops : new->hash < old->hash;",
        "bool is_better = new->hops < old->hops;",
        FORMS,
    ),
    Mutation(
        "forms: long rows are read without parallel references",
        "src/query/kinds.c",
        "kinds->slot_of.items[node] = kinds->slot_after.items[number - row->begin];",
        "kinds->slot_of.items[node] = 0;",
        FORMS,
    ),
    Mutation(
        "rings: the one that few members are on is told",
        "src/query/ring_choice.c",
        "pool.enough = top >= enough ? enough : 0;",
        "pool.enough = top == UINT64_MAX ? enough : 0;",
        f"{FORMS} {KIND_CUTS} {CASES}",
    ),
    Mutation(
        "rings: what goes upwards is not preferred",
        "src/query/ring_choice.c",
        "? a->is_upwards\n",
        "? b->is_upwards\n",
        f"{FORMS} {KIND_CUTS} {CASES}",
    ),
    Mutation(
        "kinds: what leads from the older object goes back",
        "src/query/kind_cuts.c",
        "of_source > of_target ? 2 : 0;",
        "of_source < of_target ? 2 : 0;",
        KIND_CUTS,
    ),
    Mutation(
        "kinds: what is not needed is cut, too",
        "src/query/kind_cuts.c",
        "groups[ranked[r]].is_chosen = !leaves_no_ring(cuts);",
        "groups[ranked[r]].is_chosen = true;",
        KIND_CUTS,
    ),
    Mutation(
        "kinds: what cannot be weak is to be weak",
        "src/query/kind_cuts.c",
        "    group->is_weakrefable &= type->tp_weaklistoffset",
        "    group->is_weakrefable |= type->tp_weaklistoffset",
        KIND_CUTS,
    ),
    Mutation(
        "cuts: a label counts once, however often it is shown",
        "src/query/cut_trials.c",
        "        trials->shown.items[number]--;\n",
        "        trials->shown.items[number] = 0;\n",
        CUTS,
    ),
    Mutation(
        "kinds: what a type does not show any more has no kind",
        "src/query/kinds.c",
        "row->left != 0 && !row->failed; e++) {\n        NodeId target",
        "row->left == UINT32_MAX && !row->failed; e++) {\n        NodeId target",
        NAMES,
    ),
    Mutation(
        "leaves: what the cache of methods owns is held from outside",
        "src/heap/interp_tables.c",
        "count += cache->hashtable[i].name == name;",
        "count += 0;",
        LEAVES,
    ),
    Mutation(
        "cuts: a place of a tuple may be cut",
        "src/query/kinds.c",
        "in it */\n        return !PyType_HasFeature(label->holder, Py_TPFLAGS_TUPLE_SUBCLASS);",
        "in it */\n        return label->holder != NULL;",
        CUTS,
    ),
    Mutation(
        "reach: one goes on through the globals of a function",
        "src/query/reach.c",
        "            exclude(boundary, heap, ((PyFunctionObject *)op)->func_globals);\n",
        "",
        CYCLES,
    ),
    Mutation(
        "refcount: the reference of the question itself counts",
        "src/query/refcount.c",
        "    (void)obj;\n    return 1;",
        "    (void)obj;\n    return 0;",
        REFCOUNT,
        until=13,
    ),
    Mutation(
        "evidence: one word that only borrows does not matter",
        "src/query/evidence_words.c",
        "agreed = ++search->claimed.items[node] <= evidence->left.items[node];",
        "agreed = ++search->claimed.items[node] <= evidence->left.items[node] + 1;",
        EVIDENCE,
    ),
    Mutation(
        "evidence: a word that is shown is evidence",
        "src/heap/words.c",
        "            word->is_shown = true;",
        "            word->is_shown = false;",
        EVIDENCE,
    ),
    Mutation(
        "evidence: what was left on a stack is evidence",
        "src/query/evidence_statics.c",
        "evidence->left.items[node] <= 0);",
        "evidence->left.items[node] < -1000);",
        EVIDENCE,
    ),
    Mutation(
        "holders: the box by which the object was given counts",
        "src/query/holders.c",
        "Py_ssize_t count = world_all_references(asked->target) - 1;",
        "Py_ssize_t count = world_all_references(asked->target);",
        HOLDERS,
    ),
    Mutation(
        "holders: what a generator borrows is owned",
        "src/query/holders.c",
        "bool owned = nth + holder->unowned < holder->shown;",
        "bool owned = nth < holder->shown + holder->unowned;",
        HOLDERS,
        since=14,
    ),
    Mutation(
        "holders: what is not tracked holds nothing",
        "src/query/holders.c",
        "if (!is_explained && look_beyond(",
        "if (!is_explained && !is_mortal && look_beyond(",
        HOLDERS,
    ),
    Mutation(
        "holders: a reference in other words is one of the same",
        "src/query/holders.c",
        "uint64_t whole = hash_mix(hash_mix(key, label_key(&label)), owned);",
        "uint64_t whole = hash_mix(hash_mix(key, label_key(&label)), 0);",
        HOLDERS,
        since=14,
    ),
    Mutation(
        "retained: the object that is asked about is no root",
        "src/query/retained.c",
        "nodeset_add(&roots, *extra);",
        "nodeset_remove(&roots, *extra);",
        ROOTS,
    ),
    Mutation(
        "retained: the lightest stand first",
        "src/query/retained.c",
        "weights[nodes->items[j]] > weights[nodes->items[best]]",
        "weights[nodes->items[j]] < weights[nodes->items[best]]",
        ROOTS,
    ),
    Mutation(
        "roots: what only a running function holds is lasting",
        "src/query/roots.c",
        "return outside > frames;",
        "return outside >= frames;",
        ROOTS,
    ),
    Mutation(
        "roots: the box by which the object was given keeps it alive",
        "src/query/roots.c",
        "    mark(search, &search->excluded, box);\n",
        "",
        ROOTS,
    ),
    Mutation(
        "roots: another chain may end as the first",
        "src/query/roots.c",
        "nodeset_add(&search->told, search->way.items[length - 2]);",
        "nodeset_add(&search->told, search->way.items[0]);",
        ROOTS,
    ),
    Mutation(
        "roots: what every module has is as near as all else",
        "src/query/roots.c",
        "if (is_common_name(key) && addrmap_find(",
        "if (!is_common_name(key) && addrmap_find(",
        ROOTS,
    ),
    Mutation(
        "bfs: what is late in a level is never followed",
        "src/graph/bfs.c",
        "if (!has_seen(bfs, target) && follow_late(bfs) < 0) {",
        "if (has_seen(bfs, target) && follow_late(bfs) < 0) {",
        ALGORITHMS,
    ),
    Mutation(
        "places: a class stands where any of its functions does",
        "src/query/places.c",
        "if (code != NULL && is_written_in(code, qualname)) {",
        "if (code != NULL && (is_written_in(code, qualname) || code->co_firstlineno > 0)) {",
        PLACES,
    ),
    Mutation(
        "places: a function stands where its decorator does",
        "src/query/places.c",
        'dict_find(interp_instance_dict(op), "__wrapped__")',
        'dict_find(interp_instance_dict(op), "__wrapped")',
        PLACES,
    ),
    Mutation(
        "describe: a function is called by its short name",
        "src/query/describe.c",
        "name = ((PyFunctionObject *)function)->func_qualname;",
        "name = ((PyFunctionObject *)function)->func_name;",
        f"{NAMES} {HOLDERS}",
    ),
    # ------------------------------------------------------ types and the journal
    Mutation(
        "journal: a death is marked by a guess alone",
        "src/runtime/journal.c",
        "    while (low < high) {",
        "    while (low + length < high) {",
        "tests/api/test_collect.py",
    ),
    Mutation(
        "tracked: who is uncollectable is called resurrected",
        "src/types/tracked.c",
        "roll_call_has(uncollectable, op) ? FATE_UNCOLLECTABLE",
        "roll_call_has(uncollectable, op) ? FATE_RESURRECTED",
        "tests/api/test_collect.py",
    ),
    Mutation(
        "journal: a resurrected object stays doomed",
        "src/runtime/journal.c",
        "            life->doomed = false;\n",
        "",
        f"{TRACKED} {JOURNAL}",
    ),
    Mutation(
        "journal: the oldest event is told last",
        "src/runtime/journal.c",
        "return &journal->events[(first + index) % journal->capacity];",
        "return &journal->events[(first + index + 1) % journal->capacity];",
        JOURNAL,
    ),
    Mutation(
        "tracked: the callback stays in gc.callbacks",
        "src/types/tracked.c",
        "    gc_callbacks_remove(state->gc_callbacks, state->callback);\n",
        "",
        f"{TRACKED} {JOURNAL} tests/test_hostile.py",
    ),
    Mutation(
        "tracked: who was finalized in this collection dies by it",
        "src/types/tracked.c",
        "!finalized_in_this_collection &&",
        "(finalized_in_this_collection || self->journal->collecting) &&",
        f"{TRACKED} {JOURNAL}",
    ),
    Mutation(
        "tracked: the instance's dict is not shown",
        "src/types/tracked.c",
        "    Py_VISIT(((TrackedObject *)op)->dict);\n    return 0;",
        "    return 0;",
        TRACKED,
    ),
    Mutation(
        "tracked: a dead object keeps its class",
        "src/types/tracked.c",
        "    Py_DECREF(type);\n    journal_release(journal);\n",
        "    journal_release(journal);\n",
        f"{TRACKED} {REFERENCES}",
    ),
    Mutation(
        "tracked: a dead object keeps the journal",
        "src/types/tracked.c",
        "    Py_DECREF(type);\n    journal_release(journal);\n",
        "    Py_DECREF(type);\n",
        f"{TRACKED} {JOURNAL} {REFERENCES}",
    ),
    Mutation(
        "tracked: the name of a fate is borrowed and given back",
        "src/types/tracked.c",
        ".name = Py_XNewRef(name), .type = life->type};",
        ".name = name, .type = life->type};",
        "tests/types/test_tracked.py tests/api/test_collect.py",
    ),
    Mutation(
        "events: collections stay paused after they were listed",
        "src/types/events.c",
        "    gc_pause_end(was_enabled);\n    return rows;",
        "    (void)was_enabled;\n    return rows;",
        f"{TRACKED} {JOURNAL}",
    ),
    Mutation(
        "events: collections stay paused after the journal was read",
        "src/types/events.c",
        "PyObject *rows = rows_list(state->journal->event_count, event_row, state);\n"
        "    world_end(&world);\n"
        "    gc_pause_end(was_enabled);\n",
        "PyObject *rows = rows_list(state->journal->event_count, event_row, state);\n"
        "    world_end(&world);\n"
        "    (void)was_enabled;\n",
        f"{JOURNAL} {TRACKED}",
    ),
    Mutation(
        "person: the friends are not shown",
        "src/types/person.c",
        "    Py_VISIT(((PersonObject *)op)->friends);\n    return tracked_traverse",
        "    return tracked_traverse",
        TRACKED,
    ),
    Mutation(
        "person: the friends are not cleared",
        "src/types/person.c",
        "    Py_CLEAR(((PersonObject *)op)->friends);\n    return tracked_clear(op);",
        "    return tracked_clear(op);",
        TRACKED,
    ),
    Mutation(
        "roll call: what is tracked no more is told as tracked still",
        "src/types/roll_call.c",
        "if (keep(&self->entries.items[i], arg)) {",
        "if (keep(&self->entries.items[i], arg) || i == 0) {",
        TRACKED,
    ),
    # ------------------------------------------------------------------- audit
    Mutation(
        "audit: running frames own nothing",
        "src/query/judge.c",
        "        judge->unexplained[node]--;\n",
        "        judge->unexplained[node] -= 0;\n",
        AUDIT,
    ),
    Mutation(
        "audit: what untraversed members show is not taken back",
        "src/query/judge.c",
        "        judge->unexplained[node]++;\n",
        "        judge->unexplained[node] += 0;\n",
        AUDIT,
    ),
    Mutation(
        "audit: tuples of atoms count as objects in rings",
        "src/query/judge.c",
        "           !is_function_of_module(op) && !is_tuple_of_atoms(op);\n",
        "           !is_function_of_module(op) && !(is_tuple_of_atoms(op) && op == NULL);\n",
        AUDIT,
    ),
    Mutation(
        "audit: a derived class is blamed for its base",
        "src/query/c_types.c",
        "    while (type->tp_base != NULL && is_class(functions, type)) {\n",
        "    while (type->tp_base == NULL && is_class(functions, type)) {\n",
        AUDIT,
    ),
    Mutation(
        "audit: an inherited tp_traverse is blamed on the heir's base",
        "src/query/c_types.c",
        "           offset + sizeof(PyObject *) <= (size_t)base->tp_basicsize) {\n",
        "           offset + sizeof(PyObject *) != 0) {\n",
        AUDIT,
    ),
    Mutation(
        "audit: a type that hides itself is only seen by its type",
        "src/query/judge.c",
        "        judged->hiding++;\n",
        "        judged->hiding += 0;\n",
        AUDIT,
    ),
    Mutation(
        "audit: over-visits are never contradicted",
        "src/query/judge.c",
        "            suspicion->is_contradicted = true;\n",
        "            suspicion->is_contradicted |= false;\n",
        AUDIT,
    ),
    Mutation(
        "audit: a suspicion may claim more references than there are",
        "src/query/suspicions.c",
        "        suspicion->fault < FAULT_OVER_VISIT && (int64_t)length > unexplained;\n",
        "        suspicion->fault < FAULT_OVER_VISIT && (int64_t)length < 0 && unexplained;\n",
        AUDIT,
    ),
    Mutation(
        "audit: claims on one reference are not told as shared",
        "src/query/suspicions.c",
        "        return (int64_t)account->hidden <= unexplained;\n",
        "        return account->hidden != 0 || unexplained;\n",
        AUDIT,
    ),
    Mutation(
        "audit: what others show too often is blamed on all",
        "src/query/suspicions.c",
        "            is_of_over_visit(suspicion, false) && suspicion->unaccounted == 0;\n",
        "            is_of_over_visit(suspicion, false) && suspicion->unaccounted > 1000;\n",
        AUDIT,
    ),
    Mutation(
        "audit: an attribute that is not shown counts for clearing",
        "src/query/judge.c",
        "        is_shown(judge, source, node)) {\n",
        "        (is_shown(judge, source, node) || source != node)) {\n",
        AUDIT,
    ),
    Mutation(
        "audit: rings without tp_clear are not looked for",
        "src/query/judge.c",
        "            if (judge_lacks_clear(Py_TYPE(heap->objects.items[target]))) {\n",
        "            if (judge_lacks_clear(Py_TYPE(heap->objects.items[target])) && false) {\n",
        AUDIT,
    ),
    # ------------------------------------------------------------------ growth
    Mutation(
        "growth: a container that has become shorter",
        "src/query/growth_census.c",
        "if (!is_whole || length < container->last) {",
        "if (!is_whole) {",
        GROWTH,
    ),
    Mutation(
        "growth: growth in some round",
        "src/query/growth_groups.c",
        "bool is_steady = (candidate->container->grown & every) == every;",
        "bool is_steady = candidate->container->grown != 0;",
        GROWTH,
    ),
    Mutation(
        "growth: few in one place",
        "src/query/growth_groups.c",
        "if (shape->steady != 0 && shape->steady <= GROUP_ALONE) {",
        "if (shape->steady == 1) {",
        GROWTH,
    ),
    Mutation(
        "growth: what was there before",
        "src/query/growth_account.c",
        "if (addrmap_has(&account->before, target)) {",
        "if (is_immortal(target)) {",
        GROWTH,
    ),
    Mutation(
        "growth: a string that something else holds",
        "src/query/growth_account.c",
        "added->visits >= Py_REFCNT(op) - idle);",
        "added->visits + idle > 0);",
        GROWTH,
    ),
    Mutation(
        "growth: types that containers keep",
        "src/query/growth_rows.c",
        "type->since_mark <= type->kept",
        "type->since_mark == 0",
        GROWTH,
    ),
    # --------------------------------------------------------------- attribute
    Mutation(
        "attribute: what a descriptor would make is given as it is",
        "src/query/attribute.c",
        "found != NULL && Py_TYPE(found)->tp_descr_get == NULL ? found : NULL",
        "found",
        "tests/live/test_expression.py",
    ),
    Mutation(
        "attribute: a key is compared with one of another type",
        "src/query/attribute.c",
        "if (Py_IS_TYPE(key, Py_TYPE(args[1]))) {",
        "if (key != NULL) {",
        "tests/live/test_expression.py",
    ),
]


def source_of(mutation: Mutation, tree: Path) -> str:
    """Return the text of its file; it ends the script if the old text does not stand there once."""
    text = (tree / mutation.file).read_text(encoding="utf-8")
    count = text.count(mutation.old)
    if count != 1:
        print(f"{mutation.name}: {mutation.file} has the old text {count} times, not once")
        raise SystemExit(2)
    return text


def tracked_files() -> list[str]:
    """List what git tracks or would; where there is no git, what is no product of a build."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode == 0:
        names = done.stdout.split("\0")
    else:
        skip = {"build", "dist", "__pycache__", ".venv", ".git"}
        names = [
            path.relative_to(ROOT).as_posix()
            for path in ROOT.rglob("*")
            if not skip & set(path.relative_to(ROOT).parts) and path.suffix not in (".so", ".o")
        ]
    return [name for name in names if name and (ROOT / name).is_file()]


class Core:
    """The C core of a copy of the tree, where one source is compiled at a time."""

    def __init__(self, tree: Path) -> None:
        from distutils.core import run_setup

        import setuptools  # noqa: F401 - distutils is there with it, in every version of Python

        self.tree = tree
        command = run_setup("setup.py", ["-q", "build_ext", "--inplace"], "commandline")
        self.build = command.get_command_obj("build_ext")
        self.build.ensure_finalized()
        (self.extension,) = self.build.extensions
        self.extension.extra_compile_args = [*self.extension.extra_compile_args, "-Werror"]
        self.build.run()

    def compile(self, files: list[str]) -> bool:
        """Compile some sources, and link all; whether that went without a warning."""
        compiler, extension = self.build.compiler, self.extension
        try:
            compiler.compile(
                files,
                output_dir=self.build.build_temp,
                macros=extension.define_macros,
                include_dirs=extension.include_dirs,
                extra_postargs=extension.extra_compile_args,
            )
            compiler.link_shared_object(
                compiler.object_filenames(extension.sources, output_dir=self.build.build_temp),
                self.build.get_ext_fullpath(extension.name),
                extra_postargs=extension.extra_link_args,
            )
        except Exception as error:
            print(error)
            return False
        return True

    def objects_of(self, files: list[str]) -> dict[str, bytes]:
        """Return what was compiled of some sources, by the names of the files."""
        names = self.build.compiler.object_filenames(files, output_dir=self.build.build_temp)
        return {name: Path(name).read_bytes() for name in names}

    def sources_with(self, file: str) -> list[str]:
        """List the sources that have a file in them: itself, or those that include it."""
        if file.endswith(".c"):
            return [file]
        having = {file.removeprefix("src/")}
        texts = {
            path.relative_to(self.tree / "src").as_posix(): path.read_text(encoding="utf-8")
            for path in (self.tree / "src").rglob("*.[ch]")
        }
        while True:
            more = {
                name
                for name, text in texts.items()
                if having & set(re.findall(r'#include "([\w/]+\.h)"', text))
            }
            if more <= having:
                return [f"src/{name}" for name in sorted(having) if name.endswith(".c")]
            having |= more


def run_tests(tree: Path, tests: str, seconds: int) -> str | None:
    """Run tests in a copy of the tree; what noticed that it is broken, or None."""
    quick = [test for test in tests.split() if test != REFERENCES]
    noticed = run_pytest(tree, quick, seconds) if quick else None
    if noticed is None and REFERENCES in tests.split():
        return run_pytest(tree, [REFERENCES, "-m", "slow"], seconds)
    return noticed


def run_pytest(tree: Path, tests: list[str], seconds: int) -> str | None:
    """Run pytest in a copy of the tree; what failed, or None."""
    code = (
        "import sys, gcscope._core as core, pytest\n"
        "assert core.__file__.startswith(sys.argv.pop(1)), core.__file__\n"
        "sys.exit(pytest.main())"
    )
    options = ["-x", "-q", "-p", "no:cacheprovider", "--tb=no", "-rfE", "--no-header"]
    command = [sys.executable, "-c", code, str(tree), *options, *tests]
    environment = {"PYTHONPATH": str(tree / "python"), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=tree,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            env={**os.environ, **environment},
        )
    except subprocess.TimeoutExpired:
        return f"no end after {seconds} s"
    if done.returncode == 0:
        return None
    if done.returncode < 0:
        return f"crash by signal {-done.returncode}"
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, flags=re.M)
    if found is None:
        return f"exit code {done.returncode}: {(done.stdout + done.stderr)[-300:]!r}"
    return found[1]


def try_mutation(mutation: Mutation, core: Core) -> str | None:
    """Break one line, run its tests, and mend it; what noticed, or None."""
    path = core.tree / mutation.file
    text = source_of(mutation, core.tree)
    files = core.sources_with(mutation.file)
    built = core.objects_of(files)
    path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        if not core.compile(files):
            print(f"{mutation.name}: does not compile")
            raise SystemExit(2)
        return run_tests(core.tree, mutation.tests, LONGEST)
    finally:
        path.write_text(text, encoding="utf-8")
        for name, data in built.items():
            Path(name).write_bytes(data)


def in_a_copy(chosen: list[Mutation], tree: Path) -> int:
    """Try mutations in a copy of the tree; the exit code."""
    for name in tracked_files():
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    os.chdir(tree)
    core = Core(tree)
    whole = " ".join(sorted({test for mutation in chosen for test in mutation.tests.split()}))
    noticed = run_tests(tree, whole, 10 * LONGEST)
    if noticed is not None:
        print(f"the tests fail before anything is broken: {noticed}")
        return 2
    survivors = []
    for mutation in chosen:
        if not mutation.since <= sys.version_info.minor <= mutation.until:
            print(f"{mutation.name:<76}  skipped: no line of this Python's")
            continue
        begun = time.monotonic()
        noticed = try_mutation(mutation, core)
        survivors += [mutation.name] if noticed is None else []
        seconds = time.monotonic() - begun
        print(f"{mutation.name:<76} {seconds:5.0f} s  {noticed or 'NOT NOTICED'}", flush=True)
    print(f"\n{len(survivors)} of {len(chosen)} mutations were not noticed")
    print("".join(f"  not noticed: {name}\n" for name in survivors), end="")
    return 1 if survivors else 0


def main() -> int:
    """Check that each row fits the sources, then try those that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="a regular expression: names")
    parser.add_argument("--list", action="store_true", help="only look for the old texts")
    arguments = parser.parse_args()
    chosen = [mutation for mutation in MUTATIONS if re.search(arguments.only, mutation.name)]
    for mutation in MUTATIONS:
        source_of(mutation, ROOT)
    if arguments.list or not chosen:
        print("".join(f"{mutation.name}\n" for mutation in chosen), end="")
        return 0 if chosen else 2
    with tempfile.TemporaryDirectory(prefix="gcscope-mutations-") as folder:
        return in_a_copy(chosen, Path(folder).resolve())


if __name__ == "__main__":
    sys.exit(main())
