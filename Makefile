# Two commands do everything on a machine with Python 3.11+, make and the package index:
#   make demo [DATA=folder of subject files]     make test
# Each makes what it needs inside this folder: uv in .uv unless it is installed, and .venv from uv.lock.

DATA ?=
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := .venv/bin/
# A managed Python is never downloaded, and the system's certificates are trusted (a company's proxy too).
export UV_PYTHON_DOWNLOADS = never
export UV_SYSTEM_CERTS = 1
# Compiled once here, not by every process that a test or the demo starts.
export UV_COMPILE_BYTECODE = 1
# Where matplotlib keeps its list of fonts: not in the home folder.
export MPLCONFIGDIR = $(CURDIR)/.venv/matplotlib

.PHONY: demo test lint bench clean
.DEFAULT_GOAL := demo

demo: .venv/ready
	$(RUN)p300 demo $(if $(DATA),--data $(DATA))

# One BLAS thread a process: two processes with two each would wait for one another.
test: .venv/ready
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(RUN)pytest --numprocesses 2 --dist worksteal

lint: .venv/ready
	$(RUN)ruff check .
	$(RUN)ruff format --check .
	$(RUN)mypy
	$(RUN)lint-imports

bench: .venv/ready
	$(RUN)python -m benchmarks

.venv/ready: uv.lock pyproject.toml | $(UV)
	$(UV) sync --locked --extra embedded
	@touch $@

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check uv

clean:
	rm -rf .venv .uv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
