import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse8.errors import SpecError
from pulse8.spec import ULTRALIGHT, ModelSpec, Readout

shares = st.floats(0, 1, allow_nan=False)


@given(
    rate=st.floats(1, 1000),
    window=st.integers(1, 65536),
    scale=st.floats(1e-9, 1e3),
    zero_point=st.integers(-128, 127),
    band=st.tuples(st.floats(1, 100), st.floats(101, 600)),
)
def test_load_of_save_is_the_same_spec(rate, window, scale, zero_point, band):
    spec = ModelSpec(
        model="any",
        rate_hz=rate,
        window=window,
        hop=1,
        rois={"forehead": (0.1, 0.9, 0.0, 0.2)},
        input_scale=scale,
        input_zero_point=zero_point,
        output="waveform",
        readout=Readout(band_bpm=band),
        training_sha256="ab",
    )
    assert ModelSpec.from_json(spec.to_json()) == spec


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


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "[" * 100_000, '"' + "x" * 70_000 + '"'])
def test_text_that_is_no_spec_is_one_line(text):
    with pytest.raises(SpecError) as caught:
        ModelSpec.from_json(text)
    assert "\n" not in str(caught.value)
