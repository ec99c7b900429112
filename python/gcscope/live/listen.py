"""The word `listen`: a process that runs answers `gcscope attach`, over a socket.

A thread waits on the socket (worker.py), and each question has one of its own until it is answered.
None costs anything while it waits, and none is there at a fork.
"""

from __future__ import annotations

import atexit
import os
import stat
from _thread import RLock
from time import monotonic, time

from gcscope.live import answer as answers
from gcscope.live.folder import check_length, private_folder, socket_path
from gcscope.live.peer import accepted, is_deserted, is_socket, unix_socket
from gcscope.live.question import question
from gcscope.live.request import WANTS, error_body, framed
from gcscope.live.worker import wait, worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Iterator
    from os import PathLike

    from gcscope._core import Worker
    from gcscope.live.worker import Wait

_MOST = 16  # questions at once; more have to wait
_BACKLOG = 64
_PATIENCE = 10.0  # seconds for which an asker may be silent, or not read
_LONGEST = 1 << 16  # bytes of a question
_SOON = 0.05  # seconds for which a child first has no socket: daemons close all right after a fork
_LATER = 0.5  # seconds
_PAUSE = 0.1  # seconds until it is tried again where there are too many, or no descriptor is left


class _Conversation:
    """One question and its answer, by a thread that is another one after each fork.

    descriptor: of the connection. In a forked child it is closed, and nothing goes on; nor where
    the program has closed it.
    """

    __slots__ = ("answer", "descriptor", "received", "talks", "worker")

    def __init__(self, descriptor: int, talks: dict[_Conversation, None]) -> None:
        self.descriptor = descriptor
        self.talks = talks
        self.received = b""
        self.answer: bytes | None = None
        self.worker = worker(self.steps, descriptor=descriptor)

    def begin(self) -> None:
        """Begin the thread, which ends with the conversation; where there can be none, hang up."""
        try:
            self.talks[self] = None
            self.worker.start()
        except (RuntimeError, MemoryError):
            self.end()
            self.worker.stop()

    def end(self) -> None:
        """Hang up."""
        self.worker.release()
        self.talks.pop(self, None)

    def steps(self) -> Iterator[Wait]:
        """Hear, look, answer: from where it was, if a fork has interrupted the look."""
        try:
            yield from self._hear()
            if self.answer is None:
                yield from self._look()
            yield from self._say()
        except GeneratorExit:
            if not self.worker.lost:  # a fork has interrupted it, or this is a child
                raise
        except Exception:  # the asker has hung up, or there is no memory
            pass
        self.end()

    def _own(self) -> int:
        """Return the descriptor. Raises ConnectionError where it is the program's now."""
        if not self.worker.holds():
            raise ConnectionError
        return self.descriptor

    def _hear(self) -> Iterator[Wait]:
        until = monotonic() + _PATIENCE
        while b"\n" not in self.received:
            left = until - monotonic()
            if left <= 0 or len(self.received) > _LONGEST:
                raise TimeoutError
            yield wait(left, self.descriptor)
            try:
                data = os.read(self._own(), _LONGEST)
            except BlockingIOError:
                continue
            if not data:
                raise ConnectionError
            self.received += data

    def _look(self) -> Iterator[Wait]:
        try:
            request = question(self.received)
        except ValueError as error:
            self.answer = framed("", error_body(f"the question was not understood: {error}"))
            return
        if request.until and time() > request.until:
            raise TimeoutError
        looking = answers.answering(request)
        self.worker.interruptible = answers.may_be_interrupted(request)
        while self.answer is None:
            try:
                seconds, descriptor, writing = next(looking)
            except StopIteration as end:
                self.answer = framed(request.identity, end.value)
            else:
                waits = iter([(seconds, descriptor, writing)])
                yield from waits if descriptor >= 0 else self._pause(seconds)
        self.worker.interruptible = False

    def _pause(self, seconds: float | None) -> Iterator[Wait]:
        """Wait for so long, but not longer than the asker does, who has nothing more to say."""
        until = monotonic() + (seconds or 0)
        while (left := until - monotonic()) > 0:
            yield wait(left, self.descriptor)
            try:
                os.read(self._own(), 1)
            except BlockingIOError:
                continue
            raise ConnectionError

    def _say(self) -> Iterator[Wait]:
        left = memoryview(self.answer or b"")
        until = monotonic() + _PATIENCE
        while left:
            try:
                left = left[os.write(self._own(), left) :]
                until = monotonic() + _PATIENCE
            except BlockingIOError:
                if monotonic() >= until:
                    return
                yield wait(until - monotonic(), self.descriptor, writing=True)


