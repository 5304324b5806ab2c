# The commands of the shop; `make` alone lists them. Settings: PORT, LOCAL_DIR, SERVICE, SERVICE_PORT, STAGE, FILE, QUEUE.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
ROLE ?= customer
PORT ?= 8000
LOCAL_DIR ?= .local
# Named by whoever calls, as opposed to the default: what works on the local shop works on AWS only if it is said.
GIVEN_STAGE := $(if $(STAGE),--stage "$(STAGE)")
STAGE ?= dev
SERVICE_PORT ?= 8090
SERVICES := $(patsubst %/.chalice/config.json,%,$(wildcard */.chalice/config.json))

PY := .venv/bin/python
INSTALLED := .venv/installed
ONE := $(if $(SERVICE),service)
FRAMEWORK := node_modules/.package-lock.json
DEVCLOUD := PYTHONPATH=$(CURDIR)/common $(PY) -m devcloud

export PYTHONDONTWRITEBYTECODE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help up down new-service admin rotate-keys token invoke trace test torture mutations bench budgets local check lint types templates framework logs orders mail redrive reconcile seed status package deploy release smoke pipeline contracts workflows access events openapi docs format lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

up: $(INSTALLED) ## run the whole shop on this machine and carry one purchase through it
	@$(DEVCLOUD) up --port "$(PORT)" --dir "$(LOCAL_DIR)"

down: $(INSTALLED) ## stop the shop; its data stays
	@$(DEVCLOUD) down --dir "$(LOCAL_DIR)"

status: $(INSTALLED) ## what is running, and where
	@$(DEVCLOUD) status --dir "$(LOCAL_DIR)"

local: $(INSTALLED) service ## one service with reload, against the running shop (SERVICE=cart-service)
	@PYTHONPATH=$(CURDIR)/common $(PY) -m devcloud.dev_server "$(SERVICE)" --dir "$(LOCAL_DIR)" --port "$(SERVICE_PORT)"

logs: $(INSTALLED) service ## a service's logs (SERVICE=cart-service, FOLLOW=1, LINES=200)
	@$(DEVCLOUD) logs "$(SERVICE)" $(if $(filter 1,$(FOLLOW)),--follow) $(if $(LINES),--lines "$(LINES)") --dir "$(LOCAL_DIR)"

orders: $(INSTALLED) ## the latest orders (COUNT=20)
	@$(DEVCLOUD) orders $(if $(COUNT),--count "$(COUNT)") --dir "$(LOCAL_DIR)"

mail: $(INSTALLED) ## the latest sent mails (COUNT=20), or one of them (ID=...)
	@$(DEVCLOUD) mail $(if $(ID),"$(ID)") $(if $(COUNT),--count "$(COUNT)") --dir "$(LOCAL_DIR)"

# `make redrive QUEUE=... --dry-run` sets make's own flag n, under which only a line with + is run.
redrive: $(INSTALLED) ## bring dead letters back (QUEUE=payment-retry-queue), or list them; --dry-run shows them
	+@$(DEVCLOUD) redrive $(QUEUE) --dir "$(LOCAL_DIR)" $(if $(findstring n,$(firstword -$(MAKEFLAGS))),--dry-run)

reconcile: $(INSTALLED) ## whether the shop's books agree (DAY=2026-11-22, REPAIR=1, SETTLE=0, WHOLE=1)
	@$(DEVCLOUD) reconcile $(if $(DAY),--day "$(DAY)") $(if $(SETTLE),--settle "$(SETTLE)") \
	  $(if $(filter 1,$(REPAIR)),--repair) $(if $(filter 1,$(WHOLE)),--whole) --dir "$(LOCAL_DIR)"

admin: $(INSTALLED) ## make an admin of who has an account (EMAIL=..., STAGE=dev for one on AWS)
	@test -n "$(EMAIL)" || { echo "EMAIL is not set: make admin EMAIL=jane@example.com"; exit 2; }
	@$(DEVCLOUD) admin "$(EMAIL)" $(GIVEN_STAGE) --dir "$(LOCAL_DIR)"

