r"""Make the two face models that pulse8 ships, from the official mediapipe 0.10.21 wheel (Apache-2.0).

    pip download --no-deps --only-binary :all: --python-version 311 --platform manylinux_2_28_x86_64 \
        -d . mediapipe==0.10.21
    pip install tflite==2.18.0 onnx
    python scripts/make_face_models.py --wheel mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl

Only the two networks are read from the wheel; none of its code runs. Their weights are float16 in the wheel and in the
ONNX files, where a Cast follows each: half the size of float32 and the same numbers. The script checks the SHA-256 of
its input and output, so anyone can reproduce the shipped bytes.
"""

import argparse
import hashlib
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import tflite
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET: Final = 13
IR_VERSION: Final = 8
OUTPUT: Final = Path(__file__).parents[1] / "src/pulse8/measure/face/weights"


@dataclass(frozen=True, kw_only=True)
class Source:
    """One network: its place in the wheel, the names of its outputs and both hashes."""

    member: str
    member_sha256: str
    output: str
    output_sha256: str
    outputs: tuple[str, ...]


SOURCES: Final = (
    Source(
        member="mediapipe/modules/face_detection/face_detection_short_range.tflite",
        member_sha256="bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        output="face_detection_short_range.onnx",
        output_sha256="9c2e2daa83662f28559ccf9ff9d4ab246abe3bb990ed0995997070e53b17a297",
        outputs=("boxes", "scores"),
    ),
    Source(
        member="mediapipe/modules/face_landmark/face_landmark.tflite",
        member_sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        output="face_landmark.onnx",
        output_sha256="a390bee5c335f607c438b0af41a91ab5aa42e1ba44d27d9fdb5c087c40c3e5b3",
        outputs=("landmarks", "presence"),
    ),
)

ACTIVATIONS: Final = {
    tflite.ActivationFunctionType.NONE: None,
    tflite.ActivationFunctionType.RELU: "Relu",
}


@dataclass
class Conversion:
    """A TFLite graph on its way to ONNX; tensors of rank 4 change from channel-last to channel-first."""

    model: Any
    graph: Any
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initializers: list[onnx.TensorProto] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    constants: dict[int, NDArray[Any]] = field(default_factory=dict)

    def name(self, tensor: int) -> str:
        return self.names.setdefault(tensor, f"t{tensor}")

    def shape(self, tensor: int) -> list[int]:
        return [int(n) for n in self.graph.Tensors(tensor).ShapeAsNumpy()]

    def constant(self, tensor: int) -> NDArray[Any]:
        if tensor in self.constants:
            return self.constants[tensor]
        stored = self.graph.Tensors(tensor)
        types = {tflite.TensorType.FLOAT16: np.float16, tflite.TensorType.INT32: np.int32}
        flat = self.model.Buffers(stored.Buffer()).DataAsNumpy().view(types[stored.Type()])
        return flat.reshape(self.shape(tensor))

    def add(self, op: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))

    def weight(self, values: NDArray[np.float16], name: str) -> str:
        """Store float16 and widen it in the graph."""
        half = np.ascontiguousarray(values)
        if half.dtype != np.float16:
            raise SystemExit(f"{name} is {half.dtype}, not float16")
        self.initializers.append(numpy_helper.from_array(half, f"{name}_f16"))
        self.add("Cast", [f"{name}_f16"], name, to=TensorProto.FLOAT)
        return name

    def one(self) -> str:
        """Store the number one once and return its name."""
        if not any(stored.name == "one" for stored in self.initializers):
            self.initializers.append(numpy_helper.from_array(np.array(1, np.float32), "one"))
        return "one"

    def integers(self, values: list[int], name: str) -> str:
        self.initializers.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name


