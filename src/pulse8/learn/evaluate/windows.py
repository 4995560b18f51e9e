"""Recordings to windows with their true rate: what every method, classical or learnt, is judged on."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.clips.resample import LONGEST_GAP_S, RATE_HZ, sample_at
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.measure.signal.rate import heart_rate
from pulse8.spec import Readout
from pulse8.values import CellTraces, Ppg, Recording, Waveform

Signal = NDArray[np.float64]

WINDOW: Final = 256
"""Samples at ``RATE_HZ``: 8.53 s, a model's clip."""


@dataclass(frozen=True, eq=False)
class TrueWindow:
    """One window of a recording.

    Attributes
    ----------
    cells
        float64 [N, 12, 3], 0..255, at ``RATE_HZ``.
    contact
        float64 [N]: the contact sensor's pulse, detrended and band-passed; ``None`` where there is none.
    bpm
        Its rate, by the readout that the methods' waves go through; ``None`` where there is none.
    whole
        Whether no pause was too long to be bridged.
    subject
        Whose it is.
    """

    cells: Signal
    contact: Signal | None
    bpm: float | None
    whole: bool
    subject: str


def windows_of(recording: Recording, length: int = WINDOW) -> tuple[TrueWindow, ...]:
    """Cut a recording into windows that stand side by side; too short a one gives none."""
    start_s, end_s = float(recording.traces.t_s[0]), float(recording.traces.t_s[-1])
    count = int((end_s - start_s) * RATE_HZ + 1e-6) // length
    return tuple(_window(recording, start_s + index * length / RATE_HZ, length) for index in range(count))


def whole_of(recording: Recording) -> TrueWindow:
    """Take the whole recording as one window."""
    start_s, end_s = float(recording.traces.t_s[0]), float(recording.traces.t_s[-1])
    return _window(recording, start_s, int((end_s - start_s) * RATE_HZ + 1e-6))


def _window(recording: Recording, start_s: float, length: int) -> TrueWindow:
    at_s = start_s + np.arange(length) / RATE_HZ
    contact = None if recording.reference is None else _contact(recording.reference, at_s)
    return TrueWindow(
        cells=_cells(recording.traces, at_s),
        contact=contact,
        bpm=None if contact is None else heart_rate(as_wave(contact), Readout()).bpm,
        whole=_is_whole(recording.traces, at_s),
        subject=recording.subject,
    )


def _cells(traces: CellTraces, at_s: Signal) -> Signal:
    seen = traces.valid.all(axis=1)
    cells = traces.rgb[seen].reshape(int(seen.sum()), -1)
    return sample_at(cells, traces.t_s[seen], at_s, RATE_HZ).reshape(len(at_s), -1, 3)


def _is_whole(traces: CellTraces, at_s: Signal) -> bool:
    seen_s = traces.t_s[traces.valid.all(axis=1)]
    inside = seen_s[(seen_s > at_s[0]) & (seen_s < at_s[-1])]
    return bool(np.diff(inside, prepend=at_s[0], append=at_s[-1]).max() <= LONGEST_GAP_S)


def _contact(reference: Ppg, at_s: Signal) -> Signal:
    return banded(detrend(sample_at(reference.samples, reference.t_s, at_s, RATE_HZ)))


def banded(steady: Signal) -> Signal:
    """Band-pass detrended waves [N, ...] at ``RATE_HZ``, as the measure line does before it reads a rate."""
    return band_pass(steady, RATE_HZ, Readout().band_bpm)


def as_wave(samples: Signal) -> Waveform:
    """Hold samples at ``RATE_HZ`` as a waveform from time 0."""
    return Waveform(samples=samples.astype(np.float32), rate_hz=RATE_HZ, start_s=0.0)
