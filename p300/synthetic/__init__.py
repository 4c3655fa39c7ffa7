"""SYNTHETIC: recordings of people who never were."""