# --------------------------------------------------------------------------- the socket


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass
    return True


def _sweep(folder: str) -> None:
    """Remove the sockets that processes have left which are dead."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if name.isascii() and name.isdecimal() and not _lives(int(name)) and is_deserted(path):
            _unlink(path)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def _make_way(path: str) -> None:
    """Remove a socket on which nobody listens. Raises OSError where something else is there."""
    if not os.path.lexists(path):
        return
    if not is_socket(path):
        raise FileExistsError(f"{path} is there, and is no socket: give listen() another path")
    if not is_deserted(path):
        raise FileExistsError(f"another process listens at {path}: give listen() another path")
    _unlink(path)


def _bound(path: str) -> _socket.socket:
    """Return a new socket that listens at a path, for its own user alone.

    Linux makes its file with the mode that it has, elsewhere the mode is set before it listens.
    """
    check_length(path)
    _make_way(path)
    server = unix_socket()
    try:
        try:
            os.fchmod(server.fileno(), 0o600)
        except OSError:
            pass
        server.bind(path)
        if stat.S_IMODE(os.lstat(path).st_mode) != 0o600:
            os.chmod(path, 0o600)
        server.listen(_BACKLOG)
    except BaseException:
        server.close()
        raise
    return server


def _identity(path: str) -> tuple[int, int]:
    status = os.lstat(path)
    return status.st_dev, status.st_ino


def _runtime_dir() -> str | None:
    return os.environ.get("XDG_RUNTIME_DIR")


def _default_path() -> str:
    return socket_path(os.getpid(), os.geteuid(), _runtime_dir())


class Listener:
    """What `listen` returns: a socket at which this process is asked, until it is closed."""

    __slots__ = ("_file", "_given", "_path", "_process", "_talks", "_worker")

    def __init__(self, given: str | None) -> None:
        self._given = given
        self._talks: dict[_Conversation, None] = {}
        self._path, self._file = given or "", (0, 0)
        self._process = os.getpid()
        self._worker: Worker | None = None

    def _begin(self) -> None:
        """Make the socket, and the thread that waits at it; or neither, where that fails."""
        try:
            self._worker = thread = worker(self._steps, in_child=self._given is None)
            server = self._open()  # closed with the last reference to it, until it is detached
            try:
                self._take(server, thread)
                _listeners.append(self)
                thread.start()
            finally:
                thread.descriptor = max(server.detach(), thread.descriptor)
        except BaseException:
            self.close()
            raise

    def _open(self) -> _socket.socket:
        """Make the socket."""
        if self._given is None:
            _sweep(private_folder(os.geteuid(), _runtime_dir()))
            self._path = _default_path()
        return _bound(self._path)

    def _take(self, server: _socket.socket, thread: Worker) -> None:
        """Make a socket this listener's."""
        self._file = _identity(self._path)
        thread.descriptor = server.fileno()
        self._process = os.getpid()

    @property
    def path(self) -> str:
        """Where the socket lies; of the default one, in a forked child, where the child's does."""
        if self._given is None and self._process != os.getpid():
            return _default_path()
        return self._path

    def _is_open(self) -> bool:
        """Return whether it is open, or about to be, in this process.

        Not where the program has closed its descriptors.
        """
        is_of_here = self._process == os.getpid() or self._given is None
        return is_of_here and self._worker is not None and self._worker.holds()

    def close(self) -> None:
        """Listen no more, and remove the socket. May be called twice.

        What is being answered is answered. In a forked child, the parent goes on listening.
        """
        if self._worker is not None:
            self._worker.stop()
        self._leave()

    def _leave(self) -> None:
        """Be none of the listeners any more."""
        if self._process == os.getpid():
            self._remove()
        else:
            self._talks.clear()
        try:
            _listeners.remove(self)
        except ValueError:
            pass

    def _remove(self) -> None:
        """Remove the socket, if it is there."""
        try:
            if _identity(self._path) == self._file:
                _unlink(self._path)
        except OSError:
            pass
        self._file = (0, 0)  # by which the next socket there may be known
        if self._worker is not None:
            self._worker.release()

    def __repr__(self) -> str:
        return f"<gcscope.listen at {self.path!r}>"

    def _steps(self) -> Iterator[Wait]:
        """Answer; until the program has closed the socket, or there can be none in this child."""
        assert self._worker is not None
        try:
            if self._process != os.getpid():  # a forked child has a socket of its own
                self._talks.clear()  # they refer to it
                yield from self._open_anew(self._worker)
            yield from self._attend(self._worker)
        except GeneratorExit:
            if not self._worker.lost:  # it was closed, or this is a child
                raise
        except Exception:
            pass
        self._leave()

    def _open_anew(self, thread: Worker) -> Iterator[Wait]:
        """Make the socket of a child; later, where the child is just about to change its user.

        Not at once: a descriptor that the program closes while this uses it could be another one.
        """
        yield wait(_SOON)
        try:
            self._renew(thread)
        except OSError:
            yield wait(_LATER)
            self._renew(thread)

    def _renew(self, thread: Worker) -> None:
        server = self._open()
        try:
            self._take(server, thread)
        except OSError:  # the folder is that of another user now
            server.close()
            raise
        server.detach()

    def _attend(self, thread: Worker) -> Iterator[Wait]:
        """Begin a conversation with each who comes, for as long as the socket is ours.

        Where there is no memory, this waits, as where there is no descriptor.
        """
        later, until_one_comes = wait(_PAUSE), wait(descriptor=thread.descriptor)
        while thread.holds():
            try:
                is_busy = not self._accept(thread.descriptor)
            except (OSError, MemoryError):
                is_busy = True
            yield later if is_busy else until_one_comes

    def _accept(self, server: int) -> bool:
        """Begin a conversation with all who have come; False where that is to be tried again.

        Raises OSError where no descriptor is left, MemoryError where there is no memory.
        """
        while len(self._talks) < _MOST:
            try:
                descriptor = accepted(server)
            except BlockingIOError:
                return True
            if descriptor is not None:
                self._answer(descriptor)
        return False

    def _answer(self, descriptor: int) -> None:
        try:
            conversation = _Conversation(descriptor, self._talks)
        except (OSError, MemoryError):  # no pipe
            os.close(descriptor)
        else:
            conversation.begin()


