"""Programs that tests run, under gcscope and without."""

from gcscope import Report
from support import FREE_THREADED

RING = """
class Node:
    pass
def ring():
    a, b = Node(), Node()
    a.other, b.other = b, a
"""


# ------------------------------------------------------------------------------ the options of run


def says_nothing_left(done):
    """Return whether a program that ended left nothing, but what waits in no ring."""
    if "left nothing" in done.err:
        return True
    if FREE_THREADED:  # its own code waits for the collector, if that has not taken it
        at_end, _, _ = done.err.partition("cycles that those collections took:")
        return "(deferred counting): " in at_end and "┌►" not in at_end
    return False


def left(path):
    report = Report.from_json(path.read_text())
    return report, report.types.get("__main__.Node", 0)


TWO = RING + "import gc\ngc.disable()\nring()\n"


def run(python, *arguments, **options):
    return python("-m", "gcscope", "run", *arguments, **options)


# ------------------------------------------------------------------------- programs that look about

# What plain Python runs in a file, and what it shows; name -> text. Each is run as a script, under
# gcscope and without; what both write must be the same.
SCRIPTS = {
    # where it is
    "names": """
        import sys
        print(__name__, __file__, list(globals()))
        print(__spec__, __package__, __doc__, type(__loader__).__name__, __builtins__.__name__)
        print(sys.argv, sys.path, sys.flags, sys.modules["__main__"].__dict__ is globals())
        print(globals().get("__cached__", "none"), globals().get("__annotations__", "none"))
        x: int = 1
        """,
    "doc": '"""What it is."""\nprint(__doc__)\n',
    "code_name": "import sys\nprint(sys._getframe().f_code.co_filename)\n",
    "modules": """
        import sys
        print([name for name in sys.modules if name.split(".")[0] != "gcscope"])
        """,
    "importlib_attributes": """
        import importlib
        print([hasattr(importlib, name) for name in ("util", "machinery", "abc")])
        """,
    "path_hooks": """
        import sys
        print(sys.meta_path, len(sys.path_hooks), sys.path_importer_cache.get(__file__, 7))
        """,
    "getsource": """
        import inspect, sys
        def function(): return 7
        print(inspect.getsource(function), inspect.getsource(sys.modules["__main__"])[:20])
        print(inspect.getfile(function))
        """,
    "future": """
        from __future__ import annotations
        def f(x: nonsense): pass
        print(f.__annotations__)
        """,
    "annotations": "def f(x: int): pass\nprint(f.__annotations__)\n",
    "encoding": "# -*- coding: latin-1 -*-\nprint(len('\\xe9'), ascii('\\xe9'))\n",
    "dunder_main_pickles": """
        import pickle
        class Local: pass
        print(pickle.loads(pickle.dumps(Local())).__class__ is Local)
        """,
    "path_is_writable": "import sys\nsys.path.insert(0, '/nowhere')\nprint(sys.path[:2])\n",
    "threads": """
        import threading
        print(threading.current_thread().name, threading.active_count())
        print(threading.main_thread() is threading.current_thread())
        """,
    # the stack
    "stack": """
        import inspect, sys, traceback
        print(len(inspect.stack()), sys._getframe().f_back)
        def function(): traceback.print_stack()
        function()
        """,
    "stack_too_deep": "import sys\nsys._getframe(1)\n",
    "all_frames": "import sys\nprint([f.f_back for f in sys._current_frames().values()])\n",
    "faulthandler": """
        import faulthandler
        def function(): faulthandler.dump_traceback(all_threads=False)
        function()
        """,
    "recursion": """
        import sys
        def deeper(n):
            global depth
            depth = n
            deeper(n + 1)
        try:
            deeper(1)
        except RecursionError as error:
            print(depth, error, sys.getrecursionlimit())
        """,
    "recursion_uncaught": "def f(n): f(n + 1)\nf(0)\n",
    "recursion_limit": """
        import sys
        sys.setrecursionlimit(57)
        def deeper(n):
            try:
                return deeper(n + 1)
            except RecursionError:
                return n
        print(deeper(1), sys.getrecursionlimit())
        """,
    "recursion_limit_too_low": "import sys\nsys.setrecursionlimit(1)\n",
    "recursion_limit_least": """
        import sys
        for limit in range(1, 100):
            try:
                sys.setrecursionlimit(limit)
                break
            except RecursionError:
                pass
        sys.setrecursionlimit(1000)
        print(limit)
        """,
    "recursion_in_a_thread": """
        import threading
        def deeper(n):
            global depth
            depth = n
            deeper(n + 1)
        def catch():
            try:
                deeper(1)
            except RecursionError:
                print(depth)
        thread = threading.Thread(target=catch)
        thread.start()
        thread.join()
        """,
    "recursion_in_c": """
        nested = []
        for _ in range(200_000): nested = [nested]
        try:
            repr(nested)
        except RecursionError as error:  # 3.14 tells the bytes of the C stack, where our frames are
            print(str(error).partition("(")[0])
        del nested
        """,
    "comparison_depth": """
        def nested(n):
            made = []
            for _ in range(n): made = [made]
            return made
        def compares(n):
            try:
                return nested(n) == nested(n)
            except RecursionError:
                return False
        low, high = 1, 20_000
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (middle, high) if compares(middle) else (low, middle)
        print(low)
        """,
    "exc_info": "import sys\nprint(sys.exc_info())\n",
    # warnings
    "warning": """
        import warnings
        warnings.warn('look')
        print('__warningregistry__' in globals())
        """,
    "warning_below": "import warnings\nwarnings.warn('look', stacklevel=2)\n",
    "warning_far_below": "import warnings\nwarnings.warn('look', stacklevel=9)\n",
    "warning_in_function": """
        import warnings
        def old():
            warnings.warn("old", DeprecationWarning, stacklevel=2)
        old()
        for _ in range(3): warnings.warn("once")
        """,
    "warning_of_syntax": "x = 1\nprint(x is 1)\n",
    "warning_of_escape": "print('\\d')\n",
    "warning_filters": "import warnings\nprint(warnings.filters)\n",
    "warning_as_error": "import warnings\nwarnings.simplefilter('error')\nwarnings.warn('look')\n",
    "unclosed_file": "import warnings\nwarnings.simplefilter('always')\nopen(__file__)\n",
    "never_awaited": "async def f(): pass\nf()\n",
    "logging": """
        import logging
        logging.basicConfig(format="%(filename)s %(pathname)s:%(lineno)d %(funcName)s %(message)s")
        logging.warning("look")
        logging.getLogger("x").error("far", stacklevel=5, stack_info=True)
        """,
    # errors
    "error": "def f():\n    1/0\nf()\n",
    "error_with_cause": "raise KeyError('x') from ValueError('y')\n",
    "error_in_handling": "try:\n    1/0\nexcept ZeroDivisionError:\n    [][1]\n",
    "error_with_notes": "error = ValueError('x')\nerror.add_note('a note')\nraise error\n",
    "error_group": "raise ExceptionGroup('g', [ValueError(1), TypeError(2)])\n",
    "interrupt_in_a_group": "raise BaseExceptionGroup('g', [KeyboardInterrupt()])\n",
    "error_without_text": "class Odd(Exception):\n    def __str__(self): 1/0\nraise Odd\n",
    "base_exception": "class Odd(BaseException): pass\nraise Odd('x')\n",
    "generator_exit": "raise GeneratorExit\n",
    "import_error": "import no_such_module_anywhere\n",
    "assertion": "assert 1 == 2, 'no'\n",
    "memory": """
        try:
            'x' * (1 << 62)
        except MemoryError as error:
            print(repr(error))
        raise MemoryError
        """,
    "syntax": "print(1)\nthis is no python\n",
    "syntax_of_indents": "if 1:\nprint(1)\n",
    "syntax_of_tabs": "if 1:\n\tprint(1)\n        print(2)\n",
    "syntax_unclosed": "print((1, 2)\nx = [\n",
    "syntax_of_encoding": "# -*- coding: nonsense -*-\nprint(1)\n",
    "syntax_in_code": "exec('a b')\n",
    "nothing": "",
    "no_newline_at_its_end": "print(1)\n# the end",
    "formfeed": "\f\nprint(1)\r\nprint(2)\r",
    # hooks
    "hook": """
        import sys, traceback
        def hook(kind, value, tb):
            print("hook", kind.__name__, value, tb.tb_lineno, tb.tb_next, sys.exc_info())
            print(sys.last_type, sys.last_value, sys.last_traceback is tb)
            print(getattr(sys, "last_exc", None), value.__traceback__ is tb, value.__context__)
            print(sys._getframe().f_back)
            traceback.print_exception(kind, value, tb)
        sys.excepthook = hook
        1/0
        """,
    "hook_fails": "import sys\nsys.excepthook = lambda *a: 1/0\n[][1]\n",
    "hook_is_none": "import sys\nsys.excepthook = None\n[][1]\n",
    "hook_is_gone": "import sys\ndel sys.excepthook\n[][1]\n",
    "hook_exits": "import sys\nsys.excepthook = lambda *a: sys.exit(5)\n[][1]\n",
    "hook_exits_with_text": "import sys\nsys.excepthook = lambda *a: sys.exit('so')\n[][1]\n",
    "hook_of_an_interrupt": """
        import sys
        sys.excepthook = lambda *a: print(a[0])
        raise KeyboardInterrupt
        """,
    "hook_is_not_for_exit": "import sys\nsys.excepthook = print\nsys.exit(4)\n",
    "hook_recurses": """
        import sys
        def deeper(n):
            try:
                return deeper(n + 1)
            except RecursionError:
                return n
        sys.excepthook = lambda *a: print(deeper(1))
        1/0
        """,
    "last_things_at_exit": """
        import atexit, sys
        def look():
            print(sys.last_type, sys.last_value, sys.last_traceback.tb_next, sys.excepthook)
            print(getattr(sys, "last_exc", None), "__file__" in globals())
        atexit.register(look)
        1/0
        """,
    "last_things_after_an_interrupt": """
        import atexit, sys
        def look():
            print(repr(sys.last_value), sys.last_traceback.tb_frame.f_code.co_name)
            print(sys.last_traceback.tb_next, sys.excepthook is sys.__excepthook__)
        atexit.register(look)
        raise KeyboardInterrupt
        """,
    "unraisable": """
        import sys
        sys.unraisablehook = lambda u: print("unraisable", u.exc_type.__name__)
        class Odd:
            def __del__(self): 1/0
        Odd()
        """,
    "unraisable_by_default": "class Odd:\n    def __del__(self): 1/0\nOdd()\n",
    "error_in_a_thread": """
        import threading
        thread = threading.Thread(target=lambda: 1/0, name="t")
        thread.start()
        thread.join()
        """,
    "thread_hook": """
        import threading
        threading.excepthook = lambda args: print(args.exc_type.__name__)
        thread = threading.Thread(target=lambda: 1/0)
        thread.start()
        thread.join()
        """,
    "main_is_replaced": """
        import sys
        class Other: __file__ = "other"
        sys.modules["__main__"], sys.modules["runpy"] = Other, 7
        raise SystemExit(5)
        """,
    "main_is_gone": "import sys\ndel sys.modules['__main__']\n1/0\n",
    "display_hook": "import sys\nsys.displayhook(7)\nprint(__builtins__._)\n",
    "audit": """
        import sys
        sys.addaudithook(lambda event, args: event == "sys.excepthook" and print(event, args[1]))
        1/0
        """,
    # ends
    "exit_7": "import sys\nsys.exit(7)\n",
    "exit_none": "import sys\nsys.exit()\n",
    "exit_text": "import sys\nsys.exit('a message')\n",
    "exit_tuple": "raise SystemExit((1, 2))\n",
    "exit_true": "raise SystemExit(True)\n",
    "exit_two": "raise SystemExit(1, 2)\n",
    "exit_large": "raise SystemExit(1 << 70)\n",
    "exit_negative": "raise SystemExit(-1)\n",
    "exit_float": "raise SystemExit(2.5)\n",
    "exit_object": "class Odd:\n    def __str__(self): return 'odd'\nraise SystemExit(Odd())\n",
    "exit_of_a_subclass": "class Odd(SystemExit): code = 9\nraise Odd(3)\n",
    "exit_builtin": "exit(6)\n",
    "exit_in_finally": "try:\n    1/0\nfinally:\n    raise SystemExit(8)\n",
    "os_exit": "import os\nprint('x', flush=True)\nos._exit(3)\n",
    "abort": "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n",
    "interrupt": "raise KeyboardInterrupt\n",
    "interrupt_from_outside": """
        import os, signal
        os.kill(os.getpid(), signal.SIGINT)
        print('not here')
        """,
    "interrupt_of_a_subclass": "class Odd(KeyboardInterrupt): pass\nraise Odd\n",
    "interrupt_that_is_caught": """
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            print('no')
        """,
    "interrupt_ignored": """
        import os, signal
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.kill(os.getpid(), signal.SIGINT)
        print(signal.getsignal(signal.SIGINT))
        """,
    "signal_handlers": """
        import signal
        print(signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM))
        """,
    "at_exit": """
        import atexit
        class Odd:
            def __del__(self): print("deleted")
        odd = Odd()
        for word in ("one", "two"): atexit.register(print, word)
        print("file" if "__file__" in globals() else "no file")
        atexit.register(lambda: print("__file__" in globals(), "__cached__" in globals()))
        """,
    "at_exit_fails": "import atexit\natexit.register(lambda: 1/0)\n",
    "at_exit_exits": "import atexit, sys\natexit.register(sys.exit, 3)\n",
    "at_exit_collects": """
        import atexit, gc, weakref
        class Odd: pass
        def inner():
            odd = Odd()
            watched.append(weakref.ref(odd, lambda _: print("gone")))
            raise SystemExit(0)
        watched = []
        atexit.register(lambda: print(watched[0]() is None))
        inner()
        """,
    "a_thread_goes_on": """
        import threading, time
        def later():
            time.sleep(0.2)
            print("later")
        threading.Thread(target=later).start()
        print("main")
        """,
    "a_daemon_goes_on": """
        import threading, time
        threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
        """,
    "standard_output_closed": "import sys\nprint('x')\nsys.stdout.close()\n",
    "standard_output_gone": "import sys\nsys.stdout = None\nprint('x')\n",
    "standard_error_other": "import io, sys\nsys.stderr = io.StringIO()\n1/0\n",
    "reads": "import sys\nprint(sys.stdin.read())\n",
    "inputs": "print(input('? '))\n",
    "fork": """
        import os, sys
        pid = os.fork()
        if not pid: sys.exit(5)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """,
    "fork_fails": """
        import os, sys
        pid = os.fork()
        if not pid: raise ValueError("in the child")
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """,
    "exec": "import os, sys\nos.execv(sys.executable, [sys.executable, '-c', 'print(7)'])\n",
    # processes of multiprocessing find the main module
    "spawn": """
        import multiprocessing
        def double(x): return 2 * x
        if __name__ == "__main__":
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                print(pool.map(double, [1, 2]))
        """,
    "forkserver": """
        import multiprocessing
        def show(x): print(x, __name__)
        if __name__ == "__main__":
            process = multiprocessing.get_context("forkserver").Process(target=show, args=(7,))
            process.start()
            process.join()
            print(process.exitcode)
        """,
    "fork_of_multiprocessing": """
        import multiprocessing
        class Local: pass
        def make(queue): queue.put(Local())
        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        process = context.Process(target=make, args=(queue,))
        process.start()
        print(type(queue.get()) is Local)
        process.join()
        """,
    "subprocess": """
        import subprocess, sys
        sys.stdout.flush()
        print(subprocess.run([sys.executable, "-c", "import sys; sys.exit(4)"]).returncode)
        """,
    # the collector
    "collector": """
        import gc
        print(gc.isenabled(), gc.get_debug(), gc.get_threshold(), gc.garbage, gc.get_freeze_count())
        """,
    "trash_is_saved": """
        import gc
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        print([repr(x)[:200] for x in gc.garbage])
        """,
    "trash_of_its_own": """
        import gc
        gc.collect()
        ring = []
        ring.append(ring)
        del ring
        print(gc.collect(), gc.collect())
        """,
    "trash_at_first": "import gc\nprint(gc.collect())\n",
    "collections_are_printed": """
        import gc
        gc.collect()
        gc.callbacks.append(lambda phase, info: print(phase, info["generation"]))
        ring = []
        ring.append(ring)
        del ring
        gc.collect()
        gc.callbacks.pop()
        """,
    # trace and profile functions
    "trace_is_left": "import sys\nsys.settrace(lambda *a: 1/0)\n",
    "trace_is_left_with_threads": "import sys, threading\nsys.settrace(lambda *a: 1/0)\n",
    "trace_is_left_and_error": "import sys\nsys.settrace(lambda *a: 1/0)\nraise ValueError\n",
    "trace_prints": """
        import sys
        def trace(frame, event, arg):
            print(event, frame.f_code.co_name, frame.f_lineno)
            return trace
        def function():
            return 7
        sys.settrace(trace)
        function()
        """,
    "trace_prints_at_exit": """
        import atexit, sys
        def trace(frame, event, arg):
            print(event, frame.f_code.co_name, frame.f_lineno)
            return trace
        def function():
            print(sys.gettrace())
        atexit.register(function)
        sys.settrace(trace)
        sys.exit(3)
        """,
    "profile_is_left": "import sys\nsys.setprofile(lambda *a: 1/0)\n",
    "profile_prints": """
        import sys
        def profile(frame, event, arg):
            print(event, frame.f_code.co_name, getattr(arg, "__name__", arg))
        def function(): return len([1])
        sys.setprofile(profile)
        function()
        """,
    "profile_prints_at_exit": """
        import atexit, sys
        def profile(frame, event, arg):
            print(event, frame.f_code.co_name, getattr(arg, "__name__", arg))
        def function(): return len([1])
        atexit.register(function)
        sys.setprofile(profile)
        sys.exit(3)
        """,
    "profile_of_threads": """
        import threading
        threading.settrace(lambda *a: print("trace", a[1]))
        threading.setprofile(lambda *a: None)
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        """,
    "profiler": """
        import atexit, cProfile, pstats, sys
        profiler = cProfile.Profile()
        def show():
            profiler.disable()
            print(sorted(key[2] for key in pstats.Stats(profiler).stats if "gcscope" in key[0]))
        atexit.register(show)
        profiler.enable()
        """,
    "monitoring": """
        import sys
        if hasattr(sys, "monitoring"):
            tool = sys.monitoring
            tool.use_tool_id(3, "x")
            tool.register_callback(3, tool.events.PY_START, lambda code, at: print(code.co_name))
            tool.set_events(3, tool.events.PY_START)
            (lambda: 7)()
        """,
    "monitoring_fails": """
        import sys
        if hasattr(sys, "monitoring"):
            tool = sys.monitoring
            tool.use_tool_id(3, "x")
            tool.register_callback(3, tool.events.PY_START, lambda code, at: 1/0)
            tool.set_events(3, tool.events.PY_START)
        """,
    "breakpoint": "x = 7\nbreakpoint()\nprint(x)\n",
    "breakpoint_hook": "import sys\nsys.breakpointhook = lambda: print('here')\nbreakpoint()\n",
    "asyncio": """
        import asyncio
        async def main():
            await asyncio.sleep(0)
            raise ValueError("in a task")
        asyncio.run(main())
        """,
    "doctest": '"""\n>>> 1 + 1\n3\n"""\nimport doctest\nprint(doctest.testmod())\n',
    "unittest": """
        import unittest
        class Case(unittest.TestCase):
            def test(self): self.assertEqual(1, 2)
        unittest.main(argv=["x"])
        """,
    "argparse": """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--nonsense", type=int)
        parser.parse_args(["--nonsense", "x"])
        """,
}


