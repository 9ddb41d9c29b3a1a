# Thin on purpose: each target is a line or two. `make` alone says what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# What is proved to the last branch: the formats, and the firmware files that decide.
PROVED := wire/*,device/drivers/steady.py,device/drivers/wiring.py,device/drivers/wiring_guide.py,device/firmware/admit.py,device/firmware/answer.py,device/firmware/attend.py,device/firmware/attend_table.py,device/firmware/attention.py,device/firmware/bearer.py,device/firmware/button.py,device/firmware/calibration.py,device/firmware/clock.py,device/firmware/counts.py,device/firmware/courier.py,device/firmware/door.py,device/firmware/explain.py,device/firmware/explain_code.py,device/firmware/explain_pass.py,device/firmware/explained.py,device/firmware/figures.py,device/firmware/framing.py,device/firmware/gather.py,device/firmware/holder.py,device/firmware/keyring.py,device/firmware/lane.py,device/firmware/lane_table.py,device/firmware/lettering.py,device/firmware/lines.py,device/firmware/lists.py,device/firmware/memory.py,device/firmware/panel.py,device/firmware/panel_picture.py,device/firmware/picture.py,device/firmware/preview.py,device/firmware/preview_picture.py,device/firmware/prompts.py,device/firmware/readiness.py,device/firmware/recognise.py,device/firmware/refusals.py,device/firmware/scan.py,device/firmware/screens.py,device/firmware/thermometry.py,device/firmware/trust.py

ifeq ($(shell command -v $(PYTHON)),)
  ifneq ($(filter-out help clean demo-clean,$(or $(MAKECMDGOALS),help)),)
    $(error $(PYTHON) is not installed. Jixiang Gate needs Python 3.11 or newer with venv: sudo apt install python3 python3-venv)
  endif
endif

.PHONY: help env demo demo-clean test test-services hil lint types format bench fuzz beliefs lock clean

help: ## Say what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | column -t -s '|'

demo: ## Three gates, a fleet, an issuer and a town on this computer (Ctrl-C stops it)
	@$(PYTHON) sandbox/bootstrap.py demo $(ARGS)

demo-clean: ## Forget the demo's data, so that the next one starts afresh
	@rm -rf .demo

env: ## Make the environment for development from the lock, unless it is there
	@$(PYTHON) sandbox/bootstrap.py dev

test: lint types env ## Lint, types and every test that needs nothing but pip
	$(BIN)/pytest -n auto --dist loadfile -m "not services" --cov --cov-report= $(ARGS)
	$(BIN)/coverage report --skip-covered --include='$(PROVED)' --fail-under=100

test-services: env ## The tests that need installed programs; installs them when it may
	@sh tests/services/install.sh
	$(BIN)/pytest -m services $(ARGS)

hil: env ## The drivers on real device nodes, in emulated machines; as root. SMOKE=1: the short run
	$(BIN)/python -m tests.hil $(ARGS)

lint: env ## Style and mistakes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: env ## Types, strictly
	$(BIN)/mypy

format: env ## Lay the code out
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: env ## Every promise as a ratio to a floor measured in the same run
	@[ -x .peer/bin/python ] || $(BIN)/uv venv -q .peer
	@$(BIN)/uv pip install -q --python .peer/bin/python --require-hashes -r locks/peer.lock
	@for promise in bench/*.py; do $(BIN)/python $$promise || exit 1; done

fuzz: env ## Every reader of foreign bytes under a fuzzer, ten minutes in all; ARGS="--seconds 60 --only code"
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r locks/fuzz.lock
	$(BIN)/python -m tests.fuzz.run $(ARGS)

beliefs: env ## What a gate believes, in 100,000 random sequences; ARGS="--count 1000 --seed 7"
	$(BIN)/python -m tests.device.firmware.beliefs $(ARGS)

lock: env ## Resolve the dependencies once, in several views: everything, what runs here, on a gate, at the key officers' desk, in the long checks
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra gate --extra fleet --extra pkcs11 --extra dev pyproject.toml -o locks/dev.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra gate --extra fleet -c locks/dev.lock pyproject.toml -o locks/run.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra gate -c locks/dev.lock pyproject.toml -o locks/gate.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra fleet --extra pkcs11 -c locks/dev.lock pyproject.toml -o locks/desk.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra fuzz -c locks/dev.lock pyproject.toml -o locks/fuzz.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra hil --no-deps --no-emit-package cbor2 --no-emit-package cryptography -c locks/dev.lock pyproject.toml -o locks/hil.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra hil-camera --no-deps --no-emit-package cbor2 --no-emit-package cryptography -c locks/dev.lock -c locks/hil.lock pyproject.toml -o locks/hil-camera.lock
	echo cwt | $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header - -o locks/peer.lock

clean: ## Remove what was made
	rm -rf $(VENV) .peer .demo .hil .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
