"""From EEG recordings to a served, watched and replaceable P300 classifier."""
