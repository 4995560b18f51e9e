"""Each check fires on a planted model, and on a clean one none does."""

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from planted import Net, clean
from pulse8.board.onnx_graph.read import read_graph
from pulse8.board.preflight.options import PreflightOptions
from pulse8.board.preflight.preflight import preflight, write_preflight
from pulse8.board.preflight.rules import checks, operators
from pulse8.manifest import accept, record

SHARED = Path(os.environ.get("PULSE8_SHARED", Path(__file__).resolve().parents[4] / "shared"))
SAMPLES = {"calibration_indices": list(range(200)), "calibration_source_sha256": "0" * 64}


def save(folder, model, name="model.onnx", samples=SAMPLES):
    """Write a model with the rows that calibrate and quantize would have written."""
    path, calibration, data = folder / name, folder / "calibration.pt", folder / "data.pt"
    data.write_bytes(b"data")
    calibration.write_bytes(b"calibration")
    path.write_bytes(model.SerializeToString())
    record(calibration, "calibrate", {"data": accept(data)}, {"distribution": "stratified"})
    record(path, "quantize", {"calibration": accept(calibration)}, samples)
    return path


def preflight_of(folder, model, options=None, **given):
    return preflight(save(folder, model, **given), options or PreflightOptions())


def layer(op, *inputs, shape=(1, 8, 16, 16), constants=(), **attributes):
    def build():
        net = Net(shape)
        net.layer(op, *inputs, *(net.constant(value) for value in constants), **attributes)
        return net.model()

    return build


def between(op, *constants, **attributes):
    def build():
        net = Net()
        net.conv()
        net.layer(op, *(net.constant(value) for value in constants), **attributes)
        net.conv(takes=8)
        return net.model()

    return build


def rank_five():
    net = Net((1, 2, 4, 16, 16))
    net.layer("Relu")
    net.layer("Reshape", net.constant(np.array([1, 8, 16, 16])))
    net.conv()
    return net.model()


def dynamic():
    net = Net(("batch", 8, 16, 16))
    net.conv()
    return net.model()


def batch_of_24():
    net = Net((1, 24 * 8, 16, 16))
    net.layer("Reshape", net.constant(np.array([24, 8, 16, 16])))
    net.conv()
    return net.model()


def floats():
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "float",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def unsigned():
    net = Net()
    net.tensor = net.border(net.tensor, zero=128, kind=np.uint8)
    net.conv()
    return net.model()


def weights(**given):
    def build():
        net = Net()
        net.layer("Conv", net.weight((8, 8, 3, 3), **given), pads=[1, 1, 1, 1])
        return net.model()

    return build


def sixteen_bits():
    net = Net()
    net.tensor = net.border(net.tensor, zero=0, kind=np.int16)
    net.conv()
    return net.model(opset=21)


def spilling():
    net = Net((1, 16, 512, 512))
    net.conv(16, 16)
    return net.model()


def flash_bound():
    net = Net((1, 512, 1, 1))
    net.conv(1024, 512, (1, 1))
    return net.model()


def padded():
    net = Net()
    net.layer("Pad", net.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1])))
    net.conv()
    return net.model()


def clipped():
    net = Net()
    bounds = [net.border(net.constant(np.float32(bound))) for bound in (0, 6)]
    net.layer("Clip", *bounds)
    net.conv()
    return net.model()


def bias_at_run_time():
    net = Net((1, 8))
    bias = net.border(net.add("Relu", [net.tensor]))
    net.layer("Gemm", net.weight((8, 8)), bias, transB=1)
    return net.model()


def identity():
    net = Net()
    net.nodes.clear()
    net.tensor = net.add("Identity", ["x"])
    return net.model()


def float_end():
    net = clean()
    net.tensor = net.add("Sigmoid", [net.tensor])
    return net.model()


def transposed():
    net = Net((1, 16, 16, 8))
    net.layer("Transpose", perm=[0, 3, 1, 2])
    net.conv()
    return net.model()


def unequal():
    net = Net()
    one = net.conv()
    other = net.border(net.add("Relu", [one]), scale=0.2)
    net.layer("Add", other)
    return net.model()


def float_weights():
    net = Net()
    net.layer("Conv", net.constant(np.ones((8, 8, 3, 3), np.float32)), pads=[1, 1, 1, 1])
    return net.model()


