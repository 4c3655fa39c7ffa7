"""SERVING: answers from the version under an alias."""
