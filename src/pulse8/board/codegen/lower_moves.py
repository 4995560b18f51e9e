"""Steps that move bytes, for the board: a whole chain of them becomes three short tables, or nothing."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.board.codegen.board_net import LARGEST, BoardStep, Join, MoveTables, refusal, shape_of
from pulse8.board.link.layout import order_of
from pulse8.errors import SpecError
from pulse8.measure.infer.kernels import moved_values
from pulse8.measure.infer.program import Concat, Move, Reshape, Tensor, Transpose

FILL: Final = -(1 << 31)
"""P8_FILL: an element that holds the zero point."""


@dataclass(frozen=True, eq=False)
class Moved:
    """A tensor that a chain of moves makes from one in memory.

    Attributes
    ----------
    base
        The tensor in memory.
    places
        int64, in this tensor's shape, channel first: index of the base's byte at each element, or ``FILL``.
    """

    base: Tensor
    places: NDArray[np.int64]

    @classmethod
    def start(cls, base: Tensor) -> "Moved":
        """Start from a tensor as it is stored."""
        order = order_of(base.shape)
        stored = np.arange(int(np.prod(base.shape))).reshape([base.shape[axis] for axis in order])
        return cls(base, stored.transpose(np.argsort(order)))

    def then(self, step: Reshape | Transpose | Move) -> "Moved":
        """Apply another move."""
        match step:
            case Reshape():
                places = self.places.reshape(step.output.shape)
            case Transpose():
                places = self.places.transpose(step.axes)
            case Move():
                places = moved_values(self.places, step.places, FILL)
        return replace(self, places=places)

    @property
    def stored(self) -> NDArray[np.int64]:
        """The indices in the order in which a board stores the tensor."""
        return np.ascontiguousarray(self.places.transpose(order_of(self.places.shape)))

    @property
    def times(self) -> int:
        """How often the base's bytes follow one another, in their order: once where none moves; else 0."""
        flat, size = self.stored.ravel(), int(np.prod(self.base.shape))
        repeats = bool((flat == np.arange(flat.size) % size).all())
        return flat.size // size if repeats and flat.size % size == 0 else 0

    def step(self, output: Tensor) -> BoardStep:
        """Return the board's step that writes the tensor."""
        shape = shape_of(output)
        tables = separated(self.stored.reshape(shape))
        if tables is None:
            shape = 1, 1, self.places.size
            if self.places.size > LARGEST:
                raise SpecError(f"{output.name} moves {self.places.size} bytes in an order that no three tables give;"
                                f" at most {LARGEST} on a board")  # fmt: skip
            tables = separated(self.stored.reshape(shape))
        return BoardStep(
            operator="P8_MOVE",
            x=self.base.name,
            y=output.name,
            into=shape_of(self.base),
            out=shape,
            zeros=(output.zero_point, 0, output.zero_point),
            move=tables,
        )


def separated(places: NDArray[np.int64]) -> MoveTables | None:
    """Write offsets [height, width, channels] as sums of three tables; ``None`` where that is impossible."""
    filled = places == FILL
    if filled.all():
        return MoveTables(*(np.full(size, FILL, np.int64) for size in places.shape))
    row, column, channel = (int(each) for each in np.argwhere(~filled)[0])
    start = places[row, column, channel]
    tables = [places[:, column, channel].copy(), places[row, :, channel].copy(), places[row, column].copy()]
    for table in tables[1:]:
        table[table != FILL] -= start
    rows, columns, channels = tables
    empty = (rows == FILL)[:, None, None] | (columns == FILL)[:, None] | (channels == FILL)
    sums = rows[:, None, None] + columns[:, None] + channels
    if not np.array_equal(np.where(empty, FILL, sums), places):
        return None
    neighbours = np.array_equal(channels, np.arange(len(channels)))
    return MoveTables(rows, columns, None if neighbours else channels)


def join_step(step: Concat) -> BoardStep:
    """Join tensors along an axis: runs of bytes of each in turn."""
    order = order_of(step.output.shape)
    place = order.index(step.axis)
    sides = [step.output.shape[axis] for axis in order]
    inner, outer = int(np.prod(sides[place + 1 :])), int(np.prod(sides[:place]))
    if any(order_of(source.shape) != order for source in step.sources):
        raise refusal(step, "batches of 1 are joined")
    parts = tuple((source.name, source.shape[step.axis] * inner) for source in step.sources)
    return BoardStep(
        operator="P8_JOIN",
        x=step.sources[0].name,
        y=step.output.name,
        into=shape_of(step.sources[0]),
        out=shape_of(step.output),
        join=Join(parts=parts, outer=outer),
    )
