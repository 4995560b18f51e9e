"""Real traces without their pulse: what light, movement and cameras do, as no simulation has it.

In each piece of 20 s the spectrum about the pulse's rate and its second and third harmonic is replaced by that beside
it, in all channels alike. No rate of any reference is used: the pulse is found in the trace itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.learn.real.recordings import open_recording
from pulse8.learn.real.roles import Entry, refuse_judges
from pulse8.measure.clips.resample import RATE_HZ, sample_at
from pulse8.measure.signal.classical import pos
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.spec import Readout

Signal = NDArray[np.float64]

SEGMENT: Final = 600
"""Samples of a piece, 20 s: a rate wanders little in it."""

AROUND_HZ: Final = 0.15
ASIDE_HZ: Final = 0.35
"""How far on both sides of a harmonic the spectrum is replaced, and how far beside it the replacement is taken."""

HARMONICS: Final = (1, 2, 3)
BAND_BPM: Final = Readout().band_bpm


@dataclass(frozen=True, eq=False)
class Residual:
    """One trace without its pulse.

    Attributes
    ----------
    subject
        Whose it is.
    change
        float64 [N, 3] at 30 Hz, relative changes of red, green and blue; or infrared in place of blue.
    infrared
        Whether it is.
    """

    subject: str
    change: Signal
    infrared: bool


def residual(entry: Entry, data: Path) -> Residual:
    """Read a recording of people who tune and take its pulse out.

    Raises
    ------
    InputError
        Its person judges, or a file is missing, damaged or not the one of the table.
    """
    refuse_judges(entry)
    rgb, infrared = _trace(entry, data)
    change = rgb / rgb.mean(axis=0) - 1
    wave = band_pass(detrend(change[:, 1]), RATE_HZ, BAND_BPM) if infrared else pos(rgb, RATE_HZ)
    return Residual(entry.subject, without_pulse(change, wave), infrared)


def _trace(entry: Entry, data: Path) -> tuple[Signal, bool]:
    """Return a trace [N, 3] at 30 Hz, and whether its third channel is infrared."""
    recording = open_recording(entry, data)
    if recording is not None:
        t_s, rgb = recording.traces.t_s, recording.traces.rgb[:, 0, 0].astype(np.float64)
    else:
        (path,) = entry.paths(data).values()
        with np.load(path, allow_pickle=False) as held:
            t_s, rgb = held["time_s"].astype(np.float64), held["rgi"].astype(np.float64)
        rising = np.concatenate([[True], np.diff(t_s) > 0])
        t_s, rgb = t_s[rising], rgb[rising]
    at_s = np.arange(t_s[0], t_s[-1], 1 / RATE_HZ)
    return np.asarray(sample_at(rgb, t_s, at_s, RATE_HZ), np.float64), recording is None


def without_pulse(change: Signal, wave: Signal) -> Signal:
    """Take the pulse out of a trace.

    Parameters
    ----------
    change
        [N, 3], relative changes at 30 Hz; N at least two pieces of 20 s.
    wave
        [N], the pulse as it is found in the trace: its highest peak in each piece says where it lies.

    Returns
    -------
    NDArray[np.float64]
        [M, 3]: N cut to whole halves of pieces, less half a piece at the start and at the end.
    """
    half = SEGMENT // 2
    taper = np.sqrt(np.hanning(SEGMENT + 1)[:-1])  # twice: the squares of pieces half a piece apart add up to 1
    total = np.zeros_like(change)
    starts = range(0, len(change) - SEGMENT + 1, half)
    for part in (slice(start, start + SEGMENT) for start in starts):
        total[part] += taper[:, None] * _cleared(change[part] * taper[:, None], wave[part] * taper)
    return total[half : half * len(starts)]


def _cleared(change: Signal, wave: Signal) -> Signal:
    rate_hz = np.asarray(np.fft.rfftfreq(SEGMENT, 1 / RATE_HZ), np.float64)
    inside = (rate_hz * 60 >= BAND_BPM[0]) & (rate_hz * 60 <= BAND_BPM[1])
    beat_hz = float(rate_hz[(np.abs(np.fft.rfft(wave)) * inside).argmax()])
    spectrum = np.fft.rfft(change, axis=0)
    for near, aside in _places(rate_hz, beat_hz):
        spectrum[near] = _like_both(spectrum[near - aside], spectrum[near + aside])
    return np.asarray(np.fft.irfft(spectrum, SEGMENT, axis=0))


def _places(rate_hz: Signal, beat_hz: float) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Yield the bins about each harmonic, and how many bins aside their replacements lie."""
    aside = round(ASIDE_HZ * SEGMENT / RATE_HZ)
    for order in HARMONICS:
        yield np.flatnonzero(np.abs(rate_hz - order * beat_hz) <= AROUND_HZ), aside


def _like_both(low: NDArray[np.complex128], high: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Return the upper side's phases and colours, at the geometric mean of both sides' size: the slope is kept."""
    size = np.sqrt(np.abs(low).mean() / max(float(np.abs(high).mean()), 1e-30))
    return np.asarray(high * size)
