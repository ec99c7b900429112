"""The command: the demo, and programs that run under it as they run under plain Python."""

import os
import re
import signal
import subprocess
import sys
import textwrap

import pytest

from gcscope.cli import main

RING = """
class Node:
    pass
def ring():
    a, b = Node(), Node()
    a.other, b.other = b, a
"""


@pytest.fixture
def script(tmp_path):
    def write(text, name="program.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write


def run(python, *arguments, **options):
    return python("-m", "gcscope", "run", *arguments, **options)


# ---------------------------------------------------------------------------- demo


def test_demo_plays_the_lecture(python):
    done = python("-m", "gcscope", "demo", "--people", "500")
    assert done.code == 0 and done.err == "", done
    lines = done.out.splitlines()
    assert "   refcount: Michael 1, Sarah 1: the names p1 and p2 are the only references." in lines
    assert "   refcount: Michael 2, Sarah 2: a name and a list hold each of them." in lines
    assert "   refcount: Michael 1, Sarah 1: not 0, though no name leads to them." in lines
    assert [line.split() for line in lines if line.endswith("unreachable")] == [
        [*name.split(), "1", "1", "0", "unreachable"]
        for name in ("Michael", "Michael's friends", "Sarah", "Sarah's friends")
    ]
    assert "   Michael: freed by the collector" in lines and "   Sarah: freed by the collector" in lines
    assert any("a chain" in line and line.split()[-4:] == ["500", "0", "0", "objects"] for line in lines)
    assert any("closed to a ring" in line and line.split()[-4:] == ["0", "500", "1,000", "objects"] for line in lines)


def test_demo_reads_its_numbers_from_the_objects(monkeypatch, capsys, quiet):
    """Were the numbers printed from constants, a Person with one friend more would not show."""
    from gcscope import demo

    def befriend_twice(name):
        person = real(name)
        hidden.append(person)
        return person

    real, hidden = demo.Person, []
    monkeypatch.setattr(demo, "Person", befriend_twice)
    demo.two_people(print)
    out = capsys.readouterr().out
    assert "refcount: Michael 2, Sarah 2: the names" in out
    assert "refcount: Michael 3, Sarah 3: a name and a list" in out
    assert ["Michael", "2", "2", "0", "reachable"] in [line.split() for line in out.splitlines()]
    assert "   Michael: survived" in out and "freed by the collector" not in out


def test_demo_into_a_pipe_that_closes():
    command = f"{sys.executable} -m gcscope demo --people 2 | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("When reference counting breaks") and done.stderr == "", done
    assert done.stdout.splitlines()[-1] in "01"  # 0 where head was slower than the demo


@pytest.mark.parametrize("people", ["1", "x", "-5", "99999999999"])
def test_demo_wants_a_sensible_number(python, people):
    done = python("-m", "gcscope", "demo", "--people", people)
    assert done.code == 2 and "is not a number of people from 2 to 10,000,000" in done.err, done


# ---------------------------------------------------------------- what a program left


def test_run_tells_what_a_program_left(python, script):
    path = script(RING + "import gc\ngc.disable()\nfor _ in range(3): ring()\nprint('done')\n")
    done = run(python, path)
    assert done.code == 0 and done.out == "done\n", done
    head, *types = done.err.splitlines()
    assert head.startswith("gcscope: at its end the program had left ") and "to the collector" in head
    assert any(line.split()[1:] == ["6", "__main__.Node"] for line in types)


def test_run_tells_that_nothing_was_left(python, script):
    done = run(python, script("x = [1]\n"))
    assert (done.code, done.out) == (0, "")
    assert done.err == "gcscope: at its end the program had left nothing to the collector\n", done


def test_run_predicts_collections(python, script):
    path = script(RING + "import gc\nring(); gc.collect(); ring(); gc.collect(0); ring(); gc.disable()\n")
    done = run(python, path)
    assert re.search(r"^gcscope: while it ran, [2-4] collections found 4 objects$", done.err, flags=re.M), done
    lines = done.err.splitlines()
    found = next(i for i, line in enumerate(lines) if "while it ran" in line)
    assert any(line.split()[1:] == ["4", "__main__.Node"] for line in lines[found:]), done
    assert any(line.split()[1:] == ["2", "__main__.Node"] for line in lines[:found]), done


def test_run_explains_what_collections_took(python, script):
    path = script(RING + "import gc\nfor _ in range(5): ring()\ngc.collect()\nring(); gc.collect(1)\n")
    done = run(python, path)
    before, _, taken = done.err.partition("gcscope: cycles that those collections took:\n")
    assert "◄" not in before and taken.count("┌► __main__.Node") == 1, done
    assert "seen 6 times · only the collector can free it" in taken


def test_long_advice_stands_below_the_ring(python):
    code = "class Shop:\n    def __init__(self): self.customers = [self]\nimport gc; gc.disable(); Shop()"
    lines = run(python, "-c", code).err.splitlines()
    mark = next(i for i, line in enumerate(lines) if "◄" in line)
    assert lines[mark].endswith("◄ cut here") and lines[mark + 2].startswith("gcscope:   cut: clear() it when done")
    assert all(len(line) <= 130 for line in lines)


def test_run_leaves_automatic_collection_as_it_is(python, script):
    path = script(RING + "import gc\nassert gc.isenabled()\nfor _ in range(20_000): ring()\n")
    done = run(python, path)
    assert done.code == 0, done
    lines = done.err.splitlines()
    found = next(i for i, line in enumerate(lines) if "while it ran" in line)
    counts = [
        int(line.split()[1].replace(",", ""))
        for line in lines
        if line.endswith(" __main__.Node") and "►" not in line and "│" not in line
    ]
    assert sum(counts) == 40_000 and found > 0, done


def test_run_tells_the_fate_of_instrumented_objects(python, script):
    text = """
    import gc, gcscope
    gc.disable()
    gcscope.Person("alone")
    p, q = gcscope.Person("Michael"), gcscope.Person("Sarah")
    p.befriend(q)
    del p, q
    gc.collect()
    kept = gcscope.Person("kept")
    a, b = gcscope.Person("a"), gcscope.Person("b")
    a.befriend(b)
    del a, b
    """
    done = run(python, script(text))
    assert (
        "gcscope: instrumented objects: 6 created, 2 freed by collector, 1 freed by refcount, 1 in use" in done.err
    ), done


def test_garbage_of_the_start_is_not_blamed_on_the_program(python, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import gc; gc.disable(); a = []; a.append(a); del a\n")
    done = run(python, "-c", "pass", env={"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])})
    assert "left nothing" in done.err, done


# --------------------------------------------------------------------- as plain Python

LOOK = """
import sys, os
print(__name__, __file__ if "__file__" in globals() else None)
print(sorted(globals()))
print(sys.argv)
print(sys.path[0])
print(__spec__ and __spec__.name, __package__, __doc__, type(__builtins__).__name__)
print(type(__loader__).__name__, getattr(__loader__, "__name__", None))
print(sys.modules["__main__"].__dict__ is globals())
import pickle
class Local: pass
print(pickle.loads(pickle.dumps(Local())).__class__ is Local)
print(sys.flags.safe_path)
"""


def compare(python, *arguments, **options):
    plain = python(*arguments, **options)
    ours = run(python, *arguments, **options)
    assert ours.out == plain.out and ours.code == plain.code, (plain, ours)
    told = [line for line in ours.err.splitlines() if not line.startswith("gcscope:")]
    assert told == plain.err.splitlines(), (plain, ours)
    assert "gcscope: at its end" in ours.err
    return ours


def test_a_script_sees_what_it_would_see(python, script, tmp_path):
    path = script(LOOK)
    compare(python, path, "a", "-m", "--json", "-c")
    compare(python, path.name, cwd=tmp_path)
    compare(python, path, env={"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})


def test_a_link_to_a_script_finds_its_neighbours(python, script, tmp_path):
    path = script("import neighbour\n" + LOOK, "real/program.py")
    script("print('neighbour')\n", "real/neighbour.py")
    (tmp_path / "link.py").symlink_to(path)
    compare(python, tmp_path / "link.py")


def test_a_module_sees_what_it_would_see(python, script, tmp_path):
    script(LOOK, "package/__init__.py")
    script(LOOK, "package/__main__.py")
    script(LOOK, "package/inner.py")
    env = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    compare(python, "-m", "package", "x", "-y", cwd=tmp_path, env=env)
    compare(python, "-m", "package.inner", cwd=tmp_path, env=env)


def test_a_folder_with_a_main(python, script, tmp_path):
    script(LOOK, "folder/__main__.py")
    compare(python, tmp_path / "folder", "x")


def test_an_archive_with_a_main(python, script, tmp_path):
    import zipapp

    script("import helper\n" + LOOK, "app/__main__.py")
    script("print('helper')\n", "app/helper.py")
    zipapp.create_archive(tmp_path / "app", tmp_path / "app.pyz")
    compare(python, tmp_path / "app.pyz", "x")


def test_code_sees_what_it_would_see(python):
    compare(python, "-c", LOOK, "a", "--b")


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.exit(7)",
        "import sys; sys.exit('a message')",
        "import sys; sys.exit()",
        "raise SystemExit(True)",
        "def f():\n    1/0\nf()",
        "raise KeyError('x') from ValueError('y')",
        "this is no python",
        "import atexit; atexit.register(print, 'bye'); print('hello')",
        "import sys; sys.excepthook = lambda *a: print('hook', a[0].__name__, a[2].tb_lineno); 1/0",
        "import sys; sys.excepthook = lambda *a: 1/0\n[][1]",
        "import threading, time; threading.Thread(target=lambda: (time.sleep(.3), print('t'))).start(); print('main')",
        "import sys; sys.stdout.close()",
        "import sys; print(sys.stdin.read())",
        "raise BaseExceptionGroup('g', [KeyboardInterrupt()])",
    ],
)
def test_ends_are_as_under_plain_python(python, script, code):
    if code == "import sys; sys.excepthook = lambda *a: 1/0\n[][1]":
        path = script(code)  # the frames of the hook's own error are ours in part: compare the last words only
        plain, ours = python(path), run(python, path)
        assert ours.code == plain.code == 1
        for line in ("Error in sys.excepthook:", "ZeroDivisionError", "Original exception was:", "IndexError"):
            assert line in plain.err and line in ours.err
        return
    compare(python, script(code), text_input="input\n")


def test_an_interrupt_ends_as_under_plain_python(python, script):
    done = compare(python, script("raise KeyboardInterrupt"))
    assert done.code == -signal.SIGINT


def test_os_exit_tells_nothing(python, script):
    done = run(python, script("import os; os._exit(3)"))
    assert (done.code, done.out, done.err) == (3, "", "")


@pytest.mark.parametrize(
    ("increments", "failing", "reason"),
    [(True, False, "this Python collects in increments"), (False, True, "memory was exhausted")],
)
def test_collections_that_cannot_be_predicted_are_told(monkeypatch, quiet, increments, failing, reason):
    from gcscope import runner
    from gcscope.render.text import outcome_text

    observer = runner._Observer()
    monkeypatch.setattr(runner, "_COLLECTS_IN_INCREMENTS", increments)
    if failing:
        runner._core.fail_after(0)
    try:
        observer.follow("start", {"generation": 0})
        observer.follow("stop", {"generation": 0})
    finally:
        runner._core.fail_after(-1)
    told = outcome_text(observer.outcome())
    assert f"gcscope: note: what 1 of 1 collections found cannot be told: {reason}" in told


def test_a_program_whose_audit_hook_refuses_keeps_its_own_end(python, script):
    text = """
    import gc, sys
    gc.disable()
    def hook(event, arguments):
        if event == "gc.get_objects":
            raise PermissionError("not here")
    sys.addaudithook(hook)
    gc.collect(0)
    sys.exit(7)
    """
    done = run(python, script(text))
    assert done.code == 7 and "Traceback" not in done.err, done
    # 3.11 has no other way to list the heap, newer versions need that one for young generations only
    assert "gcscope: no report: PermissionError: not here" in done.err or "an audit hook refused" in done.err, done


def test_only_the_first_process_tells(python, script):
    text = """
    import os
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
    """
    done = run(python, script(text))
    assert done.err.count("gcscope: at its end") == 1, done


def test_multiprocessing_finds_main(python, script):
    text = """
    import multiprocessing

    def double(x):
        return 2 * x

    if __name__ == "__main__":
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.map(double, [1, 2]))
    """
    done = run(python, script(text))
    assert done.out == "[2, 4]\n" and done.err.count("at its end") == 1, done


def test_a_program_without_standard_error(python, script):
    done = run(python, script("import sys; sys.stderr = None; print('x')"))
    assert (done.code, done.out, done.err) == (0, "x\n", "")


def test_a_program_that_empties_gc_callbacks(python, script):
    done = run(python, script("import gc; gc.callbacks.clear()"))
    assert done.code == 0 and "at its end" in done.err, done


# ------------------------------------------------------------------------ our own errors


def test_a_missing_script_is_one_line(python):
    done = run(python, "no/such/file.py")
    assert (done.code, done.out) == (1, "")
    assert done.err == "gcscope: cannot open 'no/such/file.py': No such file or directory\n"


@pytest.mark.parametrize("arguments", [[], ["run"], ["run", "-m"], ["run", "-c"], ["nonsense"]])
def test_wrong_usage(python, arguments):
    done = python("-m", "gcscope", *arguments)
    assert done.code == 2 and "usage:" in done.err, done


def test_help_and_version(python):
    import gcscope

    done = python("-m", "gcscope", "--help")
    assert done.code == 0 and "demo" in done.out and "run" in done.out
    done = python("-m", "gcscope", "--version")
    assert done.out == f"gcscope {gcscope.__version__}\n"


def test_main_can_be_called(capsys):
    main(["demo", "--people", "3"])
    assert "When reference counting breaks" in capsys.readouterr().out


def test_a_missing_module_is_as_under_plain_python(python):
    done = run(python, "-m", "no_such_module")
    assert done.code == 1 and "No module named no_such_module" in done.err, done
