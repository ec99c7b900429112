"""A baseline that one process has written holds in others: forms do not depend on the process."""

PAGES = """
class Node:
    def __init__(self, page, prev):
        self.parent, self.prev, self.next = page, prev, None
        if prev is not None:
            prev.next = self

def page_of(count):
    page = last = Node(None, None)
    for _ in range(count - 1):
        last = Node(page, last)

@pytest.mark.parametrize("number", range(40))
def test_page_of_eighteen(number):
    page_of(18)

@pytest.mark.parametrize("number", range(40))
def test_page_of_forty(number):
    page_of(40)
"""


def test_identical_tests_over_two_workers_leave_the_forms_of_the_baseline(run):
    update = ("--gcscope-baseline=known.json", "--gcscope-update-baseline")
    assert run(PAGES, *update, "-k", "[7]", plugins=["xdist"]).named("passed") == {
        "test_page_of_eighteen[7]",
        "test_page_of_forty[7]",
    }
    done = run(None, "--gcscope-fail", "--gcscope-baseline=known.json", "-n2", plugins=["xdist"])
    assert done.named("failed") == set() and len(done.named("passed")) == 80
    assert done.code == 0
