"""Batches for pulse12 from pools: windows drawn anew for each step, and fixed ones for validation.

A batch depends only on the seed, the step's number and the device's number: a resumed run gets the batches that it
would have had, and devices draw different ones.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from pulse8.intake import Normaliser
from pulse8.learn.train.augment import AugmentOptions, augmented, clean_face, sine
from pulse8.learn.train.boundary import detrending, labelling, normalised
from pulse8.learn.train.pool import Piece, Pool
from pulse8.learn.train.surroundings import wanted_bpm, without_pulse
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.signal.spectrum import peak_bpm, power_spectrum
from pulse8.spec import Readout
from pulse8.values import Waveform

WINDOW: Final = Normaliser().window
SHORT: Final = (150, 180, 210, 240)
"""Samples of a window that is not yet full: from 5 s on."""

LONG: Final = 2
"""A long window is so many times as long, and a batch has so many times fewer of them."""

FASTEST: Final = 1.4
"""Largest factor by which time is stretched: noise and motion are stretched with it."""


class Batch(NamedTuple):
    """The windows of one step.

    Attributes
    ----------
    clips
        [B, 3, 12, 256], or half of B and 512; a window that is not yet full begins with zeros.
    scale
        [B, 3, 12], the divisors.
    contact
        [B, L]: the contact pulse over the last L samples, detrended, band-passed once to a band wider than the
        readout's, of unit variance; zeros without one.
    pulse
        bool [B]: whether there is a true pulse.
    """

    clips: Tensor
    scale: Tensor
    contact: Tensor
    pulse: Tensor


class TrainingBatches(IterableDataset[Batch]):
    """A run's batches from pools mixed by weights, one for each of ``steps``, for one of several devices.

    The steps need not begin at 0; the length is that of the whole run, because Lightning counts the batches before the
    state that it goes on from too.
    """

    def __init__(
        self,
        pools: Sequence[tuple[Pool, float]],
        size: int,
        steps: range,
        seed: int,
        options: AugmentOptions,
        *,
        device: int = 0,
    ) -> None:
        self._pools, self._size, self._steps, self._options = pools, size, steps, options
        self._seed, self._device = seed, device
        self._rates_bpm = [_rates_bpm(pool) for pool, _ in pools]
        weights = np.array([weight for _, weight in pools])
        self._shares = weights / weights.sum()

    def __len__(self) -> int:
        return self._steps.stop

    def __iter__(self) -> Iterator[Batch]:
        """Give the batches; a zero at a seed's end changes nothing, so the first device draws as one alone does."""
        return (self._batch(np.random.default_rng([self._seed, step, self._device])) for step in self._steps)

    def _batch(self, rng: np.random.Generator) -> Batch:
        length, count = self._length(rng)
        drawn = [self._draw(length, rng) for _ in range(count)]
        batch = batch_of([cells for cells, _ in drawn], [contact for _, contact in drawn])
        batch.clips[torch.from_numpy(rng.uniform(size=count) < self._options.blind), 0] = 0.0
        return batch

    def _length(self, rng: np.random.Generator) -> tuple[int, int]:
        """Draw how many samples a batch's windows have, and how many windows there are."""
        luck = rng.uniform()
        if luck < self._options.short:
            return int(rng.choice(SHORT)), self._size
        if luck > 1 - self._options.long:
            return LONG * WINDOW, max(self._size // LONG, 1)
        return WINDOW, self._size

    def _draw(self, length: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One window's cells [L, 12, 3] and contact pulse [L]."""
        if self._options.still and rng.uniform() < self._options.still:
            return augmented(without_pulse(length, rng), self._options, rng), np.zeros(length, np.float32)
        source = int(rng.choice(len(self._pools), p=self._shares))
        pool = self._pools[source][0]
        index = int(rng.integers(len(pool.pieces)))
        piece, bpm = pool.pieces[index], self._rates_bpm[source][index]
        speed = self._speed(bpm, rng) if rng.uniform() < self._options.stretch else 1.0
        speed = min(speed, (piece.stop - piece.start - 1) / length)
        start = rng.uniform(piece.start, piece.stop - 1 - speed * (length - 1))
        place = start + speed * np.arange(length, dtype=np.float64)
        cells, contact = _read_off(pool.cells, place).reshape(length, 12, 3), _read_off(pool.contact, place)
        if self._options.clean and piece.pulse and rng.uniform() < self._options.clean:
            contact = sine(contact, bpm * speed, rng) if rng.uniform() < 0.5 else contact
            cells = clean_face(contact, rng)
        return augmented(cells, self._options, rng), contact

    def _speed(self, bpm: float, rng: np.random.Generator) -> float:
        wanted = wanted_bpm(Readout().band_bpm, self._options.people, rng)
        return float(np.clip(wanted / bpm, 1 / FASTEST, FASTEST)) if bpm else float(rng.uniform(1 / FASTEST, FASTEST))


def fixed_batches(pool: Pool, size: int, windows_each: int = 2) -> Iterator[tuple[list[Piece], Batch]]:
    """Windows side by side, not augmented, with the pieces that they are of."""
    starts = [
        (piece, piece.start + index * WINDOW)
        for piece in pool.pieces
        for index in range(min(windows_each, (piece.stop - piece.start) // WINDOW))
    ]
    for first in range(0, len(starts), size):
        rows = starts[first : first + size]
        cells = [pool.cells[start : start + WINDOW].reshape(WINDOW, 12, 3) for _, start in rows]
        contacts = [np.asarray(pool.contact[start : start + WINDOW]) for _, start in rows]
        yield [piece for piece, _ in rows], batch_of(cells, contacts)


def batch_of(cells: Sequence[NDArray[np.float32]], contacts: Sequence[NDArray[np.float32]]) -> Batch:
    """Make a batch of windows' cells [L, 12, 3] and contact pulses [L]."""
    clips, scale = normalised(torch.from_numpy(np.stack(cells)))
    length = clips.shape[3]
    contact = torch.from_numpy(np.stack(contacts))
    steady = contact @ (labelling(length) @ detrending(length)).T
    deviation = steady.std(dim=1, correction=0, keepdim=True)
    unit = torch.where(deviation > 0, steady / deviation.clamp(min=1e-12), 0.0)
    full = torch.nn.functional.pad(clips, (max(WINDOW - length, 0), 0))
    return Batch(full, scale, unit, deviation[:, 0] > 0)


def _read_off(values: NDArray[np.float32], place: NDArray[np.float64]) -> NDArray[np.float32]:
    """Values [N, ...] between samples, on straight lines."""
    first = int(place[0])
    held = values[first : int(place[-1]) + 2]
    whole = place.astype(np.int64)
    share = (place - whole).astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
    low = held[whole - first]
    return low + share * (held[np.minimum(whole - first + 1, len(held) - 1)] - low)


def _rates_bpm(pool: Pool) -> list[float]:
    """Rate of each piece's contact pulse; 0 where there is none."""
    return [_rate_bpm(pool.contact[piece.start : piece.stop]) if piece.pulse else 0.0 for piece in pool.pieces]


def _rate_bpm(contact: NDArray[np.float32]) -> float:
    wave = Waveform(samples=contact, rate_hz=RATE_HZ, start_s=0.0)
    return peak_bpm(power_spectrum(wave, Readout().fft_length), Readout().band_bpm) or 0.0
