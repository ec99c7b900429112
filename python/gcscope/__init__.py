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

PYTEST_DONT_REWRITE: for pytest, which would otherwise warn when this package, its plugin's, was
imported before it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope._core import IMMORTAL, Person, Tracked, refcount
    from gcscope.api.assertions import assert_no_cycles, assert_released
    from gcscope.api.collect import collect, trial
    from gcscope.api.draw import draw
    from gcscope.api.explain_collection import explain_collection
    from gcscope.api.film import Film, film
    from gcscope.api.garbage import cycles, garbage
    from gcscope.api.holders import holders
    from gcscope.api.journal import Journal, journal
    from gcscope.api.retained import retained
    from gcscope.api.watch import watch
    from gcscope.api.why_alive import why_alive
    from gcscope.explain.labellers import labeller
    from gcscope.model.picture import Picture
    from gcscope.model.record import Counts
    from gcscope.model.results import (
        Chain,
        Collection,
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
    from gcscope.model.walkthrough import Walkthrough

__version__ = "0.1.0"

# word -> the module that has it
_HOMES = {
    "IMMORTAL": "_core",
    "Person": "_core",
    "Tracked": "_core",
    "refcount": "_core",
    "collect": "api.collect",
    "cycles": "api.garbage",
    "garbage": "api.garbage",
    "labeller": "explain.labellers",
    "trial": "api.collect",
    "holders": "api.holders",
    "retained": "api.retained",
    "why_alive": "api.why_alive",
    "assert_no_cycles": "api.assertions",
    "assert_released": "api.assertions",
    "watch": "api.watch",
    "draw": "api.draw",
    "explain_collection": "api.explain_collection",
    "film": "api.film",
    "Film": "api.film",
    "Picture": "model.picture",
    "Walkthrough": "model.walkthrough",
    "journal": "api.journal",
    "Event": "model.results",
    "Journal": "api.journal",
    "Chain": "model.results",
    "Collection": "model.results",
    "Cut": "model.results",
    "Cycle": "model.results",
    "Link": "model.results",
    "Counts": "model.record",
    "Fate": "model.results",
    "Holder": "model.results",
    "Holders": "model.results",
    "Report": "model.results",
    "Retained": "model.results",
    "Trial": "model.results",
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
    from gcscope.jupyter.magics import load

    load(shell)


def unload_ipython_extension(shell: object) -> None:
    """Take them away, as `%unload_ext gcscope` asks for."""
    from gcscope.jupyter.magics import unload

    unload(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
