"""The command: the demo, and programs that run under it as they run under plain Python."""

import os
import re
import signal
import subprocess
import sys
import textwrap

import pytest

from gcscope import Report
from gcscope.cli.main import main
from gcscope.model.diff import Difference
from gcscope.model.phrases import in_one_line
from gcscope.model.record import picture_suffixes
from specimens.records import ALL, RETAINED, RINGS
from support import PLAIN_ENV, needs_graphviz

RING = """
class Node:
    pass
def ring():
    a, b = Node(), Node()
    a.other, b.other = b, a
"""


@pytest.fixture(autouse=True)
def no_wishes(monkeypatch):
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


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
    assert (
        "   Michael: freed by the collector" in lines
        and "   Sarah: freed by the collector" in lines
    )
    assert any(
        "a chain" in line and line.split()[-4:] == ["500", "0", "0", "objects"] for line in lines
    )
    assert any(
        "closed to a ring" in line and line.split()[-4:] == ["0", "500", "1,000", "objects"]
        for line in lines
    )


def test_demo_reads_its_numbers_from_the_objects(monkeypatch, capsys, quiet):
    """Were the numbers printed from constants, a Person with one friend more would not show."""
    from gcscope.cli import lecture

    def befriend_twice(name):
        person = real(name)
        hidden.append(person)
        return person

    real, hidden = lecture.Person, []
    monkeypatch.setattr(lecture, "Person", befriend_twice)
    lecture.two_people(print)
    out = capsys.readouterr().out
    assert "refcount: Michael 2, Sarah 2: the names" in out
    assert "refcount: Michael 3, Sarah 3: a name and a list" in out
    assert ["Michael", "2", "1", "1", "reachable"] in [line.split() for line in out.splitlines()]
    assert "   Michael: survived" in out and "freed by the collector" not in out


def test_demo_into_a_pipe_that_closes():
    command = f"{sys.executable} -m gcscope demo --people 2 | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("When reference counting breaks") and done.stderr == "", done
    assert done.stdout.splitlines()[-1] == "0"


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
    assert (
        head.startswith("gcscope: at its end the program had left ") and "to the collector" in head
    )
    assert any(line.split()[1:] == ["6", "__main__.Node"] for line in types)


def test_run_tells_that_nothing_was_left(python, script):
    done = run(python, script("x = [1]\n"))
    assert (done.code, done.out) == (0, "")
    assert done.err == "gcscope: at its end the program had left nothing to the collector\n", done


def test_run_predicts_collections(python, script):
    path = script(
        RING + "import gc\nring(); gc.collect(); ring(); gc.collect(0); ring(); gc.disable()\n"
    )
    done = run(python, path)
    assert re.search(
        r"^gcscope: while it ran, [2-4] collections found 4 objects$", done.err, flags=re.M
    ), done
    lines = done.err.splitlines()
    found = next(i for i, line in enumerate(lines) if "while it ran" in line)
    assert any(line.split()[1:] == ["4", "__main__.Node"] for line in lines[found:]), done
    assert any(line.split()[1:] == ["2", "__main__.Node"] for line in lines[:found]), done


def test_run_explains_what_collections_took(python, script):
    path = script(
        RING + "import gc\nfor _ in range(5): ring()\ngc.collect()\nring(); gc.collect(1)\n"
    )
    done = run(python, path)
    before, _, taken = done.err.partition("gcscope: cycles that those collections took:\n")
    assert "◄" not in before and taken.count("┌► __main__.Node") == 1, done
    assert "seen 6 times · only the collector can free it" in taken


def test_long_advice_stands_below_the_ring(python):
    code = "class Shop:\n    def __init__(self): self.customers = [self]\nimport gc; gc.disable(); Shop()"
    lines = run(python, "-c", code).err.splitlines()
    mark = next(i for i, line in enumerate(lines) if "◄" in line)
    assert lines[mark].endswith("◄ cut here") and lines[mark + 2].startswith(
        "gcscope:   cut: clear() it when done"
    )
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
        "gcscope: instrumented objects: 6 created, 2 freed by collector, 1 freed by refcount, 1 in use"
        in done.err
    ), done


