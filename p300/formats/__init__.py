"""FORMATS: recordings of other programs into ours."""