def weights_quantised_in_the_graph():
    net = Net()
    ends = [net.constant(np.full(8, 0.02, np.float32)), net.constant(np.full(8, 7, np.int8))]
    source = net.add("QuantizeLinear", [net.constant(np.ones((8, 8, 3, 3), np.float32)), *ends], axis=0)
    net.layer("Conv", net.add("DequantizeLinear", [source, *ends], axis=0), pads=[1, 1, 1, 1])
    return net.model()


def scale(value):
    def build():
        net = Net()
        net.tensor = net.border(net.tensor, scale=value)
        net.conv()
        return net.model()

    return build


def constant_condition():
    net = Net()
    branch = helper.make_graph(
        [helper.make_node("Identity", [net.tensor], ["inner"])],
        "branch",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1, 8, 16, 16])],
    )
    condition = net.constant(np.array(True))
    net.tensor = net.border(net.add("If", [condition], then_branch=branch, else_branch=branch))
    net.conv()
    return net.model()


def q_operators():
    net = Net()
    ends = [net.constant(np.float32(0.1)), net.constant(np.int8(0))]
    weight = [
        net.constant(value)
        for value in (np.ones((8, 8, 3, 3), np.int8), np.full(8, 0.02, np.float32), np.zeros(8, np.int8))
    ]
    net.tensor = net.nodes[-1].input[0]
    net.tensor = net.add("QLinearConv", [net.tensor, *ends, *weight, *ends], pads=[1, 1, 1, 1])
    net.tensor = net.add("DequantizeLinear", [net.tensor, *ends])
    return net.model()


FAULTS = {
    "P01": rank_five,
    "P02": dynamic,
    "P03": batch_of_24,
    "P04 ir": lambda: clean().model(ir=10),
    "P04 opset": lambda: clean().model(opset=21),
    "P04 import": lambda: clean().model(imports=["com.microsoft"]),
    "P05": floats,
    "P05 island": float_end,
    "P06": unsigned,
    "P07 zero": weights(zero=3),
    "P07 axis": weights(axis=1, scales=8),
    "P08": sixteen_bits,
    "P09": between("Softmax", axis=1),
    "P10 average": layer("AveragePool", kernel_shape=[7, 7]),
    "P10 global": layer("GlobalAveragePool"),
    "P11": lambda: (net := Net(), net.conv(kernel=(7, 7)), net.model())[-1],
    "P12": lambda: (net := Net((1, 32, 16, 128)), net.conv(32, 32), net.model())[-1],
    "P13": spilling,
    "P14": flash_bound,
    "P15 pad": padded,
    "P15 clip": clipped,
    "P16 gemm": bias_at_run_time,
    "P16 slice": between("Slice", np.array([0]), np.array([2**31 - 1]), np.array([2])),
    "P16 rank": lambda: (net := Net((8,)), net.layer("Relu"), net.model())[-1],
    "P17": identity,
    "P18": float_end,
    "P20": transposed,
    "P21": layer("NonMaxSuppression"),
    "P22": lambda: (
        net := Net((1, 8, 1, 64)),
        net.layer("Conv", net.weight((8, 1, 1, 3)), group=8, strides=[1, 2], pads=[0, 1, 0, 1]),
        net.model(),
    )[-1],
    "P25": unequal,
    "P07 zero behind a QuantizeLinear": weights_quantised_in_the_graph,
    "P26": float_weights,
    "P27 zero": scale(0.0),
    "P27 negative": scale(-0.1),
    "P27 no number": scale(float("nan")),
    "P27 infinite": scale(float("inf")),
    "P28 condition": constant_condition,
    "P28 operator": between("CumSum", np.array(1)),
    "P29": between("Neg"),
    "P30": q_operators,
}


def test_a_clean_model_is_clean(tmp_path):
    result = preflight_of(tmp_path, clean().model())
    assert result.findings == ()
    assert result.passed
    assert result.latency is not None


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(tmp_path, fault):
    result = preflight_of(tmp_path, FAULTS[fault]())
    rule = fault.split()[0]
    assert rule in {finding.rule for finding in result.findings}
    row = checks()[rule]
    planted = next(finding for finding in result.findings if finding.rule == rule)
    assert (planted.severity, planted.why, planted.fix) == (row.severity, row.why, row.fix)
    assert planted.node
    assert result.passed == all(finding.severity != "error" for finding in result.findings)


