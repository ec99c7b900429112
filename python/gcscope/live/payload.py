"""What the main thread of a process is made to run: the script of sys.remote_exec, as text.

It is flat, in a namespace of its own: a def would leave a ring of the function and that namespace.
The main thread does no more than to start a thread. So it is stopped for less than a millisecond.
The thread loads gcscope from where it lies for the asker, with no change of sys.path, if it fits;
a process that has it loaded uses its own. Then it begins the one that looks (worker.py), and ends.

What comes from outside stands in the text as literals.
"""

from __future__ import annotations

from gcscope.live.folder import ANSWER
from gcscope.live.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# From the first to before the second the collector is another one, and with it its lists and the
# places of all that comes behind them: what is compiled for the one does not fit the other.
OTHER_COLLECTOR = (0x030E0000, 0x030E0500)

# What a signal handler of the program raises in here (SystemExit, KeyboardInterrupt) would be
# printed and lost. So it is raised anew behind us, by the handler of a signal that nobody uses; set
# off by no call of this code, after which the interpreter would look for signals, but by an
# unpacking, after which it does not. One that comes while this itself is read and compiled is lost:
# so it is short.
_SCRIPT = """\
try:
    exec({main!r}, {{}})
except Exception:
    pass
except BaseException as error:
    error.__traceback__ = None
    box = {{"error": error}}
    exec({handler!r}, box)
    (_,) = box.pop("sets_it_off")
"""

# Nothing refers to the handler but the table of signals, and so its globals are in no ring.
_HANDLER = """\
import _signal, _thread
def handler(*_):
    _signal.signal(number, _signal.SIG_DFL)
    raise globals().pop("error")
sets_it_off = iter((None,))
for number in (_signal.SIGURG, _signal.SIGWINCH, _signal.SIGCONT, _signal.SIGCHLD):
    if _signal.getsignal(number) == _signal.SIG_DFL:
        _signal.signal(number, handler)
        sets_it_off = map(_thread.interrupt_main, (number,))
        break
del handler
"""

# The script is removed at once: who asks sees that the process has come to it. A process that comes
# to it too late finds a script that does nothing else, and no missing file to complain about.
# gevent and its like put their own functions into _thread: then a fresh copy of that has the real
# ones.
_MAIN = """\
import _thread, posix, sys, time
posix.unlink({script!r})
if {until!r} and time.clock_gettime(time.CLOCK_REALTIME) > {until!r}:
    posix.rmdir({folder!r})
else:
    start, fresh = _thread.start_new_thread, {{}}
    if type(start) is not type(len):
        known = sys.modules.get("gcscope.live.originals")
        fresh = vars(known)["FRESH"] if known is not None else fresh
        if "_thread" not in fresh:
            from _frozen_importlib import BuiltinImporter, module_from_spec
            spec = BuiltinImporter.find_spec("_thread")
            fresh["_thread"] = module_from_spec(spec)
            BuiltinImporter.exec_module(fresh["_thread"])
        start = fresh["_thread"].start_new_thread
    try:
        start(exec, ({thread!r}, {{"fresh": fresh}}))
    except RuntimeError:
        start = None
    if start is None:
        exec({thread!r}, {{"fresh": fresh}})
"""

# Others that import gcscope meanwhile wait for the lock, as this does for them. What has the lock
# and finds a half-made module runs in the very thread that is making it.
# The frame of the answer is that of gcscope.live.request.framed, which may not be to be had.
_THREAD = """\
import posix, sys
package, folder, request = {package!r}, {folder!r}, {request!r}
reason, lease = "", None
try:
    import _imp
    from _frozen_importlib import _ModuleLockManager, module_from_spec
    from _frozen_importlib_external import spec_from_file_location
    core = package + "/_core" + _imp.extension_suffixes()[0]
    first, last = {other_collector!r}
    own = "Python %d.%d.%d (%s)" % (*sys.version_info[:3], sys.executable or "embedded")
    with _ModuleLockManager("gcscope"):
        loaded = sys.modules.get("gcscope")
        if loaded is not None:
            version = vars(loaded).get("__version__")
            if getattr(vars(loaded).get("__spec__"), "_initializing", False):
                reason = "the process is just importing gcscope: ask again"
            elif version != request["gcscope"]:
                reason = "the process has gcscope %s loaded, and gcscope %s asks: %s" % (
                    version, request["gcscope"], "ask with the version that it has"
                )
        elif (first <= sys.hexversion < last) != (first <= {built_for!r} < last):
            reason = "the process runs %s, and %s was compiled for %s: %s" % (
                own, package, "a 3.14 whose collector is another one (it was changed in 3.14.5)",
                "install gcscope for that Python, and ask with it"
            )
        else:
            try:
                posix.close(posix.open(core, posix.O_RDONLY | posix.O_CLOEXEC))
            except PermissionError:
                reason = "the process acts as user %d, who may not read %s: %s" % (
                    posix.geteuid(), package, "install gcscope where that user may, and ask with it"
                )
            except OSError:
                reason = "the process runs %s, and there is no %s for it: %s" % (
                    own, core, "install gcscope for that Python, and ask with it"
                )
        if not reason and loaded is None:
            spec = spec_from_file_location(
                "gcscope", package + "/__init__.py", submodule_search_locations=[package]
            )
            module = module_from_spec(spec)
            spec._initializing = True
            sys.modules["gcscope"] = module
            try:
                spec.loader.exec_module(module)
                import gcscope._core
            except BaseException:
                for name in [name for name in sys.modules if name.partition(".")[0] == "gcscope"]:
                    del sys.modules[name]
                raise
            finally:
                spec._initializing = False
    if not reason:
        from gcscope._core import Lease
        lease = Lease()
        from gcscope.live.answer import begin_answer, prepare
        from gcscope.live.request import Request
        from gcscope.live.originals import FRESH
        FRESH.update(fresh)
        prepare(request["want"], request["fork"])
        lease = None
        begin_answer(Request(**request), folder)
except Exception as error:
    reason = "gcscope could not be loaded in the process: %s: %s" % (type(error).__name__, error)
except BaseException as error:
    reason = "the program has interrupted the look: %s" % type(error).__name__
    raise
finally:
    lease = None
    try:
        if reason:
            data = ("error: " + " ".join(reason.split())).encode("utf-8", "backslashreplace")
            data = b"gcscope-answer %b %d\\n%b" % (request["identity"].encode(), len(data), data)
            flags = posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_NOFOLLOW
            file = posix.open(folder + "/.answer", flags | posix.O_CLOEXEC, 0o600)
            try:
                posix.fchmod(file, 0o600)
                while data:
                    data = data[posix.write(file, data) :]
            finally:
                posix.close(file)
            posix.replace(folder + "/.answer", folder + "/{answer}")
    except Exception:
        pass
"""


def _fields(request: Request) -> Mapping[str, object]:
    return {name: getattr(request, name) for name in request.__slots__}


def script_of(request: Request, script: str, package: str, built_for: int) -> str:
    """Write the script that answers a request.

    script: its own path; the answer goes into its folder. package: where gcscope lies. built_for:
    the release for which that was compiled, as sys.hexversion has it.
    """
    folder = script.rpartition("/")[0]
    thread = _THREAD.format(
        package=package,
        built_for=built_for,
        other_collector=OTHER_COLLECTOR,
        request=_fields(request),
        folder=folder,
        answer=ANSWER,
    )
    main = _MAIN.format(script=script, folder=folder, until=request.until, thread=thread)
    return _SCRIPT.format(main=main, handler=_HANDLER)
