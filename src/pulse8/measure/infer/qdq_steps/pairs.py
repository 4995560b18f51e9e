"""Steps of two quantised tensors: Add, Sub, Mul; a smaller operand is spread over the larger one's shape."""

from dataclasses import replace
from typing import Literal

import numpy as np

from pulse8.measure.infer.program import Add, Move, Mul, Reshape, ScaledAdd, Step, Tensor
from pulse8.measure.infer.qdq_steps.site import Constant, Site
from pulse8.measure.infer.qdq_steps.tables import with_number


def add(site: Site) -> list[Step]:
    """Sum two tensors; the sum is exact where both have one scale."""
    return _sum(site, 1)


def sub(site: Site) -> list[Step]:
    """Subtract the second tensor from the first."""
    return _sum(site, -1)


def _sum(site: Site, sign: Literal[1, -1]) -> list[Step]:
    if numbered := _numbered(site, "Add" if sign == 1 else "Sub"):
        return numbered
    before, one, other = _two(site)
    output = replace(site.target, shape=one.shape)
    if one.scale == other.scale and sign == 1:
        multiplier = np.float32(np.float64(one.scale) / np.float64(output.scale))
        step: Step = Add(source=one, other=other, output=output, multiplier=multiplier, low=site.low, high=site.high)
        return [*before, step]
    inverse = np.float32(1 / np.float64(output.scale))
    step = ScaledAdd(source=one, other=other, output=output, inverse=inverse, sign=sign, low=site.low, high=site.high)
    return [*before, step]


def mul(site: Site) -> list[Step]:
    """Multiply two tensors."""
    if numbered := _numbered(site, "Mul"):
        return numbered
    before, one, other = _two(site)
    output = replace(site.target, shape=one.shape)
    multiplier = np.float32(np.float64(one.scale) * np.float64(other.scale) / np.float64(output.scale))
    step = Mul(source=one, other=other, output=output, multiplier=multiplier, low=site.low, high=site.high)
    return [*before, step]


def div(site: Site) -> list[Step]:
    """Divide by one number."""
    found = _numbered(site, "Div")
    if found is None:
        raise site.refuse("divides by a tensor; multiply by a reciprocal that is one number")
    return found


def _numbered(site: Site, operator: str) -> list[Step] | None:
    """Return the table of a pair of which one is a constant of one number; ``None`` for two tensors."""
    site.known()
    constants = [number for number, operand in enumerate(site.operands) if isinstance(operand, Constant)]
    if len(constants) != 1 or len(site.operands) != 2:
        return None
    values = site.numbers(constants[0])
    if values.size != 1:
        raise site.refuse(f"its constant has the shape {list(values.shape)}; one number, or a 1x1 Conv of one group"
                          " per channel")  # fmt: skip
    return [with_number(site, site.tensor(1 - constants[0]), operator, values.item(), first=constants[0] == 0)]


def _two(site: Site) -> tuple[list[Step], Tensor, Tensor]:
    """Return both operands in one shape, and the steps that bring them there."""
    operands = [site.tensor(0), site.tensor(1)]
    try:
        shape = np.broadcast_shapes(*(tensor.shape for tensor in operands))
    except ValueError:
        raise site.refuse(f"shapes {[list(tensor.shape) for tensor in operands]} do not fit each other") from None
    steps: list[Step] = []
    for number, tensor in enumerate(operands):
        if tensor.shape != shape:
            steps += spread(tensor, shape, f"{site.node_output}.{number}")
            operands[number] = steps[-1].output
    return steps, operands[0], operands[1]


def spread(tensor: Tensor, shape: tuple[int, ...], name: str) -> list[Step]:
    """Repeat a tensor along its axes of size 1."""
    steps: list[Step] = []
    if len(tensor.shape) < len(shape):
        full = (*[1] * (len(shape) - len(tensor.shape)), *tensor.shape)
        steps.append(Reshape(source=tensor, output=replace(tensor, name=f"{name}.rank", shape=full)))
        tensor = steps[-1].output
    if tensor.shape != shape:
        sizes = zip(tensor.shape, shape, strict=True)
        places = tuple(np.zeros(big, np.int64) if small == 1 else np.arange(big) for small, big in sizes)
        steps.append(Move(source=tensor, output=replace(tensor, name=name, shape=shape), places=places))
    return steps
