"""gcscope run is as plain python: what a program sees, and how it ends."""

import gc
import os
import re
import sys

import pytest

from gcscope import _core
from gcscope.api.observe import Observer
from programs import CALLS, SCRIPTS, TWO, lay_out, left, run, says_nothing_left
from support import FREE_THREADED

# What differs from one process to the next.
ADDRESS = re.compile(r"0x[0-9a-f]+|\bat \d{9,}|Ran 1 test in .*|Thread-\d+ \(process\)|\(pid=\d+\)")


def compare(python, words, options=(), of_run=(), **how):
    """Run a program with and without gcscope: both write the same and end in the same way."""
    plain = python(*options, *words, **how)
    ours = python(*options, "-m", "gcscope", "run", *of_run, *words, **how)
    told = "".join(line for line in ours.err.splitlines(True) if not line.startswith("gcscope:"))
    assert ADDRESS.sub("", ours.out) == ADDRESS.sub("", plain.out)
    assert ADDRESS.sub("", told) == ADDRESS.sub("", plain.err)
    assert ours.code == plain.code
    return ours


def skip_if_of_the_start(name):
    """Skip a program that looks at what Python's own start has left."""
    if FREE_THREADED and name in ("trash_is_saved", "trash_at_first"):
        pytest.skip("code waits for the collector, and we let it run before the program begins")


# The process ends at once, or there is no standard error.
SILENT = {"os_exit", "abort", "exec", "standard_error_other"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_program_is_as_under_plain_python(python, script, tmp_path, name):
    skip_if_of_the_start(name)
    script(SCRIPTS[name])
    done = compare(python, ["program.py", "a"], cwd=tmp_path, text_input="c\n")
    assert ("gcscope: at its end" in done.err) == (name not in SILENT)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SCRIPTS.keys() - {"signal_handlers"}))  # which shows ours
def test_a_program_is_so_where_a_signal_is_reported_on_too(python, script, tmp_path, name):
    skip_if_of_the_start(name)
    script(SCRIPTS[name])
    on_term = ("--report-on", "SIGTERM")
    done = compare(python, ["program.py"], of_run=on_term, cwd=tmp_path, text_input="c\n")
    assert ("gcscope: at its end" in done.err) == (name not in SILENT - {"abort"})


# Nothing ran, and python itself says why.
NEVER_BEGUN = re.compile("bare|root|no name|missing|without main|relative|in C")


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_as_of_plain_python(python, folder, name):
    words, text = CALLS[name]
    done = compare(python, words, cwd=folder, text_input=text)
    assert ("gcscope: at its end" in done.err) == (not NEVER_BEGUN.search(name))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("calls")
    lay_out(made)
    return made


@pytest.mark.parametrize(
    "option", ["-P", "-I", "-E", "-s", "-O", "-OO", "-B", "-u", "-Xdev", "-Werror", "-Walways"]
)
@pytest.mark.parametrize("name", ["script", "module", "code", "folder", "stdin"])
def test_options_of_python(python, folder, option, name):
    words, text = CALLS[name]
    done = compare(python, words, [option], cwd=folder, text_input=text)
    begins = option not in ("-P", "-I") or name != "module"  # which is found by its folder alone
    assert ("gcscope: at its end" in done.err) == begins, done


@pytest.mark.parametrize("code", ["x = 5", "1/0", "raise SystemExit(3)", "raise KeyboardInterrupt"])
def test_a_prompt_that_follows(python, code):
    compare(python, ["-c", code], ["-i"], text_input="print(globals().get('x'), __name__)\n")


# What pip makes of an entry point.
ENTRY = """
import re
import sys
from gcscope.cli.main import main
if __name__ == "__main__":
    sys.argv[0] = re.sub(r"(-script.pyw|.exe)?$", "", sys.argv[0])
    sys.exit(main())
"""


@pytest.mark.parametrize("name", ["modules", "names", "stack", "recursion", "exit_7", "interrupt"])
def test_the_installed_command(python, script, tmp_path, name):
    script(SCRIPTS[name])
    script(ENTRY, "bin/gcscope")
    plain = python("program.py", cwd=tmp_path)
    ours = python("bin/gcscope", "run", "-q", "program.py", cwd=tmp_path)
    assert (ours.out, ours.err, ours.code) == (plain.out, plain.err, plain.code)


# Prints what gcscope has imported that is hidden from a program; but for what Python has frozen.
HIDDEN = """
import gc
(guest,) = (each for each in gc.get_objects() if type(each).__name__ == "Guest")
print(*sorted({name.split(".")[0] for name in guest._hidden} - {"importlib", "runpy"}))
"""


def test_the_programs_own_modules_are_its_own(python, script, tmp_path):
    """Of whatever name: neither does it find ours, nor do we import its."""
    hidden = run(python, "-q", "-c", HIDDEN).out.split()
    assert {"argparse", "_json", "re", "enum"} <= set(hidden)
    for name in hidden:
        script(f"print('imported', {name!r})\n", f"there/{name}.py")
    at_exit = "import atexit, sys\natexit.register(lambda: print(sys.modules['re'].__file__))\n"
    imports = "".join(f"import {name}\n" for name in hidden)
    script(imports + at_exit + TWO, "there/program.py")
    done = compare(python, ["there/program.py"], cwd=tmp_path)
    assert done.out.count("imported") > 10 and "2  __main__.Node" in done.err
    words = ["run", "--json", "-o", tmp_path / "r", "there/program.py"]
    done = python("-m", "gcscope", *words, cwd=tmp_path)
    assert done.out.count("imported") > 10 and left(tmp_path / "r")[1] == 2, done


