"""The C core. The public words are in the package gcscope."""

from collections.abc import Callable, Iterable, Sequence
from types import CodeType
from typing import Any, Final, Self, SupportsIndex, TypeAlias, final

from _typeshed import structseq
from typing_extensions import disjoint_base

_AnyType: TypeAlias = type[Any]  # of rows with a field `type`

KNOWS_BORROWING: Final[bool]
KNOWS_TABLES: Final[bool]
FREE_THREADED: Final[bool]
BUILT_FOR: Final[int]
WALKS_GENERATIONS: Final[bool]
IMMORTAL: Final[int]

@disjoint_base
class Tracked:
    def __getstate__(self) -> object: ...
    def __reduce_ex__(self, protocol: SupportsIndex, /) -> tuple[Any, ...]: ...
    def __del__(self) -> None: ...
    @property
    def serial(self) -> int: ...

@disjoint_base
class Person(Tracked):
    def __init__(self, name: str) -> None: ...
    @property
    def name(self) -> str: ...
    @name.setter
    def name(self, value: str) -> None: ...
    @property
    def friends(self) -> list[Any]: ...
    @friends.setter
    def friends(self, value: list[Any]) -> None: ...
    def befriend(self, other: Person, /) -> None: ...

@final
class RollCall:
    @property
    def objects(self) -> int: ...
    @property
    def uncertain(self) -> bool: ...
    @property
    def over_visited(self) -> int: ...
    def types(self) -> TypeCounts: ...
    def addresses(self) -> list[int]: ...
    def without(self, other: RollCall, /) -> RollCall: ...
    def within(self, other: RollCall, /) -> RollCall: ...
    def still_tracked(self) -> RollCall: ...
    def collect(self) -> RollCall: ...

@final
class Place(structseq[Any], tuple[str, int]):
    __match_args__: Final = (
        "file",
        "line",
    )
    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...

