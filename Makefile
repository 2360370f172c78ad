# Two commands: `make run` opens the laboratory, `make test` checks it. Both set themselves up.
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.run-ready
DEV_READY := $(VENV)/.dev-ready
BROWSER_READY := $(VENV)/.browser-ready
PYTEST := $(BIN)/python -m pytest -n auto
QUICK := not slow

.PHONY: run test quick lint bench soak screenshots gif

run: $(RUN_READY)
	MALLOC_ARENA_MAX=2 $(BIN)/streamlit run dashboard.py --server.port $(PORT) --server.headless true

test: $(DEV_READY) $(BROWSER_READY)
	$(PYTEST) -m "($(QUICK)) or typed" --jaxtyping-packages=gan_core,beartype.beartype
	$(PYTEST) -m "not ($(QUICK)) and not typed"

quick: $(DEV_READY)
	$(PYTEST) -m "$(QUICK)"

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: $(DEV_READY) $(BROWSER_READY)
	$(BIN)/python benchmarks/bench.py

screenshots: $(DEV_READY) $(BROWSER_READY)
	$(BIN)/python docs/screenshots.py

gif: $(DEV_READY) $(BROWSER_READY)
	$(BIN)/python docs/record_gif.py

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)

$(RUN_READY): requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install -q -r requirements.txt
	touch $@

$(DEV_READY): requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install -q -r requirements-dev.txt
	touch $@ $(RUN_READY)

$(BROWSER_READY): tests/helpers/browser.py | $(DEV_READY)
	$(BIN)/python -m tests.helpers.browser
	touch $@

soak: $(DEV_READY) $(BROWSER_READY)
	$(BIN)/python benchmarks/soak.py
	$(BIN)/python benchmarks/install.py
	$(BIN)/python benchmarks/survive.py --kills 100 --damage 200 --full
	$(BIN)/python benchmarks/malice.py --tries 5000 --seed 0
	$(BIN)/python benchmarks/own_pictures.py
	$(BIN)/python benchmarks/doctor_presets.py
	$(BIN)/python benchmarks/doctor.py --all-comers --seed 301 --runs 150
	$(BIN)/python benchmarks/many.py
	$(BIN)/python benchmarks/many.py --sessions 50
