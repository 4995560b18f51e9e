"""Every second of a recording, read on 8.5, 17 and 34 s by every method, beside what is known of the true rate."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.learn.evaluate.people.methods import LongNetwork, Pulses
from pulse8.learn.evaluate.scores import Reading
from pulse8.learn.prepare.labels import contact_bpm
from pulse8.learn.prepare.windows import NORMALISER, WINDOW, Signal, Window, as_wave, banded
from pulse8.learn.recording import Ppg, Rates, Recording
from pulse8.measure.clips.resample import LONGEST_GAP_S, RATE_HZ, sample_at
from pulse8.measure.clips.windows import even_cells, frames_about
from pulse8.measure.signal.filters import detrend
from pulse8.measure.signal.harmonic import refined_bpm
from pulse8.measure.signal.rate import heart_rate, noise_tonality, tonality
from pulse8.measure.signal.shown import SPANS, Sighting, power_share, spread_bpm
from pulse8.spec import Readout
from pulse8.values import NoClip

HOP: Final = 30
"""Samples from one window to the next: a second."""

HOP_WITHOUT_TRUTH: Final = 300
"""The same where no reference says what is right: ten seconds."""

READOUT: Final = Readout()
BAND_BPM: Final = READOUT.band_bpm
RATE_REACH_S: Final = 3.5
"""Half of what each rate of LGI-PPGI's reference was taken over: it speaks for windows that hold all of it."""

CONSTANT: Final = "constant"


@dataclass(frozen=True, kw_only=True)
class SpanReading:
    """One method on one window: what a table counts, and what a display may show.

    Attributes
    ----------
    reading
        With the rate by least squares.
    hann_bpm
        The rate by the peak of the spectrum under a Hann window.
    sighting
        For the rate that is shown: its rate is read on the last 8.53 s of the span's wave, near that of the whole span,
        so that a display is not half a minute late; ``None`` where nothing was read.
    pulse
        float64 [span], not band-passed, of the shortest span: to be joined and tracked.
    """

    reading: Reading
    hann_bpm: float | None
    sighting: Sighting | None
    pulse: Signal | None = None


Spans = dict[tuple[str, int], list[SpanReading]]
"""By method and span."""


def read_recording(recording: Recording, methods: Mapping[str, Pulses], spans: Sequence[int] = SPANS) -> Spans:
    """Read every second of a recording by every method on every span that it has room for."""
    found: Spans = defaultdict(list)
    for span in spans:
        for start_s in _starts(recording, span):
            window, common = _window(recording, start_s, span), _reading(recording, start_s, span)
            for name, method in methods.items():
                found[name, span].append(_read(window, common, method, span))
    return found


def first_readings(recording: Recording, method: Pulses) -> dict[int, SpanReading]:
    """Read a recording's first window on each span by one method; spans that it has no room for are left out."""
    starts = {span: _starts(recording, span)[:1] for span in SPANS}
    return {
        span: _read(_window(recording, start_s, span), _reading(recording, start_s, span), method, span)
        for span, found in starts.items()
        for start_s in found
    }


def windows_at(recording: Recording, span: int) -> Iterator[Reading]:
    """Every second's window of a recording, with its true rate and none that is read."""
    return (_reading(recording, start_s, span) for start_s in _starts(recording, span))


def with_constant(found: Iterable[Spans]) -> Spans:
    """Put recordings together, with a constant that says the mean of their true rates."""
    together: Spans = defaultdict(list)
    for spans in found:
        for key, readings in spans.items():
            together[key] += readings
    first = next(iter(together))[0] if together else ""
    for name, span in list(together):
        if name == first:
            together[CONSTANT, span] = _constant(together[name, span])
    return together


def _constant(readings: Sequence[SpanReading]) -> list[SpanReading]:
    known = [one.reading.true_bpm for one in readings if one.reading.true_bpm is not None]
    mean = float(np.mean(known)) if known else None
    plain = [dataclasses.replace(one.reading, bpm=mean, accepted=mean is not None) for one in readings]
    return [SpanReading(reading=reading, hann_bpm=mean, sighting=None) for reading in plain]


