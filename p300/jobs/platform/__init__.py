"""PLATFORM: the stack and its store as a whole."""
