# The commands of the shop; `make` alone lists them.
# GNU make 3.81 (macOS has it), a POSIX shell and awk are enough.
.DEFAULT_GOAL := help

SETTINGS := PORT LOCAL_DIR SERVICE SERVICE_PORT STAGE FILE QUEUE NAME ROLE EMAIL FUNCTION EVENT \
  ORDER DAY SETTLE ENDPOINT LINES COUNT ID
SWITCHES := COMPLAINT FOLLOW DRY_RUN REPAIR FULL_STOCK REVOKE_OLD RELEASED UPGRADE
STAGES := local dev prod
SERVICES := $(patsubst %/.chalice/config.json,%,$(wildcard */.chalice/config.json))

# What a command cannot do without, as an example of it.
needs.local := SERVICE=cart-service
needs.logs := SERVICE=cart-service
needs.pipeline := SERVICE=cart-service
needs.package := SERVICE=cart-service
needs.deploy := SERVICE=cart-service STAGE=dev
needs.release := SERVICE=cart-service STAGE=dev
needs.smoke := SERVICE=cart-service STAGE=dev
needs.invoke := SERVICE=cart-service FUNCTION=clear-cart
needs.new-service := NAME=wishlist-service
needs.bounce := EMAIL=jane@example.com
needs.admin := EMAIL=jane@example.com
needs.trace := ORDER=01JA2M9Q6T0000000000000000
needs.seed := FILE=common/devcloud/catalogue.csv

# Only make's command line gives them: a shell may have a PORT or a NAME of its own.
is_given = $(filter command,$(origin $(1)))
$(foreach name,$(SETTINGS) $(SWITCHES),$(if $(call is_given,$(name)),,$(eval override $(name) :=)))
unexport $(SETTINGS) $(SWITCHES)
override SERVICE := $(patsubst %/,%,$(SERVICE))

given := $(foreach name,$(.VARIABLES),$(if $(call is_given,$(name)),$(name)))
KNOWN := $(SETTINGS) $(SWITCHES) PYTHON SHELL MAKE% AWS_% PIP_%
unknown := $(firstword $(filter-out $(KNOWN),$(given)))
ifneq ($(unknown),)
$(error $(unknown) is no setting; these are: $(SETTINGS) $(SWITCHES) PYTHON)
endif
$(foreach name,$(SWITCHES),$(if $(filter-out 1,$($(name))),\
  $(error $(name)=$($(name)) is not understood: $(name)=1 or nothing)))
ifneq ($(filter-out $(SERVICES) $(if $(filter test,$(MAKECMDGOALS)),common),$(SERVICE)),)
$(error SERVICE=$(SERVICE) is not a service: one of $(SERVICES))
endif
ifneq ($(filter-out $(STAGES),$(STAGE)),)
$(error STAGE=$(STAGE) is not a stage: one of $(STAGES))
endif
name_in = $(firstword $(subst =, ,$(1)))
missing = $(strip $(foreach example,$(needs.$(1)),\
  $(if $($(call name_in,$(example))),,$(call name_in,$(example)))))
$(foreach goal,$(MAKECMDGOALS),$(if $(call missing,$(goal)),\
  $(error $(firstword $(call missing,$(goal))) is not set, as in: make $(goal) $(needs.$(goal)))))

quoted = '$(subst ','\'',$(1))'
argument = $(if $($(1)),$(call quoted,$($(1))))
option = $(if $($(2)), --$(1)=$(call quoted,$($(2))))
switch = $(if $($(2)), --$(1))

PY := .venv/bin/python
DIR = $(call option,dir,LOCAL_DIR)
AWS = $(call option,stage,STAGE)
SHOP := $(PY) -m devcloud
INSTALLED := .venv/installed
READY := $(and $(wildcard $(INSTALLED)),$(wildcard $(PY)))
REBUILD := $(if $(filter environment command,$(origin PYTHON)),--rebuild)
ifeq ($(REBUILD),)
PYTHON := $(if $(READY),$(PY),python3)
endif

# The shell's settings of Python do not apply here, and text is UTF-8 in every locale.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP
export PYTHONUTF8 := 1
export PYTHONDONTWRITEBYTECODE := 1

COMMANDS := help up down test check local deploy docs format new-service bench chaos clean \
  status orders mail logs token invoke trace bounce seed admin rotate-keys redrive reconcile \
  package release smoke pipeline lint types templates framework pythons mutations budgets \
  events openapi access contracts workflows settings lock
