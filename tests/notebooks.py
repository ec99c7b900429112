"""Run the notebooks; as a script, keep the outputs in them: `python tests/notebooks.py`."""

import json
import os
import sys
import tempfile
from pathlib import Path

import nbclient
import nbformat

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"


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
            nbclient.NotebookClient(notebook, timeout=120, kernel_name="this-python", resources=resources).execute()
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
            if shown and shown[-1][0] == output.name:  # how a stream is cut into messages differs from run to run
                shown[-1] = (output.name, shown[-1][1] + output.text)
            else:
                shown.append((output.name, output.text))
        elif output.output_type in ("execute_result", "display_data"):
            shown.append(("result", output.data["text/plain"]))
        else:
            shown.append(("error", output.ename + ": " + output.evalue))
    return shown


def keep_outputs(path):
    """Write the outputs of a run into the notebook, without what differs from run to run."""
    notebook = execute(path)
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", name=name, text=text) for name, text in texts(cell)]
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for path in sorted(FOLDER.glob("*.ipynb")):
        keep_outputs(path)
        print(path.name)
