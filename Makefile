PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
RUN := .venv/bin/python
STAMP := .venv/requirements.lock

# Where Python may not keep what it compiled, each process compiles everything anew: a second of every start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: run test proofs lint venv bench judge faults mailfaults help

run: venv ## Run everything on this machine with the demo's data (Ctrl-C stops it)
	@exec $(RUN) -m gateway up --demo --with-parent

test: lint ## Lint, types, import rules and every test but the long ones and the fault harness
	$(RUN) -m pytest -n 3 --dist worksteal -m 'not long'

proofs: venv ## The long tests: every way through a call in every situation, the API against all it may be sent (minutes)
	$(RUN) -m pytest -n 3 --dist worksteal -m long

lint: venv ## Lint, format, types and import rules only
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

venv: $(STAMP) ## Make .venv from requirements.lock (test tools included)

bench: venv ## Measure the speed, each row as a ratio against its reference
	@$(RUN) -m bench

judge: venv ## Score the judgement on the labelled reports; fails below the recorded floor
	@$(RUN) -m bench.judge

faults: venv ## Kill, cut and fill up while reports come in, and count what was lost (minutes)
	$(RUN) -m pytest -o faulthandler_timeout=3600 tests/faults
	@$(RUN) -m tests.faults

mailfaults: venv ## A relay that hangs for eleven minutes, and twice ten thousand mails in ten minutes (an hour)
	@$(RUN) -m tests.faults.hanging_relay
	@$(RUN) -m tests.faults.mail_bomb

help: ## Show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer is needed; set PYTHON to one.' >&2; exit 1; }
	@echo 'Making .venv from requirements.lock …'
	@$(PYTHON) -m venv --clear .venv
	@$(RUN) -m pip install --disable-pip-version-check -qq --require-hashes -r requirements.lock
	@$(RUN) -m pip install --disable-pip-version-check -qq --no-deps --no-build-isolation --no-index \
		--config-settings editable_mode=compat -e .
	@cp requirements.lock $@
