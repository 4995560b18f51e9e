"""What can be told about a network's reading beside its rate: the features that refusal rules weigh.

All are sums over a wave, its spectrum, or the clip that it was made of; none needs the truth, and each is cheap enough
for a board (docs/decisions/0071-refusal-by-risk.md).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.signal.filters import band_pass
from pulse8.measure.signal.spectrum import power_spectrum
from pulse8.spec import Readout, Refusal
from pulse8.values import CELLS_PER_ROI, ROI_NAMES, Clip, HeartRate, Waveform

NEAR_BPM: Final = 6.0
"""Power counts as the rate's within this distance; 8.5 s resolve 7 BPM."""

HALF_NEAR_BPM: Final = 10.0
SILENT: Final = 1e-3
"""A wave's standard deviation is raised by this before its logarithm is taken."""

DARK: Final = -5.0
"""Logarithm of the scale where no cell has one."""

FEATURES: Final = ("constant", "confidence", "size", "share", "rois", "halves", "noise")
"""Names, in the order of :func:`trust_features`."""


def trust_features(wave: Waveform, rate: HeartRate, clip: Clip, readout: Readout) -> Mapping[str, float]:
    """Describe a reading.

    Parameters
    ----------
    wave
        What the network gave, band-passed; a contact pulse has unit variance on this scale.
    rate
        Its rate, read.
    clip
        What the network saw.
    readout
        The band.

    Returns
    -------
    Mapping
        ``constant``: 1. ``confidence``: 1 minus the spectrum's entropy. ``size``: logarithm of the wave's standard
        deviation; a network that is trained towards nothing where it sees no pulse says by it how sure it is.
        ``share``: power within 6 BPM of the rate over the band's. ``rois``: the same in the sum of the clip's two
        colour differences, which is POS's pulse, mean over ROIs. ``halves``: the smaller share of the wave's halves,
        within 10 BPM. ``noise``: logarithm of the median scale of G+B-2R over the cells that were measured.
    """
    bpm, band = rate.bpm or 0.0, readout.band_bpm
    half = len(wave.samples) // 2
    colour = (clip.samples[0, 1] + clip.samples[0, 2]).astype(np.float64)
    rois = colour.reshape(len(ROI_NAMES), CELLS_PER_ROI, -1).mean(axis=1)
    pulses = band_pass(rois.T, wave.rate_hz, band).T.astype(np.float32)
    measured = clip.scale[2][clip.scale[2] > 0]
    return {
        "constant": 1.0,
        "confidence": rate.confidence,
        "size": math.log(float(wave.samples.std()) + SILENT),
        "share": _share(wave.samples, wave.rate_hz, bpm, band, NEAR_BPM),
        "rois": float(np.mean([_share(pulse, wave.rate_hz, bpm, band, NEAR_BPM) for pulse in pulses])),
        "halves": min(
            _share(part, wave.rate_hz, bpm, band, HALF_NEAR_BPM) for part in (wave.samples[:half], wave.samples[half:])
        ),
        "noise": math.log(float(np.median(measured))) if len(measured) else DARK,
    }


def judged(features: Mapping[str, float], refusals: Sequence[Refusal]) -> tuple[float, Refusal | None]:
    """Weigh a reading's features by a model's rules.

    Returns
    -------
    tuple
        The calibrated probability that the rate is within 5 BPM of the truth, 0..1: the first rule's sum is its log
        odds. And the first rule that refuses the reading, or ``None``.
    """
    sums = [sum(weight * features[name] for name, weight in rule.weights.items()) for rule in refusals]
    refusing = (rule for rule, total in zip(refusals, sums, strict=True) if total < rule.threshold)
    return 1 / (1 + math.exp(-max(min(sums[0], 50.0), -50.0))), next(refusing, None)


def _share(
    samples: NDArray[np.float32], rate_hz: float, bpm: float, band_bpm: tuple[float, float], near_bpm: float
) -> float:
    """Power about a rate over the band's; 0 where there is none."""
    spectrum = power_spectrum(Waveform(samples, rate_hz, 0.0), Readout().fft_length)
    inside = spectrum.inside(band_bpm)
    total = float(spectrum.power[inside].sum())
    near = inside & (np.abs(spectrum.bpm - bpm) <= near_bpm)
    return float(spectrum.power[near].sum()) / total if total > 0 else 0.0
