# The two commands of the README; each sets up all it needs and is quick the second time.
PYTHON ?= python3

.PHONY: demo test check lint setup clean

demo: setup
	@.venv/bin/strata demo

test: setup
	@.venv/bin/python -m pytest -n auto

check: setup
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

lint: setup
	@.venv/bin/strata lint

setup:
	@$(PYTHON) -m strata.setup

clean:
	rm -rf .venv .strata build *.egg-info
