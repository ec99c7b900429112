"""audit: broken C types are found without a miss, their correct twins without a false alarm."""

import gc
import io
import os
import sys
import weakref
from collections import Counter
from pathlib import Path

import pytest

import gcscope
from gcscope import Audit, _core, audit
from gcscope.api.audit_proof import Plain
from gcscope.model.audit import NO_CLEAR, NO_GC, NO_TYPE, NO_VISIT, OVER_VISIT
from gcscope.model.record import Record
from specimens.broken_types import FAULTS, RIGHT, UNSEEN, Target, make

HEAD = object.__basicsize__  # what stands before the fields of a C struct


def byte(place):
    """Name a place in a struct, as counted from its fields."""
    return f"byte {HEAD + place}"


# what is found in three instances of each: (fault, where, the call that is missing)
EXPECTED = {
    "NoGC": (
        NO_GC,
        f".first ({byte(0)}), {byte(8)}, .__dict__ ({byte(40)})",
        "Py_TPFLAGS_HAVE_GC, and a tp_traverse with Py_VISIT(self->first), "
        f"Py_VISIT of the field at {byte(8)}, Py_VISIT(self->dict)",
    ),
    "NoGCMember": (
        NO_GC,
        f".first ({byte(0)}), .second ({byte(8)}), .__dict__ ({byte(40)})",
        "Py_TPFLAGS_HAVE_GC, and a tp_traverse with Py_VISIT(self->first), "
        "Py_VISIT(self->second), Py_VISIT(self->dict)",
    ),
    "NoField": (NO_VISIT, byte(8), f"Py_VISIT of the field at {byte(8)}"),
    "NoMember": (NO_VISIT, f".second ({byte(8)})", "Py_VISIT(self->second)"),
    "NoDict": (NO_VISIT, f".__dict__ ({byte(40)})", "Py_VISIT(self->dict)"),
    "NoItems": (NO_VISIT, f"its items (from {byte(8)} on)", "Py_VISIT of each of its items"),
    "NoThird": (NO_VISIT, byte(56), f"Py_VISIT of the field at {byte(56)}"),
    "NoType": (NO_TYPE, "its type", "Py_VISIT(Py_TYPE(self))"),
    "Double": (
        OVER_VISIT,
        f".first ({byte(0)})",
        "Py_INCREF where it is kept, or one Py_VISIT less",
    ),
    "DoubleType": (
        OVER_VISIT,
        "its type",
        "Py_VISIT(Py_TYPE(self)) is there once too often: the base does it, too",
    ),
    "Wrong": (OVER_VISIT, byte(16), "Py_INCREF where it is kept, or one Py_VISIT less"),
    "NoClear": (NO_CLEAR, f".first ({byte(0)})", "a tp_clear with Py_CLEAR(self->first)"),
}
# no living instance speaks of it: rings are only made by a second __init__
ONLY_PROVEN = {"NoClearFixed": (NO_CLEAR, "", "a tp_clear")}
# With these alive no collection may run: of a debug build it ends the process.
OVER_VISITING = ("Double", "DoubleType", "Wrong")


@pytest.fixture(autouse=True)
def without_collections():
    was_enabled = gc.isenabled()
    gc.disable()
    yield
    if was_enabled:
        gc.enable()


def told(found):
    return [(finding.fault, finding.where, finding.missing) for finding in found.findings]


def test_every_broken_type_has_an_expected_finding():
    assert {*EXPECTED, *ONLY_PROVEN} == {*FAULTS}


# ------------------------------------------------------------------- by living instances


@pytest.mark.parametrize("name", EXPECTED)
def test_a_broken_type_is_found(broken, name):
    kept = make(broken, name)
    found = audit(getattr(broken, name))
    assert told(found) == [EXPECTED[name]] and found
    assert found.findings[0].type == f"broken.{name}" and found.findings[0].instances == 3
    if name != "NoClear":
        assert found.findings[0].sure.startswith("seen in 3 instances: ")
    assert found.types == {f"broken.{name}": 3} and found.unjudged == ()
    del kept


@pytest.mark.parametrize("name", [*RIGHT, *UNSEEN, *ONLY_PROVEN])
def test_a_type_without_a_visible_fault_is_not_suspected(broken, name):
    kept = make(broken, name)
    found = audit(getattr(broken, name))
    assert told(found) == [] and not found
    assert found.types == {f"broken.{name}": 3}
    del kept


def test_all_of_them_at_once(broken):
    """A type that visits what is not owned blames no other, whoever else refers to that."""
    kept = [make(broken, name, 2) for name in (*FAULTS, *UNSEEN, *RIGHT)]
    found = audit(broken)
    by_type = {finding.type.removeprefix("broken."): finding for finding in found.findings}
    assert len(by_type) == len(found.findings) and {*by_type} == {*EXPECTED}
    assert {name: told(found)[n] for n, name in enumerate(by_type)} == dict(
        sorted(EXPECTED.items())
    )
    del kept


