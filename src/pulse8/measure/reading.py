"""From the skin trace of a window to its rate, or to the reason why it has none."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from pulse8.errors import SpecError
from pulse8.measure.clips.resample import SLOWEST_HZ
from pulse8.measure.clips.skin import SkinTrace
from pulse8.measure.signal.classical import NEED_COLOUR, MethodName, is_grey, method
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.measure.signal.rate import SHORTEST_S, heart_rate, no_rate, noise_tonality, tonality
from pulse8.spec import Readout
from pulse8.values import HeartRate, Reason, Waveform

FASTEST_BPM: Final = 30 * SLOWEST_HZ
"""Half the slowest frame rate that is accepted: a faster pulse would appear as a slower one."""

NETWORK: Final = "pulse12"

FAINTEST: Final = 1e-6
"""Standard deviation of a pulse relative to the mean colour, under which it is rounding: real ones are 1e-3 or more,
and a mean colour in float32 is known to 6e-8."""


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """How a rate is measured.

    Attributes
    ----------
    method
        What makes the pulse: the network pulse12 or a classical method; red is for a finger on the camera, the others
        are for faces.
    model
        Which file of pulse12 is run: the shipped one in INT8 or FP32, or another ONNX file.
    window_s
        Length of a window in seconds; the network has its own, 8.53 s.
    hop_s
        Seconds from one window's start to the next one's; the network has its own, 1 s.
    band_bpm
        Lowest and highest rate that is looked for, in beats per minute.
    """

    method: MethodName | Literal["pulse12"] = "pos"
    model: Literal["int8", "fp32"] | Path = "int8"
    window_s: float = 10.0
    hop_s: float = 10.0
    band_bpm: tuple[float, float] = Readout().band_bpm

    def __post_init__(self) -> None:
        if self.method != NETWORK:
            method(self.method)
        elif (self.window_s, self.hop_s) != (10.0, 10.0):
            raise SpecError("pulse12 has windows of its own, 8.53 s every 1 s; leave window and hop out, or choose pos")
        if not SHORTEST_S <= self.window_s <= 600:
            raise SpecError(f"window of {self.window_s} s; give {SHORTEST_S:g} to 600")
        if not 0.1 <= self.hop_s <= 3600:
            raise SpecError(f"hop of {self.hop_s} s; give 0.1 to 3600")
        if not 20 <= self.band_bpm[0] < self.band_bpm[1] <= FASTEST_BPM:
            raise SpecError(f"band {self.band_bpm} BPM; give two rising rates in 20..{FASTEST_BPM:g}")


def pulse_wave(skin: SkinTrace, options: MeasureOptions) -> Waveform:
    """Pulse of a skin trace, detrended and band-passed; zeros where the colour does not change."""
    raw = method(options.method)(skin.rgb, skin.rate_hz)
    pulse = band_pass(detrend(raw), skin.rate_hz, options.band_bpm)
    beats = pulse if pulse.std() > FAINTEST else np.zeros_like(pulse)
    return Waveform(samples=beats.astype(np.float32), rate_hz=skin.rate_hz, start_s=skin.start_s)


def read_rate(skin: SkinTrace, options: MeasureOptions) -> HeartRate:
    """Read the rate of a skin trace."""
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
