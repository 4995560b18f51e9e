"""Classical methods: from the skin trace of a window to its rate, or to the reason why it has none."""

import dataclasses
from functools import partial
from typing import Any, Final

import numpy as np

from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.clips.skin import SkinTrace, cut, skin_trace
from pulse8.measure.reading.options import CLASSICAL_S, MeasureOptions
from pulse8.measure.reading.part import Part, Reader, too_short
from pulse8.measure.signal.classical import NEED_COLOUR, is_grey, method
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.measure.signal.rate import SHORTEST_S, heart_rate, no_rate, noise_tonality, tonality
from pulse8.spec import Readout
from pulse8.values import CellTraces, HeartRate, Reason, Watch, Waveform

FAINTEST: Final = 1e-6
"""Standard deviation of a pulse relative to the mean colour, under which it is rounding: real ones are 1e-3 or more,
and a mean colour in float32 is known to 6e-8."""


def classical_reader(options: MeasureOptions) -> Reader:
    """Make a classical method ready."""
    window_s = options.window_s or CLASSICAL_S
    return Reader(method=options.method, window_s=window_s, read=partial(_read_stretch, options))


def _read_stretch(options: MeasureOptions, stretch: CellTraces, watch: Watch[Any]) -> Part:
    if stretch.t_s[-1] - stretch.t_s[0] < SHORTEST_S - 2 / RATE_HZ:  # the last frame's interval, and a rounded length
        return too_short(stretch)
    skin = skin_trace(stretch, RATE_HZ)
    parts = cut(skin, options.window_s or CLASSICAL_S, options.hop_s or CLASSICAL_S)
    windows = tuple(_window_rate(part, options) for part in watch(parts, "windows", len(parts)))
    return Part(windows=windows, whole=read_sure_rate(skin, options), wave=pulse_wave(skin, options))


def _window_rate(part: SkinTrace, options: MeasureOptions) -> HeartRate:
    filled = len(part.rgb) >= round((options.window_s or CLASSICAL_S) * part.rate_hz)
    return dataclasses.replace(read_sure_rate(part, options), provisional=not filled)


def pulse_wave(skin: SkinTrace, options: MeasureOptions) -> Waveform:
    """Pulse of a skin trace, detrended and band-passed; zeros where the colour does not change."""
    raw = method(options.method)(skin.rgb, skin.rate_hz)
    pulse = band_pass(detrend(raw), skin.rate_hz, options.band_bpm)
    beats = pulse if pulse.std() > FAINTEST else np.zeros_like(pulse)
    return Waveform(samples=beats.astype(np.float32), rate_hz=skin.rate_hz, start_s=skin.start_s)


def read_rate(skin: SkinTrace, options: MeasureOptions) -> HeartRate:
    """Read the rate of a skin trace, whether or not noise could have given it."""
    wave = pulse_wave(skin, options)
    if options.method in NEED_COLOUR and is_grey(skin.rgb):
        return no_rate(wave, Reason.NO_COLOUR)
    return heart_rate(wave, Readout(band_bpm=options.band_bpm))


def read_sure_rate(skin: SkinTrace, options: MeasureOptions) -> HeartRate:
    """Read a rate and refuse what noise could have given: a face's video always has some strongest periodicity."""
    rate = read_rate(skin, options)
    if rate.bpm is None:
        return rate
    pulse = detrend(method(options.method)(skin.rgb, skin.rate_hz)).astype(np.float32)
    wave = Waveform(samples=pulse, rate_hz=skin.rate_hz, start_s=skin.start_s)
    if tonality(wave, options.band_bpm) > noise_tonality(rate.end_s - rate.start_s, options.band_bpm):
        return rate
    return dataclasses.replace(rate, bpm=None, reason=Reason.NO_PULSE)
