# Every Python service of the platform. EXTRA is what it needs of pyproject.toml, FOLDER where its script is:
#   docker build --build-arg EXTRA=serving --build-arg FOLDER=model-serving .
FROM python:3.13-slim-trixie AS uv
RUN pip install --root-user-action=ignore uv==0.13.9
ENV UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=1 UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
WORKDIR /src

# A layer that changes with the lock alone, never with the code.
FROM uv AS dependencies
ARG EXTRA
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv \
    UV_PROJECT_ENVIRONMENT=/opt/venv uv sync --locked --no-dev --no-install-project --extra "$EXTRA" \
 && find /opt/venv -type d \( -name tests -o -path '*/pyarrow/include' \) -prune -exec rm -r {} +

FROM uv AS package
COPY pyproject.toml README.md ./
COPY p300 p300
RUN --mount=type=cache,target=/root/.cache/uv \
    uv venv -q /opt/venv && uv pip install --python /opt/venv --no-deps --target /opt/p300 .
# Which commit this is: as stated, else as the checkout says; a version's provenance names it.
ARG P300_CODE_COMMIT=
RUN --mount=type=bind,target=/checkout \
    head=$(cat /checkout/.git/HEAD 2>/dev/null || true); ref=${head#ref: }; \
    commit=$(cat "/checkout/.git/$ref" 2>/dev/null || grep -s " $ref\$" /checkout/.git/packed-refs | cut -d' ' -f1 || true); \
    echo "${P300_CODE_COMMIT:-${commit:-$ref}}" > /opt/p300/p300/COMMIT

FROM python:3.13-slim-trixie
RUN useradd --uid 10001 --no-create-home p300 && install --directory --owner p300 /var/lib/p300
ENV PATH=/opt/p300/bin:/opt/venv/bin:$PATH PYTHONPATH=/opt/p300 PYTHONUNBUFFERED=1 \
    HOME=/tmp P300_CACHE_DIR=/var/lib/p300/cache P300_WANDB_DIR=/var/lib/p300
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=package /opt/p300 /opt/p300
ARG FOLDER
COPY ${FOLDER} /app
WORKDIR /app
USER p300