.PHONY: FORCE $(COMMANDS)
$(filter-out help clean,$(COMMANDS)): $(INSTALLED)

## Every day
help: ## | this list
	@awk -F ' ## *|[|] *' '/^## / { printf "%s%s\n", (shown++ ? "\n" : ""), substr($$0, 4) } \
	  /^[a-z-]+:.* ## / { sub(/:.*/, "", $$1); \
	    printf "  %-50s %s\n", "make " $$1 " " $$2, $$3 }' Makefile

up: ## | start the shop and show a purchase (PORT=8100 LOCAL_DIR=.other)
	@$(SHOP) up$(call option,port,PORT)$(DIR)

down: ## | stop the shop; its data stays
	@$(SHOP) down$(DIR)

local: ## SERVICE=cart-service | one service with reload, in the running shop (SERVICE_PORT=8091)
	@$(PY) -m devcloud.dev_server $(SERVICE)$(DIR)$(call option,port,SERVICE_PORT)

test: ## SERVICE=cart-service | a service's suite; without SERVICE everything
	@$(PY) -m testkit.suites $(SERVICE)

check: lint types templates framework test ## | all that CI asks for

format: ## | let ruff put the code in shape
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

docs: events openapi access ## | write every page that is made from code
	@$(PY) -m docgen.state_machine_page
	@$(PY) -m docgen.metric_page

deploy: ## SERVICE=cart-service STAGE=local | deploy a service; with STAGE=dev or prod to AWS
	@$(SHOP) deploy $(SERVICE)$(AWS)$(DIR)

new-service: ## NAME=wishlist-service | make a service of the same shape
	@$(PY) -m scaffold -- $(call quoted,$(NAME))

chaos: ## | the long form of tests/chaos: crashes, faults, oversell, replays
	@CHAOS=long $(PY) -m pytest tests/chaos -p no:cacheprovider

bench: ## | measure cold starts, requests and load into docs/performance.md
	@$(PY) -m tests.benchmarks.performance
	@$(PY) -m tests.benchmarks.hot_product

clean: ## | throw away what can be built again; the local shop's data stays
	rm -rf build .venv node_modules .mypy_cache .ruff_cache

## The running shop (with STAGE=dev or prod many ask AWS)
status: ## | what is running, and where
	@$(SHOP) status$(DIR)
orders: ## | the latest orders (COUNT=20)
	@$(SHOP) orders$(call option,count,COUNT)$(DIR)
mail: ## | the latest sent mails (COUNT=20), or one of them (ID=...)
	@$(SHOP) mail $(call argument,ID)$(call option,count,COUNT)$(DIR)
logs: ## SERVICE=cart-service | a service's logs (FOLLOW=1 LINES=200)
	@$(SHOP) logs $(SERVICE)$(call switch,follow,FOLLOW)$(call option,lines,LINES)$(DIR)
token: ## ROLE=admin | an access token to try things with; without ROLE a customer's
	@$(SHOP) token $(call quoted,$(or $(ROLE),customer))$(DIR)
invoke: ## SERVICE=cart-service FUNCTION=clear-cart | call a Lambda (EVENT=event.json)
	@$(SHOP) invoke $(SERVICE) $(call quoted,$(FUNCTION)) $(call argument,EVENT)$(AWS)$(DIR)
trace: ## ORDER=01J... | one order as a timeline, from the saga's history and all logs
	@$(SHOP) trace $(call quoted,$(ORDER))$(AWS)$(DIR)
bounce: ## EMAIL=jane@example.com | let a mail bounce, after which none is sent (COMPLAINT=1)
	@$(SHOP) bounce $(call quoted,$(EMAIL))$(call switch,complaint,COMPLAINT)$(DIR)
seed: ## FILE=common/devcloud/catalogue.csv | load products from a CSV file
	@$(SHOP) seed $(call quoted,$(FILE))$(DIR)
admin: ## EMAIL=jane@example.com | make an admin of somebody who has an account
	@$(SHOP) admin $(call quoted,$(EMAIL))$(AWS)$(DIR)
rotate-keys: ## | sign access tokens with a new key (REVOKE_OLD=1 after a leak)
	@$(SHOP) rotate-keys$(call switch,revoke-old,REVOKE_OLD)$(AWS)$(DIR)
