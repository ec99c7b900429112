"""Run the notebooks.

As a script, keep the outputs in them: `python tests/notebooks.py [notebook ...]`.
"""

import json
import os
import re
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import nbclient
import nbformat

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
SVG, PNG = "image/svg+xml", "image/png"
KEPT_BY = (3, 11)  # whose outputs the notebooks are kept with


def execute(path):
    """A copy of a notebook, run from top to bottom in a kernel of this very interpreter."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": FOLDER}}
    with tempfile.TemporaryDirectory() as folder:
        kernel = Path(folder, "kernels", "this-python")
        kernel.mkdir(parents=True)
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        Path(kernel, "kernel.json").write_text(
            json.dumps({"argv": command, "display_name": "this", "language": "python"})
        )
        before = os.environ.get("JUPYTER_PATH")
        os.environ["JUPYTER_PATH"] = folder
        try:
            nbclient.NotebookClient(
                notebook, timeout=120, kernel_name="this-python", resources=resources
            ).execute()
        finally:
            del os.environ["JUPYTER_PATH"]
            if before is not None:
                os.environ["JUPYTER_PATH"] = before
    return notebook


def texts(cell):
    """What a code cell shows, as text."""
    shown = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            if (
                shown and shown[-1][0] == output.name
            ):  # how a stream is cut into messages differs from run to run
                shown[-1] = (output.name, shown[-1][1] + output.text)
            else:
                shown.append((output.name, output.text))
        elif output.output_type in ("execute_result", "display_data"):
            shown.append(("result", output.data["text/plain"]))
        else:
            shown.append(("error", f"{output.ename}: {output.evalue}"))
    return shown


def without_counts(text):
    """A text without reference counts."""
    return re.sub(r"refcount [\d,]+", "refcount N", text)


def without_sizes(shown):
    """Texts without numbers of bytes, which differ between versions of Python."""
    return [(kind, re.sub(r"[\d.,]+ (bytes|[kM]B)\b", "N bytes", text)) for kind, text in shown]


def without_figures(shown):
    """Texts without any number, and without what is told only where it is more than nothing.

    From 3.14 on the interpreter has other objects around a frame, and keeps what atexit calls where
    it shows.
    """
    found = []
    for kind, text in without_sizes(shown):
        text = re.sub(
            r"^(?:gcscope:)? +\d[\d,]*  .*\n| and \d[\d,]* kept by it|\+ \d+ objects?, N "
            r"bytes(kept by the ring)?",
            "",
            text,
            flags=re.M,
        )
        found.append((kind, re.sub(r"\d[\d,]*( unreachable)?( objects?)?", "N", text)))
    return [pair for pair in found if pair[1]]


def drawings(cell):
    """The pictures that a code cell shows, as SVG."""
    return [output.data[SVG] for output in cell.get("outputs", []) if SVG in output.get("data", {})]


def words_of(svg):
    """What stands in a drawing.

    Wherever, in whatever order; how lines are broken does not depend on Graphviz.
    """
    root = ElementTree.fromstring(svg)
    return sorted(
        "".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")
    )


def _kept(output):
    """An output without what differs from run to run."""
    if output.output_type == "stream":
        return nbformat.v4.new_output("stream", name=output.name, text=output.text)
    if output.output_type == "error":
        said = f"{output.ename}: {output.evalue}"
        return nbformat.v4.new_output(
            "error", ename=output.ename, evalue=output.evalue, traceback=[said]
        )
    data = {mime: output.data[mime] for mime in ("text/plain", SVG, PNG) if mime in output.data}
    count = (
        {"execution_count": output.execution_count}
        if output.output_type == "execute_result"
        else {}
    )
    return nbformat.v4.new_output(output.output_type, data=data, **count)


def keep_outputs(path):
    """Write the outputs of a run into the notebook."""
    notebook = execute(path)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        if cell.cell_type == "code":
            outputs = []
            for output in cell.outputs:
                if (
                    outputs
                    and output.output_type == "stream"
                    and outputs[-1].get("name") == output.name
                ):
                    outputs[-1].text += output.text
                else:
                    outputs.append(_kept(output))
            cell.outputs = outputs
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
    }
    nbformat.write(notebook, path)


if __name__ == "__main__":
    assert sys.version_info[:2] == KEPT_BY, "the outputs are kept from 3.11"
    for path in [Path(name) for name in sys.argv[1:]] or sorted(FOLDER.glob("*.ipynb")):
        keep_outputs(path)
        print(path.name)
