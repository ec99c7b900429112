"""What docs/how-to/pauses.md shows is what happens; its recipes run with the real packages."""

import re

import pytest

import pages
from gcscope import _core
from support import ROOT
from test_extras import Environment

PAGE = "docs/how-to/pauses.md"
PROGRAMS = pages.programs("docs/how-to/pauses.md")


def shown(name):
    return re.search(rf"^\$ python {name}\n(.*?)^```", pages.read(PAGE), flags=re.M | re.S)[1]


def comparable(text):
    """Without times, how many dry runs they allow, and what hangs on the interpreter."""
    text = re.sub(r"[\d,.]+ (?:µs|ms|s)\b", "so long", text)
    text = re.sub(r"\([\d.]+%\)", "(so much)", text)
    text = re.sub(r"[\d,.]+ (?:M )?objects each", "so many", text)
    text = re.sub(r"^  (?:0, young|1|2, full|generation) .*$", "", text, flags=re.M)
    text = re.sub(r"\d+ collections? stopped", "some stopped", text)
    text = re.sub(r"in \d+ full collections?, sampled", "in some", text)
    text = re.sub(r"seen \d+ times|(?<=ones found, )[\d,]+ objects", "so many", text)
    return pages.comparable(re.sub(r" \(known of \d+\)", "", text))


@pytest.mark.skipif(not _core.WALKS_GENERATIONS, reason="no dry run on this Python")
@pytest.mark.parametrize("name", ["service.py", "jobs.py"])
def test_the_programs_print_what_is_shown(python, tmp_path, name):
    (tmp_path / name).write_text(PROGRAMS[name])
    done = python(name, cwd=tmp_path)
    assert done.code == 0 and comparable(done.out) == comparable(shown(name)), done
    assert "advice: " in done.out


def rows(text):
    """The table of a report: generation -> times, asked, freed."""
    row = r"^  ([012])(?:, \w+)? +(\d+) +(\d+) +(?:[\d,]+|-) +([\d,]+) "
    found = re.findall(row, text, flags=re.M)
    return {int(row[0]): row[1:] for row in found}


@pytest.mark.skipif(not _core.WALKS_GENERATIONS, reason="who has asked is not known")
def test_the_full_collections_are_those_that_are_shown(python, tmp_path):
    (tmp_path / "service.py").write_text(PROGRAMS["service.py"])
    done = python("service.py", cwd=tmp_path)
    assert rows(done.out)[2] == rows(shown("service.py"))[2] == ("8", "8", "0")


# ------------------------------------------------------------------------------- recipes

SERVES = """
import gc
import threading
import {recipe}

stop = threading.Event()
thread = threading.Thread(target={recipe}.export, args=(stop, 0.05))
thread.start()
def full():
    return gc.get_stats()[2]["collections"]
while not {is_begun}:
    gc.collect()
first = full()
for _ in range(30):
    gc.collect()
    stop.wait(0.01)
stop.wait(0.2)
seen = {seen}
stop.set()
thread.join()
assert 30 <= seen <= full(), (seen, first, full())
print("exported")
"""

OTEL = """
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))

def points():
    data = reader.get_metrics_data()
    if data is None:
        return {}
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    assert (metric.name, metric.unit) == ("cpython.gc.pause", "s")
    found = {p.attributes["cpython.gc.generation"]: p for p in metric.data.data_points}
    assert all(point.sum >= 0 for point in found.values())
    return {generation: point.count for generation, point in found.items()}
"""

PROMETHEUS = """
from prometheus_client import REGISTRY

def points():
    names = {"generation": "2"}
    count = REGISTRY.get_sample_value("python_gc_pause_seconds_count", names)
    assert count is None or REGISTRY.get_sample_value("python_gc_pause_seconds_sum", names) >= 0
    return {2: int(count or 0)}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "packages", "head"),
    [
        ("otel_pauses", ["opentelemetry-api", "opentelemetry-sdk"], OTEL),
        ("prometheus_pauses", ["prometheus_client"], PROMETHEUS),
    ],
)
def test_a_recipe_with_the_real_package(tmp_path, recipe, packages, head):
    """Each collection that comes while it runs is in the histogram, once."""
    environment = Environment(tmp_path / "venv")
    environment.run("python", "-m", "pip", "install", "-q", str(ROOT), *packages)
    (tmp_path / f"{recipe}.py").write_text(PROGRAMS[f"{recipe}.py"])
    code = SERVES.format(recipe=recipe, is_begun="points().get(2)", seen="points()[2]")
    (tmp_path / "serve.py").write_text(head + code)
    assert environment.run("python", "serve.py", cwd=tmp_path) == "exported\n"


@pytest.mark.parametrize("recipe", ["otel_pauses.py", "prometheus_pauses.py"])
def test_a_recipe_is_short(recipe):
    lines = [line for line in PROGRAMS[recipe].splitlines() if line and line[0] != "#"]
    assert len(lines) <= 12
