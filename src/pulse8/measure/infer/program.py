"""The computation of an INT8 file as typed records: read once, then executed by numpy or written out as C.

A program is a sequence of steps without branches. Each step reads int8 tensors by name and produces one; names are
those of the ONNX file. Shapes and weights are channel first, as in ONNX. All steps share one formula:

    y = clamp(rne(float32(acc) * m) + z_y, low, high)

with ``acc`` an exact integer below 2^24, ``m`` a float32 rounded once, ``rne`` rounding half to even, and a single
multiplication. A ReLU sets ``low``. A function from one byte to one byte is a table of 256.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Pair = tuple[int, int]
"""(along the height, along the width)."""

ACC_LIMIT: Final = 1 << 24
"""Below this, integers are exact in float32, and so are sums and products that stay below it, in any order."""


@dataclass(frozen=True)
class Tensor:
    """An int8 tensor: real value = scale * (q - zero point)."""

    name: str
    shape: tuple[int, ...]
    scale: np.float32
    zero_point: int

    def same_codes(self, other: "Tensor") -> bool:
        """Whether both have the same scale and zero point."""
        return (self.scale, self.zero_point) == (other.scale, other.zero_point)


@dataclass(frozen=True, kw_only=True)
class Window:
    """How a kernel moves: ``pads`` is top, left, bottom, right; a padded place holds the zero point."""

    kernel: Pair
    strides: Pair = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilations: Pair = (1, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Conv:
    """acc = sum (x - z_x) w + bias; a Gemm is a Conv of kernel (1, 1) on [N, C] seen as [N, C, 1, 1].

    Attributes
    ----------
    weight
        int8 [out, in / groups, height, width], zero point 0.
    bias
        int32 [out], in units of s_x s_w.
    multiplier
        float32 [out]: s_x s_w / s_y, one value per output channel, even where all weights share a scale.
    weight_scale
        float32 [out].
    """

    source: Tensor
    output: Tensor
    weight: NDArray[np.int8]
    weight_scale: NDArray[np.float32]
    bias: NDArray[np.int32]
    multiplier: NDArray[np.float32]
    window: Window
    groups: int = 1
    low: int = -128
    high: int = 127

    @property
    def group_inputs(self) -> int:
        """Input channels per group."""
        return int(self.weight.shape[1])

    @cached_property
    def rows(self) -> NDArray[np.float32]:
        """Weights as [group, output channel of the group, place of the kernel x input channel]; integers, exact."""
        moved = self.weight.transpose(0, 2, 3, 1).reshape(self.groups, -1, self.weight[0].size)
        return np.ascontiguousarray(moved, np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class MaxPool:
    """Largest byte of each window; padding never wins. Source and output have the same codes."""

    source: Tensor
    output: Tensor
    window: Window


@dataclass(frozen=True, kw_only=True, eq=False)
class AveragePool:
    """acc = sum (x - z_x); a GlobalAveragePool is one window over the whole picture.

    ``multiplier`` is float32: s_x / (s_y * counted elements), of shape [1, 1] where every window counts the same, and
    [output height, output width] where padding is not counted.
    """

    source: Tensor
    output: Tensor
    multiplier: NDArray[np.float32]
    window: Window
    low: int = -128
    high: int = 127


@dataclass(frozen=True, kw_only=True, eq=False)
class Add:
    """Operands of one scale: acc = (a - z_a) + (b - z_b), m = s_a / s_y. Shapes are equal."""

    source: Tensor
    other: Tensor
    output: Tensor
    multiplier: np.float32
    low: int = -128
    high: int = 127


@dataclass(frozen=True, kw_only=True, eq=False)
class ScaledAdd:
    """Operands of two scales: rne((float32(a - z_a) s_a + float32(b - z_b) s_b) * float32(1 / s_y)) + z_y, in float32.

    Three multiplications and one addition, each rounded: no fused multiply-add. ``inverse`` is float32(1 / s_y). A
    difference (``sign`` -1) has s_b negative.
    """

    source: Tensor
    other: Tensor
    output: Tensor
    inverse: np.float32
    sign: Literal[1, -1] = 1
    low: int = -128
    high: int = 127


@dataclass(frozen=True, kw_only=True, eq=False)
class Mul:
    """acc = (a - z_a) (b - z_b), m = s_a s_b / s_y. Shapes are equal."""

    source: Tensor
    other: Tensor
    output: Tensor
    multiplier: np.float32
    low: int = -128
    high: int = 127


@dataclass(frozen=True, kw_only=True, eq=False)
class Lookup:
    """y = table[q + 128], int8 [256]: any function of one byte (``operator`` says which), or a change of scale.

    A PRelu with a slope for each channel has a table for each: int8 [channels, 256].
    """

    source: Tensor
    output: Tensor
    operator: str
    table: NDArray[np.int8]

    @cached_property
    def by_byte(self) -> tuple[bytes, ...]:
        """Each table in the order of a code's byte, 0 to 255."""
        return tuple(row.tobytes() for row in np.roll(self.table.reshape(-1, 256), -128, axis=1))


@dataclass(frozen=True, kw_only=True, eq=False)
class Concat:
    """Sources one after the other along ``axis`` (channel-first number); all have the output's codes."""

    sources: tuple[Tensor, ...]
    output: Tensor
    axis: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Reshape:
    """The same bytes in channel-first order under another shape."""

    source: Tensor
    output: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Transpose:
    """Axes in another order (channel-first numbers)."""

    source: Tensor
    output: Tensor
    axes: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Move:
    """Each output byte is one of the source's, or the zero point: cut, padded, repeated, spread or reversed.

    ``places`` names for each axis (channel-first numbers) the source's place of every output place; -1 is padding.
    """

    source: Tensor
    output: Tensor
    places: tuple[NDArray[np.int64], ...]


Step = Conv | MaxPool | AveragePool | Add | ScaledAdd | Mul | Lookup | Concat | Reshape | Transpose | Move


@dataclass(frozen=True, kw_only=True)
class FloatStep:
    """One operation in float32 after the last DequantizeLinear.

    A Sigmoid's constant is 0 and not used, a Softmax's is its axis.
    """

    operator: str
    constant: np.float32


@dataclass(frozen=True, kw_only=True, eq=False)
class IntegerProgram:
    """An INT8 file: its inputs and outputs as int8 tensors, the steps between, and its metadata.

    Attributes
    ----------
    inputs, outputs
        In the file's order.
    tails
        Of each output: what is computed in float after its last DequantizeLinear.
    input_names, output_names
        What the file calls the float tensors that become, and are made of, these.
    """

    inputs: tuple[Tensor, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Tensor, ...]
    tails: tuple[tuple[FloatStep, ...], ...]
    metadata: Mapping[str, str]
    input_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()

    @property
    def input(self) -> Tensor:
        """The first input."""
        return self.inputs[0]

    @property
    def output(self) -> Tensor:
        """The first output."""
        return self.outputs[0]


def sources_of(step: Step) -> tuple[Tensor, ...]:
    """Return the tensors that a step reads, in its own order."""
    if isinstance(step, Concat):
        return step.sources
    return (step.source, step.other) if isinstance(step, Add | ScaledAdd | Mul) else (step.source,)
