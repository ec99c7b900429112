"""What must hold of any JSON that is read as a record; `records.py` looks for what breaks it."""

from gcscope.model.film import Frame
from gcscope.model.picture import Picture
from gcscope.model.record import Record, rendered
from gcscope.render.json import kinds, pretty

CLASSES = [Record, Picture, Frame, *(cls for _, cls in sorted(kinds().items()))]


def input_of(cls, data, as_str=False):
    """The input that has `cls` read what follows its first byte."""
    return bytes([2 * CLASSES.index(cls) + as_str]) + data


def check(given):
    """Read an input; whether it was accepted.

    It is refused with a ValueError, or it is a record that goes to JSON and back, and that has a
    text and pictures.
    """
    if not given:
        return False
    cls = CLASSES[given[0] // 2 % len(CLASSES)]
    # A str of Python may have halves of characters, which no encoding has.
    text = given[1:].decode("utf-8", "surrogateescape") if given[0] % 2 else given[1:]
    try:
        record = cls.from_json(text)
    except ValueError as error:
        assert str(error) and "\n" not in str(error).strip(), repr(error)
        return False
    assert isinstance(record, cls)
    for written in (record.to_json(), pretty(record)):
        again = cls.from_json(written)
        assert again == record and hash(again) == hash(record) and repr(again) == repr(record)
        assert again.to_json() == record.to_json()
    assert isinstance(str(record), str)
    for form in ("dot", "mermaid"):
        try:
            assert isinstance(rendered(record, form), str)
        except ValueError:  # it has nothing to draw
            pass
    return True
