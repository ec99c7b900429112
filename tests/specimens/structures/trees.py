"""Trees whose nodes know their parents."""

import ast
import xml.dom.minidom
import xml.etree.ElementTree

from specimens.structures.cases import Structure, cut

PARENT = cut("Node.parent", by="weak close done")


class tree_of_lists(Structure):
    """A node lists its children, and each knows its parent."""

    rings = ("Node.children[*] → Node.parent",)
    answers = (PARENT,)
    weak = ("Node.parent",)

    class Node:
        def __init__(self, name, parent=None):
            self.name, self.parent, self.children = name, parent, []

        def add(self, name):
            child = type(self)(name, self)
            self.children.append(child)
            return child

        def path(self):
            return self.name if self.parent is None else f"{self.parent.path()}/{self.name}"

    def make():
        root = tree_of_lists.Node("root")
        root.add("a").add("b")
        root.add("c")
        return root

    def use(root):
        assert root.children[0].children[0].path() == "root/a/b"
        assert [child.parent for child in root.children] == [root, root]


class tree_of_dicts(Structure):
    """A folder has its entries by name, and each entry knows the folder, as in many a file system
    in memory.
    """

    rings = ("Folder.entries[*] → Folder.parent",)
    answers = (cut("Folder.parent", by="weak close done"),)
    weak = ("Folder.parent",)

    class Folder:
        def __init__(self, parent=None):
            self.parent, self.entries = parent, {}

        def enter(self, name):
            self.entries[name] = entry = type(self)(self)
            return entry

        def depth(self):
            return 0 if self.parent is None else 1 + self.parent.depth()

    def make():
        root = tree_of_dicts.Folder()
        root.enter("usr").enter("share").enter("doc")
        root.enter("etc")
        return root

    def use(root):
        assert root.entries["usr"].entries["share"].entries["doc"].depth() == 3
        assert root.entries["etc"].parent is root


class tree_of_several_classes(Structure):
    """A document's parts are of several classes, each with a parent."""

    answers = (cut("*.parent", by="weak close done"),)
    weak = ("Part.parent",)

    class Part:
        def __init__(self, parent=None):
            self.parent, self.parts = parent, []

        def root(self):
            return self if self.parent is None else self.parent.root()

    class Document(Part):
        pass

    class Section(Part):
        pass

    class Paragraph(Part):
        pass

    class Picture(Part):
        pass

    def make():
        case = tree_of_several_classes
        document = case.Document()
        for _ in range(3):
            section = case.Section(document)
            section.parts += [case.Paragraph(section), case.Picture(section)]
            document.parts.append(section)
        return document

    def use(document):
        for section in document.parts:
            assert section.parent is document
            assert [part.root() for part in section.parts] == [document, document]


class handlers_of_nine_classes(Structure):
    """A pipeline has a list of handlers, each of a class of its own, and each knows the pipeline,
    as urllib's opener.
    """

    source = "https://github.com/python/cpython/issues (urllib.request OpenerDirector, add_parent)"
    answers = (cut("*.pipeline", by="weak close done"),)
    weak = ("Handler.pipeline",)

    class Handler:
        pipeline = None

        def handle(self, word):
            return self.pipeline.name + word

    class Pipeline:
        def __init__(self, handlers):
            self.name, self.handlers = "p", handlers
            for handler in handlers:
                handler.pipeline = self

    def make():
        case = handlers_of_nine_classes
        return case.Pipeline([kind() for kind in case.KINDS])

    def use(pipeline):
        assert [one.handle("!") for one in pipeline.handlers] == ["p!"] * 9


handlers_of_nine_classes.KINDS = [
    type(f"Handler{letter}", (handlers_of_nine_classes.Handler,), {"__module__": __name__})
    for letter in "ABCDEFGHI"
]