def test_garbage_of_the_start_is_not_blamed_on_the_program(python, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import gc; gc.disable(); a = []; a.append(a); del a\n"
    )
    done = run(
        python, "-c", "pass", env={"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    )
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
    compare(
        python,
        path,
        env={"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


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
        path = script(
            code
        )  # the frames of the hook's own error are ours in part: compare the last words only
        plain, ours = python(path), run(python, path)
        assert ours.code == plain.code == 1
        for line in (
            "Error in sys.excepthook:",
            "ZeroDivisionError",
            "Original exception was:",
            "IndexError",
        ):
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
def test_collections_that_cannot_be_predicted_are_told(
    monkeypatch, quiet, increments, failing, reason
):
    from gcscope.api import follow, observe

    observer = observe.Observer()
    for module in (follow, observe):
        monkeypatch.setattr(module, "COLLECTS_IN_INCREMENTS", increments)
    if failing:
        observe._core.fail_after(0)
    try:
        observer.follow("start", {"generation": 0})
        observer.follow("stop", {"generation": 0})
    finally:
        observe._core.fail_after(-1)
    told = str(observer.outcome())
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
    # 3.11 has no other way to list the heap, newer versions need that one for young generations
    # only
    assert (
        "gcscope: no report: PermissionError: not here" in done.err
        or "an audit hook refused" in done.err
    ), done


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
    plain, done = python("-m", "no_such_module"), run(python, "-m", "no_such_module")
    assert (done.code, done.out, done.err) == (plain.code, plain.out, plain.err), done
    assert done.code == 1 and done.err.endswith("No module named no_such_module\n")


def test_a_module_that_says_so_itself_has_run(python):
    done = run(
        python,
        "-c",
        "import runpy\ntry: runpy.run_module('nosuch')\nexcept ImportError: raise SystemExit(5)",
    )
    assert done.code == 5 and "at its end" in done.err, done


@pytest.mark.parametrize(
    "arguments", [["program.py", "x"], ["-m", "json.tool"], ["-c", "pass"], ["-mjson.tool"]]
)
def test_a_program_without_the_word_run_is_told_of_it(python, tmp_path, arguments):
    done = python("-m", "gcscope", *arguments, cwd=tmp_path)
    words = " ".join(arguments[:1] if arguments[0] in ("program.py", "-mjson.tool") else arguments)
    assert done.code == 2 and done.out == "", done
    assert done.err.endswith(
        f"error: which command? To run a program: python -m gcscope run {words}\n"
    ), done


# --------------------------------------------------------------------- the options of run


def left(path):
    report = Report.from_json(path.read_text())
    return report, report.types.get("__main__.Node", 0)


TWO = RING + "import gc\ngc.disable()\nring()\n"


def test_the_report_is_written_besides_the_text(python, script, tmp_path):
    done = run(
        python,
        "-o",
        tmp_path / "report.json",
        script(TWO + "ring(); gc.collect(); ring()\nprint('out')"),
        "-q",
    )
    assert (
        done.code == 0 and done.out == "out\n" and "at its end the program had left" in done.err
    ), done
    report, nodes = left(tmp_path / "report.json")
    assert nodes == 6 and report.objects == report.types.total >= 6 and report.bytes >= 6 * 32
    (cycle,) = [cycle for cycle in report.cycles if cycle.ring[0].type == "__main__.Node"]
    assert cycle.count == 3 and cycle.objects >= 2
    took = f"while the program ran took {4 * report.objects // 6} of the {report.objects} objects"  # or one before
    assert {f"1 collection {took}", f"2 collections {took}"} & set(report.notes), report.notes
    assert sum(c.count * c.bytes for c in report.cycles) == report.bytes
    assert sorted(os.listdir(tmp_path)) == ["program.py", "report.json"]


def test_json_stands_in_the_place_of_the_text(python, script):
    done = run(python, "--json", script(TWO + "import sys\nprint('theirs', file=sys.stderr)"))
    theirs, ours = done.err.splitlines()
    assert theirs == "theirs" and Report.from_json(ours).types["__main__.Node"] == 2
    assert done.code == 0


def test_quiet(python, script, tmp_path):
    done = run(python, "-q", "--fail", "-o", tmp_path / "r", script(TWO))
    assert (done.code, done.out, done.err) == (3, "", "") and left(tmp_path / "r")[1] == 2
    done = run(python, "-q", tmp_path / "missing.py")
    assert done.code == 1 and done.err.startswith("gcscope: cannot open "), done
    done = run(python, "-q", "--json", script(TWO))
    assert done.code == 2 and "not allowed with" in done.err


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("", 3),
        ("import sys; sys.exit()", 3),
        ("import sys; sys.exit(0)", 3),
        ("raise SystemExit(False)", 3),
        ("import sys; sys.exit(256)", 3),  # 0 for the system
        ("import sys; sys.exit(7)", 7),
        ("import sys; sys.exit('text')", 1),
        ("import sys; sys.exit(-1)", 255),
        ("import sys; sys.exit('')", 1),
        ("1/0", 1),
        ("raise KeyboardInterrupt", -signal.SIGINT),
        ("import os; os._exit(0)", 0),
        ("import os; os._exit(9)", 9),
        ("import sys; sys.excepthook = lambda *a: None; 1/0", 1),
        (
            "import os\npid = os.fork()\nif not pid: sys = __import__('sys'); sys.exit(5)\nos.waitpid(pid, 0)",
            3,
        ),
        ("gc.set_debug(gc.DEBUG_SAVEALL); gc.collect()", 3),
        ("import atexit, sys; atexit.register(gc.collect)", 3),
    ],
)
def test_rings_fail_unless_the_program_itself_does(python, script, end, code):
    done = run(python, "--fail", script(TWO + end + "\n"))
    assert done.code == code, done
    assert run(python, script(TWO + end + "\n")).code == (0 if code == 3 else code)


def test_rings_that_a_collection_took_fail_too(python, script):
    path = script(RING + "import gc\nring(); gc.collect()\n")
    assert "left nothing" in run(python, path).err
    assert run(python, "--fail", path).code == 3


def test_no_rings_do_not_fail(python, script):
    for end in ("", "import sys; sys.exit(0)", "gc.freeze()"):
        assert run(python, "--fail", script(f"import gc\nx = [1]\n{end}\n")).code == 0


def test_no_report_is_an_error_for_who_asked(python, script, tmp_path):
    text = """
    import gc, sys
    gc.disable()
    def hook(event, arguments):
        if event in ("gc.get_objects", "import"): raise PermissionError("not here")
    sys.addaudithook(hook)
    gc.freeze() # on 3.12 and newer only a frozen heap needs a list
    """
    done = run(python, "--fail", "-o", tmp_path / "r", script(text))
    assert done.code == 1 and "gcscope: no report: PermissionError: not here" in done.err, done
    assert not (tmp_path / "r").exists()
    assert run(python, script(text)).code == 0
    done = run(python, script(textwrap.dedent(text) + "sys.stderr = None\n"))
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_child_has_its_own_exit_code(python, script, tmp_path):
    text = """
    import os, sys
    pid = os.fork()
    if pid:
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        sys.stdout.flush()
    """
    done = run(python, "--fail", "-o", tmp_path / "r", script(TWO + textwrap.dedent(text)))
    assert (done.code, done.out) == (3, "0\n") and done.err.count("at its end") == 1, done
    assert left(tmp_path / "r")[1] == 2


def test_threads_that_go_on_are_told(python, script):
    text = """
    import threading
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait, args=(20,)) for _ in range({})]
    for thread in threads: thread.start()
    import atexit
    threading._register_atexit(stop.set)
    """
    for count, who in ((1, "1 thread besides"), (3, "3 threads besides")):
        done = run(python, script(text.format(count)))
        note = f"gcscope: note: {who} the main one still ran at the end of the main script; what they make later is not"
        assert note in done.err and done.code == 0, done
    assert "still ran" not in run(python, script("import threading")).err
    assert "still ran" not in run(python, script("import sys; sys.modules['threading'] = 7")).err


# ------------------------------------------------------ programs that take things away


def test_os_exit_writes_no_file(python, script, tmp_path):
    done = run(python, "--fail", "-o", tmp_path / "r", script(TWO + "import os; os._exit(4)"))
    assert (done.code, done.out, done.err) == (4, "", "") and not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    "text",
    [
        "import sys; sys.stderr.close()",
        "import sys; sys.stderr = None",
        "import sys; del sys.stderr",
        "import sys; del sys.stdout",
        "import os; os.close(2)",
        "import sys; sys.argv[:] = ['other']",
        "import os; os.chdir('/')",
        "import sys; sys.path.clear(); sys.modules['json'] = sys.modules['re'] = None",
        "gc.freeze(); ring()",
        "import sys; sys.excepthook = None",
        "import builtins; builtins.print = builtins.open = None",
    ],
)
def test_the_file_is_written_all_the_same(python, script, tmp_path, text):
    path = script(TWO + text + "\n")
    done = run(python, "--fail", "-o", "report.json", path.name, cwd=tmp_path)
    assert done.code == 3 and "Traceback" not in done.err and done.out == "", done
    assert left(tmp_path / "report.json")[1] == 2


def test_a_program_with_a_json_of_its_own(python, script, tmp_path):
    """And other names of the standard library: what it needs for the report gcscope has by then."""
    for name in (
        "json",
        "tempfile",
        "textwrap",
        "shutil",
        "hashlib",
        "dataclasses",
        "typing_extensions",
        "stat2",
    ):
        script("raise RuntimeError('this is the program's own')".replace("m's", "m"), f"{name}.py")
    done = run(python, "--json", "-o", tmp_path / "r", script(TWO))
    assert done.code == 0 and Report.from_json(done.err).types["__main__.Node"] == 2, done
    done = run(python, script(TWO), env={"COLUMNS": "50", "FORCE_COLOR": "1"})
    assert done.code == 0 and "\x1b[1m1 cycle: " in done.err and "no report" not in done.err, done
    empty = "import sys; sys.path.clear(); sys.meta_path.clear()\n"
    done = run(python, script(TWO + empty), env={"COLUMNS": "50"})
    assert done.code == 0 and "└────┘" in done.err and "no report" not in done.err, done


def test_a_program_that_removes_its_directory(python, script, tmp_path):
    text = TWO + "import os, shutil; shutil.rmtree(os.getcwd())"
    path = script(text)
    (tmp_path / "gone").mkdir()
    done = run(python, "-q", "-o", "report.json", path, cwd=tmp_path / "gone")
    first, second, *_ = done.err.splitlines()
    assert (
        done.code == 1 and first == "gcscope: cannot write 'report.json': No such file or directory"
    ), done
    assert second.startswith(
        "gcscope: at its end the program had left 2"
    )  # not lost, though it was to be quiet
    (tmp_path / "gone").mkdir()
    done = run(python, "-o", tmp_path / "report.json", path, cwd=tmp_path / "gone")
    assert done.code == 0 and left(tmp_path / "report.json")[1] == 2


def test_a_file_that_cannot_be_written_is_told_before_the_program_runs(python, script, tmp_path):
    path = script("print('ran')")
    for name, reason in (
        (tmp_path / "no" / "r", "there is no directory "),
        (tmp_path, "it is a directory"),
    ):
        done = run(python, "-o", name, path)
        assert done.code == 1 and done.out == "" and done.err.count("\n") == 1, done
        assert done.err.startswith(f"gcscope: cannot write '{name}': {reason}"), done


def test_the_options_of_run_stand_before_the_program(python, script, tmp_path):
    path = script("import sys; print(sys.argv[1:])")
    for arguments in (["--json", "-o", "x"], ["-q"], ["--", "-m"], ["-h"], ["--fail", "-c"]):
        done = run(python, path, *arguments)
        assert done.out == f"{arguments}\n" and "at its end" in done.err, done
    assert run(python, "-q", "--", path, "x").out == "['x']\n"
    code = "import sys; print(sys.argv)"
    assert run(python, "-q", "-c", code, "-q").out == "['-c', '-q']\n"
    assert run(python, "-q", f"-c{code}", "-q").out == "['-c', '-q']\n"
    assert (
        run(python, f"-o{tmp_path / 'r'}", "--output", tmp_path / "s", "-c", code, "-o").out
        == "['-c', '-o']\n"
    )
    assert (tmp_path / "s").exists() and not (tmp_path / "r").exists()
    assert run(python, "-o").code == 2 and run(python, "--nonsense", path).code == 2


# --------------------------------------------------------------------------- show, diff


@pytest.fixture
def reports(tmp_path, python, script):
    """Written by run: one ring, and more."""
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    assert run(python, "-o", old, script(TWO)).code == 0
    assert run(python, "-o", new, script(TWO + "ring()\nx = []; x.append(x); del x\n")).code == 0
    return old, new


def test_show(python, reports):
    old, _ = reports
    report = Report.from_json(old.read_text())
    done = python("-m", "gcscope", "show", old)
    assert (done.code, done.out, done.err) == (0, f"{report}\n", "")
    assert python("-m", "gcscope", "show", "-", text_input=old.read_text()).out == done.out
    done = python("-m", "gcscope", "show", "--format", "json", old)
    assert done.code == 0 and Report.from_json(done.out) == report and '\n  "objects": ' in done.out


def test_show_writes_what_it_reads(tmp_path, capsys):
    for record in ALL:
        (tmp_path / "record.json").write_text(record.to_json())
        main(["show", str(tmp_path / "record.json")])
        shown = capsys.readouterr().out
        assert shown == "\n".join(map(in_one_line, f"{record}\n".split("\n")))


@pytest.mark.parametrize("language", ["dot", "mermaid"])
def test_show_draws(python, reports, tmp_path, language):
    done = python("-m", "gcscope", "show", reports[0], "--format", language)
    assert done.code == 0 and "Node" in done.out and done.err == "", done


@needs_graphviz
def test_show_draws_svg_and_png(python, reports, tmp_path):
    report = Report.from_json(reports[0].read_text())
    done = python("-m", "gcscope", "show", reports[0], "--format", "svg")
    assert (done.code, done.out, done.err) == (0, report._repr_mimebundle_()["image/svg+xml"], "")
    show = [sys.executable, "-m", "gcscope", "show", str(reports[0])]
    png = subprocess.run([*show, "--format", "png"], capture_output=True, check=True)
    assert png.stdout.startswith(b"\x89PNG") and png.stderr == b""
    for name, begin in (
        ("a.svg", b"<svg"),
        ("a.PNG", b"\x89PNG"),
        ("a.dot", b"digraph"),
        ("a.json", b"{"),
    ):
        done = python("-m", "gcscope", "show", reports[0], "-o", tmp_path / name)
        assert (done.code, done.out, done.err) == (0, "", "") and (
            tmp_path / name
        ).read_bytes().startswith(begin)
    assert (tmp_path / "a.svg").read_text() == report._repr_mimebundle_()["image/svg+xml"]
    assert Report.from_json((tmp_path / "a.json").read_text()) == report
    python("-m", "gcscope", "show", reports[0], "-o", tmp_path / "a.txt", env={"FORCE_COLOR": "1"})
    assert (tmp_path / "a.txt").read_text() == f"{report}\n"
    python("-m", "gcscope", "show", reports[0], "-o", tmp_path / "a.svg", "--format", "mermaid")
    assert "flowchart" in (tmp_path / "a.svg").read_text()


def at_a_terminal(*arguments):
    """Run the command with stdout at a terminal; its exit code, and what it writes there and on stderr."""
    try:
        ours, theirs = os.openpty()
    except OSError as error:
        pytest.skip(f"no terminal can be made here: {error}")
    process = subprocess.Popen(
        [sys.executable, "-m", "gcscope", *map(str, arguments)],
        stdout=theirs,
        stderr=subprocess.PIPE,
    )
    _, told = process.communicate(timeout=60)
    os.set_blocking(ours, False)
    try:
        written = os.read(ours, 1_000_000)
    except BlockingIOError:
        written = b""
    os.close(ours), os.close(theirs)
    return process.returncode, written, told.decode()


def test_png_is_refused_by_a_terminal(reports, tmp_path):
    told = "gcscope: a PNG is not for a terminal: -o FILE.png writes it into a file\n"
    assert at_a_terminal("show", reports[0], "--format", "png") == (1, b"", told)
    code, written, told = at_a_terminal("show", reports[0], "--format", "dot")
    assert (code, written[:7], told) == (0, b"digraph", "")


@pytest.mark.parametrize("form", ["svg", "png"])
def test_show_without_graphviz(python, reports, tmp_path, form):
    out = tmp_path / f"out.{form}"
    for arguments in (["--format", form], ["-o", out]):
        done = python("-m", "gcscope", "show", reports[0], *arguments, env={"PATH": str(tmp_path)})
        if "pygraphviz" in done.out or done.code == 0:
            pytest.skip("there is a pygraphviz")
        told = (
            f"gcscope: Graphviz is needed for {form}, and is not here or failed: apt-get install graphviz, or "
            'pip install "gcscope[viz]"; --format dot writes the picture as text\n'
        )
        assert (done.code, done.out, done.err) == (1, "", told) and not out.exists()


def test_where_show_cannot_write(python, reports, tmp_path):
    for name, reason in (
        (tmp_path / "no" / "a.dot", "there is no directory "),
        (tmp_path, "it is a directory"),
    ):
        done = python("-m", "gcscope", "show", reports[0], "-o", name)
        assert done.code == 1 and done.err.startswith(
            f"gcscope: cannot write '{name}': {reason}"
        ), done


def test_what_is_drawn_of_other_records(tmp_path, capsys):
    drawn = []
    for record in ALL:
        (tmp_path / "record.json").write_text(record.to_json())
        try:
            main(["show", str(tmp_path / "record.json"), "--format", "dot"])
            drawn.append(type(record).__name__)
            assert capsys.readouterr().out.startswith("digraph")
        except SystemExit as end:
            assert end.code == 1 and "has no rings to draw" in capsys.readouterr().err
    assert {"Report", "Cycle", "Collection", "Trial"} <= set(drawn)


def test_a_difference_is_drawn_by_what_is_new(python, reports, tmp_path):
    done = python("-m", "gcscope", "diff", *reports, "--format", "json")
    (tmp_path / "difference.json").write_text(done.out)
    done = python("-m", "gcscope", "show", tmp_path / "difference.json", "--format", "dot")
    assert done.code == 0 and "forms of cycles: 1 new, 1 grown, 0 gone" in done.out, done
    assert done.out.count("subgraph cluster") == 2 and 'label="list\\nrefcount 1"' in done.out


def test_pictures_that_are_not_to_be_had(python, reports, tmp_path):
    """Neither text nor JSON goes into a file that is called a picture."""
    done = python("-m", "gcscope", "show", reports[0], "-o", tmp_path / "x.gif")
    *others, last = picture_suffixes()
    assert done.code == 1 and done.err == (
        f"gcscope: cannot draw a .gif: {', '.join(others)} and {last} are to be had; "
        "--format says what it is to be\n"
    )
    assert (
        python(
            "-m", "gcscope", "show", reports[0], "--format", "json", "-o", tmp_path / "x.gif"
        ).code
        == 0
    )
    for suffix, instead in ((".svg", ".svg"), (".PNG", ".png"), (".pdf", ".svg")):
        done = python("-m", "gcscope", "run", "-o", tmp_path / f"y{suffix}", "-c", "print(1)")
        assert (done.code, done.out) == (1, "") and not list(tmp_path.glob("y*"))
        assert f"`gcscope show FILE.json -o PICTURE{instead}` draws it then" in done.err


def test_options_in_one_word(python, tmp_path):
    for options in (("-qo", "x.json"), ("-qox.json",), ("-q", "-ox.json"), ("-o", "x.json", "-q")):
        done = python("-m", "gcscope", "run", *options, "-c", "print(1)", cwd=tmp_path)
        assert (done.code, done.out, done.err) == (0, "1\n", ""), done
        (tmp_path / "x.json").unlink()


@pytest.mark.parametrize("language", ["dot", "mermaid", "svg", "png"])
def test_what_cannot_be_drawn(python, tmp_path, language):
    (tmp_path / "x.json").write_text(RETAINED.to_json())
    done = python("-m", "gcscope", "show", tmp_path / "x.json", "--format", language)
    message = "gcscope: a record of kind 'retained' has no rings to draw: --format text or json shows it\n"
    assert (done.code, done.out, done.err) == (1, "", message)


def test_diff(python, reports):
    old, new = reports
    done = python("-m", "gcscope", "diff", old, new)
    assert done.code == 0 and done.err == "", done
    head, _, told, *_ = done.out.splitlines()
    assert (
        head == "forms of cycles: 1 new, 1 grown, 0 gone, 0 smaller, 0 unchanged" and told == "new:"
    )
    assert "┌► list" in done.out and "grown: seen 1 -> 2 times" in done.out
    back = python("-m", "gcscope", "diff", new, "-", text_input=old.read_text())
    assert (
        back.out.splitlines()[0]
        == "forms of cycles: 0 new, 0 grown, 1 gone, 1 smaller, 0 unchanged"
    )
    assert back.out.splitlines()[2].startswith("gone: list [0] → list"), back
    assert python("-m", "gcscope", "diff", "--fail", old, new).code == 3
    assert python("-m", "gcscope", "diff", "--fail", new, old).code == 0
    done = python("-m", "gcscope", "diff", old, new, "--format", "json", "--fail")
    assert done.code == 3 and len(Difference.from_json(done.out).new) == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b"  \n", "it is empty"),
        (b"hello", "not JSON, or a damaged file: "),
        (b"\x7fELF\x02\x01\x01\x00\xff\xfe", "not JSON, or a damaged file: "),
        (b'{"schema": "gcscope/1", "kind": "rep', "not JSON, or a damaged file: "),
        (b"[1]", "not a report of gcscope: "),
        (
            b'{"schema": "gcscope/2", "kind": "x"}',
            "schema 'gcscope/2' is not known: a newer gcscope wrote it, upgrade",
        ),
        (
            b'{"schema": "gcscope/1", "kind": "\\u001b[2J\\n"}',
            "kind '\\x1b[2J\\n' is not known: it is one of ",
        ),
        (
            b'{"schema": "gcscope/1", "kind": "report"}',
            "a damaged report: expected an object with the fields of a ",
        ),
    ],
)
def test_what_is_no_record_is_one_line(tmp_path, capsys, data, reason):
    (tmp_path / "x").write_bytes(data)
    for arguments in (
        ["show", str(tmp_path / "x")],
        ["diff", str(tmp_path / "x"), str(tmp_path / "x")],
    ):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        out, err = capsys.readouterr()
        assert (
            end.value.code == 1
            and out == ""
            and err.count("\n") == 1
            and err.isprintable() is False
        )
        assert err.startswith(f"gcscope: cannot read '{tmp_path / 'x'}': {reason}"), err


