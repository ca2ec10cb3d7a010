# Thin names for real commands. On a fresh machine: make run, or make test.
.PHONY: run test lint bench train evaluate clean
.PHONY: install-service install-user-service uninstall-service uninstall-user-service

EMOTIOND = .venv/bin/emotiond
# Idle BLAS threads spin, and cost the tests half their time.
export OPENBLAS_NUM_THREADS = 1
CORPORA ?= corpora
# Folders of CORPORA are named for their readers (nemo or nemo_pl, say); missing ones are left out.
NAMES = ased cremad emodb nemo ravdess savee tess
RECIPE ?= strangers

# Listens to the default microphone; plays a sample where there is none.
run: .venv/.run
	@$(EMOTIOND) run --or-sample

test: .venv/.test lint
	.venv/bin/pytest -m "not slow" -n 2

lint: .venv/.test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

# What it costs on this machine.
bench: .venv/.run
	@$(EMOTIOND) bench

CORPUS_FLAGS = $(foreach name,$(NAMES),$(addprefix --corpus $(name)=,$(firstword $(wildcard $(CORPORA)/$(name) $(CORPORA)/$(name)_*)))) \
  $(addprefix --noise ,$(NOISE)) $(addprefix --rir ,$(RIR))

# The shipped model, from your own corpora and folders of recordings to mix in; half an hour:
# make train CORPORA=path/to/folder NOISE="path/to/noise path/to/music" RIR=path/to/impulse/responses
train: .venv/.test
	$(EMOTIOND) train --recipe $(RECIPE) --all --evaluation models/evaluation/metrics.json --out runs/shipped $(CORPUS_FLAGS)
	$(EMOTIOND) export runs/shipped
	cp runs/shipped/emotiond-int8.tflite models/emotiond-small.tflite

# The card, from the same folders and ordinary speech (SPEECH=path): every protocol that your corpora allow; hours.
evaluate: .venv/.test
	$(EMOTIOND) evaluate --recipe $(RECIPE) --jobs 2 --robustness --out runs/evaluation $(CORPUS_FLAGS) $(addprefix --speech ,$(SPEECH))
	cp -r runs/evaluation/EVALUATION.md runs/evaluation/evaluation models/
	cp runs/evaluation/metrics.json runs/evaluation/live.json models/evaluation/

# A service that starts with the machine (needs root), or with your session. Again: an upgrade.
install-service:
	@systemd/service install system

install-user-service:
	@systemd/service install user

# PURGE=purge removes settings and logs, too.
uninstall-service:
	@systemd/service remove system $(PURGE)

uninstall-user-service:
	@systemd/service remove user $(PURGE)

clean:
	rm -rf .venv runs

.venv/.run .venv/.test: pyproject.toml tools/setup
	@tools/setup $(subst .,,$(notdir $@))
