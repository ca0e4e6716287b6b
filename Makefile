# The two commands of the README; each sets up all it needs and is quick the second time.
PYTHON ?= python3
# Images set this for one process; here hundreds would compile the same files again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check lint bench mutants setup clean

demo: setup
	@.venv/bin/strata demo

# `make test T=tests/setup` runs a part.
test: setup
	@.venv/bin/python -m pytest -n auto $(T)

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

# `make bench BENCH=live ARGS=--no-plans`: one of the measurements in bench/, and its options.
BENCH ?= main_job
bench:
	@$(call set-up,bench)
	@.venv/bin/python bench/$(BENCH).py $(ARGS)

# How many faults a package's tests notice: docs/testing.md, "Faults put in".
SAMPLE ?= 60
SEED ?= 1
mutants: setup
	@.venv/bin/python bench/mutants $(PACKAGE) --sample $(SAMPLE) --seed $(SEED)

setup:
	@$(set-up)

define set-up
command -v $(PYTHON) >/dev/null || \
  { echo "set-up: $(PYTHON) is not on PATH (install Python 3.11 to 3.14)" >&2; exit 1; }; \
$(PYTHON) -m strata.setup $(1)
endef

clean:
	rm -rf .venv .strata build *.egg-info
