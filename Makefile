# Thin names for real commands. On a fresh machine: make run, or make test.
.PHONY: run test lint bench train evaluate clean
.PHONY: install-service install-user-service uninstall-service uninstall-user-service

EMOTIOND = .venv/bin/emotiond
# Idle BLAS threads spin, and cost the tests half their time.
export OPENBLAS_NUM_THREADS = 1
CORPORA ?= corpora
# Folders of CORPORA are named for their readers (nemo or nemo_pl, say); missing ones are left out.
NAMES = ased cremad emodb nemo ravdess savee tess
RECIPE ?= seed

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

# The shipped model, from your own copy of TESS: make train CORPORA=path/to/folder
train: .venv/.test
	$(EMOTIOND) train --corpus tess=$(CORPORA)/tess --recipe seed --all --out runs/shipped
	$(EMOTIOND) export runs/shipped
	cp runs/shipped/emotiond-int8.tflite models/emotiond.tflite

# Every protocol that your corpora allow; hours. Folders of recordings to mix in may be given:
# make evaluate CORPORA=path/to/folder NOISE=path/to/noise RIR=path/to/impulse/responses
evaluate: .venv/.test
	$(EMOTIOND) evaluate --recipe $(RECIPE) --jobs 2 --robustness --out runs/evaluation \
	  $(foreach name,$(NAMES),$(addprefix --corpus $(name)=,$(firstword $(wildcard $(CORPORA)/$(name) $(CORPORA)/$(name)_*)))) \
	  $(addprefix --noise ,$(NOISE)) $(addprefix --rir ,$(RIR)) $(addprefix --speech ,$(SPEECH))
	cp -r runs/evaluation/EVALUATION.md runs/evaluation/evaluation models/
	cp runs/evaluation/metrics.json models/evaluation/

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
