#!/usr/bin/env bash
# What stands before Airflow's own commands: `init`, `webserver`, `scheduler`, or a command of Airflow as it is.
set -euo pipefail

docker_socket=/var/run/docker.sock

refuse_public_secrets() {
    [ "$P300_ENV" = dev ] && return
    local name
    for name in $P300_SECRETS; do
        if [[ ${!name} == dev-* ]]; then
            echo "$name still has the value of dev, which everyone knows: give $P300_ENV a secret of its own" >&2
            exit 1
        fi
    done
}

case ${1:-} in
    init)
        refuse_public_secrets
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
