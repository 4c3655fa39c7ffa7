"""MONITORING: what came in, what went out, and what changed."""
