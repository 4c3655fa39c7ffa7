"""USE CASES: what commands, containers and DAGs call."""
