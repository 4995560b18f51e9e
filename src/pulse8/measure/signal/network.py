"""From a waveform network's output to a pulse wave and a heart rate, as its spec says."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.signal.filters import band_pass
from pulse8.measure.signal.rate import heart_rate, refined
from pulse8.spec import ModelSpec
from pulse8.values import HeartRate, Waveform


def interleaved(phases: NDArray[np.float32]) -> NDArray[np.float32]:
    """Phases [B, P, 1, N / P] to waves [B, N]: sample n is in phase n mod P."""
    return phases.transpose(0, 2, 3, 1).reshape(len(phases), -1)


def banded(wave: Waveform, spec: ModelSpec) -> Waveform:
    """Band-pass a wave to the band in which its rate is read."""
    samples = band_pass(wave.samples.astype(np.float64), wave.rate_hz, spec.readout.band_bpm)
    return dataclasses.replace(wave, samples=samples.astype(np.float32))


def network_wave(phases: NDArray[np.float32], spec: ModelSpec, start_s: float = 0.0) -> Waveform:
    """Pulse wave of one window as the network gives it, phases [1, P, 1, N / P]."""
    return Waveform(samples=interleaved(phases)[0], rate_hz=spec.rate_hz, start_s=start_s)


def network_rate(phases: NDArray[np.float32], spec: ModelSpec, start_s: float = 0.0) -> HeartRate:
    """Heart rate of one window, refused by no rule."""
    wave = network_wave(phases, spec, start_s)
    return refined(heart_rate(banded(wave, spec), spec.readout), wave, spec.readout)
