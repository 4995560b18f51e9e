"""Augmentation of cell colours: disturbances that the world may bring and that a recording lacks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import SpecError
from pulse8.learn.train.surroundings import drifted, exposed, harmonics, moved, one_trace
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.signal.projections import PBV_RGB

Cells = NDArray[np.float32]
"""float32 [L, 12, 3], 0..255."""


@dataclass(frozen=True, kw_only=True)
class AugmentOptions:
    """How often each change is made to a window.

    Attributes
    ----------
    stretch
        Time is stretched or compressed by a factor of at most 1.4, so that the rate becomes the target rate.
    people
        The target rate is distributed as in people; otherwise it is uniform over 40 to 180 BPM.
    flip
        The face is mirrored, or the rows of cells in each ROI are swapped.
    disturbance
        All cells are modulated by a nearly white periodic light of 0.4 to 3.2 Hz, by 0.1 to 3 %.
    noise
        Noise of 0.02 to 1 level in luma and less in chroma, as codecs leave it.
    gap
        Some frames are missing and were interpolated.
    drop
        One ROI, rarely two, was not seen.
    clean
        The recording is replaced by a face with a pulse and nothing else, seen by a camera with almost no noise.
    short
        A batch's windows hold only 5 to 8 s, with zeros before them, as in a provisional reading.
    long
        A batch has half as many windows of twice the length: the same weights are also run on 17 s.
    drift
        The light drifts strongly.
    move
        Something moves at a rate in the pulse band.
    exposure
        The camera's automatic exposure follows the picture.
    single
        All cells carry the mean over the skin, as in a table with one trace.
    blind
        The brightness rows are zeros: on a clean face brightness carries the pulse and is no motion reference.
    still
        The recording is replaced by an object without a pulse whose brightness and colour change.
    """

    stretch: float = 0.5
    flip: float = 0.5
    disturbance: float = 0.2
    noise: float = 0.1
    gap: float = 0.1
    drop: float = 0.12
    clean: float = 0.1
    short: float = 0.1
    people: float = 0.5
    long: float = 0.15
    drift: float = 0.35
    move: float = 0.25
    exposure: float = 0.15
    single: float = 0.4
    blind: float = 0.1
    still: float = 0.04

    def __post_init__(self) -> None:
        if wrong := [name for name, value in vars(self).items() if not 0 <= value <= 1]:
            raise SpecError(f"augmentation {wrong[0]} is {getattr(self, wrong[0])}; give a probability")


def augmented(cells: Cells, options: AugmentOptions, rng: np.random.Generator) -> Cells:
    """Augment one window; its pulse keeps its place in time."""
    luck = iter(rng.uniform(size=9))
    if next(luck) < options.flip:
        cells = _flipped(cells, rng)
    for chance, change in ((options.move, moved), (options.drift, drifted), (options.exposure, exposed)):
        if next(luck) < chance:
            cells = change(cells, rng)
    if next(luck) < options.disturbance:
        cells = cells * _disturbance(len(cells), rng)
    if next(luck) < options.noise:
        cells = cells + _noise(cells.shape, rng)
    if next(luck) < options.gap:
        cells = _bridged(cells, rng)
    if next(luck) < options.drop:
        cells = _dropped(cells, rng)
    return one_trace(cells, rng) if next(luck) < options.single else cells


def clean_face(contact: NDArray[np.float32], rng: np.random.Generator) -> Cells:
    """Make cells [L, 12, 3] with only a contact pulse [L]: 0.06 to 3 % of green, each cell with its own strength."""
    wave = (contact - contact.mean()) / max(float(np.ptp(contact)), 1e-6)
    colour = np.array([150.0, 100.0, 90.0]) * np.exp(0.2 * rng.standard_normal(3))
    strength = 10 ** rng.uniform(-3.2, -1.5) * np.exp(0.2 * rng.standard_normal((12, 1)) * rng.integers(0, 2))
    pulse = strength * PBV_RGB * np.exp(0.15 * rng.standard_normal(3))
    noise = 10 ** rng.uniform(-4, -1.3) * rng.standard_normal((len(wave), 12, 3))
    return np.asarray(colour * (1 - wave[:, None, None] * pulse) + noise, np.float32)


def sine(contact: NDArray[np.float32], bpm: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Replace a contact pulse by a sine of its rate, alone or with a second and a third harmonic."""
    angle = 2 * np.pi * bpm / 60 * np.arange(len(contact), dtype=np.float64) / RATE_HZ + rng.uniform(0, 2 * np.pi)
    wave = np.sin(angle) if rng.uniform() < 0.5 else harmonics(angle, rng)
    return np.asarray(wave, np.float32)


def _flipped(cells: Cells, rng: np.random.Generator) -> Cells:
    """Mirror the face (cheeks and columns change places), or swap the rows of each ROI's cells."""
    rois = cells.reshape(len(cells), 3, 2, 2, 3)
    if rng.uniform() < 0.5:
        return np.ascontiguousarray(rois[:, [0, 2, 1], :, ::-1]).reshape(cells.shape)
    return np.ascontiguousarray(rois[:, :, ::-1]).reshape(cells.shape)


def _disturbance(length: int, rng: np.random.Generator) -> Cells:
    """Periodic light [L, 12, 3] about 1: a wandering rate, a harmonic, each cell with its own strength."""
    rate_hz = rng.uniform(0.4, 3.2) + 0.05 * np.cumsum(rng.standard_normal(length)) / np.sqrt(length)
    angle = 2 * np.pi * np.cumsum(rate_hz) / RATE_HZ + rng.uniform(0, 2 * np.pi)
    wave = np.sin(angle) + rng.uniform(0, 0.5) * np.sin(2 * angle + rng.uniform(0, 2 * np.pi))
    strength = 10 ** rng.uniform(-3, -1.5) * np.exp(0.4 * rng.standard_normal((12, 1)))
    colour = 1 + 0.06 * rng.standard_normal(3)
    return np.asarray(1 + wave[:, None, None] * (strength * colour), np.float32)


def _noise(shape: tuple[int, ...], rng: np.random.Generator) -> Cells:
    level = 10 ** rng.uniform(-1.7, 0)
    luma = rng.standard_normal((*shape[:2], 1), np.float32)
    return np.float32(level) * (luma + np.float32(0.5) * rng.standard_normal(shape, np.float32))


def _bridged(cells: Cells, rng: np.random.Generator) -> Cells:
    """Replace 3 to 14 frames by a straight line."""
    count = int(rng.integers(3, 15))
    first = int(rng.integers(1, len(cells) - count - 1))
    share = (np.arange(1, count + 1, dtype=np.float32) / np.float32(count + 1))[:, None, None]
    cells = cells.copy()
    cells[first : first + count] = (1 - share) * cells[first - 1] + share * cells[first + count]
    return cells


def _dropped(cells: Cells, rng: np.random.Generator) -> Cells:
    cells = cells.copy()
    for roi in rng.permutation(3)[: 1 + int(rng.uniform() < 0.25)]:
        cells[:, 4 * roi : 4 * roi + 4] = 0
    return cells
