"""What recordings of people hold and the simulated world does not: changes to windows, cells float32 [L, 12, 3].

A trace of the whole skin in all cells, light that drifts steeply, movement in the pulse's band with harmonics, an
exposure that follows the picture, and things without a pulse that move in brightness and colour alike. Sizes are those
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
"""Mean and standard deviation of rates as people have them, at rest and after some movement."""

SLOWEST_BPM: Final = 41.0
FASTEST_BPM: Final = 176.0

DRIFT_SLOPE: Final = (0.8, 1.5)
"""Exponents of a drift's amplitude over frequency: power falls as f^-1.6 to f^-3; real traces have f^-2.6."""

MOVES_HZ: Final = (0.4, 3.2)
SETTLE: Final = 200
"""Samples after which a resonance has forgotten that it was switched on."""

ORDERS: Final = ((2, 0.8), (3, 0.5))
"""Harmonics of a movement and of a pulse, and their largest height over the first's."""


def wanted_bpm(band_bpm: tuple[float, float], people: float, rng: np.random.Generator) -> float:
    """Draw a rate: as people have it with a probability, otherwise any of the band."""
    if rng.uniform() < people:
        return float(np.clip(rng.normal(*PEOPLE_BPM), SLOWEST_BPM, FASTEST_BPM))
    return float(rng.uniform(*band_bpm))


def one_trace(cells: Cells, rng: np.random.Generator) -> Cells:
    """Let all cells carry one weighted mean of the lit ones, as a table of a whole skin's colour does."""
    lit = cells.mean(axis=(0, 2)) > 0
    if not lit.any():
        return cells
    weights = rng.dirichlet(np.full(int(lit.sum()), rng.uniform(0.3, 5))).astype(np.float32)
    mean = np.einsum("tck,c->tk", cells[:, lit], weights)
    return np.repeat(mean[:, None], cells.shape[1], axis=1)


def drifted(cells: Cells, rng: np.random.Generator) -> Cells:
    """Let the light or the pose drift: 0.2 to 8 %, steep, nearly white, a little of each cell's own."""
    wave = _drift(len(cells), rng)
    colour = 1 + 0.25 * rng.uniform() * rng.standard_normal(3)
    own = np.exp(0.3 * rng.uniform() * rng.standard_normal((cells.shape[1], 1)))
    return _changed(cells, 10 ** rng.uniform(-2.7, -1.1) * wave, own * colour)


def moved(cells: Cells, rng: np.random.Generator) -> Cells:
    """Let something move in the pulse's band: one to three rates that wander, with harmonics, 0.1 to 6 %."""
    total = np.zeros(len(cells))
    for _ in range(int(rng.integers(1, 4))):
        total += rng.uniform(0.2, 1) * (
            _resonance(len(cells), rng) if rng.uniform() < 0.6 else _cycling(len(cells), rng)
        )
    colour = 1 + 0.12 * rng.standard_normal(3)
    own = np.exp(rng.uniform(0, 0.5) * rng.standard_normal((cells.shape[1], 1)))
    return _changed(cells, 10 ** rng.uniform(-3, -1.2) * _unit(total), own * colour)


def exposed(cells: Cells, rng: np.random.Generator) -> Cells:
    """Let the camera's exposure follow the face's brightness, by a part of it and after a delay of its own."""
    brightness = cells.mean(axis=(1, 2), dtype=np.float64)
    mean = float(brightness.mean())
    if mean <= 0:
        return cells
    keep = np.exp(-1 / (RATE_HZ * rng.uniform(0.2, 2.0)))
    followed = lfilter([1 - keep], [1, -keep], brightness / mean - 1)
    return np.asarray(cells / (1 + rng.uniform(0.2, 0.9) * followed)[:, None, None], np.float32)


def without_pulse(length: int, rng: np.random.Generator) -> Cells:
    """Make cells [L, 12, 3] of a thing without a pulse: noise of a camera, one even colour a cell, and what moves."""
    level = rng.uniform(30, 200) * np.exp(0.25 * rng.standard_normal(3))
    cells = np.clip(level, 5, 230) * np.exp(0.08 * rng.standard_normal((12, 1)))
    noise = 10 ** rng.uniform(-2.3, -0.3) * rng.standard_normal((length, 12, 3))
    still = np.asarray(cells + noise, np.float32)
    for change, chance in ((drifted, 0.7), (moved, 0.7), (exposed, 0.2)):
        still = change(still, rng) if rng.uniform() < chance else still
    return still


def harmonics(angle: Signal, rng: np.random.Generator) -> Signal:
    """Sum a tone of an angle [L] and two harmonics of any height up to their largest."""
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
    """Noise through a resonance of 0.02 to 0.5 Hz width, seldom with a second harmonic."""
    rate_hz, width_hz = rng.uniform(*MOVES_HZ), 10 ** rng.uniform(-1.7, -0.3)
    radius = np.exp(-np.pi * width_hz / RATE_HZ)
    poles = [1, -2 * radius * np.cos(2 * np.pi * rate_hz / RATE_HZ), radius**2]
    wave = _unit(lfilter([1], poles, rng.standard_normal(length + SETTLE))[SETTLE:])
    return wave + (rng.uniform(0, 0.4) * (wave**2 - 1) if rng.uniform() < 0.5 else 0)


def _cycling(length: int, rng: np.random.Generator) -> Signal:
    """Strokes at a rate that wanders, with a second and a third harmonic."""
    strays = np.cumsum(rng.standard_normal(length)) / np.sqrt(length)
    rate_hz = np.maximum(rng.uniform(*MOVES_HZ) * (1 + 0.08 * rng.uniform() * strays), 0.2)
    return _unit(harmonics(2 * np.pi * np.cumsum(rate_hz) / RATE_HZ + rng.uniform(0, 2 * np.pi), rng))


def _unit(wave: Signal) -> Signal:
    centred = wave - wave.mean()
    return np.asarray(centred / max(float(centred.std()), 1e-9))
