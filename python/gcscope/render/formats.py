"""Drawing a record in a form of `gcscope.render.format_table`, for files and notebooks."""

from __future__ import annotations

import os

from gcscope.model.diff import Difference, report_within
from gcscope.model.files import write_whole
from gcscope.model.picture import Picture
from gcscope.model.record import changed
from gcscope.model.results import Cycle, Report
from gcscope.render.dot import dot_of
from gcscope.render.format_table import form_of_suffix, picture_suffixes, write_picture
from gcscope.render.graphviz import without_graphviz
from gcscope.render.notebook import views_of, wanted
from gcscope.render.report_picture import picture_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.model.record import Drawable, Record


def _picture(record: Record) -> Picture:
    """Choose what is drawn of a record; of a difference, the rings that are new or have grown."""
    if isinstance(record, Picture):
        return record
    if isinstance(record, Difference):
        return changed(picture_of(record.as_report()), title=str(record).partition("\n")[0])
    report = record if isinstance(record, Cycle) else report_within(record)
    if report is None:
        kind = type(record).__name__.lower()
        raise ValueError(f"a record of kind {kind!r} has no rings to draw")
    return picture_of(report)


def drawn(record: Record, form: str) -> str | bytes:
    """Draw a record in a form, a text without a newline at its end.

    Raises ValueError if it has no rings to draw, CannotDraw without Graphviz.
    """
    data = write_picture(_picture(record), form)
    if data is None:
        raise without_graphviz(form, ":")
    return data.rstrip("\n") if isinstance(data, str) else data


def bundle(drawn: Drawable, include: object = None, exclude: object = None) -> dict[str, str]:
    """Make the forms in which Jupyter can show something; of a report without cycles its text."""
    text = {"text/plain": str(drawn)}
    if isinstance(drawn, Report) and not drawn.cycles:
        return wanted(text, include, exclude)
    return wanted(text | views_of(_picture(drawn), include, exclude), include, exclude)


def save(drawn: Drawable, path: str | os.PathLike[str]) -> None:
    """Draw something into a file, in the form that the suffix names."""
    stem, suffix = os.path.splitext(os.fspath(path))
    form = form_of_suffix(suffix)
    if form is None or suffix.lower() not in picture_suffixes():
        suffixes = ", ".join(picture_suffixes())
        raise ValueError(f"a picture is saved as one of {suffixes}, not as {suffix!r}")
    picture = _picture(drawn)
    data = write_picture(picture, form)
    if data is not None:
        write_whole(path, data)
        return
    beside = f"{stem}.dot"
    write_whole(beside, dot_of(picture))
    raise without_graphviz(suffix, f"; the picture is in {beside} as text. To get it:")