redrive: ## QUEUE=notification-queue | move dead letters back (DRY_RUN=1); without QUEUE count
	@$(SHOP) redrive $(call argument,QUEUE)$(call switch,dry-run,DRY_RUN)$(DIR)
reconcile: ## | compare all records of orders (DAY=2026-11-22 SETTLE=0 FULL_STOCK=1 REPAIR=1)
	@$(SHOP) reconcile$(call option,day,DAY)$(call option,settle,SETTLE)\
	  $(call switch,repair,REPAIR)$(call switch,full-stock,FULL_STOCK)$(DIR)

## Deployment
package: ## SERVICE=cart-service STAGE=dev | build a service's zip and template into build/
	@$(SHOP) package $(SERVICE)$(AWS)
release: ## SERVICE=cart-service STAGE=dev | deploy a service; roll back if it does not answer
	@$(SHOP) release $(SERVICE)$(AWS)$(call option,endpoint,ENDPOINT)$(DIR)
smoke: ## SERVICE=cart-service STAGE=dev | whether a deployed service answers
	@$(SHOP) smoke $(SERVICE)$(AWS)$(DIR)
pipeline: ## SERVICE=cart-service | what the service's workflow does, on this machine
	@$(PY) -m devcloud.pipeline $(SERVICE)

## Parts of check, docs and chaos; lint, types and templates also of one SERVICE
lint: ## | ruff, actionlint on the workflows, no secrets in the repository
	@.venv/bin/ruff format --check $(or $(SERVICE),.)
	@.venv/bin/ruff check $(or $(SERVICE),.)
	@test ! -d .github || $(PY) .venv/bin/actionlint -no-color .github/workflows/*.yml
	@$(PY) -m testkit.secrets_scan
types: ## | mypy, each service by itself
	@$(PY) -m testkit.type_check $(SERVICE)
templates: ## | cfn-lint on every template, the packaged ones too; policies against IAM's tables
	@$(PY) -m testkit.template_check $(SERVICE)
framework: ## | Serverless Framework and JSONata, into node_modules; needs Node 20.19 or newer
	@$(PY) -m testkit.framework
pythons: ## | start the shop and run suites with the other Pythons of this machine
	@$(PY) -m testkit.pythons
mutations: ## NAME=refund | take protections away: a test must fail; without NAME all
	@$(PY) -m testkit.mutations $(call argument,NAME)
budgets: ## | count what requests ask of AWS into tests/benchmarks/budgets.toml
	@BUDGETS=write $(PY) -m pytest tests/benchmarks/test_usage.py -p no:cacheprovider
events: ## | docs/events.md and events.json
	@$(PY) -m docgen.event_page
openapi: ## | docs/openapi (RELEASED=1: and what clients rely on from now on)
	@$(PY) -m docgen.openapi.shop$(call switch,released,RELEASED)
access: ## | docs/access.md, who may call what; after make openapi
	@$(PY) -m docgen.access_page
contracts: ## | what services know of each other (RELEASED=1: and promise from now on)
	@$(PY) -m docgen.contracts$(call switch,released,RELEASED)
workflows: ## | each service's workflow and deploy role, and the template of the domain
	@$(PY) -m delivery.workflows
settings: ## | the settings of the stages, from common/delivery/stages.toml, for Chalice
	@$(PY) -m delivery.chalice_settings
lock: ## | requirements-dev.in -> requirements-dev.txt (UPGRADE=1: newer ones)
	@$(PY) -m pip install --quiet uv
	@grep -v '^# Made by' requirements-dev.txt > requirements-dev.new
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-header \
	  $(call switch,upgrade,UPGRADE) --output-file requirements-dev.new requirements-dev.in
	@{ echo '# Made by `make lock` from requirements-dev.in; not edited by hand.'; \
	   cat requirements-dev.new; } > requirements-dev.txt
	@rm requirements-dev.new

$(INSTALLED): requirements-dev.txt common/devcloud/install.py \
  $(if $(REBUILD),FORCE,$(if $(READY),,FORCE))
	@command -v $(call quoted,$(PYTHON)) >/dev/null || { \
	  echo "There is no $(PYTHON). Say which Python to use: make up PYTHON=python3.12" >&2; exit 2; }
	@$(call quoted,$(PYTHON)) -I common/devcloud/install.py $(REBUILD)