@pytest.mark.parametrize("name", ["NoGC", "NoField", "NoType", "NoDict", "NoMember"])
def test_a_class_that_derives_from_a_broken_type_is_not_blamed(broken, name):
    class WithDict(getattr(broken, name)):
        pass

    class WithSlots(getattr(broken, name)):
        __slots__ = ("slot",)

    kept = []
    for derived in (WithDict, WithSlots):
        for _ in range(2):
            made = derived(Target(), Target())
            made.attribute = Target()
            if derived is WithSlots:
                made.slot = Target()
            kept.append(made)
    found = audit(WithDict)  # stands for the C type
    assert {finding.type for finding in found.findings} == {f"broken.{name}"}
    assert found.types == {f"broken.{name}": 4}
    assert told(found) == told(audit(getattr(broken, name)))


def test_a_type_may_have_two_faults(broken):
    kept = make(broken, "TwoFaults")
    assert told(audit(broken.TwoFaults)) == [
        (NO_VISIT, f".second ({byte(8)})", "Py_VISIT(self->second)"),
        (NO_CLEAR, f".first ({byte(0)})", "a tp_clear with Py_CLEAR(self->first)"),
    ]
    del kept


def test_one_instance_is_no_more_than_that(broken):
    kept = make(broken, "NoField", 1)
    (finding,) = audit(broken.NoField).findings
    assert finding.sure.startswith("seen in one instance: ") and "prove=True" in finding.sure
    del kept


def test_one_counterexample_clears_a_type(broken):
    """A borrowed word whose target C code also keeps: it would look as if it were owned."""
    kept_by_c, alive = Target(), Target()
    made = [broken.Good(), broken.Good()]
    made[0].set_back(kept_by_c)
    broken.leak(kept_by_c)
    try:
        assert [finding.where for finding in audit(broken.Good).findings] == [byte(16)]
        made[1].set_back(alive)
        assert told(audit(broken.Good)) == []
    finally:
        broken.unleak(kept_by_c)


def test_two_words_for_one_reference_are_told_as_such(broken):
    target = Target()
    first, second = broken.Good(), broken.Triple()
    first.set_back(target)
    second.set_back(target)
    broken.leak(target)
    try:
        findings = audit(broken.Good, broken.Triple).findings
        assert [finding.type for finding in findings] == ["broken.Good", "broken.Triple"]
        assert all("one of the two" in finding.sure for finding in findings)
    finally:
        broken.unleak(target)


def test_who_also_shows_it_is_cleared_by_another_instance(broken):
    """Of two types that show one object too often, the one of which another instance is right."""
    shared = [Target()]
    kept = [broken.Double(shared[0]), broken.Good(shared[0]), broken.Good(Target())]
    shared.clear()
    assert [finding.type for finding in audit(broken).findings] == ["broken.Double"]
    del kept


def test_who_also_shows_it_is_cleared_by_who_does_so_elsewhere(broken):
    shared = [Target()]
    kept = [broken.Double(shared[0]), broken.Good(shared[0]), broken.Double(Target())]
    shared.clear()
    assert [finding.type for finding in audit(broken).findings] == ["broken.Double"]
    del kept[2]
    both = audit(broken).findings  # there is nothing to tell them apart by
    assert [finding.type for finding in both] == ["broken.Double", "broken.Good"]
    assert all("one of the two" in finding.sure for finding in both)


def test_a_ring_without_any_tp_clear_is_seen_while_it_lives(broken):
    made, cell = broken.NoClearFixed(), []
    made.__init__((made, cell))
    (finding,) = audit(broken.NoClearFixed).findings
    assert finding.fault == NO_CLEAR and "living ring" in finding.sure
    made.__init__(None)
    assert told(audit(broken.NoClearFixed)) == []


def test_what_static_variables_keep_blames_no_type(broken):
    kept = make(broken, "Good")
    borrowed = Target()
    broken.keep(borrowed)
    try:
        assert told(audit(broken)) == []
    finally:
        broken.keep(None)
    del kept, borrowed


def test_types_without_instances_are_named(broken):
    gc.collect()
    found = audit(broken.NoField, broken.NoType)
    assert found == Audit(
        findings=(), types=gcscope.Counts(), unjudged=("broken.NoField", "broken.NoType")
    )
    assert str(found).splitlines()[0] == "no C type was judged: none has a living instance"


# ---------------------------------------------------------------------- what it leaves alone


