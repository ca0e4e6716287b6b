# The two commands of the README; each sets up all it needs and is quick the second time.
PYTHON ?= python3

.PHONY: demo test check lint mutants setup clean

demo: setup
	@.venv/bin/strata demo

test: setup
	@.venv/bin/python -m pytest -n auto

# CI has installed the packages itself: `make --assume-old=setup BIN= check`.
BIN ?= .venv/bin/
check: setup
	@$(BIN)ruff check .
	@$(BIN)ruff format --check .
	@$(BIN)mypy
	@$(BIN)lint-imports
	@$(BIN)python -m tests.style.wording

lint: setup
	@.venv/bin/strata lint

# How many faults a package's tests notice: docs/testing.md, "Faults put in".
SAMPLE ?= 60
SEED ?= 1
mutants: setup
	@.venv/bin/python bench/mutants $(PACKAGE) --sample $(SAMPLE) --seed $(SEED)

setup:
	@$(PYTHON) -m strata.setup

clean:
	rm -rf .venv .strata build *.egg-info
