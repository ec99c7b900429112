"""Programs that tests run, under gcscope and without."""

from gcscope import Report

RING = """
class Node:
    pass
def ring():
    a, b = Node(), Node()
    a.other, b.other = b, a
"""


# ------------------------------------------------------------------------------ the options of run


def left(path):
    report = Report.from_json(path.read_text())
    return report, report.types.get("__main__.Node", 0)


TWO = RING + "import gc\ngc.disable()\nring()\n"


def run(python, *arguments, **options):
    return python("-m", "gcscope", "run", *arguments, **options)
