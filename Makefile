# make demo     install, make a first dataset from studio scenes and package photographs, and train
#               and benchmark a small editor on it
# make test     install all of it, and run the tests
# make install  only install, into .venv
# make install-editor  install what editors are trained with as well (several GB)
# make install-models  install the production models' packages as well (several GB)
# make lint     ruff and mypy
# make clean    remove .venv and what was made (.imgedit)

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
STAMP := .venv/.installed
EDITOR_STAMP := .venv/.editor-installed
EDITOR := -r requirements.txt -r requirements-editor.txt
MODELS_STAMP := .venv/.models-installed
MODELS := -r requirements.txt -r requirements-models.txt
# One file's tests stay in one process, so that a graph made for a file is made once.
WORKERS ?= 2

.PHONY: demo install install-editor install-models test lint clean

# Where what trains the editor cannot be installed, the demo goes on without, and the run says so.
demo: install
	@$(MAKE) install-editor || echo "the demo goes on without the editor" >&2
	$(BIN)/imgedit run
	@echo
	@echo "Look at it:   $(BIN)/imgedit view      the pairs, in the browser"
	@echo "              $(BIN)/imgedit up        the graph with its pictures"
	@echo "              $(BIN)/imgedit status    what there is, and what was rejected"

install: $(STAMP)

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@# uv installs the pins in seconds; where it cannot reach the package index as pip can, pip does.
	$(PIP) install --quiet uv==0.13.9
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt \
		|| $(PIP) install --quiet -r requirements.txt
	$(PIP) install --quiet --no-build-isolation -e .
	@touch $@

install-editor: $(EDITOR_STAMP)

$(EDITOR_STAMP): requirements-editor.txt $(STAMP)
	$(BIN)/uv pip install --quiet --python $(BIN)/python $(EDITOR) || $(PIP) install --quiet $(EDITOR)
	@touch $@

install-models: $(MODELS_STAMP)

$(MODELS_STAMP): requirements-models.txt requirements-editor.txt requirements-cluster.txt requirements-ultralytics.txt $(STAMP)
	$(BIN)/uv pip install --quiet --python $(BIN)/python $(MODELS) || $(PIP) install --quiet $(MODELS)
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
