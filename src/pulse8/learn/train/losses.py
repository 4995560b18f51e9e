"""What pulse12 is trained for: a wave with its spectrum's peak at the true rate, and as strong as it is sure."""

from typing import Final

import torch
from torch import Tensor

from pulse8.learn.train.boundary import RATES_BPM, banding, spectra
from pulse8.learn.train.options import LossOptions

NEAR_BPM: Final = 5.0
LAGS: Final = range(-8, 9, 2)
"""Samples by which the contact pulse may trail the face's: its clock and place are its own."""

EDGE: Final = 8
TINY: Final = 1e-9


def rates_bpm(waves: Tensor) -> Tensor:
    """Rate of the highest power of waves [B, L], on a grid of 1 BPM: [B]."""
    return RATES_BPM[spectra(waves).argmax(dim=1)]


def loss(waves: Tensor, contact: Tensor, pulse: Tensor, options: LossOptions) -> Tensor:
    """Loss of waves [B, L] against contact pulses [B, L] of unit variance; ``pulse`` bool [B] says where one is."""
    banded = waves @ banding(waves.shape[1]).T
    wanted = _aligned(banded, contact)
    core = banded[:, EDGE:-EDGE]
    total = options.size * ((core - wanted) ** 2).mean()
    if pulse.any():
        total = total + _where_pulse(waves[pulse], core[pulse], contact[pulse], wanted[pulse], options)
    return total


def _where_pulse(waves: Tensor, core: Tensor, contact: Tensor, wanted: Tensor, options: LossOptions) -> Tensor:
    power = spectra(waves)
    share = power / (power.sum(dim=1, keepdim=True) + TINY)
    away = (RATES_BPM - rates_bpm(contact)[:, None]).abs()
    spectrum = -((share * (away <= NEAR_BPM)).sum(dim=1) + 1e-4).log().mean()
    distance = (share * away).sum(dim=1).mean() / 20
    shape = 1 - _correlation(core, wanted).mean()
    return options.spectrum * spectrum + options.distance * distance + options.shape * shape


@torch.no_grad()
def _aligned(waves: Tensor, contact: Tensor) -> Tensor:
    """Contact pulses at the lag where each is likest its wave, without the edges: [B, L - 16]."""
    length = contact.shape[1]
    lagged = torch.stack([contact[:, EDGE + lag : length - EDGE + lag] for lag in LAGS], dim=1)
    best = _correlation(waves[:, None, EDGE:-EDGE], lagged).argmax(dim=1)
    return lagged[torch.arange(len(waves)), best]


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    one, other = one - one.mean(dim=-1, keepdim=True), other - other.mean(dim=-1, keepdim=True)
    found: Tensor = (one * other).sum(dim=-1) / (one.norm(dim=-1) * other.norm(dim=-1) + TINY)
    return found
