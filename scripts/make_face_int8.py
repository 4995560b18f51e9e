"""Make the INT8 trunk of the face detector from the shipped detector (Apache-2.0), by our own line.

    python scripts/make_face_int8.py            # writes src/pulse8/measure/face/weights/face_trunk_int8.onnx

The detector is cut after its 16x16 stage: what comes before is quantised, the 8x8 stage and the heads stay in float32
(decision 0170). Its input becomes a camera's byte minus 128. Ranges are taken from views of scikit-image's astronaut
(NASA, public domain) under pose, light and scale and of its pictures without a face; other pictures judge
(benchmarks/face_int8.py).
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import skimage.data
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pulse8.convert.export.onnx_file import save_model
from pulse8.convert.export.recognise import converted
from pulse8.convert.quantize.float64 import tensor_reader
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.quantize import quantize
from pulse8.learn.simulate.face_video import FACE_BOX_PX, FACE_CENTRE, astronaut
from pulse8.learn.simulate.face_views import Portrait, face_view, part_view
from pulse8.manifest import sha256_of

SHA256: Final = "04d311267674c5b2ce5f85d3ec547acf056fd344753d7ad0fe515d1bc7e0dd09"
WEIGHTS: Final = Path(__file__).parents[1] / "src/pulse8/measure/face/weights"
FLOAT: Final = WEIGHTS / "face_detection_short_range.onnx"
INT8: Final = WEIGHTS / "face_trunk_int8.onnx"
END: Final = "t114"
"""The 16x16 stage's last tensor, [1, 88, 16, 16]."""

SEED: Final = 170
VIEWS: Final = 160
OTHERS: Final = ("coffee", "chelsea", "hubble_deep_field", "retina", "immunohistochemistry")
PARTS: Final = 8
BALANCE: Final = 0.5
"""How far a depthwise layer's channels are brought to one range: 1 is wholly, and the weights after it pay for it."""

LEAST: Final = 1e-3
"""Of the largest channel: what is smaller counts as this."""


def main() -> int:
    """Write the trunk; 1 if its hash is not the shipped one's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=INT8)
    output = parser.parse_args().output
    views = np.stack([_input_of(view) for view in calibration()])
    with tempfile.TemporaryDirectory() as folder:
        fp32, samples = Path(folder) / "face_trunk.onnx", Path(folder) / "samples.npy"
        save_model(balanced(trunk(), views), fp32)
        np.save(samples, views)
        made = quantize(fp32, samples, Path(folder) / output.name, QuantizeOptions())
        output.write_bytes(made.whole.read_bytes())
    sha256 = sha256_of(output)
    print(f"{output.name}  {output.stat().st_size:,} bytes  {sha256}  {made.sqnr_db:.1f} dB of the trunk kept")
    return 0 if sha256 == SHA256 else 1


def calibration() -> Iterator[NDArray[np.uint8]]:
    """Draw views of the astronaut, and parts of pictures without a face: uint8 [128, 128, 3]."""
    rng = np.random.default_rng(SEED)
    portrait = Portrait(astronaut(), np.array(FACE_CENTRE), FACE_BOX_PX)
    for _ in range(VIEWS):
        yield face_view(portrait, rng, 128, (0.2, 0.62))
    for name in OTHERS:
        picture = np.asarray(getattr(skimage.data, name)(), np.uint8)
        for _ in range(PARTS):
            yield part_view(picture, rng, 128)


def _input_of(view: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[3, 128, 128]: a byte minus 128, over 128."""
    return np.ascontiguousarray((view.transpose(2, 0, 1).astype(np.float32) - 128) / 128)


def trunk() -> onnx.ModelProto:
    """Return the detector in static form up to ``END``, for bytes minus 128 over 128 in place of -1 to 1."""
    static, _ = converted(onnx.load(FLOAT), FLOAT)
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in static.graph.initializer}
    nodes = static.graph.node[: 1 + next(i for i, node in enumerate(static.graph.node) if END in node.output)]
    nodes = [node for node in nodes if node.output[0] in _needed(nodes)]
    first = nodes[0]
    # (byte - 127.5) / 127.5 = (256 x + 1) / 255 with x = (byte - 128) / 128.
    weight, bias = held[first.input[1]].astype(np.float64), held[first.input[2]].astype(np.float64)
    held[first.input[1]] = (weight * 256 / 255).astype(np.float32)
    held[first.input[2]] = (bias + weight.sum(axis=(1, 2, 3)) / 255).astype(np.float32)
    return _model(nodes, held, static)


def _needed(nodes: list[Any]) -> set[str]:
    needed = {END}
    for node in reversed(nodes):
        if set(node.output) & needed:
            needed.update(node.input)
    return needed


def _model(nodes: list[Any], held: dict[str, NDArray[Any]], static: onnx.ModelProto) -> onnx.ModelProto:
    read = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "face_trunk",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 128, 128])],
        [helper.make_tensor_value_info(END, TensorProto.FLOAT, [1, 88, 16, 16])],
        [numpy_helper.from_array(array, name) for name, array in held.items() if name in read],
    )
    return helper.make_model(graph, opset_imports=static.opset_import, ir_version=static.ir_version)


def balanced(model: onnx.ModelProto, views: NDArray[np.float32]) -> onnx.ModelProto:
    """Bring the channels between a depthwise layer and the layer after it nearer to one range: exact in float."""
    held = {tensor.name: numpy_helper.to_array(tensor).copy() for tensor in model.graph.initializer}
    makers = {node.output[0]: node for node in model.graph.node}
    pairs = [(makers[node.input[0]], node) for node in model.graph.node if _linear_pair(makers, node)]
    read = tensor_reader(model, [first.output[0] for first, _ in pairs])
    largest = [np.max([np.abs(one).max(axis=(0, 2, 3)) for one in each], axis=0) for each in _tensors(read, views)]
    for (first, second), reach in zip(pairs, largest, strict=True):
        weight = held[second.input[1]]
        wide, heavy = (np.maximum(one, LEAST * one.max()) for one in (reach, np.abs(weight).max(axis=(0, 2, 3))))
        factor = wide**BALANCE * heavy ** (BALANCE - 1)
        factor = (factor / np.exp(np.log(factor).mean())).astype(np.float32)
        held[first.input[1]] /= factor[:, None, None, None]
        held[first.input[2]] /= factor
        held[second.input[1]] = weight * factor[None, :, None, None]
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for tensor in copy.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(held[tensor.name], tensor.name))
    return copy


def _linear_pair(makers: dict[str, Any], node: Any) -> bool:
    before = makers.get(node.input[0])
    return node.op_type == "Conv" and before is not None and before.op_type == "Conv"


def _tensors(read: Any, views: NDArray[np.float32]) -> Iterator[list[NDArray[Any]]]:
    return zip(*(read(view) for view in views), strict=True)


if __name__ == "__main__":
    sys.exit(main())