def test_files_that_cannot_be_read(python, tmp_path):
    for name in (tmp_path, tmp_path / "missing", tmp_path / "a\nb"):
        done = python("-m", "gcscope", "show", name)
        assert done.code == 1 and done.out == "" and done.err.count("\n") == 1, done
        assert done.err.startswith("gcscope: cannot open "), done


def test_diff_wants_rings_of_one_sort(python, reports, tmp_path):
    old, _ = reports
    (tmp_path / "x").write_text(RETAINED.to_json())
    done = python("-m", "gcscope", "diff", old, tmp_path / "x")
    assert done.code == 1, done
    assert (
        done.err
        == f"gcscope: '{tmp_path / 'x'}' is of kind 'retained': diff takes reports, collections and trials\n"
    )
    (tmp_path / "x").write_text(RINGS.to_json().replace('"alive": false', '"alive": true'))
    done = python("-m", "gcscope", "diff", old, tmp_path / "x")
    assert (
        done.code == 1
        and done.err.startswith("gcscope: cannot compare ")
        and "rings in use" in done.err
    ), done


# ------------------------------------------------------------------- where it is written


def shell(command, **env):
    words = ["bash", "-c", f"{command}; echo ${{PIPESTATUS[@]}}"]
    environment = {**os.environ, **PLAIN_ENV, **env}
    done = subprocess.run(
        words, capture_output=True, text=True, errors="replace", timeout=60, env=environment
    )
    *lines, codes = done.stdout.splitlines()
    return lines, codes.split(), done.stderr


