import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse8.errors import SpecError
from pulse8.intake import Normaliser, Patches
from pulse8.regions import Placement
from pulse8.spec import METADATA_KEY, PULSE12, ULTRALIGHT, ModelSpec, Readout, Refusal
from pulse8.values import ROI_NAMES, Reason

sizes = st.floats(0.01, 4)


@st.composite
def boxes(draw):
    low, high = draw(st.tuples(st.floats(0, 0.49), st.floats(0.5, 1)))
    return low, high, low, high


@st.composite
def placements(draw):
    first = draw(st.lists(st.floats(-1, 1), min_size=5, max_size=5))
    return Placement(weights=(*first, 1 - sum(first)), width=draw(sizes), height=draw(sizes))


normalisers = st.builds(
    Normaliser,
    rate_hz=st.floats(1, 1000),
    window=st.integers(8, 65536),
    hop=st.integers(1, 8),
    detrend_lambda=st.floats(1e-3, 1e6),
    clip_sigma=st.floats(0.1, 100),
    min_valid_share=st.floats(0.01, 1),
    noise_levels=st.floats(0, 10),
)
refusals = st.builds(
    Refusal,
    weights=st.dictionaries(st.text(max_size=8), st.floats(-9, 9), min_size=1, max_size=3),
    threshold=st.floats(-9, 9),
    reason=st.sampled_from(Reason),
)


@given(
    normaliser=normalisers,
    rois=st.one_of(*(st.dictionaries(st.sampled_from(ROI_NAMES), place) for place in (boxes(), placements()))),
    rules=st.lists(refusals, max_size=3),
    band=st.tuples(st.floats(1, 100), st.floats(101, 600)),
    cells=st.sampled_from((1, 4, 16)),
)
def test_load_of_save_is_the_same_clip_spec(normaliser, rois, rules, band, cells):
    spec = ModelSpec(
        model="any",
        intake=normaliser,
        rois=rois,
        output="waveform",
        readout=Readout(band_bpm=band),
        cells=cells,
        phases=normaliser.window,
        refusals=tuple(rules),
    )
    assert ModelSpec.from_json(spec.to_json()) == spec


@given(
    rate=st.floats(1, 1000),
    window=st.integers(1, 65536),
    scale=st.floats(1e-9, 1e3),
    zero_point=st.integers(-128, 127),
)
def test_load_of_save_is_the_same_patch_spec(rate, window, scale, zero_point):
    intake = Patches(rate_hz=rate, window=window, input_scale=scale, input_zero_point=zero_point)
    spec = dataclasses.replace(ULTRALIGHT, intake=intake, training_sha256="ab")
    assert ModelSpec.from_json(spec.to_json()) == spec


def test_a_spec_of_an_older_file_is_read():
    fields = json.loads(ULTRALIGHT.to_json())
    old = {name: value for name, value in fields.items() if name not in ("cells", "normaliser", "phases", "refusals")}
    assert ModelSpec.from_json(json.dumps(old)) == ULTRALIGHT


def test_plus_and_minus_four_sigma_are_pulse12s_largest_codes():
    assert (PULSE12.input_scale, PULSE12.input_zero_point) == (4 / 127, 0)
    assert (PULSE12.clip_shape, PULSE12.phases) == ((3, 12, 256), 4)


def test_a_camera_byte_minus_128_is_ultralights_input():
    assert (ULTRALIGHT.input_scale, ULTRALIGHT.input_zero_point) == (1 / 255, -128)


@pytest.mark.parametrize(
    "change",
    [
        {"input_scale": 0},
        {"input_scale": float("nan")},
        {"input_zero_point": 200},
        {"window": 0},
        {"output": "rate"},
        {"rois": {"forehead": [0.5, 0.1, 0, 1]}},
        {"unknown": 1},
        {"readout": {"band_bpm": [180, 40], "fft_length": 4096}},
        {"readout": {"band_bpm": [40, 180], "fft_length": 1 << 40}},
    ],
)
def test_a_field_outside_its_range_is_refused(change):
    fields = {**json.loads(ULTRALIGHT.to_json()), **change}
    with pytest.raises(SpecError):
        ModelSpec.from_json(json.dumps(fields))


PLACE = json.loads(PULSE12.to_json())["rois"]["forehead"]


