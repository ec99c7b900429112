"""The magics of IPython: `%load_ext gcscope` gives `%gcscope` and `%%gcscope`.

A cell under `%%gcscope` is run by IPython as any other: its first line is made a comment, and the
watch stands in the shell's own events around it. It ends before IPython shows an exception: the
colours of that leave rings of their own, and the exception that was shown before goes then, with
all that it kept alive.
"""

from __future__ import annotations

import sys

from IPython.core import display_functions
from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand

from gcscope.api.draw import picture_of_neighborhood
from gcscope.api.holders import holders_of, parted
from gcscope.api.lease import Lease
from gcscope.api.neighborhood import is_listed, look
from gcscope.api.watch import Watch
from gcscope.api.why_alive import why_alive_of
from gcscope.model.phrases import plural, waiting_line, with_article

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gcscope.model.picture import Picture
    from gcscope.model.results import Chain, Holders, Report


display: Any = display_functions.display

_LINE = "%%gcscope"
_LINE_MAGIC = "%gcscope"
_USAGE = "%gcscope takes an expression: %gcscope my_object"


class Magics:
    """The magics of one shell, and the events and transformer that they need."""

    __slots__ = ("_depth", "_report", "_watch", "shell")

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self._watch: Watch | None = None
        self._report: Report | str | None = None
        self._depth = 0  # of cells that run: one may run others, by run_cell

    def load(self) -> None:
        """Give the shell its magics."""
        self.shell.register_magic_function(self.line, "line", "gcscope")
        self.shell.register_magic_function(self.cell, "cell", "gcscope")
        self.shell.set_hook("complete_command", self.complete, str_key=_LINE_MAGIC)
        self.shell.events.register("pre_run_cell", self.begin)
        self.shell.events.register("post_run_cell", self.finish)
        self.shell.input_transformers_cleanup.insert(0, self.transform)

    def unload(self) -> None:
        """Take them away."""
        for kind in ("line", "cell"):
            self.shell.magics_manager.magics[kind].pop("gcscope", None)
        self.shell.strdispatchers["complete_command"].strs.pop(_LINE_MAGIC, None)
        self.shell.events.unregister("pre_run_cell", self.begin)
        self.shell.events.unregister("post_run_cell", self.finish)
        self.shell.input_transformers_cleanup.remove(self.transform)
        self._stop()

    # ---------------------------------------------------------------------- %%gcscope

    def transform(self, lines: list[str]) -> list[str]:
        """Make the first line of a cell under %%gcscope a comment."""
        if lines and lines[0].rstrip() == _LINE and not self._depth:
            return [f"# {lines[0]}", *lines[1:]]
        return lines

    def begin(self, info: Any) -> None:
        """Watch the cell that is about to run, if it begins with %%gcscope."""
        self._depth += 1
        if self._depth > 1:  # that cell is watched, if any is
            return
        self._stop()
        if not isinstance(info.raw_cell, str) or info.raw_cell.split("\n", 1)[0].rstrip() != _LINE:
            return
        self.shell.showtraceback = self.show_traceback
        self.shell.showsyntaxerror = self.show_syntax_error
        watch = Watch(older=True)  # a name may have gone that an earlier cell has made
        watch.__enter__()
        self._watch = watch

    def show_traceback(self, *args: Any, **kwargs: Any) -> Any:
        """Look at what the cell has left, and then let IPython show its exception."""
        self._look()
        self._give_back()
        return self.shell.showtraceback(*args, **kwargs)

    def show_syntax_error(self, *args: Any, **kwargs: Any) -> Any:
        """Do the same for a cell that is no Python."""
        self._look()
        self._give_back()
        return self.shell.showsyntaxerror(*args, **kwargs)

    def finish(self, _result: Any) -> None:
        """Show what the cell has left."""
        self._depth = max(0, self._depth - 1)
        if self._depth:
            return
        self._look()
        self._give_back()
        report, self._report = self._report, None
        if isinstance(report, str):
            print(f"gcscope: there is no telling what this cell left: {report}", file=sys.stderr)
        elif report is not None and not report.cycles:
            lines = ["this cell left no rings behind", *_waiting_lines(report), *report.notes]
            print("\n".join(f"gcscope: {line}" for line in lines))
        elif report is not None:
            display(report)

    def _look(self) -> None:
        """End the watch, if there is one."""
        watch, self._watch = self._watch, None
        if watch is None:
            return
        try:
            watch.__exit__(None, None, None)
            self._report = watch.report
        except Exception as error:  # no memory: no error of the cell
            self._report = f"{type(error).__name__}: {error}".removesuffix(": ")

    def _give_back(self) -> None:
        """Let the shell show exceptions as its class does."""
        for name, own in (
            ("showtraceback", self.show_traceback),
            ("showsyntaxerror", self.show_syntax_error),
        ):
            if vars(self.shell).get(name) == own:
                delattr(self.shell, name)

    def _stop(self) -> None:
        """Drop a watch whose cell never ended."""
        self._look()
        self._give_back()
        self._report = None

    def cell(self, line: str, _cell: str) -> None:
        """Run a cell as ever, and show the rings that it leaves behind.

            %%gcscope
            work()

        What the cell prints, shows and raises is as without it. Automatic collection goes on as the
        notebook has it, and what it takes is told as well; what was unreachable before is not
        blamed on the cell, nor is what IPython leaves when it shows an exception. A variable of the
        notebook still holds what it holds: that is in use, and no ring that is left.
        """
        if line.strip():
            raise UsageError("%%gcscope takes nothing in its line; the cell stands below it")
        raise UsageError("%%gcscope must be the first line of a cell that IPython itself runs")

    # ----------------------------------------------------------------------- %gcscope

    @no_var_expand  # braces and dollars are the expression's
    def line(self, line: str) -> None:
        """Show who holds an object and why it is alive, and draw it.

            %gcscope expression

        The expression is evaluated once, among the variables of the notebook. Holders are
        shown in two parts: those of the program, and those of IPython, which keeps what cells have
        shown and the last exception.
        """
        expression = line.strip()
        if not expression:
            raise UsageError(_USAGE)
        with Lease():
            text, picture = self._explained(expression)
        print(text)
        if picture is not None:
            display(picture)

    def complete(self, _shell: Any, event: Any) -> list[str]:
        """List the variables that begin as the last word: IPython completes attributes alone."""
        begun: str = event.symbol
        names = [name for name in self.shell.user_ns if name.startswith(begun)]
        return names if begun else [name for name in names if not name.startswith("_")]

    def _explained(self, expression: str) -> tuple[str, Picture | None]:
        box = [self._evaluated(expression)]
        text = f"{expression}: {with_article(_type_name(box[0]))}"
        held = holders_of(box)
        if held.refcount == 0:
            return f"{text} that nothing else holds, and that is gone with this line", None
        text = f"{text}, {_held_text(held)}\n"
        text += _alive_text(why_alive_of(box))
        if not is_listed(box[0]):
            note = "the collector does not track it: it can be on no ring, and has no picture"
            return f"{text}\n{note}", None
        address = id(box.pop())  # what is drawn has our reference no more
        neighborhood = look([address])
        return text, picture_of_neighborhood(neighborhood) if neighborhood.objects else None

    def _evaluated(self, expression: str) -> object:
        """Evaluate an expression as a cell would.

        Raises UsageError, which IPython shows in one line.
        """
        try:
            return self.shell.ev(expression)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".split("\n", 1)[0]
        raise UsageError(f"%gcscope {expression}: {reason}")


