"""Pictures: the same bytes twice, the notice on them, and what cannot be drawn."""

import sys

import numpy as np
import pytest

from pulse8.errors import InputError, ToolchainError
from pulse8.measure.clips.skin import skin_trace
from pulse8.measure.clips.trace_csv import repeated
from pulse8.measure.draw.plots import plot_measurement
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.classical import pulse_wave
from pulse8.measure.reading.options import MeasureOptions

OPTIONS = MeasureOptions(method="pos")


@pytest.fixture(params=["pulse", "still"])
def parts(request):
    t_s = np.arange(600) / 30
    strength = 0.004 if request.param == "pulse" else 0.0
    pulse = strength * np.sin(2 * np.pi * 1.25 * t_s)
    traces = repeated(t_s, np.array([170.0, 120, 95]) * (1 + pulse[:, None] * np.array([0.33, 0.77, 0.53])))
    measured = measure_traces(traces, OPTIONS)
    return pulse_wave(skin_trace(traces), OPTIONS), measured.windows, measured.whole, OPTIONS.band_bpm


@pytest.mark.parametrize(("suffix", "start"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".PNG", b"\x89PNG")])
def test_twice_the_same_bytes(tmp_path, parts, suffix, start):
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    plot_measurement(first, *parts)
    plot_measurement(second, *parts)
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes().startswith(start)
    assert sorted(tmp_path.iterdir()) == [first, second]


def test_the_picture_says_what_it_is_not_and_what_was_read(tmp_path, parts):
    plot_measurement(tmp_path / "a.svg", *parts)
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "Not a medical device" in text
    assert ("no window has a rate: no pulse" in text) == (parts[2].bpm is None)
    assert ("75.0 BPM" in text) == (parts[2].bpm is not None)


@pytest.mark.parametrize("name", ["a.pdf", "a"])
def test_another_suffix_is_refused(tmp_path, parts, name):
    with pytest.raises(InputError, match=r"ends in \.svg or \.png"):
        plot_measurement(tmp_path / name, *parts)


def test_without_matplotlib_the_extra_is_named(tmp_path, parts, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ToolchainError, match=r"pulse8\[plot\]"):
        plot_measurement(tmp_path / "a.svg", *parts)
