# make demo     install, and make a first dataset from studio scenes and package photographs
# make test     install all of it, and run the tests
# make install  only install, into .venv
# make install-models  install the production models' packages as well (several GB)
# make lint     ruff and mypy
# make clean    remove .venv and what was made (.imgedit)

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
STAMP := .venv/.installed
MODELS_STAMP := .venv/.models-installed
MODELS := -r requirements.txt -r requirements-models.txt
# One file's tests stay in one process, so that a graph made for a file is made once.
WORKERS ?= 2

.PHONY: demo install install-models test lint clean

demo: install
	$(BIN)/imgedit run
	@echo
	@echo "Look at it:   $(BIN)/imgedit up        the graph with its pictures, in the browser"
	@echo "              $(BIN)/imgedit status    what there is, and what was rejected"

install: $(STAMP)

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@# uv installs the pins in seconds; where it cannot reach the package index as pip can, pip does.
	$(PIP) install --quiet uv==0.13.9
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements.txt \
		|| $(PIP) install --quiet -r requirements.txt
	$(PIP) install --quiet --no-build-isolation -e .
	@touch $@

install-models: $(MODELS_STAMP)

$(MODELS_STAMP): requirements-models.txt requirements-ultralytics.txt $(STAMP)
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python $(MODELS) || $(PIP) install --quiet $(MODELS)
	$(PIP) install --quiet --no-deps -r requirements-ultralytics.txt
	@touch $@

test: install-models
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:
	rm -rf .venv .imgedit *.egg-info .pytest_cache .mypy_cache .ruff_cache
