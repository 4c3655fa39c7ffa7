"""Which raw subjects have no current features: what a pipeline starts containers for."""

from p300.domain import SubjectId
from p300.domain.recipe import Recipe
from p300.store.features import stored_provenance
from p300.store.layout import RAW
from p300.store.objects import ObjectStore
from p300.store.subjects import stored_subjects


def unprocessed_subjects(store: ObjectStore, recipe: Recipe) -> list[SubjectId]:
    """Raw subjects without a feature table that this recipe made, in id order.

    Raw data is not read: whether a table was made from other bytes of the recording is decided by the
    job that reads them.
    """
    return [subject for subject in stored_subjects(store, RAW) if not _made_by(recipe, store, subject)]


def _made_by(recipe: Recipe, store: ObjectStore, subject: SubjectId) -> bool:
    provenance = stored_provenance(store, subject)
    return provenance is not None and provenance.recipe_hash == recipe.hash
