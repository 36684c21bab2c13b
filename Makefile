# For developers. Two commands do everything from a fresh clone: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
INSTALLED := $(VENV)/installed
READY := $(VENV)/ready
# The libraries that benchmarks/versus.py compares with, in an environment of their own.
PEERS := .venv-peers
ifeq ($(OS),Windows_NT)
PEERS_PYTHON := $(PEERS)/Scripts/python
else
PEERS_PYTHON := $(PEERS)/bin/python
endif

# The methods that benchmarks/accuracy.py compares with, and chainrule, in an environment of their own.
ACCURACY := .venv-accuracy
ifeq ($(OS),Windows_NT)
ACCURACY_PYTHON := $(ACCURACY)/Scripts/python
else
ACCURACY_PYTHON := $(ACCURACY)/bin/python
endif

.PHONY: demo test lint bench bench-tables peers clean

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable .
	touch $(INSTALLED)

$(READY): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --group dev
	touch $(READY)

demo: $(INSTALLED)
	$(BIN)/chainrule demo

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n 2

$(PEERS)/ready: benchmarks/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS_PYTHON) -m pip install --quiet --requirement benchmarks/peers/requirements.txt
	touch $(PEERS)/ready

peers: $(PEERS)/ready

bench: $(READY) peers
	$(BIN)/python -m pip install --quiet --group bench
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/tables.py
	$(BIN)/python benchmarks/estimators.py
	$(BIN)/python benchmarks/versus.py --peers $(PEERS_PYTHON) --compile --write

$(ACCURACY)/ready: benchmarks/accuracy/requirements.txt pyproject.toml
	$(PYTHON) -m venv $(ACCURACY)
	$(ACCURACY_PYTHON) -m pip install --quiet torch==2.13.0
	$(ACCURACY_PYTHON) -m pip install --quiet --requirement benchmarks/accuracy/requirements.txt --editable .
	touch $(ACCURACY)/ready

bench-tables: $(ACCURACY)/ready
	$(ACCURACY_PYTHON) benchmarks/accuracy.py run
	$(ACCURACY_PYTHON) benchmarks/accuracy.py report

clean:
	rm -rf $(VENV) $(PEERS) $(ACCURACY) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