rotate-keys: $(INSTALLED) ## sign access tokens with a new key (REVOKE_OLD=1 after a leak, STAGE=dev on AWS)
	@$(DEVCLOUD) rotate-keys $(if $(filter 1,$(REVOKE_OLD)),--revoke-old) $(GIVEN_STAGE) --dir "$(LOCAL_DIR)"

token: $(INSTALLED) ## an access token of the local shop (ROLE=admin or customer): curl -H "Authorization: Bearer $$(make -s token ROLE=admin)"
	@$(DEVCLOUD) token "$(ROLE)" --dir "$(LOCAL_DIR)"

invoke: $(INSTALLED) service ## call a Lambda without a route (SERVICE=..., FUNCTION=clear-cart, EVENT=file.json or -)
	@test -n "$(FUNCTION)" || { echo "FUNCTION is not set: make invoke SERVICE=checkout-orchestrator FUNCTION=reconcile"; exit 2; }
	@$(DEVCLOUD) invoke "$(SERVICE)" "$(FUNCTION)" $(if $(EVENT),"$(EVENT)") $(GIVEN_STAGE) --dir "$(LOCAL_DIR)"

trace: $(INSTALLED) ## one order's whole story as a timeline (ORDER=01J..., STAGE=dev on AWS)
	@test -n "$(ORDER)" || { echo "ORDER is not set: make trace ORDER=01JA2M9Q6T0000000000000000"; exit 2; }
	@$(DEVCLOUD) trace "$(ORDER)" $(GIVEN_STAGE) --dir "$(LOCAL_DIR)"

seed: $(INSTALLED) ## load products from a CSV file (FILE=...)
	@test -n "$(FILE)" || { echo "FILE is not set: make seed FILE=common/devcloud/catalogue.csv"; exit 2; }
	@$(DEVCLOUD) seed "$(FILE)" --dir "$(LOCAL_DIR)"

package: $(INSTALLED) service ## build a service's zip and template into build/ (SERVICE=..., STAGE=dev)
	@$(DEVCLOUD) package "$(SERVICE)" --stage "$(STAGE)"

deploy: $(INSTALLED) service ## deploy a service to AWS (SERVICE=..., STAGE=dev)
	@$(DEVCLOUD) deploy "$(SERVICE)" --stage "$(STAGE)"

new-service: $(INSTALLED) ## make a service of the same shape as the others (NAME=wishlist-service)
	@test -n "$(NAME)" || { echo "NAME is not set: make new-service NAME=wishlist-service"; exit 2; }
	@PYTHONPATH=$(CURDIR)/common $(PY) -m scaffold -- "$(NAME)"

release: $(INSTALLED) service ## deploy a service, try it, and take it back if it does not answer (SERVICE=..., STAGE=dev)
	@$(DEVCLOUD) release "$(SERVICE)" --stage "$(STAGE)" --dir "$(LOCAL_DIR)" $(if $(ENDPOINT),--endpoint "$(ENDPOINT)")

smoke: $(INSTALLED) service ## whether a deployed service answers (SERVICE=..., STAGE=dev)
	@$(DEVCLOUD) smoke "$(SERVICE)" --stage "$(STAGE)" --dir "$(LOCAL_DIR)"

pipeline: $(INSTALLED) service ## what the service's workflow does, on this machine (SERVICE=...)
	@PYTHONPATH=$(CURDIR)/common $(PY) -m devcloud.pipeline "$(SERVICE)"

# With SERVICE these checks are those of one service: what its pipeline runs.
test: $(INSTALLED) ## every service's own suite, then what crosses services; with SERVICE=cart-service its suite alone
	@PYTHONPATH=$(CURDIR)/common $(PY) -m testkit.suites $(if $(SERVICE),"$(SERVICE)")

torture: $(INSTALLED) ## the long form of tests/chaos: crashes, faults, oversell, late repeats
	@TORTURE=long PYTHONPATH=$(CURDIR)/common $(PY) -m pytest tests/chaos -p no:cacheprovider

mutations: $(INSTALLED) ## take each protection away: a test must fail (NAME=refund for some of them)
	@PYTHONPATH=$(CURDIR)/common $(PY) -m testkit.mutations $(if $(NAME),"$(NAME)")