def _waiting_lines(report: Report) -> list[str]:
    """Write what waits for the collector in no ring, but for the code of cells that have run."""
    return [waiting_line(waiting) for waiting in report.waiting if set(waiting.types) != {"code"}]


def _type_name(obj: object) -> str:
    """Write a type as reports do."""
    kind = type(obj)
    module = type.__getattribute__(kind, "__module__")
    name = type.__getattribute__(kind, "__qualname__")
    return f"{name}" if module == "builtins" else f"{module}.{name}"


def _held_text(held: Holders) -> str:
    """Write holders in two parts."""
    own, kept = parted(held)
    immortal = held.refcount >= 1 << 62
    count = plural(held.refcount, "reference")
    lines = ["immortal: its references are not counted" if immortal else count]
    lines += [f"  {holder}" for holder in own[:12]]
    lines += [f"  and {plural(len(own) - 12, 'other')}"] if len(own) > 12 else []
    if held.unexplained > 0:
        unexplained = plural(held.unexplained, "reference")
        lines.append(f"  {unexplained} that nobody shows: C code, or an evaluation stack")
    if kept:
        lines.append(
            f"kept by IPython, which keeps what cells show and the last exception: {len(kept)}"
        )
    return "\n".join([*lines, *(f"  {holder}" for holder in kept)])


def _alive_text(chain: Chain) -> str:
    if not chain.reachable:
        return "alive because: nothing that lasts leads to it; the collector would take it"
    lines = str(chain).split("\n")
    return "\n".join([f"alive because: {lines[0]}", *(f"  {line}" for line in lines[1:])])


_LOADED: list[Magics] = []  # one for each shell that has the extension


def load(shell: Any) -> None:
    """Give a shell its magics, unless it has them."""
    if not any(magics.shell is shell for magics in _LOADED):
        _LOADED.append(Magics(shell))
        _LOADED[-1].load()


def unload(shell: Any) -> None:
    """Take the magics from a shell."""
    for place, magics in enumerate(_LOADED):
        if magics.shell is shell:
            del _LOADED[place]
            magics.unload()
            return
