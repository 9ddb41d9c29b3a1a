# Thin on purpose: each target is a line or two. `make` alone says what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.dev-ready
ARGS ?=
# What is proved to the last branch: the formats, and the firmware files that decide.
PROVED := wire/*,device/firmware/admit.py,device/firmware/lane.py,device/firmware/thermometry.py,device/firmware/trust.py,device/firmware/readiness.py,device/firmware/screens.py,device/firmware/memory.py,device/firmware/clock.py,device/firmware/courier.py

.PHONY: help demo demo-clean test test-services lint types format bench lock clean

help: ## Say what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | column -t -s '|'

demo: ## Three gates, a fleet, an issuer and a town on this computer (Ctrl-C stops it)
	@$(PYTHON) sandbox/bootstrap.py demo $(ARGS)

demo-clean: ## Forget the demo's data, so that the next one starts afresh
	@rm -rf .demo

$(READY): locks/dev.lock pyproject.toml
	@$(PYTHON) sandbox/bootstrap.py dev
	@touch $(READY)

test: lint types $(READY) ## Lint, types and every test that needs nothing but pip
	$(BIN)/pytest -n auto -m "not services" --cov --cov-report= $(ARGS)
	$(BIN)/coverage report --skip-covered --include='$(PROVED)' --fail-under=100

test-services: $(READY) ## The tests that need installed programs; installs them when it may
	@sh tests/services/install.sh
	$(BIN)/pytest -m services $(ARGS)

lint: $(READY) ## Style and mistakes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## Types, strictly
	$(BIN)/mypy

format: $(READY) ## Lay the code out
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: $(READY) ## Every promise as a ratio to a floor measured in the same run
	@for promise in bench/*.py; do $(BIN)/python $$promise || exit 1; done

lock: $(READY) ## Resolve the dependencies once, in three views: everything, what runs here, what runs on a gate
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --all-extras pyproject.toml -o locks/dev.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra gate --extra fleet -c locks/dev.lock pyproject.toml -o locks/run.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra gate -c locks/dev.lock pyproject.toml -o locks/gate.lock

clean: ## Remove what was made
	rm -rf $(VENV) .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
