# Two commands do everything on a machine with Python 3.11+, make and the package index:
#   make demo [DATA=folder of subject files]     make test
#   make test-dags                               make test-compose
# Each makes what it needs inside this folder: uv in .uv unless it is installed, and .venv from uv.lock.
#
# The platform in containers, of the environment dev, staging or prod:
#   make up [ENV=dev] [STORE=versitygw]          make down [ENV=dev] [VOLUMES=1]
#   make backup [ENV=dev] [TO=folder]            make restore [ENV=dev] FROM=folder
# `down` keeps everything that was stored, for the next `up`; VOLUMES=1 deletes it. `restore` wants an empty stack.

DATA ?=
ENV := $(or $(P300_ENV),dev)
STORE :=
VOLUMES :=
TO :=
FROM :=
WITHOUT_AIRFLOW :=
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
AIRFLOW_UV = $(if $(filter /%,$(UV)),$(UV),../$(UV))
RUN := .venv/bin/
# A managed Python is never downloaded, and the system's certificates are trusted (a company's proxy too).
export UV_PYTHON_DOWNLOADS = never
export UV_SYSTEM_CERTS = 1
# Compiled once here, not by every process that a test or the demo starts.
export UV_COMPILE_BYTECODE = 1
# Where matplotlib keeps its list of fonts: not in the home folder.
export MPLCONFIGDIR = $(CURDIR)/.venv/matplotlib

# Given secrets go first: Compose refuses a file that lacks them, before it reads the next one.
ENV_FILES = $(addprefix --env-file ,$(wildcard env/$(ENV).secrets.env) env/$(ENV).env)
COMPOSE = P300_ENV=$(ENV) P300_CODE_COMMIT=$(CODE_COMMIT) docker compose $(ENV_FILES)
CODE_COMMIT = $(shell git describe --always --abbrev=40 --dirty --exclude='*' 2>/dev/null)
PLATFORM = --file docker-compose.yaml $(if $(STORE),--file $(STORE)-compose.yaml)
AIRFLOW = --file airflow-compose.yaml

.PHONY: demo test test-dags test-compose lint bench bench-accuracy up walkthrough down backup restore clean
.DEFAULT_GOAL := demo

demo: .venv/ready
	$(RUN)p300 demo $(if $(DATA),--data $(DATA))

# One BLAS thread a process: two processes with two each would wait for one another. The last line says what this
# machine lacks, so that it was not tested.
test: .venv/ready
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(RUN)pytest --numprocesses 2 --dist worksteal

# Airflow has an environment of its own: it pins an older FastAPI than serving wants.
test-dags: .venv/ready airflow/.venv/ready
	airflow/.venv/bin/pytest tests/dags

# One stack, one test after another; the browser's pages need Chromium. It takes ports 80, 5001, 8080, 9000 and 9001,
# and deletes what the stack of dev has stored.
test-compose: .venv/ready
	$(UV) sync --quiet --locked --extra embedded --group browser
	$(RUN)pytest tests/compose --exitfirst

lint: .venv/ready airflow/.venv/ready
	$(RUN)ruff check .
	$(RUN)ruff format --check .
	$(RUN)mypy
	$(RUN)lint-imports
	cd airflow && $(AIRFLOW_UV) lock --check && .venv/bin/mypy

bench: .venv/ready
	$(RUN)python -m benchmarks

# Who tells Target from NonTarget on the real recordings in ../shared/data, beside the peers.
bench-accuracy: .venv/ready
	$(RUN)python -m benchmarks.accuracy

# Airflow joins the network that the platform makes, so it starts last and stops first.
up: .venv/ready
	$(RUN)p300 validate --env $(ENV) --only secrets --only compose
	$(COMPOSE) $(PLATFORM) up --build --detach --wait
	$(COMPOSE) $(AIRFLOW) up --build --detach --wait

# README's walkthrough of the platform, line by line, on ten synthetic subjects unless there are others in data/.
walkthrough: .venv/ready
	$(RUN)pytest tests/compose/test_1_walkthrough.py tests/compose/test_9_down.py --exitfirst -rA

down:
	$(COMPOSE) $(AIRFLOW) down $(if $(VOLUMES),--volumes)
	$(COMPOSE) $(PLATFORM) down $(if $(VOLUMES),--volumes)

backup: .venv/ready
	$(RUN)p300 backup --env $(ENV) $(if $(TO),--folder $(TO)) $(if $(WITHOUT_AIRFLOW),--without_airflow)

restore: .venv/ready
	$(if $(FROM),,$(error say which backup: make restore FROM=backups/...))
	$(RUN)p300 restore --env $(ENV) --folder $(FROM)

.venv/ready: uv.lock pyproject.toml | $(UV)
	$(UV) sync --locked --extra embedded
	@touch $@

airflow/.venv/ready: airflow/uv.lock airflow/pyproject.toml | $(UV)
	cd airflow && $(AIRFLOW_UV) sync --locked
	@touch $@

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check uv

clean:
	rm -rf .venv airflow/.venv .uv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
