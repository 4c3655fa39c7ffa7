"""RECORDINGS: from anywhere into the store, and from there to features."""
