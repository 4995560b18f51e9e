"""The loss of pulse12: a wave whose spectrum peaks at the true rate and whose amplitude is its confidence."""

from typing import Final

import torch
from torch import Tensor

from pulse8.learn.train.boundary import RATES_BPM, label_spectra, labelling, spectra
from pulse8.learn.train.options import LossOptions

NEAR_BPM: Final = 5.0
AROUND_BPM: Final = 12.0
"""A peak's centre is computed within this distance of the true rate: about a window's main lobe."""

LAGS: Final = range(-8, 9, 2)
"""Samples by which the contact pulse may lag the face's: the sensor has another clock and another place on the body."""

EDGE: Final = 8
TINY: Final = 1e-9


def rates_bpm(waves: Tensor) -> Tensor:
    """Rate of the highest power of waves [B, L], on a grid of 1 BPM: [B]."""
    return RATES_BPM[spectra(waves).argmax(dim=1)]


def label_rates_bpm(contact: Tensor) -> Tensor:
    """Rate of labels [B, L], on a grid of 1 BPM: [B]."""
    return RATES_BPM[label_spectra(contact).argmax(dim=1)]


def loss(waves: Tensor, contact: Tensor, pulse: Tensor, options: LossOptions) -> Tensor:
    """Loss of waves [B, L] against contact pulses [B, L] of unit variance; ``pulse`` bool [B] marks rows with one."""
    banded = waves @ labelling(waves.shape[1]).T
    wanted = _aligned(banded, contact)
    core = banded[:, EDGE:-EDGE]
    total = options.size * ((core - wanted) ** 2).mean()
    if pulse.any():
        total = total + _where_pulse(waves[pulse], core[pulse], contact[pulse], wanted[pulse], options)
    return total


def _where_pulse(waves: Tensor, core: Tensor, contact: Tensor, wanted: Tensor, options: LossOptions) -> Tensor:
    power = spectra(waves)
    share = power / (power.sum(dim=1, keepdim=True) + TINY)
    wanted_power = label_spectra(contact)
    away = (RATES_BPM - RATES_BPM[wanted_power.argmax(dim=1)][:, None]).abs()
    spectrum = -((share * (away <= NEAR_BPM)).sum(dim=1) + 1e-4).log().mean()
    distance = (share * away).sum(dim=1).mean() / 20
    shape = 1 - _correlation(core, wanted).mean()
    centre = (_middle(power, away) - _middle(wanted_power, away)).abs().mean()
    return options.spectrum * spectrum + options.distance * distance + options.shape * shape + options.centre * centre


def _middle(power: Tensor, away: Tensor) -> Tensor:
    """Power-weighted mean of the rates about the true rate, in BPM: [B]."""
    near = power * (away <= AROUND_BPM)
    middle: Tensor = (near * RATES_BPM).sum(dim=1) / (near.sum(dim=1) + TINY)
    return middle


@torch.no_grad()
def _aligned(waves: Tensor, contact: Tensor) -> Tensor:
    """Contact pulses, each at the lag of its highest correlation with the wave, without the edges: [B, L - 16]."""
    length = contact.shape[1]
    lagged = torch.stack([contact[:, EDGE + lag : length - EDGE + lag] for lag in LAGS], dim=1)
    best = _correlation(waves[:, None, EDGE:-EDGE], lagged).argmax(dim=1)
    return lagged[torch.arange(len(waves)), best]


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    one, other = one - one.mean(dim=-1, keepdim=True), other - other.mean(dim=-1, keepdim=True)
    found: Tensor = (one * other).sum(dim=-1) / (one.norm(dim=-1) * other.norm(dim=-1) + TINY)
    return found
