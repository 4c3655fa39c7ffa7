"""SUMS: what of the epochs adds up, so that a fit streams and a subject is left out by subtraction."""