def test_a_reader_that_has_seen_enough(tmp_path, script):
    many = RINGS.to_json().replace("a note", "a note " * 100_000)
    (tmp_path / "r").write_text(many)
    (tmp_path / "none").write_text(many.replace("0123456789abcdef", "x"))
    command = f"{sys.executable} -m gcscope"
    path = script(TWO + "print('theirs', flush=True)\n" + "ring()\n" * 20)
    for words in (f"show {tmp_path / 'r'}", f"show --format json {tmp_path / 'r'}"):
        assert shell(f"{command} {words} | head -n 1")[1:] == (["0", "0"], "")
    for words, code in ((f"diff {tmp_path / 'none'} {tmp_path / 'r'}", "0"), (f"run {path}", "0")):
        lines, codes, err = shell(f"{command} {words} 2>&1 | head -n 1")
        assert len(lines) == 1 and codes == [code, "0"] and err == "", (lines, codes, err)
    lines, codes, err = shell(
        f"{command} run --fail -o {tmp_path / 'o'} {path} 2>&1 | (sleep 0.5; true)"
    )
    assert codes[-1] == "0" and err == "" and left(tmp_path / "o")[1] == 42
    (tmp_path / "r").write_text(
        RINGS.to_json()
    )  # little enough to stay in the buffer until the end
    for words in (
        f"show {tmp_path / 'r'}",
        f"show --format json {tmp_path / 'r'}",
        "demo --people 2",
    ):
        assert shell(f"(sleep 0.3; {command} {words}) | true")[1:] == (["0", "0"], ""), words
    closed = f"sleep 0.3; {command} run --fail {script(TWO)}"
    assert shell(f"({closed}) 2>&1 | true")[1:] == (["3", "0"], "")


