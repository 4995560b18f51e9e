"""The spectrum of a wave, its peak in a band, and how spread out it is there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pulse8.values import Waveform


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Power over rate: float64 [F] in beats per minute, from 0, evenly spaced, and float64 [F] without unit."""

    bpm: NDArray[np.float64]
    power: NDArray[np.float64]

    def inside(self, band_bpm: tuple[float, float]) -> NDArray[np.bool_]:
        """Bool [F]: which bins lie in the band, its ends included."""
        return (self.bpm >= band_bpm[0]) & (self.bpm <= band_bpm[1])


def power_spectrum(wave: Waveform, fft_length: int) -> Spectrum:
    """Power of a wave about its mean under a Hann window.

    Parameters
    ----------
    wave
        At least one sample, all finite.
    fft_length
        Length after zero padding. A wave that is longer is transformed at its own length: it is never cut.
    """
    count = len(wave.samples)
    length = max(fft_length, count)
    samples = wave.samples.astype(np.float64)
    power = np.abs(np.fft.rfft((samples - samples.mean()) * np.hanning(count), length)) ** 2
    bins = np.arange(len(power), dtype=np.float64)
    return Spectrum(bpm=bins * (60 * wave.rate_hz / length), power=power)


def peak_bpm(spectrum: Spectrum, band_bpm: tuple[float, float]) -> float | None:
    """Rate of the highest peak in a band, refined by a parabola through the logarithm of three bins.

    A Hann window's main lobe is close to a Gaussian, whose logarithm is a parabola. A slope that only rises to the
    band's end is no peak: then there is ``None`` rather than the end of the band.
    """
    power = spectrum.power
    summit = np.zeros(len(power), dtype=bool)
    summit[1:-1] = (power[1:-1] > power[:-2]) & (power[1:-1] >= power[2:])
    summits = np.flatnonzero(summit & spectrum.inside(band_bpm))
    if not summits.size:
        return None
    top = summits[np.argmax(power[summits])]
    left, middle, right = np.log(np.maximum(power[top - 1 : top + 2], np.finfo(np.float64).tiny))
    shift_bins = 0.5 * (left - right) / (left - 2 * middle + right)
    return float(np.clip((top + shift_bins) * spectrum.bpm[1], *band_bpm))


def spectral_entropy(spectrum: Spectrum, band_bpm: tuple[float, float]) -> float:
    """Entropy of the power's distribution over a band's bins, as a share of the largest possible.

    Returns
    -------
    float
        0 (all power in one bin) to 1 (the same power in each, or no power, or fewer than two bins).
    """
    power = spectrum.power[spectrum.inside(band_bpm)]
    if power.size < 2 or power.sum() <= 0:
        return 1.0
    shares = power / power.sum()
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum() / np.log(power.size))
