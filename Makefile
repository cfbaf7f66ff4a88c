# The two commands of the README, and their parts. Everything is installed into this folder; nothing outside is touched.

# The first Python that runs and that a current ansible-core supports.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo "$$p" && break; done)

VENV := .venv
BIN := $(abspath $(VENV))/bin
COLLECTIONS := .ansible/collections
LINK := $(COLLECTIONS)/ansible_collections/sky/aws
SKYPILOT := .skypilot
PEER := .peer
AWX := .awx
EVALUATOR := tests/emulator/iam/evaluator

export ANSIBLE_COLLECTIONS_PATH := $(abspath $(COLLECTIONS)):$(abspath $(AWX))
export ANSIBLE_HOME := $(abspath .ansible/home)
export ANSIBLE_LOCALHOST_WARNING := false
export PYTHONPATH := $(abspath $(COLLECTIONS))
export PATH := $(BIN):$(PATH)

# The playbook on the embedded AWS, with the demo's settings instead of a person's own.
ONBOARD = settings="$$(python demo/aws.py env)" && eval "$$settings" && \
	ANSIBLE_CONFIG=demo/ansible.cfg ansible-playbook sky.aws.onboard -i demo/inventory

.DEFAULT_GOAL := help
.PHONY: help onboard check clean distclean test lint unit emulator playbooks rights reliability matrix bench molecule awx sanity docs features build

help:  ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

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
	@if [ -x $(BIN)/python ]; then $(BIN)/python demo/aws.py stop; fi

distclean: clean  ## Remove everything that was installed, too
	rm -rf $(VENV) $(SKYPILOT) $(PEER) $(AWX) $(EVALUATOR)/node_modules .ansible .cache build .pytest_cache .ruff_cache .mypy_cache .hypothesis

test: lint unit emulator playbooks rights reliability molecule awx docs sanity build  ## Every check and test
	@echo "All checks and tests passed."

lint: $(VENV)/.test $(AWX)/.ready $(LINK)  ## ruff, mypy, ansible-lint
	ruff check
	ruff format --check
	mypy
	ansible-lint --offline --profile production

unit: $(VENV)/.test $(LINK)  ## Pure tests, and resources against the embedded AWS
	pytest tests/unit -n 2

emulator: $(VENV)/.test $(EVALUATOR)/node_modules $(LINK)  ## The embedded AWS itself
	pytest tests/emulator -n 2

playbooks: $(VENV)/.test $(LINK)  ## Modules both ways, playbooks, ansible-runner
	pytest tests/integration -n 2

rights: $(VENV)/.test $(EVALUATOR)/node_modules $(SKYPILOT)/.ready $(LINK)  ## Nothing missing, nothing beyond: with the real SkyPilot
	pytest tests/rights -n 2
	pytest tests/skypilot -n 2 --dist loadfile -m "not full"

reliability: $(VENV)/.test $(EVALUATOR)/node_modules $(LINK)  ## Faults, kills, races, wrong accounts, secrets; writes docs/reliability.md
	@rm -rf .cache/ledger
	pytest tests/reliability -n 2 --dist loadfile --ledger .cache/ledger
	python -m tests.reliability.report .cache/ledger

matrix: $(VENV)/.test $(EVALUATOR)/node_modules $(SKYPILOT)/.ready $(LINK)  ## The full matrix: features, kinds of networks, who makes the role
	pytest tests/skypilot/test_lifecycle.py

bench: $(VENV)/.test $(PEER)/.ready $(LINK)  ## What an account costs, and what it costs with amazon.aws; writes docs/performance.md
	python -m tests.benchmark $(ARGS)

molecule: $(VENV)/.test $(LINK)  ## Scenarios: converge, idempotence, verify
	tests/molecule.sh

awx: $(VENV)/.test $(AWX)/.ready $(EVALUATOR)/node_modules $(LINK)  ## AWX as code against a fake AWX, its jobs with ansible-runner
	pytest tests/awx -n 2 --dist loadfile

features: $(VENV)/.test $(LINK)  ## Write docs/features.md from the catalogue
	python -m tests.docs.features

docs: $(VENV)/.test $(LINK)  ## The documentation of modules and roles, and the changelog
	python -m tests.docs.features --check
	antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=all .
	antsibull-changelog lint

sanity: $(VENV)/.test  ## ansible-test sanity
	python tests/sanity/run.py

build: $(VENV)/.test  ## Build the tarball, install it elsewhere and use it
	tests/build.sh

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 with venv is needed"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python requirements.txt demo/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r demo/requirements.txt
	@touch $@

$(VENV)/.test: $(VENV)/.demo tests/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

# npm comes from the test requirements; what it installs is pinned by package-lock.json.
$(EVALUATOR)/node_modules: $(VENV)/.test $(EVALUATOR)/package-lock.json
	$(BIN)/npm ci --prefix $(EVALUATOR) --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(SKYPILOT)/.ready: $(VENV)/bin/python tests/skypilot/requirements.txt
	$(BIN)/python -m venv $(SKYPILOT)
	$(SKYPILOT)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/skypilot/requirements.txt
	@touch $@

$(PEER)/.ready: $(VENV)/bin/python tests/benchmark/requirements.txt
	$(BIN)/python -m venv $(PEER)
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
	PYTHONPATH=$(abspath $(FLOOR)/oldest):$(PYTHONPATH) pytest -n 2 $(FLOOR_TESTS)
	AWS_NEW_RETRIES_2026=true PYTHONPATH=$(abspath $(FLOOR)/retries):$(PYTHONPATH) pytest -n 2 $(FLOOR_TESTS)

$(FLOOR)/%/.ready: tests/floor/%.txt $(VENV)/.test
	python -m pip install --quiet --disable-pip-version-check --upgrade --target $(@D) -r $<
	@touch $@