def test_streams_that_are_closed(tmp_path, script):
    (tmp_path / "r").write_text(RINGS.to_json())
    command = f"{sys.executable} -m gcscope"
    path = script(TWO)
    for words, code in (
        (f"show {tmp_path / 'r'} >&-", "0"),
        (f"diff {tmp_path / 'r'} {tmp_path / 'r'} >&-", "0"),
        ("demo --people 2 >&-", "0"),
        ("show nosuch 2>&-", "1"),
        (f"run --fail {path} 2>&-", "3"),
        (f"run --fail -q -o {tmp_path / 'o'} {path} >&- 2>&- <&-", "3"),
        ("show - <&-", "1"),
    ):
        lines, codes, err = shell(f"{command} {words}")
        assert (lines, codes) == ([], [code]) and err.count("\n") <= (
            "<&-" in words and "2>&-" not in words
        ), words
    assert left(tmp_path / "o")[1] == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk(tmp_path, script):
    (tmp_path / "r").write_text(RINGS.to_json())
    command = f"{sys.executable} -m gcscope"
    for words in (f"show {tmp_path / 'r'} >/dev/full", "demo --people 2 >/dev/full"):
        assert shell(f"{command} {words}") == (
            [],
            ["1"],
            "gcscope: cannot write: No space left on device\n",
        )
    lines, codes, err = shell(f"{command} run -q -o /dev/full {script(TWO)}")
    assert codes == ["1"] and err.startswith(
        "gcscope: cannot write '/dev/full': No space left on device\ngcscope: at "
    )
    assert shell(f"{command} run --fail {script(TWO)} 2>/dev/full")[1:] == (["3"], "")


