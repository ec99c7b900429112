"""Films as strips and as widgets: the frames are drawn so that what stays keeps its place."""

from __future__ import annotations

import os

from gcscope.model.files import write_whole
from gcscope.model.phrases import plural, verdict
from gcscope.model.picture import UNREACHABLE, Arrow, Box, Group, Picture
from gcscope.model.record import changed
from gcscope.render.boxes import box_lines
from gcscope.render.dot import dot_of
from gcscope.render.film_svg import page_of, strip_of, table_page, words_in_dot
from gcscope.render.film_text import NO_FRAME
from gcscope.render.format_table import form_of_suffix
from gcscope.render.graphviz import sizes_of, svg_of, without_graphviz
from gcscope.render.mermaid import mermaid_of
from gcscope.render.notebook import MERMAID, PNG, SVG, is_wanted, png_view, wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gcscope.model.film import Frame
    from gcscope.model.results import Row
    from gcscope.render.dot import Size


WIDGET = "application/vnd.jupyter.widget-view+json"


def whole(frames: tuple[Frame, ...]) -> tuple[Picture, ...]:
    """Make of each frame a picture of all that any frame has, so that what stays keeps its place.

    What a frame lacks is as in one before or after it. Where a box is called unreachable in one
    frame, it is called reachable in the others.
    """
    lost = {
        box.key
        for frame in frames
        for box in frame.picture.boxes
        if box.lines[-1:] == (UNREACHABLE,)
    }
    boxes: dict[str, Box] = {}
    arrows: dict[str, Arrow] = {}
    for frame in frames:
        for box in frame.picture.boxes:
            boxes.setdefault(box.key, box)
        for arrow in frame.picture.arrows:
            arrows.setdefault(arrow.key, arrow)
    pictures = []
    for frame in frames:
        boxes.update({box.key: box for box in frame.picture.boxes})
        arrows.update({arrow.key: arrow for arrow in frame.picture.arrows})
        drawn = tuple(_with_verdict(box) if box.key in lost else box for box in boxes.values())
        pictures.append(changed(frame.picture, boxes=drawn, arrows=tuple(arrows.values())))
    return tuple(pictures)


def _with_verdict(box: Box) -> Box:
    return (
        box if box.lines[-1:] == (UNREACHABLE,) else changed(box, lines=(*box.lines, "reachable"))
    )


def _hidden(frame: Frame, picture: Picture) -> frozenset[str]:
    """Return the keys of what a frame does not have."""
    return _keys(picture) - _keys(frame.picture)


def _keys(picture: Picture) -> frozenset[str]:
    return frozenset(box.key for box in picture.boxes).union(a.key for a in picture.arrows)


def svgs_of(frames: tuple[Frame, ...]) -> list[str] | None:
    """Draw each frame as SVG; None without Graphviz. Captions are not in them."""
    drawn = []
    for layout in _laid_out(frames):
        svg = svg_of(*layout)
        if svg is None:
            return None
        drawn.append(svg)
    return drawn


def dots_of(frames: tuple[Frame, ...]) -> list[str]:
    """Write in DOT what is said of each frame, and the frame below it."""
    texts = []
    for number, (frame, layout) in enumerate(zip(frames, _laid_out(frames), strict=True), 1):
        texts.append(words_in_dot(frame, number))
        if frame.picture.boxes:
            texts.append(dot_of(*layout))
    return texts


def _laid_out(
    frames: tuple[Frame, ...],
) -> Iterator[tuple[Picture, frozenset[str], frozenset[str], dict[str, Size]]]:
    """Yield for each frame its picture, what of that is hidden, what is on a ring, and how large.

    The last two are of the whole film: what is on a ring in any frame, and the size of each box
    that does not say the same in all.
    """
    rings = frozenset(a.key for frame in frames for a in frame.picture.arrows if a.on_ring)
    pictures = whole(frames)
    sizes = sizes_of(_that_change(pictures))
    for frame, picture in zip(frames, pictures, strict=True):
        untitled = changed(picture, title="", description=frame.picture.description)
        yield untitled, _hidden(frame, picture), rings, sizes


def _that_change(pictures: tuple[Picture, ...]) -> list[Box]:
    """List the boxes that do not say the same in all pictures, once for each thing they say."""
    said: dict[str, dict[tuple[str, ...], Box]] = {}
    for picture in pictures:
        for box in picture.boxes:
            said.setdefault(box.key, {}).setdefault(tuple(box_lines(box)), box)
    return [box for boxes in said.values() if len(boxes) > 1 for box in boxes.values()]


def save_strip(frames: tuple[Frame, ...], path: str | os.PathLike[str]) -> None:
    """Write a film as a strip: in SVG, or in Mermaid, which needs no Graphviz."""
    _check_has_frames(frames)
    stem, suffix = os.path.splitext(os.fspath(path))
    form = form_of_suffix(suffix)
    if form not in ("svg", "mermaid"):
        raise ValueError(
            f"a film is saved as .svg or .mmd, not as {suffix!r}; "
            "film.frames[0].picture.save(...) saves one frame, .png too"
        )
    drawn = svgs_of(frames) if form == "svg" else None
    if drawn is not None:
        write_whole(path, strip_of(frames, drawn))
        return
    beside = f"{stem}.mmd"
    write_whole(beside, mermaid_of(below_each_other(frames), columns=1))
    if form == "svg":
        raise without_graphviz(suffix, f"; the film is in {beside} as Mermaid. To get it:")


