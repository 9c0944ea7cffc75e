# Two commands do everything on a machine with Python 3.11 or newer: `make demo` and `make test`.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install

# Python may keep what it has compiled: tests start hundreds of processes, each of which would compile it all again.
unexport PYTHONDONTWRITEBYTECODE

# One more than small machines have cores: tests wait for servers, and for processes that they kill.
WORKERS := 3

.PHONY: help demo demo-all test test-long test-warehouse test-aws test-infra tutorial bundles bench lint lint-infra format clean

help:
	@echo "make demo     two tenants, several simulated days, every version checked against the truth"
	@echo "make demo-all one tenant with every service of the sandbox, checked against its world (some minutes)"
	@echo "make test     all tests (on a larger machine make test WORKERS=9)"
	@echo "make test-long all laws over other generated cases, those of the fold over many more"
	@echo "make test-warehouse loading and reading with ClickHouse's engine too, which make test leaves out (180 MB)"
	@echo "make test-aws the AWS side: bundles built and run, stacks, workflow and rights, on stand-ins (needs Node)"
	@echo "make bundles  the zip files of the Lambda functions, into dist/"
	@echo "make tutorial do what the tutorial says, and compare what comes out with what it shows (a minute or two)"
	@echo "make bench    the fold, ingestion, services and loading beside others, into docs/benchmarks.md (fifty minutes)"
	@echo "make lint     ruff, mypy and the style of the mapping files, as CI runs them"
	@echo "make lint-infra mypy over the stacks, in their own environment"
	@echo "make format   let ruff format the code, and our script the mapping files"
	@echo "make clean    remove the environment and the demo's data"

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "AVESA needs Python 3.11 or newer with venv (on Debian: apt install python3-venv)." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(BIN)/python requirements.txt pyproject.toml
	@echo "Installing what AVESA runs with into $(VENV) ..."
	@$(PIP) -r requirements.txt
	@$(PIP) --no-deps --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt requirements-aws.txt requirements-warehouse.txt
	@echo "Installing what AVESA is tested with into $(VENV) ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@

demo: $(VENV)/.runtime
	@$(BIN)/avesa demo

demo-all: $(VENV)/.runtime
	@$(BIN)/avesa demo --all

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-long: $(VENV)/.dev
	AVESA_EXAMPLES=others AVESA_LAW_EXAMPLES=1500 $(BIN)/python -m pytest -n 2 -m hypothesis

# chdb is large and has one use, so it is installed for these tests alone.
test-warehouse: $(VENV)/.chdb
	AVESA_LOAD_DAYS=all $(BIN)/python -m pytest -n 2 -rs tests/warehouse

$(VENV)/.chdb: $(VENV)/.dev requirements-clickhouse.txt
	@echo "Installing ClickHouse's engine (chdb, 180 MB) into $(VENV) ..."
	@$(PIP) --no-deps -r requirements-clickhouse.txt
	@touch $@

test-aws: $(VENV)/.dev test-infra
	$(BIN)/python -m pytest -n 2 -m "" --ignore tests/aws/infrastructure tests/aws tests/shared

tutorial: $(VENV)/.dev
	$(BIN)/python scripts/walk_tutorial.py

# ARGS are handed on: make bundles ARGS="--arch arm64".
bundles: $(VENV)/.dev
	$(BIN)/python scripts/build_lambda.py $(ARGS)

# The stacks have an environment of their own, since what they need is large and nothing else needs it. Their tests know
# nothing of the package, so the fixtures of other tests are left out.
INFRA_TESTS = tests/aws/infrastructure
test-infra: .venv-infra/.dev node_modules/.package-lock.json
	.venv-infra/bin/python -m pytest -rs --confcutdir=$(INFRA_TESTS) $(INFRA_TESTS)

.venv-infra/.infra: infrastructure/requirements.txt
	@test -n "$(PYTHON)" || { echo "AVESA needs Python 3.11 or newer with venv (on Debian: apt install python3-venv)." >&2; exit 1; }
	@echo "Installing what the stacks are made with into .venv-infra ..." >&2
	@$(PYTHON) -m venv .venv-infra
	@.venv-infra/bin/python -m pip --disable-pip-version-check --quiet install -r infrastructure/requirements.txt
	@touch $@

.venv-infra/.dev: .venv-infra/.infra infrastructure/requirements-dev.txt
	@echo "Installing what the stacks are tested with into .venv-infra ..."
	@.venv-infra/bin/python -m pip --disable-pip-version-check --quiet install -r infrastructure/requirements-dev.txt
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --silent
	@touch $@

# ARGS are handed on: make bench ARGS="--quick", or "--help".
bench: $(VENV)/.runtime .venv-bench/.peers
	$(BIN)/python -m benchmarks $(ARGS)

.venv-bench/.peers: benchmarks/requirements.txt
	@test -n "$(PYTHON)" || { echo "AVESA needs Python 3.11 or newer with venv (on Debian: apt install python3-venv)." >&2; exit 1; }
	@echo "Installing the engines to compare with into .venv-bench ..."
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip --disable-pip-version-check --quiet install -r benchmarks/requirements.txt
	@touch $@

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python scripts/format_mappings.py --check
	$(BIN)/python scripts/write_services.py --check
	$(BIN)/mypy

lint-infra: .venv-infra/.dev
	.venv-infra/bin/mypy --strict -p infrastructure

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python scripts/format_mappings.py
	$(BIN)/python scripts/write_services.py

clean:
	rm -rf $(VENV) .venv-infra node_modules cdk.out .venv-bench .bench .avesa