def main() -> int:
    """Convert both networks; 1 if a hash differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    results = [_make(source, args.wheel, args.output) for source in SOURCES]
    return 0 if all(results) else 1


def _make(source: Source, wheel: Path, folder: Path) -> bool:
    with zipfile.ZipFile(wheel) as archive:
        flat = archive.read(source.member)
    if hashlib.sha256(flat).hexdigest() != source.member_sha256:
        raise SystemExit(f"{source.member} in {wheel} is not the file of mediapipe 0.10.21")
    model = convert(flat, source.outputs).SerializeToString(deterministic=True)
    (folder / source.output).write_bytes(model)
    sha256 = hashlib.sha256(model).hexdigest()
    state = "as shipped" if sha256 == source.output_sha256 else "DIFFERS"
    print(f"{source.output}  {len(model):,} bytes  {sha256}  {state}")
    return sha256 == source.output_sha256


def convert(flat: bytes, outputs: tuple[str, ...]) -> onnx.ModelProto:
    """Turn a TFLite file of these two networks into ONNX with input ``image`` [1, 3, H, W]."""
    model = tflite.Model.GetRootAs(flat, 0)
    work = Conversion(model, model.Subgraphs(0))
    image, *_ = (int(i) for i in work.graph.InputsAsNumpy())
    work.names[image] = "image"
    ends = dict(zip((int(i) for i in work.graph.OutputsAsNumpy()), outputs, strict=True))
    work.names.update(ends)
    for index in range(work.graph.OperatorsLength()):
        operator = work.graph.Operators(index)
        code = model.OperatorCodes(operator.OpcodeIndex())
        RULES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())](work, operator)
    return _model(work, image, ends)


def _model(work: Conversion, image: int, ends: dict[int, str]) -> onnx.ModelProto:
    graph = helper.make_graph(
        work.nodes,
        "face",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, _first(work.shape(image)))],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, _first(work.shape(i))) for i, name in ends.items()],
        work.initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    model.producer_name = "pulse8"
    model.doc_string = "Converted from mediapipe 0.10.21, Copyright The MediaPipe Authors, Apache-2.0"
    onnx.checker.check_model(model, full_check=True)
    return model


def _first(shape: list[int]) -> list[int]:
    """Turn a channel-last shape into channel-first; leave other ranks."""
    return [shape[0], shape[3], shape[1], shape[2]] if len(shape) == 4 else shape


def _options(operator: Any, record: Any) -> Any:
    options = record()
    table = operator.BuiltinOptions()
    options.Init(table.Bytes, table.Pos)
    return options


def _ends(operator: Any) -> tuple[list[int], int]:
    return [int(i) for i in operator.InputsAsNumpy()], int(operator.OutputsAsNumpy()[0])


def _pads(shape: list[int], kernel: tuple[int, int], strides: tuple[int, int], padding: int) -> list[int]:
    """TensorFlow's SAME: the output is ceil(input / stride), the odd pixel of padding comes last."""
    if padding == tflite.Padding.VALID:
        return [0, 0, 0, 0]
    pairs = []
    for size, k, stride in zip(shape[1:3], kernel, strides, strict=True):
        total = max((-(-size // stride) - 1) * stride + k - size, 0)
        pairs.append((total // 2, total - total // 2))
    return [pairs[0][0], pairs[1][0], pairs[0][1], pairs[1][1]]


def _activated(work: Conversion, op: str, inputs: list[str], output: int, fused: int, **attributes: Any) -> None:
    activation = ACTIVATIONS[fused]
    before = work.name(output) if activation is None else f"{work.name(output)}_before"
    work.add(op, inputs, before, **attributes)
    if activation is not None:
        work.add(activation, [before], work.name(output))


def _dequantize(work: Conversion, operator: Any) -> None:
    """Float16 weights are kept for :meth:`Conversion.weight`."""
    (source,), output = _ends(operator)
    work.constants[output] = work.constant(source)


def _convolution(record: Any, order: tuple[int, ...], *, depthwise: bool) -> Callable[[Conversion, Any], None]:
    def rule(work: Conversion, operator: Any) -> None:
        (image, kernel, bias), output = _ends(operator)
        options = _options(operator, record)
        weights = work.constant(kernel).transpose(order)
        size, strides = weights.shape[2:], (options.StrideH(), options.StrideW())
        name = work.name(output)
        inputs = [
            work.name(image),
            work.weight(weights, f"{name}_weight"),
            work.weight(work.constant(bias), f"{name}_bias"),
        ]
        _activated(
            work, "Conv", inputs, output, options.FusedActivationFunction(),
            kernel_shape=size, strides=strides, group=weights.shape[0] if depthwise else 1,
            pads=_pads(work.shape(image), size, strides, options.Padding()),
        )  # fmt: skip

    return rule


def _prelu(work: Conversion, operator: Any) -> None:
    """Write slope x + (1 - slope) relu(x): ONNX Runtime's own PRelu takes half of the mesh's time (decision 0011)."""
    (image, slope), output = _ends(operator)
    source, name = work.name(image), work.name(output)
    slopes = work.weight(work.constant(slope).reshape(-1, 1, 1), f"{name}_slope")
    work.add("Sub", [work.one(), slopes], f"{name}_rest")
    work.add("Relu", [source], f"{name}_positive")
    work.add("Mul", [f"{name}_positive", f"{name}_rest"], f"{name}_more")
    work.add("Mul", [source, slopes], f"{name}_all")
    work.add("Add", [f"{name}_more", f"{name}_all"], name)


def _relu(work: Conversion, operator: Any) -> None:
    (image,), output = _ends(operator)
    work.add("Relu", [work.name(image)], work.name(output))


def _add(work: Conversion, operator: Any) -> None:
    inputs, output = _ends(operator)
    fused = _options(operator, tflite.AddOptions).FusedActivationFunction()
    _activated(work, "Add", [work.name(i) for i in inputs], output, fused)


def _max_pool(work: Conversion, operator: Any) -> None:
    (image,), output = _ends(operator)
    options = _options(operator, tflite.Pool2DOptions)
    kernel, strides = (options.FilterHeight(), options.FilterWidth()), (options.StrideH(), options.StrideW())
    pads = _pads(work.shape(image), kernel, strides, options.Padding())
    work.add("MaxPool", [work.name(image)], work.name(output), kernel_shape=kernel, strides=strides, pads=pads)


def _pad(work: Conversion, operator: Any) -> None:
    (image, amounts), output = _ends(operator)
    before_after = work.constant(amounts)[[0, 3, 1, 2]]
    name = work.integers([int(n) for n in before_after.T.ravel()], f"{work.name(output)}_pads")
    work.add("Pad", [work.name(image), name], work.name(output))


def _reshape(work: Conversion, operator: Any) -> None:
    image, output = int(operator.Inputs(0)), int(operator.Outputs(0))
    name = work.name(output)
    work.add("Transpose", [work.name(image)], f"{name}_last", perm=[0, 2, 3, 1])
    work.add("Reshape", [f"{name}_last", work.integers(work.shape(output), f"{name}_shape")], name)


def _concatenate(work: Conversion, operator: Any) -> None:
    inputs, output = _ends(operator)
    axis = _options(operator, tflite.ConcatenationOptions).Axis()
    work.add("Concat", [work.name(i) for i in inputs], work.name(output), axis=axis)


RULES: Final = {
    tflite.BuiltinOperator.DEQUANTIZE: _dequantize,
    tflite.BuiltinOperator.CONV_2D: _convolution(tflite.Conv2DOptions, (0, 3, 1, 2), depthwise=False),
    tflite.BuiltinOperator.DEPTHWISE_CONV_2D: _convolution(tflite.DepthwiseConv2DOptions, (3, 0, 1, 2), depthwise=True),
    tflite.BuiltinOperator.PRELU: _prelu,
    tflite.BuiltinOperator.RELU: _relu,
    tflite.BuiltinOperator.ADD: _add,
    tflite.BuiltinOperator.MAX_POOL_2D: _max_pool,
    tflite.BuiltinOperator.PAD: _pad,
    tflite.BuiltinOperator.RESHAPE: _reshape,
    tflite.BuiltinOperator.CONCATENATION: _concatenate,
}

if __name__ == "__main__":
    sys.exit(main())
