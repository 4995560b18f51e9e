"""What pulse12 is trained for: a wave with its spectrum's peak at the true rate, and as strong as it is sure."""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from pulse8.errors import SpecError
from pulse8.learn.train.boundary import RATES_BPM, banding, spectra

NEAR_BPM: Final = 5.0
LAGS: Final = range(-8, 9, 2)
"""Samples by which the contact pulse may trail the face's: its clock and place are its own."""

EDGE: Final = 8
TINY: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class LossOptions:
    """Weights of the loss's terms.

    Attributes
    ----------
    spectrum
        Minus the logarithm of the share of power within 5 BPM of the true rate.
    distance
        Mean distance of the power from the true rate, in units of 20 BPM.
    shape
        1 - Pearson's correlation with the contact pulse at the best lag.
    size
        Mean squared difference from the contact pulse of unit variance, or from nothing where there is no pulse: the
        wave's size then says how sure it is.
    """

    spectrum: float = 1.0
    distance: float = 0.5
    shape: float = 0.5
    size: float = 0.3

    def __post_init__(self) -> None:
        if min(vars(self).values()) < 0:
            raise SpecError(f"loss weights {vars(self)}; give 0 or more")


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
