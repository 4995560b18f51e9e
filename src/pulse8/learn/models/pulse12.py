"""Our network: one window of twelve normalised cells to its pulse wave, in operators that the NPU runs in INT8.

Only Conv (1xk), ReLU, Sigmoid, same-shape Mul, AveragePool (at most 3 high), and Add: no reshape, dilation, resize or
broadcast. Each row of the stem sees a single cell, so that cells can be weighted before they are averaged.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from pulse8.errors import SpecError
from pulse8.spec import MAX_NPU_ROW

WINDOW: Final = 256
PHASES: Final = 4
"""The wave comes as four interleaved phases of 64 samples: the last convolution runs at a quarter of the rate."""

POOLS: Final[dict[int, tuple[int, ...]]] = {3: (3,), 12: (2, 2, 3), 48: (2, 2, 2, 2, 3)}
"""By number of rows, the heights of the average pools that reduce them to one row."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """The network's sizes.

    Attributes
    ----------
    inputs
        Input channels: 3 colour differences; 6 with a constant channel for the logarithmic scale of each.
    rows
        Cells: 3, 12 or 48.
    stem, trunk, head
        Channels before the cells are averaged, after it, and before the last convolution.
    stem_kernel, kernel
        Lengths of the first convolution and of the trunk's, odd.
    blocks
        Residual blocks in the trunk.
    gate
        Whether each cell's features are weighted by a sigmoid of themselves before the average.
    """

    inputs: int = 3
    rows: int = 12
    stem: int = 16
    trunk: int = 24
    head: int = 24
    stem_kernel: int = 7
    kernel: int = 9
    blocks: int = 6
    gate: bool = True

    def __post_init__(self) -> None:
        if self.rows not in POOLS or self.inputs not in (3, 6):
            raise SpecError(f"pulse12 of {self.inputs} inputs and {self.rows} rows; give 3 or 6, and 3, 12 or 48")
        sizes = (self.stem, self.trunk, self.head, self.stem_kernel, self.kernel, self.blocks)
        if not all(type(size) is int and 1 <= size <= 64 for size in sizes):
            raise SpecError(f"pulse12 of sizes {sizes}; give whole numbers of 1 to 64")
        if not (self.stem_kernel % 2 and self.kernel % 2):
            raise SpecError(f"kernels of {self.stem_kernel} and {self.kernel}; give odd ones")
        widest = max(WINDOW * self.inputs, WINDOW // 2 * self.stem, WINDOW // 4 * max(self.trunk, self.head))
        if widest > MAX_NPU_ROW:
            raise SpecError(f"width times channels reaches {widest}; the NPU takes {MAX_NPU_ROW}")


class ConvBlock(nn.Sequential):
    """Convolution along time with "same" padding, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        conv = nn.Conv2d(inputs, outputs, (1, kernel), stride=(1, stride), padding=(0, (kernel - 1) // 2), bias=False)
        super().__init__(conv, nn.BatchNorm2d(outputs), nn.ReLU())


class Pulse12(nn.Module):
    """Clips float32 [B, inputs, rows, 256] within +-4 to the pulse wave's phases [B, 4, 1, 64]."""

    def __init__(self, design: Design = Design()) -> None:
        super().__init__()
        self.design = design
        stem, trunk, head = design.stem, design.trunk, design.head
        self.stem1 = ConvBlock(design.inputs, stem, design.stem_kernel, stride=2)
        self.stem2 = ConvBlock(stem, stem, 5)
        self.gate = nn.Conv2d(stem, stem, 1) if design.gate else None
        self.pools = nn.ModuleList(nn.AvgPool2d((height, 1)) for height in POOLS[design.rows])
        self.enter = ConvBlock(stem, trunk, 5, stride=2)
        self.blocks = nn.ModuleList(ConvBlock(trunk, trunk, design.kernel) for _ in range(design.blocks))
        self.head = ConvBlock(trunk, head, 5)
        self.phases = nn.Conv2d(head, PHASES, 1)

    def forward(self, clips: Tensor) -> Tensor:
        """[B, inputs, rows, 256] to [B, 4, 1, 64]."""
        x = self.stem2(self.stem1(clips))
        if self.gate is not None:
            x = x * torch.sigmoid(self.gate(x))
        for pool in self.pools:
            x = pool(x)
        x = self.enter(x)
        for block in self.blocks:
            x = x + block(x)
        phases: Tensor = self.phases(self.head(x))
        return phases


def interleave(phases: Tensor) -> Tensor:
    """Phases [B, 4, 1, 64] to waves [B, 256]."""
    return phases.squeeze(2).transpose(1, 2).flatten(1)
