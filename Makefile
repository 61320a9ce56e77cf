# Each target is a line or two: the work is done by `python -m creator_app`.
.DEFAULT_GOAL := help
.PHONY: run dev test lint bench chaos help

# The newest Python that is there; 3.11 is the oldest that will do.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
  $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
# Tests to run, and in how many processes: make test T=tests/unit N=4
T ?= tests
N ?= 2

run: .venv/.installed ## set everything up and start Creator (PORT=3000 CREATOR_HOME=.creator)
	@exec $(PY) -m creator_app up

dev: .venv/.installed-dev ## the same, starting again whenever a source file changes
	@exec $(PY) -m creator_app up --reload

test: .venv/.installed-dev ## every test; T=path runs some, N=4 in four processes
	@$(PY) -m tests.peers.browser
	@.venv/bin/lint-imports --no-cache
	@exec $(PY) -m pytest -n $(N) --dist loadscope --no-loadscope-reorder $(T)

lint: .venv/.installed-dev ## formatting, types, who may import whom
	@.venv/bin/ruff check .
	@.venv/bin/lint-imports --no-cache
	@.venv/bin/mypy

bench: .venv/.installed-dev ## measure, and print tables
	@exec $(PY) -m bench

chaos: .venv/.installed-dev ## kill, stop and cut off every part under load, then audit (SEED=… JOBS=500)
	@exec $(PY) -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(JOBS),--jobs $(JOBS)) $(if $(POSTGRES),--postgres)

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 16

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Creator needs Python 3.11 or newer, with its venv module (Debian: apt-get install python3-venv)."; exit 1; }
	@echo "Making the virtual environment"
	@$(PYTHON) -m venv .venv

.venv/.installed: requirements.txt constraints.txt | .venv/bin/python
	@echo "Installing what Creator needs (once; a minute or two)"
	@$(PIP) install -r requirements.txt && touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	@echo "Installing what the tests need"
	@$(PIP) install -r requirements-dev.txt && touch $@
