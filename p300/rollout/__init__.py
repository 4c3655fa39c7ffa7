"""ROLLOUT: which version deserves the traffic, and how it gets it."""
