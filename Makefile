# `make` lists what there is. Everything happens in a virtual environment of its own, .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIPELINES := examples/ci
READY := $(VENV)/.ready

.PHONY: help demo test check bench format clean
help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=24'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $(READY)

demo: $(READY)  ## a task's whole life, and what each tool hears of it
	@$(BIN)/tm demo

test: $(READY)  ## the whole test suite
	$(BIN)/python -m pytest -n auto

check: $(READY)  ## format, lint, types, import contracts, the pipelines to copy (no tests)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows $(PIPELINES)/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-actions $(PIPELINES)/action.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.gitlab-ci $(PIPELINES)/gitlab/*.yml
	$(BIN)/actionlint -shellcheck=$(BIN)/shellcheck $(PIPELINES)/workflows/*.yml
	$(BIN)/zizmor --offline --quiet --config $(PIPELINES)/zizmor.yml $(PIPELINES)/action.yml $(PIPELINES)/workflows/*.yml
	$(BIN)/shellcheck $(PIPELINES)/*/*.sh

bench: $(READY)  ## speed and memory, as ratios measured side by side
	$(BIN)/python -m benchmarks

format: $(READY)  ## let ruff mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove the virtual environment and what tools left
	rm -rf $(VENV) .bench .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
