"""Cross-layer equalisation: the channels of a tensor brought to like ranges; what the network computes stays.

One INT8 scale serves a whole tensor, so a channel a hundred times narrower than its neighbours keeps a code or two.
Where convolutions alone make a channel and convolutions alone read it, the makers' weights may be divided and the
readers' multiplied by one factor (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias
Correction", 2019). Here ranges are the calibration's, and factors are powers of two: the float network gives the same
bits as before, and no factor depends on a processor's last places.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from pulse8.convert.quantize.channels import NOTHING, PINNED, Channels, Numbers, channels_of
from pulse8.convert.quantize.families import families, quantised_tensors
from pulse8.convert.quantize.float64 import Sample, tensor_reader
from pulse8.errors import InputError

Factors = Mapping[str, list[int]]
"""A convolution's output to the power of two by which each of its channels is divided."""
Real = NDArray[np.float64]

KEY: Final = "pulse8.equalised"
"""Metadata of an INT8 file: its factors."""
ROUNDS: Final = 30
MOST: Final = 16
"""Largest power, either way."""
UNREAD: Final = 2.0**-MOST
"""Share that stands for none."""


def equalising_factors(static: onnx.ModelProto, samples: Iterable[Sample], *, per_channel: bool) -> Factors:
    """Choose factors with which each channel is as wide in its tensor as its weights are in those that read them.

    Both shares lie in 0 to 1: a channel's widest value beside its tensor's, and its largest weight beside that of the
    row (with ``per_channel``; else of the layer). A depthwise layer has a row for each channel, so there channels
    become equally wide.
    """
    channels = channels_of(static)
    widths, powers = _widths(static, channels, samples), np.zeros(channels.count)
    for _ in range(ROUNDS):
        shares = _width_shares(static, channels, widths, powers), _weight_shares(channels, powers, per_channel)
        known = (shares[0] > 0) & (np.arange(channels.count) > PINNED)
        wide, heavy = (np.log2(np.maximum(each, UNREAD)) for each in shares)
        powers = np.clip(np.where(known, powers + (wide - heavy) / 2, 0), -MOST, MOST)
    whole = np.rint(powers).astype(int)
    return {layer.output: whole[layer.made].tolist() for layer in channels.weighted if whole[layer.made].any()}


def _widths(static: onnx.ModelProto, channels: Channels, samples: Iterable[Sample]) -> dict[str, Real]:
    """Return the largest magnitudes in each quantised tensor, one for each number."""
    names = [name for name in quantised_tensors(static) if name in channels.numbers]
    read = tensor_reader(static, names)
    widths = {name: np.zeros(()) for name in names}
    for sample in samples:
        for name, tensor in zip(names, read(sample), strict=True):
            numbers = channels.numbers[name]
            alike = tuple(axis for axis, size in enumerate(numbers.shape) if size == 1)
            widths[name] = np.maximum(widths[name], np.abs(tensor).max(axis=alike, keepdims=True))
    return widths


def _width_shares(static: onnx.ModelProto, channels: Channels, widths: dict[str, Real], powers: Real) -> Real:
    now = {name: np.exp2(-powers[channels.numbers[name]]) * width for name, width in widths.items()}
    roots = quantised_tensors(static)
    shared = {name: number for number, family in enumerate(families(static)) for name in family}
    groups = {name: shared.get(roots[name], name) for name in now}
    largest: dict[int | str, float] = {}
    for name, width in now.items():
        largest[groups[name]] = max(largest.get(groups[name], 0.0), float(width.max()))
    shares = np.zeros(channels.count)
    for name, width in now.items():
        np.maximum.at(shares, channels.numbers[name], width / (largest[groups[name]] or 1.0))
    shares[NOTHING] = 0
    return shares


def _weight_shares(channels: Channels, powers: Real, per_channel: bool) -> Real:
    shares = np.zeros(channels.count)
    for layer in channels.weighted:
        sizes = np.abs(layer.rows).max(axis=(2, 3)) * np.exp2(powers[layer.read] - powers[layer.made][:, None])
        largest = sizes.max(axis=1, keepdims=True) if per_channel else sizes.max()
        np.maximum.at(shares, layer.read, sizes / np.maximum(largest, np.finfo(float).tiny))
    return shares


def equalised(static: onnx.ModelProto, factors: Factors) -> onnx.ModelProto:
    """Return a static model with factors in its weights; it computes the same.

    Raises
    ------
    InputError
        The factors are of another network.
    """
    if not factors:
        return static
    channels = channels_of(static)
    powers = _powers(channels, factors)
    model = onnx.ModelProto()
    model.CopyFrom(static)
    nodes = {node.output[0]: node for node in model.graph.node}
    taken = {tensor.name for tensor in static.graph.initializer} | set(channels.numbers)
    for layer in channels.weighted:
        for place, array in enumerate(layer.divided(powers), 1):
            name = f"{layer.output}_equalised_{'wb'[place - 1]}"
            while name in taken:
                name += "_"
            taken.add(name)
            nodes[layer.output].input[place] = name
            model.graph.initializer.append(numpy_helper.from_array(array, name))
    read = {name for node in model.graph.node for name in node.input}
    for place in reversed(range(len(model.graph.initializer))):
        if model.graph.initializer[place].name not in read:
            del model.graph.initializer[place]
    return model


def _powers(channels: Channels, factors: Factors) -> Numbers:
    """Return the power of each number; every convolution must say the same of a number that it makes or reads."""
    powers = np.zeros(channels.count, int)
    made = {layer.output: layer.made for layer in channels.weighted}
    wrong = InputError("the INT8 file is equalised for another network: quantise it again")
    for output, told in factors.items():
        if output not in made or len(told) != len(made[output]) or max(map(abs, told)) > MOST:
            raise wrong
        powers[made[output]] = told
    if powers[PINNED] or any((powers[made[output]] != told).any() for output, told in factors.items()):
        raise wrong
    return powers


def with_factors(int8: onnx.ModelProto, factors: Factors) -> onnx.ModelProto:
    """Note in an INT8 file which factors it was written with."""
    if factors:
        int8.metadata_props.add(key=KEY, value=json.dumps(factors))
    return int8


def as_quantised(static: onnx.ModelProto, int8: onnx.ModelProto) -> onnx.ModelProto:
    """Return the static model whose tensors an INT8 file holds: equalised, where the file says so.

    Raises
    ------
    InputError
        The file's factors are of another network.
    """
    told = next((entry.value for entry in int8.metadata_props if entry.key == KEY), "{}")
    try:
        return equalised(static, {name: [int(power) for power in powers] for name, powers in json.loads(told).items()})
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"the INT8 file's factors ({KEY}) cannot be read: {error}; quantise it again") from error
