"""gcscope shows where reference counting breaks and what CPython's cyclic collector does about it.

The words of this package load on first use; `import gcscope` alone costs next to nothing.

    Person, Tracked   instrumented objects: their lives are in the journal
    refcount(obj)     how many references own it
    garbage()         what would a full collection find unreachable, in which rings? Changes nothing
    cycles(*objs)     the live rings around some objects
    holders(obj)      who holds each reference to it
    why_alive(obj)    the shortest chain of references from a root to it
    retained(obj)     what would be freed with it
    census()          how many objects of each type, tracked or not, and the bytes they take
    draw(*objs)       some objects as they are now, as a picture: counts, references, who holds them
    film(*objs)       a picture and the collector's arithmetic at each step of a program
    explain_collection(*objs)  what the collector does with them, step by step
    audit(*types)     which C types own what they do not show the collector?
    watch()           a with block, and the rings that it leaves behind
    assert_no_cycles  fails unless a call or a block leaves nothing to the collector
    assert_released   fails unless reference counting alone frees what a function makes
    growth(func)      what grows with each call: where it is kept, by how much, where it is filled
    assert_no_growth  fails if a container grows with each call
    pauses()          a with block, and how long collections stopped the program in it
    instances(name)   living objects of a type, by the name that reports have for it
    listen()          let `gcscope attach` ask this process
    collect()         run the collector; the fate of every instrumented object
    trial(func)       call func, drop its result: what freed what it made?
    journal           the life of instrumented objects
    labeller(cls)     register names for the references of a C type that gcscope does not know
    sizer(cls)        register how much memory the instances of a C type hold outside themselves
    IMMORTAL          what refcount answers for an object that is never freed

PYTEST_DONT_REWRITE: for pytest, which would otherwise warn when this package, its plugin's, was
imported before it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope._core import IMMORTAL as IMMORTAL
    from gcscope._core import Person as Person
    from gcscope._core import Tracked as Tracked
    from gcscope._core import refcount as refcount
    from gcscope.api.assertions import assert_no_cycles as assert_no_cycles
    from gcscope.api.assertions import assert_released as assert_released
    from gcscope.api.audit import audit as audit
    from gcscope.api.census import census as census
    from gcscope.api.collect import collect as collect
    from gcscope.api.collect import trial as trial
    from gcscope.api.draw import draw as draw
    from gcscope.api.explain_collection import explain_collection as explain_collection
    from gcscope.api.film import Film as Film
    from gcscope.api.film import film as film
    from gcscope.api.garbage import cycles as cycles
    from gcscope.api.garbage import garbage as garbage
    from gcscope.api.growth import assert_no_growth as assert_no_growth
    from gcscope.api.growth import growth as growth
    from gcscope.api.holders import holders as holders
    from gcscope.api.instances import instances as instances
    from gcscope.api.journal import Journal as Journal
    from gcscope.api.journal import journal as journal
    from gcscope.api.pauses import pauses as pauses
    from gcscope.api.retained import retained as retained
    from gcscope.api.watch import watch as watch
    from gcscope.api.why_alive import why_alive as why_alive
    from gcscope.explain.labellers import labeller as labeller
    from gcscope.explain.sizers import sizer as sizer
    from gcscope.live.listen import listen as listen
    from gcscope.model.audit import Audit as Audit
    from gcscope.model.audit import AuditFinding as AuditFinding
    from gcscope.model.census import Census as Census
    from gcscope.model.census import CensusRow as CensusRow
    from gcscope.model.growth import Grower as Grower
    from gcscope.model.growth import GrownType as GrownType
    from gcscope.model.growth import Growth as Growth
    from gcscope.model.pauses import Pause as Pause
    from gcscope.model.pauses import Pauses as Pauses
    from gcscope.model.pauses import PauseTotal as PauseTotal
    from gcscope.model.picture import Picture as Picture
    from gcscope.model.record import Counts as Counts
    from gcscope.model.results import Chain as Chain
    from gcscope.model.results import Collection as Collection
    from gcscope.model.results import Cut as Cut
    from gcscope.model.results import Cycle as Cycle
    from gcscope.model.results import Event as Event
    from gcscope.model.results import Fate as Fate
    from gcscope.model.results import Holder as Holder
    from gcscope.model.results import Holders as Holders
    from gcscope.model.results import Link as Link
    from gcscope.model.results import Report as Report
    from gcscope.model.results import Retained as Retained
    from gcscope.model.results import Trial as Trial
    from gcscope.model.results import Waiting as Waiting
    from gcscope.model.walkthrough import Walkthrough as Walkthrough

__version__ = "0.4.0"

# The public words, and the module that has each. What is imported above is the same, for type
# checkers: a test compares the two.
_HOMES = {
    "IMMORTAL": "_core",
    "Census": "model.census",
    "CensusRow": "model.census",
    "Audit": "model.audit",
    "AuditFinding": "model.audit",
    "Chain": "model.results",
    "Collection": "model.results",
    "Counts": "model.record",
    "Cut": "model.results",
    "Cycle": "model.results",
    "Event": "model.results",
    "Fate": "model.results",
    "Film": "api.film",
    "Grower": "model.growth",
    "GrownType": "model.growth",
    "Growth": "model.growth",
    "Holder": "model.results",
    "Holders": "model.results",
    "Journal": "api.journal",
    "Link": "model.results",
    "Pause": "model.pauses",
    "PauseTotal": "model.pauses",
    "Pauses": "model.pauses",
    "Person": "_core",
    "Picture": "model.picture",
    "Report": "model.results",
    "Retained": "model.results",
    "Tracked": "_core",
    "Trial": "model.results",
    "Waiting": "model.results",
    "Walkthrough": "model.walkthrough",
    "assert_no_cycles": "api.assertions",
    "assert_no_growth": "api.growth",
    "assert_released": "api.assertions",
    "census": "api.census",
    "audit": "api.audit",
    "collect": "api.collect",
    "cycles": "api.garbage",
    "draw": "api.draw",
    "explain_collection": "api.explain_collection",
    "film": "api.film",
    "garbage": "api.garbage",
    "growth": "api.growth",
    "holders": "api.holders",
    "instances": "api.instances",
    "journal": "api.journal",
    "labeller": "explain.labellers",
    "listen": "live.listen",
    "pauses": "api.pauses",
    "refcount": "_core",
    "retained": "api.retained",
    "sizer": "explain.sizers",
    "trial": "api.collect",
    "watch": "api.watch",
    "why_alive": "api.why_alive",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    """Load a word when it is first asked for (PEP 562), and with it all that the words need."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gcscope' has no attribute {name!r}")
    from importlib import import_module

    word: object = getattr(import_module(f"gcscope.{home}"), name)
    globals()[name] = word
    return word


def load_ipython_extension(shell: object) -> None:
    """Register the magics `%gcscope` and `%%gcscope` with IPython, for `%load_ext gcscope`."""
    from gcscope.jupyter.magics import load

    load(shell)


def unload_ipython_extension(shell: object) -> None:
    """Remove the magics from IPython, for `%unload_ext gcscope`."""
    from gcscope.jupyter.magics import unload

    unload(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
