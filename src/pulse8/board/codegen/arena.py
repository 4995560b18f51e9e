"""Memory plan of a network: tensors with disjoint lifetimes share bytes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pulse8.board.codegen.board_net import LANES, BoardNet, BoardStep, Shape, shape_of

SLACK: Final = 16
"""Readable bytes after the last tensor: a vector load may read past its end."""

PLACE_BYTES: Final = 4
"""Of an entry in the table of a depthwise kernel's places."""

IN_PLACE: Final = frozenset({"P8_ADD_EQUAL", "P8_ADD", "P8_MULTIPLY", "P8_TABLE", "P8_CHANNEL_TABLE"})
"""Steps that may overwrite an operand that is not read again."""


@dataclass(frozen=True, kw_only=True)
class ArenaPlan:
    """Offset in the arena of each tensor, by name, and of the convolutions' scratch; and the arena's size."""

    places: Mapping[str, int]
    scratch: int
    bytes: int


@dataclass(eq=False)
class _Buffer:
    """Bytes in use from one step to another; -1 is before the first step."""

    size: int
    born: int
    last: int
    place: int = 0

    def meets(self, other: "_Buffer") -> bool:
        return self.born <= other.last and other.born <= self.last


def plan(net: BoardNet) -> ArenaPlan:
    """Place every tensor, the largest first, each at the lowest free bytes."""
    owner = dict(_owners(net))
    buffers = list(dict.fromkeys(owner.values()))
    placed: list[_Buffer] = []
    for buffer in sorted(buffers, key=lambda item: (-item.size, item.born)):
        buffer.place = _lowest(buffer, [other for other in placed if other.meets(buffer)])
        placed.append(buffer)
    end = max(buffer.place + buffer.size for buffer in placed)
    scratch = max((_scratch_bytes(step) for step in net.steps), default=0)
    places = {name: buffer.place for name, buffer in owner.items()}
    return ArenaPlan(places=places, scratch=end, bytes=end + scratch + SLACK)


def _owners(net: BoardNet) -> Iterator[tuple[str, _Buffer]]:
    """Yield each tensor's name and its buffer; an in-place step keeps its operand's buffer."""
    last = {tensor.name: -1 for tensor in net.inputs} | {tensor.name: len(net.steps) for tensor in net.outputs}
    for index, step in enumerate(net.steps):
        for name in (*step.reads, step.y):
            last[name] = max(index, last.get(name, -1))
    owner = {tensor.name: _Buffer(_rounded(_size(shape_of(tensor))), -1, last[tensor.name]) for tensor in net.inputs}
    for index, step in enumerate(net.steps):
        whole = step.reads if _size(step.into) == _size(step.out) else (step.x,)
        taken = next((name for name in whole if last[name] == index), None)
        if step.operator in IN_PLACE and taken is not None:
            owner[step.y] = owner[taken]
            owner[step.y].last = last[step.y]
        else:
            owner[step.y] = _Buffer(_rounded(_size(step.out)), index, last[step.y])
    yield from owner.items()


def _lowest(buffer: _Buffer, placed: list[_Buffer]) -> int:
    place = 0
    for other in sorted(placed, key=lambda item: item.place):
        if place + buffer.size <= other.place:
            break
        place = max(place, other.place + other.size)
    return place


def _size(shape: Shape) -> int:
    height, width, channels = shape
    return height * width * channels


def _scratch_bytes(step: BoardStep) -> int:
    if step.operator == "P8_DEPTHWISE" and step.packed is not None:
        return _rounded(step.into[2]) + 2 * _rounded(step.packed.weights.shape[1] * PLACE_BYTES)
    if step.operator != "P8_CONV":
        return 0
    return step.slide.height * _rounded(step.slide.width * (step.into[2] // step.groups))


def _rounded(size: int) -> int:
    return -(-size // LANES) * LANES
