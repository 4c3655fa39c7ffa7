"""A model file runs no code of its own, and fills no memory."""

import functools
import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.preprocessing import FunctionTransformer

from p300.errors import InvalidInput
from p300.registry import load_estimator, read_example
from tests.shelf import Shelf

SKOPS = "model.skops"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder as ours are."""
    features = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)
    shelf = Shelf(tmp_path)
    shelf.register(
        LinearDiscriminantAnalysis().fit(features, np.repeat([1, 2], 20)), features[:3], channels=("Cz", "Pz")
    )
    return tmp_path / "1"


class _Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch '{self.path}'",)


def test_estimator_and_example_come_back(folder: Path) -> None:
    assert isinstance(load_estimator(folder), LinearDiscriminantAnalysis)
    example = read_example(folder)
    assert example is not None
    assert (example.shape, example.dtype) == ((3, 6), np.float32)


def test_a_pickle_is_not_read(folder: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    attack = pickle.dumps(_Touch(marker))
    pickle.loads(attack)
    assert marker.exists()
    marker.unlink()
    (folder / SKOPS).write_bytes(attack)
    with pytest.raises(InvalidInput, match="no scikit-learn model that can be loaded"):
        load_estimator(folder)
    description = folder / "MLmodel"
    description.write_text(
        description.read_text().replace("serialization_format: skops", "serialization_format: pickle")
    )
    (folder / "model.pkl").write_bytes(attack)
    with pytest.raises(InvalidInput, match="holds a pickle model, expected skops"):
        load_estimator(folder)
    assert not marker.exists()


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_function_in_a_skops_file_is_not_called(folder: Path, tmp_path: Path, wrapped: bool) -> None:
    marker = tmp_path / "ran"
    attack: object = functools.partial(os.system, f"touch '{marker}'")
    if wrapped:
        attack = FunctionTransformer(os.system)
    skops.io.dump(attack, folder / SKOPS)
    with pytest.raises(InvalidInput, match="holds a model that is not trusted"):
        load_estimator(folder)
    assert not marker.exists()


def test_the_list_of_trusted_types_that_a_folder_brings_counts_for_nothing(folder: Path) -> None:
    skops.io.dump(FunctionTransformer(os.system), folder / SKOPS)
    description = folder / "MLmodel"
    description.write_text(
        description.read_text().replace("skops_trusted_types:", "skops_trusted_types:\n    - posix.system")
    )
    with pytest.raises(InvalidInput, match="posix.system"):
        load_estimator(folder)


def test_a_bomb_is_refused_before_it_is_unpacked(folder: Path) -> None:
    with zipfile.ZipFile(folder / SKOPS, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", "{}")
        with archive.open("1.npy", "w", force_zip64=True) as member:
            for _ in range(600):
                member.write(bytes(1024 * 1024))
    assert (folder / SKOPS).stat().st_size < 1_000_000
    with pytest.raises(InvalidInput, match="unpacks to 629145602 bytes, the limit is 536870912"):
        load_estimator(folder)


def test_an_array_that_claims_more_than_it_has_is_refused(folder: Path) -> None:
    lie = io.BytesIO()
    np.lib.format.write_array_header_1_0(lie, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**3)})
    with zipfile.ZipFile(folder / SKOPS, "w") as archive:
        archive.writestr("1.npy", lie.getvalue())
    with pytest.raises(InvalidInput, match=r"claims to be float64 of shape \(1000000000, 1000\), but has 128 bytes"):
        load_estimator(folder)


def test_a_schema_without_end_is_refused(folder: Path) -> None:
    with zipfile.ZipFile(folder / SKOPS, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", "[" * (17 * 1024 * 1024))
    with pytest.raises(InvalidInput, match=r"schema\.json in .* has 17825792 bytes, the limit is 16777216"):
        load_estimator(folder)
