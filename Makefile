# The two commands of the README, and their parts. Everything is installed into this folder; nothing outside is touched.

# The first Python that an ansible-core of requirements.txt supports and that can make a virtual environment. Debian's has
# ensurepip only with the package python3-venv.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.14 python3.11 python3; do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null && echo "$$p" && break; done)

VENV := .venv
COLLECTIONS := .ansible/collections
LINK := $(COLLECTIONS)/ansible_collections/sky/aws
SKYPILOT := .skypilot
PEER := .peer
AWX := .awx
EVALUATOR := tests/emulator/iam/evaluator
# npm writes it when everything is there.
EVALUATOR_READY := $(EVALUATOR)/node_modules/.package-lock.json

# CURDIR, since make's own functions for paths split at blanks.
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/$(COLLECTIONS):$(CURDIR)/$(AWX)
export ANSIBLE_HOME := $(CURDIR)/.ansible/home
export ANSIBLE_LOCALHOST_WARNING := false
# Nobody's own ~/.ansible.cfg decides here.
export ANSIBLE_CONFIG := $(CURDIR)/tests/ansible.cfg
export PYTHONPATH := $(CURDIR)/$(COLLECTIONS)
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Ansible refuses a locale that is not UTF-8, such as C.
ifneq ($(shell locale charmap 2>/dev/null),UTF-8)
export LC_ALL := C.UTF-8
endif

# A worker for each core. More than four cost more memory than they save time: each has an AWS of its own.
PYTEST := pytest -n auto --maxprocesses 4

# The playbook on the embedded AWS, with the demo's settings instead of a person's own.
ONBOARD = settings="$$(python demo/aws.py env)" && eval "$$settings" && \
	ANSIBLE_CONFIG=demo/ansible.cfg ansible-playbook sky.aws.onboard -i demo/inventory

.DEFAULT_GOAL := help
.PHONY: help onboard check clean distclean test quick floor lint unit emulator playbooks rights reliability matrix bench molecule awx sanity docs features generated build FORCE

help:  ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20
	@echo
	@echo 'The seconds are those on 2 cores, with everything installed. make test is to stay within 20 minutes there.'
	@echo 'ARGS goes to the last command of a target: make onboard ARGS=--limit=imaging, make unit ARGS="-k policy".'

onboard: $(VENV)/.demo $(LINK)  ## Onboard the 6 accounts of the embedded AWS
	@python demo/aws.py start
	@$(ONBOARD) $(ARGS) || { echo "Next: make onboard (goes on where this run stopped)"; exit 1; }
	@python demo/aws.py status
	@echo "Next: make onboard again (nothing changes), make check, make clean (the end)"

check: $(VENV)/.demo $(LINK)  ## Say what onboard would change, and change nothing
	@python demo/aws.py start
	@$(ONBOARD) --check --diff $(ARGS)
	@echo "Next: make onboard, or with diffs: ANSIBLE_STDOUT_CALLBACK=default make check"

clean:  ## Stop the embedded AWS and remove it
	@if [ -x $(VENV)/bin/python ]; then $(VENV)/bin/python demo/aws.py stop; fi

distclean: clean  ## Remove everything that was installed, too
	rm -rf $(VENV) $(SKYPILOT) $(PEER) $(AWX) $(EVALUATOR)/node_modules .ansible .cache build .pytest_cache .ruff_cache .mypy_cache .hypothesis

# What uses one core runs two at a time, each with its output at its end; pytest uses all cores by itself.
test: $(VENV)/.test $(AWX)/.ready $(SKYPILOT)/.ready $(EVALUATOR_READY) $(LINK)  ## Every check and test
	@echo "lint, sanity, molecule, docs and build, two at a time: what they say comes when they end"
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target sanity lint molecule build docs ARGS=
	@$(MAKE) --no-print-directory --jobs 1 unit floor emulator playbooks rights reliability awx ARGS=
	@echo "All checks and tests passed."

quick: $(VENV)/.test $(LINK)  ## ruff, mypy and the pure tests, 30 s
	ruff check
	ruff format --check
	mypy
	$(PYTEST) tests/unit -m "not emulator" $(ARGS)

lint: $(VENV)/.test $(AWX)/.ready $(LINK)  ## ruff, mypy, ansible-lint, 106 s
	ruff check
	ruff format --check
	mypy
	ansible-lint --offline --profile production $(ARGS)

unit: $(VENV)/.test $(LINK)  ## Pure tests, and resources against the embedded AWS, 252 s
	$(PYTEST) tests/unit $(ARGS)

emulator: $(VENV)/.test $(EVALUATOR_READY) $(LINK)  ## The embedded AWS itself, 150 s
	$(PYTEST) tests/emulator $(ARGS)

playbooks: $(VENV)/.test $(LINK)  ## Modules both ways, playbooks, ansible-runner, 347 s
	$(PYTEST) tests/integration $(ARGS)

rights: $(VENV)/.test $(EVALUATOR_READY) $(SKYPILOT)/.ready $(LINK)  ## Nothing missing, nothing beyond, with the real SkyPilot, 449 s
	$(PYTEST) tests/rights tests/skypilot --dist loadfile -m "not full" $(ARGS)

