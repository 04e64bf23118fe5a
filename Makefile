.DEFAULT_GOAL := help
.PHONY: help run demo test fuzz check bench soak

# The first of these that is new enough; `make run PYTHON=/path/to/python3` chooses another.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$each" -c '$(NEW_ENOUGH)' 2>/dev/null && { echo "$$each"; break; }; done)

BIN := .venv/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
RUNTIME := .venv/.runtime
DEV := .venv/.dev

help:  ## what there is
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST)

run: $(RUNTIME)  ## run it; against the sandbox as long as no AISENSY_API_KEY is set
	@key='AISENSY_API_KEY[A-Za-z0-9_]*[[:space:]]*=[[:space:]]*'; \
	if env | grep -q "^$$key[^[:space:]]" || grep -Eqs "^[[:space:]]*(export[[:space:]]+)?$$key[\"']?[^[:space:]\"'#]" .env; \
	then exec $(BIN)/ingest run; else exec $(BIN)/ingest run --sandbox; fi

demo: $(RUNTIME)  ## send one lead through each mapping to the sandbox, show what arrives, and end
	@$(BIN)/ingest demo

test: $(DEV)  ## all tests, in several processes
	@$(BIN)/python -m pytest -n auto --dist worksteal

fuzz: $(DEV)  ## the tests that make up their own input, with 100,000 of them; half an hour
	@$(BIN)/python -m pytest -m hypothesis --hypothesis-profile=fuzz

check: $(DEV)  ## style, types and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(DEV)  ## measure it beside its baselines; minutes
	@$(BIN)/python -m bench

soak: $(DEV)  ## kill it under load, on both stores: nothing lost, nothing doubled; half an hour
	@for store in sqlite postgresql; do for timeout in hold retry; do \
		$(BIN)/python -m bench.crash --store $$store --on-timeout $$timeout || exit 1; done; done
	@for store in sqlite postgresql; do $(BIN)/python -m bench.backlog --store $$store || exit 1; done

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then echo "ingest needs Python 3.11 or later, and found none." \
		"Install one, or name it: make run PYTHON=/path/to/python3" >&2; exit 1; fi
	@"$(PYTHON)" -c '$(NEW_ENOUGH)' || { echo "ingest needs Python 3.11 or later, and $(PYTHON) is" \
		"$$("$(PYTHON)" --version 2>&1). Name a newer one: make run PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -m venv .venv || { rm -rf .venv; echo "$(PYTHON) can't make a virtual environment." \
		"On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

$(RUNTIME): pyproject.toml | $(BIN)/python
	@echo "Installing ingest into .venv …" >&2
	@$(PIP) install --editable .
	@touch $@

# Dependency groups need pip 25.1, which is newer than what many Pythons bring.
$(DEV): pyproject.toml | $(BIN)/python
	@echo "Installing ingest and its tools into .venv …" >&2
	@$(PIP) install --upgrade pip
	@$(PIP) install --editable . --group dev
	@touch $@ $(RUNTIME)
