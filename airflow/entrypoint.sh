#!/usr/bin/env bash
# What stands before Airflow's own commands: `init`, `webserver`, `scheduler`, or a command of Airflow as it is.
set -euo pipefail

docker_socket=/var/run/docker.sock

case ${1:-} in
    init)
        # shellcheck disable=SC2086  # a list of names
        python -m p300.stack.public_secrets $P300_SECRETS
        airflow db migrate
        # The DAGs are known before anything runs, so they can be triggered as soon as a container answers.
        exec airflow dags reserialize
        ;;
    webserver)
        # Airflow's simple login reads passwords from a file.
        umask 077
        python -c 'import json, os; print(json.dumps({"admin": os.environ.pop("AIRFLOW_ADMIN_PASSWORD")}))' \
            > "$AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
        unset AIRFLOW_ADMIN_PASSWORD
        exec airflow api-server
        ;;
    scheduler)
        # The group that may use Docker has another number on every machine: root looks it up, then is root no more.
        groups=(--clear-groups)
        if [ -S "$docker_socket" ]; then
            groups=(--groups "$(stat --format=%g "$docker_socket")")
        fi
        exec setpriv --reuid=airflow --regid=airflow "${groups[@]}" --inh-caps=-all --bounding-set=-all \
            airflow scheduler --skip-serve-logs
        ;;
    *)
        exec airflow "$@"
        ;;
esac
