# The only task runner. `make demo` and `make test` install what is missing first.

PYTHON := .venv/bin/python
UV := tools/uv
STAMP := .venv/.installed

# Both are set on some machines: without byte code each start costs seconds (pulumi_aws), and a
# foreign virtual environment would be installed into.
unexport PYTHONDONTWRITEBYTECODE
unexport VIRTUAL_ENV

.PHONY: help install demo demo-validate test stress lint lint-python lint-playbooks bench docs lock clean

help:  ## Say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(STAMP)  ## Install what is missing: Debian packages, .venv, Pulumi
	@tools/apt-install tools/apt-packages.txt
	@.venv/bin/drkit doctor --fix --quiet

$(STAMP): requirements.txt pyproject.toml
	@tools/apt-install tools/apt-packages.txt
	@test -x $(PYTHON) || $(UV) venv --quiet --no-python-downloads --python '>=3.11' .venv
	@echo "Installing Python packages into .venv" >&2
	@$(UV) pip sync --quiet --python $(PYTHON) --compile-bytecode requirements.txt
	@$(UV) pip install --quiet --python $(PYTHON) --no-deps --editable .
	@$(PYTHON) -m compileall -q drkit
	@touch $@

demo: install  ## The main job: a region is lost, and the shop is rebuilt in another
	@demo/demo.sh

demo-validate: install  ## One night: the standby is proven beside the shop that serves
	@demo/validate.sh

# Two processes: one for the sandbox, one for the rest (a third made rebuilds on two cores miss
# their limits). A machine holds one sandbox, and the tests need it: that of `make demo`, for one,
# is ended. What fails is run once more without neighbours, and counts if it fails there: the tests
# hold the shop's own time limits, which two busy cores can miss. Read the first run's words, too.
test: lint  ## Every test
	@.venv/bin/drkit sandbox down
	@rm -rf .pytest_cache
	@$(PYTHON) -m pytest --numprocesses 2 || { test $$? -eq 1 || exit 1; \
		echo "What failed beside other tests, once more alone:"; \
		.venv/bin/drkit sandbox down; \
		places=$$($(PYTHON) -m tests.again) && $(PYTHON) -m pytest $$places; }

stress: install  ## What takes too long for every run of the tests: random runs, killed rebuilds and validations
	@$(PYTHON) -m bench.stress
	@.venv/bin/drkit sandbox down
	@$(PYTHON) -m pytest -m stress

lint: install  ## ruff, mypy, import-linter, ansible-lint
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint-python lint-playbooks

lint-python:
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/lint-imports
	@.venv/bin/mypy
	@.venv/bin/mypy --explicit-package-bases stacks
	@.venv/bin/mypy --explicit-package-bases checks

lint-playbooks:
	@PATH="$(CURDIR)/.venv/bin:$$PATH" ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/drkit/recovery \
		ansible-lint --offline -q playbooks drkit/recovery

# the plan's password command is drkit's own
bench: export PATH := $(CURDIR)/.venv/bin:$(PATH)
bench: install  ## drkit against the naive script, on the same sandbox
	@$(PYTHON) -m bench.cli
	@$(PYTHON) -m bench.engine
	@$(PYTHON) -m bench.empty
	@$(PYTHON) -m bench.restart
	@$(PYTHON) -m bench.forecast
	@$(PYTHON) -m bench.rebuild
	@$(PYTHON) -m bench.validate
	@$(PYTHON) -m bench.night
	@$(PYTHON) -m bench.hosts

docs: install  ## The reference pages that are made from the code
	@$(PYTHON) tools/make_docs.py
	@$(PYTHON) -m tests.house.plan_page

lock:  ## Compile requirements.txt from pyproject.toml
	@$(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 \
		--all-extras --group dev pyproject.toml -o requirements.txt

clean:  ## Remove what was made here (.venv, caches); the Pulumi CLI stays in the user's cache
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
