"""What teaches, as plain text: the collector step by step."""

from __future__ import annotations

from gcscope.model.phrases import plural, shortened, table, verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.model.film import Frame
    from gcscope.model.walkthrough import Walkthrough


NO_FRAME = "a film without a frame: film.frame(caption) takes one"
_NAME = 48


def _count(count: int) -> str:
    return f"{count:,}" if count < 1 << 62 else "immortal"


def walkthrough_text(walkthrough: Walkthrough) -> str:
    """Write a collection's three steps as tables that one can read aloud."""
    counted = [(shortened(row.name, _NAME), _count(row.gc_refs)) for row in walkthrough.update_refs]
    subtracted: list[tuple[str, ...]] = [
        (
            shortened(row.reference, _NAME),
            f"{row.before} - {row.before - row.after} = {row.after}",
            shortened(row.target, _NAME),
        )
        for row in walkthrough.subtract_refs
    ]
    moved: list[tuple[str, ...]] = [
        (
            shortened(row.name, _NAME),
            _count(row.gc_refs),
            verdict(row.reachable),
            row.because,
        )
        for row in walkthrough.move_unreachable
    ]
    lines = ["1. update_refs: gc_refs begins as a copy of the reference count"]
    lines += _indented(table(("object", "gc_refs", ""), [(*row, "") for row in counted]))
    lines += [
        "",
        "2. subtract_refs: each reference from one of these objects to another takes one away",
    ]
    lines += (
        _indented(table(("reference", "gc_refs", "of"), subtracted))
        if subtracted
        else ["     there is none"]
    )
    lines += [
        "",
        "3. move_unreachable: what has gc_refs left is held from outside; "
        "it is reachable, with all it leads to",
    ]
    lines += _indented(table(("object", "gc_refs", "verdict", "because"), moved))
    unreachable = sum(not row.reachable for row in walkthrough.move_unreachable)
    more = f"; {plural(walkthrough.more, 'object')} more are not shown" if walkthrough.more else ""
    in_all = f"{plural(unreachable, 'object')} unreachable, {len(moved) - unreachable:,} reachable"
    return "\n".join([*lines, "", f"{in_all}{more}"])


def _indented(lines: list[str]) -> list[str]:
    return [f"     {line}" for line in lines]


def frame_text(frame: Frame) -> str:
    """Write one moment of a film."""
    lines = [frame.caption] if frame.caption else []
    lines += [f"  {fate}" for fate in frame.fates]
    drawn = str(frame.picture).splitlines()[1:]  # its title is the caption
    lines += (
        [f"  {line}".rstrip() for line in drawn]
        if drawn
        else ["  none of the objects is there any more"]
    )
    if frame.arithmetic.rows:
        lines += ["", *(f"  {line}" for line in str(frame.arithmetic).splitlines())]
    return "\n".join(lines)


def film_text(frames: tuple[Frame, ...]) -> str:
    """Write a film, frame by frame."""
    if not frames:
        return NO_FRAME
    return "\n\n".join(f"{number}. {frame_text(frame)}" for number, frame in enumerate(frames, 1))