def test_nothing_is_made_nothing_collected_and_no_code_run(broken):
    calls = []

    class Loud(broken.NoField):
        def __getattribute__(self, name):
            calls.append(name)
            return super().__getattribute__(name)

        def __eq__(self, other):
            calls.append("==")
            return True

        __hash__ = object.__hash__

    kept = [make(broken, "NoField"), make(broken, "NoGC"), Loud(Target(), Target())]
    weak = [weakref.ref(op) for op in gc.get_objects() if type(op) is Target]
    counts = [sys.getrefcount(op()) for op in weak]
    calls.clear()
    audit(broken)
    gc.collect()
    stats = gc.get_stats()
    before = Counter(type(op) for op in gc.get_objects())
    found = audit(broken)
    after = Counter(type(op) for op in gc.get_objects())
    assert gc.get_stats() == stats and calls == []
    assert {t: n for t, n in (after - before).items() if t.__module__ == "broken"} == {}
    assert (after - before)[Target] == 0
    assert [sys.getrefcount(op()) for op in weak] == counts
    assert len(found.findings) == 2
    del kept


def test_interned_and_untracked_targets_are_left_out(broken):
    """What can be in no ring need not be visited: str, numbers, tuples of those, modules."""
    kept = []
    for _ in range(3):
        made = broken.NoField(None, "".join(("a", "b")))
        kept += [made, broken.NoField(None, (1, "".join(("c", "d")))), broken.NoField(None, sys)]
        kept.append(broken.NoField(None, len))
    assert told(audit(broken.NoField)) == []


# ------------------------------------------------------------------------------- what is asked


def test_modules_and_names_and_packages(broken):
    kept = make(broken, "NoField")
    expected = audit(broken.NoField).findings
    assert audit(broken).findings == audit("broken").findings == expected
    for given in ("io", io, "_io"):  # what the library has in C for a module
        found = audit(given)
        assert "_io.StringIO" in {*found.types, *found.unjudged}
    assert {*audit("json").types, *audit("json").unjudged} == {
        "_json.Encoder",
        "_json.Scanner",
    }
    assert audit("colorsys") == Audit(findings=(), types=gcscope.Counts(), unjudged=())
    assert "there is none" in str(audit("colorsys"))
    del kept


def test_a_module_is_imported(tmp_path, monkeypatch):
    (tmp_path / "not_yet_there.py").write_text("import math")
    monkeypatch.syspath_prepend(tmp_path)
    assert not audit("not_yet_there")
    assert sys.modules.pop("not_yet_there")


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ((), TypeError, "takes the types or modules"),
        ((3,), TypeError, "and not 'int'"),
        ((b"json",), TypeError, "and not 'bytes'"),
        (("no_such_module",), ModuleNotFoundError, "No module named 'no_such_module'"),
        ((Target,), ValueError, "Target is made by Python code"),
        (("",), ValueError, "Empty module name"),
    ],
)
def test_bad_input(given, error, says):
    with pytest.raises(error, match=says) as raised:
        audit(*given)
    assert "\n" not in str(raised.value)


def test_an_object_that_lies_about_its_class_is_not_believed():
    class Liar:
        @property
        def __class__(self):
            raise AssertionError("asked")

    with pytest.raises(TypeError, match="and not "):
        audit(Liar())


@pytest.mark.parametrize("arguments", [(), (Plain, (), ()) * 2, (1, (), ()), (Plain, (1,), ())])
def test_bad_input_of_the_core(arguments):
    with pytest.raises(TypeError):
        _core.audit(*arguments)
    with pytest.raises(TypeError):
        _core.words_of()


# ---------------------------------------------------------------------------------- proofs

PROVABLE = [name for name in FAULTS if name not in OVER_VISITING]


@pytest.mark.parametrize("name", PROVABLE)
def test_a_fault_is_proven_without_a_living_instance(broken, quiet, name):
    kept = []
    if name == "NoThird":  # which C code sets: that is not tried before something is suspected
        kept = [broken.NoThird()]
        kept[0].third = Target()
    found = audit(getattr(broken, name), prove=True)
    fault, _, missing = {**EXPECTED, **ONLY_PROVEN}[name]
    assert [finding.fault for finding in found.findings] == [fault]
    assert found.findings[0].sure.startswith("proven: "), found
    assert missing.startswith(found.findings[0].missing.split(", and")[0])
    assert any("were made" in note for note in found.notes)


@pytest.mark.parametrize("name", PROVABLE)
def test_what_was_made_for_a_proof_is_gone(broken, quiet, name):
    audit(getattr(broken, name), prove=True)
    gc.collect()
    assert [op for op in gc.get_objects() if type(op).__name__ in ("Probe", name, "Derived")] == []


@pytest.mark.parametrize("name", RIGHT)
def test_a_proof_finds_nothing_in_a_type_that_is_right(broken, quiet, name):
    found = audit(getattr(broken, name), prove=True)
    assert told(found) == []


