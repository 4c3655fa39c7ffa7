#!/bin/sh
# Runs the tracking server. Backend and allowed hosts come from MLFLOW_BACKEND_STORE_URI and MLFLOW_SERVER_ALLOWED_HOSTS.
# A database of an older MLflow is not migrated here but refused: back it up, then `mlflow db upgrade`.
set -eu
case "$P300_ENV $MLFLOW_BACKEND_STORE_URI" in
    "dev "*) ;;
    *"://mlflow:dev-"*)
        echo "POSTGRES_MLFLOW_PASSWORD begins with dev-, so the whole world knows it: give $P300_ENV one of its own" >&2
        exit 2 ;;
esac
# Its job runner (evaluations of language models) would start eight more processes of 240 MB.
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false MLFLOW_DISABLE_TELEMETRY=true
exec mlflow server --host 0.0.0.0 --port 5000 --workers 1 --artifacts-destination s3://p300-mlflow-artifacts
