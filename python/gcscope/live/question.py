"""A request, read from the line by which it is asked, in the process that is asked.

Without the module `json`, which that process may not have loaded, and whose import leaves cyclic
trash there.
"""

from __future__ import annotations

import _json

from gcscope.live.request import Request
from gcscope.model.record import READERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Plain:
    """How the scanner of `_json` makes its values: as `json.loads` has them."""

    strict = True
    object_hook = object_pairs_hook = array_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: dict[str, str] = {}


_scan: Any = vars(_json)["make_scanner"](_Plain)


def question(line: bytes) -> Request:
    """Read a request as `to_json` writes it. Raises ValueError where it is none."""
    try:
        document, end = _scan(line.decode(), 0)
    except StopIteration:
        raise ValueError("no JSON") from None
    if not isinstance(document, dict) or line[end:].strip():
        raise ValueError("no JSON object")
    read: Request = READERS["Request"](document)
    return read
