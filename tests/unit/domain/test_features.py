"""Where a table came from is read again as it was written, also by early versions."""

import json

import pytest

from p300.domain import BadChannel, Provenance
from p300.errors import InvalidInput
from tests.builders import make_provenance

# A table of the first version, as it lies in stores.
FIRST_FIELDS = {
    "recipe": '{"band_hz":[1.0,20.0],"baseline_s":[-0.1,0.0],"normalisation":"channel",'
    '"reject_volts":0.0001,"sfreq_hz":100.0,"window_s":[-0.1,0.6]}',
    "recipe_hash": "f0b986bb71e9d24eede87fb58847064d8b7ef6971f2375790b5e4ce7e1754148",
    "source_sfreq_hz": 512.0,
    "sfreq_hz": 100.0,
    "channel_names": ["Fp1", "Cz"],
    "raw_key": "subject_01/subject_01_eeg_stim.parquet",
    "raw_sha256": "ab",
    "n_flashes": 100,
    "n_kept": 88,
    "n_incomplete": 2,
    "n_rejected": 10,
    "rejected_by_channel": {"Fp1": 10},
}


def test_provenance_comes_back_as_it_was() -> None:
    provenance = make_provenance(
        rejected_by_channel={"Pz": 3}, bad_channels=(BadChannel("Cz", "flat", "mean"),), n_spared=4, n_target_flashes=7
    )
    assert Provenance.from_fields(json.loads(json.dumps(provenance.fields()))) == provenance


def test_tables_of_the_first_version_are_read() -> None:
    provenance = Provenance.from_fields(FIRST_FIELDS)
    assert (provenance.recipe_hash, provenance.sfreq_hz) == (FIRST_FIELDS["recipe_hash"], 100.0)
    assert (provenance.n_kept, provenance.channel_names) == (88, ("Fp1", "Cz"))
    assert (provenance.n_target_flashes, provenance.bad_channels, provenance.n_spared) == (None, (), 0)


@pytest.mark.parametrize("fields", [{}, {**FIRST_FIELDS, "moon": 1}, {**FIRST_FIELDS, "channel_names": None}])
def test_anything_else_is_no_provenance(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="where it came from"):
        Provenance.from_fields(fields)
