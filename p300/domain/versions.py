"""The registered model and the aliases of its versions."""

MODEL_NAME = "P300-Classifier"
CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS_CHAMPION = "previous-champion"
SERVED_ALIASES = (CHAMPION, CHALLENGER)
