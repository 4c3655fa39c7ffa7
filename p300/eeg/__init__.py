"""SIGNAL: from a recording to the features of its epochs. Pure functions of arrays."""
