"""gcscope run is as plain python: what a program sees, and how it ends."""

import gc
import os
import signal
import sys

import pytest

from gcscope import _core
from programs import run

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
        "import threading, time; threading.Thread(target=lambda: (time.sleep(.3), "
        "print('t'))).start(); print('main')",
        "import sys; sys.stdout.close()",
        "import sys; print(sys.stdin.read())",
        "raise BaseExceptionGroup('g', [KeyboardInterrupt()])",
    ],
)
def test_ends_are_as_under_plain_python(python, script, code):
    if code == "import sys; sys.excepthook = lambda *a: 1/0\n[][1]":
        # the frames of the hook's own error are ours in part: compare the last words only
        path = script(code)
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


@pytest.mark.parametrize("walks", [True, False])
def test_collections_that_cannot_be_predicted_are_told(quiet, walks):
    from gcscope.api.observe import Observer

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
    assert _core.WALKS_GENERATIONS is ("had left nothing to the collector" in done.err), done


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