def test_an_axis_from_the_end_is_that_axis(tmp_path):
    net = Net()
    weight = net.weight((8, 8, 3, 3))
    net.nodes[-1].attribute[0].i = -4
    net.layer("Conv", weight, pads=[1, 1, 1, 1])
    assert preflight_of(tmp_path, net.model()).findings == ()


def test_q_operators_are_read_as_what_they_compute(tmp_path):
    result = preflight_of(tmp_path, q_operators())
    assert [(finding.rule, finding.severity) for finding in result.findings] == [("P30", "warn")]
    assert [(layer.op, layer.macs, layer.epoch) for layer in result.layers] == [("Conv", 8 * 8 * 9 * 256, "hardware")]
    assert result.latency is not None


CASES = {
    "p01_neg_axis": set(),
    "p04_qoperator": {"P30"},
    "p05_neg": {"P29", "P25"},
    "p19_depthwise": {"P12"},
    "p20_scale_zero_nan": {"P27"},
    "p27_float_weights": {"P26"},
    "p28_if_inside": {"P09", "P28"},
    "p29_weight_qdq_pair_zero_point_7": {"P07"},
}


@pytest.mark.parametrize("name", CASES)
def test_files_that_were_passed_or_refused_wrongly(name):
    path = SHARED / "cases" / "onnx" / f"{name}.onnx"
    if not path.is_file():
        pytest.skip(f"{path} is not here; set PULSE8_SHARED")
    found = {finding.rule for finding in preflight(path, PreflightOptions()).findings}
    assert found - {"P19"} == CASES[name]


def test_faults_around_the_file_are_found(tmp_path):
    model = clean().model()
    alone = tmp_path / "alone.onnx"
    alone.write_bytes(model.SerializeToString())
    assert [finding.rule for finding in preflight(alone, PreflightOptions()).findings] == ["P19"]
    few = {**SAMPLES, "calibration_indices": [1, 2]}
    assert [finding.rule for finding in preflight_of(tmp_path, model, samples=few).findings] == ["P19"]
    first = preflight_of(tmp_path, model, PreflightOptions(channel="first"))
    assert [finding.rule for finding in first.findings] == ["P20"]
    fed_back = preflight_of(tmp_path, model, name="net_OE_3_2_0.onnx")
    assert [finding.rule for finding in fed_back.findings] == ["P24"]
    report = tmp_path / "report.txt"
    report.write_text("Total number of epochs: 4 of which 3 HW and 1 SW epochs\n", encoding="utf-8")
    with_report = preflight_of(tmp_path, model, PreflightOptions(vendor_report=report))
    assert [(finding.rule, finding.what) for finding in with_report.findings] == [("P23", "1 software epochs")]


def test_every_check_has_a_fault_here():
    elsewhere = {"P19", "P20", "P23", "P24"}
    assert {fault.split()[0] for fault in FAULTS} | elsewhere == set(checks())


def test_every_row_has_a_source_and_a_tool_version():
    rows = [*checks().values(), *operators().values()]
    assert all(row.source and row.tool for row in rows)
    assert len(operators()) == 149


def test_no_number_where_nobody_measured_or_memory_spills(tmp_path):
    for model, words in ((between("Log")(), "in software"), (spilling(), "spill")):
        result = preflight_of(tmp_path, model)
        assert result.latency is None
        assert words in result.latency_missing


def test_the_file_beside_the_model_goes_stale_with_it(tmp_path):
    path = save(tmp_path, clean().model())
    written = write_preflight(preflight(path, PreflightOptions()), path)
    assert accept(written).row.step == "preflight"


def test_the_board_pair_is_clean(workspace):
    models = workspace / "quantization" / "models"
    for part in ("spatial", "temporal"):
        result = preflight(models / f"rppg_{part}_int8_qdq.onnx", PreflightOptions())
        assert [finding for finding in result.findings if finding.severity != "info"] == []
        assert result.latency is not None
    whole = preflight(models / "rppg_int8_qdq.onnx", PreflightOptions())
    assert "P03" in {finding.rule for finding in whole.findings}
    fp32 = preflight(models / "rppg_fp32.onnx", PreflightOptions())
    assert {"P01", "P02", "P05", "P18"} <= {finding.rule for finding in fp32.findings}


