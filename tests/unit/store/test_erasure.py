from p300.domain import SubjectId
from p300.store.erasure import erase_subject
from p300.store.layout import FEATURES, INFERENCE_LOGS, LANDING, RAW, features_key, recording_key, rejected_keys
from p300.store.objects import ObjectStore


def test_everything_of_a_subject_goes_and_nothing_of_another(store: ObjectStore) -> None:
    for subject in (1, 10, 100):
        aside, reason = rejected_keys(recording_key(subject), "0123456789abcdef")
        for bucket, key in (
            (LANDING, recording_key(subject)),
            (LANDING, aside),
            (LANDING, reason),
            (RAW, recording_key(subject)),
            (FEATURES, features_key(subject)),
        ):
            store.put(bucket, key, b"of a person")
    store.make_bucket(INFERENCE_LOGS)
    before = {bucket: store.list(bucket) for bucket in store.buckets()}
    assert erase_subject(store, SubjectId(10)) == {LANDING: 3, RAW: 1, FEATURES: 1}
    after = {bucket: store.list(bucket) for bucket in store.buckets()}
    assert after == {bucket: [key for key in keys if "subject_10/" not in key] for bucket, keys in before.items()}
    assert erase_subject(store, SubjectId(10)) == {}
