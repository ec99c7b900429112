"""Linked lists and graphs."""

from specimens.structures.cases import Structure, cut


class doubly_linked_list(Structure):
    """A list of entries, each with the next and the one before."""

    rings = ("Entry.next → Entry.prev",)
    answers = (cut("Entry.prev", by="weak close done"),)
    weak = ("Entry.prev",)

    class Entry:
        def __init__(self, value, prev):
            self.value, self.prev, self.next = value, prev, None
            if prev is not None:
                prev.next = self

    class Chain:
        def __init__(self, values):
            self.first = self.last = None
            for value in values:
                self.last = doubly_linked_list.Entry(value, self.last)
                self.first = self.first or self.last

    def make():
        return doubly_linked_list.Chain(range(12))

    def use(chain):
        assert chain.last.prev.prev.value == 9
        entry, values = chain.first, []
        while entry is not None:
            values.append(entry.value)
            entry = entry.next
        assert values == list(range(12))


class doubly_linked_list_of_other_words(Structure):
    """The same, with names that say nothing."""

    rings = ("Cell.a → Cell.b",)
    answers = (cut("Cell.b", by="weak close done"),)
    weak = ("Cell.b",)

    class Cell:
        def __init__(self, b):
            self.b, self.a = b, None

    def make():
        cell = doubly_linked_list_of_other_words.Cell
        first = last = cell(None)
        for _ in range(9):
            last.a = cell(last)
            last = last.a
        return first

    def use(first):
        count = 0
        while first.a is not None:
            assert first.a.b is first
            first, count = first.a, count + 1
        assert count == 9


class Link:
    def __init__(self):
        self.next = self.prev = self

    def insert(self, link):
        link.prev, link.next = self.prev, self
        self.prev.next = link
        self.prev = link


class circular_list_with_a_hub(Structure):
    """A circular list begins and ends at a hub; nobody else holds its links."""

    answers = (cut("*.next", "*.prev", by="close done"),)

    class Hub(Link):
        def clear(self):
            link = self
            while link is not None:
                link.prev, link.next, link = None, None, link.next

    def make():
        hub = circular_list_with_a_hub.Hub()
        for _ in range(8):
            hub.insert(Link())
        return hub

    def use(hub):
        link, count = hub.next, 0
        while link is not hub:
            assert link.next.prev is link
            link, count = link.next, count + 1
        assert count == 8

    def done(hub):
        hub.clear()


class least_recently_used(Structure):
    """A cache keeps its links in a dict, and in a circular list in the order of use."""

    source = "https://github.com/python/cpython/blob/main/Lib/collections/__init__.py (OrderedDict)"
    answers = (cut("Link.next", "Link.prev", by="weak close done"),)

    class Cache:
        def __init__(self):
            self.root, self.links = Link(), {}

        def put(self, key):
            self.links[key] = link = Link()
            self.root.insert(link)

        def clear(self):
            for link in [self.root, *self.links.values()]:
                link.next = link.prev = None
            self.links.clear()

    def make():
        cache = least_recently_used.Cache()
        for key in range(8):
            cache.put(key)
        return cache

    def use(cache):
        assert cache.root.next is cache.links[0] and cache.root.prev is cache.links[7]
        assert all(link.next.prev is link for link in cache.links.values())

    def done(cache):
        cache.clear()


class hub_of_circular_lists(Structure):
    """A hub owns circular lists of six, three and three; each node knows the hub."""

    answers = (
        cut("Node.hub", "Node.next", by="close done"),
        cut("Hub.heads", "Node.next", by="close done"),
    )

    class Node:
        def __init__(self, hub):
            self.hub, self.next = hub, self

    class Hub:
        def __init__(self, lengths):
            self.heads = []
            for length in lengths:
                nodes = [hub_of_circular_lists.Node(self) for _ in range(length)]
                for node, following in zip(nodes, nodes[1:] + nodes[:1], strict=True):
                    node.next = following
                self.heads.append(nodes[0])

        def close(self):
            for node in self.heads:
                while node is not None:
                    node.hub, node.next, node = None, None, node.next

    def make():
        return hub_of_circular_lists.Hub([6, 3, 3])

    def use(hub):
        assert hub.heads[0].next.next.next.next.next.next is hub.heads[0]
        assert hub.heads[2].next.next.next is hub.heads[2] and hub.heads[1].next.hub is hub

    def done(hub):
        hub.close()