_listeners: list[Listener] = []
_prepared: list[int] = []
_beginning = RLock()  # one thread at a time looks whether a path is listened at, and begins
# who had it may not be there in a child; as the module threading does
os.register_at_fork(after_in_child=_beginning._at_fork_reinit)  # type: ignore[attr-defined]


def _close_all() -> None:
    for listener in tuple(_listeners):
        listener.close()


def _prepare() -> None:
    """Load what the answers need, and see to the end of the process, once."""
    if not _prepared:
        for want in WANTS:
            answers.prepare(want)
        atexit.register(_close_all)
        _prepared.append(1)


def _checked(path: str | PathLike[str]) -> str:
    name = os.fspath(path)
    if not isinstance(name, str):
        raise TypeError(f"listen() takes a path as a str, not as {type(name).__qualname__!r}")
    if not name or "\0" in name:
        raise ValueError("listen() takes the path of a file, not an abstract name")
    return os.path.abspath(name)


def listen(path: str | PathLike[str] | None = None) -> Listener:
    """Let `gcscope attach` ask this process, over a socket that only its own user may use.

        gcscope.listen()        # once, at the start of a service

    Where `gcscope attach PID` cannot reach the main thread (before Python 3.14, or while that
    blocks in C) it asks there. Nothing is looked at until somebody asks; until then a thread waits,
    in no time of the processor. The socket is `$XDG_RUNTIME_DIR/gcscope/PID`, else PID in a private
    folder of the user in the temporary one, and goes with the process; what a killed one leaves is
    removed by the next. Its mode is 0600, and only its own user and root are heard.

    Returns a handle: its `path`, and `close()`. For a path that is listened at already it is the
    same handle.

    The threads of it end before a fork and begin anew after it, in the parent; so no fork warns of
    them. A forked child has a socket of its own, by its own PID; where a path was given, none.

    A program that closes all descriptors, as a daemon does, closes the socket with them: it calls
    listen() after that, for a new one. Whatever it opens by these numbers is not touched.

    Raises OSError, with a text that says why, where there can be no such socket, or the folder is
    not private; RuntimeError in a subinterpreter, and where the system gives no thread; TypeError
    and ValueError if path is none.
    """
    given = None if path is None else _checked(path)
    place = given or _default_path()
    with _beginning:
        for listener in tuple(_listeners):
            if not listener._is_open():  # of a parent, or its descriptors were closed
                listener.close()
            elif listener.path == place:
                return listener
        _prepare()
        listener = Listener(given)
        listener._begin()
        return listener