@pytest.mark.parametrize("name", ["trash_is_saved", "importlib_attributes", "modules"])
def test_what_the_start_of_python_imports_stays(python, script, tmp_path, name):
    """And what gcscope itself has left as trash is gone, though no collection was due."""
    skip_if_of_the_start(name)
    script("import importlib, gc\ngc.set_threshold(100_000)\n", "start/sitecustomize.py")
    script(SCRIPTS[name])
    env = {"PYTHONPATH": os.pathsep.join([str(tmp_path / "start"), *filter(None, sys.path)])}
    compare(python, ["program.py"], cwd=tmp_path, env=env)


WATCHED = """
import gc, sys
def refuse(*_):
    raise SystemExit("gcscope has switched collection")
gc.disable = gc.enable = gc.set_threshold = gc.freeze = refuse
def count(phase, info):
    if phase == "start" and "gcscope.cli.commands" in sys.modules:
        stats.append(info["generation"])
stats = []
gc.callbacks.append(count)
"""
NO_GENERATIONS = "import gcscope._core\ngcscope._core.walk_generations(False)\n"


@pytest.mark.parametrize("disabled", [True, False])
@pytest.mark.parametrize("walks", [_core.WALKS_GENERATIONS, False])
def test_collection_is_never_switched(python, script, tmp_path, walks, disabled):
    """And gcscope's own trash is gone: by a young collection, where the first is that one."""
    head = ("" if walks else NO_GENERATIONS) + ("import gc\ngc.disable()\n" if disabled else "")
    script(head + WATCHED, "start/sitecustomize.py")
    text = """
    import gc, sitecustomize
    print(gc.isenabled(), sitecustomize.stats)
    del gc.callbacks[0]
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    print([repr(x)[:200] for x in gc.garbage])
    """
    env = {"PYTHONPATH": os.pathsep.join([str(tmp_path / "start"), *filter(None, sys.path)])}
    done = run(python, "-q", script(text), env=env)
    how, trash = done.out.splitlines()
    assert (done.code, trash) == (0, "[]"), done
    assert how.startswith(str(not disabled)), done
    assert how.endswith(" [0]") if walks else how.endswith("2]"), done


def test_modules_of_the_working_directory_are_not_for_gcscope(python, script, tmp_path):
    """Those that runpy needs are Python's own affair."""
    for name in ("argparse", "json", "gettext", "shutil", "locale", "traceback", "textwrap"):
        script(f"print('imported', {name!r})\n", f"{name}.py")
    script("import argparse, json\n1/0\n")
    compare(python, ["program.py"], cwd=tmp_path)
    done = python("-m", "gcscope", "run", "--nonsense", cwd=tmp_path)
    assert done.code == 2 and "imported" not in done.out, done
    done = python("-m", "gcscope", "show", "nothing.json", cwd=tmp_path)
    assert done.code == 1 and "imported" not in done.out, done


def test_who_calls_main_keeps_its_modules(python, script):
    path = script("import sys; print('argparse' in sys.modules, 'json' in sys.modules)\n")
    call = (
        f"import argparse, json, sys\nfrom gcscope.cli.main import main\n"
        f"main(['run', '-q', {str(path)!r}])"
    )
    assert python("-c", f"{call}\nprint(sys.modules['json'] is json)").out == "True True\nTrue\n"


def test_what_displays_a_traceback_is_not_the_programs(python, script):
    """Since 3.13 it is Python code, whose imports leave rings."""
    done = run(python, script("1/0\n"))
    assert done.code == 1 and "left nothing" in done.err and "while it ran" not in done.err, done


def test_a_terminal_gives_no_program(tmp_path):
    """Nor does /dev/null, or nothing at all."""
    import pty
    import subprocess

    words = [sys.executable, "-m", "gcscope", "run", "--fail"]
    try:
        leader, terminal = pty.openpty()
    except OSError as error:
        pytest.skip(f"no terminal can be made here: {error}")
    for given in (terminal, subprocess.DEVNULL):
        done = subprocess.run(words, stdin=given, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and done.stderr.startswith("usage: gcscope run "), done
    closed = ["bash", "-c", '"$@" <&-', "bash", *words]
    done = subprocess.run(closed, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stderr.startswith("usage: gcscope run "), done
    os.close(leader)
    os.close(terminal)


@pytest.mark.parametrize(
    "walks",
    [
        True,
        pytest.param(
            False,
            marks=pytest.mark.skipif(FREE_THREADED, reason="there each collection can be followed"),
        ),
    ],
)
def test_collections_that_cannot_be_predicted_are_told(quiet, walks):
    observer = Observer()
    observer.begin()
    _core.walk_generations(walks)
    _core.fail_after(0 if walks else -1)
    try:
        gc.collect(0)
        _core.fail_after(-1)
        told = str(observer.outcome())
    finally:
        _core.fail_after(-1)
        _core.walk_generations(True)
    assert "gcscope: note: what 1 of 1 collection took cannot be told: " in told


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
    # free-threaded Python has no audit event for that
    assert says_nothing_left(done) is (_core.WALKS_GENERATIONS or FREE_THREADED), done


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