@pytest.mark.parametrize(
    "change",
    [
        {"window": 128},
        {"input_scale": 1 / 255},
        {"input_zero_point": 1},
        {"cells": None},
        {"cells": 5},
        {"normaliser": None},
        {"normaliser": {"rate_hz": "fast"}},
        {"normaliser": {"lambda": 100}},
        {"phases": 3},
        {"phases": 0},
        {"rois": {"forehead": {**PLACE, "weights": [1.0]}}},
        {"rois": {"forehead": {**PLACE, "weights": [float("nan")] * 6}}},
        {"rois": {"forehead": {**PLACE, "width": 9}}},
        {"refusals": [{"weights": {}, "threshold": 1, "reason": "no pulse"}]},
        {"refusals": [{"weights": {"confidence": 1}, "threshold": float("nan"), "reason": "no pulse"}]},
        {"refusals": [{"weights": {"confidence": 1}, "threshold": 0.5, "reason": "bad mood"}]},
        {"refusals": [{"threshold": 0.5, "reason": "no pulse"}]},
        {"refusals": 7},
        {"model": 5},
        {"training_sha256": 7},
        {"hop": True},
        {"rate_hz": 10**400},
        {"model": 'x"\n#include "/etc/passwd'},
        {"model": "x */ y"},
        {"model": "\x1b[31m"},
        {"training_sha256": "\x1b[31m"},
        {"rois": {"x */": PLACE}},
        {"rois": {"forehead": {**PLACE, "weights": [1e300, -1e300, 1, 0, 0, 0]}}},
        {"refusals": [{"weights": {"confidence": 1e300}, "threshold": 0.5, "reason": "no pulse"}]},
        {"readout": {"band_bpm": [1e-300, 180], "fft_length": 4096}},
        {"readout": {"band_bpm": [40, 40.0000001], "fft_length": 4096}},
        {"window": 256.0, "normaliser": {**json.loads(PULSE12.to_json())["normaliser"], "window": 256.0}},
    ],
)
def test_a_clip_field_outside_its_range_is_refused(change):
    with pytest.raises(SpecError):
        ModelSpec.from_json(json.dumps({**json.loads(PULSE12.to_json()), **change}))


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "[" * 100_000, '"' + "x" * 70_000 + '"'])
def test_text_that_is_no_spec_is_one_line(text):
    with pytest.raises(SpecError) as caught:
        ModelSpec.from_json(text)
    assert "\n" not in str(caught.value)


def test_a_spec_is_read_out_of_metadata_and_absence_is_none():
    assert ModelSpec.of_metadata({METADATA_KEY: PULSE12.to_json(), "other": "x"}) == PULSE12
    assert ModelSpec.of_metadata({"other": "x"}) is None
    with pytest.raises(SpecError):
        ModelSpec.of_metadata({METADATA_KEY: "{"})


def numbers(fields, path=()):
    """Paths to every number of a record read from JSON."""
    items = fields.items() if isinstance(fields, dict) else enumerate(fields)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from numbers(value, (*path, key))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield (*path, key)


WITH_RULE = dataclasses.replace(PULSE12, refusals=(Refusal(weights={"confidence": 1.0}, threshold=0.5),))


@pytest.mark.parametrize("number", ["1e300", "-1e300", "1" + "0" * 400, "1e999", "NaN", "-Infinity", "1e10"])
@pytest.mark.parametrize("path", [*numbers(json.loads(WITH_RULE.to_json()))], ids=str)
def test_every_number_of_a_spec_has_a_bound(path, number):
    fields = json.loads(WITH_RULE.to_json())
    *way, last = path
    place = fields
    for key in way:
        place = place[key]
    place[last] = "\0"
    with pytest.raises(SpecError) as caught:
        ModelSpec.from_json(json.dumps(fields).replace('"\\u0000"', number))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: Normaliser(detrend_lambda=n),
        lambda n: Normaliser(noise_levels=n),
        lambda n: Normaliser(clip_sigma=n),
        lambda n: Normaliser(rate_hz=n),
        lambda n: Readout(band_bpm=(40, n)),
        lambda n: Refusal(weights={"a": n}, threshold=1),
        lambda n: Refusal(weights={"a": 1}, threshold=n),
        lambda n: Patches(input_scale=n),
        lambda n: Patches(rate_hz=n),
    ],
)
@pytest.mark.parametrize("number", [1e300, float("nan"), float("inf"), -1e300, 10**400], ids=lambda n: str(n)[:8])
def test_records_made_in_python_have_the_same_bounds(make, number):
    with pytest.raises(SpecError):
        make(number)
