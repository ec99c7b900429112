"""What is asked of a process that runs, and the frame around an answer.

An answer is text: a record as a file has it, with the header, or one line that says why there is
none. Its frame says whose answer it is and how long, so that an old one, or half of one, is known.
"""

from __future__ import annotations

from gcscope.model.record import Record

WANTS = ("report", "growth", "pauses", "census", "why")
LARGEST_ANSWER = 1 << 25
"""Bytes: no record is so large, and who is asked may not fill the memory of who asks, which takes
twenty times as much where they are read as JSON."""
_LONGEST_LENGTH = 12  # digits


class Request(Record):
    """One question to a process."""

    want: str = "report"
    """What is wanted: report, growth, pauses, census or why."""
    seconds: float = 0.0
    """For how long to look; of growth and pauses."""
    expression: str = ""
    """Which object; of why."""
    keys: bool = True
    """Whether the str keys of dicts may be told."""
    fork: bool = False
    """Whether a forked child is to look, so that the process stops for the fork alone."""
    gcscope: str = ""
    """The version of gcscope that asks."""
    identity: str = ""
    """A word, of letters and digits, that nobody can guess; the answer has it, too."""
    until: float = 0.0
    """The time, as time.time() has it, at which nobody waits any more; 0: somebody always does."""

    def _check(self) -> None:
        if self.want not in WANTS:
            raise ValueError(f"want is one of {', '.join(WANTS)}, not {self.want!r}")


class NoAnswer(Exception):
    """Says in one line why there is no answer, and what to do."""


class TooLate(NoAnswer):
    """There was none in time."""


_given_up: list[bool] = []


def give_up() -> None:
    """Let nobody in this process wait for an answer any longer."""
    _given_up.append(True)


def check_not_given_up() -> None:
    """Raise NoAnswer where nobody is to wait any longer; who waits calls it every now and then."""
    if _given_up:
        raise NoAnswer("given up")


TURN = 0.2
"""Seconds, at most, between two such calls."""

_ERROR = "error: "


def error_body(reason: str) -> str:
    """Write the body of an answer that says why there is no record."""
    return _ERROR + encodable(" ".join(reason.split()))


def encodable(text: str) -> str:
    """Return a text that UTF-8 can have: names of a program may have halves of characters."""
    return text.encode("utf-8", "backslashreplace").decode()


def failure_of(error: Exception) -> str:
    """Say that a look has failed."""
    return f"the look failed: {type(error).__qualname__}: {error}"


def framed(identity: str, body: str) -> bytes:
    """Put the frame around the body of an answer."""
    data = body.encode()
    return b"gcscope-answer %s %d\n%s" % (identity.encode(), len(data), data)


def unframed(data: bytes, identity: str) -> str:
    """Return the record in an answer, as a file has it.

    Raises NoAnswer where the answer is not to this question, is not whole, or says why there is no
    record.
    """
    head, newline, body = data.partition(b"\n")
    words = head.split(b" ")
    is_ours = len(words) == 3 and words[0] == b"gcscope-answer"
    if not is_ours or not words[2].isdigit() or len(words[2]) > _LONGEST_LENGTH:
        raise NoAnswer("the process answered something that is no answer of gcscope; ask again")
    if words[1] != identity.encode():
        raise NoAnswer("the answer is an old one, to another question; ask again")
    if not newline or len(body) != int(words[2]):
        raise NoAnswer(
            f"the answer is not whole: {len(body)} of {int(words[2])} bytes came; ask again"
        )
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise NoAnswer("the process answered something that is no text; ask again") from None
    if text.startswith(_ERROR):
        raise NoAnswer(text[len(_ERROR) :])
    return text
