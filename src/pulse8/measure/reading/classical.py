"""Classical methods: from the skin trace of a window to its rate, or to the reason why it has none."""

import dataclasses
from functools import partial
from typing import Any, Final

import numpy as np

from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.clips.skin import SkinTrace, cut, skin_trace
from pulse8.measure.reading.options import CLASSICAL_S, MeasureOptions
from pulse8.measure.reading.part import Part, Reader, too_short
from pulse8.measure.signal.classical import NEED_COLOUR, is_grey
from pulse8.measure.signal.display import Second
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.measure.signal.rate import SHORTEST_S, heart_rate, no_rate, noise_tonality, refined, tonality
from pulse8.measure.signal.whole import whole_rate
from pulse8.spec import Readout
from pulse8.values import CellTraces, HeartRate, Reason, Watch, Waveform

SHOWN_S: Final = 256 / RATE_HZ
SHOWN_EVERY_S: Final = 1.0
"""Windows that the rate that is shown is followed through: those of the network."""

FAINTEST: Final = 1e-6
"""Standard deviation of a pulse relative to the mean colour, under which it is rounding: real ones are 1e-3 or more,
and a mean colour in float32 is known to 6e-8."""


def classical_reader(options: MeasureOptions) -> Reader:
    """Make a classical method ready."""
    window_s = options.window_s or CLASSICAL_S
    return Reader(
        method=options.title, window_s=window_s, band_bpm=options.band_bpm, read=partial(_read_stretch, options)
    )


def _read_stretch(options: MeasureOptions, stretch: CellTraces, watch: Watch[Any]) -> Part:
    if stretch.t_s[-1] - stretch.t_s[0] < SHORTEST_S - 2 / RATE_HZ:  # the last frame's interval, and a rounded length
        return too_short(stretch)
    skin = skin_trace(stretch, RATE_HZ)
    parts = cut(skin, options.window_s or CLASSICAL_S, options.hop_s or CLASSICAL_S)
    windows = tuple(_window_rate(part, options) for part in watch(parts, "windows", len(parts)))
    steady = _steady(skin, options)
    whole = whole_rate(windows, steady, options.band_bpm)
    if whole.bpm is None:  # a tone that short windows cannot tell from noise, a long record may
        whole = read_sure_rate(skin, options)
    seconds = tuple(_second(part, options) for part in cut(skin, SHOWN_S, SHOWN_EVERY_S))
    return Part(windows=windows, whole=whole, wave=_banded(steady, options), seconds=seconds)


def _second(part: SkinTrace, options: MeasureOptions) -> Second:
    end_s = part.start_s + len(part.rgb) / part.rate_hz
    if options.method in NEED_COLOUR and is_grey(part.rgb):
        return Second(end_s=end_s, wave=None, reason=Reason.NO_COLOUR)
    accepted = _window_rate(part, options).bpm is not None
    return Second(end_s=end_s, wave=pulse_wave(part, options), accepted=accepted)


def _window_rate(part: SkinTrace, options: MeasureOptions) -> HeartRate:
    filled = len(part.rgb) >= round((options.window_s or CLASSICAL_S) * part.rate_hz)
    return dataclasses.replace(read_sure_rate(part, options), provisional=not filled)


def pulse_wave(skin: SkinTrace, options: MeasureOptions) -> Waveform:
    """Pulse of a skin trace, detrended and band-passed; zeros where the colour does not change."""
    return _banded(_steady(skin, options), options)


def _steady(skin: SkinTrace, options: MeasureOptions) -> Waveform:
    """Pulse of a skin trace, detrended."""
    pulse = detrend(options.projection(skin.rgb, skin.rate_hz))
    return Waveform(samples=pulse.astype(np.float32), rate_hz=skin.rate_hz, start_s=skin.start_s)


def _banded(steady: Waveform, options: MeasureOptions) -> Waveform:
    """Band-pass a pulse; zeros where the colour does not change."""
    pulse = band_pass(steady.samples.astype(np.float64), steady.rate_hz, options.band_bpm)
    beats = pulse if pulse.std() > FAINTEST else np.zeros_like(pulse)
    return dataclasses.replace(steady, samples=beats.astype(np.float32))


def read_rate(skin: SkinTrace, options: MeasureOptions) -> HeartRate:
    """Read the rate of a skin trace, whether or not noise could have given it."""
    return _read(_steady(skin, options), skin, options)


def _read(steady: Waveform, skin: SkinTrace, options: MeasureOptions) -> HeartRate:
    wave = _banded(steady, options)
    if options.method in NEED_COLOUR and is_grey(skin.rgb):
        return no_rate(wave, Reason.NO_COLOUR)
    readout = Readout(band_bpm=options.band_bpm)
    return refined(heart_rate(wave, readout), steady, readout)


def read_sure_rate(skin: SkinTrace, options: MeasureOptions) -> HeartRate:
    """Read a rate and refuse what noise could have given: a face's video always has some strongest periodicity."""
    steady = _steady(skin, options)
    rate = _read(steady, skin, options)
    noisy = not tonality(steady, options.band_bpm) > noise_tonality(rate.end_s - rate.start_s, options.band_bpm)
    return rate if rate.bpm is None or not noisy else dataclasses.replace(rate, bpm=None, reason=Reason.NO_PULSE)
