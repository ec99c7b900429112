"""What Python imports at its start where this folder is in PYTHONPATH: GCSCOPE_LISTEN=1 listens.

    PYTHONPATH=$(python -m gcscope.live.at_start) GCSCOPE_LISTEN=1 gunicorn app:app

So a program need not be changed to be asked. It runs as it does without: the folder is taken out of
sys.path, the `sitecustomize` that this one is in the place of is imported, and where listening
fails the program hears nothing of it.
"""

from __future__ import annotations

import os
import sys

_FOLDER = os.path.dirname(os.path.abspath(__file__))


def _listen() -> None:
    """Listen, with the gcscope that this file is a part of."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(_FOLDER)))
    sys.path.insert(0, root)
    try:
        from gcscope.live.listen import listen
    finally:
        sys.path.remove(root)
    listen()


def _make_way() -> None:
    """Let the next sitecustomize be found, and import it, as `site` would have."""
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _FOLDER]
    ours = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # type: ignore[import-not-found] # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        sys.modules.setdefault("sitecustomize", ours)


if os.environ.get("GCSCOPE_LISTEN") == "1":
    try:
        _listen()
    except Exception:
        pass
_make_way()
