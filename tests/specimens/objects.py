"""The plainest objects, and the oddest.

A module that freezes figures makes a plain class of its own: the attributes of instances lie inline
only as long as a class has not seen more than 30 names, so that its figures would hang on other
tests.
"""

import gc
import sys
import weakref


class Plain:
    pass


class Slotted:
    __slots__ = ("a", "b")


PLAIN, SLOTTED = f"{__name__}.Plain", f"{__name__}.Slotted"
"""The names of these types in reports."""


def evil():
    """An object, and its class, that allow nothing to be asked of them."""

    def refuse(*_):
        raise AssertionError("asked")

    class Meta(type):
        __getattribute__ = __hash__ = __eq__ = __instancecheck__ = __subclasscheck__ = __repr__ = (
            refuse
        )

    class Touchy(metaclass=Meta):
        __getattribute__ = __repr__ = __eq__ = __hash__ = __len__ = __iter__ = __bool__ = (
            __sizeof__
        ) = refuse
        __class__ = property(refuse)
        __traverse__ = refuse

    return Touchy


def world(watched):
    """What must be the same after a look: the collector's state, and that of what is watched."""
    return (
        [dict(generation) for generation in gc.get_stats()],
        gc.isenabled(),
        gc.get_threshold(),
        [sys.getrefcount(thing) for thing in watched],
        [[id(held) for held in gc.get_referents(thing)] for thing in watched],
        [gc.is_tracked(thing) for thing in watched],
        len(gc.garbage),
        gc.get_freeze_count(),
        sorted(sys.modules),
    )


def trash_with_a_finalizer():
    """Return a weak reference to trash, and a list that its finalizer would write into."""
    finalized = []
    trash = Plain()
    trash.me, trash.finalize = trash, weakref.finalize(trash, finalized.append, 1)
    return weakref.ref(trash), finalized
