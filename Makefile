# Everything is a target; `make` alone lists them. Works with GNU make from 3.81 on.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# The first Python that is new enough; choose another one with `make PYTHON=/path/to/python …`.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then command -v "$$p"; break; fi; done)
# Further options for installing torch alone, for example an index with builds for the CPU only.
TORCH_OPTIONS ?=
PORT ?= 8000
CHAPTER ?=

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
READY := $(VENV)/.ready
SITE := _build/html/index.html

# Chapters print numbers that are compared with stored ones. Sums of floats depend on how many threads share them and
# on the vector instructions of the processor, so both are fixed for running chapters (and for nothing else).
# MKL follows its other modes on Intel's processors alone: COMPATIBLE gives the same numbers on all of them.
# Elsewhere, and with other THREADS or an ATEN_CPU_CAPABILITY of your own, numbers are compared within the tolerances
# that the cells state (book/tools/tolerance.py).
THREADS ?= 1
# How many files of tests, or chapters, run at the same time.
JOBS ?= 2
# NumPy has functions of its own for AVX-512, which round otherwise; it names them by groups, and only those may be switched
# off that are there.
has = $(shell grep -qw $(1) /proc/cpuinfo 2>/dev/null && echo $(2))
WIDE := $(strip $(call has,avx512vl,X86_V4) $(call has,avx512_vbmi2,AVX512_ICL) $(call has,avx512_fp16,AVX512_SPR))
NUMPY_PLAIN := $(if $(WIDE),NPY_DISABLE_CPU_FEATURES="$(WIDE)")
STEADY := PYTHONHASHSEED=0 RAMGNN_STATIC=1 OMP_NUM_THREADS=$(THREADS) MKL_NUM_THREADS=$(THREADS) OPENBLAS_NUM_THREADS=$(THREADS) \
	IPYTHONDIR="$(CURDIR)/_build/ipython" $(if $(ATEN_CPU_CAPABILITY),ATEN_CPU_CAPABILITY=$(ATEN_CPU_CAPABILITY),\
	$(shell grep -qw avx2 /proc/cpuinfo 2>/dev/null && echo ATEN_CPU_CAPABILITY=avx2 MKL_CBWR=COMPATIBLE OPENBLAS_CORETYPE=Haswell) \
	$(NUMPY_PLAIN))

.PHONY: help setup book site serve lab notebooks tolerances editions grades colab url format test lint unit chapters check-site bench clean distclean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

setup: $(READY) ## make .venv and install the pinned packages, once
	@echo "ready: $(VENV)"

# The stamp is written last, so an interrupted installation is taken up again by the next call.
$(READY): requirements.txt pyproject.toml
	@rm -f $@
	@test -n "$(PYTHON)" || { \
		echo "No Python >= 3.11 was found (tried python3.13, python3.12, python3.11, python3, python)." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12 …" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is not a Python >= 3.11; name another one: make PYTHON=/path/to/python3.12 …" >&2; exit 1; }
	@$(PY) -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || { \
		echo "== making $(VENV) with $(PYTHON)"; \
		"$(PYTHON)" -m venv --clear $(VENV) || { \
			echo "$(PYTHON) could not make a virtual environment: its venv module is missing or incomplete." >&2; \
			echo "On Debian and Ubuntu: apt install python3-venv. Elsewhere: a Python from python.org has it." >&2; exit 1; }; }
	@echo "== installing 1 of 3: PyTorch, by itself"
	@$(PIP) install $(TORCH_OPTIONS) "$$(grep '^torch==' requirements.txt)"
	@echo "== installing 2 of 3: the pinned packages"
	@$(PIP) install -r requirements.txt
	@echo "== installing 3 of 3: ramgnn itself"
	@$(PIP) install --no-deps -e .
	@$(PY) -c 'import matplotlib.font_manager' # builds the font cache now, so that no chapter reports it
	@touch $@

book: $(READY) ## set up, run every chapter, build the site from what they printed
	@mkdir -p _build/ipython
	@$(STEADY) $(PY) -m book.tools.execute --jobs $(JOBS) --into _build/executed $(CHAPTER)
	@$(PY) -m book.tools.build --source _build/executed

site: $(READY) ## build the site from the stored outputs, in seconds
	@$(PY) -m book.tools.build

