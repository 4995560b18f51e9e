"""An integer program as steps of the board's kernels: channel last, weights packed, kernels chosen."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from pulse8.board.codegen.board_net import GROUP, BoardNet, BoardStep
from pulse8.board.codegen.lower_layers import conv_step, lookup_step, pair_step, pool_step
from pulse8.board.codegen.lower_moves import Moved, join_step
from pulse8.errors import SpecError
from pulse8.measure.infer.program import (
    Add,
    AveragePool,
    Concat,
    Conv,
    IntegerProgram,
    Lookup,
    MaxPool,
    Move,
    Mul,
    Reshape,
    ScaledAdd,
    Step,
    Tensor,
    Transpose,
    Window,
)

MOVING: Final = (Reshape, Transpose, Move)

LOWERED: Final[Mapping[type[Step], Callable[[Any], BoardStep]]] = {
    Conv: conv_step,
    MaxPool: pool_step,
    AveragePool: pool_step,
    Add: pair_step,
    ScaledAdd: pair_step,
    Mul: pair_step,
    Lookup: lookup_step,
    Concat: join_step,
}
"""The function that lowers each kind of step that computes or joins."""


def lower(program: IntegerProgram, name: str) -> BoardNet:
    """Turn a program into board steps.

    Raises
    ------
    SpecError
        The kernels do not support a step; the message names it.
    """
    return _Lowering(program).net(name)


class _Lowering:
    """Lowers steps in order; those that only move bytes wait until something reads them, and most are dropped."""

    def __init__(self, program: IntegerProgram) -> None:
        self._program = program
        self._steps: list[BoardStep] = []
        self._moved: dict[str, Moved] = {}
        self._same: dict[str, Tensor] = {}

    def net(self, name: str) -> BoardNet:
        for step in _flattened(self._program.steps):
            if isinstance(step, MOVING):
                before = self._moved.get(step.source.name)
                self._moved[step.output.name] = (before or Moved.start(step.source)).then(step)
            else:
                self._steps.append(LOWERED[type(step)](self._placed(step)))
        taken = {tensor.name for tensor in self._program.inputs}
        outputs = tuple(self._output(output, taken) for output in self._program.outputs)
        return BoardNet(name=name, steps=tuple(self._steps), inputs=self._program.inputs, outputs=outputs)

    def _output(self, output: Tensor, taken: set[str]) -> Tensor:
        """Return the tensor that holds an output; one that shares an input's or another output's bytes is copied."""
        placed = self._at(output)
        if placed.name in taken:
            moved = self._moved.get(output.name)
            if moved is None:
                raise SpecError(f"output {output.name} is an input, or another output; leave it out")
            self._steps.append(moved.step(output))
            placed = output
        taken.add(placed.name)
        return placed

    def _placed(self, step: Step) -> Step:
        """Return a step whose sources are tensors in memory."""
        if isinstance(step, Concat):
            return replace(step, sources=tuple(self._at(source) for source in step.sources))
        if isinstance(step, Add | ScaledAdd | Mul):
            source = self._at(step.source, repeats=True)
            whole = source.shape == step.source.shape
            return replace(step, source=source, other=self._at(step.other, repeats=whole))
        return replace(step, source=self._at(step.source))

    def _at(self, tensor: Tensor, *, repeats: bool = False) -> Tensor:
        """Return the tensor under whose name the bytes are stored: another one if they are the same in order.

        With ``repeats`` that one may be smaller: its bytes, again and again, are the tensor's.
        """
        if tensor.name in self._same:
            return replace(tensor, name=self._same[tensor.name].name)
        moved = self._moved.get(tensor.name)
        if moved is None:
            return tensor
        if repeats and moved.times > 1 and np.prod(moved.base.shape) >= GROUP:
            return moved.base
        if moved.times == 1:
            self._same[tensor.name] = moved.base
            return replace(tensor, name=moved.base.name)
        self._steps.append(moved.step(tensor))
        self._same[tensor.name] = tensor
        return tensor


def _flattened(steps: tuple[Step, ...]) -> list[Step]:
    """Fold each flattening into the 1x1 convolution after it, whose kernel then covers the whole picture."""
    flat = {step.output.name: step for step in steps if isinstance(step, Reshape)}
    kept: list[Step] = []
    for step in steps:
        before = flat.get(step.source.name) if isinstance(step, Conv) else None
        whole = None if before is None or not isinstance(step, Conv) else _over_the_whole(step, before)
        kept.append(whole or step)
    return kept


def _over_the_whole(conv: Conv, flat: Reshape) -> Conv | None:
    """Read [1, C, H, W] instead of its flattening [1, C H W, 1, 1]: the same sums, channel by channel."""
    if len(flat.source.shape) != 4 or conv.window != Window(kernel=(1, 1)) or conv.groups != 1:
        return None
    _, channels, height, width = flat.source.shape
    if flat.output.shape != (1, channels * height * width, 1, 1):
        return None
    weight = conv.weight.reshape(len(conv.weight), channels, height, width)
    return replace(conv, source=flat.source, weight=weight, window=Window(kernel=(height, width)))
