# gcscope's tasks. `make` alone lists them. PYTHON chooses the interpreter, VENV where its
# environment lies, FUZZ_SECONDS how long each fuzzer runs.
PYTHON ?= python3
VENV   ?= .venv
FUZZ_SECONDS ?= 600
RUN     = $(VENV)/bin/python
.DEFAULT_GOAL := help
.PHONY: help build test slow check sanitize mutations fuzz oracle bench pythons notebooks docs format clean

help:  ## list the tasks
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install -q -e ".[test]" ruff mypy typing_extensions clang-format
	@touch $@

build: $(VENV)/.ready  ## compile the C core in place; switches are at the head of setup.py
	$(RUN) setup.py -q build_ext --inplace

test: build  ## run the tests
	$(RUN) -m pytest

slow: build  ## run the tests that are slow and rarely break
	$(RUN) -m pytest -m slow

check: $(VENV)/.ready  ## compile without a warning; ruff, mypy --strict, stubtest
	GCSCOPE_WERROR=1 $(RUN) setup.py -q build_ext --inplace --force
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	MYPYPATH=python $(RUN) -m mypy.stubtest gcscope._core

sanitize: $(VENV)/.ready  ## run the tests of the C core under AddressSanitizer and UBSan
	PYTHON=$(RUN) .ci/sanitize

mutations: build  ## break the C core line by line, and see that the tests notice
	$(RUN) tests/mutations.py

fuzz: build  ## fuzz the graph algorithms (needs clang) and the reader of JSON
	$(RUN) -m pip install -q atheris
	mkdir -p build/fuzz/graph-inputs
	clang -std=c11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	  -Isrc -I"$$($(RUN) -c 'import sysconfig; print(sysconfig.get_path("include"))')" \
	  tests/fuzz/graph.c src/base/vec.c src/base/index.c src/graph/*.c src/heap/addrmap.c \
	  src/heap/collector.c \
	  -o build/fuzz/graph
	build/fuzz/graph -max_total_time=$(FUZZ_SECONDS) -max_len=500 -print_final_stats=1 \
	  -artifact_prefix=build/fuzz/ build/fuzz/graph-inputs tests/fuzz/corpus-graph
	PYTHONPATH=tests $(RUN) tests/fuzz/records.py build/fuzz/json-inputs tests/fuzz/corpus-json \
	  -max_total_time=$(FUZZ_SECONDS) -max_len=4000 -timeout=10 -print_final_stats=1 \
	  -artifact_prefix=build/fuzz/

oracle: build  ## compare the dry run with the collector on 2,000 random graphs
	$(RUN) tests/oracle.py --graphs 2000

bench: build  ## print the tables of benchmarks/compare.py and benchmarks/explain.py
	$(RUN) -m pip install -q -e ".[benchmark]"
	$(RUN) benchmarks/compare.py
	$(RUN) benchmarks/explain.py

pythons:  ## run the tests on every supported Python found on this machine
	.ci/pythons

notebooks: build  ## run the notebooks and keep their outputs
	$(RUN) tests/notebooks.py

docs: $(VENV)/.ready  ## build the documentation in build/docs; a warning is an error
	$(RUN) -m pip install -q -e ".[docs]"
	$(RUN) -m sphinx -W --keep-going -n -q -E docs build/docs

format: $(VENV)/.ready  ## format C and Python
	find src tests/rooms tests/broken tests/fuzz -name '*.[ch]' | xargs $(VENV)/bin/clang-format -i
	$(RUN) -m ruff format .

clean:  ## remove what was built
	rm -rf build dist python/*.egg-info $(VENV)
	find python tests -name '*.so' -delete -o -name __pycache__ -prune -exec rm -rf {} +
