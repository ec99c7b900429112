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
from math import ceil

from gcscope.model.picture import Picture
from gcscope.render.dot import NO_SIZES, dot_of, dot_of_boxes
from gcscope.render.png import SIGNATURE, Unreadable, below_each_other
from gcscope.render.svg import accessible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gcscope.model.picture import Box
    from gcscope.render.dot import Size

SECONDS = 20.0  # for one picture
DOTS_PER_INCH = 144  # of PNG
HOW_TO_GET_IT = 'apt-get install graphviz, or pip install "gcscope[viz]"'

_WITH_PALETTE = "png:cairo:gd"  # Cairo draws, and gd writes
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
    picture: Picture,
    hidden: frozenset[str] = frozenset(),
    rings: frozenset[str] | None = None,
    sizes: Mapping[str, Size] = NO_SIZES,
) -> str | None:
    """Draw a picture as SVG, well-formed, with title and description; None without Graphviz.

    hidden, rings, sizes: as in dot_of.
    """
    drawn = _graphviz(dot_of(picture, hidden, rings, sizes), "svg")
    return accessible(drawn.decode("utf-8", "replace"), picture) if drawn is not None else None


def png_of(picture: Picture) -> bytes | None:
    """Draw a picture as PNG; None without Graphviz."""
    text = dot_of(picture).replace("graph [", f'graph [dpi="{DOTS_PER_INCH}", ', 1)
    return _png_in(text, "png")


def small_png_of(texts: list[str]) -> bytes | None:
    """Draw texts in DOT below each other as one small PNG, as large as their SVG is on a page.

    None without Graphviz. One that knows no palette draws a single text, which takes more space.
    """
    files = [_png_in(text, _WITH_PALETTE) for text in texts]
    try:
        return below_each_other(b"".join(files))  # type: ignore[arg-type]
    except (TypeError, ImportError, Unreadable):  # none drawn; a Python without zlib; another form
        return _png_in(texts[0], "png") if len(texts) == 1 else None


def sizes_of(boxes: list[Box]) -> dict[str, Size]:
    """Measure boxes without groups: of those with a key, the widest width and the highest height.

    They are rounded up, to hundredths of an inch. Without Graphviz nothing is known of any.
    """
    drawn = _graphviz(dot_of_boxes(boxes), "plain") if boxes else None
    sizes: dict[str, Size] = {}
    try:
        for number, width, height in _nodes_in(drawn or b""):
            widest, highest = sizes.get(boxes[number].key, (0.0, 0.0))
            sizes[boxes[number].key] = max(width, widest), max(height, highest)
    except (ValueError, IndexError, OverflowError):  # that is no drawing of boxes
        return {}
    return sizes


def _nodes_in(drawn: bytes) -> Iterator[tuple[int, float, float]]:
    """Read the boxes in Graphviz's form "plain": each one's number, width and height.

    Raises ValueError, IndexError or OverflowError if the text has another form.
    """
    whole_lines = drawn.decode("utf-8", "replace").replace("\\\n", "")
    for line in whole_lines.splitlines():
        if line.startswith("node "):
            _, name, _, _, width, height, _ = line.split(" ", 6)
            yield int(name.removeprefix("box")), _rounded_up(width), _rounded_up(height)


def _rounded_up(inches: str) -> float:
    return ceil(100 * float(inches)) / 100


def _png_in(text: str, form: str) -> bytes | None:
    drawn = _graphviz(text, form)
    return drawn if drawn is not None and drawn.startswith(SIGNATURE) else None


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


def _nameless_file() -> int:
    """Return the descriptor of an empty file that nobody else sees: in memory, or else on disk.

    Raises OSError where there can be none.
    """
    if hasattr(os, "memfd_create"):  # Linux
        return os.memfd_create("gcscope")
    folder = os.environ.get("TMPDIR") or "/tmp"
    path = os.path.join(folder, f".gcscope-{os.getpid()}-{time.monotonic_ns()}")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    os.unlink(path)
    return descriptor


def _output_of(command: list[str], text: str) -> bytes | None:
    """Run a program on a text and return what it writes; None if that fails or is too slow."""
    if not hasattr(os, "posix_spawnp"):
        return None
    opened: list[int] = []
    try:
        for _ in range(2):
            opened.append(_nameless_file())
        given, written = opened
        with os.fdopen(os.dup(given), "wb") as file:
            file.write(text.encode())
        os.lseek(given, 0, os.SEEK_SET)
        actions = [
            (os.POSIX_SPAWN_DUP2, given, 0),
            (os.POSIX_SPAWN_DUP2, written, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        process = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
        if not _ends_well(process):
            return None
        with os.fdopen(os.dup(written), "rb") as file:
            file.seek(0)
            return file.read()
    except OSError:
        return None
    finally:
        for descriptor in opened:
            os.close(descriptor)


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
