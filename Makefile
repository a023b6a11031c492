# `make demo` and `make test` do all set-up on a machine that has Python >= 3.11; `make help` lists the rest.

PYTHON ?= python3
# torch and the project are installed by ONE pip command: the resolver then takes the torch that is named here, and
# nothing later replaces it with another build. `make test TORCH=torch` takes the newest.
TORCH ?= torch==2.13.0
WORKERS ?= 2

# How the phantom's Table 1 is made.
TABLE1 ?= --preset small --steps 200 --crop 64 --segmentor-steps 250 --seeds 3

VENV := .venv
BIN := $(VENV)/bin
# Errors alone: pip's warnings are about the machine's settings.
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
INSTALLED := $(VENV)/.installed
DOCS_INSTALLED := $(VENV)/.installed-docs
# One thread per test worker: torch would start one per core in each worker, and they would fight. Each worker begins
# with one stretch of the tests and takes from another's when it has done its own, so that what a module or a folder
# of tests trains once is trained in one worker.
PYTEST := OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
SLOW := (slow or volume) and not nightly and not gpu and not real

.DEFAULT_GOAL := help
.PHONY: clean demo docs format help lint table1 test test-all test-core
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(INSTALLED) ## phantom to report on two CPU cores, in demo/
	$(BIN)/metgan demo demo --overwrite
	@echo "The report is at $(CURDIR)/demo/report.html"

table1: $(INSTALLED) ## the phantom's Table 1, in table1/: hours, resumable; TABLE1=--quick takes minutes
	test -f table1/pairs/pairs.csv || $(BIN)/metgan phantom table1/pairs --pairs 240
	$(BIN)/metgan study similarity table1/pairs --out table1/study --resume $(TABLE1)

test: test-core ## ruff, mypy and all tests (but gpu and real): the core, then slow ones and those of whole volumes
	$(PYTEST) -m "$(SLOW)"

test-core: $(INSTALLED) ## ruff, mypy and the core of the tests
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST)

test-all: test ## the same, then many more rounds of races and kills, as every night
	$(PYTEST) -m "nightly and not gpu and not real"

lint: $(INSTALLED) ## ruff (rules and format) and mypy; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED) ## let ruff format the code and mend what it safely can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(DOCS_INSTALLED) ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "The documentation is at $(CURDIR)/site/index.html"

clean: ## remove what the targets made; the environment .venv and your runs stay
	rm -rf demo site dist htmlcov .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is the last thing written, and goes away before an update starts. An environment without it was broken
# off half-way and is made anew; one with it is only brought up to date.
$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    found=$$($(PYTHON) --version 2>/dev/null || echo missing or broken); \
	    echo "$(PYTHON) is $$found; expected Python 3.11 or newer." \
	        "Install one and name it: make $(MAKECMDGOALS) PYTHON=python3.11." >&2; exit 2; }
	@test -e $@ || { echo "Making the environment $(VENV)"; $(PYTHON) -m venv --clear $(VENV); }
	@rm -f $@ $(DOCS_INSTALLED)
	@echo "Installing $(TORCH) and metgan into $(VENV); this takes a minute or more"
	@$(PIP) "$(TORCH)" -e ".[dev]"
	@touch $@

$(DOCS_INSTALLED): $(INSTALLED)
	@echo "Installing what the documentation needs into $(VENV)"
	@$(PIP) -e ".[docs]"
	@touch $@
