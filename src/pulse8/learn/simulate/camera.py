"""From light to the mean of a cell's bytes, without rendering pixels.

A cell's mean over n pixels is computed from its distribution: noise falls with the square root of n, and rounding acts
on the mean of a distribution as wide as the noise and the skin's texture together.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import expit

from pulse8.learn.simulate.conditions import Camera
from pulse8.learn.simulate.streams import stream

Cells = NDArray[np.float64]

CLIPS: Final = 255.0
STEP_S: Final = 0.1
"""Time constant of a camera's change of exposure or colour: a few frames."""

EXPOSURE_STEP: Final = 0.06
WHITE_STEP: Final = 0.02
"""Standard deviations of one step, logarithm of light; assumed. Laurie et al., "Dedicated exposure control for remote
photoplethysmography", IEEE Access 8, 2020, show that such steps matter."""

GRAIN: Final = 1.5
"""Noise of a cell's mean relative to independent pixels: demosaicing correlates neighbours; assumed."""

MOVES: Final = 0.004
"""Pose change per frame, in face widths, at which noise reduction passes half of a new frame; assumed."""


def adjusted(light: Cells, camera: Camera, t_s: Cells, place: tuple[int, int]) -> Cells:
    """Apply the camera's changes of exposure and white balance to linear light [T, 12, 3]."""
    gain = np.zeros((len(t_s), 3))
    if camera.exposure_steps_per_min:
        rng = stream(*place, "camera.exposure")
        gain += EXPOSURE_STEP * _steps(camera.exposure_steps_per_min, t_s, rng, 1)
    if camera.white_balance_steps_per_min:
        rng = stream(*place, "camera.white_balance")
        gain += WHITE_STEP * _steps(camera.white_balance_steps_per_min, t_s, rng, 3) * [1, 0, 1]
    return np.asarray(light * np.exp(gain)[:, None, :])


def _steps(per_min: float, t_s: Cells, rng: np.random.Generator, channels: int) -> Cells:
    """Step at random times, and back towards the mean in the end, [T, channels]."""
    count = rng.poisson(per_min * t_s[-1] / 60)
    starts_s, sizes = rng.uniform(t_s[0], t_s[-1], count), rng.normal(size=(count, channels))
    sizes = np.diff(sizes, axis=0, prepend=np.zeros((1, channels)))  # the level wanders but stays bounded
    return np.asarray(expit((t_s[:, None] - starts_s) / STEP_S) @ sizes)


def exposed(light: Cells, camera: Camera, place: tuple[int, int]) -> Cells:
    """Linear light [T, 12, 3] to mean levels 0..255: clipping, noise, gamma, bytes."""
    clipped = np.clip(light, 1e-6, 1)
    levels = CLIPS * clipped ** (1 / camera.gamma)
    sigma = _pixel_noise(clipped, levels, camera)
    noise = stream(*place, "camera.noise").standard_normal(light.shape, np.float32)
    levels = levels + sigma * noise * (GRAIN / np.sqrt(camera.pixels))
    if camera.eight_bit:
        levels = _rounded(levels, np.hypot(sigma, camera.texture), camera, place)
    return np.clip(levels, 0, CLIPS)


def _pixel_noise(light: Cells, levels: Cells, camera: Camera) -> Cells:
    """Return one pixel's standard deviation in levels: shot and read noise through the slope of the gamma curve."""
    if not camera.full_well:
        return np.zeros_like(light)
    variance = light / camera.full_well + (camera.read_noise / camera.full_well) ** 2
    return np.asarray(np.sqrt(variance) * levels / (camera.gamma * light))


def _rounded(levels: Cells, width: Cells, camera: Camera, place: tuple[int, int]) -> Cells:
    """Mean of bytes over pixels spread normally about ``levels``.

    The first harmonic of the rounding staircase, damped by the spread (Widrow and Kollar, "Quantization Noise", 2008,
    chapter 4), and each pixel's remaining error, of variance 1/12.
    """
    bias = -np.exp(-2 * (np.pi * width) ** 2) / np.pi * np.sin(2 * np.pi * levels)
    left = stream(*place, "camera.rounding").standard_normal(levels.shape, np.float32)
    return np.asarray(levels + bias + left / np.sqrt(12 * camera.pixels))


def denoised(levels: Cells, camera: Camera, pose: Cells) -> Cells:
    """Temporal noise reduction: a mean of the past where nothing moves, the new frame where something does."""
    if not camera.denoise:
        return levels
    start = levels[:1] * camera.denoise
    still, _ = lfilter([1 - camera.denoise], [1, -camera.denoise], levels, axis=0, zi=start)
    speed = np.abs(np.diff(pose, axis=0, prepend=pose[:1])).max(axis=1)
    new = (speed / (speed + MOVES))[:, None, None]
    return np.asarray(new * levels + (1 - new) * still)
