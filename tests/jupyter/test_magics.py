"""magics: `%gcscope` and `%%gcscope` in a real shell, and what IPython itself holds."""

import json
import re

import pytest

from support import FREE_THREADED

pytest.importorskip("IPython", exc_type=ImportError, reason="the magics need IPython")

SHELL = """
import contextlib, io, json, sys, warnings
warnings.simplefilter("ignore")
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="NoColor")
sys.modules["__main__"] = shell.user_module
done = []
for cell in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        result = shell.run_cell(cell, store_history=True)
    error = result.error_before_exec or result.error_in_exec
    done.append((out.getvalue(), err.getvalue(), type(error).__name__ if error else None))
    result = error = None
print(json.dumps(done))
"""
FIRST = "import gc\nfrom gcscope import Person, refcount\n%load_ext gcscope"
RING = "def ring():\n    a, b = Person('Michael'), Person('Sarah')\n    a.befriend(b)\n"
FAIL = "def fail(mine):\n    raise ValueError('no')\n"


@pytest.fixture
def run(python, tmp_path):
    """Run cells in a shell of their own, after those that load gcscope.

    What each printed, and raised.
    """

    def run(*cells):
        done = python(
            "-c",
            SHELL,
            json.dumps([FIRST, *cells]),
            env={"IPYTHONDIR": str(tmp_path), "HOME": str(tmp_path)},
        )
        assert done.code == 0, done
        told = json.loads(done.out.splitlines()[-1])
        assert told[0] == ["", "", None], told[0]
        return told[1:]

    return run


# ------------------------------------------------------------------------------ %%gcscope


def head(objects):
    """How a report begins. Without a GIL the code of the cell, which has run, waits as well."""
    return re.compile(f"{r'[0-9]+' if FREE_THREADED else objects} unreachable objects")


def test_a_cell_is_run_as_ever_and_its_rings_are_told(run):
    (out, err, error), after = run(
        f"%%gcscope\n{RING}ring()\nprint('said')\n[1, 2]", "print(gc.isenabled(), len(Out))"
    )
    assert error is None and err == ""
    said, shown, report = out.partition("Out[2]: [1, 2]\n")
    assert said == "said\n" and shown
    assert head(4).match(report) and "1 cycle: 4 objects in it" in report
    assert report.count("'Michael'") == 1 and report.count("◄ cut here") == 1
    assert after[0] == "True 1\n"


def test_a_cell_that_runs_others(run):
    """They are part of it, also those that end in an error."""
    inner = (
        "get_ipython().run_cell('1 + 1'); get_ipython().run_cell('ring()'); "
        "get_ipython().run_cell('1 / 0')"
    )
    (out, _, error), after = run(f"%%gcscope\n{RING}ring()\n{inner}", "%%gcscope\nring()")
    assert error is None and head(8).search(out) and "seen 2 times" in out
    assert "ZeroDivisionError" in out and out.count("unreachable objects") == 1
    assert head(4).search(after[0])


def test_exhausted_memory_is_no_error_of_the_cell(run):
    _, plain, failing, after, _ = run(
        "from gcscope import _core",
        "%%gcscope\n_core.fail_after(0)",
        "_core.fail_after(-1)",
        "%%gcscope\n_core.fail_after(0)\nraise ValueError('no')",
        "_core.fail_after(-1)",
    )
    said = "gcscope: there is no telling what this cell left: MemoryError\n"
    assert plain[1:] == [said, None] and failing[1:] == ["", None]
    assert after[1] == said and after[2] == "ValueError" and "MemoryError" not in after[0]


def test_nothing_is_told_in_one_line(run):
    cells = run(
        "%%gcscope\nx = Person('x')", "%%gcscope\nx.befriend(x)", "%%gcscope\n", "%%gcscope\ndel x"
    )
    nothing = "gcscope: this cell left no rings behind\n"
    assert [out for out, _, _ in cells[:3]] == [nothing] * 3
    assert head(2).match(cells[3][0])  # it was the variable that held it


def test_what_was_there_before_is_not_blamed_on_the_cell(run):
    out, _, _ = run("gc.collect(); gc.disable()", f"{RING}ring()", "%%gcscope\nring()")[-1]
    assert head(4).match(out)
    out, _, _ = run("gc.collect(); gc.disable()", f"{RING}ring()", "%%gcscope\nlen('')")[-1]
    assert out == "Out[4]: 0\ngcscope: this cell left no rings behind\n"


def test_the_collector_waits_while_the_cell_runs(run):
    cell = (
        f"%%gcscope\n{RING}gc.set_threshold(1)\nring()\nkept = [[] for _ in range(100)]\n"
        f"print(gc.isenabled())"
    )
    cells = run(cell, "gc.set_threshold(700)\nprint(gc.isenabled())")
    out = cells[0][0]
    assert head(4).search(out) and "the collector ran" not in out
    assert cells[1][0] == "True\n"


