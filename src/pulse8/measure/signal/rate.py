"""From a pulse wave to a heart rate, or to the reason why there is none."""

import dataclasses
from typing import Final

import numpy as np

from pulse8.measure.signal.harmonic import refined_bpm
from pulse8.measure.signal.spectrum import peak_bpm, power_spectrum, spectral_entropy
from pulse8.spec import Readout
from pulse8.values import HeartRate, Reason, Waveform

SHORTEST_S: Final = 5.0
"""Under this there is no rate. At 0 dB the best unbiased estimate of a tone with unknown drift has a standard deviation
of 0.5 BPM after 5 s, 2.4 after 2 s and 12.5 after 1 s (Cramer-Rao bound, 30 frames a second), and CHROM's own noise
exceeds its pulse under about 4 s (doi 10.1007/978-3-030-98404-5_14). Three beats of the slowest pulse, 40 BPM, take
4.5 s: fewer cannot be told from drift."""


NOISE_MEAN: Final = 0.65
NOISE_SPREAD: Final = 2.0
"""Tonality that noise does not reach: (mean + spread / sqrt(M)) / ln(M), M the bins in the band. 1.3 to 1.4 times what
99.9 % of white-noise records of 5 to 60 s stay under (benchmarks/face_video.py refusal; decision 0111)."""


def tonality(wave: Waveform, band_bpm: tuple[float, float]) -> float:
    """How far a wave's spectrum in a band is from an even one: 0 (noise) to 1 (one tone).

    The wave must not have been band-passed to that band: the filter's slopes make noise look like a tone in its middle,
    and a tone at its end like noise.
    """
    return 1 - spectral_entropy(power_spectrum(wave, 1), band_bpm)


def noise_tonality(seconds: float, band_bpm: tuple[float, float]) -> float:
    """Tonality that noise of a length in seconds does not reach."""
    bins = max(seconds * (band_bpm[1] - band_bpm[0]) / 60, 3.0)
    return float((NOISE_MEAN + NOISE_SPREAD / np.sqrt(bins)) / np.log(bins))


def heart_rate(wave: Waveform, readout: Readout) -> HeartRate:
    """Read the rate of the strongest periodicity in a band.

    The rate is the peak of the zero-padded spectrum. The confidence is 1 minus the normalised entropy of the spectrum
    in the band, taken without padding: padding adds bins but no knowledge. Neither depends on the wave's gain or
    offset. Confidences compare between waves of one length: a longer one has more bins to spread over.

    Parameters
    ----------
    wave
        float32 [N] without unit.
    readout
        The band that is searched, and the FFT length.

    Returns
    -------
    HeartRate
        Without a rate where the wave is shorter than ``SHORTEST_S`` (too short), not finite, constant or without a peak
        in the band (no pulse).
    """
    if len(wave.samples) < SHORTEST_S * wave.rate_hz - 0.5:  # half a sample: a window's length was rounded
        return no_rate(wave, Reason.TOO_SHORT)
    if not np.isfinite(wave.samples).all() or np.ptp(wave.samples) == 0:
        return no_rate(wave, Reason.NO_PULSE)
    bpm = peak_bpm(power_spectrum(wave, readout.fft_length), readout.band_bpm)
    if bpm is None:
        return no_rate(wave, Reason.NO_PULSE)
    entropy = spectral_entropy(power_spectrum(wave, 1), readout.band_bpm)
    return _reading(wave, bpm, None, 1 - entropy)


def refined(rate: HeartRate, wave: Waveform, readout: Readout) -> HeartRate:
    """Move a rate from its spectrum's peak to what least squares on two harmonics say of the wave without a band pass.

    The last step of every method's readout: refusals look at the spectrum's peak.
    """
    if rate.bpm is None:
        return rate
    return dataclasses.replace(rate, bpm=refined_bpm(wave, rate.bpm, readout.band_bpm))


def no_rate(wave: Waveform, reason: Reason) -> HeartRate:
    """Return the wave's span without a rate."""
    return _reading(wave, None, reason, 0.0)


def _reading(wave: Waveform, bpm: float | None, reason: Reason | None, confidence: float) -> HeartRate:
    return HeartRate(
        bpm=bpm,
        reason=reason,
        confidence=min(max(confidence, 0.0), 1.0),
        resolution_bpm=60 * wave.rate_hz / max(len(wave.samples), 1),
        start_s=wave.start_s,
        end_s=wave.end_s,
    )
