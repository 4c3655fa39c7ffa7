"""Which subjects a store holds."""

from p300.domain import SubjectId
from p300.store.layout import subject_of
from p300.store.objects import ObjectStore


def stored_subjects(store: ObjectStore, bucket: str) -> list[SubjectId]:
    """Subjects that have an object in a bucket, in id order."""
    found = (subject_of(key) for key in store.list(bucket, "subject_"))
    return sorted({subject for subject in found if subject is not None})
