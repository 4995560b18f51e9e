"""Pictures: the same bytes twice, the notice on them, and what cannot be drawn."""

import sys

import numpy as np
import pytest

from pulse8.errors import InputError, ToolchainError
from pulse8.measure.clips.trace_csv import repeated
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.options import MeasureOptions

OPTIONS = MeasureOptions(method="pos")


@pytest.fixture(params=["pulse", "still"])
def measurement(request):
    t_s = np.arange(600) / 30
    strength = 0.004 if request.param == "pulse" else 0.0
    pulse = strength * np.sin(2 * np.pi * 1.25 * t_s)
    traces = repeated(t_s, np.array([170.0, 120, 95]) * (1 + pulse[:, None] * np.array([0.33, 0.77, 0.53])))
    return measure_traces(traces, OPTIONS, source="films/a.mp4")


@pytest.mark.parametrize(("suffix", "start"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".PNG", b"\x89PNG")])
def test_twice_the_same_bytes(tmp_path, measurement, suffix, start):
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    measurement.plot(first)
    measurement.plot(second)
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes().startswith(start)
    assert sorted(tmp_path.iterdir()) == [first, second]


def test_the_picture_says_what_it_is_not_and_what_was_read(tmp_path, measurement):
    measurement.plot(tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "Not a medical device" in text
    assert ("no window has a rate: no pulse" in text) == (measurement.whole.bpm is None)
    assert ("75.0 BPM" in text) == (measurement.whole.bpm is not None)
    assert "a.mp4: " in text
    assert "Pulse wave, first 10 of 20 s" in text
    assert "no unit" in text


@pytest.mark.parametrize("name", ["a.pdf", "a"])
def test_another_suffix_is_refused(tmp_path, measurement, name):
    with pytest.raises(InputError, match=r"ends in \.svg or \.png"):
        measurement.plot(tmp_path / name)


def test_without_matplotlib_the_extra_is_named(tmp_path, measurement, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ToolchainError, match=r"pulse8\[plot\]"):
        measurement.plot(tmp_path / "a.svg")


def test_without_a_path_a_notebook_shows_it(measurement):
    assert "first 10 of 20 s" not in measurement.plot()._repr_svg_()[:200]
    assert measurement.plot()._repr_svg_().startswith("<?xml")
