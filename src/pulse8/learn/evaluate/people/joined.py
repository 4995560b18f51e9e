"""Single windows' waves put together: joined to 20.5 s, and followed by the tracker."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from pulse8.learn.evaluate.people.spans import HOP, READOUT, SpanReading
from pulse8.learn.evaluate.scores import Reading
from pulse8.learn.prepare.windows import WINDOW, as_wave, banded
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.signal.rate import heart_rate, refined
from pulse8.measure.signal.stitch import joined
from pulse8.measure.signal.tracker import RateTracker
from pulse8.values import Waveform

MANY: Final = 13
JOINED: Final = f"joined, {(WINDOW + (MANY - 1) * HOP) / RATE_HZ:.1f} s"
TRACKED: Final = "tracked"


def joined_readings(windows: Sequence[SpanReading]) -> Iterator[Reading]:
    """Rates of ``MANY`` windows of one recording joined, each with the mean truth of its windows."""
    for first in range(len(windows) - MANY + 1):
        some = windows[first : first + MANY]
        waves = [_wave(one) for one in some if one.pulse is not None]
        truth = [one.reading.true_bpm for one in some if one.reading.true_bpm is not None]
        common = dataclasses.replace(some[0].reading, true_bpm=float(np.mean(truth)) if len(truth) == MANY else None)
        bpm = _rate_bpm(joined(waves)) if len(waves) == MANY else None
        yield dataclasses.replace(common, bpm=bpm, accepted=bpm is not None)


def tracked_readings(windows: Sequence[SpanReading]) -> Iterator[Reading]:
    """Rates that the tracker shows, window after window of one recording, from the first accepted window on."""
    tracker, trusted = RateTracker(), False
    for one in windows:
        trusted = trusted or bool(one.reading.accepted)
        rate = None if one.pulse is None else tracker.push(_wave(dataclasses.replace(one, pulse=banded(one.pulse))))
        bpm = rate.bpm if rate is not None and trusted else None
        yield dataclasses.replace(one.reading, bpm=bpm, accepted=bpm is not None)


def tracked_after(windows: Sequence[SpanReading], after_s: float) -> list[Reading]:
    """Rates that the tracker shows from ``after_s`` seconds after one recording's first sample on."""
    shown = list(tracked_readings(windows))
    begins_s = shown[0].start_s if shown else 0.0
    return [one for one in shown if one.start_s + WINDOW / RATE_HZ - begins_s >= after_s]


def _rate_bpm(wave: Waveform) -> float | None:
    pulse = as_wave(banded(wave.samples.astype(np.float64)))
    return refined(heart_rate(pulse, READOUT), wave, READOUT).bpm


def _wave(one: SpanReading) -> Waveform:
    samples = np.zeros(WINDOW) if one.pulse is None else one.pulse
    return Waveform(samples.astype(np.float32), RATE_HZ, one.reading.start_s)
