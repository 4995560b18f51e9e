"""Random networks in ONNX, of every operator that is known in INT8, with seeded weights."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 14


class Maker:
    """A graph that grows by random steps on tensors [1, C, H, W]."""

    def __init__(self, seed, *, several=False):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.constants = [], {}
        self.shapes = {}
        self.count = 0
        sides = self.rng.integers(3, 10, 2)
        self.inputs = [self._input((1, int(self.rng.integers(1, 9)), *map(int, sides)))]
        if several:
            self.inputs.append(self._input(self.shapes[self.inputs[0]]))
        self.alive = list(self.inputs)

    def _input(self, shape):
        name = f"x{len(self.shapes)}"
        self.shapes[name] = shape
        return name

    def constant(self, value):
        self.count += 1
        name = f"c{self.count}"
        self.constants[name] = np.asarray(value)
        return name

    def add(self, operator, inputs, shape, **attributes):
        self.count += 1
        name = f"t{self.count}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=f"{operator}_{self.count}", **attributes))
        self.shapes[name] = tuple(map(int, shape))
        self.alive.append(name)
        return name

    def pick(self):
        return self.alive[-1] if self.rng.random() < 0.7 else str(self.rng.choice(self.alive))

    def grow(self, steps):
        kinds = [getattr(self, name) for name in dir(self) if name.startswith("step_")]
        while len(self.nodes) < steps:
            self.rng.choice(kinds)(self.pick())
        return self

    def weights(self, *shape):
        return self.constant(self.rng.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32))

    def step_conv(self, x):
        _, channels, height, width = self.shapes[x]
        kind = self.rng.choice(["plain", "groups", "depthwise"])
        groups = channels if kind == "depthwise" else 2 if kind == "groups" and channels % 2 == 0 else 1
        kernel = [int(min(self.rng.integers(1, 4), side)) for side in (height, width)]
        gaps = [int(self.rng.integers(1, 3)) if kernel[axis] > 1 else 1 for axis in (0, 1)]
        pads = [int(self.rng.integers(0, 1 + gaps[axis % 2] * (kernel[axis % 2] - 1))) for axis in range(4)]
        strides = [int(self.rng.integers(1, 3)) for _ in (0, 1)]
        outputs = groups * int(self.rng.integers(1, 7 if groups == 1 else 3))
        sides = [
            (side + pads[axis] + pads[2 + axis] - gaps[axis] * (kernel[axis] - 1) - 1) // strides[axis] + 1
            for axis, side in enumerate((height, width))
        ]
        if min(sides) < 1:
            return
        told = {"kernel_shape": kernel, "pads": pads, "strides": strides, "dilations": gaps, "group": groups}
        bias = [self.constant(self.rng.normal(0, 0.3, outputs).astype(np.float32))] if self.rng.random() < 0.8 else []
        weight = self.weights(outputs, channels // groups, *kernel)
        made = self.add("Conv", [x, weight, *bias], (1, outputs, *sides), **told)
        self.after(made)

    def after(self, x):
        kind = self.rng.choice(["none", "Relu", "Clip", "HardSwish"])
        if kind == "Clip":
            self.add("Clip", [x, self.constant(np.float32(0)), self.constant(np.float32(6))], self.shapes[x])
        elif kind != "none":
            self.add(str(kind), [x], self.shapes[x])

    def step_transposed(self, x):
        _, channels, height, width = self.shapes[x]
        if height * width > 100:
            return
        groups = 2 if channels % 2 == 0 and self.rng.random() < 0.3 else 1
        each, kernel = int(self.rng.integers(1, 4)), self.rng.integers(1, 6, 2).tolist()
        strides = self.rng.integers(1, 4, 2).tolist()
        gaps = [1 + int(stride == 1 and self.rng.random() < 0.3) for stride in strides]
        more = [int(self.rng.integers(0, stride)) for stride in strides]
        pads = [int(self.rng.integers(0, 2)) if kernel[axis % 2] > 2 else 0 for axis in range(4)]
        sides = [
            (side - 1) * strides[axis] + gaps[axis] * (kernel[axis] - 1) + 1 + more[axis] - pads[axis] - pads[2 + axis]
            for axis, side in enumerate((height, width))
        ]
        if min(sides) < 1 or max(sides) > 30:
            return
        told = {"kernel_shape": kernel, "strides": strides, "pads": pads, "dilations": gaps, "output_padding": more}
        bias = self.constant(self.rng.normal(0, 0.3, groups * each).astype(np.float32))
        inputs = [x, self.weights(channels, each, *kernel), bias]
        self.add("ConvTranspose", inputs, (1, groups * each, *sides), group=groups, **told)

    def step_pool(self, x):
        _, channels, height, width = self.shapes[x]
        if min(height, width) < 2:
            return
        operator, pad = str(self.rng.choice(["MaxPool", "AveragePool"])), int(self.rng.integers(0, 2))
        sides = [(side + 2 * pad - 2) // 2 + 1 for side in (height, width)]
        told = {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [pad] * 4}
        if operator == "AveragePool":
            told["count_include_pad"] = int(self.rng.integers(0, 2))
        self.add(operator, [x], (1, channels, *sides), **told)

    def step_pair(self, x):
        others = [name for name in self.alive if self.shapes[name] == self.shapes[x]]
        self.add(str(self.rng.choice(["Add", "Sub", "Mul"])), [x, str(self.rng.choice(others))], self.shapes[x])

    def step_gate(self, x):
        axes = [[2, 3], [1], [2], [3], [1, 2, 3]][min(int(self.rng.integers(0, 8)), 4)]
        shape = tuple(1 if axis in axes else side for axis, side in enumerate(self.shapes[x]))
        gate = self.add("Sigmoid", [self.add("ReduceMean", [x], shape, axes=axes, keepdims=1)], shape)
        operands = [x, gate] if self.rng.random() < 0.6 else [gate, x]
        self.add(str(self.rng.choice(["Mul", "Mul", "Add", "Sub"])), operands, self.shapes[x])

    def step_number(self, x):
        number = self.constant(np.float32(self.rng.normal()))
        self.add(str(self.rng.choice(["Add", "Mul", "Sub"])), [x, number], self.shapes[x])

    def step_channels(self, x):
        values = self.rng.normal(1, 0.3, (1, self.shapes[x][1], 1, 1)).astype(np.float32)
        self.add(str(self.rng.choice(["Add", "Mul"])), [x, self.constant(values)], self.shapes[x])

    def step_table(self, x):
        operator = self.rng.choice(["Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "LeakyRelu", "Elu", "Neg", "Abs"])
        self.add(str(operator), [x], self.shapes[x])

    def step_prelu(self, x):
        slope = self.rng.uniform(0, 0.5, (self.shapes[x][1], 1, 1)).astype(np.float32)
        self.add("PRelu", [x, self.constant(slope)], self.shapes[x])

    def step_concat(self, x):
        axis = int(self.rng.integers(1, 4))
        shape = self.shapes[x]
        rest = [name for name in self.alive if without(self.shapes[name], axis) == without(shape, axis)]
        other = str(self.rng.choice(rest))
        wide = list(shape)
        wide[axis] += self.shapes[other][axis]
        if np.prod(wide) < 2000:
            self.add("Concat", [x, other], wide, axis=axis)

    def step_resize(self, x):
        _, channels, height, width = self.shapes[x]
        if height * width > 60:
            return
        scales = self.constant(np.array([1, 1, 2, 2], np.float32))
        told = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        self.add("Resize", [x, "", scales], (1, channels, 2 * height, 2 * width), **told)

    def step_pad(self, x):
        _, channels, height, width = self.shapes[x]
        mode = str(self.rng.choice(["constant", "edge"]))
        pads = self.constant(np.array([0, 0, 1, 2, 0, 0, 0, 1], np.int64))
        self.add("Pad", [x, pads], (1, channels, height + 1, width + 3), mode=mode)

    def step_slice(self, x):
        _, channels, height, width = self.shapes[x]
        if width < 4:
            return
        told = [self.constant(np.array(value, np.int64)) for value in ([1], [width], [3], [2])]
        self.add("Slice", [x, *told], (1, channels, height, (width - 1 + 1) // 2))

    def step_turn(self, x):
        _, channels, height, width = self.shapes[x]
        perm = [0, *(1 + self.rng.permutation(3)).tolist()]
        self.add("Transpose", [x], [(1, channels, height, width)[axis] for axis in perm], perm=perm)

    def step_shuffle(self, x):
        _, channels, height, width = self.shapes[x]
        if channels % 2:
            return
        parts = (1, 2, channels // 2, height, width)
        cut = self.add("Reshape", [x, self.constant(np.array(parts, np.int64))], parts)
        turned = self.add("Transpose", [cut], [parts[axis] for axis in (0, 2, 1, 3, 4)], perm=[0, 2, 1, 3, 4])
        self.alive = self.alive[:-2]
        self.add("Reshape", [turned, self.constant(np.array(self.shapes[x], np.int64))], self.shapes[x])

    def model(self, outputs=1):
        read = {name for node in self.nodes for name in node.input}
        made = [node.output[0] for node in self.nodes if len(self.shapes[node.output[0]]) == 4]
        ends = [name for name in made if name not in read][-outputs:] or made[-1:]
        values = [
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, self.shapes[name]) for name in names]
            for names in (self.inputs, ends)
        ]
        tensors = [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
        graph = helper.make_graph(self.nodes, "random", *values, tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return model


def without(shape, axis):
    return shape[:axis] + shape[axis + 1 :]


def random_network(seed, steps=8):
    """Return a network, and samples of its inputs."""
    maker = Maker(seed, several=seed % 5 == 4).grow(steps)
    rng = np.random.default_rng(seed)
    model = maker.model(outputs=1 + seed % 2)
    count = 12
    return model, tuple(rng.normal(size=(count, *maker.shapes[name][1:])).astype(np.float32) for name in maker.inputs)
