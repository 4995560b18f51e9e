"""A network as steps of the board's kernels: the records that memory plan, templates and test vectors read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pulse8.board.link.layout import order_of
from pulse8.errors import SpecError
from pulse8.measure.infer.program import Step, Tensor

LANES: Final = 16
"""Bytes in a vector: kernel rows are padded to it."""

GROUP: Final = 4
"""Output channels that are summed together."""

LARGEST: Final = 65_535
"""Of a tensor's side, and of a kernel's size, stride or padding: 16 bits."""

Operator = Literal[
    "P8_CONV",
    "P8_MAX_POOL",
    "P8_AVERAGE_POOL",
    "P8_ADD_EQUAL",
    "P8_ADD",
    "P8_MULTIPLY",
    "P8_TABLE",
    "P8_DEPTHWISE",
    "P8_CHANNEL_TABLE",
    "P8_MOVE",
    "P8_JOIN",
]
Shape = tuple[int, int, int]
"""Height, width, channels."""


@dataclass(frozen=True, eq=False)
class Packed:
    """A convolution's constants as ``p8_conv`` reads them.

    ``weights`` int8 [groups, kernel rows, blocks, 4, 16]; ``bias`` int32 and ``scale`` float32 [groups * 4], the zero
    point's share already subtracted from the bias. Of a depthwise one [blocks of 16 channels, places, 16].
    """

    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    scale: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Slide:
    """How a kernel moves; ``dilate`` is not part of the C record but of the convolution's."""

    height: int = 1
    width: int = 1
    stride_y: int = 1
    stride_x: int = 1
    pad_top: int = 0
    pad_left: int = 0
    dilate_y: int = 1
    dilate_x: int = 1


@dataclass(frozen=True, eq=False)
class MoveTables:
    """Offsets into the source, int64, for rows, columns and channels of the result; ``FILL`` is padding.

    ``channels`` is ``None`` where they are neighbours.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    channels: NDArray[np.int64] | None

    @property
    def entries(self) -> int:
        """Numbers in the tables."""
        return len(self.rows) + len(self.columns) + (0 if self.channels is None else len(self.channels))


@dataclass(frozen=True, kw_only=True, eq=False)
class Join:
    """Tensors by name, and how many bytes of each are taken in turn, ``outer`` times."""

    parts: tuple[tuple[str, int], ...]
    outer: int


@dataclass(frozen=True, kw_only=True, eq=False)
class BoardStep:
    """One row of the step table; tensors by their names in the ONNX file.

    ``scales`` are those of ``p8_pair_t``: of the first and second operand, and the last.
    """

    operator: Operator
    x: str
    y: str
    other: str | None = None
    into: Shape
    out: Shape
    macs: int = 0
    slide: Slide = field(default_factory=Slide)
    zeros: tuple[int, int, int] = (0, 0, 0)
    scales: tuple[float, float, float] = (0.0, 0.0, 0.0)
    low: int = -128
    high: int = 127
    packed: Packed | None = None
    table: NDArray[np.int8] | None = None
    groups: int = 1
    factors: NDArray[np.float32] | None = None
    move: MoveTables | None = None
    join: Join | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the tensors that it reads."""
        if self.join is not None:
            return tuple(name for name, _ in self.join.parts)
        return (self.x,) if self.other is None else (self.x, self.other)

    @property
    def constants(self) -> Sequence[NDArray[np.generic]]:
        """Arrays that lie in flash."""
        packed = () if self.packed is None else (self.packed.weights, self.packed.bias, self.packed.scale)
        held = (*packed, self.table, self.factors)
        moved = () if self.move is None else (np.zeros(self.move.entries, np.int32),)
        return [array for array in (*held, *moved) if array is not None]


@dataclass(frozen=True, kw_only=True, eq=False)
class BoardNet:
    """A network ready to be written: its steps, its input and output tensors by the names under which they are kept."""

    name: str
    steps: tuple[BoardStep, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def input(self) -> Tensor:
        """The first input."""
        return self.inputs[0]

    @property
    def output(self) -> Tensor:
        """The first output."""
        return self.outputs[0]

    @property
    def macs(self) -> int:
        """Multiplications and additions of all convolutions."""
        return sum(step.macs for step in self.steps)


def refusal(step: Step, hint: str) -> SpecError:
    """Return the error for a step that has no kernel."""
    return SpecError(f"{type(step).__name__} {step.output.name} has no kernel on the board: there, {hint}")


def shape_of(tensor: Tensor) -> Shape:
    """Return height, width and channels of a tensor as a board stores it; ``SpecError`` above 16 bits."""
    stored = [tensor.shape[axis] for axis in order_of(tensor.shape)]
    if len(stored) == 4 and tensor.shape[0] != 1:
        raise SpecError(f"tensor {tensor.name} is {list(tensor.shape)}; the board takes a batch of 1")
    sides = [1, 1, 1, *stored]
    shape = int(np.prod(sides[:-2])), sides[-2], sides[-1]
    if max(shape) > LARGEST:
        raise SpecError(f"tensor {tensor.name} is {list(tensor.shape)}; a side has at most {LARGEST} places on a board")
    return shape
