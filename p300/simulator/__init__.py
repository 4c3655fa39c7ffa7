"""SIMULATOR: unseen subjects, replayed over HTTP."""
