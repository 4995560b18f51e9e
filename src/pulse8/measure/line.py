"""The measure line: from traces to a heart rate, one value after the other."""

import dataclasses
from dataclasses import dataclass
from typing import Final

import numpy as np

from pulse8.errors import SpecError
from pulse8.measure.clips.resample import RATE_HZ, SLOWEST_HZ
from pulse8.measure.clips.skin import SkinTrace, cut, skin_trace
from pulse8.measure.signal.classical import NEED_COLOUR, MethodName, is_grey, method
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.measure.signal.rate import SHORTEST_S, heart_rate, no_rate
from pulse8.spec import Readout
from pulse8.values import CellTraces, HeartRate, Reason, Watch, Waveform, unwatched

FASTEST_BPM: Final = 30 * SLOWEST_HZ
"""Half the slowest frame rate that is accepted: a faster pulse would appear as a slower one."""

FAINTEST: Final = 1e-6
"""Standard deviation of a pulse relative to the mean colour, under which it is rounding: real ones are 1e-3 or more,
and a mean colour in float32 is known to 6e-8."""


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """How a rate is measured.

    Attributes
    ----------
    method
        Which classical method makes the pulse; red is for a finger on the camera, the others are for faces.
    window_s
        Length of a window in seconds.
    hop_s
        Seconds from one window's start to the next one's.
    band_bpm
        Lowest and highest rate that is looked for, in beats per minute.
    """

    method: MethodName = "pos"
    window_s: float = 10.0
    hop_s: float = 10.0
    band_bpm: tuple[float, float] = Readout().band_bpm

    def __post_init__(self) -> None:
        method(self.method)
        if not SHORTEST_S <= self.window_s <= 600:
            raise SpecError(f"window of {self.window_s} s; give {SHORTEST_S:g} to 600")
        if not 0.1 <= self.hop_s <= 3600:
            raise SpecError(f"hop of {self.hop_s} s; give 0.1 to 3600")
        if not 20 <= self.band_bpm[0] < self.band_bpm[1] <= FASTEST_BPM:
            raise SpecError(f"band {self.band_bpm} BPM; give two rising rates in 20..{FASTEST_BPM:g}")


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Heart rates of one recording: of each window, and of the whole in one spectrum.

    The whole record's confidence is not comparable with a window's: a rate that wanders spreads the spectrum, the more
    the longer the record.
    """

    method: MethodName
    windows: tuple[HeartRate, ...]
    whole: HeartRate


def measure_traces(
    traces: CellTraces,
    options: MeasureOptions = MeasureOptions(),
    watch: Watch[SkinTrace] = unwatched,
) -> Measurement:
    """Measure the heart rate in each window of a recording and in the whole of it.

    A window's rate depends on that window alone. A recording shorter than a window gives one provisional reading.

    Raises
    ------
    InputError
        The recording pauses too long, is too slow, or no ROI is in sight often enough.
    """
    skin = skin_trace(traces, RATE_HZ)
    parts = cut(skin, options.window_s, options.hop_s)
    windows = tuple(_window_rate(part, options) for part in watch(parts, "windows", len(parts)))
    return Measurement(method=options.method, windows=windows, whole=_rate(skin, options))


def pulse_wave(skin: SkinTrace, options: MeasureOptions) -> Waveform:
    """Pulse of a skin trace, detrended and band-passed; zeros where the colour does not change."""
    raw = method(options.method)(skin.rgb, skin.rate_hz)
    pulse = band_pass(detrend(raw), skin.rate_hz, options.band_bpm)
    beats = pulse if pulse.std() > FAINTEST else np.zeros_like(pulse)
    return Waveform(samples=beats.astype(np.float32), rate_hz=skin.rate_hz, start_s=skin.start_s)


def _rate(skin: SkinTrace, options: MeasureOptions) -> HeartRate:
    wave = pulse_wave(skin, options)
    if options.method in NEED_COLOUR and is_grey(skin.rgb):
        return no_rate(wave, Reason.NO_COLOUR)
    return heart_rate(wave, Readout(band_bpm=options.band_bpm))


def _window_rate(part: SkinTrace, options: MeasureOptions) -> HeartRate:
    filled = len(part.rgb) >= round(options.window_s * part.rate_hz)
    return dataclasses.replace(_rate(part, options), provisional=not filled)
