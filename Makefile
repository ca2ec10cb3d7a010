# Thin names for real commands. On a fresh machine: make run, or make test.
.PHONY: run test lint bench pictures hub-pictures train evaluate clean
.PHONY: install-service install-user-service uninstall-service uninstall-user-service

EMOTIOND = .venv/bin/emotiond
# Idle BLAS threads spin, and cost the tests half their time.
export OPENBLAS_NUM_THREADS = 1
CORPORA ?= corpora
# Folders of CORPORA are named for their readers (nemo or nemo_pl, say); missing ones are left out.
CORPUS_NAMES = ased cremad emodb emogator emovo iesc nemo ravdess savee tess
MODEL ?= large
RECIPE_large = whisper
RECIPE_small = strangers
KIND_large = dynamic
KIND_small = int8

# Listens to the default microphone; plays a sample where there is none.
run: .venv/.run
	@$(EMOTIOND) run --or-sample

# Many tests wait for a program in real time: more of them run at once than a machine has cores.
test: .venv/.test lint
	.venv/bin/pytest -m "not slow" -n 4

lint: .venv/.test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	@tools/lint-page

# The pictures of the console in docs/; PNG beside SVG where librsvg2-bin is installed.
pictures: .venv/.test
	.venv/bin/python tools/make_pictures.py

# The pictures of the hub in docs/; needs the Debian packages chromium and chromium-driver.
hub-pictures: .venv/.test
	.venv/bin/python -m tools.make_hub_pictures

# What it costs on this machine.
bench: .venv/.run
	@$(EMOTIOND) bench

CORPUS_FLAGS = $(foreach name,$(CORPUS_NAMES),$(addprefix --corpus $(name)=,$(firstword $(wildcard $(CORPORA)/$(name) $(CORPORA)/$(name)_*)))) \
  $(addprefix --corpus table=,$(TABLES)) $(addprefix --noise ,$(NOISE)) $(addprefix --rir ,$(RIR)) $(addprefix --trunk ,$(TRUNK))

# A model, MODEL=large or small, from your own corpora and folders of recordings to mix in; half an hour:
# make train CORPORA=path/to/folder NOISE="path/to/noise path/to/music" RIR=path/to/impulse/responses
# The large one stands on Whisper base: TRUNK=path/to/model.safetensors
train: .venv/.test
	$(EMOTIOND) train --recipe $(RECIPE_$(MODEL)) --all --evaluation models/$(MODEL)/evaluation/metrics.json --out runs/$(MODEL) $(CORPUS_FLAGS)
	$(EMOTIOND) export runs/$(MODEL)
	cp runs/$(MODEL)/emotiond-$(KIND_$(MODEL)).tflite models/emotiond-$(MODEL).tflite
	ln -sf ../../../models/emotiond-$(MODEL).tflite daemon/emotiond/data/

# Its figures, from the same folders and ordinary speech (SPEECH=path): every protocol that your corpora allow; hours.
evaluate: .venv/.test
	$(EMOTIOND) evaluate --recipe $(RECIPE_$(MODEL)) --jobs 2 --robustness --out runs/$(MODEL)-evaluation $(CORPUS_FLAGS) $(addprefix --speech ,$(SPEECH))
	mkdir -p models/$(MODEL)
	cp -r runs/$(MODEL)-evaluation/EVALUATION.md runs/$(MODEL)-evaluation/evaluation models/$(MODEL)/
	cp runs/$(MODEL)-evaluation/metrics.json runs/$(MODEL)-evaluation/live.json models/$(MODEL)/evaluation/

# A service that starts with the machine (needs root), or with your session. Again: an upgrade.
# WEB=1 adds the hub; NAMES="kitchen hall" makes a service for each microphone.
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
