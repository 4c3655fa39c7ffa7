"""KEYS: which service may do what in the store, and how each kind of server is told."""
