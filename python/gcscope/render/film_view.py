"""Films as strips and as widgets: the frames are drawn so that what stays keeps its place."""

from __future__ import annotations

import os

from gcscope.model.files import write_whole
from gcscope.model.phrases import plural
from gcscope.model.picture import UNREACHABLE, Arrow, Box, Group, Picture
from gcscope.model.record import changed
from gcscope.render.dot import dot_of
from gcscope.render.film_svg import page_of, strip_of, words_in_dot
from gcscope.render.format_table import form_of_suffix
from gcscope.render.graphviz import svg_of, without_graphviz
from gcscope.render.mermaid import mermaid_of
from gcscope.render.notebook import MERMAID, PNG, SVG, is_wanted, png_view, wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gcscope.model.film import Frame

WIDGET = "application/vnd.jupyter.widget-view+json"


def whole(frames: tuple[Frame, ...]) -> tuple[Picture, ...]:
    """Make of each frame a picture of all that any frame has, so that what stays keeps its place.

    What a frame lacks is as in one before or after it. Where a box is called unreachable in one
    frame, it is called reachable in the others: it keeps its size.
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
    for frame, picture in zip(frames, whole(frames), strict=True):
        svg = svg_of(
            changed(picture, title="", description=frame.picture.description),
            _hidden(frame, picture),
        )
        if svg is None:
            return None
        drawn.append(svg)
    return drawn


def dots_of(frames: tuple[Frame, ...]) -> list[str]:
    """Write in DOT what is said of each frame, and the frame below it."""
    texts = []
    for number, (frame, picture) in enumerate(zip(frames, whole(frames), strict=True), 1):
        texts.append(words_in_dot(frame, number))
        if frame.picture.boxes:
            texts.append(dot_of(changed(picture, title=""), _hidden(frame, picture)))
    return texts


def save_strip(frames: tuple[Frame, ...], path: str | os.PathLike[str]) -> None:
    """Write a film as a strip: in SVG, or in Mermaid, which needs no Graphviz."""
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
        if in_kernel and len(frames) > 1 and is_wanted(WIDGET, include, exclude):
            forms |= _widget_view(frames, drawn)
    elif frames:
        forms[MERMAID] = mermaid_of(below_each_other(frames), columns=1)
    return wanted(forms, include, exclude)


def below_each_other(frames: tuple[Frame, ...]) -> Picture:
    """Make one picture of a film, with a group for each frame: what Mermaid draws."""
    groups: list[Group] = []
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    for number, frame in enumerate(frames, 1):
        key = f"frame {number}"
        gone = () if frame.picture.boxes else ("none of the objects is there any more",)
        groups.append(
            Group(key=key, title=f"{number}. {frame.caption}", lines=(*frame.fates, *gone))
        )
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


def _widget_view(frames: tuple[Frame, ...], drawn: list[str]) -> dict[str, Any]:
    try:
        widget = _player(frames, drawn)
    except ImportError:
        return {}
    view: dict[str, Any] = widget._repr_mimebundle_()
    return {WIDGET: view[WIDGET]} if WIDGET in view else {}


def player(frames: tuple[Frame, ...]) -> Any:
    """Return a widget that plays the frames. Raises ImportError without ipywidgets."""
    drawn = svgs_of(frames)
    return _player(frames, drawn if drawn is not None else [""] * len(frames))


def _player(frames: tuple[Frame, ...], drawn: list[str]) -> Any:
    try:
        import ipywidgets
    except ImportError:
        raise ImportError('the player needs ipywidgets: pip install "gcscope[notebook]"') from None
    last = len(frames) - 1
    pages = [
        ipywidgets.HTML(page_of(frame, number, svg), layout=ipywidgets.Layout(width="98%"))
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
