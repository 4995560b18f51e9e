"""Hostile and damaged ONNX files: one line or an answer; never a crash, a hang, or memory without bound."""

import resource
import subprocess
import sys

import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from planted import clean
from pulse8.board.onnx_graph.read import parse_graph
from pulse8.board.preflight.options import PreflightOptions
from pulse8.board.preflight.preflight import preflight
from pulse8.errors import InputError
from pulse8.measure.infer.onnx_file import parse_model

BYTES = clean().model().SerializeToString()
QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SECONDS, MEMORY = 60, 1_500_000_000


def look(folder, data):
    """Pre-flight some bytes; a refusal is one line."""
    path = folder / "model.onnx"
    path.write_bytes(data)
    told = ""
    try:
        preflight(path, PreflightOptions())
    except InputError as error:
        told = str(error)
    assert "\n" not in told
    assert len(told) < 600


@QUICK
@given(data=st.binary(max_size=400))
def test_any_bytes(tmp_path, data):
    look(tmp_path, data)


@QUICK
@given(place=st.integers(0, len(BYTES) - 1), value=st.binary(min_size=1, max_size=6), cut=st.booleans())
def test_a_model_with_bytes_changed_or_cut(tmp_path, place, value, cut):
    look(tmp_path, BYTES[:place] + value + (b"" if cut else BYTES[place + len(value) :]))


@QUICK
@given(
    op=st.sampled_from(
        ["Conv", "Reshape", "Concat", "Pad", "Slice", "Resize", "Split", "Gemm", "Transpose", "Squeeze"]
    ),
    shape=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=6),
    name=st.sampled_from(["axis", "perm", "pads", "strides", "axes", "group", "kernel_shape", "split"]),
    numbers=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5),
)
def test_any_shape_and_attribute(tmp_path, op, shape, name, numbers):
    given_numbers = numbers[0] if name in ("axis", "group") else numbers
    nodes = [helper.make_node(op, ["x", "s", "s"], ["y"], **{name: given_numbers})]
    constant = helper.make_tensor("s", TensorProto.INT64, [len(numbers)], numbers)
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)], [onnx.ValueInfoProto(name="y")]
    look(tmp_path, helper.make_model(helper.make_graph(nodes, "g", *ends, [constant])).SerializeToString())


def chain(count, ends=("t0", None)):
    nodes = [helper.make_node("Relu", [f"t{number}"], [f"t{number + 1}"]) for number in range(count)]
    source = helper.make_tensor_value_info(ends[0], TensorProto.FLOAT, [1, 8, 4, 4])
    result = onnx.ValueInfoProto(name=f"t{count}")
    return helper.make_model(helper.make_graph(nodes, "chain", [source], [result]))


def cycle():
    model = chain(4)
    model.graph.node[0].input[0] = "t4"
    return model


def nested():
    graph = helper.make_graph([], "inner", [], [])
    for _ in range(20):
        graph = helper.make_graph([helper.make_node("If", ["c"], ["y"], then_branch=graph)], "outer", [], [])
    return helper.make_model(graph)


def spelled_out():
    model = clean().model()
    model.graph.initializer.add(name="long", data_type=TensorProto.INT64).int64_data.extend([0] * 16_000_001)
    return model


def cut_short():
    model = clean().model()
    model.graph.initializer[0].dims[:] = [1 << 40, 1 << 40]
    return model


def kept_elsewhere():
    model = clean().model()
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    return model


REFUSED = {
    "cycle": (lambda: cycle().SerializeToString(), "a cycle"),
    "nested": (lambda: nested().SerializeToString(), "levels deep"),
    "cut short": (lambda: cut_short().SerializeToString(), "cut short"),
    "spelled out": (lambda: spelled_out().SerializeToString(), "save raw data"),
    "elsewhere": (lambda: kept_elsewhere().SerializeToString(), "another file"),
    "three million nodes": (lambda: b"\x3a\x80\x9b\xee\x02" + b"\x0a\x00" * 3_000_000, "parts"),
    "no graph": (lambda: b"\x08\x08", "no graph"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_cannot_be_a_network_is_refused(fault):
    build, words = REFUSED[fault]
    with pytest.raises(InputError, match=words):
        parse_graph(build(), "hostile.onnx")


def test_a_hundred_thousand_nodes_in_bounded_time_and_memory(tmp_path):
    path = tmp_path / "long.onnx"
    path.write_bytes(chain(100_000).SerializeToString())
    done = subprocess.run(
        [sys.executable, "-m", "pulse8", "preflight", path],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY)),
    )
    assert done.returncode == 1, done.stderr
    assert "P05" in done.stdout
    assert len(done.stdout.splitlines()) < 120


@pytest.mark.parametrize("old", [b"Relu", b"only", b"a note"])
def test_a_name_that_is_no_text(old):
    """Protobuf would give bytes in its place; a note may hold any."""
    node = helper.make_node("Relu", ["only"], ["y"])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("only", "y")]
    model = helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:], doc_string="a note"))
    data = model.SerializeToString().replace(old, b"\xff" * len(old))
    if old == b"a note":
        assert parse_model(data, "model").graph.node[0].op_type == "Relu"
        return
    with pytest.raises(InputError, match="no UTF-8 text"):
        parse_model(data, "model")
