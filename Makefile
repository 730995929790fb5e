# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STATE := .state

.DEFAULT_GOAL := help
.PHONY: help demo test lint unit lowest e2e engines engine images scanners sarif junit gitlab browser shells registry editor packaging image docs site update clean

help: ## Show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/make \1 - \2/p' $(MAKEFILE_LIST) | expand -t 16

demo: engine images ## Set everything up and run the example of two concurrent workflows, emulated
	$(BIN)/fastflow up examples/fastflow.yml --emulate

test: lint unit lowest e2e engines ## Set everything up and run all checks and tests

lint: $(STATE)/dev ## Formatting, lint, types, and which module may import which
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(STATE)/dev ## Tests that need no engine
	$(BIN)/pytest tests -m "not e2e" -n auto

lowest: ## A quick part of these with the lowest versions of packages that pyproject.toml allows
	@scripts/lowest $(STATE)/lowest $(PYTHON)

e2e: $(STATE)/dev engine images scanners sarif junit gitlab browser shells registry editor packaging image ## Tests on the real engine
	$(BIN)/pytest tests -m e2e -n 2 --dist loadgroup

engines: $(STATE)/dev engine images ## Tests on the newest Docker Engine, with the oldest and newest Compose, and on Podman
	@scripts/engines $(STATE)/engines $(BIN)

engine: $(STATE)/package ## Make Docker Engine and Compose v2 reachable; touches nothing that is there
	@scripts/engine $(BIN)/python

images: $(STATE)/package engine ## Make the emulator's image and its base
	@$(BIN)/fastflow emulator build

scanners: $(STATE)/package engine images ## Make the images of the scanners' example, and mitmproxy's if it cannot be pulled
	@scripts/scanners $(STATE)/scanners $(BIN)/python

sarif: ## Make Microsoft's SARIF Multitool, which the SARIF logs are held to
	@scripts/sarif-multitool $(STATE)/sarif

junit: ## Make xunit-viewer, which the JUnit reports are shown by
	@scripts/junit-viewer $(STATE)/junit

gitlab: ## Make gitlab-ci-local, which runs a pipeline that `fastflow ci` wrote
	@scripts/gitlab-ci-local $(STATE)/gitlab

browser: ## Make Chromium, axe-core and Mermaid, which HTML reports and graphs are held to
	@scripts/browser $(STATE)/browser

shells: ## Make zsh and fish available, in which completion is tried
	@scripts/shells

registry: ## Make a registry available, through which a cluster gets large bundles
	@scripts/registry $(STATE)/registry

editor: ## Make yaml-language-server, in which the schema is tried
	@scripts/editor $(STATE)/editor

packaging: ## Make the tools that build, check and install the package
	@scripts/packaging $(STATE)/packaging $(PYTHON)

image: $(STATE)/package engine images ## Make the image of fastflow, from local images if no registry can be reached
	@scripts/image $(STATE)/image $(BIN)/python

docs: $(STATE)/dev ## Generate the reference and the manual pages from the code
	$(BIN)/python scripts/reference

site: $(STATE)/dev ## Build the documentation site in build/site; a broken link or an unlisted page fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

update: $(STATE)/dev ## Take the newest versions of all packages, for `make test` to try, into constraints.txt
	$(BIN)/pip install --quiet --upgrade --upgrade-strategy eager --editable '.[dev]'
	@sed -i '/^[^#]/d' constraints.txt
	$(BIN)/pip freeze --exclude-editable >>constraints.txt
	@touch $(STATE)/package $(STATE)/dev

clean: ## Remove what these commands made in this directory; engine and images stay
	rm -rf $(VENV) $(STATE) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(STATE)/package: pyproject.toml constraints.txt
	@scripts/venv $(PYTHON) $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	$(BIN)/python -m compileall -q fastflow # as pip does with what is not editable: it halves the start
	@mkdir -p $(STATE) && touch $@

$(STATE)/dev: $(STATE)/package
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@mkdir -p $(STATE) && touch $@
