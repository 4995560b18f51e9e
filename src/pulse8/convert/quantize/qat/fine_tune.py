"""A short fine-tune on the task itself: the same steps through the INT8 arithmetic or in float."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from pulse8.convert.quantize.qat.options import QatOptions
from pulse8.convert.quantize.qat.simulation import Simulation
from pulse8.spec import ModelSpec

Batch = tuple[Tensor, Tensor]
"""Inputs [n, ...] of the static form, and true rates [n] in BPM."""

ERROR_UNIT_BPM: Final = 10.0
NEAR_BPM: Final = 5.0
MAX_GRADIENT: Final = 2.0
SHAPE_WEIGHT: Final = 0.5


@dataclass(frozen=True)
class RateObjective:
    """Smooth L1 between a network's rates and the true ones, in units of 10 BPM: what ultralight is trained on."""

    def __call__(self, outputs: Tensor, _teacher: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss."""
        return smooth_l1_loss(outputs.flatten() / ERROR_UNIT_BPM, labels / ERROR_UNIT_BPM)


@dataclass(frozen=True)
class WaveObjective:
    """Minus the logarithm of the share of in-band power within 5 BPM of the true rate, and the teacher's shape."""

    spec: ModelSpec

    def __call__(self, outputs: Tensor, teacher: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of phases [n, P, 1, N / P]."""
        wave, wanted = (each.squeeze(2).transpose(1, 2).flatten(1) for each in (outputs, teacher))
        share = self._near(wave, labels)
        return -(share + 1e-4).log().mean() + SHAPE_WEIGHT * (1 - _correlation(wave, wanted)).mean()

    def _near(self, wave: Tensor, labels: Tensor) -> Tensor:
        readout = self.spec.readout
        window = torch.hann_window(wave.shape[1])
        power = torch.fft.rfft((wave - wave.mean(1, keepdim=True)) * window, readout.fft_length).abs() ** 2
        rates_bpm = torch.arange(power.shape[1]) * (60 * self.spec.rate_hz / readout.fft_length)
        inside = (rates_bpm >= readout.band_bpm[0]) & (rates_bpm <= readout.band_bpm[1])
        near = (rates_bpm - labels[:, None]).abs() <= NEAR_BPM
        share: Tensor = (power * (inside & near)).sum(1) / ((power * inside).sum(1) + 1e-9)
        return share


Objective = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(outputs, the teacher's outputs, labels) to a loss."""


def objective_of(spec: ModelSpec) -> Objective:
    """Return what a model of this spec is tuned for."""
    return RateObjective() if spec.output == "bpm" else WaveObjective(spec)


def fine_tune(
    network: Simulation, batches: Iterable[Batch], objective: Objective, options: QatOptions, *, int8: bool
) -> None:
    """Take one AdamW step a batch, through the INT8 arithmetic or in float; the float start is the teacher."""
    weights = [parameter.detach().clone() for parameter in network.parameters()]
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps)
    teacher = dict(zip((name for name, _ in network.named_parameters()), weights, strict=True))
    for inputs, labels in batches:
        with torch.no_grad():
            wanted = torch.func.functional_call(network, teacher, (inputs,), {"int8": False})
        optimizer.zero_grad()
        torch.autograd.backward(objective(network(inputs, int8=int8), wanted, labels))
        torch.nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT)
        optimizer.step()
        schedule.step()


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    one, other = one - one.mean(1, keepdim=True), other - other.mean(1, keepdim=True)
    correlation: Tensor = (one * other).sum(1) / (one.norm(dim=1) * other.norm(dim=1) + 1e-9)
    return correlation
