# Every target prepares .venv by itself; Python 3.11 or newer and make are all it needs.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
SCHEMAS := .build/schemas.binpb
QUIET := --quiet --disable-pip-version-check

# The tests start hundreds of processes: each would compile all of it anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test chaos check format lint types schemas proto lock bench scale release-schemas sbom audit-dependencies

help: ## Say what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(READY): requirements.lock pyproject.toml
	@echo "preparing .venv: it takes a minute or more, and is done once"
	$(PYTHON) -m venv .venv
	$(BIN)/pip install $(QUIET) --require-hashes -r requirements.lock
	$(BIN)/pip install $(QUIET) --no-deps --editable .
	@touch $@

demo: $(READY) ## Run the whole system on this machine, with feeds of a rainy evening in Nanjing
	$(BIN)/liandong up --demo

test: $(READY) ## Run the tests
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

chaos: $(READY) ## Kill, cut, pause, fill and damage parts under load, and check that nothing is lost
	LIANDONG_CHAOS=1 $(BIN)/python -m pytest -p no:randomly tests/chaos tests/e2e/test_kills.py tests/e2e/test_topologies_demo.py

check: lint types schemas test ## Run everything that must hold: format, lint, types, schemas, tests

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

schemas: $(READY)
	cd proto && ../$(BIN)/buf format --exit-code --diff .
	$(BIN)/python proto/generate.py --check
	$(BIN)/buf lint $(SCHEMAS) --config proto/buf.yaml
	$(BIN)/buf breaking $(SCHEMAS) --config proto/buf.yaml --against proto/released.binpb

format: $(READY) ## Format code and schemas
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cd proto && ../$(BIN)/buf format -w .

proto: $(READY) ## Generate code from the schemas
	$(BIN)/python proto/generate.py

release-schemas: proto ## Take the schemas as they stand as the released ones
	cp $(SCHEMAS) proto/released.binpb

sbom: $(READY) ## Write dist/liandong.cdx.json: what a release is made of
	$(BIN)/pip install $(QUIET) uv
	$(BIN)/uv pip compile --quiet --generate-hashes --no-annotate --constraint requirements.lock pyproject.toml -o .build/runtime.lock
	$(PYTHON) -m venv --clear .build/runtime
	.build/runtime/bin/pip install $(QUIET) --require-hashes -r .build/runtime.lock
	.build/runtime/bin/pip uninstall $(QUIET) --yes pip setuptools
	mkdir -p dist
	$(BIN)/python deploy/sbom.py .build/runtime > .build/sbom.json
	mv .build/sbom.json dist/liandong.cdx.json

audit-dependencies: $(READY) ## Ask PyPI for known vulnerabilities of every locked package
	$(PYTHON) -m venv .build/pip-audit
	.build/pip-audit/bin/pip install $(QUIET) pip-audit
	.build/pip-audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock

lock: $(READY) ## Resolve the dependencies anew
	$(BIN)/pip install $(QUIET) uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate \
		--custom-compile-command "make lock" --group dev pyproject.toml -o requirements.lock

bench: $(READY) ## Measure: ingest and query, each beside its ceiling
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.stations
	$(BIN)/python -m benchmarks.formats
	$(BIN)/python -m benchmarks.query
	$(BIN)/python -m benchmarks.workers
	$(BIN)/python -m benchmarks.fanout
	$(BIN)/python -m benchmarks.mapping
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.selections
	$(BIN)/python -m benchmarks.console
	$(BIN)/python -m benchmarks.metrics

scale: $(READY) ## Measure a city of 39 departments for two minutes, and one server beside a cluster
	$(BIN)/python -m benchmarks.scale
