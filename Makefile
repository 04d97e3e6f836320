# What a newcomer needs: `make run`. What a developer needs: `make test check`. Each step is done once and
# again when what it depends on has changed (.venv/.stamps).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
TRANSLATIONS := $(wildcard translations/*/LC_MESSAGES/*.po)
PYTEST_ARGUMENTS ?=

.PHONY: help run install transcription test check faults fuzz bench screens lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

run: install ## install what is missing and serve
	@exec $(BIN)/python app.py

install: $(STAMPS)/run $(STAMPS)/translations ## install what serving needs, into .venv

transcription: install ## install what makes transcripts; ENGINE=faster-whisper for the faster one
	@scripts/install-transcription $(BIN)/python $(ENGINE)

test: $(STAMPS)/dev $(STAMPS)/translations ## install what tests need, Chromium too, and run them
	@scripts/install-chromium
	@scripts/install-s3-server
	@scripts/install-espeak
	@$(BIN)/python scripts/run_tests.py $(PYTEST_ARGUMENTS)

check: $(STAMPS)/dev ## style, types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest --quiet tests/architecture

faults: $(STAMPS)/dev $(STAMPS)/translations ## kill, cut and fill up everything, full counts
	@scripts/install-chromium
	@scripts/install-s3-server
	@KODO_FULL=1 $(BIN)/python -m pytest tests/faults tests/recorder tests/library $(PYTEST_ARGUMENTS)
	@KODO_FULL=1 $(BIN)/python -m pytest -m full tests/end_to_end tests/people $(PYTEST_ARGUMENTS)

fuzz: $(STAMPS)/dev $(STAMPS)/translations ## 20,000 calls of the API that schemathesis makes up
	@$(BIN)/python -m tests.fuzzing

bench: $(STAMPS)/dev $(STAMPS)/translations ## all figures of the README, full counts
	@scripts/install-chromium
	@scripts/install-restic
	@$(BIN)/python -m bench

screens: $(STAMPS)/dev $(STAMPS)/translations ## pictures of every page and state into docs/screens/
	@scripts/install-chromium
	@$(BIN)/python -m tests.screens

lock: $(STAMPS)/dev ## choose the newest versions within pyproject.toml's ranges
	@$(BIN)/python scripts/lock.py --upgrade

clean: ## remove what was made here, but not storage/
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find translations -name '*.mo' -delete
	find . -name __pycache__ -prune -exec rm -rf {} +

$(STAMPS)/venv: scripts/make-venv
	@scripts/make-venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/run: requirements/run.lock $(STAMPS)/venv
	@echo "Installing what Kodo needs (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	@touch $@

$(STAMPS)/dev: requirements/dev.lock $(STAMPS)/run
	@echo "Installing what tests and checks need (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

$(STAMPS)/translations: $(TRANSLATIONS) $(STAMPS)/run
	@if [ -n "$(TRANSLATIONS)" ]; then $(BIN)/pybabel --quiet compile --directory translations; fi
	@touch $@
