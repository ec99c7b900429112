"""Forms: what stands for a component hangs on its shape and names, and on nothing else."""

import gc
import random
import sys

import pytest

import gcscope
from gcscope import _core
from specimens.rings import Other, Plain, labels_of, only, ring_of
from support import FREE_THREADED

pytestmark = pytest.mark.usefixtures("quiet", "small_heap")


class Node:
    """With room for a parent, siblings, children."""


class Left:
    """Of a pair; its instances keep their attributes inline."""


class Right:
    """The other one."""


class Hub:
    """What all others are registered at."""


def noise(rng):
    """Leave holes in the memory, so that what is made next lies in no order of addresses."""
    kept = [rng.choice([Plain, Other, Node, Hub, list, dict])() for _ in range(400)]
    for thing in kept:
        if rng.random() < 0.5 and hasattr(thing, "__dict__"):
            thing.filled = []
    rng.shuffle(kept)
    del kept[rng.randrange(300) :]
    return kept


class Workshop:
    """Make objects and set their attributes, in an order that the seed decides."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.pending = []

    def make(self, *classes):
        """Make one of each, in any order."""
        made = {}
        for place in self.rng.sample(range(len(classes)), len(classes)):
            spare = classes[place]()  # takes the next hole in the memory
            made[place] = classes[place]()
            del spare
        return [made[place] for place in range(len(classes))]

    def let(self, owner, name, value):
        """Set an attribute, later."""
        self.pending.append((owner, name, value))

    def finish(self):
        """Set all attributes; some objects get a real `__dict__`."""
        self.rng.shuffle(self.pending)
        for owner, name, value in self.pending:
            setattr(owner, name, value)
            if self.rng.random() < 0.3:
                vars(owner)
        self.pending.clear()


def siblings(shop, count=18):
    """A page: its nodes know their parent and both neighbours."""
    page, *nodes = shop.make(Hub, *[Node] * count)
    shop.let(page, "children", nodes)
    for before, after in zip(nodes, nodes[1:], strict=False):
        shop.let(before, "next", after)
        shop.let(after, "prev", before)
    for node in nodes:
        shop.let(node, "parent", page)


def tree(shop, count=40):
    """Each node has children by twos, which know it."""
    nodes = shop.make(*[Node] * count)
    for n, node in enumerate(nodes):
        shop.let(node, "children", nodes[2 * n + 1 : 2 * n + 3])
        if n:
            shop.let(node, "parent", nodes[(n - 1) // 2])


def members_of_a_set(shop):
    hub, *nodes = shop.make(Hub, *[Node] * 12)
    shop.let(hub, "members", {*nodes})
    for n, node in enumerate(nodes):
        shop.let(node, "one" if n % 3 else "other", hub)


def a_shared_container(shop):
    """Two owners of one list, of which the nearer is what its items are called by."""
    hub, other, *nodes = shop.make(Hub, Other, *[Node] * 6)
    shared = list(nodes)
    shop.let(hub, "nodes", shared)
    shop.let(other, "all_nodes", {"of": shared})
    for node in nodes:
        shop.let(node, "hub", hub)
        shop.let(node, "other", other)


def equally_near_owners(shop):
    hub, other, *nodes = shop.make(Hub, Hub, *[Node] * 6)
    shared = list(nodes)
    shop.let(hub, "zebra", shared)
    shop.let(other, "aardvark", shared)
    for node in nodes:
        shop.let(node, "first", hub)
        shop.let(node, "second", other)


def deep_containers(shop):
    """More hops than a label has."""
    hub, *nodes = shop.make(Hub, *[Node] * 4)
    for n, node in enumerate(nodes):
        held = [node]
        for _ in range(7):
            held = [[], held]
        shop.let(hub, f"deep_{n}", held)
        shop.let(node, "hub", hub)
    shop.let(hub, "deeper", {"a": {"b": {"c": {"d": {"e": {"f": nodes[0]}}}}}})


def integer_keys(shop):
    """Keys that are addresses, as of registries."""
    hub, *nodes = shop.make(Hub, *[Node] * 9)
    shop.let(hub, "by_id", {id(node): node for node in nodes})
    shop.let(hub, "by_pair", {(id(node), 1): [node] for node in nodes})
    for node in nodes:
        shop.let(node, "owner_of_it", hub)
        shop.let(node, "peers", [None] * shop.rng.randrange(9) + [hub])


def closures(shop):
    """Functions that share their variables, and refer to each other by them."""
    hub, node = shop.make(Hub, Node)

    def make():
        def first():
            return second, third, hub, node

        def second():
            return first, hub

        def third():
            return node

        return [first, second, third]

    functions = make()
    shop.let(hub, "functions", functions)
    shop.let(node, "callback", functions[2])


def tracebacks(shop):
    """An exception whose traceback has several frames, of which some know it."""
    (hub,) = shop.make(Hub)

    def deeper(levels, holder):
        if levels == 0:
            raise ValueError
        deeper(levels - 1, holder)

    for n in range(2):
        try:
            deeper(3 + n, hub)
        except ValueError as error:
            shop.let(hub, f"error_{n}", error)


def containers_only(shop):
    rows = [[] for _ in range(9)]
    shop.rng.shuffle(rows)
    for n, row in enumerate(rows):
        row += [rows[(n + 1) % 9], {"back": rows[n - 1], "far": rows[(n + 3) % 9]}]


def tuples_only(shop):
    rows = [[] for _ in range(4)]
    pairs = [(rows[0], rows[1]), (rows[2], rows[3], rows[0])]
    for row in shop.rng.sample(rows, 4):
        row += pairs


def long_rows(shop):
    """More references than a row has that is read one by one, some of them to one object."""
    hub, *nodes = shop.make(Hub, *[Node] * 15)
    shop.let(hub, "all", [*nodes, *nodes, hub, hub, nodes[3]])
    shop.let(hub, "pairs", [(node, node) for node in nodes])
    for n, node in enumerate(nodes):
        for name in ("up_1", "up_2", "up_3"):
            shop.let(node, name, hub)
        for m in range(14):
            shop.let(node, f"to_{m}", nodes[(n + m) % 15])


def classes_of_a_function(shop):
    class One:
        pass

    class Two(One):
        pass

    one, two = shop.make(One, Two)
    shop.let(one, "two", two)
    shop.let(two, "one", one)
    One.registry = [one]


SHAPES = [
    siblings,
    tree,
    members_of_a_set,
    a_shared_container,
    equally_near_owners,
    deep_containers,
    integer_keys,
    closures,
    tracebacks,
    containers_only,
    tuples_only,
    long_rows,
    classes_of_a_function,
]


def build(shape, seed):
    """Build a shape in a heap that the seed has disturbed; leave nothing but that."""
    shop = Workshop(seed)
    kept = noise(shop.rng)
    shape(shop)
    shop.finish()
    del kept


def told(report):
    """What must be the same in each run: not the cut, which the age of objects may turn.

    How many dicts there are hangs on which of the objects have a real one.
    """
    return [
        (
            cycle.fingerprint,
            cycle.cause,
            tuple(labels_of(cycle)),
            {name: count for name, count in cycle.types.items() if name != "dict"},
        )
        for cycle in report.cycles
    ]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_form_hangs_on_shape_and_names_alone(shape):
    answers = {}
    for seed in range(12):
        gc.collect()
        build(shape, seed)
        answers.setdefault(repr(told(gcscope.garbage())), []).append(seed)
    assert len(answers) == 1, "\n".join(map(str, answers.items()))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_form_hangs_on_no_other_object(shape):
    """Beside others it is what it is alone, wherever they lie."""
    build(shape, 1)
    alone = told(gcscope.garbage())
    for others in (SHAPES[:4], SHAPES[4:9], SHAPES[9:], [shape] * 3):
        gc.collect()
        build(others[0], 2)
        build(shape, 3)
        for n, other in enumerate(others[1:]):
            build(other, n)
        together = told(gcscope.garbage())
        assert {form[0] for form in alone} <= {form[0] for form in together}
        assert shape in others or all(form in together for form in alone)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_components_that_are_alike_are_one_form(shape):
    for seed in range(4):
        build(shape, seed)
    assert {cycle.count for cycle in gcscope.garbage().cycles} == {4}


def test_a_form_is_the_same_in_every_process(python):
    """Another seed of hashes, another allocator."""
    allocators = ("mimalloc", "mimalloc_debug") if FREE_THREADED else ("pymalloc", "malloc")
    code = (
        "import gc, sys; gc.disable(); sys.path.append('tests'); sys.path.append('tests/query')\n"
        "import gcscope, test_forms\n"
        "gc.collect()\n"
        "for seed, shape in enumerate(test_forms.SHAPES):\n"
        "    test_forms.build(shape, int(sys.argv[1]) + seed)\n"
        "    print(shape.__name__, test_forms.told(gcscope.garbage()))\n"
        "    gc.collect()\n"
    )
    runs = [
        python("-c", code, str(n), env={"PYTHONHASHSEED": str(n), "PYTHONMALLOC": allocator})
        for n, allocator in enumerate(2 * allocators)
    ]
    assert all(run.code == 0 for run in runs), runs[0]
    assert len({run.out for run in runs}) == 1 and runs[0].out.count("\n") == len(SHAPES)


def test_a_real_dict_changes_nothing():
    fingerprints, objects = set(), []
    for is_real in (False, True):
        a, b = Left(), Right()
        a.there, b.back, b.me = [b], a, b
        if is_real:
            vars(a), vars(b)
        del a, b
        cycle = only(gcscope.garbage())
        fingerprints.add(cycle.fingerprint)
        objects.append(cycle.objects)
        gc.collect()
    assert len(fingerprints) == 1
    # on 3.13 a dict with the values of an object is not tracked before it is written to
    assert objects == ([3, 3] if sys.version_info[:2] == (3, 13) else [3, 5])


@pytest.mark.parametrize("keys", [(1, 2), (-1, 2**70), (True, 3.5), (None, (1, 2))])
def test_keys_that_are_no_text_do_not_count(keys):
    forms = []
    for n, key in enumerate((*keys, 77)):
        ring_of(lambda t, key=key, n=n: [*[None] * n, {key: t}])
        forms += [cycle.fingerprint for cycle in gcscope.garbage().cycles]
        gc.collect()
    assert len(set(forms)) == 1
    ring_of(lambda t: [{"name": t}])
    assert only(gcscope.garbage()).fingerprint not in forms


def class_of(name):
    """Leave a class of this name, which is a ring."""
    type(name, (), {})


def named_function(name):
    """Leave a function that knows itself by a variable."""

    def function():
        return function

    function.__qualname__ = name


@pytest.mark.parametrize("make", [class_of, named_function])
def test_different_names_are_different_forms(make):
    for name in ("Old", "Brand", "Old"):
        make(name)
    counts = sorted(cycle.count for cycle in gcscope.garbage().cycles)
    assert counts == [1, 2]
    assert len({cycle.fingerprint for cycle in gcscope.garbage().cycles}) == 2


def test_instances_of_different_classes_are_different_forms():
    for name in ("Old", "Brand", "Old"):
        thing = type(name, (), {})()
        thing.me = thing
        del thing
    cycles = [cycle for cycle in gcscope.garbage().cycles if cycle.ring[0].label == ".me"]
    assert sorted(cycle.count for cycle in cycles) == [1, 2]


def first_maker():
    f = lambda: f  # noqa: E731


def second_maker():
    f = lambda: f  # noqa: E731


def test_lambdas_of_different_functions_are_different_forms():
    first_maker(), second_maker(), first_maker()
    assert sorted(cycle.count for cycle in gcscope.garbage().cycles) == [1, 2]


def test_a_cell_is_called_by_its_variable():
    """A ring by `wanted` and one by `unwanted` are two."""

    def make(by):
        wanted = unwanted = None
        hub = Hub()

        def function():
            return wanted, unwanted

        wanted, unwanted = (hub, None) if by == "wanted" else (None, hub)
        hub.call = function

    for by in ("wanted", "unwanted"):
        make(by)
    labels = {tuple(labels_of(cycle)) for cycle in gcscope.garbage().cycles}
    assert labels == {(".call", "cell wanted"), (".call", "cell unwanted")}


def test_a_run_of_tracebacks_is_one_step():
    """However deep the frame is that knows the exception."""

    def deeper(levels):
        if levels:
            deeper(levels - 1)
        else:
            try:
                raise ValueError
            except ValueError as error:
                kept = error
            raise kept

    fingerprints = set()
    for levels in (1, 2, 9):
        try:
            deeper(levels)
        except ValueError:
            pass
        fingerprints |= {cycle.fingerprint for cycle in gcscope.garbage().cycles}
        gc.collect()
    assert len(fingerprints) == 1


def test_a_ring_of_containers_alone_is_told_by_them():
    outer = []
    outer.append({"key": (outer, {"deep": outer})})
    del outer
    cycle = only(gcscope.garbage())
    assert {(link.type, link.label) for link in cycle.ring} == {
        ("list", "[0]"),
        ("dict", "['key'][0]"),
    }


def test_the_ring_of_most_members_is_told():
    """Not that of two siblings, nor the hub's own attribute, which are as short."""
    build(tree, 5)
    cycle = only(gcscope.garbage())
    assert sorted(label.split("[")[0] for label in labels_of(cycle)) == [".children", ".parent"]


