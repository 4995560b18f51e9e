"""How far a pulse stands out of its band."""

from typing import Final

import numpy as np

from pulse8.measure.signal.spectrum import power_spectrum
from pulse8.values import Waveform

HALF_WIDTH_BPM: Final = 6.0
"""A rate and its double count as pulse within this distance. Source: de Haan and Jeanne, "Robust pulse rate from
chrominance-based rPPG", IEEE Trans. Biomed. Eng. 60(10), 2013; rPPG-Toolbox has the same width."""


def snr_db(wave: Waveform, bpm: float, band_bpm: tuple[float, float]) -> float:
    """Power about a rate and its double over the other power in the band, in decibels.

    Parameters
    ----------
    wave
        Any length; a Hann window is laid over it.
    bpm
        The rate: the true one, or the wave's own peak.
    band_bpm
        Where power counts.
    """
    spectrum = power_spectrum(wave, 4096)
    inside = spectrum.inside(band_bpm)
    near = np.minimum(np.abs(spectrum.bpm - bpm), np.abs(spectrum.bpm - 2 * bpm)) <= HALF_WIDTH_BPM
    signal = float(spectrum.power[inside & near].sum())
    noise = float(spectrum.power[inside & ~near].sum())
    tiny = float(np.finfo(np.float64).tiny)
    return 10 * float(np.log10(max(signal, tiny) / max(noise, tiny)))
