"""Simulated ROI patches with a known heart rate: a plain camera in front of plain skin.

Good enough to run and judge the quantisation line; no evidence about people. Each subject has its own skin tone,
texture, resting rate and pulse strength; light drifts, the sensor adds noise, and the camera rounds to 8 bits.
Amplitudes: reference pulse 0.2-1 % of DC, strongest in green (Verkruysse 2008; de Haan & van Leest 2014).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import SpecError
from pulse8.measure.clips.patches import FRAMES, ROIS, SIDE
from pulse8.values import SIMULATED

RATE_HZ: Final = 30.0
RECORDING_S: Final = 60.0
PULSE_RGB: Final = np.array([0.35, 1.0, 0.55])
"""Relative pulse strength in red, green and blue."""


@dataclass(frozen=True, kw_only=True)
class SimulateOptions:
    """How many people, how many 8-frame windows of each, and the random seed they share."""

    subjects: int = 40
    """Simulated people."""
    windows: int = 15
    """Windows of 8 frames of each."""
    seed: int = 0
    """Seed that all of them share."""

    def __post_init__(self) -> None:
        if not 1 <= self.subjects <= 100_000 or not 1 <= self.windows <= 100_000:
            raise SpecError(f"{self.subjects} subjects with {self.windows} windows each; give 1 to 100,000 of both")
        if not 0 <= self.seed < 1 << 32:
            raise SpecError(f"seed {self.seed}; give 0 to {(1 << 32) - 1:,}")


@dataclass(frozen=True, eq=False)
class SimulatedWindows:
    """One simulated person: patches uint8 [n, 8, 3, 36, 36, 3], rate float32 [n] in BPM, subject id."""

    patches: NDArray[np.uint8]
    bpm: NDArray[np.float32]
    subject: str


def simulate_subject(number: int, options: SimulateOptions) -> SimulatedWindows:
    """Make one subject's windows; the same number, seed and options give the same bytes on one machine."""
    rng = np.random.default_rng([options.seed, number])
    start_s = np.sort(rng.uniform(0, RECORDING_S, options.windows))
    t_s = start_s[:, None] + np.arange(FRAMES) / RATE_HZ
    bpm, pulse = _pulse(t_s, rng)
    strength = rng.uniform(0.002, 0.010) * rng.uniform(0.7, 1.3, (ROIS, 1))
    light = 1 + _drift(t_s, rng)
    dc = _skin(rng)
    shade = 1 + pulse[:, :, None, None] * strength * PULSE_RGB  # [n, 8, 3 ROIs, 3 channels]
    mean = dc * shade * light[:, :, None, None]
    patches = mean[:, :, :, None, None, :] * _texture(rng)[None, None]
    patches += rng.normal(0, rng.uniform(1, 3), patches.shape).astype(np.float32)
    return SimulatedWindows(
        patches=np.clip(np.rint(patches), 0, 255).astype(np.uint8),
        bpm=bpm.mean(1).astype(np.float32),
        subject=f"{SIMULATED}{options.seed}-{number:04d}",
    )


def _pulse(t_s: NDArray[np.float64], rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rate in BPM and pulse wave of unit strength at each moment: slow drift, respiratory swing, one overtone."""
    base, drift, swing = rng.uniform(45, 155), rng.uniform(-8, 8), rng.uniform(0, 3)
    breath_hz, phase = rng.uniform(0.15, 0.35), rng.uniform(0, 2 * np.pi, 3)
    breath = 2 * np.pi * breath_hz * t_s + phase[0]
    bpm = base + drift * t_s / RECORDING_S + swing * np.sin(breath)
    beats = base * t_s + drift * t_s**2 / (2 * RECORDING_S) - swing * np.cos(breath) / (2 * np.pi * breath_hz)
    angle = 2 * np.pi * beats / 60 + phase[1]
    return bpm, np.sin(angle) + 0.25 * np.sin(2 * angle + phase[2])


def _drift(t_s: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    frequency_hz = rng.uniform(0.02, 0.3, 3)
    waves = np.sin(2 * np.pi * frequency_hz * t_s[..., None] + rng.uniform(0, 2 * np.pi, 3))
    return np.asarray(rng.uniform(0.002, 0.02) * waves.mean(-1))


def _skin(rng: np.random.Generator) -> NDArray[np.float64]:
    """Mean colour of each ROI, [3, 3] in 0..255: a tone from light to dark and small differences between ROIs."""
    tone = np.array([0.75, 0.55, 0.46]) * rng.uniform(0.45, 1.15)
    return np.asarray(255 * tone * rng.uniform(0.92, 1.08, (ROIS, 3)))


def _texture(rng: np.random.Generator) -> NDArray[np.float32]:
    """Shading of each ROI, [3, 36, 36, 1] around 1: blotches and a gradient of light."""
    blotches = rng.normal(0, 0.04, (ROIS, 6, 6)).repeat(SIDE // 6, 1).repeat(SIDE // 6, 2)
    slope = rng.uniform(-0.15, 0.15, (ROIS, 2, 1, 1)) * np.linspace(-1, 1, SIDE)
    shading = 1 + blotches + slope[:, 0] + slope[:, 1].transpose(0, 2, 1)
    return np.asarray(shading[..., None], dtype=np.float32)