# The page is written of all trials only.
reliability: $(VENV)/.test $(EVALUATOR_READY) $(LINK)  ## Faults, kills, races, wrong accounts, secrets; writes docs/reliability.md, 271 s
	@rm -rf .cache/ledger
	$(PYTEST) tests/reliability --dist loadfile --ledger .cache/ledger $(ARGS)
	$(if $(ARGS),,python -m tests.reliability.report .cache/ledger)

matrix: $(VENV)/.test $(EVALUATOR_READY) $(SKYPILOT)/.ready $(LINK)  ## The full matrix: features, kinds of networks, who makes the role
	pytest tests/skypilot/test_lifecycle.py $(ARGS)

bench: $(VENV)/.test $(PEER)/.ready $(LINK)  ## What an account costs, and what it costs with amazon.aws; writes docs/performance.md
	python -m tests.benchmark $(ARGS)

molecule: $(VENV)/.test $(LINK)  ## Scenarios: converge, idempotence, verify, 97 s
	tests/molecule.sh $(ARGS)

awx: $(VENV)/.test $(AWX)/.ready $(EVALUATOR_READY) $(LINK)  ## AWX as code against a fake AWX, its jobs with ansible-runner, 192 s
	$(PYTEST) tests/awx --dist loadfile $(ARGS)

features: $(VENV)/.test $(LINK)  ## Write docs/features.md from the catalogue
	python -m tests.docs.features

generated: $(VENV)/.test $(LINK)  ## Write what follows from the registry of nouns, the argument_specs and the imports
	python -m tests.docs.generated

# antsibull writes a log into its HOME.
docs: $(VENV)/.test $(LINK)  ## The documentation of modules and roles, and the changelog, 28 s
	python -m tests.docs.features --check
	HOME="$(CURDIR)/.ansible" antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=all .
	antsibull-changelog lint

sanity: $(VENV)/.test  ## ansible-test sanity, 162 s
	python tests/sanity/run.py $(ARGS)

build: $(VENV)/.test  ## Build the tarball, install it elsewhere and use it, 60 s
	tests/build.sh

FORCE:

# Made anew where it does not work: half-made, moved with its folder, or without the Python that made it.
$(VENV)/bin/python: FORCE
	@$(VENV)/bin/pip --version >/dev/null 2>&1 || { \
		test -n "$(PYTHON)" || { echo "Python 3.11 to 3.14 with venv is needed; on Debian and Ubuntu: apt install python3-venv"; exit 1; }; \
		rm -rf $(VENV) && "$(PYTHON)" -m venv $(VENV); }

$(VENV)/.demo: $(VENV)/bin/python requirements.txt demo/requirements.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r demo/requirements.txt
	@touch $@

$(VENV)/.test: $(VENV)/.demo tests/requirements.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

# npm comes from the test requirements; what it installs is pinned by package-lock.json.
$(EVALUATOR_READY): $(VENV)/.test $(EVALUATOR)/package-lock.json
	npm ci --prefix $(EVALUATOR) --cache .cache/npm --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(SKYPILOT)/.ready: $(VENV)/bin/python tests/skypilot/requirements.txt
	$(VENV)/bin/python -m venv $(SKYPILOT)
	$(SKYPILOT)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/skypilot/requirements.txt
	@touch $@

$(PEER)/.ready: $(VENV)/bin/python tests/benchmark/requirements.txt
	$(VENV)/bin/python -m venv $(PEER)
	$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/benchmark/requirements.txt
	@touch $@

$(AWX)/.ready: $(VENV)/.test tests/awx/fetch.py
	python -m tests.awx.fetch $(AWX)
	@touch $@

# Ansible finds a collection under ansible_collections/<namespace>/<name> only.
$(LINK):
	@mkdir -p $(dir $(LINK))
	@ln -sfn ../../../.. $(LINK)

# Other releases of boto3 than the newest, which every other test uses. Each is in a folder that comes before the venv's.
FLOOR := .cache/floor
FLOOR_TESTS := $(addprefix tests/unit/plugins/,test_entry_points.py plugin_utils/test_action.py $(addprefix module_utils/,\
	test_account_calls.py test_credentials.py test_models.py test_other_botocore.py test_session.py))

.PHONY: floor
floor: $(FLOOR)/oldest/.ready $(FLOOR)/retries/.ready $(LINK)  ## Accounts with the oldest boto3 there is support for, and with its retries of 2026
	PYTHONPATH="$(CURDIR)/$(FLOOR)/oldest:$(PYTHONPATH)" $(PYTEST) $(FLOOR_TESTS) $(ARGS)
	AWS_NEW_RETRIES_2026=true PYTHONPATH="$(CURDIR)/$(FLOOR)/retries:$(PYTHONPATH)" $(PYTEST) $(FLOOR_TESTS) $(ARGS)

$(FLOOR)/%/.ready: tests/floor/%.txt $(VENV)/.test
	python -m pip install --quiet --disable-pip-version-check --upgrade --target $(@D) -r $<
	@touch $@
