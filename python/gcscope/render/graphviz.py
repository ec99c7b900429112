"""Pictures as files and in notebooks: the one room that runs Graphviz.

It runs as a process of its own: `dot` on PATH, or else a Python that has the `pygraphviz` of the
`viz` extra, whose wheel brings a Graphviz along. That needs neither subprocess nor tempfile: to
import those would leave cyclic trash in the program under study. Whatever goes wrong there, a
notebook gets its picture as Mermaid, and its text in any case.
"""

from __future__ import annotations

import os
import sys
import time

from gcscope.model.picture import Picture
from gcscope.render.dot import dot_of
from gcscope.render.svg import accessible

SECONDS = 20.0  # for one picture
DOTS_PER_INCH = 144  # of PNG
HOW_TO_GET_IT = 'apt-get install graphviz, or pip install "gcscope[viz]"'

_PNG = b"\x89PNG\r\n\x1a\n"
_PYGRAPHVIZ = """
import sys
from pygraphviz import AGraph
text = sys.stdin.buffer.read().decode()
sys.stdout.buffer.write(AGraph(string=text).draw(format=sys.argv[1], prog="dot"))
"""


class CannotDraw(OSError):
    """Graphviz is not to be had, or failed.

    The message says what was written instead, and where to get it.
    """


def without_graphviz(wanted: str, then: str) -> CannotDraw:
    """Return the error of what is drawn by Graphviz; then leads on to where that is to be had."""
    return CannotDraw(
        f"Graphviz is needed for {wanted}, and is not here or failed{then} {HOW_TO_GET_IT}"
    )


# ------------------------------------------------------------------------------- Graphviz


def svg_of(
    picture: Picture, hidden: frozenset[str] = frozenset(), rings: frozenset[str] | None = None
) -> str | None:
    """Draw a picture as SVG, well-formed, with title and description; None without Graphviz.

    hidden, rings: as in dot_of.
    """
    drawn = _graphviz(dot_of(picture, hidden, rings), "svg")
    return accessible(drawn.decode("utf-8", "replace"), picture) if drawn is not None else None


def png_of(picture: Picture) -> bytes | None:
    """Draw a picture as PNG; None without Graphviz."""
    text = dot_of(picture).replace("graph [", f'graph [dpi="{DOTS_PER_INCH}", ', 1)
    drawn = _graphviz(text, "png")
    return drawn if drawn is not None and drawn.startswith(_PNG) else None


def _graphviz(text: str, form: str) -> bytes | None:
    """Draw a text in DOT by Graphviz; None if none of the ways to it leads to a drawing."""
    drawn = _output_of(["dot", f"-T{form}"], text)
    if not drawn and sys.executable and _has_pygraphviz():
        drawn = _output_of([sys.executable, "-P", "-W", "ignore", "-c", _PYGRAPHVIZ, form], text)
    return drawn or None


def _has_pygraphviz() -> bool:
    return any(
        os.path.isdir(os.path.join(folder, "pygraphviz"))
        for folder in sys.path
        if isinstance(folder, str)
    )


def _output_of(command: list[str], text: str) -> bytes | None:
    """Run a program on a text and return what it writes; None if that fails or is too slow."""
    try:
        given, written = os.memfd_create("gcscope"), os.memfd_create("gcscope")
    except OSError:
        return None
    try:
        with os.fdopen(os.dup(given), "wb") as file:
            file.write(text.encode())
        os.lseek(given, 0, os.SEEK_SET)
        files = [
            (os.POSIX_SPAWN_DUP2, given, 0),
            (os.POSIX_SPAWN_DUP2, written, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        process = os.posix_spawnp(command[0], command, os.environ, file_actions=files)
        if not _ends_well(process):
            return None
        with os.fdopen(os.dup(written), "rb") as file:
            file.seek(0)
            return file.read()
    except OSError:
        return None
    finally:
        os.close(given)
        os.close(written)


def _ends_well(process: int) -> bool:
    """Wait for a process, for SECONDS at most; it is gone afterwards, come what may."""
    until, pause = time.monotonic() + SECONDS, 0.001
    ended = False
    try:
        while time.monotonic() < until:
            found, status = os.waitpid(process, os.WNOHANG)
            if found:
                ended = True
                return os.waitstatus_to_exitcode(status) == 0
            time.sleep(pause)
            pause = min(2 * pause, 0.05)
        return False
    except ChildProcessError:  # the program under study has all its children reaped
        ended = True
        return True
    finally:
        if not ended:
            os.kill(process, 9)
            os.waitpid(process, 0)
