# Thin names for real commands. On a fresh machine: make run, or make test.
.PHONY: run test lint train evaluate clean

EMOTIOND = .venv/bin/emotiond
CORPORA ?= corpora

# Listens to the default microphone; plays a sample where there is none.
run: .venv/.run
	@$(EMOTIOND) run --or-sample

test: .venv/.test lint
	.venv/bin/pytest -m "not slow" -n 2

lint: .venv/.test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

# The shipped model, from your own copy of TESS: make train CORPORA=path/to/folder
train: .venv/.test
	$(EMOTIOND) train --corpus tess=$(CORPORA)/tess --recipe seed --all --out runs/shipped
	$(EMOTIOND) export runs/shipped
	cp runs/shipped/emotiond-int8.tflite models/emotiond.tflite

evaluate: .venv/.test
	$(EMOTIOND) evaluate --corpus tess=$(CORPORA)/tess --recipe seed --out runs/evaluation \
	  --protocol tess-random --protocol tess-words --protocol tess-speakers

clean:
	rm -rf .venv runs

.venv/.run .venv/.test: pyproject.toml tools/setup
	@tools/setup $(subst .,,$(notdir $@))