def _check_has_frames(frames: tuple[Frame, ...]) -> None:
    if not frames:
        raise ValueError(NO_FRAME)


def film_bundle(
    frames: tuple[Frame, ...],
    text: str,
    in_kernel: bool,
    include: object = None,
    exclude: object = None,
) -> dict[str, Any]:
    """Make the forms in which Jupyter can show a film."""
    forms: dict[str, Any] = {"text/plain": text}
    drawn = svgs_of(frames) if frames else None
    if drawn is not None:
        forms[SVG] = strip_of(frames, drawn)
        if is_wanted(PNG, include, exclude):
            forms |= png_view(dots_of(frames))
    elif frames:
        forms[MERMAID] = mermaid_of(below_each_other(frames), columns=1)
    if in_kernel and len(frames) > 1 and is_wanted(WIDGET, include, exclude):
        forms |= _widget_view(frames, drawn)
    return wanted(forms, include, exclude)


def below_each_other(frames: tuple[Frame, ...]) -> Picture:
    """Make one picture of a film, with a group for each frame: what Mermaid draws."""
    groups: list[Group] = []
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    for number, frame in enumerate(frames, 1):
        key = f"frame {number}"
        gone = () if frame.picture.boxes else ("none of the objects is there any more",)
        more = frame.arithmetic.more
        said = (*frame.fates, *gone, *map(_in_words, frame.arithmetic.rows))
        said += (f"and {plural(more, 'more object')}",) if more else ()
        groups.append(Group(key=key, title=f"{number}. {frame.caption}", lines=said))
        boxes += [changed(box, key=f"{key} {box.key}", group=key) for box in frame.picture.boxes]
        arrows += [
            changed(arrow, source=f"{key} {arrow.source}", target=f"{key} {arrow.target}")
            for arrow in frame.picture.arrows
        ]
    return Picture(
        title=f"A film of {plural(len(frames), 'frame')}",
        lines=(),
        description=". ".join(frame.caption for frame in frames),
        groups=tuple(groups),
        boxes=tuple(boxes),
        arrows=tuple(arrows),
    )


def _in_words(row: Row) -> str:
    """Write a row of the collector's arithmetic as a line, which needs no columns."""
    because = f", {row.because}" if row.because is not None else ""
    return (
        f"{row.label}: refcount {row.refcount:,} - {row.inside:,} from inside = {row.left:,} left: "
        f"{verdict(row.reachable)}{because}"
    )


def _widget_view(frames: tuple[Frame, ...], drawn: list[str] | None) -> dict[str, Any]:
    try:
        widget = _player(frames, drawn)
    except ImportError:
        return {}
    view: dict[str, Any] = widget._repr_mimebundle_()
    return {WIDGET: view[WIDGET]} if WIDGET in view else {}


def player(frames: tuple[Frame, ...]) -> Any:
    """Return a widget that plays the frames. Raises ImportError without ipywidgets."""
    _check_has_frames(frames)
    return _player(frames, svgs_of(frames))


def _player(frames: tuple[Frame, ...], drawn: list[str] | None) -> Any:
    try:
        import ipywidgets
    except ImportError:
        raise ImportError('the player needs ipywidgets: pip install "gcscope[notebook]"') from None
    last = len(frames) - 1
    wide = ipywidgets.Layout(width="98%")
    if drawn is None:
        pages = [ipywidgets.Output(outputs=outputs, layout=wide) for outputs in _outputs(frames)]
    else:
        pages = [
            ipywidgets.HTML(page_of(frame, number, svg), layout=wide)
            for number, (frame, svg) in enumerate(zip(frames, drawn, strict=True), 1)
        ]
    stack = ipywidgets.Stack(pages, selected_index=0)
    slider = ipywidgets.IntSlider(
        value=0,
        min=0,
        max=last,
        description="step",
        readout=False,
        layout=ipywidgets.Layout(width="60%"),
    )
    play = ipywidgets.Play(min=0, max=last, interval=2000, show_repeat=False)
    links = [
        ipywidgets.jslink((play, "value"), (slider, "value")),
        ipywidgets.jslink((slider, "value"), (stack, "selected_index")),
    ]
    box = ipywidgets.VBox([ipywidgets.HBox([play, slider]), stack])
    box.links = links
    return box


def _outputs(frames: tuple[Frame, ...]) -> Iterator[tuple[dict[str, Any], ...]]:
    """Yield for each frame what a cell would show: Mermaid to be drawn, and the table."""
    for number, frame in enumerate(frames, 1):
        lines = (*frame.fates, *frame.picture.lines)
        picture = changed(frame.picture, title=f"{number}. {frame.caption}", lines=lines)
        forms = (
            {MERMAID: mermaid_of(picture), "text/plain": str(picture)},
            {"text/html": table_page(frame), "text/plain": str(frame.arithmetic)},
        )
        yield tuple({"output_type": "display_data", "data": data, "metadata": {}} for data in forms)
