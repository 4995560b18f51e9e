"""Small integer programs of every kind of step, in shapes that no model has."""

from collections.abc import Iterator

import numpy as np

from pulse8.measure.infer.program import (
    Add,
    AveragePool,
    Conv,
    IntegerProgram,
    Lookup,
    MaxPool,
    Mul,
    Reshape,
    ScaledAdd,
    Step,
    Tensor,
    Window,
)

SCALE = np.float32(0.05)


def program(steps: list[Step]) -> IntegerProgram:
    ends = {"inputs": (steps[0].source,), "outputs": (steps[-1].output,), "tails": ((),)}
    return IntegerProgram(steps=tuple(steps), metadata={}, **ends)


def conv(rng, source, outputs, window, name="conv", **options):
    batch, channels, height, width = source.shape
    top, left, bottom, right = window.pads
    shape = (
        (height + top + bottom - window.kernel[0]) // window.strides[0] + 1,
        (width + left + right - window.kernel[1]) // window.strides[1] + 1,
    )
    weight = rng.integers(-127, 128, (outputs, channels, *window.kernel)).astype(np.int8)
    spread = 40 / np.sqrt(weight[0].size) / 5000
    return Conv(
        source=source,
        output=Tensor(name, (batch, outputs, *shape), SCALE, int(rng.integers(-128, 60))),
        weight=weight,
        weight_scale=np.full(outputs, 0.01, np.float32),
        bias=rng.integers(-2000, 2000, outputs).astype(np.int32),
        multiplier=(spread * rng.uniform(0.5, 2, outputs)).astype(np.float32),
        window=window,
        **options,
    )


def pool(kind, source, window, name, **options):
    batch, channels, height, width = source.shape
    shape = (
        (height - window.kernel[0]) // window.strides[0] + 1,
        (width - window.kernel[1]) // window.strides[1] + 1,
    )
    zero = source.zero_point if kind is MaxPool else -30
    return kind(
        source=source, output=Tensor(name, (batch, channels, *shape), source.scale, zero), window=window, **options
    )


def source(shape, zero_point=3, name="input"):
    return Tensor(name, shape, SCALE, zero_point)


def convolutions(rng) -> Iterator[IntegerProgram]:
    """Runs of 1 to 81 bytes, channels that fill no group, strides, pads on some sides only, clamps."""
    shapes = [
        ((1, 1, 1, 9), 1, Window(kernel=(1, 1))),
        ((1, 3, 2, 21), 5, Window(kernel=(1, 7), strides=(1, 2), pads=(0, 3, 0, 3))),
        ((1, 5, 7, 6), 6, Window(kernel=(3, 3), strides=(2, 1), pads=(1, 0, 1, 1))),
        ((1, 27, 3, 8), 9, Window(kernel=(2, 3), pads=(0, 2, 1, 0))),
        ((1, 16, 1, 5), 4, Window(kernel=(1, 5), pads=(0, 2, 0, 2))),
        ((1, 7, 1, 3), 3, Window(kernel=(1, 9), pads=(0, 4, 0, 4))),
        ((1, 17, 4, 4), 2, Window(kernel=(4, 4))),
    ]
    for shape, outputs, window in shapes:
        yield program([conv(rng, source(shape, int(rng.integers(-128, 128))), outputs, window, low=-100, high=90)])


def chains(rng) -> Iterator[IntegerProgram]:
    """Pools, residual sums, gates, tables, and a flattening."""
    first = conv(rng, source((1, 3, 6, 8)), 19, Window(kernel=(1, 3), pads=(0, 1, 0, 1)), "first")
    second = conv(rng, first.output, 19, Window(kernel=(1, 1)), "second")
    gate = Lookup(
        source=second.output,
        output=Tensor("gate", second.output.shape, np.float32(1 / 256), -128),
        operator="Sigmoid",
        table=rng.integers(-128, 128, 256).astype(np.int8),
    )
    gated = Mul(
        source=first.output,
        other=gate.output,
        output=Tensor("gated", first.output.shape, SCALE, 7),
        multiplier=np.float32(0.004),
    )
    highest = pool(MaxPool, gated.output, Window(kernel=(2, 2), strides=(2, 2)), "highest")
    mean = pool(
        AveragePool,
        highest.output,
        Window(kernel=(3, 1), strides=(3, 1)),
        "mean",
        multiplier=np.full((1, 1), 0.4, np.float32),
        low=-90,
    )
    yield program([first, second, gate, gated, highest, mean])
    one = conv(rng, source((1, 4, 1, 10)), 6, Window(kernel=(1, 3), pads=(0, 1, 0, 1)), "one")
    two = conv(rng, one.output, 6, Window(kernel=(1, 3), pads=(0, 1, 0, 1)), "two")
    equal = Add(
        source=one.output,
        other=two.output,
        output=Tensor("equal", one.output.shape, SCALE, -20),
        multiplier=np.float32(0.7),
    )
    other = Tensor("equal", one.output.shape, np.float32(0.031), -20)
    scaled = ScaledAdd(
        source=other,
        other=one.output,
        output=Tensor("scaled", one.output.shape, np.float32(0.07), 11),
        inverse=np.float32(1 / 0.07),
        low=-111,
        high=100,
    )
    flat = Reshape(source=scaled.output, output=Tensor("flat", (1, 60, 1, 1), np.float32(0.07), 11))
    dense = conv(rng, flat.output, 7, Window(kernel=(1, 1)), "dense")
    yield program([one, two, equal, scaled, flat, dense])


def inputs(rng, one: IntegerProgram, count: int):
    return [rng.integers(-128, 128, one.input.shape).astype(np.int8) for _ in range(count)]