# How plain Python is told what to run, in the folder that `lay_out` makes; name -> words, and what
# standard input gives.
LOOK = """
import sys, os
print(__name__, __file__ if "__file__" in globals() else None)
print(list(globals()))
print(sys.argv)
print(sys.path, sys.flags.safe_path)
print(__spec__, __package__, __doc__, type(__builtins__).__name__)
print(type(__loader__).__name__, getattr(__loader__, "__name__", None))
print(sys.modules["__main__"].__dict__ is globals(), sys._getframe().f_code.co_filename)
print([name for name in sys.modules if name.split(".")[0] != "gcscope"])
import pickle
class Local: pass
print(pickle.loads(pickle.dumps(Local())).__class__ is Local)
import own
"""

CALLS = {
    "script": (["look.py", "a", "-m", "--json"], ""),
    "script from here": (["./look.py"], ""),
    "script from above": (["folder/../look.py"], ""),
    "script of another folder": (["folder/inner.py"], ""),
    "script in a package": (["package/inner.py"], ""),
    "link": (["link.py"], ""),
    "odd name": (["odd n\u00e4me", "x"], ""),
    "error": (["error.py"], ""),
    "error from above": (["folder/../error.py"], ""),
    "compiled": (["look.pyc"], ""),
    "compiled without suffix": (["compiled"], ""),
    "compiled badly": (["bad.pyc"], ""),
    "no utf-8": (["latin.py"], ""),
    "null bytes": (["null.py"], ""),
    "byte order mark": (["mark.py"], ""),
    "device": (["/dev/stdin", "x"], "print(__file__)\n1/0\n"),
    "folder": (["folder", "x"], ""),
    "folder from here": (["./folder/"], ""),
    "folder that fails": (["fails"], ""),
    "bare folder": (["bare"], ""),
    "root": (["/"], ""),
    "no name": ([""], ""),
    "archive": (["app.pyz", "x"], ""),
    "archive with another suffix": (["app.bin", "x"], ""),
    "archive that fails": (["fails.zip"], ""),
    "bare archive": (["bare.zip"], ""),
    "missing": (["missing.py", "x"], ""),
    "missing from above": (["no/../missing.py"], ""),
    "missing below a file": (["look.py/x"], ""),
    "module": (["-m", "package", "x", "-y"], ""),
    "module in a word": (["-mpackage", "x"], ""),
    "module of a package": (["-m", "package.inner"], ""),
    "module that fails": (["-m", "error"], ""),
    "module with a bad import": (["-m", "lacks"], ""),
    "module that is missing": (["-m", "no_such_module"], ""),
    "module of a package that is missing": (["-m", "package.no_such_module"], ""),
    "module without main": (["-m", "mainless"], ""),
    "relative module": (["-m", ".package"], ""),
    "module of the library": (["-m", "json.tool"], "[1, 2]"),
    "module in C": (["-m", "sys"], ""),
    "module timeit": (["-m", "timeit", "--help"], ""),
    "module that runs a script": (["-m", "trace", "--count", "-C", "/dev/null/x", "error.py"], ""),
    "module pdb": (["-m", "pdb", "error.py"], "where\nquit\n"),
    "code": (["-c", LOOK, "a", "--b"], ""),
    "code in a word": (["-cimport sys; print(sys.argv)", "-q"], ""),
    "code that fails": (["-c", "def f():\n    1/0\nf()"], ""),
    "code with an error of syntax": (["-c", "print(1)\na b"], ""),
    "code that is indented": (["-c", "  print(1)\n  print(2)"], ""),
    "code with a warning": (["-c", "import warnings; warnings.warn('x', stacklevel=2)"], ""),
    "code with source": (["-c", "import linecache; print(linecache.getline('<string>', 1))"], ""),
    "no code": (["-c", ""], ""),
    "stdin": (["-", "a", "-b"], LOOK),
    "stdin without a word": ([], LOOK),
    "stdin that fails": (["-"], "def f():\n    1/0\nf()\n"),
    "stdin with an error of syntax": (["-"], "print(1)\na b\n"),
    "stdin without a newline": (["-"], "print(__file__)"),
    "stdin that reads": (["-"], "print(input())\n7\n"),
    "stdin with nothing": (["-"], ""),
}


