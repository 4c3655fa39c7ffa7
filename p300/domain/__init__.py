"""DOMAIN: the nouns that every part shares, in the words of MOABB and MLflow. Typed and pure."""

from p300.domain.arrays import Float32s, Float64s
from p300.domain.features import BadChannel, FeatureTable, Provenance
from p300.domain.labels import Label, Labels
from p300.domain.recipe import NORMALISATIONS, Normalisation, Recipe
from p300.domain.recording import HIGHEST_SFREQ_HZ, MICROVOLT, Channels, Recording, code_onsets
from p300.domain.subjects import SubjectId, parse_subject, parse_subjects, subject_name, subjects_text
from p300.domain.versions import CHALLENGER, CHAMPION, MODEL_NAME, PREVIOUS_CHAMPION, SERVED_ALIASES

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "HIGHEST_SFREQ_HZ",
    "MICROVOLT",
    "MODEL_NAME",
    "NORMALISATIONS",
    "PREVIOUS_CHAMPION",
    "SERVED_ALIASES",
    "BadChannel",
    "Channels",
    "FeatureTable",
    "Float32s",
    "Float64s",
    "Label",
    "Labels",
    "Normalisation",
    "Provenance",
    "Recipe",
    "Recording",
    "SubjectId",
    "code_onsets",
    "parse_subject",
    "parse_subjects",
    "subject_name",
    "subjects_text",
]
