"""Common faults on boards and the bytes that they produce, so that a failed gate can name its cause."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.board.link.layout import Inputs, as_tuple, laid_out, order_of
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.kernels import Codes
from pulse8.measure.infer.program import Conv, IntegerProgram, Step

CACHE_LINE: Final = 32
"""Bytes of a Cortex-M55 data cache line."""

ZERO_WEIGHTS: Final = "zero weights"

Bytes = NDArray[np.int16]
"""[windows, bytes], wide enough for differences."""
Predict = Callable[[IntegerProgram, Sequence[Inputs], Bytes], Bytes]


def uint8_input(program: IntegerProgram, windows: Sequence[Inputs], _expected: Bytes) -> Bytes:
    """Flip each byte's sign bit: the board takes the input as 0..255."""
    return answers(program, [tuple(np.asarray(one ^ np.int8(-128), np.int8) for one in as_tuple(w)) for w in windows])


def transposed_axes(program: IntegerProgram, windows: Sequence[Inputs], _expected: Bytes) -> Bytes:
    """Reorder the input: the board takes channel last for channel first."""
    return answers(program, [tuple(map(_misread, as_tuple(window))) for window in windows])


def per_tensor_weights(program: IntegerProgram, windows: Sequence[Inputs], _expected: Bytes) -> Bytes:
    """All of a layer's weights have one scale: the vendor's tool quantised the model again."""
    return answers(_with_one_scale(program), windows)


def stale_output(_program: IntegerProgram, _windows: Sequence[Inputs], expected: Bytes) -> Bytes:
    """Keep the last cache line of the previous window: the output buffer was not invalidated."""
    stale = expected.copy()
    stale[1:, -CACHE_LINE:] = expected[:-1, -CACHE_LINE:]
    return stale


FAULTS: Final[dict[str, Predict]] = {
    "uint8 input": uint8_input,
    "transposed axes": transposed_axes,
    "per-tensor weights": per_tensor_weights,
    "stale cache line": stale_output,
}


@dataclass(frozen=True)
class Likeness:
    """The fault that comes closest to a board's answers, and their mean absolute difference from its prediction."""

    fault: str
    distance: float


def closest_fault(program: IntegerProgram, windows: Sequence[Inputs], expected: Bytes, board_bytes: Bytes) -> Likeness:
    """Compare a board's answers with those that each fault would produce.

    Answers that do not depend on the window come from weights that were not loaded: flash not programmed, or its region
    closed.
    """
    if (board_bytes == board_bytes[0]).all() and not (expected == expected[0]).all():
        return Likeness(ZERO_WEIGHTS, 0.0)
    predictions = {name: predict(program, windows, expected) for name, predict in FAULTS.items()}
    distances = {name: distance(predicted, board_bytes) for name, predicted in predictions.items()}
    best = min(distances, key=lambda name: distances[name])
    return Likeness(best, distances[best])


def distance(one: Bytes, other: Bytes) -> float:
    """Mean absolute difference, LSB."""
    return float(np.abs(one - other).mean())


def answers(program: IntegerProgram, windows: Sequence[Inputs], runner: IntegerRunner | None = None) -> Bytes:
    """Return a program's output bytes as a board sends them, one output after the other."""
    runner = runner or IntegerRunner(program)
    found = (runner.tensors(*as_tuple(window)) for window in windows)
    rows = [laid_out([tensors[output.name] for output in program.outputs]) for tensors in found]
    return np.stack([np.frombuffer(row, np.int8) for row in rows]).astype(np.int16)


def _misread(window: Codes) -> Codes:
    return np.ascontiguousarray(window.transpose(order_of(window.shape))).reshape(window.shape)


def _with_one_scale(program: IntegerProgram) -> IntegerProgram:
    steps: tuple[Step, ...] = tuple(_one_scale(step) if isinstance(step, Conv) else step for step in program.steps)
    return replace(program, steps=steps)


def _one_scale(step: Conv) -> Conv:
    """Quantise a layer's weights again with the largest channel's scale; biases and multipliers follow."""
    largest = step.weight_scale.max()
    share = (step.weight_scale / largest).astype(np.float64)
    weight = np.rint(step.weight * share[:, None, None, None]).astype(np.int8)
    multiplier = (step.multiplier / share).astype(np.float32)
    return replace(
        step,
        weight=weight,
        weight_scale=np.full_like(step.weight_scale, largest),
        bias=np.rint(step.bias * share).astype(np.int32),
        multiplier=multiplier,
    )
