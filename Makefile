# make        sets up what is missing and builds the newsroom
# make test   sets up what is missing and runs the tests
# make lint   style, types;  make format   mends style
# make lock   renews the pinned packages;  make schemas   renews the JSON Schemas
# make pages  keeps pictures and outlines of pages anew, for the tests; make bench   measures
PYTHON ?= python3
SETUP = tools/setup.sh pyproject.toml

.PHONY: build test lint format lock schemas pages bench clean
build: .venv/ready-run
	.venv/bin/python build.py

.venv/ready-run: requirements.lock $(SETUP)
	PYTHON=$(PYTHON) sh tools/setup.sh run

.venv/ready-dev: requirements-dev.lock $(SETUP)
	PYTHON=$(PYTHON) sh tools/setup.sh dev

test: .venv/ready-dev
	.venv/bin/python -m pytest -q

lint: .venv/ready-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

format: .venv/ready-dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

schemas: .venv/ready-run
	.venv/bin/python -c 'from pathlib import Path; from communique import scaffold; scaffold.write_schemas(Path())'

lock:
	uv pip compile pyproject.toml --group setup --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements.lock
	uv pip compile pyproject.toml --group setup --group dev --group bench --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -q -c requirements.lock -o requirements-dev.lock

pages: .venv/ready-dev
	.venv/bin/python -m pytest -q tests/test_pages.py --renew

bench: .venv/ready-dev
	.venv/bin/python -m benchmarks

clean:
	rm -rf .venv output/press output/site
