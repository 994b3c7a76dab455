# make run starts the dashboard; make test and make check run in CI; make help lists all targets.
PYTHON ?= python3
PORT ?=
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
CODE := core pages app.py dashboard.py tests benchmarks scripts

.DEFAULT_GOAL := help
.PHONY: help install install-dev browser run test check format fuzz bench kills reference claims verdicts docs stored recorded screenshots clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(RUN_STAMP) ## Make .venv and install the requirements

install-dev: $(DEV_STAMP)

$(RUN_STAMP): requirements.txt scripts/install.py
	@$(PYTHON) scripts/install.py --venv $(VENV) requirements.txt
	@touch $@

$(DEV_STAMP): requirements-dev.txt requirements-postgres.txt requirements-dask.txt $(RUN_STAMP)
	@$(PYTHON) scripts/install.py --venv $(VENV) requirements-dev.txt
	@touch $@

browser: install-dev # The browser tests' Chromium, where it may be installed
	@$(BIN)/python -m scripts.install_chromium

run: install ## Start the dashboard (PORT=8600 chooses the port)
	$(BIN)/python -m streamlit run app.py $(if $(PORT),--server.port=$(PORT))

test: install-dev browser ## Run every test, also in a real browser
	$(BIN)/python -m pytest -n $$($(BIN)/python -c 'import os; print((os.cpu_count() or 1) + 1)') --dist loadfile --ignore tests/browser
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/browser

check: install-dev ## Lint, formatting, types, import layers
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install-dev ## Format the code and sort imports
	$(BIN)/ruff check --fix-only --quiet $(CODE)
	$(BIN)/ruff format $(CODE)

fuzz: install-dev ## Try about 8,000 random settings, texts, tables and links
	$(BIN)/python -m scripts.fuzz

bench: install-dev ## Measure the speed and compare it with the usual alternatives
	$(BIN)/python -m benchmarks.speed

kills: install-dev ## Kill N random processes (300), and compare the numbers (SEED=0)
	$(BIN)/python -m scripts.kills $(or $(N),300) --seed $(or $(SEED),0)

reference: install ## Measure published numbers again: theirs, ours, hit or miss
	$(BIN)/python -m benchmarks.reference

claims: install ## Measure the claims of the pages about their comparisons
	$(BIN)/python -m core claims

verdicts: install ## Measure the claims of all questions and experiments and write docs/verdicts.md
	$(BIN)/python -m scripts.verdicts

docs: install ## Write docs/choices.md from the settings classes
	$(BIN)/python -m scripts.docs

stored: install ## Compute the first results of the pages on optimizers and of the playground
	$(BIN)/python -m scripts.stored

recorded: install ## Train the first comparisons of the pages, and ship their results
	$(BIN)/python -m scripts.recorded

screenshots: install-dev browser ## Take the screenshots in docs/images
	$(BIN)/python -m scripts.screenshots

clean: ## Remove the environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
