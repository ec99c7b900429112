"""gcscope shows where reference counting breaks and what CPython's cyclic collector does about it.

The words of this package load on first use; `import gcscope` alone costs next to nothing.

    Person, Tracked   instrumented objects: their lives are in the journal
    refcount(obj)     how many references own it
    garbage()         what would a full collection find unreachable right now, and in which rings? Changes nothing
    cycles(*objs)     the live rings around some objects
    holders(obj)      who holds each reference to it
    why_alive(obj)    the shortest chain of references from a root to it
    retained(obj)     what would be freed with it
    draw(*objs)       some objects as they are now, as a picture: counts, references, who holds them
    film(*objs)       a picture and the collector's arithmetic at each step of a story
    explain_collection(*objs)  what the collector does with them, step by step
    watch()           a with block, and the rings that it leaves behind
    assert_no_cycles  fails unless a call or a block leaves nothing to the collector
    assert_released   fails unless reference counting alone frees what a function makes
    collect()         run the collector; the fate of every instrumented object
    trial(func)       call func, drop its result: what freed what it made?
    journal           the life of instrumented objects
    labeller(cls)     register names for the references of a C type that gcscope does not know
    IMMORTAL          what refcount answers for an object that is never freed

PYTEST_DONT_REWRITE: for pytest, which would otherwise warn when this package, its plugin's, was imported before it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope._core import IMMORTAL, Person, Tracked, refcount
    from gcscope.filming import Film, film
    from gcscope.guard import assert_no_cycles, assert_released, watch
    from gcscope.labelling import labeller
    from gcscope.life import Journal, journal
    from gcscope.owners import holders, retained, why_alive
    from gcscope.picture import Picture
    from gcscope.report import (
        Chain,
        Collection,
        Counts,
        Cut,
        Cycle,
        Event,
        Fate,
        Holder,
        Holders,
        Link,
        Report,
        Retained,
        Trial,
    )
    from gcscope.sketch import draw
    from gcscope.verdict import collect, cycles, garbage, trial
    from gcscope.walkthrough import Walkthrough, explain_collection

__version__ = "0.1.0"

# word -> the module that has it
_HOMES = {
    "IMMORTAL": "_core",
    "Person": "_core",
    "Tracked": "_core",
    "refcount": "_core",
    "collect": "verdict",
    "cycles": "verdict",
    "garbage": "verdict",
    "labeller": "labelling",
    "trial": "verdict",
    "holders": "owners",
    "retained": "owners",
    "why_alive": "owners",
    "assert_no_cycles": "guard",
    "assert_released": "guard",
    "watch": "guard",
    "draw": "sketch",
    "explain_collection": "walkthrough",
    "film": "filming",
    "Film": "filming",
    "Picture": "picture",
    "Walkthrough": "walkthrough",
    "journal": "life",
    "Event": "report",
    "Journal": "life",
    "Chain": "report",
    "Collection": "report",
    "Cut": "report",
    "Cycle": "report",
    "Link": "report",
    "Counts": "report",
    "Fate": "report",
    "Holder": "report",
    "Holders": "report",
    "Report": "report",
    "Retained": "report",
    "Trial": "report",
}

__all__ = [
    "IMMORTAL",
    "Chain",
    "Collection",
    "Counts",
    "Cut",
    "Cycle",
    "Event",
    "Fate",
    "Film",
    "Holder",
    "Holders",
    "Journal",
    "Link",
    "Person",
    "Picture",
    "Report",
    "Retained",
    "Tracked",
    "Trial",
    "Walkthrough",
    "assert_no_cycles",
    "assert_released",
    "collect",
    "cycles",
    "draw",
    "explain_collection",
    "film",
    "garbage",
    "holders",
    "journal",
    "labeller",
    "refcount",
    "retained",
    "trial",
    "watch",
    "why_alive",
]


def __getattr__(name: str) -> object:
    """Load a word when it is first asked for (PEP 562), and with it everything that the words need."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gcscope' has no attribute {name!r}")
    from importlib import import_module

    word: object = getattr(import_module(f"gcscope.{home}"), name)
    globals()[name] = word
    return word


def load_ipython_extension(shell: object) -> None:
    """Give IPython its magics, for `%load_ext gcscope`: `%gcscope expression` and, above a cell, `%%gcscope`."""
    from gcscope.magics import load

    load(shell)


def unload_ipython_extension(shell: object) -> None:
    """Take them away, as `%unload_ext gcscope` asks for."""
    from gcscope.magics import unload

    unload(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
