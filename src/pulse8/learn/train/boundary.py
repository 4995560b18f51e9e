"""The measure line's normaliser and readout as matrices, so that a batch takes one matrix product.

Detrending and band-passing a window are linear: both are their function applied to the identity. Equality with
:func:`pulse8.measure.clips.normalise.normalise` is tested.
"""

from functools import cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pulse8.intake import Normaliser
from pulse8.learn.prepare.labels import CONTACT_BAND_BPM
from pulse8.measure.clips.normalise import BASIS
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.spec import Readout

STANDARD: Final = Normaliser()

RATES_BPM: Final = torch.arange(40.0, 181.0)
"""Rates at which a wave's spectrum is evaluated: every BPM of the readout's band."""


@cache
def detrending(length: int) -> Tensor:
    """Matrix [L, L] that removes a window's trend."""
    return torch.from_numpy(detrend(np.eye(length), STANDARD.detrend_lambda)).float()


@cache
def banding(length: int) -> Tensor:
    """Matrix [L, L] of the readout's band pass."""
    return torch.from_numpy(_banding(length, Readout().band_bpm)).float()


@cache
def labelling(length: int) -> Tensor:
    """Matrix [L, L] of the band pass of labels."""
    return torch.from_numpy(_banding(length, CONTACT_BAND_BPM)).float()


def _banding(length: int, band_bpm: tuple[float, float]) -> NDArray[np.float64]:
    return np.ascontiguousarray(band_pass(np.eye(length), RATE_HZ, band_bpm))


def _plain(length: int) -> NDArray[np.float64]:
    """Matrix [2, 141, L]: remove the mean, apply a Hann window, then cosine and sine at each rate."""
    angle = 2 * np.pi * np.outer(RATES_BPM.numpy() / 60, np.arange(length) / RATE_HZ)
    waves = np.stack([np.cos(angle), np.sin(angle)]) * np.hanning(length)
    return np.asarray(waves - waves.mean(axis=2, keepdims=True))


@cache
def _transform(length: int) -> Tensor:
    """Matrix [2, 141, L] of the readout: band pass, then the spectrum."""
    return torch.from_numpy(_plain(length) @ _banding(length, Readout().band_bpm)).float()


@cache
def _label_transform(length: int) -> Tensor:
    return torch.from_numpy(_plain(length)).float()


def label_spectra(contact: Tensor) -> Tensor:
    """Power of labels [B, L] at ``RATES_BPM``, without another band pass: [B, 141]."""
    return _power(_label_transform(contact.shape[1]), contact)


def spectra(waves: Tensor) -> Tensor:
    """Power of waves [B, L] at ``RATES_BPM``, as the readout sees it: [B, 141]."""
    return _power(_transform(waves.shape[1]), waves)


def _power(transform: Tensor, waves: Tensor) -> Tensor:
    parts: Tensor = transform @ waves.T
    return parts.square().sum(dim=0).T


def normalised(cells: Tensor, normaliser: Normaliser = STANDARD) -> tuple[Tensor, Tensor]:
    """Cells to clips, as the measure line does where a cell's area is not known.

    Parameters
    ----------
    cells
        float32 [B, L, C, 3], 0..255, evenly sampled.
    normaliser
        The options; L may be shorter than its window.

    Returns
    -------
    tuple
        [B, 3, C, L] within +-clip_sigma, and the divisors [B, 3, C]; zeros where a cell has a channel of mean 0.
    """
    mean = cells.mean(dim=1, keepdim=True)
    lit = (mean > 0).all(dim=3, keepdim=True)
    relative = cells / torch.where(lit, mean, 1.0) - 1
    mixed = (relative @ torch.from_numpy(BASIS).float().T).flatten(2)
    steady = (detrending(cells.shape[1]) @ mixed).reshape(cells.shape)
    scale = steady.std(dim=1, correction=0)
    good = lit[:, 0] & (scale > 0).all(dim=2, keepdim=True)
    scaled = steady * (good / torch.where(good, scale, 1.0))[:, None]
    limited = scaled.clamp(-normaliser.clip_sigma, normaliser.clip_sigma)
    return limited.permute(0, 3, 2, 1).contiguous(), (scale * good).transpose(1, 2)
