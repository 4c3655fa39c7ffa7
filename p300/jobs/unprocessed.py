"""Which raw subjects have no current features: what a pipeline starts containers for."""

from p300.domain import SubjectId
from p300.eeg.recipe import Recipe
from p300.errors import InvalidInput, NotFound
from p300.store.layout import FEATURES, RAW, features_key
from p300.store.objects import ObjectStore
from p300.store.subjects import decode_provenance, stored_subjects


def unprocessed_subjects(store: ObjectStore, recipe: Recipe) -> list[SubjectId]:
    """Raw subjects without a feature table that this recipe made, in id order.

    Raw data is not read: whether a table was made from other bytes of the recording is decided by the
    job that reads them.
    """
    processed = set(stored_subjects(store, FEATURES))
    return [
        subject
        for subject in stored_subjects(store, RAW)
        if subject not in processed or not _made_by(recipe, store, subject)
    ]


def _made_by(recipe: Recipe, store: ObjectStore, subject: SubjectId) -> bool:
    try:
        return decode_provenance(store.get(FEATURES, features_key(subject))).recipe_hash == recipe.hash
    except (NotFound, InvalidInput):
        return False