def test_a_cell_that_fails_fails_as_ever(run):
    ring_and_fail = f"%%gcscope\n{RING}{FAIL}ring()\nfail(Person('p'))"
    told = run(
        ring_and_fail,
        "import sys\nprint(type(sys.last_value).__name__)",
        "%%gcscope\nfail(1)",
        "%%gcscope\n1+",
    )
    out, _, error = told[0]
    assert error == "ValueError" and told[1][0] == "ValueError\n"
    begin = head(4).search(out)
    assert begin, out
    shown, report = out[: begin.start()], out[begin.end() :]
    assert (
        "4 objects in it" in report
        and shown.count("ValueError: no") == 1
        and "line 8" in shown
        and "magics" not in shown
    )
    assert "Michael" in report and "pygments" not in report and "stack_data" not in report
    # neither the ring of the cell before, of which IPython lets go now, nor IPython's own
    out, _, error = told[2]
    assert error == "ValueError" and out.endswith("gcscope: this cell left no rings behind\n"), out
    out, _, error = told[3]
    assert error == "SyntaxError" and out.count("SyntaxError") == 1
    assert out.endswith("gcscope: this cell left no rings behind\n"), out


def test_an_exception_of_a_cell_before_is_not_blamed_on_the_next(run):
    """IPython keeps the last one.

    When it takes another for it, a ring through the first is garbage.
    """
    make = "def bad():\n    last = ValueError()\n    raise last"
    told = run(
        make, "gc.disable()", "bad()", "%%gcscope\n1 / 0", "%%gcscope\n1", "print(gc.collect() > 1)"
    )
    assert [error for _, _, error in told[2:4]] == ["ValueError", "ZeroDivisionError"]
    assert [out.splitlines()[-1] for out, _, _ in told[3:5]] == [
        "gcscope: this cell left no rings behind"
    ] * 2
    assert told[5][0] == "True\n"


def test_an_exception_that_a_frame_keeps_is_the_cells(run):
    retry = (
        "def retry():\n    try:\n        1 / 0\n    except ZeroDivisionError as error:\n        "
        "last = error\nretry()"
    )
    out, _, _ = run(f"%%gcscope\n{retry}")[0]
    assert "cause: an exception keeps the frame that keeps it" in out and "local last" in out
    assert "frame retry" in out and "In[2]:6" in out  # as IPython's own tracebacks call it


def test_the_shell_is_left_as_it_was(run):
    own = (
        "shell = get_ipython()\nprint('showtraceback' in vars(shell), 'showsyntaxerror' in "
        "vars(shell))"
    )
    told = run(f"%%gcscope\n{FAIL}fail(1)", own, "%%gcscope\n1", own)
    assert told[1][0] == told[3][0] == "False False\n"


def test_where_the_cell_magic_cannot_work_it_says_so(run):
    told = run("%%gcscope -v\n1", "%%time\n%%gcscope\n1", "%%gcscope\n2")
    assert "takes nothing in its line" in told[0][1]
    assert "must be the first line" in told[1][1]
    assert told[2][0] == "Out[4]: 2\ngcscope: this cell left no rings behind\n"


def test_loading_twice_and_unloading(run):
    again = (
        "shell = get_ipython()\nimport gcscope\ngcscope.load_ipython_extension(shell)\n"
        "%reload_ext gcscope"
    )
    told = run(
        again,
        f"%%gcscope\n{RING}ring()",
        "%unload_ext gcscope",
        "%%gcscope\n1",
        "print(len(shell.events.callbacks['post_run_cell']))",
    )
    assert told[1][0].count("unreachable objects") == 1
    assert "gcscope" in told[3][1] and "not found" in told[3][1] and told[3][0] == ""
    plain = run(
        "%unload_ext gcscope", "print(len(get_ipython().events.callbacks['post_run_cell']))"
    )
    assert told[4][0] == plain[1][0]


# ------------------------------------------------------------------------------- %gcscope


def test_an_object_is_told_and_drawn(run):
    told = run(
        "p = Person('Michael')\nq = Person('Sarah')\np.befriend(q)",
        "%gcscope p",
        "print(refcount(p))",
    )
    out, err, error = told[1]
    assert error is None and err == ""
    head, *held, alive = out.splitlines()[:4]
    assert head == "p: a gcscope.Person, 2 references"
    assert sorted(held) == ["  list  [0]", "  module __main__  .p"]
    assert alive == "alive because: sys.modules['__main__'].p"
    assert "gcscope.Person 'Michael'  refcount 2" in out and "all on rings" in out
    assert told[2][0] == "2\n"


def test_what_ipython_keeps_is_told_apart(run):
    told = run("p = Person('Michael')", "p", "%gcscope p")
    own, kept, rest = told[2][0].partition("kept by IPython, which keeps what cells show")
    assert kept and own == "p: a gcscope.Person, 8 references\n  module __main__  .p\n", own
    holders = rest.partition("alive because")[0]
    for name in (
        "._ ",
        "._3",
        "Out (kept by IPython)'  [3]",
        "user_ns_hidden (kept by IPython)'  ['_3']",
        "DisplayHook",
    ):
        assert name in holders.replace("\n", " \n"), (name, holders)
    assert holders.count("\n") == 8 and holders.startswith(" and the last exception: 7\n")
    picture = rest.partition("gcscope.Person 'Michael'  refcount")[2].splitlines()
    assert picture[1].strip() == "p"  # the program's own comes first


