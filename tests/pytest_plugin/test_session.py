"""What the tests of a run left, added up without pytest: forms, their groups, who explains them."""

from gcscope.model.judgement import ALLOWED, KNOWN, NEW
from gcscope.model.record import changed
from gcscope.pytest_plugin.session import Session, grouped, to_explain
from specimens.judgements import cycle, judgement

NODE = cycle("app.Node", count=2)
OTHER = cycle("app.Other", fingerprint="f2")


def test_a_session():
    session = Session()
    session.add("a", judgement((NODE, NEW)))
    session.add("b", judgement((NODE, NEW), (OTHER, ALLOWED), severity="report", notes=("n",)))
    session.add("c", None)
    session.add("d", judgement((OTHER, KNOWN), notes=("n",)))
    session.add("e", judgement(severity="allow"))
    session.add("f", judgement(notes=("o",)))
    assert session.judged == set("abcdef") and session.tests(NEW) == ["a", "b"]
    (form,) = session.forms(NEW)
    assert form.tests == ("a", "b") and form.cycle.count == 4 and form.held == 4
    assert session.notes() == {"n": 2, "o": 1} and set(session.seen()) == {"f1", "f2"}


def test_what_is_explained():
    both = judgement((NODE, NEW), (OTHER, NEW), (cycle("app.Known", fingerprint="f3"), KNOWN))
    assert to_explain(both, {}) == (NODE, OTHER)
    assert to_explain(both, {"f1": "a"}) == (OTHER,)
    assert to_explain(both, {"f1": "a", "f2": "b"}) == ()


def test_a_failure_that_counts_no_more_explains_nothing():
    session = Session()

    def explained():
        return [(form.is_explained, form.is_in_its_failure) for form in session.forms(NEW)]

    session.add("a", judgement((NODE, NEW)), ["f1"])
    assert explained() == [(True, True)]
    session.add("b", judgement((NODE, NEW)))
    assert explained() == [(True, False)]
    session.add("a", None)  # run again
    assert explained() == [(False, False)]


def test_forms_are_grouped_by_the_object_that_roots_them():
    nodes = [
        cycle("app.Node", "app.Leaf", fingerprint=f"n{n}", count=count)
        for n, count in enumerate((1, 9, 4))
    ]
    frames = [cycle(f"frame {name}", fingerprint=name, count=5) for name in ("f", "g")]
    big = changed(cycle("app.Pool", fingerprint="p"), objects=25)
    session = Session()
    session.add("a", judgement(*((ring, NEW) for ring in (frames[1], big, nodes[0], frames[0]))))
    session.add("b", judgement((nodes[1], NEW), (nodes[2], NEW)))
    groups = grouped(session.forms(NEW))
    assert [(group.title, [f.cycle.fingerprint for f in group.forms]) for group in groups] == [
        ("app.Node", ["n1", "n2", "n0"]),
        ("app.Pool", ["p"]),
        ("frame f", ["f"]),
        ("frame g", ["g"]),
    ]
