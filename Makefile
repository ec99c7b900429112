# gcscope's tasks. `make` alone lists them. PYTHON chooses the interpreter, VENV where its
# environment lies.
PYTHON ?= python3
VENV   ?= .venv
RUN     = $(VENV)/bin/python
.DEFAULT_GOAL := help
.PHONY: help build test slow check sanitize oracle bench pythons notebooks format clean

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

format: $(VENV)/.ready  ## format C and Python
	find src tests/rooms -name '*.[ch]' | xargs $(VENV)/bin/clang-format -i
	$(RUN) -m ruff format .

clean:  ## remove what was built
	rm -rf build dist python/*.egg-info $(VENV)
	find python tests -name '*.so' -delete -o -name __pycache__ -prune -exec rm -rf {} +
