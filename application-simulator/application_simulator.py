"""Score a served alias on subjects over HTTP: what a simulator container runs, the same as ``p300 simulate``.

Example: ``application_simulator.py 6 7 --target_alias challenger --base_url http://localhost``
"""

from p300.cli.entry import run_script
from p300.cli.experiments import simulate

if __name__ == "__main__":
    run_script(simulate)
