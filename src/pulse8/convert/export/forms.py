"""The ultralight network as ONNX: in the guide's form, as one static file, and as the board pair.

All forms use one set of weights and the same two subgraphs, so they compute the same numbers. The global mean is
two 3x3 averages with stride 3 (9 to 3 to 1: the same mean, inside the NPU's window limit) and the dense layers are 1x1
convolutions, in whole and pair alike.
"""

from typing import Final

import numpy as np
import onnx

from pulse8.convert.export.graph import Graph
from pulse8.convert.export.layers import Weights
from pulse8.measure.clips.patches import (
    CHANNELS,
    FEATURES,
    FRAMES,
    PATCHES,
    ROIS,
    SHAPE_FEATURES,
    SHAPE_PATCH,
    SHAPE_SAMPLE,
    SHAPE_WHOLE,
    SIDE,
)
from pulse8.spec import ModelSpec

MIN_BPM, SPAN_BPM = 30.0, 150.0
FLOAT_TAIL: Final = ("share", "above_min", "bpm")
"""Sigmoid, Mul and Add stay in float: an INT8 sigmoid would step by 0.69 BPM."""
SHAPE_GUIDE: Final = ("batch", *SHAPE_SAMPLE)


def guide_form(weights: Weights, spec: ModelSpec, opset: int) -> onnx.ModelProto:
    """Patches [batch, 8, 3, 36, 36, 3] in [0, 1] to ``bpm`` [batch]; the batch is dynamic."""
    graph = Graph(weights)
    images = graph.add("Transpose", ["patches"], "planes", perm=[0, 1, 2, 5, 3, 4])
    images = graph.reshape(images, "images", [-1, CHANNELS, SIDE, SIDE])
    features = graph.reshape(_spatial(graph, images), "frames", [-1, FRAMES, ROIS * FEATURES, 1])
    features = graph.add("Transpose", [features], "features", perm=[0, 2, 3, 1])
    graph.reshape(_readout(graph, _temporal(graph, features, batch=-1), "rate"), "bpm", [-1])
    return graph.model(("patches", SHAPE_GUIDE), ("bpm", ("batch",)), spec, opset)


def whole_form(weights: Weights, spec: ModelSpec, opset: int) -> onnx.ModelProto:
    """Patches [1, 72, 36, 36] (frame, ROI, RGB) to ``bpm`` [1, 1, 1, 1]: static, rank 4, the 24 patches as batch."""
    graph = Graph(weights)
    images = graph.reshape("patches", "images", [PATCHES, CHANNELS, SIDE, SIDE])
    features = graph.reshape(_spatial(graph, images), "frames", [1, FRAMES, ROIS * FEATURES, 1])
    features = graph.add("Transpose", [features], "features", perm=[0, 2, 3, 1])
    _readout(graph, _temporal(graph, features), "bpm")
    return graph.model(("patches", SHAPE_WHOLE), ("bpm", (1, 1, 1, 1)), spec, opset)


def spatial_form(weights: Weights, spec: ModelSpec, opset: int) -> onnx.ModelProto:
    """Compute 16 features [1, 16, 1, 1] of one patch [1, 3, 36, 36]: the board runs it once per new patch."""
    graph = Graph(weights)
    _spatial(graph, "patch")
    return graph.model(("patch", SHAPE_PATCH), ("average2", (1, FEATURES, 1, 1)), spec, opset)


def temporal_form(weights: Weights, spec: ModelSpec, opset: int) -> onnx.ModelProto:
    """Compute the logit [1, 1, 1, 1] of the features [1, 48, 1, 8] of the last 8 frames."""
    graph = Graph(weights)
    _temporal(graph, "features")
    return graph.model(("features", SHAPE_FEATURES), ("logit", (1, 1, 1, 1)), spec, opset)


def _spatial(graph: Graph, images: str) -> str:
    """Images [n, 3, 36, 36] to features [n, 16, 1, 1]."""
    x = graph.conv(images, "conv1", (3, 3))
    x = graph.add("MaxPool", [x], "pool1", kernel_shape=[2, 2], strides=[2, 2])
    x = graph.conv(x, "conv2", (3, 3))
    x = graph.add("MaxPool", [x], "pool2", kernel_shape=[2, 2], strides=[2, 2])
    x = graph.conv(x, "conv3", (3, 3))
    x = graph.add("AveragePool", [x], "average1", kernel_shape=[3, 3], strides=[3, 3])
    return graph.add("AveragePool", [x], "average2", kernel_shape=[3, 3], strides=[3, 3])


def _temporal(graph: Graph, features: str, batch: int = 1) -> str:
    """Features [batch, 48, 1, 8] to the logit [batch, 1, 1, 1]; flattening is channel-major; batch -1 is dynamic."""
    x = graph.conv(features, "time1", (1, 3))
    x = graph.conv(x, "time2", (1, 3))
    x = graph.reshape(x, "flat", [batch, FEATURES * FRAMES, 1, 1])
    x = graph.conv(x, "dense1", (1, 1))
    return graph.conv(x, "dense2", (1, 1), output="logit")


def _readout(graph: Graph, logit: str, output: str) -> str:
    """Turn the logit into BPM in float: an INT8 sigmoid would step by 0.69 BPM."""
    share = graph.add("Sigmoid", [logit], "share")
    span = graph.add("Mul", [share, graph.constant("span", np.array(SPAN_BPM, np.float32))], "above_min")
    return graph.add("Add", [span, graph.constant("min", np.array(MIN_BPM, np.float32))], output)
