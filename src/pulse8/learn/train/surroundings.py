"""Disturbances that real recordings have and the simulation lacks, applied to windows of cells float32 [L, 12, 3].

One trace of the whole skin in all cells, light that drifts strongly, motion in the pulse band with harmonics, automatic
exposure, and objects without a pulse whose brightness and colour change. Their sizes are those
of real traces (docs/decisions/0121-what-training-windows-hold.md).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from pulse8.measure.clips.resample import RATE_HZ

Cells = NDArray[np.float32]
Signal = NDArray[np.float64]

PEOPLE_BPM: Final = (78.0, 18.0)
"""Mean and standard deviation of people's rates, at rest and after light exercise."""

SLOWEST_BPM: Final = 41.0
FASTEST_BPM: Final = 176.0

DRIFT_SLOPE: Final = (0.8, 1.5)
"""Exponents of a drift's amplitude over frequency: power falls as f^-1.6 to f^-3; real traces have f^-2.6."""

MOVES_HZ: Final = (0.4, 3.2)
SETTLE: Final = 200
"""Samples after which a resonance's switch-on transient has died away."""

ORDERS: Final = ((2, 0.8), (3, 0.5))
"""Harmonics of a motion and of a pulse, and their largest amplitude relative to the fundamental."""


def wanted_bpm(band_bpm: tuple[float, float], people: float, rng: np.random.Generator) -> float:
    """Draw a rate: with probability ``people`` from people's distribution, otherwise uniform over the band."""
    if rng.uniform() < people:
        return float(np.clip(rng.normal(*PEOPLE_BPM), SLOWEST_BPM, FASTEST_BPM))
    return float(rng.uniform(*band_bpm))


def one_trace(cells: Cells, rng: np.random.Generator) -> Cells:
    """Give all cells one weighted mean of the lit ones, as in a table of the whole skin's colour."""
    lit = cells.mean(axis=(0, 2)) > 0
    if not lit.any():
        return cells
    weights = rng.dirichlet(np.full(int(lit.sum()), rng.uniform(0.3, 5))).astype(np.float32)
    mean = np.einsum("tck,c->tk", cells[:, lit], weights)
    return np.repeat(mean[:, None], cells.shape[1], axis=1)


def drifted(cells: Cells, rng: np.random.Generator) -> Cells:
    """Add a drift of light or pose: 0.2 to 8 %, mostly slow, nearly white, a little different per cell."""
    wave = _drift(len(cells), rng)
    colour = 1 + 0.25 * rng.uniform() * rng.standard_normal(3)
    own = np.exp(0.3 * rng.uniform() * rng.standard_normal((cells.shape[1], 1)))
    return _changed(cells, 10 ** rng.uniform(-2.7, -1.1) * wave, own * colour)


def moved(cells: Cells, rng: np.random.Generator) -> Cells:
    """Add motion in the pulse band: one to three wandering rates, with harmonics, 0.1 to 6 %."""
    total = np.zeros(len(cells))
    for _ in range(int(rng.integers(1, 4))):
        total += rng.uniform(0.2, 1) * (
            _resonance(len(cells), rng) if rng.uniform() < 0.6 else _cycling(len(cells), rng)
        )
    colour = 1 + 0.12 * rng.standard_normal(3)
    own = np.exp(rng.uniform(0, 0.5) * rng.standard_normal((cells.shape[1], 1)))
    return _changed(cells, 10 ** rng.uniform(-3, -1.2) * _unit(total), own * colour)


def exposed(cells: Cells, rng: np.random.Generator) -> Cells:
    """Simulate automatic exposure: it compensates a part of the face's brightness, with a delay."""
    brightness = cells.mean(axis=(1, 2), dtype=np.float64)
    mean = float(brightness.mean())
    if mean <= 0:
        return cells
    keep = np.exp(-1 / (RATE_HZ * rng.uniform(0.2, 2.0)))
    followed = lfilter([1 - keep], [1, -keep], brightness / mean - 1)
    return np.asarray(cells / (1 + rng.uniform(0.2, 0.9) * followed)[:, None, None], np.float32)


def without_pulse(length: int, rng: np.random.Generator) -> Cells:
    """Make cells [L, 12, 3] of an object without a pulse: one colour per cell, camera noise, drift and motion."""
    level = rng.uniform(30, 200) * np.exp(0.25 * rng.standard_normal(3))
    cells = np.clip(level, 5, 230) * np.exp(0.08 * rng.standard_normal((12, 1)))
    noise = 10 ** rng.uniform(-2.3, -0.3) * rng.standard_normal((length, 12, 3))
    still = np.asarray(cells + noise, np.float32)
    for change, chance in ((drifted, 0.7), (moved, 0.7), (exposed, 0.2)):
        still = change(still, rng) if rng.uniform() < chance else still
    return still


def harmonics(angle: Signal, rng: np.random.Generator) -> Signal:
    """Sum the sine of an angle [L] and two harmonics of random amplitude (``ORDERS``)."""
    parts = [rng.uniform(0, height) * np.sin(order * angle + rng.uniform(0, 2 * np.pi)) for order, height in ORDERS]
    return np.asarray(np.sin(angle) + sum(parts))


def _changed(cells: Cells, wave: Signal, share: Signal) -> Cells:
    return np.asarray(np.clip(cells * (1 + wave[:, None, None] * share), 0, 255), np.float32)


def _drift(length: int, rng: np.random.Generator) -> Signal:
    rate_hz = np.fft.rfftfreq(4 * length, 1 / RATE_HZ)
    size = np.zeros(len(rate_hz))
    size[1:] = rate_hz[1:] ** -rng.uniform(*DRIFT_SLOPE)
    phases = np.exp(2j * np.pi * rng.uniform(size=len(rate_hz)))
    return _unit(np.fft.irfft(size * phases, 4 * length)[:length])


def _resonance(length: int, rng: np.random.Generator) -> Signal:
    """Noise through a resonance of 0.02 to 0.5 Hz width, half of the time with a second harmonic."""
    rate_hz, width_hz = rng.uniform(*MOVES_HZ), 10 ** rng.uniform(-1.7, -0.3)
    radius = np.exp(-np.pi * width_hz / RATE_HZ)
    poles = [1, -2 * radius * np.cos(2 * np.pi * rate_hz / RATE_HZ), radius**2]
    wave = _unit(lfilter([1], poles, rng.standard_normal(length + SETTLE))[SETTLE:])
    return wave + (rng.uniform(0, 0.4) * (wave**2 - 1) if rng.uniform() < 0.5 else 0)


def _cycling(length: int, rng: np.random.Generator) -> Signal:
    """Periodic motion at a wandering rate, with a second and a third harmonic."""
    strays = np.cumsum(rng.standard_normal(length)) / np.sqrt(length)
    rate_hz = np.maximum(rng.uniform(*MOVES_HZ) * (1 + 0.08 * rng.uniform() * strays), 0.2)
    return _unit(harmonics(2 * np.pi * np.cumsum(rate_hz) / RATE_HZ + rng.uniform(0, 2 * np.pi), rng))


def _unit(wave: Signal) -> Signal:
    centred = wave - wave.mean()
    return np.asarray(centred / max(float(centred.std()), 1e-9))
