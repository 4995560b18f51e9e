"""The face detector as a board computes it: an INT8 trunk, and a last stage and heads in float32 of fixed order.

Every sum of the last stage begins at 0 and adds one product after another, each rounded, in the order of its inputs;
its weights are int16 codes. So numpy, a Cortex-M55 and a browser compute the same bits (decision 0170).
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from pulse8.measure.face.nets import DETECTOR
from pulse8.measure.infer.integer import IntegerRunner

TRUNK: Final = "face_trunk_int8.onnx"
STEPS: Final = 32767
FIRST: Final = ("t117", "t121")
BLOCKS: Final = (("t128", "t131"), ("t136", "t139"), ("t144", "t147"), ("t152", "t155"))
"""Depthwise and pointwise layers of the 8x8 stage; each pair's result is added to what it read."""

HEADS: Final = {"scores_16": "t160", "scores_8": "t163", "boxes_16": "t166", "boxes_8": "t169"}
Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Layer:
    """Real weights are codes times scale.

    Attributes
    ----------
    codes
        int16 [taps or inputs, outputs], as float32.
    scale, bias
        float32 [outputs].
    """

    codes: Float
    scale: Float
    bias: Float

    def ended(self, sums: Float) -> Float:
        """Scale sums [..., outputs] and add the bias."""
        return np.asarray(sums * self.scale + self.bias, np.float32)

    def across(self, values: Float) -> Float:
        """Combine channels: [places, inputs] to [places, outputs]."""
        sums = np.zeros((len(values), len(self.scale)), np.float32)
        for number, row in enumerate(self.codes):
            sums += values[:, number, None] * row
        return self.ended(sums)

    def over(self, values: Float, stride: int) -> Float:
        """Slide 3x3 over [height, width, channels], as TensorFlow pads: behind first where the stride is 2."""
        height, width, channels = values.shape
        before = 2 - stride
        padded = np.zeros((height + 2, width + 2, channels), np.float32)
        padded[before : before + height, before : before + width] = values
        sums = np.zeros((height // stride, width // stride, channels), np.float32)
        for tap, row in enumerate(self.codes):
            y, x = divmod(tap, 3)
            sums += padded[y : y + height : stride, x : x + width : stride] * row
        return self.ended(sums)


@cache
def layers() -> dict[str, Layer]:
    """Return the last stage's layers and the heads by name, from the shipped float16 weights."""
    model = onnx.load_from_string(files("pulse8.measure.face").joinpath("weights", DETECTOR).read_bytes())
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    names = [*FIRST, *(name for pair in BLOCKS for name in pair), *HEADS.values()]
    return {name: _layer(held[f"{name}_weight_f16"], held[f"{name}_bias_f16"]) for name in names}


def _layer(weight: NDArray[Any], bias: NDArray[Any]) -> Layer:
    rows = weight.reshape(len(weight), -1).astype(np.float64)
    scale = np.maximum(np.abs(rows).max(axis=1) / STEPS, 1e-30).astype(np.float32)
    codes = np.rint(rows / scale[:, None].astype(np.float64)).clip(-STEPS, STEPS)
    return Layer(np.ascontiguousarray(codes.T, np.float32), scale, bias.astype(np.float32))


class Stage:
    """Trunk, last stage and heads; [128, 128, 3] bytes minus 128 in, one row for each of 896 anchors out."""

    def __init__(self) -> None:
        self.trunk = IntegerRunner(files("pulse8.measure.face").joinpath("weights", TRUNK).read_bytes())

    def features(self, codes: NDArray[np.int8]) -> tuple[Float, Float]:
        """Return features of the 16x16 places [256, 88] and of the 8x8 places [64, 96]."""
        image = np.ascontiguousarray(codes.transpose(2, 0, 1)[None])
        output = self.trunk.program.output
        found = self.trunk.tensors(image)[output.name][0].transpose(1, 2, 0)
        return last_stage(found, output.zero_point, output.scale)


def last_stage(codes: NDArray[np.int8], zero_point: int, scale: np.float32) -> tuple[Float, Float]:
    """Compute the 8x8 stage from the trunk's codes [16, 16, 88]; return both stages' features."""
    held = layers()
    fine = (codes.astype(np.float32) - np.float32(zero_point)) * scale
    pooled = fine.reshape(8, 2, 8, 2, 88).max(axis=(1, 3)).reshape(64, 88)
    stream = np.zeros((64, 96), np.float32)
    stream[:, :88] = pooled
    stream = _added(stream, held[FIRST[0]].over(fine, 2), held[FIRST[1]])
    for over, across in BLOCKS:
        stream = _added(stream, held[over].over(stream.reshape(8, 8, 96), 1), held[across])
    return fine.reshape(256, 88), stream


def _added(stream: Float, values: Float, across: Layer) -> Float:
    return np.maximum(stream + across.across(values.reshape(64, -1)), np.float32(0))


def logits(fine: Float, coarse: Float) -> Float:
    """Return the score of each anchor before its sigmoid, float32 [896]: two a 16x16 place, then six an 8x8 place."""
    held = layers()
    parts = [held[HEADS["scores_16"]].across(fine), held[HEADS["scores_8"]].across(coarse)]
    return np.concatenate([part.ravel() for part in parts])


def regressors(fine: Float, coarse: Float, anchor: int) -> Float:
    """Return an anchor's box and key points, float32 [16], px of the view from the anchor."""
    name, features, number, count = (
        ("boxes_16", fine, anchor, 2) if anchor < 512 else ("boxes_8", coarse, anchor - 512, 6)
    )
    head, place = layers()[HEADS[name]], number // count
    own = slice(number % count * 16, number % count * 16 + 16)
    chosen = Layer(head.codes[:, own], head.scale[own], head.bias[own])
    return chosen.across(features[place : place + 1])[0]