class graph_with_both_directions(Structure):
    """The vertices of a graph without circles list those after and those before them."""

    source = "a usual shape; networkx keeps _succ and _pred"
    rings = ("Vertex.successors[*] → Vertex.predecessors[*]",)
    answers = (
        cut("Vertex.predecessors", by="weak close done"),
        cut("Vertex.predecessors", "Vertex.successors", by="close done"),
    )

    class Vertex:
        def __init__(self, name):
            self.name, self.successors, self.predecessors = name, [], []

        def to(self, other):
            self.successors.append(other)
            other.predecessors.append(self)

    class Graph:
        def __init__(self, count):
            self.vertices = [graph_with_both_directions.Vertex(i) for i in range(count)]
            for before, vertex in enumerate(self.vertices):
                for after in self.vertices[before + 1 : before + 3]:
                    vertex.to(after)

    def make():
        return graph_with_both_directions.Graph(9)

    def use(graph):
        last = graph.vertices[-1]
        assert [vertex.name for vertex in last.predecessors] == [6, 7]
        assert all(last in vertex.successors for vertex in last.predecessors)

    def done(graph):
        for vertex in graph.vertices:
            vertex.predecessors.clear()


class graph_of_neighbours(Structure):
    """An undirected graph: each vertex lists its neighbours, and the graph all of them."""

    rings = ("Vertex.neighbours[*] → Vertex.neighbours[*]",)
    answers = (cut("Vertex.neighbours", by="weak close done"),)

    class Vertex:
        def __init__(self):
            self.neighbours = []

    def make():
        vertices = [graph_of_neighbours.Vertex() for _ in range(10)]
        for i, vertex in enumerate(vertices):
            for step in (1, 3):
                other = vertices[(i + step) % 10]
                vertex.neighbours.append(other)
                other.neighbours.append(vertex)
        return vertices

    def use(vertices):
        assert all(vertex in one.neighbours for vertex in vertices for one in vertex.neighbours)

    def done(vertices):
        for vertex in vertices:
            vertex.neighbours.clear()


class two_friends(Structure):
    """Two people list each other as friends; one of them is held."""

    rings = ("Person.friends[*] → Person.friends[*]",)
    answers = (cut("Person.friends", by="close done"),)

    class Person:
        def __init__(self):
            self.friends = []

    def make():
        ann, bob = two_friends.Person(), two_friends.Person()
        ann.friends.append(bob)
        bob.friends.append(ann)
        return ann

    def use(ann):
        (bob,) = ann.friends
        assert bob.friends == [ann]

    def done(ann):
        ann.friends.clear()


class sheet_of_cells(Structure):
    """A spreadsheet has its cells by row and column, and each knows the sheet."""

    source = "openpyxl: Cell.parent, Worksheet._cells"
    rings = ("Sheet.cells[*] → Cell.sheet",)
    answers = (cut("Cell.sheet", by="weak close done"),)
    weak = ("Cell.sheet",)

    class Cell:
        def __init__(self, sheet):
            self.sheet = sheet

    class Sheet:
        def __init__(self, rows, columns):
            places = [(row, column) for row in range(rows) for column in range(columns)]
            self.cells = {place: sheet_of_cells.Cell(self) for place in places}

    def make():
        return sheet_of_cells.Sheet(5, 4)

    def use(sheet):
        assert len(sheet.cells) == 20 and sheet.cells[4, 3].sheet is sheet


class objects_by_their_ids(Structure):
    """A registry has its objects by their ids, and each knows the registry."""

    rings = ("Registry.objects[*] → Entry.registry",)
    answers = (cut("Entry.registry", by="weak close done"),)
    weak = ("Entry.registry",)

    class Entry:
        def __init__(self, registry):
            self.registry = registry
            registry.objects[id(self)] = self

    class Registry:
        def __init__(self):
            self.objects = {}

    def make():
        registry = objects_by_their_ids.Registry()
        for _ in range(5):
            objects_by_their_ids.Entry(registry)
        return registry

    def use(registry):
        for key, entry in registry.objects.items():
            assert id(entry) == key and entry.registry is registry