def test_poor_encodings(tmp_path, script):
    (tmp_path / "r").write_text(RINGS.to_json())
    for encoding in ("ascii", "latin-1"):
        for words in (f"show {tmp_path / 'r'}", "demo --people 2", f"run {script(TWO)} 2>&1"):
            lines, codes, err = shell(
                f"{sys.executable} -m gcscope {words}", PYTHONIOENCODING=encoding
            )
            assert (
                codes == ["0"] and err == "" and any("\\u250c\\u25ba" in line for line in lines)
            ), (lines, err)


def test_a_terminal(tmp_path):
    """On a real one of 40 columns: fitted and painted; without colour if that is not wanted."""
    import fcntl
    import pty
    import struct
    import termios

    (tmp_path / "r").write_text(RINGS.to_json())
    try:
        list(map(os.close, pty.openpty()))
    except OSError as error:
        pytest.skip(f"no terminal can be made here: {error}")

    def shown(**env):
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
        words = [sys.executable, "-m", "gcscope", "show", str(tmp_path / "r")]
        environment = {**os.environ, **PLAIN_ENV, "TERM": "xterm", **env}
        subprocess.run(
            words, stdout=follower, stderr=follower, env=environment, timeout=60, check=True
        )
        os.close(follower)
        data = b""
        try:
            while chunk := os.read(leader, 65536):
                data += chunk
        except OSError:
            pass  # all was read
        os.close(leader)
        return data.decode().replace("\r\n", "\n")

    painted, plain = shown(), shown(NO_COLOR="1")
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == plain != painted
    assert max(map(len, plain.split("\n"))) <= 40 and "\n  cause: " in plain
    assert shown(TERM="dumb") == plain and shown(NO_COLOR="1", FORCE_COLOR="1") == plain
