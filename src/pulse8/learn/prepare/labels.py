"""The true heart rate of a window: 60 over the mean beat interval in it, where the spectrum says the same.

A device's own heart rate is not used: it lags by seconds and is smoothed over an unknown time. Only where a recording
came with rates alone are they the label.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.learn.recording import Ppg, Rates, Recording
from pulse8.measure.clips.resample import LONGEST_GAP_S, RATE_HZ, sample_at
from pulse8.measure.signal.beats import beat_times_s, rate_between_bpm
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.measure.signal.rate import heart_rate, refined
from pulse8.spec import Readout
from pulse8.values import Waveform

AGREE_BPM: Final = 3.0
"""Largest difference between the beats' rate and the spectrum's peak: more means missed beats, or a wave that is none.
"""

LABEL_S: Final = 256 / RATE_HZ
"""Length of the windows that are counted when a recording is prepared: a model's clip."""

LARGEST_SWING_BPM: Final = 10.0
"""Rates that came instead of a pulse and that differ by more in one window do not label it."""

CONTACT_BAND_BPM: Final = (25.0, 240.0)
"""What contact waves are band-passed to, once, before their rate is read or a network is taught by them. The readout's
own band takes half of a pulse of 40 BPM and nothing of its second harmonic; twice over, nearly all labels of 42 BPM
were the double."""

EDGE_S: Final = 0.5
"""A reference may begin that much later, or end earlier, than the window that it labels."""


class Unlabelled(StrEnum):
    """Why a window has no true rate."""

    NONE = "no reference"
    ABSENT = "reference does not cover the window"
    PAUSED = "reference pauses"
    UNEVEN = "too few beats, or uneven ones"
    DISAGREE = "beats and spectrum disagree"
    SWINGS = "rates swing"


@dataclass(frozen=True)
class Label:
    """A window's true rate in BPM, or why there is none."""

    bpm: float | None
    reason: Unlabelled | None = None


class Labels:
    """Labels of one recording's windows; beats are found once, over the whole reference."""

    def __init__(self, reference: Ppg | None, rates: Rates | None = None) -> None:
        self._reference, self._rates = reference, rates

    @classmethod
    def of(cls, recording: Recording) -> "Labels":
        """Labels from what a recording has."""
        return cls(recording.reference, recording.rates)

    def between(self, start_s: float, end_s: float) -> Label:
        """Label a window on the camera's clock."""
        if self._reference is not None:
            return _from_beats(self._reference, self._beats_s, start_s, end_s)
        return Label(None, Unlabelled.NONE) if self._rates is None else _from_rates(self._rates, start_s, end_s)

    @cached_property
    def _beats_s(self) -> NDArray[np.float64]:
        if self._reference is None or len(self._reference.t_s) < 2 or np.ptp(self._reference.t_s) < 2:
            return np.empty(0)
        return beat_times_s(self._reference.samples.astype(np.float64), self._reference.t_s)


def _from_beats(reference: Ppg, beats_s: NDArray[np.float64], start_s: float, end_s: float) -> Label:
    if not _covers(reference.t_s, start_s, end_s):
        return Label(None, Unlabelled.ABSENT)
    inside = reference.t_s[(reference.t_s >= start_s) & (reference.t_s <= end_s)]
    if np.diff(inside).max(initial=0.0) > LONGEST_GAP_S:
        return Label(None, Unlabelled.PAUSED)
    bpm = rate_between_bpm(beats_s, start_s, end_s)
    if bpm is None:
        return Label(None, Unlabelled.UNEVEN)
    peak_bpm = _spectrum_bpm(reference, start_s, end_s)
    if peak_bpm is None or abs(peak_bpm - bpm) > AGREE_BPM:
        return Label(None, Unlabelled.DISAGREE)
    return Label(bpm)


def _spectrum_bpm(reference: Ppg, start_s: float, end_s: float) -> float | None:
    """Read the rate of the wave's highest peak in the readout's band, a slow pulse's first harmonic left whole."""
    at_s = np.arange(start_s, end_s - 0.5 / RATE_HZ, 1 / RATE_HZ)
    return contact_bpm(detrend(sample_at(reference.samples, reference.t_s, at_s, RATE_HZ)))


def contact_bpm(steady: NDArray[np.float64]) -> float | None:
    """Rate of a detrended contact wave [N] at ``RATE_HZ``: read as every method's is, about its band's highest peak."""
    wave = band_pass(steady, RATE_HZ, CONTACT_BAND_BPM).astype(np.float32)
    rate = heart_rate(Waveform(samples=wave, rate_hz=RATE_HZ, start_s=0.0), Readout())
    raw = Waveform(samples=steady.astype(np.float32), rate_hz=RATE_HZ, start_s=0.0)
    return refined(rate, raw, Readout()).bpm


def _from_rates(rates: Rates, start_s: float, end_s: float) -> Label:
    inside = rates.bpm[(rates.t_s >= start_s) & (rates.t_s <= end_s)]
    if not len(inside):
        return Label(None, Unlabelled.ABSENT)
    if np.ptp(inside) > LARGEST_SWING_BPM:
        return Label(None, Unlabelled.SWINGS)
    return Label(float(inside.mean(dtype=np.float64)))


def _covers(t_s: NDArray[np.float64], start_s: float, end_s: float) -> bool:
    return len(t_s) > 1 and bool(t_s[0] <= start_s + EDGE_S and t_s[-1] >= end_s - EDGE_S)


def window_spans(recording: Recording) -> Iterator[tuple[float, float]]:
    """Spans of ``LABEL_S`` one after another, from the first frame to the last."""
    t_s = recording.traces.t_s
    for index in range(int((t_s[-1] - t_s[0]) / LABEL_S + 1e-6)):
        yield float(t_s[0] + index * LABEL_S), float(t_s[0] + (index + 1) * LABEL_S)


def count_labels(recording: Recording) -> tuple[int, Mapping[Unlabelled, int]]:
    """Count the windows that have a label, and for each reason those that have none."""
    labels = Labels.of(recording)
    found = [labels.between(*span) for span in window_spans(recording)]
    left_out = Counter(label.reason for label in found if label.reason is not None)
    return sum(label.bpm is not None for label in found), dict(sorted(left_out.items()))
