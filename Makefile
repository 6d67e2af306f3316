# All commands for daily work. `.ci/run` uses the same targets.

VENV   ?= .venv
PYTHON ?= python3
RUN    := $(VENV)/bin/xtreme-bench
PIP    := $(VENV)/bin/python -m pip
HASHED := --quiet --no-deps --require-hashes
READY  := $(VENV)/.installed
# docker, local or auto: docker if an engine answers, else local. The run prints which.
ENGINE ?= auto

.DEFAULT_GOAL := help
.PHONY: help install reproduce readme-tables readme-check hours plan validate check test test-docker bench-data bench-retrieval bench-training bench-gpu bench-comparison findings format lock audit image shell clean-containers clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F '\t' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(READY) ## make the virtual environment with the pinned packages

$(READY): requirements.lock requirements-cpu.lock requirements-cuda.lock requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12), (3, 13)))' \
	  || { echo "xtreme-bench needs Python 3.11, 3.12 or 3.13: give it as PYTHON=/path/to/python3.11" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@# Take the CPU build of torch if the package index has it, else the CUDA build and its libraries.
	@$(PIP) install $(HASHED) -r requirements-cpu.lock 2>/dev/null || $(PIP) install $(HASHED) -r requirements-cuda.lock
	$(PIP) install $(HASHED) -r requirements.lock -r requirements-dev.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

reproduce: $(READY) ## run a recipe, write a checked bundle and a report: RECIPE=quickstart [ENGINE=docker|local] [DATA=folder] [LABELS=folder]
	@$(RUN) run "$(RECIPE)" --engine "$(ENGINE)" $(if $(DATA),--data "$(DATA)") $(if $(LABELS),--labels "$(LABELS)")

plan: $(READY) ## show what a recipe would run and what is finished: RECIPE=multitask9 [DATA=folder] [LABELS=folder]
	@$(RUN) plan "$(RECIPE)" $(if $(DATA),--data "$(DATA)") $(if $(LABELS),--labels "$(LABELS)")

validate: $(READY) ## check all recipes
	@$(RUN) validate recipes/*.yaml

check: $(READY) ## formatting, lint, types and the fast tests (about two minutes)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache >/dev/null || $(VENV)/bin/lint-imports --no-cache
	$(VENV)/bin/python tools/lock.py --check
	$(VENV)/bin/python -m pytest

test: check ## `make check`, then the slow tests
	$(VENV)/bin/python -m pytest --timeout 900 --dist loadfile -m slow -rs

test-docker: $(READY) ## the tests in containers: needs a Docker engine and XTREME_BENCH_BASE_IMAGE
	$(VENV)/bin/python -m pytest -n 0 -m docker

readme-tables: $(READY) ## write the tables of README.md from finished runs: [NAMES=quickstart] [DATA=folder]
	$(VENV)/bin/python tools/readme_tables.py $(NAMES) $(if $(DATA),--data "$(DATA)")

readme-check: $(READY) ## whether those tables are of this recipe, code, data and packages: [DATA=folder]
	@$(VENV)/bin/python tools/readme_tables.py --check $(if $(DATA),--data "$(DATA)")

hours: $(READY) ## write docs/hours.md: what `plan` estimates for an H100
	$(VENV)/bin/python tools/recipe_hours.py

bench-data: $(READY) ## compare reading and tokenising with datasets.map: [DATA=folder]
	$(VENV)/bin/python benchmarks/data.py $(if $(DATA),--data "$(DATA)")

bench-retrieval: $(READY) ## compare embedding and mining with other tools: DATA=folder of the releases
	$(VENV)/bin/python benchmarks/retrieval.py --data "$(DATA)"
	$(VENV)/bin/python benchmarks/mining.py

bench-training: $(READY) ## compare fine-tuning with transformers' Trainer and the benchmark's own procedure
	$(VENV)/bin/python benchmarks/training.py $(ARGS)

bench-gpu: $(READY) ## check and measure a machine with a GPU: [ARGS=--tiny]
	PYTHONPATH=$(CURDIR) $(VENV)/bin/python benchmarks/gpu.py $(ARGS)

bench-comparison: $(READY) ## measure `compare` at XTREME's full size
	$(VENV)/bin/python benchmarks/comparison.py

findings: $(READY) ## write docs/findings.md and its answers in README; with BUNDLES, LABELS, EXPERIMENT (its folder) [STORE] record those first
	$(if $(BUNDLES),$(VENV)/bin/python -m xtreme_bench.findings.records "$(BUNDLES)" "$(LABELS)" --to "docs/findings/$(or $(EXPERIMENT),$(error EXPERIMENT is missing: name a folder of docs/findings))" $(if $(STORE),--store "$(STORE)"))
	$(VENV)/bin/python -m xtreme_bench.findings.page --readme README.md

format: $(READY) ## format the code and apply automatic fixes
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

lock: $(READY) ## write the lock files from pyproject.toml
	PATH="$(abspath $(VENV)/bin):$$PATH" $(VENV)/bin/python tools/lock.py

audit: $(READY) ## write a bill of materials (CycloneDX, build/sbom-*.json) and look for known vulnerabilities
	VENV=$(VENV) tools/audit

image: $(READY) ## find or build the image of ENGINE=docker, and print its digest
	@$(RUN) image

shell: $(READY) ## a shell in the image, isolated like a stage
	@docker run --rm -it --network none --cap-drop ALL --security-opt no-new-privileges --read-only --tmpfs /tmp \
	  --entrypoint /bin/bash "$$($(RUN) image)"

clean-containers: $(READY) ## remove the containers that killed runs left
	@$(RUN) clean-containers

clean: ## remove the virtual environment, the store, reports and builds
	rm -rf $(VENV) store reports build dist *.egg-info