def test_a_chain_begins_with_the_users_own_name_of_what_was_shown(run):
    told = run(
        "from gcscope import why_alive\np = Person('p')\np.befriend(p)",
        "p",
        "print(why_alive(p))\nprint(why_alive(p.friends))\nprint(why_alive(p).links[0].label)",
        "del p",
        "print(why_alive(_))",
    )
    assert told[2][0].splitlines() == [
        "sys.modules['__main__'].p",
        "sys.modules['__main__'].p.friends",
        ".p",
    ]
    assert told[4][0] == "sys.modules['__main__']._\n"  # the user has no name of it any more


def test_what_a_failed_cell_holds(run):
    told = run(
        "import sys\np = Person('Michael')",
        f"{FAIL}fail(p)",
        "%gcscope p",
        "%gcscope sys.last_value",
    )
    assert "frame fail  local mine" in told[2][0]
    own, kept, rest = told[3][0].partition("kept by IPython")
    assert kept and own.startswith("sys.last_value: a ValueError, ") and own.count("\n") == 1, own
    assert "sys (kept by IPython)  .last_value" in rest


def test_what_completion_holds_is_ipythons(run):
    """Whoever presses Tab has the variables of the notebook looked at, and jedi keeps them."""
    pytest.importorskip("jedi")
    tab = (
        "import warnings\nwarnings.simplefilter('ignore')\nline = 'print(p.na'\n"
        "found = list(get_ipython().Completer.completions(line, len(line)))\nprint(found[0].text)"
    )
    told = run("p = Person('Michael')", tab, "del found\n%gcscope p")
    assert told[1][0] == "name\n"
    own = told[2][0].partition("kept by IPython")[0]
    assert own.splitlines()[1:] == ["  module __main__  .p"], own


def test_names_are_completed(run):
    def tab(line):
        return (
            f"import warnings\nwarnings.simplefilter('ignore')\nline = {line!r}\n"
            f"print(sorted(one.text for one in "
            f"get_ipython().Completer.completions(line, len(line))))"
        )

    told = run(
        "michael, mich = Person('Michael'), 1",
        tab("%gcscope mich"),
        tab("%gcscope michael.fr"),
        tab("%gcscope nobody_of_that_name"),
        tab("%gcscope "),
        "%unload_ext gcscope",
        tab("%gcscope mich"),
    )
    assert [out for out, _, _ in told[1:4]] == [
        "['mich', 'michael']\n",
        "['friends']\n",
        "[]\n",
    ], told
    assert "'michael'" in told[4][0] and "'_" not in told[4][0]
    assert told[6][0] == "[]\n"


def test_an_expression_with_braces_is_evaluated_as_it_stands(run):
    told = run("p = Person('p')", "%gcscope {'a': p}['a']")
    assert told[1][0].startswith("{'a': p}['a']: a gcscope.Person, 1 reference\n"), told


def test_of_a_reference_that_is_garbage_already(run):
    make = (
        "import weakref\nclass Some(Person): pass\ns = Some('s')\ns.befriend(s)\nw = weakref.ref(s)"
    )
    out = run(make, "gc.disable()\ndel s", "%gcscope w()")[2][0]
    assert "alive because: nothing that lasts leads to it" in out and "unreachable" in out


def test_bad_input_is_told_in_one_line(run):
    told = run("%gcscope", "%gcscope nonsense", "%gcscope 1 +", "%gcscope 1 / 0")
    assert [err.count("\n") for _, err, _ in told] == [1] * 4 and [out for out, _, _ in told] == [
        ""
    ] * 4
    usage, name, syntax, zero = (err for _, err, _ in told)
    assert usage == "UsageError: %gcscope takes an expression: %gcscope my_object\n"
    assert "NameError: name 'nonsense' is not defined" in name
    assert "SyntaxError" in syntax and "ZeroDivisionError" in zero


def test_what_is_not_tracked_or_not_kept(run):
    told = run("n = 10**30", "%gcscope n", "%gcscope Person('x')", "%gcscope None")
    assert told[1][0].startswith("n: an int, ") and "no picture" in told[1][0]
    assert told[2][0] == (
        "Person('x'): a gcscope.Person that nothing else holds, and that is gone with this line\n"
    )
    assert told[3][1] == "" and told[3][0].startswith("None: a NoneType, ")


def test_the_expression_is_evaluated_once(run):
    told = run(
        "calls = []\ndef ask():\n    calls.append(1)\n    return calls",
        "%gcscope ask()",
        "print(calls)",
    )
    assert told[2][0] == "[1]\n"
