"""Recordings to windows with their true rate: what every method, classical or learnt, is judged on."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.intake import Normaliser
from pulse8.learn.prepare.labels import Labels, contact_bpm
from pulse8.learn.recording import Ppg, Recording
from pulse8.measure.clips.resample import LONGEST_GAP_S, RATE_HZ, sample_at
from pulse8.measure.clips.windows import EvenCells, even_cells, frames_about, normalised
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.spec import Readout
from pulse8.values import Clip, NoClip, Waveform

Signal = NDArray[np.float64]

NORMALISER: Final = Normaliser()

WINDOW: Final = NORMALISER.window
"""Samples at ``RATE_HZ``: 8.53 s, a model's clip."""


@dataclass(frozen=True, eq=False)
class Window:
    """All of a window that a method may see: no truth is in it."""

    even: EvenCells

    @property
    def cells(self) -> Signal:
        """float64 [N, C, 3], 0..255, at ``RATE_HZ``: the cells that could be measured, 12 at most."""
        return self.even.cells[:, self.even.used]

    @cached_property
    def clip(self) -> Clip:
        """What a network is given."""
        return normalised(self.even, dataclasses.replace(NORMALISER, window=len(self.even.cells)))


@dataclass(frozen=True, eq=False, kw_only=True)
class Truth:
    """What is known about a window.

    Attributes
    ----------
    subject, recording, start_s
        Whose it is, and where its first sample lies.
    alive
        Whether there is a pulse to be found.
    contact
        float64 [N]: the contact sensor's pulse, detrended and band-passed; ``None`` where there is none, or not for the
        whole of the window.
    bpm
        Its rate: by the readout that the methods' waves go through, or a label; ``None`` where it has none.
    conditions
        The recording's.
    """

    subject: str
    recording: str = ""
    start_s: float = 0.0
    alive: bool = True
    contact: Signal | None = None
    bpm: float | None = None
    conditions: Mapping[str, float | str | bool] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class TrueWindow:
    """A window and its truth; ``seen`` is ``None`` where no part of the face was in sight, or the picture was grey."""

    seen: Window | None
    truth: Truth


def windows_of(recording: Recording, hop: int = WINDOW, labels: Labels | None = None) -> tuple[TrueWindow, ...]:
    """Cut a recording into windows, side by side or every ``hop`` samples; too short a one gives none.

    Parameters
    ----------
    recording
        Any.
    hop
        Samples from one window's start to the next one's.
    labels
        The true rates; without them those of the contact wave's spectrum, as the frozen strata have it.
    """
    last = _samples(recording) - WINDOW
    return tuple(window_at(recording, start, WINDOW, labels) for start in range(0, last + 1, hop))


def whole_of(recording: Recording, labels: Labels | None = None) -> TrueWindow:
    """Take the whole recording as one window."""
    return window_at(recording, 0, _samples(recording), labels)


def _samples(recording: Recording) -> int:
    t_s = recording.traces.t_s
    return int((t_s[-1] - t_s[0]) * RATE_HZ + 1e-6) if len(t_s) else 0


def window_at(recording: Recording, start: int, length: int, labels: Labels | None = None) -> TrueWindow:
    """Take ``length`` samples of a recording from sample ``start`` on, both at ``RATE_HZ``."""
    start_s = float(recording.traces.t_s[0]) + start / RATE_HZ
    wanted = dataclasses.replace(NORMALISER, window=length)
    even = even_cells(frames_about(recording.traces, start_s, wanted), start_s, wanted)
    raw = _contact(recording.reference, start_s + np.arange(length) / RATE_HZ)
    truth = Truth(
        subject=recording.subject,
        recording=recording.recording,
        start_s=start_s,
        alive=recording.reference is not None or recording.rates is not None,
        contact=None if raw is None else banded(raw),
        bpm=(None if raw is None else contact_bpm(raw))
        if labels is None
        else labels.between(start_s, start_s + length / RATE_HZ).bpm,
        conditions=recording.conditions,
    )
    return TrueWindow(None if isinstance(even, NoClip) else Window(even), truth)


def _contact(reference: Ppg | None, at_s: Signal) -> Signal | None:
    """Contact pulse in a window, detrended; ``None`` where the sensor pauses there for too long to be bridged."""
    if reference is None:
        return None
    inside = reference.t_s[(reference.t_s > at_s[0]) & (reference.t_s < at_s[-1])]
    if np.diff(inside, prepend=at_s[0], append=at_s[-1]).max() > LONGEST_GAP_S:
        return None
    return detrend(sample_at(reference.samples, reference.t_s, at_s, RATE_HZ))


def banded(steady: Signal) -> Signal:
    """Band-pass detrended waves [N, ...] at ``RATE_HZ``, as the measure line does before it reads a rate."""
    return band_pass(steady, RATE_HZ, Readout().band_bpm)


def as_wave(samples: Signal) -> Waveform:
    """Hold samples at ``RATE_HZ`` as a waveform from time 0."""
    return Waveform(samples=samples.astype(np.float32), rate_hz=RATE_HZ, start_s=0.0)
