"""JUDGING: what versions answer on people they have not seen, and what follows from it."""
