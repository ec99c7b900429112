"""gcscope run is as plain python: what a program sees, and how it ends."""

import os
import re
import sys

import pytest

from programs import SCRIPTS, run

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


# What they write differs from one process to the next, or the process ends at once.
ADDRESS = re.compile(r"0x[0-9a-f]+|\bat \d{9,}|Ran 1 test in .*|Thread-\d+ \(process\)|\(pid=\d+\)")
SILENT = {"os_exit", "abort", "exec", "standard_error_other"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_program_is_as_under_plain_python(python, script, tmp_path, name):
    script(SCRIPTS[name])
    words = ("program.py", "a", "-m", "--json", "-c")
    plain = python(*words, cwd=tmp_path, text_input="c\n")
    ours = run(python, *words, cwd=tmp_path, text_input="c\n")
    told = "".join(line for line in ours.err.splitlines(True) if not line.startswith("gcscope:"))
    assert ADDRESS.sub("", ours.out) == ADDRESS.sub("", plain.out)
    assert ADDRESS.sub("", told) == ADDRESS.sub("", plain.err)
    assert ours.code == plain.code
    assert ("gcscope: at its end" in ours.err) == (name not in SILENT)


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
