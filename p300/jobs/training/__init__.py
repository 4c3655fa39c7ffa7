"""TRAINING: from features to a registered version."""
