"""gcscope shows where reference counting breaks and what CPython's cyclic collector does about it.

The words of this package load on first use; `import gcscope` alone costs next to nothing.

    Person, Tracked   instrumented objects: their lives are in the journal
    refcount(obj)     how many references own it
    garbage()         what would a full collection find unreachable right now? Changes nothing
    collect()         run the collector; the fate of every instrumented object
    trial(func)       call func, drop its result: what freed what it made?
    journal           the life of instrumented objects
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope._core import IMMORTAL, Person, Tracked, refcount
    from gcscope.labelling import labeller
    from gcscope.life import Journal, journal
    from gcscope.report import Collection, Counts, Cut, Cycle, Event, Fate, Link, Report, Trial
    from gcscope.verdict import collect, cycles, garbage, trial

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
    "journal": "life",
    "Event": "report",
    "Journal": "life",
    "Collection": "report",
    "Cut": "report",
    "Cycle": "report",
    "Link": "report",
    "Counts": "report",
    "Fate": "report",
    "Report": "report",
    "Trial": "report",
}

__all__ = [
    "IMMORTAL",
    "Collection",
    "Counts",
    "Cut",
    "Cycle",
    "Event",
    "Fate",
    "Journal",
    "Link",
    "Person",
    "Report",
    "Tracked",
    "Trial",
    "collect",
    "cycles",
    "garbage",
    "journal",
    "labeller",
    "refcount",
    "trial",
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


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
