"""A recipe is the same text and hash for ever, and a file that is none is explained in one sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p300.domain import NORMALISATIONS, Recipe
from p300.domain.recipe import BAD_CHANNELS
from p300.errors import InvalidInput

# What tables and models of the first version hold: their hashes must not change.
FIRST_JSON = (
    '{"band_hz":[1.0,20.0],"baseline_s":[-0.1,0.0],"normalisation":"channel",'
    '"reject_volts":0.0001,"sfreq_hz":100.0,"window_s":[-0.1,0.6]}'
)
FIRST_HASH = "f0b986bb71e9d24eede87fb58847064d8b7ef6971f2375790b5e4ce7e1754148"


def test_the_recipe_of_the_first_version_keeps_its_text_and_hash() -> None:
    recipe = Recipe.from_json(FIRST_JSON)
    assert recipe == Recipe((1.0, 20.0), (-0.1, 0.6), (-0.1, 0.0), 100e-6, 100.0, "channel", None, "keep")
    assert recipe.to_json() == FIRST_JSON
    assert recipe.hash == FIRST_HASH


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    start_s, stop_s = draw(st.floats(-0.5, 0)), draw(st.floats(0.1, 1.5))
    return Recipe(
        band_hz=(draw(st.floats(0.1, 5)), draw(st.floats(6, 40))),
        window_s=(start_s, stop_s),
        baseline_s=draw(st.sampled_from([None, (start_s, stop_s)])),
        reject_volts=draw(st.none() | st.floats(1e-6, 0.9)),
        normalisation=draw(st.sampled_from(NORMALISATIONS)),
        reject_deviations=draw(st.none() | st.floats(1, 10)),
        bad_channels=draw(st.sampled_from(BAD_CHANNELS)),
    )


@given(recipe=recipes())
def test_json_brings_a_recipe_back(recipe: Recipe) -> None:
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe
    assert again.hash == recipe.hash


def test_fields_left_out_have_their_defaults() -> None:
    assert Recipe.from_json("{}") == Recipe()
    assert Recipe.from_json('{"sfreq_hz": 64}') == Recipe(sfreq_hz=64)


def test_a_recipe_of_the_first_version_with_a_later_field_has_it() -> None:
    assert Recipe.from_json(FIRST_JSON[:-1] + ',"reject_deviations":3}').reject_deviations == 3
    assert Recipe.from_json(FIRST_JSON[:-1] + ',"bad_channels":"repair"}').bad_channels == "repair"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "this is no JSON"),
        ("[" * 200_000, "this is no JSON"),
        ("[1, 2]", "is no JSON object"),
        ("null", "is no JSON object"),
        ('{"window": [0, 1]}', "there is no field 'window', expected band_hz, "),
        ('{"band_hz": "1-20"}', "band_hz is '1-20', expected two numbers"),
        ('{"band_hz": [1]}', r"band_hz is \(1,\), expected two numbers"),
        ('{"band_hz": [1, "20"]}', "band_hz is .*, expected two numbers"),
        ('{"band_hz": [20, 1]}', "band_hz is .*, expected 0.01 <= low < high"),
        ('{"band_hz": [1e-9, 20]}', "band_hz is .*, expected 0.01 <= low < high"),
        ('{"band_hz": [1, NaN]}', "band_hz is .*, expected two numbers"),
        ('{"window_s": null}', "window_s is None, expected two numbers"),
        ('{"window_s": [0, 1e9]}', "window_s is .*, expected start before stop, in 10 s"),
        ('{"baseline_s": [-5, 0]}', "baseline_s is .*, expected a span inside the window"),
        ('{"baseline_s": [true, 0]}', "baseline_s is .*, expected two numbers"),
        ('{"reject_volts": 100}', "reject_volts is 100, expected volts, above 0 and below 1"),
        ('{"reject_volts": "100 uV"}', "reject_volts is '100 uV', expected volts"),
        ('{"reject_volts": true}', "reject_volts is True, expected volts"),
        ('{"reject_deviations": "4"}', "reject_deviations is '4', expected a number above 0"),
        ('{"reject_deviations": 0}', "reject_deviations is 0, expected a number above 0"),
        ('{"reject_deviations": Infinity}', "reject_deviations is inf, expected a number above 0"),
        ('{"bad_channels": true}', "bad_channels is True, expected one of keep, repair"),
        ('{"sfreq_hz": "fast"}', "sfreq_hz is 'fast', expected a number"),
        ('{"sfreq_hz": 1e300}', "sfreq_hz is 1e[+]300, expected at most 10000 Hz"),
        ('{"sfreq_hz": 27}', "sfreq_hz is 27, expected at least twice 14.0 Hz"),
        ('{"normalisation": "zscore"}', "normalisation is 'zscore', expected one of none, channel, euclidean"),
        ('{"normalisation": ["none"]}', "normalisation is .*, expected one of none, channel, euclidean"),
        ('{"normalisation": {}}', "normalisation is .*, expected one of none, channel, euclidean"),
    ],
)
def test_what_is_no_recipe_is_explained(text: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=f"^recipe: .*{sentence}"):
        Recipe.from_json(text)
