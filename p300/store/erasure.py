"""Erasure: everything that a store holds of one subject, as if that person had never been there."""

from p300.domain import SubjectId, subject_name
from p300.store.layout import BUCKETS, REJECTED_PREFIX
from p300.store.objects import ObjectStore

_PREFIXES = ("", REJECTED_PREFIX)


def erase_subject(store: ObjectStore, subject: SubjectId) -> dict[str, int]:
    """Delete every object of a subject in every bucket, what was set aside and older versions too.

    It can be repeated, and finishes what was interrupted.

    Returns
    -------
    dict of str to int
        How many objects there were, by bucket; buckets without any are left out.
    """
    counts = {}
    # BUCKETS are in the order in which a recording comes through them: nothing is made anew of what was erased.
    for bucket in (bucket for bucket in BUCKETS if bucket in store.buckets()):
        counts[bucket] = sum(store.erase(bucket, f"{prefix}{subject_name(subject)}/") for prefix in _PREFIXES)
    return {bucket: count for bucket, count in counts.items() if count}
