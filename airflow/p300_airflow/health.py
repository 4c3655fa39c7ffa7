"""Ask the API server whether a part of Airflow is alive: ``python -m p300_airflow.health dag_processor``.

Airflow's own ``airflow jobs check`` takes seconds of a core each time, because it imports all of Airflow.
"""

import json
import sys
import urllib.request

URL = "http://airflow-webserver:8080/api/v2/monitor/health"


def main() -> None:
    with urllib.request.urlopen(URL, timeout=5) as answer:
        health = json.load(answer)
    (part,) = sys.argv[1:]
    sys.exit(health[part]["status"] != "healthy")


if __name__ == "__main__":
    main()
