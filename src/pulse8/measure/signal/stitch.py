"""Overlapping waves to one longer wave: a longer spectrum tells two rates apart that a window's cannot."""

from collections.abc import Sequence

import numpy as np

from pulse8.errors import InputError
from pulse8.values import Waveform


def joined(waves: Sequence[Waveform]) -> Waveform:
    """Overlap-add waves, each about its mean, of unit variance and under a Hann window.

    A network's wave has no unit, so none counts more than another; the window's ends, where a network knows least of
    what comes before or after, count least.

    Parameters
    ----------
    waves
        Of one rate, whole samples apart, in any order. A constant one adds nothing.

    Returns
    -------
    Waveform
        From the first one's start to the last one's end; 0 where there is no wave.

    Raises
    ------
    InputError
        No wave, or waves of different rates.
    """
    if len({wave.rate_hz for wave in waves}) != 1:
        raise InputError(f"{len(waves)} waves of different rates, or none; join waves of one rate")
    rate_hz, start_s = waves[0].rate_hz, min(wave.start_s for wave in waves)
    places = [round((wave.start_s - start_s) * rate_hz) for wave in waves]
    count = max(place + len(wave.samples) for place, wave in zip(places, waves, strict=True))
    total, weight = np.zeros(count), np.zeros(count)
    for place, wave in zip(places, waves, strict=True):
        window = np.hanning(len(wave.samples) + 2)[1:-1]
        inside = slice(place, place + len(window))
        total[inside] += window * _standard(wave)
        weight[inside] += window
    samples = np.divide(total, weight, out=np.zeros(count), where=weight > 0)
    return Waveform(samples=samples.astype(np.float32), rate_hz=rate_hz, start_s=start_s)


def _standard(wave: Waveform) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    samples = wave.samples.astype(np.float64)
    centred = samples - samples.mean()
    deviation = float(centred.std())
    return centred / deviation if deviation > 0 else np.zeros(len(samples))
