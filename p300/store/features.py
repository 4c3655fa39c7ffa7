"""Feature tables as Parquet, and those of a store by subject."""

import base64
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from p300.domain import FeatureTable, Float32s, Provenance, SubjectId, subject_name
from p300.errors import InvalidInput, NotFound
from p300.store.layout import FEATURES, features_key
from p300.store.objects import ObjectStore
from p300.store.subjects import stored_subjects

_PROVENANCE = b"p300_provenance"
_TO_VOLTS = b"p300_to_volts"  # float32, little-endian, row by row, in base64


def encode_features(table: FeatureTable) -> bytes:
    """Parquet of a feature table: one row an epoch, one fixed-size list of float32 a row."""
    n_features = table.features.shape[1]
    columns = {
        "epoch": pa.array(table.epochs, pa.int32()),
        "onset_sample": pa.array(table.onset_samples, pa.int64()),
        "label": pa.array(table.labels, pa.int8()),
        "features": pa.FixedSizeListArray.from_arrays(pa.array(table.features.reshape(-1), pa.float32()), n_features),
    }
    metadata = {_PROVENANCE: json.dumps(table.provenance.fields(), sort_keys=True).encode()}
    if table.to_volts is not None:
        metadata[_TO_VOLTS] = base64.b64encode(table.to_volts.astype("<f4").tobytes())
    sink = io.BytesIO()
    pq.write_table(
        pa.table(columns).replace_schema_metadata(metadata),
        sink,
        compression="zstd",
        compression_level=1,
        use_dictionary=False,
        use_byte_stream_split=["features.list.element"],
        write_statistics=False,
    )
    return sink.getvalue()


def decode_features(data: bytes) -> FeatureTable:
    """Read a feature table.

    Raises
    ------
    InvalidInput
        The bytes are no feature table: preprocess the subject again.
    """
    try:
        table = pq.read_table(pa.BufferReader(data))
        provenance = _decode_provenance(table.schema.metadata)
        to_volts = _decode_to_volts(table.schema.metadata, len(provenance.channel_names))
        lists = table.column("features").combine_chunks()
        features = lists.flatten().to_numpy().reshape(len(lists), lists.type.list_size)
        labels, epochs, onsets = (table.column(name).to_numpy() for name in ("label", "epoch", "onset_sample"))
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, AttributeError, InvalidInput) as error:
        raise InvalidInput(f"this is no feature table ({error}): preprocess the subject again") from error
    return FeatureTable(features, labels, epochs, onsets, provenance, to_volts)


def stored_provenance(store: ObjectStore, subject: SubjectId) -> Provenance | None:
    """Where a subject's stored feature table comes from; None where there is none, or none that can be read."""
    try:
        with store.open(FEATURES, features_key(subject)) as file:
            return decode_provenance(file)
    except (NotFound, InvalidInput):
        return None


def decode_provenance(data: bytes | BinaryIO) -> Provenance:
    """Read where a feature table came from, without its epochs; raises like `decode_features`."""
    try:
        source = pa.BufferReader(data) if isinstance(data, bytes) else data
        return _decode_provenance(pq.read_schema(source).metadata)
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, InvalidInput) as error:
        raise InvalidInput(f"this is no feature table ({error}): preprocess the subject again") from error


def _decode_provenance(metadata: Mapping[bytes, bytes]) -> Provenance:
    return Provenance.from_fields(json.loads(metadata[_PROVENANCE]))


def _decode_to_volts(metadata: Mapping[bytes, bytes], n_channels: int) -> Float32s | None:
    if _TO_VOLTS not in metadata:
        return None
    matrix: Float32s = np.frombuffer(base64.b64decode(metadata[_TO_VOLTS]), "<f4").reshape(n_channels, n_channels)
    return matrix


class FeatureTables(Mapping[SubjectId, FeatureTable]):
    """The feature tables of a store by subject, in id order; each access reads one table.

    Parameters
    ----------
    store : ObjectStore
    subjects : sequence of int, optional
        Only these. Without them, every processed subject.

    Raises
    ------
    NotFound
        Subjects are asked for that were not preprocessed.
    """

    def __init__(self, store: ObjectStore, subjects: Sequence[int] | None = None) -> None:
        self._store = store
        processed = stored_subjects(store, FEATURES)
        missing = sorted(set(subjects or ()) - set(processed))
        if missing:
            known = ", ".join(map(str, processed)) or "none"
            raise NotFound(f"not preprocessed: subjects {', '.join(map(str, missing))}; there are features of {known}")
        self._subjects = [subject for subject in processed if subjects is None or subject in subjects]

    def __getitem__(self, subject: SubjectId) -> FeatureTable:
        if subject not in self._subjects:
            raise KeyError(subject)
        try:
            return decode_features(self._store.get(FEATURES, features_key(subject)))
        except InvalidInput as error:
            raise InvalidInput(f"{subject_name(subject)}: {error}") from error

    def __iter__(self) -> Iterator[SubjectId]:
        return iter(self._subjects)

    def __len__(self) -> int:
        return len(self._subjects)