def lay_out(folder):
    """Make the files that CALLS names."""
    import os
    import py_compile
    import zipfile

    error = "def f():\n    1/0\nif __name__ != 'x': f()\n"
    texts = {
        "look.py": LOOK,
        "odd n\u00e4me": LOOK,
        "error.py": error,
        "lacks.py": "import no_such_module_anywhere\n",
        "own.py": "print('own')\n",
        "folder/own.py": "print('own of a folder')\n",
        "folder/inner.py": LOOK,
        "folder/__main__.py": LOOK,
        "fails/__main__.py": error,
        "package/own.py": "print('own of a package')\n",
        "package/__init__.py": "print(__name__, __import__('sys').argv)\n",
        "package/__main__.py": LOOK,
        "package/inner.py": LOOK,
        "mainless/__init__.py": "",
        "bare/nothing": "",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "latin.py").write_bytes(b"print(1)\nx = '\xe9'\n")
    (folder / "null.py").write_bytes(b"print(1)\nx = '\0'\n")
    (folder / "mark.py").write_bytes(b"\xef\xbb\xbfprint(ascii('\xc3\xa9'))\n")
    (folder / "bad.pyc").write_bytes(b"nonsense")
    (folder / "link.py").symlink_to(folder / "folder/inner.py")
    py_compile.compile(folder / "look.py", folder / "look.pyc")
    os.link(folder / "look.pyc", folder / "compiled")
    archives = {"app.pyz": "folder", "app.bin": "folder", "fails.zip": "fails", "bare.zip": "bare"}
    for archive, content in archives.items():
        with zipfile.ZipFile(folder / archive, "w") as file:
            for path in sorted((folder / content).iterdir()):
                file.write(path, path.name)
