"""Which raw subjects have no current features: what a pipeline starts containers for."""

from p300.domain import SubjectId
from p300.domain.recipe import Recipe
from p300.store.digest import stored_sha256
from p300.store.features import stored_provenance
from p300.store.layout import FEATURES, RAW, features_key, recording_key
from p300.store.objects import ObjectStore
from p300.store.subjects import stored_subjects


def unprocessed_subjects(store: ObjectStore, recipe: Recipe) -> list[SubjectId]:
    """Raw subjects without a feature table that this recipe made of what is raw now, in id order.

    A recording is read only where it is newer than its table: then its hash decides.
    """
    return [subject for subject in stored_subjects(store, RAW) if not _is_current(store, subject, recipe)]


def _is_current(store: ObjectStore, subject: SubjectId, recipe: Recipe) -> bool:
    provenance = stored_provenance(store, subject)
    if provenance is None or provenance.recipe_hash != recipe.hash:
        return False
    raw, table = store.stat(RAW, recording_key(subject)), store.stat(FEATURES, features_key(subject))
    if raw.modified < table.modified:
        return True
    return provenance.raw_sha256 == stored_sha256(store, RAW, recording_key(subject))