def test_labels_of_users_do_not_change_a_form():
    class Vault(list):
        pass

    def make():
        hub, node = Hub(), Node()
        hub.vault = Vault([node])
        node.hub, node.me = hub, node

    make()
    before = only(gcscope.garbage())

    @gcscope.labeller(Vault)
    def labels(vault):
        return [(f"<{n}>", item) for n, item in enumerate(vault)]

    after = only(gcscope.garbage())
    assert after.fingerprint == before.fingerprint and after.cause == before.cause


@pytest.mark.slow
@pytest.mark.parametrize("shape", [siblings, long_rows, integer_keys], ids=lambda s: s.__name__)
def test_each_growth_of_a_choice(starving, shape):
    """Whatever fails, the next answer is the same."""
    starving(f"""
import gc
sys.path.append({str(sys.path[0])!r})
sys.path[:0] = [p for p in {sys.path!r} if p not in sys.path]
import gcscope, test_forms
from gcscope import _core
gc.disable()
gc.collect()
gc.freeze()
test_forms.build(test_forms.{shape.__name__}, 1)
expected = gcscope.garbage()
growths, answer = each_growth(gcscope.garbage, lambda: None)
assert growths > 20 and answer == expected, (growths, answer, expected)
failures = each_allocation(lambda: _core.unreachable_rings({{}}, None))
assert failures > 20, failures
assert gcscope.garbage() == expected
""")


def test_a_form_is_spelled_by_the_core():
    """A line for each object on the ring, and no address."""
    build(siblings, 1)
    (row,) = _core.unreachable_rings({}, None).forms
    assert row.form.count("\n") >= row.length and "0x" not in row.form