def _starts(recording: Recording, span: int) -> list[float]:
    t_s = recording.traces.t_s
    last = int((t_s[-1] - t_s[0]) * RATE_HZ + 1e-6) - span
    hop = HOP if recording.reference is not None or recording.rates is not None else HOP_WITHOUT_TRUTH
    return [float(t_s[0]) + start / RATE_HZ for start in range(0, last + 1, hop)]


def _window(recording: Recording, start_s: float, span: int) -> Window | None:
    wanted = dataclasses.replace(NORMALISER, window=span)
    even = even_cells(frames_about(recording.traces, start_s, wanted), start_s, wanted)
    return None if isinstance(even, NoClip) else Window(even)


def _reading(recording: Recording, start_s: float, span: int) -> Reading:
    return Reading(
        subject=recording.subject,
        recording=recording.recording,
        start_s=start_s,
        bpm=None,
        accepted=False,
        alive=recording.reference is not None or recording.rates is not None,
        true_bpm=true_bpm(recording, start_s, start_s + span / RATE_HZ),
        conditions=recording.conditions,
    )


def true_bpm(recording: Recording, start_s: float, end_s: float) -> float | None:
    """Rate of a window by a recording's reference; ``None`` where it says nothing about it."""
    if recording.reference is not None:
        return _from_wave(recording.reference, start_s, end_s)
    return None if recording.rates is None else _from_rates(recording.rates, start_s, end_s)


def _from_rates(rates: Rates, start_s: float, end_s: float) -> float | None:
    inside = (rates.t_s >= start_s + RATE_REACH_S) & (rates.t_s <= end_s - RATE_REACH_S)
    return float(np.mean(rates.bpm[inside], dtype=np.float64)) if inside.any() else None


def _from_wave(reference: Ppg, start_s: float, end_s: float) -> float | None:
    at_s = np.arange(start_s, end_s - 0.5 / RATE_HZ, 1 / RATE_HZ)
    inside = reference.t_s[(reference.t_s > at_s[0]) & (reference.t_s < at_s[-1])]
    if np.diff(inside, prepend=at_s[0], append=at_s[-1]).max() > LONGEST_GAP_S:
        return None
    return contact_bpm(detrend(sample_at(reference.samples, reference.t_s, at_s, RATE_HZ)))


def _read(window: Window | None, common: Reading, method: Pulses, span: int) -> SpanReading:
    if window is None:
        return SpanReading(reading=common, hann_bpm=None, sighting=None)
    pulse = method(window)
    wave = as_wave(banded(pulse))
    peak = heart_rate(wave, READOUT).bpm
    if peak is None:
        return SpanReading(reading=common, hann_bpm=None, sighting=None)
    bpm, share = refined_bpm(as_wave(pulse), peak, BAND_BPM), power_share(wave, peak, READOUT)
    now_bpm = bpm if span == WINDOW else refined_bpm(as_wave(pulse[-WINDOW:]), bpm, BAND_BPM)
    reading = dataclasses.replace(common, bpm=bpm, confidence=share, accepted=_accepts(window, pulse, method))
    sighting = Sighting(
        end_s=common.start_s + span / RATE_HZ,
        span=span,
        bpm=now_bpm,
        share=share,
        spread_bpm=spread_bpm(wave, bpm, READOUT),
    )
    kept = pulse if span == WINDOW else None
    return SpanReading(reading=reading, hann_bpm=peak, sighting=sighting, pulse=kept)


def _accepts(window: Window, pulse: NDArray[np.float64], method: Pulses) -> bool:
    """Whether a network's own rules accept a reading of its own length; else whether noise could not have given it."""
    own = method.accepts(window, pulse) if isinstance(method, LongNetwork) else None
    if own is not None:
        return own
    return tonality(as_wave(pulse), BAND_BPM) > noise_tonality(len(pulse) / RATE_HZ, BAND_BPM)