def test_memory_is_that_of_a_published_report(workspace):
    """The same three convolutions and two pools: 8.9 kB of RAM in that project's report by the vendor's tool."""
    spatial = workspace / "quantization" / "models" / "rppg_spatial_int8_qdq.onnx"
    memory = preflight(spatial, PreflightOptions()).memory
    assert memory.peak_bytes == 36 * 36 * 3 + 18 * 18 * 16
    assert memory.placed_bytes == memory.peak_bytes


def test_shapes_are_those_that_onnx_infers(workspace):
    for path in (workspace / "quantization" / "models").glob("*.onnx"):
        graph = read_graph(path)
        inferred = onnx.shape_inference.infer_shapes(onnx.load(path), data_prop=True).graph
        wanted = {
            info.name: tuple(
                dim.dim_value if dim.HasField("dim_value") else None for dim in info.type.tensor_type.shape.dim
            )
            for info in (*inferred.value_info, *inferred.output)
        }
        ours = {name: graph.shapes[name] for name in wanted}
        known = {name: shape for name, shape in wanted.items() if None not in shape}
        assert {name: ours[name] for name in known} == known


@pytest.mark.parametrize(("op", "attributes"), [("GlobalAveragePool", {}), ("Softmax", {"axis": 1})])
def test_a_software_epoch_that_was_measured_has_an_interval_of_its_own(tmp_path, op, attributes):
    result = preflight_of(tmp_path, layer(op, **attributes)())
    (interval,) = [part.interval for part in result.layers]
    assert interval.low_ms < 0.5 * interval.expected_ms
    assert interval.high_ms > 1.25 * interval.expected_ms


def test_partial_results_of_a_large_kernel_are_memory_and_time(tmp_path):
    """The stem of a ResNet of 16 channels: a published board used the input and six times the stem's output."""
    stem = Net((1, 3, 224, 224))
    stem.conv(16, 3, (7, 7), strides=[2, 2])
    result = preflight_of(tmp_path, stem.model())
    assert result.memory.peak_bytes == 3 * 224 * 224 + 6 * 16 * 112 * 112
    assert result.layers[0].work.pieces == 3
    wide = Net((1, 3, 224, 224))
    wide.conv(16, 3, (7, 7))
    spilled = preflight_of(tmp_path, wide.model())
    assert spilled.latency_notes == ("partial results of a large kernel spill into hyperRAM",)
    assert spilled.latency.expected_ms > 50 * result.latency.expected_ms


def test_the_version_of_the_tool_decides_how_depthwise_weights_are_stored(tmp_path):
    net = Net()
    net.layer("Conv", net.weight((8, 1, 3, 3)), group=8, pads=[1, 1, 1, 1])
    old, new = (preflight_of(tmp_path, net.model(), PreflightOptions(core=core)) for core in ("2", "3"))
    assert (old.flash_bytes, new.flash_bytes, new.flash_high_bytes) == (9 * 72, 72, 9 * 72 + 12 * 8)
    assert old.latency.expected_ms > new.latency.expected_ms


def test_weights_of_four_bits_are_read_from_3_on(tmp_path):
    net = Net()
    net.layer("Conv", net.weight((8, 8, 3, 3)), pads=[1, 1, 1, 1])
    model = net.model(opset=21)
    weight = next(node for node in model.graph.node if node.op_type == "DequantizeLinear" and "axis" in str(node))
    for constant in model.graph.initializer:
        if constant.name in (weight.input[0], weight.input[2]):
            values = onnx.numpy_helper.to_array(constant).astype(np.int32).ravel().tolist()
            constant.CopyFrom(helper.make_tensor(constant.name, TensorProto.INT4, constant.dims, values))
    found = {
        core: {finding.rule for finding in preflight_of(tmp_path, model, PreflightOptions(core=core)).findings}
        for core in ("2", "3", "4")
    }
    assert "P08" in found["2"]
    assert "P08" not in found["3"] | found["4"]