bench: $(INSTALLED) ## zips, cold starts, warm requests and a shop under load into docs/performance.md; how many reservations a second one product bears
	@PYTHONPATH=$(CURDIR)/common $(PY) -m tests.benchmarks.performance
	@PYTHONPATH=$(CURDIR)/common $(PY) -m tests.benchmarks.hot_product

budgets: $(INSTALLED) ## tests/benchmarks/budgets.toml anew: what requests and an order ask of AWS, counted on a shop of its own
	@BUDGETS=write PYTHONPATH=$(CURDIR)/common $(PY) -m pytest tests/benchmarks/test_usage.py -p no:cacheprovider

check: lint types templates framework test ## what CI runs

lint: $(INSTALLED) $(ONE) ## ruff: format and lint; no secrets in the repository; actionlint on the workflows
	@.venv/bin/ruff format --check $(or $(SERVICE),.)
	@.venv/bin/ruff check $(or $(SERVICE),.)
	@test ! -d .github || .venv/bin/actionlint -no-color .github/workflows/*.yml
	@PYTHONPATH=$(CURDIR)/common $(PY) -m testkit.secrets_scan

types: $(INSTALLED) $(ONE) ## mypy, each service by itself
	@PYTHONPATH=$(CURDIR)/common $(PY) -m testkit.type_check $(SERVICE)

templates: $(INSTALLED) $(ONE) ## cfn-lint on every template, the packaged ones too
	@PYTHONPATH=$(CURDIR)/common $(PY) -m testkit.template_check $(SERVICE)

# What tests/deployment tries with it is skipped without Node; where CI is set, a missing Node is a failure.
framework: ## the Serverless Framework, into node_modules; nothing else here needs Node (20.19 or newer)
	@if node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null; \
	then $(MAKE) --no-print-directory $(FRAMEWORK); \
	else echo "Node 20.19 or newer is missing: deploying with the Serverless Framework is not tested."; test -z "$${CI:-}"; fi

$(FRAMEWORK): package-lock.json
	@echo "Installing the Serverless Framework into node_modules (once)..."
	@npm ci --silent --no-fund --no-audit
	@touch $(FRAMEWORK)

events: $(INSTALLED) ## docs/events.md and events.json, from the registry
	@PYTHONPATH=$(CURDIR)/common $(PY) -m docgen.event_page

openapi: $(INSTALLED) ## docs/openapi, from the routes; with RELEASED=1 also what clients rely on from now on
	@PYTHONPATH=$(CURDIR)/common $(PY) -m docgen.openapi.shop $(if $(filter 1,$(RELEASED)),--released)

access: $(INSTALLED) ## docs/access.md, who may call what; after `make openapi`
	@PYTHONPATH=$(CURDIR)/common $(PY) -m docgen.access_page

contracts: $(INSTALLED) ## what services know of each other, written anew; with RELEASED=1 also what the last release promised
	@PYTHONPATH=$(CURDIR)/common $(PY) -m docgen.contracts $(if $(filter 1,$(RELEASED)),--released)

workflows: $(INSTALLED) ## each service's workflow and deploy role, from one template
	@PYTHONPATH=$(CURDIR)/common $(PY) -m delivery.workflows

docs: events openapi access ## all pages that are made from code
	@PYTHONPATH=$(CURDIR)/common $(PY) -m docgen.state_machine_page
	@PYTHONPATH=$(CURDIR)/common $(PY) -m docgen.metric_page

format: $(INSTALLED) ## let ruff put the code in shape
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

lock: $(INSTALLED) ## requirements-dev.in -> requirements-dev.txt
	@$(PY) -m pip install --quiet uv
	@{ echo '# Made by `make lock` from requirements-dev.in; not edited by hand.'; \
	   .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-header requirements-dev.in; } > requirements-dev.new
	@mv requirements-dev.new requirements-dev.txt

clean: ## throw away what can be built again; the local shop's data stays
	rm -rf build .venv node_modules .mypy_cache .ruff_cache

.PHONY: service
service:
	@test -n "$(SERVICE)" || { echo "SERVICE is not set: one of $(SERVICES)"; exit 2; }
	@test -d "$(SERVICE)/chalicelib" || { echo "SERVICE=$(SERVICE) is not a service: one of $(SERVICES)"; exit 2; }

$(INSTALLED): requirements-dev.txt
	@$(PYTHON) common/devcloud/install.py
