"""gcscope run: what a program left, its options, and files that are written whatever the program
does.
"""

import datetime
import os
import platform
import re
import signal
import subprocess
import sys
import textwrap
import time

import pytest

import gcscope
from gcscope import Report
from gcscope.model.header import read_file
from programs import RING, TWO, left, run, says_nothing_left
from support import FREE_THREADED

# ----------------------------------------------------------------------------- what a program left


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
    assert says_nothing_left(done), done
    if not FREE_THREADED:
        nothing = "gcscope: at its end the program had left nothing to the collector\n"
        assert done.err == nothing, done


def test_run_predicts_collections(python, script):
    path = script(
        RING + "import gc\nring(); gc.collect(); ring(); gc.collect(0); ring(); gc.disable()\n"
    )
    done = run(python, path)
    objects = r"\d+" if FREE_THREADED else "4"  # its code waits for them, too
    assert re.search(
        rf"^gcscope: while it ran, [2-4] collections found {objects} objects$",
        done.err,
        flags=re.M,
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
    code = (
        "class Shop:\n    def __init__(self):\n"
        "        self.customers_who_have_not_been_here_for_a_very_long_time = [self]\n"
        "import gc; gc.disable(); Shop()"
    )
    lines = run(python, "-c", code).err.splitlines()
    mark = next(i for i, line in enumerate(lines) if "◄" in line)
    assert lines[mark].endswith("◄ cut here") and lines[mark + 2].startswith(
        "gcscope:   cut: clear() Shop.customers_who_have"
    )
    assert all(len(line) <= 130 for line in lines[mark - 2 :])


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
        "gcscope: instrumented objects: 6 created, 2 freed by collector, 1 freed by refcount, 1 "
        "in use" in done.err
    ), done


def test_garbage_of_the_start_is_not_blamed_on_the_program(python, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import gc; gc.disable(); a = []; a.append(a); del a\n"
    )
    done = run(
        python, "-c", "pass", env={"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    )
    assert says_nothing_left(done), done


# ------------------------------------------------------------------------------ the options of run


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
    # or one before
    taken = r"\d+" if FREE_THREADED else 4 * report.objects // 6  # code waits for it, too
    took = rf"[12] collections? while the program ran took {taken} of the {report.objects} objects"
    assert any(re.fullmatch(took, note) for note in report.notes), report.notes
    # each instance of a class has room for one attribute less than the one before
    room = 2 * 2 * 16
    more = sum(c.count * c.bytes for c in report.cycles) - report.bytes
    assert more < room if FREE_THREADED else 0 <= more <= room
    assert sorted(os.listdir(tmp_path)) == ["program.py", "report.json"]


def test_the_file_has_a_header(python, script, tmp_path):
    path = script(
        TWO + "import sys, os\nkept = [[] for _ in range(9)]; gc.freeze(); gc.disable()\n"
        "gc.set_threshold(5, 6)\nprint(os.getpid(), os.uname().nodename, sep='\\n')"
    )
    before = int(time.time())
    done = run(python, "-q", "-o", tmp_path / "r", path, "-x")
    after = int(time.time())
    record, header = read_file((tmp_path / "r").read_text())
    assert record == Report.from_json((tmp_path / "r").read_text())
    pid, host = done.out.splitlines()
    assert (header.pid, header.host, header.argv0) == (int(pid), host, str(path))
    assert header.python == platform.python_version()
    threading = "free-threading build " if FREE_THREADED else ""
    assert header.build.startswith(f"{threading}({platform.python_build()[0]}, ")
    assert header.gcscope == gcscope.__version__
    assert not header.gc_enabled and header.gc_frozen > 9 and header.gc_thresholds[:2] == (5, 6)
    when = datetime.datetime.fromisoformat(header.when)
    assert header.when.endswith("Z") and when.utcoffset() == datetime.timedelta(0)
    assert before <= when.timestamp() <= after
    assert 0 < header.stopped < 60


def test_nothing_is_imported_for_the_header(python, script, tmp_path):
    """And what the program has put into the place of what it is made of is not asked."""
    path = script(
        TWO + "import sys, os, time\n"
        "time.time = time.gmtime = time.perf_counter = os.uname = sys.argv = None\n"
        "gc.isenabled = gc.get_threshold = gc.get_freeze_count = None\n"
        "import atexit; before = set(sys.modules)\n"
        "atexit.register(lambda: print(sorted(set(sys.modules) - before)))"
    )
    done = run(python, "-q", "-o", tmp_path / "r", path)
    assert (done.code, done.out, done.err) == (0, "[]\n", "")
    _, header = read_file((tmp_path / "r").read_text())
    assert header.argv0 == "" and header.when[:2] == "20"


def test_what_the_program_has_printed_stands_before_the_report(script):
    words = [sys.executable, "-m", "gcscope", "run", script(TWO + "print('printed')")]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    first, second, *_ = done.stdout.splitlines()
    assert first == "printed" and second.startswith("gcscope: at its end the program had left")


def test_json_stands_in_the_place_of_the_text(python, script):
    done = run(python, "--json", script(TWO + "import sys\nprint('theirs', file=sys.stderr)"))
    theirs, ours = done.err.splitlines()
    assert theirs == "theirs" and Report.from_json(ours).types["__main__.Node"] == 2
    assert done.code == 0


def test_quiet(python, script, tmp_path):
    done = run(python, "-q", "--fail", "-o", tmp_path / "r", script(TWO))
    assert (done.code, done.out, done.err) == (3, "", "") and left(tmp_path / "r")[1] == 2
    done = run(python, "-q", tmp_path / "missing.py")
    assert done.code == 2 and ": can't open file " in done.err, done
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
            "import os\npid = os.fork()\nif not pid: sys = __import__('sys'); sys.exit(5)\n"
            "os.waitpid(pid, 0)",
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
    assert says_nothing_left(run(python, path))
    assert run(python, "--fail", path).code == 3


def test_no_rings_do_not_fail(python, script):
    for end in ("", "import sys; sys.exit(0)", "gc.freeze()"):
        assert run(python, "--fail", script(f"import gc\nx = [1]\n{end}\n")).code == 0


def test_no_report_is_an_error_for_who_asked(python, script, tmp_path):
    text = """
    import sys
    from gcscope import _core
    _core.fail_after(0)
    """
    done = run(python, "--fail", "-o", tmp_path / "r", script(text))
    assert done.code == 1 and "gcscope: no report: there is not enough memory" in done.err, done
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
        note = (
            f"gcscope: note: {who} the main one still ran at the end of the main script; what "
            f"they make later is not"
        )
        assert note in done.err and done.code == 0, done
    assert "still ran" not in run(python, script("import threading")).err
    assert "still ran" not in run(python, script("import sys; sys.modules['threading'] = 7")).err


# ------------------------------------------------------------------ programs that take things away


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
    text = TWO + "import os; os.rmdir(os.getcwd())"
    path = script(text)
    (tmp_path / "gone").mkdir()
    done = run(python, "-q", "-o", "report.json", path, cwd=tmp_path / "gone")
    first, second, *_ = done.err.splitlines()
    assert (
        done.code == 1 and first == "gcscope: cannot write 'report.json': No such file or directory"
    ), done
    # not lost, though it was to be quiet
    many = r"\d" if FREE_THREADED else "2"  # its code waits, too
    assert re.match(f"gcscope: at its end the program had left {many}", second)
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