$(SITE):
	@$(MAKE) --no-print-directory site

serve: $(READY) $(SITE) ## show the site at 127.0.0.1 (PORT=8000)
	@$(PY) -m book.tools.serve --port $(PORT)

lab: $(READY) ## open the chapters in JupyterLab
	@$(PY) -m jupyter lab --ip 127.0.0.1 notebooks

notebooks: $(READY) ## run the chapters in place and store their outputs (CHAPTER=02 for one)
	@mkdir -p _build/ipython
	@$(STEADY) $(PY) -m book.tools.execute --in-place $(CHAPTER)

# The same chapters with other vector instructions and with two threads: where numbers then differ, cells say by how much.
OTHERWISE := PYTHONHASHSEED=0 RAMGNN_STATIC=1 IPYTHONDIR="$(CURDIR)/_build/ipython"
tolerances: $(READY) ## run the chapters with other arithmetic and let cells state by how much their numbers differ
	@mkdir -p _build/ipython
	@$(OTHERWISE) OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 ATEN_CPU_CAPABILITY=default \
		$(PY) -m book.tools.execute --jobs $(JOBS) --into _build/plain $(CHAPTER)
	@$(OTHERWISE) OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
		$(PY) -m book.tools.execute --jobs $(JOBS) --into _build/native $(CHAPTER)
	@$(OTHERWISE) OMP_NUM_THREADS=2 MKL_NUM_THREADS=2 OPENBLAS_NUM_THREADS=2 \
		$(PY) -m book.tools.execute --into _build/two $(CHAPTER)
	@$(PY) -m book.tools.tolerances _build/plain _build/native _build/two $(if $(CHAPTER),--chapter $(CHAPTER))

editions: $(READY) ## write the chapters for students (no solutions) and for instructors (all open, an exam: SEED=7) to _build/editions
	@$(PY) -m book.tools.editions $(if $(SEED),--seed $(SEED))

grades: $(READY) ## mark returned notebooks: make grades FOLDER=returned OUT=grades.csv (DETAILS=1 for what the checker says)
	@test -n "$(FOLDER)" || { echo "name the folder: make grades FOLDER=returned OUT=grades.csv" >&2; exit 1; }
	@$(PY) -m ramgnn.exercises "$(FOLDER)" $(if $(OUT),--out "$(OUT)") $(if $(DETAILS),--details)

colab: $(READY) ## run the chapters as in Colab: its versions, each from its first cell (CHAPTER=02 for one)
	@$(PY) -m book.tools.colab $(CHAPTER)

url: $(READY) ## set the repository's address everywhere: make url URL=https://github.com/me/fork BRANCH=main
	@$(PY) -m book.tools.address $(if $(URL),--url "$(URL)") $(if $(BRANCH),--branch "$(BRANCH)")

format: $(READY) ## put code and chapters into the common style
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

test: $(READY) ## set up and check everything, with a summary at the end
	@MAKE="$(MAKE)" $(PY) -m book.tools.stages lint unit chapters site check-site

lint: $(READY) ## style: ruff check and ruff format --check
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

unit: $(READY) ## the tests of package and tools
	@OMP_NUM_THREADS=$(THREADS) $(PY) -m pytest -q -n $(JOBS) --dist loadfile --durations=10 tests  # small tensors: more threads cost time

chapters: $(READY) ## run every chapter again and compare each output with the stored one
	@mkdir -p _build/ipython
	@$(STEADY) $(PY) -m pytest -q -n $(JOBS) --dist loadfile -p no:cacheprovider -p book.tools.tolerance --nbval --nbval-current-env --nbval-cell-timeout=300 \
		--nbval-sanitize-with=tests/nbval_sanitize.cfg --durations=10 notebooks

check-site: $(READY) $(SITE) ## look for requests to other hosts, missing files and console errors in the built site
	@$(PY) -m book.tools.check_site --jobs $(JOBS)

bench: $(READY) ## measure speed and memory against edge lists and LightGCN (OPTIONS=--quick, OPTIONS=--help)
	@$(PY) -m tests.bench $(OPTIONS)

clean: ## remove what was built
	rm -rf _build build

distclean: clean ## remove the virtual environment too
	rm -rf $(VENV) ramgnn.egg-info