def test_a_proof_clears_a_type_of_what_only_seemed_so(broken, quiet):
    """A borrowed word in the only instance, whose target C code keeps."""
    target = Target()
    made = broken.Alias(target)
    broken.leak(target)
    try:
        assert [finding.where for finding in audit(broken.Alias).findings] == [byte(16)]
        assert told(audit(broken.Alias, prove=True)) == []
        del made
    finally:
        broken.unleak(target)


@pytest.mark.parametrize("name", OVER_VISITING)
def test_an_over_visit_is_told_and_no_collection_run(broken, name):
    gc.collect()
    kept = make(broken, name)
    stats = gc.get_stats()
    found = audit(getattr(broken, name), prove=True)
    assert gc.get_stats() == stats
    assert [finding.fault for finding in found.findings] == [OVER_VISIT]
    assert any("no collection" in note for note in found.notes)
    del kept


def test_types_that_cannot_be_called_are_left_out(quiet):
    found = audit(type(iter([])), type(sys.flags), prove=True)
    assert told(found) == []


# ---------------------------------------------------------------------------- text and memory


def test_text_and_json(broken):
    kept = make(broken, "NoMember")
    found = audit(broken.NoMember, broken.Text)
    assert str(found) == (
        "1 C type judged by 3 instances: 1 fault\n"
        "\n"
        "broken.NoMember: a field that tp_traverse does not visit\n"
        f"  where      .second ({byte(8)})\n"
        "  therefore  no ring through that field is ever freed\n"
        "  sure       seen in 3 instances: what it refers to there has a reference that nothing "
        "shows\n"
        "  missing    Py_VISIT(self->second)\n"
        "\n"
        "not judged, for want of an instance: broken.Text"
    )
    assert Record.from_json(found.to_json()) == found
    assert str(found.findings[0]) in str(found)
    assert " at 0x" not in repr(found)
    del kept


def test_a_long_list_of_types_is_shortened():
    names = tuple(f"m.T{n:02}" for n in range(20))
    text = str(Audit(findings=(), types=gcscope.Counts(), unjudged=names))
    assert text.endswith("m.T11 and 8 more")


STARVED = """
import gc
import sys
sys.path.insert(0, {folder!r})
import broken
from gcscope import _core
from gcscope.api.audit_proof import Plain
from specimens.broken_types import FAULTS, make
gc.disable()
kept = [make(broken, name) for name in FAULTS] # to be dropped before the collection at the end
names = ("broken",)
def look():
    return _core.audit(Plain, (), names).suspicions
def told():
    return sorted((s.type, s.fault, s.offset, s.instances, s.shared) for s in look())
expected = told()
"""


def test_exhausted_raw_memory_is_a_memory_error(broken, starving):
    starving(
        STARVED.format(folder=str(Path(broken.__file__).parent))
        + "failed, answer = each_growth(told)\n"
        "assert failed > 20 and answer == expected and not gc.isenabled()\n"
        "kept.clear()\n"
    )


def test_exhausted_python_memory_is_a_memory_error(broken, starving):
    pytest.importorskip("_testcapi")
    starving(
        STARVED.format(folder=str(Path(broken.__file__).parent))
        + "failures = each_allocation(look)\n"
        "assert failures > 20 and told() == expected, failures\n"
        "kept.clear()\n"
    )


def test_a_type_that_does_not_survive_a_call(broken, quiet):
    """It ends a child, and the others are proven."""
    kept = [broken.Fragile(Target(), Target()) for _ in range(3)]
    found = audit(broken.Fragile, broken.NoField, prove=True)
    by_type = {finding.type: finding for finding in found.findings}
    assert by_type["broken.NoField"].sure.startswith("proven: ")
    assert by_type["broken.Fragile"].sure.startswith("seen in 3 instances: ")
    assert found.notes[-1].endswith("ended the process that did so: broken.Fragile")
    assert len(kept) == 3 and audit(broken.Fragile).notes == ()


def test_a_child_that_fails_proves_nothing(broken, quiet, monkeypatch):
    """What was seen is told all the same."""
    kept = [broken.NoField(Target(), Target()) for _ in range(2)]
    monkeypatch.setattr("gcscope.api.audit.make_instances", lambda *_: 1 / 0)
    found = audit(broken.NoField, prove=True)
    (finding,) = found.findings
    assert finding.sure.startswith("seen in 2 instances") and len(kept) == 2
    (note,) = found.notes
    assert note.startswith("nothing was proven: ")


def test_no_child_is_left(broken, quiet):
    descriptors = os.listdir("/dev/fd")
    audit(broken.NoField, broken.Fragile, prove=True)
    assert os.listdir("/dev/fd") == descriptors
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
