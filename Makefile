# The two commands of the README; each sets up all it needs and is quick the second time.
PYTHON ?= python3

.PHONY: demo test check lint mutants setup clean

demo: setup
	@.venv/bin/strata demo

test: setup
	@.venv/bin/python -m pytest -n auto

check: setup
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

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
