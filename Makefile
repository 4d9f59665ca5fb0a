# Everything here runs in .venv, which the first target that needs it makes; the second time nothing is installed again.
# PYTHON=python3.12 make test   picks another interpreter; ARGS="-k bench" goes to pytest; DATA=folder to the benchmark.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check
ARGS ?=
DATA ?=
TORCH ?= torch==2.13.0

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench docs clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /	/' | expand -t 8

setup: $(VENV)/.ready-dev  ## make .venv with every extra and the tools of developers

demo: $(VENV)/.ready-bench  ## compress a book, bring it back, compare, and measure it against gzip, xz, zstd, brotli
	@$(RUN) scripts/demo.py

test: $(VENV)/.ready-dev  ## run every test, on all cores
	$(RUN) -m pytest --numprocesses auto --dist worksteal $(ARGS)

lint: $(VENV)/.ready-dev  ## check style and types
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check --quiet .
	$(RUN) -m mypy src benchmarks scripts $(wildcard examples/*.py)

bench: $(VENV)/.ready-dev  ## measure the levels on a folder of files and write benchmarks/results
	$(RUN) benchmarks/levels.py $(DATA)
	$(RUN) benchmarks/compare_peers.py

docs: $(VENV)/.ready-dev  ## write the help texts into README and docs
	$(RUN) scripts/help_text.py

clean:  ## remove .venv and whatever tools left behind
	rm -rf $(VENV) build dist demo-out .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# pip before 25.1 knows no dependency groups, so pip itself comes first.
$(VENV)/.pip:
	@echo "making $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "predzip needs Python 3.11 or newer; try make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV) || { echo "cannot make $(VENV); on Debian: apt install python3-venv" >&2; exit 1; }
	@$(PIP) --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.ready-bench: pyproject.toml | $(VENV)/.pip
	@echo "installing predzip with the codecs to compare with"
	@$(PIP) --editable '.[bench]'
	@touch $@

# Of the newest torch pip may take the build with gigabytes of CUDA libraries, which no test needs. Of this version it takes
# the one for processors (2.13.0+cpu) wherever an index or a folder of wheels offers it; a torch that is there stays.
# The extra of the package then finds its requirement met. TORCH="torch==... --index-url ..." names another build.
$(VENV)/.torch: | $(VENV)/.pip
	@echo "installing torch for processors"
	@$(RUN) -c 'import torch' 2>/dev/null || $(PIP) $(TORCH)
	@touch $@

$(VENV)/.ready-dev: pyproject.toml | $(VENV)/.pip $(VENV)/.torch
	@echo "installing predzip with all extras and the developers' tools"
	@$(PIP) --editable '.[all]' --group dev
	@touch $@ $(VENV)/.ready-bench
