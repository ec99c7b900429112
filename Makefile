# gcscope's tasks. `make` alone lists them. PYTHON chooses the interpreter, VENV where its
# environment lies, FUZZ_SECONDS how long each fuzzer runs.
PYTHON ?= python3
VENV   ?= .venv
FUZZ_SECONDS ?= 600
BIN     = $(VENV)/bin
RUN     = $(BIN)/python
PACKAGE = build/package
.DEFAULT_GOAL := help
.PHONY: help build test slow check sanitize threads tsan mutations fuzz oracle bench browser pythons \
        notebooks docs format clean

help:  ## list the tasks
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install -q "pip>=25.1"
	$(RUN) -m pip install -q -e ".[test]" --group lint
	@touch $@

build: $(VENV)/.ready  ## compile the C core in place; switches are at the head of setup.py
	$(RUN) setup.py -q build_ext --inplace

test: build  ## run the tests
	$(RUN) -m pytest

slow: build  ## run the tests that are slow and rarely break
	$(RUN) -m pytest -m slow

$(VENV)/.checks: pyproject.toml $(VENV)/.ready
	$(RUN) -m pip install -q --group package
	@touch $@

check: $(VENV)/.checks  ## compile without a warning; style, types, and the package as it is built
	rm -rf $(PACKAGE)
	GCSCOPE_WERROR=1 $(RUN) -m build -q --no-isolation -o $(PACKAGE)
	$(RUN) -m pip install -q --no-deps --target $(PACKAGE)/site $(PACKAGE)/*.whl
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	PYTHONPATH=$(PACKAGE)/site MYPYPATH=python $(RUN) -m mypy.stubtest gcscope._core
	PYTHONPATH=$(PACKAGE)/site $(RUN) tests/verify_types.py
	$(BIN)/codespell
	$(BIN)/twine check --strict $(PACKAGE)/*.whl $(PACKAGE)/*.tar.gz
	$(BIN)/check-wheel-contents $(PACKAGE)/*.whl
	$(BIN)/check-manifest --no-build-isolation
	$(BIN)/validate-pyproject pyproject.toml
	$(BIN)/repo-review --show=err .
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	$(BIN)/zizmor -q --offline .github

sanitize: $(VENV)/.ready  ## run the tests of the C core under AddressSanitizer and UBSan
	PYTHON=$(RUN) .ci/sanitize

threads:  ## run the tests about threads on free-threaded Pythons, made where there is none
	.ci/threads make

tsan:  ## run the tests of what threads share under ThreadSanitizer; makes an interpreter with it
	.ci/tsan

mutations: build  ## break the C core line by line, and see that the tests notice
	$(RUN) tests/mutations.py

fuzz: build  ## fuzz the graph algorithms (needs clang) and the reader of JSON
	$(RUN) -m pip install -q atheris
	mkdir -p build/fuzz/graph-inputs
	clang -std=c11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	  -Isrc -I"$$($(RUN) -c 'import sysconfig; print(sysconfig.get_path("include"))')" \
	  tests/fuzz/graph.c src/base/blocks.c src/base/vec.c src/base/index.c src/graph/*.c src/heap/addrmap.c \
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

browser: build  ## look at notebooks and pages in Chromium; needs that and Graphviz; 6 minutes
	$(RUN) -m pip install -q -e ".[browser]"
	$(RUN) tests/browser.py build/browser

pythons:  ## run the tests on every supported Python found on this machine
	.ci/pythons

notebooks: build  ## run the notebooks and keep their outputs
	$(RUN) tests/notebooks.py

docs: $(VENV)/.ready  ## build the documentation in build/docs; a warning is an error
	$(RUN) -m pip install -q -e ".[docs]"
	$(RUN) -m sphinx -W --keep-going -n -q -E docs build/docs

format: $(VENV)/.ready  ## format C and Python
	find src tests/rooms tests/broken tests/fuzz -name '*.[ch]' | xargs $(BIN)/clang-format -i
	$(RUN) -m ruff format .

clean:  ## remove what was built
	rm -rf build dist python/*.egg-info $(VENV)
	find python tests -name '*.so' -delete -o -name __pycache__ -prune -exec rm -rf {} +
