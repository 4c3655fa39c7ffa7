"""STACK: what is known of an environment's compose stack: its file, its secrets, its services. The only Docker."""
