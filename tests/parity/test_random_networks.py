"""Random networks of every operator: float, integer reference, host C and the emulated Cortex-M55, with and without
vectors, at multipliers and geometry that no trained network has.

PULSE8_RANDOM_NETWORKS=1000 asks for more than the usual number.
"""

import os
import shutil
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from boards import emulate, frames_of, make, needs_host, needs_m55, serve_host
from commands import ROOT
from integer_programs import conv, program, source
from own_networks import quantised_network
from pulse8.board.codegen.lower import lower
from pulse8.board.codegen.render import planned, render
from pulse8.board.link.client import RUN_LAYERS
from pulse8.board.link.frames import Command, encode
from pulse8.board.link.layout import laid_out, stored_bytes
from pulse8.convert.quantize.audit import audit, scale_violations, unasked_scales
from pulse8.convert.quantize.quantize import kept_db
from pulse8.convert.quantize.scales import every_scale
from pulse8.measure.infer.integer import IntegerRunner, quantised
from pulse8.measure.infer.program import Add, Mul, ScaledAdd, Tensor, Window
from random_networks import random_network

COUNT = int(os.environ.get("PULSE8_RANDOM_NETWORKS", "40"))
NETS = 100
"""Of one board folder."""


def session(model):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def ran(model, sample):
    made = session(model)
    return made.run(None, {end.name: one[None] for end, one in zip(made.get_inputs(), sample, strict=True)})


def steps_off(static, runner, samples):
    """Root mean square of the first output's error in its steps: for outputs that hardly vary, such as x - x."""
    differences = [runner(*(one[None] for one in sample))[0] - ran(static, sample)[0] for sample in samples]
    return np.sqrt(np.mean(np.square(differences))) / runner.program.output.scale


@pytest.mark.parametrize("seed", range(min(COUNT, 200)))
def test_a_random_network_is_simplified_quantised_and_computed_as_onnx_says(seed):
    model, arrays = random_network(seed)
    samples = list(zip(*arrays, strict=True))
    static, scales, int8 = quantised_network(model, samples)
    for one, other in zip(ran(model, samples[0]), ran(static, samples[0]), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3 * (1 + np.abs(one).max()))
    assert audit(int8, None, per_channel=True).violations == ()
    assert scale_violations(int8, scales) == unasked_scales(int8, every_scale(static, scales)) == []
    first, last = IntegerRunner(int8.SerializeToString()), IntegerRunner(int8.SerializeToString(), "channel last")
    codes = [quantised(one[None], tensor) for one, tensor in zip(samples[0], first.program.inputs, strict=True)]
    found, other = first.tensors(*codes), last.tensors(*codes)
    assert all(np.array_equal(found[name], other[name]) for name in found)
    for theirs, ours, tensor in zip(ran(int8, samples[0]), first(*(o[None] for o in samples[0])),
                                    first.program.outputs, strict=True):  # fmt: skip
        assert np.abs(theirs - ours).max() <= 3.01 * tensor.scale  # float32 sums that fall on another side of a half
    assert kept_db(static, first, iter(samples)) > 15 or steps_off(static, first, samples) < 3


def board_of(programs, folder):
    """A board folder of programs: its folder, requests, and what must come back."""
    nets = [lower(one, f"net{index}") for index, one in enumerate(programs)]
    shutil.copytree(ROOT / "firmware", folder, ignore=shutil.ignore_patterns("build", "measure"))
    (folder / "generated").mkdir()
    for name, text in render(planned(nets), None, "random", "ab" * 32).items():
        (folder / "generated" / name).write_text(text)
    rng, requests, wanted = np.random.default_rng(1), b"", []
    for index, (one, net) in enumerate(zip(programs, nets, strict=True)):
        for values in (np.arange(-128, 128), [-128, -128, 127]):
            codes = [rng.choice(values, tensor.shape).astype(np.int8) for tensor in one.inputs]
            requests += encode(Command.RUN, bytes([index, RUN_LAYERS]) + laid_out(codes))
            tensors = IntegerRunner(one).tensors(*codes)
            layers = b"".join(stored_bytes(tensors[step.y]) for step in net.steps)
            wanted.append(layers + laid_out([tensors[output.name] for output in one.outputs]))
    return folder, requests, wanted


def differing(answers, wanted):
    pairs = zip([answer.payload[:-1] for answer in answers], wanted, strict=True)
    return sum(np.count_nonzero(np.frombuffer(a, "u1") != np.frombuffer(b, "u1")) for a, b in pairs)


def at_the_limits():
    """Multipliers from 2^-20 to 2^30, zero points at both ends, strides and pads over 255."""
    rng = np.random.default_rng(5)
    for power in range(-20, 31, 2):
        x = Tensor("x", (1, 5, 2, 3), np.float32(2.0**power), int(rng.integers(-128, 128)))
        y = Tensor("y", x.shape, np.float32(1), int(rng.choice([-128, -5, 0, 5, 127])))
        step = np.float32(2.0**power)
        for kind in (Add, Mul):
            yield program([kind(source=x, other=x, output=y, multiplier=step)])
        yield program([ScaledAdd(source=x, other=x, output=y, inverse=step, sign=1)])
        made = conv(rng, x, 6, Window(kernel=(1, 2)), "y")
        yield program(
            [replace(made, multiplier=np.full(6, step), output=replace(made.output, zero_point=y.zero_point))]
        )
    yield program(
        [conv(rng, source((1, 1, 1, 700)), 3, Window(kernel=(1, 300), strides=(1, 300), pads=(0, 280, 0, 0)))]
    )
    yield from depthwise(rng)


def depthwise(rng):
    """Kernels of odd and even sizes over all edges, channels that fill no vector, and weights of -128 in pairs."""
    windows = (
        Window(kernel=(5, 5), strides=(2, 2), pads=(2, 2, 2, 2)),
        Window(kernel=(3, 3), pads=(1, 1, 1, 1)),
        Window(kernel=(2, 4), strides=(1, 2), pads=(0, 3, 1, 0)),
        Window(kernel=(3, 1), pads=(5, 0, 5, 0)),
        Window(kernel=(1, 1)),
    )
    for window in windows:
        for channels, extreme in ((3, False), (16, True), (33, False), (40, True)):
            x = source((1, channels, 6, 9), int(rng.integers(-128, 128)))
            made = conv(rng, x, channels, window)
            weight = np.full_like(made.weight, -128) if extreme else made.weight
            yield program([replace(made, weight=weight[:, :1], groups=channels)])


@pytest.fixture(scope="module", params=["limits", *range(0, COUNT, NETS)])
def board(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("random") / "board"
    if request.param == "limits":
        return board_of(list(at_the_limits()), folder)
    programs = []
    for seed in range(request.param, min(request.param + NETS, COUNT)):
        model, arrays = random_network(seed)
        _, _, int8 = quantised_network(model, list(zip(*arrays, strict=True)))
        programs.append(IntegerRunner(int8.SerializeToString()).program)
    return board_of(programs, folder)


@needs_host
def test_every_layer_is_the_references_here(board):
    folder, requests, wanted = board
    make(folder, "build/p8_host")
    assert differing(frames_of(serve_host(folder / "build" / "p8_host", requests)), wanted) == 0


@needs_m55
@pytest.mark.parametrize("variant", ["mve", "dsp", "scalar"])
def test_every_layer_is_the_references_on_the_m55(board, variant):
    folder, requests, wanted = board
    make(folder, f"build/files_{variant}.elf")
    answers = emulate(folder / "build" / f"files_{variant}.elf", requests, folder / variant)
    assert differing(frames_of(answers), wanted) == 0
