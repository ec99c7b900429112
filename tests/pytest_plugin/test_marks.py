"""The marks of the plugin: where they stand, and what they allow."""

from inner_session import OTHER, PYTEST, judgements


def test_a_mark_needs_no_option(run):
    done = run("""
def test_unmarked():
    ring()

@pytest.mark.no_cycles
def test_clean():
    return None and [Node()]

@pytest.mark.no_cycles
def test_leaky():
    ring()
    ring(Other)
    ring(Other)
""")
    assert (
        done.outcomes == {"test_unmarked": "passed", "test_clean": "passed", "test_leaky": "failed"}
        and done.code == 1
    )
    text = done.failure("test_leaky")
    first = text[0]
    assert first == f"left 3 cycles, first: {OTHER}"
    if PYTEST >= (
        7,
        4,
    ):  # before, the short summary has no message of a failure without a traceback
        assert done.failed_line("test_leaky").endswith(f" - Failed: {first}")
    assert "seen 2 times · only the collector can free it" in "\n".join(text)
    assert [line.split()[0] for line in text if "┌►" in line] == ["┌►", "┌►"]
    assert sum("◄ cut here" in line for line in text) == 2
    assert done.summary == ["2 tests judged, 1 left cycles (2 forms): 1 failed"]


def test_what_a_mark_allows(run):
    done = run("""
@pytest.mark.no_cycles(allow=[Node])
def test_class():
    ring()

@pytest.mark.no_cycles(allow=["rings.Node"])
def test_name():
    ring()

@pytest.mark.no_cycles(allow={"rings.*"})
def test_pattern():
    ring()

@pytest.mark.no_cycles(allow=("frame test_frame",))
def test_frame():
    import sys
    frame = sys._getframe()

@pytest.mark.no_cycles(allow=[dict])
def test_builtin():
    one = {}
    one["me"] = one

@pytest.mark.no_cycles(allow=[Node])
def test_other_class():
    ring()
    ring(Other)

@pytest.mark.no_cycles(allow=["Node", "rings", "frame", "rings.Node.*", "[rings.Node]"])
def test_patterns_that_mean_others():
    ring()

@pytest.mark.no_cycles(allow=[])
def test_nothing():
    ring()
""")
    assert done.named("passed") == {
        "test_class",
        "test_name",
        "test_pattern",
        "test_frame",
        "test_builtin",
    }
    assert done.named("failed") == {
        "test_other_class",
        "test_patterns_that_mean_others",
        "test_nothing",
    }
    text = done.failure("test_other_class")
    assert (
        text[0] == f"left 1 cycle: {OTHER}" and text[-1] == "besides, not judged: 1 cycle allowed"
    )
    assert "not judged: 6 cycles allowed, in 6 tests" in done.summary


def test_a_fingerprint_is_allowed(run):
    code = """
@pytest.mark.no_cycles(allow=[{}])
def test_it():
    ring()
"""
    done = run(code.format(""), "-pnoting")
    (cycle,) = judgements(done.folder)["test_it"].of("new")
    assert done.named("failed") == {"test_it"}
    assert run(code.format(repr(cycle.fingerprint))).named("passed") == {"test_it"}
    assert run(code.format(repr(cycle.fingerprint[:-1]))).named("failed") == {"test_it"}


def test_where_marks_stand(run):
    inner = """
pytestmark = pytest.mark.no_cycles

def test_module():
    ring()

@pytest.mark.allow_cycles("the test is nearer than the module")
def test_allowed():
    ring()

@pytest.mark.no_cycles(allow=[Node])
def test_allowed_by_class():
    ring()

@pytest.mark.allow_cycles("for now")
class TestAllowed:
    def test_in_class(self):
        ring()

    @pytest.mark.no_cycles
    def test_nearest(self):
        ring()

    @pytest.mark.no_cycles
    class TestNested:
        def test_in_nested_class(self):
            ring()

        @pytest.mark.allow_cycles(reason="by name")
        def test_in_nested_class_allowed(self):
            ring()

@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.allow_cycles("this one")), 3])
def test_param(n):
    if n != 3:
        ring()

@pytest.mark.allow_cycles("but for one")
@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.no_cycles)])
def test_strict_param(n):
    ring()

@pytest.mark.no_cycles
@pytest.mark.parametrize("n", [1, pytest.param(2, marks=[pytest.mark.allow_cycles("this one")])])
def test_lax_param(n):
    ring()
"""
    done = run(inner)
    failed = {
        "test_module",
        "test_nearest",
        "test_in_nested_class",
        "test_param[1]",
        "test_strict_param[2]",
    }
    failed.add("test_lax_param[1]")
    assert done.named("failed") == failed
    assert done.named("passed") == set(done.outcomes) - failed and len(done.outcomes) == 14


def test_wrong_marks_say_what_to_write(run):
    done = run(
        """
@pytest.mark.allow_cycles
def test_no_reason(): ring()

@pytest.mark.allow_cycles("  ")
def test_blank(): ring()

@pytest.mark.allow_cycles(3)
def test_number(): ring()

@pytest.mark.allow_cycles(why="x")
def test_keyword(): ring()

@pytest.mark.allow_cycles("a", "b")
def test_two_reasons(): ring()

@pytest.mark.no_cycles(allow="Node")
def test_string(): ring()

@pytest.mark.no_cycles(ignore=["x"])
def test_unknown(): ring()

@pytest.mark.no_cycles("x")
def test_by_place(): ring()

@pytest.mark.no_cycles(allow=[3])
def test_int(): ring()

@pytest.mark.no_cycles(allow=None)
def test_none(): ring()

@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.no_cycles(allow=Node))])
def test_param(n): ring()
"""
    )
    assert set(done.outcomes.values()) == {"error"} and len(done.outcomes) == 11 and done.code == 1
    for name in ("no_reason", "blank", "number", "keyword", "two_reasons"):
        (text,) = done.failure(f"test_{name}")
        assert text == (
            'allow_cycles takes the reason, a string: @pytest.mark.allow_cycles("the pool '
            'keeps its workers")'
        )
    for name in ("string", "unknown", "by_place", "none", "param[1]"):
        (text,) = done.failure(f"test_{name}")
        assert text == 'no_cycles takes a list by name: @pytest.mark.no_cycles(allow=["app.Node"])'
    assert done.failure("test_int") == [
        "no_cycles(allow=...) takes classes and strings, not an int"
    ]


def test_a_wrong_mark_runs_no_fixture(run):
    done = run("""
@pytest.fixture
def costly():
    print("set up")

@pytest.mark.allow_cycles
def test_it(costly): pass
""", "-s")  # fmt: skip
    assert done.outcomes == {"test_it": "error"} and "set up" not in done.text
