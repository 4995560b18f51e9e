"""The rate that is shown: one number a second, read on as much context as there is, held for a while, with its age.

A network without a fixed length reads 8.5, 17 and 34 s with the same weights; the longer the record, the fewer rates
are wrong. A reading is shown when enough of its wave's power stands about its peak; between such readings the last one
stays for some seconds and says how old it is.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from pulse8.measure.signal.spectrum import power_spectrum
from pulse8.spec import Readout
from pulse8.values import Waveform

NEAR_BPM: Final = 5.0
"""Power counts as the rate's within this distance."""

SPANS: Final = (256, 512, 1024)
"""Samples at 30 Hz that a rate is read on: 8.53, 17.07 and 34.13 s."""

HELD_S: Final = 8.0
"""So long a rate stays on the display without a new one: a heart at rest moves by under 5 BPM in that time."""


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """One reading that may be shown.

    Attributes
    ----------
    end_s
        When its last sample was taken, seconds.
    span
        Samples that it was read on.
    bpm
        Its rate.
    share
        Power about the rate over the band's, 0..1.
    spread_bpm
        How far the rate may be off: one standard deviation.
    """

    end_s: float
    span: int
    bpm: float
    share: float
    spread_bpm: float


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What stands on a display at a moment: a rate with its age and spread, or none."""

    at_s: float
    bpm: float | None
    age_s: float | None = None
    spread_bpm: float | None = None


def power_share(wave: Waveform, bpm: float, readout: Readout) -> float:
    """Power of a banded wave within ``NEAR_BPM`` of a rate over all of the band's; 0 where there is none."""
    spectrum = power_spectrum(wave, readout.fft_length)
    inside = spectrum.inside(readout.band_bpm)
    total = float(spectrum.power[inside].sum())
    near = inside & (np.abs(spectrum.bpm - bpm) <= NEAR_BPM)
    return float(spectrum.power[near].sum()) / total if total > 0 else 0.0


def spread_bpm(wave: Waveform, bpm: float, readout: Readout) -> float:
    """Width of a banded wave's power about a rate, BPM: how far the rate wanders, or is not known.

    The root of the second moment of the spectrum within two ``NEAR_BPM``; a short window's own width is in it.
    """
    spectrum = power_spectrum(wave, readout.fft_length)
    near = spectrum.inside(readout.band_bpm) & (np.abs(spectrum.bpm - bpm) <= 2 * NEAR_BPM)
    power = spectrum.power[near]
    if power.sum() <= 0:
        return 2 * NEAR_BPM
    variance = float((power * (spectrum.bpm[near] - bpm) ** 2).sum() / power.sum())
    return float(np.sqrt(variance))


def shown_rates(sightings: Iterable[Sighting], least: Mapping[int, float], held_s: float = HELD_S) -> Iterator[Shown]:
    """Yield what is shown at each moment that has sightings.

    Parameters
    ----------
    sightings
        In time order; of one moment, the longest span that may be shown is shown.
    least
        By span, the smallest share that may be shown; a span that is not named never is.
    held_s
        How long a rate stays without a new one.
    """
    last: Sighting | None = None
    for at_s, together in _moments(sightings):
        good = [one for one in together if one.share >= least.get(one.span, 2.0)]
        last = max(good, key=lambda one: one.span, default=last)
        if last is None or at_s - last.end_s > held_s:
            yield Shown(at_s=at_s, bpm=None)
        else:
            yield Shown(at_s=at_s, bpm=last.bpm, age_s=at_s - last.end_s, spread_bpm=last.spread_bpm)


def _moments(sightings: Iterable[Sighting]) -> Iterator[tuple[float, list[Sighting]]]:
    together: list[Sighting] = []
    for one in sightings:
        if together and one.end_s > together[0].end_s:
            yield together[0].end_s, together
            together = []
        together.append(dataclasses.replace(one))
    if together:
        yield together[0].end_s, together
