"""Where a grower is kept, where it is filled, and the name of its form."""

from __future__ import annotations

from gcscope.explain.cycles import fingerprint_of
from gcscope.explain.hops import short_path, working_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gcscope import _core
    from gcscope.model.results import Chain, Link

_MODULE = "sys.modules["
ANY = "[*]"


def _typed(expression: str) -> str:
    """Write an expression with the module's own name, where that can be typed."""
    if not expression.startswith(_MODULE):
        return expression
    quoted, _, rest = expression.removeprefix(_MODULE).partition("]")
    name = quoted[1:-1]
    return f"{name}{rest}" if all(map(str.isidentifier, name.split("."))) else expression


def _joined(text: str, label: str) -> str:
    return f"{text}{label}" if label.startswith((".", "[")) else f"{text} {label}".strip()


def _start(link: Link, root: str | None) -> str:
    if root in ("frame", "caller") and link.label.startswith("local "):
        return ""
    return link.name if link.type == "module" and link.name is not None else _title(link)


def _title(link: Link) -> str:
    return link.type if link.name is None else f"{link.type} {link.name}"


def _in_its_thread(link: Link) -> str:
    """Return the label of a link; of a thread-local object as the thread itself types it."""
    _, is_dict, rest = link.label.partition("['")
    name, is_name, rest = rest.partition("']")
    if link.type == "_thread._local" and "by thread[" in link.label and is_dict and is_name:
        return f".{name}{rest}"
    return link.label


def path_of(chain: Chain) -> str | None:
    """Write where an object is kept, in one line; None where nothing keeps it."""
    if not chain.reachable or not chain.links:
        return None
    if chain.expression is not None:
        return _typed(chain.expression)
    first, *rest = chain.links
    if chain.root == "C" and not rest:
        return f"({_title(first)} that C code alone holds)"
    path = _joined(_start(first, chain.root), _in_its_thread(first).removeprefix("local "))
    for link in rest:
        path = _joined(path, _in_its_thread(link))
    if chain.root in ("frame", "caller"):
        path += f" in {first.name}()" if first.name is not None else ""
    return path


def _quoted_end(path: str, at: int) -> int:
    """Return where a text in quotes that begins at a place ends: behind its last quote."""
    quote = path[at]
    at += 1
    while at < len(path) and path[at] != quote:
        at += 2 if path[at] == "\\" else 1
    return at + 1


def steps_of(path: str) -> list[str]:
    """Split a path at its subscripts: app.jobs['a[0]'].x is app.jobs, ['a[0]'], .x."""
    steps, begin, at = [], 0, 0
    while at < len(path):
        if path[at] == "[" and at > begin:
            steps.append(path[begin:at])
            begin = at
        if path[at] in "'\"" and path[begin] == "[":
            at = _quoted_end(path, at)
            continue
        at += 1
        if path[at - 1] == "]" and path[begin] == "[":
            steps.append(path[begin:at])
            begin = at
    return [*steps, path[begin:]] if begin < len(path) else steps


def _without_subscripts(steps: Sequence[str]) -> list[str]:
    return [ANY if step[0] == "[" else step for step in steps]


def common_path(paths: Sequence[str]) -> str:
    """Write the paths of several containers as one: where they differ in a subscript, [*]."""
    first, *others = [steps_of(path) for path in paths]
    shape = _without_subscripts(first)
    alike = [steps for steps in others if _without_subscripts(steps) == shape]
    return "".join(
        step if all(steps[place] == step for steps in alike) else ANY
        for place, step in enumerate(first)
    )


def form_of(path: str) -> str:
    """Write a path without indexes, and keys that are no text."""
    return "".join(
        ANY if step[0] == "[" and step[1:2] not in ("'", '"') else step for step in steps_of(path)
    )


def fingerprint(type_name: str, path: str) -> str:
    """Hash the type and the path of a grower."""
    return fingerprint_of(f"{type_name}\n{form_of(path)}\n")


def watched_place(filled: Sequence[_core.Filled]) -> str | None:
    """Write the line that has added most entries."""
    if not filled:
        return None
    here = working_folder()
    most = max(filled, key=lambda row: (row.entries, row.file, -row.line))
    return f"{short_path(most.file, here)}:{most.line}"


def birth_place(
    newest: list[object], object_traceback: Callable[[object], object] | None
) -> str | None:
    """Write where tracemalloc saw the newest entry being made."""
    if object_traceback is None or not newest:
        return None
    frames = object_traceback(newest[0])
    if not isinstance(frames, tuple) or not frames:
        return None
    file, line = frames[0]
    return f"{short_path(file, working_folder())}:{line}"