class tree_of_a_thousand(Structure):
    """A syntax tree of a thousand nodes."""

    rings = ("Node.children[*] → Node.parent",)
    answers = (PARENT,)
    weak = ("Node.parent",)

    class Node:
        def __init__(self, parent=None):
            self.parent, self.children = parent, []
            if parent is not None:
                parent.children.append(self)

    def make():
        nodes = [tree_of_a_thousand.Node()]
        for i in range(1, 1000):
            nodes.append(tree_of_a_thousand.Node(nodes[(i - 1) // 3]))
        return nodes[0]

    def use(root):
        count, waiting = 0, [root]
        while waiting:
            node = waiting.pop()
            count += 1
            assert all(child.parent is node for child in node.children)
            waiting += node.children
        assert count == 1000


class Item:
    """An item of a page: it knows the page, and the items beside it."""

    def __init__(self, page):
        self.parent = page
        self.prev = page.items[-1] if page.items else None
        self.next = None
        if self.prev is not None:
            self.prev.next = self
        page.items.append(self)


class Page:
    def __init__(self, count):
        self.items = []
        for _ in range(count):
            Item(self)


def is_whole(page, count):
    assert len(page.items) == count and page.items[0].prev is None
    for before, after in zip(page.items, page.items[1:], strict=False):
        assert before.next is after and after.prev is before and after.parent is page


class page_of_items(Structure):
    """A page lists its items; each knows the page and its neighbours."""

    answers = (cut("Item.parent", "Item.prev", by="weak close done"),)
    weak = ("Item.parent", "Item.prev")
    Item = Item

    def make():
        return Page(40)

    def use(page):
        is_whole(page, 40)


class Node:
    """An element of a page: it knows the page, itself an element, and those beside it."""

    def __init__(self, page, prev):
        self.parent, self.prev, self.next = page, prev, None
        if prev is not None:
            prev.next = self


def page_of(count):
    page = last = Node(None, None)
    for _ in range(count - 1):
        last = Node(page, last)
    return page


def is_page(page, count):
    node = page
    while node.next is not None:
        assert node.next.prev is node and node.next.parent is page
        node, count = node.next, count - 1
    assert count == 1


class page_of_eighteen(Structure):
    """A page is the first of its elements, each of which knows the page and its neighbours."""

    answers = (cut("Node.parent", "Node.prev", by="weak close done"),)
    weak = ("Node.parent", "Node.prev")
    Node = Node

    def make():
        return page_of(18)

    def use(page):
        is_page(page, 18)


class page_of_forty(Structure):
    """The same, of more elements than are put in order where only the first 32 are."""

    answers = (cut("Node.parent", "Node.prev", by="weak close done"),)
    weak = ("Node.parent", "Node.prev")
    Node = Node

    def make():
        return page_of(40)

    def use(page):
        is_page(page, 40)


class PageElement:
    """As the tree of bs4: five links and the contents."""

    def __init__(self, soup):
        self.parent = self.next_element = self.previous_element = None
        self.next_sibling = self.previous_sibling = None
        self.enter(soup)

    def enter(self, soup):
        before = soup.last
        self.previous_element = before
        before.next_element = self
        soup.last = self

    def append(self, child):
        child.parent = self
        if self.contents:
            child.previous_sibling = self.contents[-1]
            child.previous_sibling.next_sibling = child
        self.contents.append(child)
        return child

    def decompose(self):
        element = self
        while element is not None:
            following = element.next_element
            vars(element).clear()
            element = following


class NavigableString(PageElement):
    pass


class Tag(PageElement):
    def __init__(self, soup, name):
        super().__init__(soup)
        self.name, self.contents = name, []


class Soup(Tag):
    def __init__(self):
        self.last = self
        super().__init__(self, "[document]")
        self.previous_element = self.next_element = None

    def enter(self, soup):
        pass


def filled(soup):
    """A page of a few rows."""
    body = soup.append(Tag(soup, "body"))
    for _ in range(6):
        row = body.append(Tag(soup, "tr"))
        for _ in range(2):
            row.append(Tag(soup, "td")).append(NavigableString(soup))
    soup.last = None
    return soup


def is_soup(soup):
    (body,) = soup.contents
    element, count = soup, 0
    while element is not None:
        following = element.next_element
        assert following is None or following.previous_element is element
        element, count = following, count + 1
    assert count == 2 + 6 * 5 and body.parent is soup
    for row in body.contents:
        assert row.parent is body and row.contents[1].previous_sibling is row.contents[0]


SOUP = ("*.parent", "*.previous_element", "*.previous_sibling")


class soup_of_tags(Structure):
    """A tree of bs4: each element knows its parent, its neighbours, and those before and after it
    in the text.
    """

    source = "https://bugs.launchpad.net/beautifulsoup (memory: decompose(), reference cycles)"
    rings = ("Tag.contents[*] → Tag.parent",)
    answers = (cut(*SOUP, by="close weak"),)

    def make():
        return filled(Soup())

    def use(soup):
        is_soup(soup)

    def done(soup):
        soup.decompose()


class soup_with_its_current_tag(Structure):
    """The same, and the document keeps itself as the tag that is open."""

    source = "https://bugs.launchpad.net/beautifulsoup (BeautifulSoup.currentTag)"
    rings = ("Tag.contents[*] → Tag.parent",)
    answers = (cut(*SOUP, "Soup.currentTag", by="close"),)

    def make():
        soup = filled(Soup())
        soup.currentTag = soup
        return soup

    def use(soup):
        is_soup(soup)

    def done(soup):
        soup.decompose()


UNLINKED = ("parentNode", "ownerDocument", "childNodes", "previousSibling", "nextSibling")


class minidom_of_one_child(Structure):
    """A document of xml.dom.minidom, each node with one child."""

    source = "https://docs.python.org/3/library/xml.dom.minidom.html (Node.unlink)"
    answers = (
        cut("*.parentNode", "*.ownerDocument", by="close weak"),
        cut("*.childNodes", "*.ownerDocument", by="close"),
        cut("*.childNodes", "*.ownerDocument", "*.parentNode", by="close"),
    )

    def make():
        return xml.dom.minidom.parseString("<shop><item>tea</item></shop>")

    def use(document):
        item = document.documentElement.firstChild
        assert item.parentNode is document.documentElement and item.ownerDocument is document
        assert document.toxml().endswith("<shop><item>tea</item></shop>")

    def done(document):
        document.unlink()


class minidom_of_a_catalogue(Structure):
    """A document of xml.dom.minidom with many children."""

    source = minidom_of_one_child.source
    rings = (
        "Element.childNodes[*] → Element.parentNode",
        "NodeList[*] → Element.parentNode → Element.childNodes",
        "Element.childNodes → NodeList[*] → Element.parentNode",
    )
    answers = (
        cut("*.parentNode", "*.ownerDocument", "*.previousSibling", by="close weak"),
        cut("*.parentNode", "*.ownerDocument", "*.nextSibling", by="close"),
        cut(*(f"*.{name}" for name in UNLINKED), by="close"),
    )

    def make():
        return xml.dom.minidom.parseString(f"<shop>{'<item><name>tea</name></item>' * 12}</shop>")

    def use(document):
        items = document.documentElement.childNodes
        assert len(items) == 12 and items[3].previousSibling is items[2]
        assert items[3].firstChild.parentNode is items[3]

    def done(document):
        document.unlink()


class element_tree_with_parents(Structure):
    """A scraper subclasses Element of ElementTree to give it the parent that it leaves out."""

    source = "https://stackoverflow.com/questions/2170610 (access ElementTree node parent node)"
    rings = ("Element[*] → Element.parent",)
    answers = (cut("Element.parent", by="weak close done"),)
    weak = ("Element.parent",)

    class Element(xml.etree.ElementTree.Element):
        def __init__(self, tag, parent=None):
            super().__init__(tag)
            self.parent = parent
            if parent is not None:
                parent.append(self)

    def make():
        element = element_tree_with_parents.Element
        table = element("table")
        for _ in range(4):
            element("td", element("tr", table))
        return table

    def use(table):
        assert all(row.parent is table and row[0].parent is row for row in table)


class syntax_tree_with_parents(Structure):
    """A linter tells each node of the ast its parent."""

    source = "https://stackoverflow.com/questions/34570992 (getting parent of AST node in Python)"
    answers = (cut("*.parent", by="weak close done"),)

    def make():
        tree = ast.parse("def area(a, b):\n    return a * b + a\nprint(area(2, 3))\n")
        for node in ast.walk(tree):
            for child in ast.iter_child_nodes(node):
                if not isinstance(child, (ast.expr_context, ast.operator)):
                    child.parent = node
        return tree

    def use(tree):
        assert tree.body[0].args.args[1].parent.parent.parent is tree

    def done(tree):
        for node in ast.walk(tree):
            vars(node).pop("parent", None)


class scopes_of_a_compiler(Structure):
    """A scope has its symbols and its inner scopes by name; each knows it."""

    answers = (cut("Scope.parent", "Symbol.scope", by="weak close done"),)
    weak = ("Scope.parent", "Symbol.scope")

    class Symbol:
        def __init__(self, scope, name):
            self.scope, self.name = scope, name

    class Scope:
        def __init__(self, parent=None):
            self.parent, self.symbols, self.inner = parent, {}, []
            if parent is not None:
                parent.inner.append(self)

        def define(self, name):
            self.symbols[name] = scopes_of_a_compiler.Symbol(self, name)

        def find(self, name):
            return self.symbols.get(name) or (self.parent and self.parent.find(name))

    def make():
        scope = scopes_of_a_compiler.Scope
        module = scope()
        for name in "abc":
            module.define(name)
            scope(module).define(name * 2)
        return module

    def use(module):
        assert module.inner[2].find("a").scope is module
        assert module.inner[2].find("cc").scope is module.inner[2]


class folders_and_files(Structure):
    """A folder has folders and files, each of which knows it."""

    answers = (cut("Folder.parent", "File.folder", by="weak close done"),)
    weak = ("Folder.parent", "File.folder")

    class File:
        def __init__(self, folder):
            self.folder = folder

    class Folder:
        def __init__(self, parent=None):
            self.parent, self.folders, self.files = parent, {}, {}

    def make():
        case = folders_and_files
        root = case.Folder()
        for name in ("usr", "etc", "var"):
            root.folders[name] = folder = case.Folder(root)
            folder.files = {file: case.File(folder) for file in ("a", "b", "c")}
        return root

    def use(root):
        for folder in root.folders.values():
            assert folder.parent is root
            assert all(file.folder is folder for file in folder.files.values())
