# make run    starts a chat on this machine: a server, and a window
# make test   checks the code and runs all tests
# make setup  only installs what both need
# make check  only checks the code (ruff, mypy, import-linter) and asks for advisories on libraries
# make bench  measures beside other servers, for a quarter of an hour: figures and pictures in build/
# make faults puts real servers under every fault many times, for most of an hour, and reports
# make clean  removes the virtual environment and what tools left behind
# make help   prints these lines
#
# Another Python than the first that fits: make PYTHON=/path/to/python3 …

SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: run test setup check bench faults clean help

VENV := .venv
BIN := $(VENV)/bin
CODE := broker gateway gui protocol tests zviazok.py
export PYTHON
export PIP_DISABLE_PIP_VERSION_CHECK := 1

run: setup
	@.ci/system window $(BIN)/python
	@exec $(BIN)/zviazok up

test: setup
	@.ci/system tests $(BIN)/python
	@$(MAKE) --no-print-directory check
	ZVIAZOK_SKIPS_FAIL=1 $(BIN)/pytest -n 2 --dist loadfile --ignore=tests/gui
	@echo 'Windows: every file in a process of its own, because Tk is not made for many in one'
	@ls tests/gui/test_*.py | ZVIAZOK_SKIPS_FAIL=1 xargs -P 2 -n 1 $(BIN)/pytest -q

setup: $(VENV)/.project

# The stamps lie inside the environment, so they go with it.
$(VENV)/.made:
	@python=$$(.ci/system python) && echo "setup: $(VENV) with $$python" && "$$python" -m venv $(VENV)
	@touch $@

$(VENV)/.locked: $(VENV)/.made requirements.lock
	@echo "setup: installing from requirements.lock"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@touch $@

# The build tool comes from the lock too, so nothing else is fetched.
$(VENV)/.project: $(VENV)/.locked pyproject.toml protocol/__init__.py
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(CODE)
	$(BIN)/lint-imports
	$(BIN)/python -m tests.security.audit

bench: setup
	@.ci/system bench
	@mkdir -p build/bench
	$(BIN)/python -m tests.benchmarks.peers --json build/bench/comparison.json \
	    --picture build/bench/comparison.png
	$(BIN)/python -m tests.benchmarks.durable --json build/bench/durable.json
	$(BIN)/zviazok bench growth --folder build/bench
	@echo 'bench: raw figures and pictures are in build/bench'

faults: setup
	$(BIN)/python -m tests.faults --long

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:
	@sed -n 's/^# \{0,1\}//p; /^$$/q' Makefile
