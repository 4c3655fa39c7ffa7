"""The models that answer: loaded, followed and scored."""