@final
class Node(structseq[Any], tuple[str, str, str | None, Place | None, int]):
    __match_args__: Final = (
        "type",
        "kind",
        "name",
        "where",
        "rank",
    )
    @property
    def type(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str | None: ...
    @property
    def where(self) -> Place | None: ...
    @property
    def rank(self) -> int: ...

@final
class Edge(structseq[Any], tuple[str, str, str, bool, tuple[object, object] | None, bool]):
    __match_args__: Final = (
        "text",
        "canonical",
        "kind",
        "named",
        "ask",
        "computed",
    )
    @property
    def text(self) -> str: ...
    @property
    def canonical(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def named(self) -> bool: ...
    @property
    def ask(self) -> tuple[object, object] | None: ...
    @property
    def computed(self) -> bool: ...

@final
class CutTrial(structseq[Any], tuple[int, int, int]):
    __match_args__: Final = (
        "alone",
        "references",
        "together",
    )
    @property
    def alone(self) -> int: ...
    @property
    def references(self) -> int: ...
    @property
    def together(self) -> int: ...

@final
class Clearing(structseq[Any], tuple[int, int, list[str]]):
    __match_args__: Final = (
        "frees",
        "references",
        "labels",
    )
    @property
    def frees(self) -> int: ...
    @property
    def references(self) -> int: ...
    @property
    def labels(self) -> list[str]: ...

@final
class KindCut(structseq[Any], tuple[list[str], int, int, int, bool, bool, bool, int, Node, str]):
    __match_args__: Final = (
        "kinds",
        "references",
        "sources",
        "frees",
        "upwards",
        "sure",
        "weakrefable",
        "place",
        "node",
        "label",
    )
    @property
    def kinds(self) -> list[str]: ...
    @property
    def references(self) -> int: ...
    @property
    def sources(self) -> int: ...
    @property
    def frees(self) -> int: ...
    @property
    def upwards(self) -> bool: ...
    @property
    def sure(self) -> bool: ...
    @property
    def weakrefable(self) -> bool: ...
    @property
    def place(self) -> int: ...
    @property
    def node(self) -> Node: ...
    @property
    def label(self) -> str: ...

@final
class TypeCounts(structseq[Any], tuple[dict[str, int], dict[str, int]]):
    __match_args__: Final = (
        "instrumented",
        "others",
    )
    @property
    def instrumented(self) -> dict[str, int]: ...
    @property
    def others(self) -> dict[str, int]: ...

@final
class Ring(
    structseq[Any],
    tuple[
        int,
        int,
        int,
        int,
        int,
        bool,
        TypeCounts,
        list[Node],
        list[int | None],
        list[Edge],
        list[CutTrial],
        list[Clearing | None],
        bool,
        str | None,
        str,
        int,
        KindCut | None,
    ],
):
    __match_args__: Final = (
        "seen",
        "objects",
        "dragged",
        "bytes",
        "dragged_bytes",
        "exact",
        "types",
        "nodes",
        "refcounts",
        "edges",
        "trials",
        "clearings",
        "held",
        "provenance",
        "form",
        "length",
        "kind_cut",
    )
    @property
    def seen(self) -> int: ...
    @property
    def objects(self) -> int: ...
    @property
    def dragged(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def dragged_bytes(self) -> int: ...
    @property
    def exact(self) -> bool: ...
    @property
    def types(self) -> TypeCounts: ...
    @property
    def nodes(self) -> list[Node]: ...
    @property
    def refcounts(self) -> list[int | None]: ...
    @property
    def edges(self) -> list[Edge]: ...
    @property
    def trials(self) -> list[CutTrial]: ...
    @property
    def clearings(self) -> list[Clearing | None]: ...
    @property
    def held(self) -> bool: ...
    @property
    def provenance(self) -> str | None: ...
    @property
    def form(self) -> str: ...
    @property
    def length(self) -> int: ...
    @property
    def kind_cut(self) -> KindCut | None: ...

@final
class WaitingObjects(structseq[Any], tuple[str, TypeCounts, int]):
    __match_args__: Final = (
        "why",
        "types",
        "kept",
    )
    @property
    def why(self) -> str: ...
    @property
    def types(self) -> TypeCounts: ...
    @property
    def kept(self) -> int: ...

@final
class Rings(
    structseq[Any],
    tuple[RollCall, list[Ring], int, list[tuple[Any, int, bool]], list[WaitingObjects], list[Node]],
):
    __match_args__: Final = (
        "objects",
        "forms",
        "bytes",
        "sized",
        "waiting",
        "running",
    )
    @property
    def objects(self) -> RollCall: ...
    @property
    def forms(self) -> list[Ring]: ...
    @property
    def bytes(self) -> int: ...
    @property
    def sized(self) -> list[tuple[Any, int, bool]]: ...
    @property
    def waiting(self) -> list[WaitingObjects]: ...
    @property
    def running(self) -> list[Node]: ...

@final
class Reference(structseq[Any], tuple[Node, Sequence[Edge], bool, int]):
    __match_args__: Final = (
        "node",
        "edges",
        "owned",
        "references",
    )
    @property
    def node(self) -> Node: ...
    @property
    def edges(self) -> Sequence[Edge]: ...
    @property
    def owned(self) -> bool: ...
    @property
    def references(self) -> int: ...

@final
class References(structseq[Any], tuple[int | None, list[Reference]]):
    __match_args__: Final = (
        "refcount",
        "references",
    )
    @property
    def refcount(self) -> int | None: ...
    @property
    def references(self) -> list[Reference]: ...

@final
class Evidence(structseq[Any], tuple[Node, str, str, str, int, bool, bool]):
    __match_args__: Final = (
        "node",
        "label",
        "how",
        "shown",
        "instances",
        "one_of",
        "leads_back",
    )
    @property
    def node(self) -> Node: ...
    @property
    def label(self) -> str: ...
    @property
    def how(self) -> str: ...
    @property
    def shown(self) -> str: ...
    @property
    def instances(self) -> int: ...
    @property
    def one_of(self) -> bool: ...
    @property
    def leads_back(self) -> bool: ...

@final
class Neighbor(
    structseq[Any],
    tuple[Node, int, int | None, int | None, int, int, int, bool, bool, str | None, int, bool, int],
):
    __match_args__: Final = (
        "node",
        "address",
        "serial",
        "refcount",
        "outside",
        "depth",
        "gc_refs",
        "stays",
        "reachable",
        "own_name",
        "ring",
        "folded",
        "length",
    )
    @property
    def node(self) -> Node: ...
    @property
    def address(self) -> int: ...
    @property
    def serial(self) -> int | None: ...
    @property
    def refcount(self) -> int | None: ...
    @property
    def outside(self) -> int: ...
    @property
    def depth(self) -> int: ...
    @property
    def gc_refs(self) -> int: ...
    @property
    def stays(self) -> bool: ...
    @property
    def reachable(self) -> bool: ...
    @property
    def own_name(self) -> str | None: ...
    @property
    def ring(self) -> int: ...
    @property
    def folded(self) -> bool: ...
    @property
    def length(self) -> int: ...

@final
class InnerReference(structseq[Any], tuple[int, int, int, int, list[Edge]]):
    __match_args__: Final = (
        "source",
        "target",
        "references",
        "owned",
        "edges",
    )
    @property
    def source(self) -> int: ...
    @property
    def target(self) -> int: ...
    @property
    def references(self) -> int: ...
    @property
    def owned(self) -> int: ...
    @property
    def edges(self) -> list[Edge]: ...

@final
class OuterReference(structseq[Any], tuple[int, Node, Sequence[Edge], str]):
    __match_args__: Final = (
        "target",
        "node",
        "edges",
        "found",
    )
    @property
    def target(self) -> int: ...
    @property
    def node(self) -> Node: ...
    @property
    def edges(self) -> Sequence[Edge]: ...
    @property
    def found(self) -> str: ...

@final
class Extent(structseq[Any], tuple[int, int]):
    __match_args__: Final = (
        "objects",
        "folded",
    )
    @property
    def objects(self) -> int: ...
    @property
    def folded(self) -> int: ...

@final
class Neighborhood(
    structseq[Any],
    tuple[list[Neighbor], list[InnerReference], list[OuterReference], Extent, Extent, list[Extent]],
):
    __match_args__: Final = (
        "objects",
        "references",
        "outside",
        "met",
        "on_rings",
        "rings",
    )
    @property
    def objects(self) -> list[Neighbor]: ...
    @property
    def references(self) -> list[InnerReference]: ...
    @property
    def outside(self) -> list[OuterReference]: ...
    @property
    def met(self) -> Extent: ...
    @property
    def on_rings(self) -> Extent: ...
    @property
    def rings(self) -> list[Extent]: ...

@final
class Chain(
    structseq[Any],
    tuple[
        str,
        list[Node],
        list[Edge],
        str | None,
        Node | None,
        str | None,
        str | None,
        bool,
        list[Evidence],
    ],
):
    __match_args__: Final = (
        "root",
        "nodes",
        "edges",
        "module",
        "frame",
        "local",
        "expression",
        "own_key",
        "evidence",
    )
    @property
    def root(self) -> str: ...
    @property
    def nodes(self) -> list[Node]: ...
    @property
    def edges(self) -> list[Edge]: ...
    @property
    def module(self) -> str | None: ...
    @property
    def frame(self) -> Node | None: ...
    @property
    def local(self) -> str | None: ...
    @property
    def expression(self) -> str | None: ...
    @property
    def own_key(self) -> bool: ...
    @property
    def evidence(self) -> list[Evidence]: ...

@final
class Retained(structseq[Any], tuple[int, int, TypeCounts, list[Any]]):
    __match_args__: Final = (
        "objects",
        "bytes",
        "types",
        "sized",
    )
    @property
    def objects(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def types(self) -> TypeCounts: ...
    @property
    def sized(self) -> list[Any]: ...

@final
class Retainer(structseq[Any], tuple[Node, int]):
    __match_args__: Final = (
        "node",
        "bytes",
    )
    @property
    def node(self) -> Node: ...
    @property
    def bytes(self) -> int: ...

@final
class Event(structseq[Any], tuple[int, str, str, str | None, int, str | None]):
    __match_args__: Final = (
        "serial",
        "what",
        "type",
        "name",
        "refcount",
        "freed_by",
    )
    @property
    def serial(self) -> int: ...
    @property
    def what(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str | None: ...
    @property
    def refcount(self) -> int: ...
    @property
    def freed_by(self) -> str | None: ...

@final
class JournalStatus(structseq[Any], tuple[bool, int, int, int]):
    __match_args__: Final = (
        "enabled",
        "capacity",
        "dropped",
        "fate_tables",
    )
    @property
    def enabled(self) -> bool: ...
    @property
    def capacity(self) -> int: ...
    @property
    def dropped(self) -> int: ...
    @property
    def fate_tables(self) -> int: ...

@final
class Fate(structseq[Any], tuple[int, str, str | None, str]):
    __match_args__: Final = (
        "serial",
        "type",
        "name",
        "fate",
    )
    @property
    def serial(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str | None: ...
    @property
    def fate(self) -> str: ...

@final
class Fates:
    def __new__(cls) -> Self: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...
    def end(self, unreachable: RollCall, uncollectable: RollCall, /) -> None: ...
    def counts(self) -> dict[str, dict[str, int]]: ...
    def __len__(self) -> int: ...
    def __sizeof__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Fate: ...

@final
class Child:
    def __new__(cls, make: Callable[[float], bytes], limit: float, /) -> Self: ...
    @property
    def descriptor(self) -> int: ...
    @property
    def pid(self) -> int: ...
    @property
    def stopped(self) -> float: ...
    @property
    def answer(self) -> bytes | None: ...
    @property
    def code(self) -> int: ...
    def take(self, seconds: float, /) -> bool: ...

@final
class Lease:
    def __new__(cls) -> Self: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...

@final
class Worker:
    descriptor: int
    interruptible: bool
    @property
    def lost(self) -> bool: ...
    def __new__(
        cls,
        make: Callable[[], Iterable[tuple[float | None, int, bool]]],
        in_child: bool = False,
        descriptor: int = -1,
    ) -> Self: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def holds(self) -> bool: ...
    def release(self) -> None: ...

def workers_before_fork() -> None: ...
def workers_after_fork() -> None: ...
def workers_in_child() -> None: ...

@final
class AuditedType(structseq[Any], tuple[str, _AnyType, int, bool]):
    __match_args__: Final = (
        "type",
        "of",
        "instances",
        "clearless",
    )
    @property
    def type(self) -> str: ...
    @property
    def of(self) -> _AnyType: ...
    @property
    def instances(self) -> int: ...
    @property
    def clearless(self) -> bool: ...

@final
class Suspicion(structseq[Any], tuple[str, _AnyType, str, int, str | None, bool, int, int, bool]):
    __match_args__: Final = (
        "type",
        "of",
        "fault",
        "offset",
        "name",
        "is_item",
        "instances",
        "targets",
        "shared",
    )
    @property
    def type(self) -> str: ...
    @property
    def of(self) -> _AnyType: ...
    @property
    def fault(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def name(self) -> str | None: ...
    @property
    def is_item(self) -> bool: ...
    @property
    def instances(self) -> int: ...
    @property
    def targets(self) -> int: ...
    @property
    def shared(self) -> bool: ...

@final
class Audit(structseq[Any], tuple[list[AuditedType], list[Suspicion]]):
    __match_args__: Final = (
        "types",
        "suspicions",
    )
    @property
    def types(self) -> list[AuditedType]: ...
    @property
    def suspicions(self) -> list[Suspicion]: ...

@final
class Followed(
    structseq[Any],
    tuple[
        Rings | None,
        RollCall | None,
        int,
        int,
        TypeCounts,
        list[Ring],
        int,
        int,
        bool,
        bool,
        int,
        str | None,
    ],
):
    __match_args__: Final = (
        "left",
        "made",
        "collected_objects",
        "collected_bytes",
        "collected_types",
        "collected_forms",
        "collections",
        "unseen",
        "lost",
        "uncertain",
        "over_visited",
        "released",
    )
    @property
    def left(self) -> Rings | None: ...
    @property
    def made(self) -> RollCall | None: ...
    @property
    def collected_objects(self) -> int: ...
    @property
    def collected_bytes(self) -> int: ...
    @property
    def collected_types(self) -> TypeCounts: ...
    @property
    def collected_forms(self) -> list[Ring]: ...
    @property
    def collections(self) -> int: ...
    @property
    def unseen(self) -> int: ...
    @property
    def lost(self) -> bool: ...
    @property
    def uncertain(self) -> bool: ...
    @property
    def over_visited(self) -> int: ...
    @property
    def released(self) -> str | None: ...

@final
class Follow:
    def __new__(cls, whole: bool = False, object_traceback: Any = None, /) -> Self: ...
    def begin(self) -> None: ...
    def born(self, addresses: list[int], /) -> list[int]: ...
    def end(
        self,
        labellers: dict[int, tuple[type, Any]],
        object_traceback: Any,
        survivors: bool = False,
        box: list[Any] | None = None,
        sizers: dict[int, tuple[type, Any]] | None = None,
        /,
    ) -> Followed: ...
    def stop(self) -> None: ...

@final
class Pause(structseq[Any], tuple[int, float, float, int | None, int, bool, dict[int, int] | None]):
    __match_args__: Final = (
        "generation",
        "began",
        "seconds",
        "examined",
        "freed",
        "asked",
        "forms",
    )
    @property
    def generation(self) -> int: ...
    @property
    def began(self) -> float: ...
    @property
    def seconds(self) -> float: ...
    @property
    def examined(self) -> int | None: ...
    @property
    def freed(self) -> int: ...
    @property
    def asked(self) -> bool: ...
    @property
    def forms(self) -> dict[int, int] | None: ...

@final
class PauseTotal(structseq[Any], tuple[int, int, float, float, int, int, int, int]):
    __match_args__: Final = (
        "collections",
        "asked",
        "seconds",
        "longest",
        "freed",
        "examined",
        "examined_in",
        "unseen",
    )
    @property
    def collections(self) -> int: ...
    @property
    def asked(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def longest(self) -> float: ...
    @property
    def freed(self) -> int: ...
    @property
    def examined(self) -> int: ...
    @property
    def examined_in(self) -> int: ...
    @property
    def unseen(self) -> int: ...

@final
class Paused(
    structseq[Any],
    tuple[
        list[Pause],
        list[PauseTotal],
        list[Ring],
        int,
        int,
        float,
        int,
        float,
        bool,
        int,
    ],
):
    __match_args__: Final = (
        "kept",
        "totals",
        "forms",
        "sampled",
        "failed",
        "sampling",
        "left_out",
        "elapsed",
        "uncertain",
        "over_visited",
    )
    @property
    def kept(self) -> list[Pause]: ...
    @property
    def totals(self) -> list[PauseTotal]: ...
    @property
    def forms(self) -> list[Ring]: ...
    @property
    def sampled(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def sampling(self) -> float: ...
    @property
    def left_out(self) -> int: ...
    @property
    def elapsed(self) -> float: ...
    @property
    def uncertain(self) -> bool: ...
    @property
    def over_visited(self) -> int: ...

@final
class Pauses:
    def __new__(cls, share: float = 0.0, object_traceback: Any = None, /) -> Self: ...
    def begin(self) -> None: ...
    def round(self) -> Paused: ...
    def end(self) -> Paused: ...
    def stop(self) -> None: ...

@final
class TypeTally(structseq[Any], tuple[str, str, int, int]):
    __match_args__: Final = (
        "type",
        "module",
        "objects",
        "bytes",
    )
    @property
    def type(self) -> str: ...
    @property
    def module(self) -> str: ...
    @property
    def objects(self) -> int: ...
    @property
    def bytes(self) -> int: ...

@final
class Census(structseq[Any], tuple[list[TypeTally], int | None, list[tuple[int, Any]]]):
    __match_args__: Final = (
        "tallies",
        "anonymous",
        "asked",
    )
    @property
    def tallies(self) -> list[TypeTally]: ...
    @property
    def anonymous(self) -> int | None: ...
    @property
    def asked(self) -> list[tuple[int, Any]]: ...

@final
class ScanCost(structseq[Any], tuple[int, int, int, int, float | None]):
    __match_args__: Final = (
        "nodes",
        "edges",
        "visits",
        "peak_bytes",
        "stopped",
    )
    @property
    def nodes(self) -> int: ...
    @property
    def edges(self) -> int: ...
    @property
    def visits(self) -> int: ...
    @property
    def peak_bytes(self) -> int: ...
    @property
    def stopped(self) -> float | None: ...

@final
class EmptyStack:
    @property
    def has_tools(self) -> bool: ...
    def run_file(
        self, descriptor: int, name: bytes, namespace: dict[str, Any], /
    ) -> BaseException | None: ...
    def run_code(self, code: CodeType, namespace: dict[str, Any], /) -> BaseException | None: ...
    def call(self, function: Callable[..., object], /, *args: object) -> BaseException | None: ...
    def resume_trace(self) -> None: ...
    def resume_tools(self) -> None: ...

@final
class Filled(
    structseq[Any],
    tuple[str, int, int],
):
    __match_args__: Final = (
        "file",
        "line",
        "entries",
    )
    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def entries(self) -> int: ...

@final
class Growing(
    structseq[Any],
    tuple[str, int, int, int, int, int, int, int, list[Filled], list[Any], list[Any]],
):
    __match_args__: Final = (
        "type",
        "containers",
        "length",
        "entries",
        "marked_entries",
        "marked_bytes",
        "table_entries",
        "table_bytes",
        "filled",
        "specimens",
        "newest",
    )
    @property
    def type(self) -> str: ...
    @property
    def containers(self) -> int: ...
    @property
    def length(self) -> int: ...
    @property
    def entries(self) -> int: ...
    @property
    def marked_entries(self) -> int: ...
    @property
    def marked_bytes(self) -> int: ...
    @property
    def table_entries(self) -> int: ...
    @property
    def table_bytes(self) -> int: ...
    @property
    def filled(self) -> list[Filled]: ...
    @property
    def specimens(self) -> list[Any]: ...
    @property
    def newest(self) -> list[Any]: ...

@final
class GrowingType(
    structseq[Any],
    tuple[str, int, list[Any]],
):
    __match_args__: Final = (
        "type",
        "objects",
        "specimen",
    )
    @property
    def type(self) -> str: ...
    @property
    def objects(self) -> int: ...
    @property
    def specimen(self) -> list[Any]: ...

@final
class Grown(
    structseq[Any],
    tuple[list[Growing], list[GrowingType], int, int, bool],
):
    __match_args__: Final = (
        "containers",
        "types",
        "rounds",
        "marked_rounds",
        "refused",
    )
    @property
    def containers(self) -> list[Growing]: ...
    @property
    def types(self) -> list[GrowingType]: ...
    @property
    def rounds(self) -> int: ...
    @property
    def marked_rounds(self) -> int: ...
    @property
    def refused(self) -> bool: ...

@final
class Containers:
    def round(self, mark: bool = False, /) -> None: ...
    def end(self) -> Grown: ...
    def stop(self) -> None: ...

def attribute(obj: object, name: str, own: bool, /) -> Any: ...
def entry(dict: dict[Any, Any], key: str | float | bytes | None, /) -> Any: ...
def instances(name_or_type: str | type, most: int, /) -> list[Any]: ...
def refcount(obj: object, /) -> int: ...
def dry_run(extent: int | list[Any] = -1, /) -> RollCall: ...
def roll_call(objects: list[Any], /) -> RollCall: ...
def known(unreachable: bool, /) -> RollCall: ...
def living(
    unreachable: RollCall | None,
    uncollectable: RollCall | None,
    first_serial: int,
    end_serial: int,
    /,
) -> dict[str, dict[str, int]]: ...
def journal_events() -> list[Event]: ...
def journal_status() -> JournalStatus: ...
def journal_deaths() -> dict[str, dict[str, int]]: ...
def journal_totals() -> dict[str, int]: ...
def journal_clear() -> None: ...
def journal_enable(enabled: bool, /) -> None: ...
def journal_resize(capacity: int, /) -> None: ...
def hash_of(data: bytes, /) -> int: ...
def last_scan() -> ScanCost: ...
def stopped_for() -> float: ...
def walk_generations(walk: bool, /) -> bool: ...
def fail_after(growths: int, /) -> None: ...
def object_bytes(obj: object, /) -> int: ...
def unreachable_rings(
    labellers: dict[int, tuple[type, Any]],
    object_traceback: Any,
    sizers: dict[int, tuple[type, Any]] | None = None,
    /,
) -> Rings: ...
def live_rings(
    objects: tuple[object, ...],
    labellers: dict[int, tuple[type, Any]],
    object_traceback: Any,
    sizers: dict[int, tuple[type, Any]] | None = None,
    /,
) -> Rings: ...
def smallest_rotation(keys: list[int], /) -> int: ...
def holders(
    box: list[Any],
    known: tuple[tuple[int, str], ...],
    labellers: dict[int, tuple[type, Any]] | None = None,
    object_traceback: Any = None,
    /,
) -> References: ...
def unexplained() -> list[tuple[Any, int]]: ...
def evidence(
    box: list[Any],
    labellers: dict[int, tuple[type, Any]] | None = None,
    object_traceback: Any = None,
    /,
) -> list[Evidence]: ...
def is_collected(
    objects: tuple[object, ...] | list[Any] | None,
    /,
) -> bool: ...
def waiting(box: list[Any], /) -> str | None: ...
def neighborhood(
    given: list[int] | tuple[object, ...],
    most: int,
    known: tuple[tuple[int, str], ...],
    labellers: dict[int, tuple[type, Any]],
    object_traceback: Any,
    /,
) -> Neighborhood: ...
def born(addresses: list[int], extent: int | list[Any], /) -> list[int]: ...
def why_alive(
    box: list[Any],
    labellers: dict[int, tuple[type, Any]] | None = None,
    object_traceback: Any = None,
    ignore: tuple[object, ...] | list[Any] = (),
    paths: int = 1,
    /,
) -> list[Chain]: ...
def retained(box: list[Any], sizers: dict[int, tuple[type, Any]] | None = None, /) -> Retained: ...
def retainers(count: int, /) -> list[Retainer]: ...
def census(record: type, sizers: dict[int, tuple[type, Any]], /) -> Census: ...
def audit(plain: _AnyType, types: tuple[_AnyType, ...], names: tuple[str, ...], /) -> Audit: ...
def c_type(plain: _AnyType, cls: _AnyType, /) -> _AnyType: ...
def words_of(obj: object, target: object, /) -> list[int]: ...
