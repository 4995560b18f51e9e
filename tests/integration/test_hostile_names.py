"""Names that a terminal would obey, that rich would read as markup, or that are no text: every verb shows them."""

import ast
import contextlib
import csv
import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from commands import ROOT
from pulse8.cli import VERBS, main
from pulse8.cli.saying import say
from pulse8.measure.clips.trace_csv import COLUMNS

BAD = "a\x1b[31m[/x]:smile:\x9b2J\u202e$x$"
NOT_TEXT = os.fsdecode(b"\xff\xfe")
HOSTILE = [BAD, BAD + NOT_TEXT, f"{BAD}\n❌ Error: a second line"]
linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")

WORDS = {
    "measure": ["{0}.csv", "{0}.mp4", "{0}.npz", "--csv", "{0}-rates.csv"],
    "live": ["--static", "{0}"],
    "stream": ["{0}.mp4", "--fast", "--to", "jsonl", "mqtt", "--mqtt", "{0}", "--name", "{0}"],
    "inspect": ["{0}.mp4"],
    "build": ["--data", "{0}.pt", "--output", "{0}-out"],
    "preprocess": ["--raw-data", "{0}", "--output", "{0}.pt"],
    "prepare": ["--dataset", "own", "--raw", "{0}", "--store", "{0}-store"],
    "protocol": ["{0}", "--output", "{0}.json"],
    "check-data": ["--dataset", "own", "--raw", "{0}"],
    "simulate": ["--subjects", "1", "--windows", "1", "--output", "{0}.pt"],
    "train": ["--data", "{0}.pt", "--output", "{0}.pth"],
    "calibrate": ["--data", "{0}.pt", "--output", "{0}-c.pt"],
    "export": ["--checkpoint", "{0}.pth", "--output", "{0}.onnx"],
    "quantize": ["--input", "{0}.onnx", "--output", "{0}-8.onnx"],
    "tune": ["--input", "{0}.onnx", "--data", "{0}.pt", "--output", "{0}.json"],
    "diagnose": ["--fp32", "{0}.onnx", "--int8", "{0}.onnx"],
    "verify": ["--fp32", "{0}.onnx", "--int8", "{0}.onnx", "--data", "{0}.pt"],
    "deploy": ["--input", "{0}.onnx", "--output", "{0}-board"],
    "board-test": ["--board", "{0}", "--port", "{0}"],
    "record": ["--port", "{0}", "--subject", "{0}", "--output", "{0}"],
    "report": ["--verdict", "{0}.json", "--output", "{0}.html"],
    "stedgeai": ["generate", "{0}.onnx", "--output", "{0}-st"],
    "preflight": ["{0}.onnx"],
    "evaluate": ["--dataset", "{0}", "--raw", "{0}"],
    "camera-check": ["{0}.mp4"],
    "demo": ["{0}"],
    "doctor": ["{0}"],
    "render": ["{0}.mp4", "--seconds", "0.001"],
}


def graph_of(name: str) -> bytes:
    """A network whose node, tensors and operator carry a name."""
    x, y = (helper.make_tensor_value_info(f"{name}{n}", TensorProto.FLOAT, [1, 3, 4, 4]) for n in (0, 1))
    plain = name.encode("ascii", "replace").decode()
    nodes = [
        helper.make_node("Relu", [x.name], [y.name], name=name),
        helper.make_node(plain, [y.name], ["z"], name=name),
    ]
    return helper.make_model(helper.make_graph(nodes, name, [x], [y])).SerializeToString()


def traces(path: Path) -> None:
    t_s = np.arange(360) / 30
    green = 120 + np.sin(2 * np.pi * 1.2 * t_s)
    rows = np.column_stack([t_s, np.full(360, 170.0), green, np.full(360, 90.0)])
    np.savetxt(path, rows, "%.6f", ",", header=",".join(COLUMNS), comments="")


@pytest.fixture
def place(tmp_path, request):
    name = request.param
    (tmp_path / name).mkdir(parents=True)
    traces(tmp_path / f"{name}.csv")
    for suffix in (".mp4", ".npz", ".pt", ".pth", ".json"):
        (tmp_path / f"{name}{suffix}").write_bytes(b"\x1b[31m[/x] no file of this kind")
    (tmp_path / f"{name}.onnx").write_bytes(graph_of(name.encode("utf-8", "replace").decode().replace("\n", " ")))
    lines = ["video,subject,truth", f"{name}.mp4,{name},{name}.csv"]
    (tmp_path / name / "recordings.csv").write_text("\n".join(lines), encoding="utf-8", errors="surrogateescape")
    return tmp_path, name


def printed(folder: Path, words: list[str]) -> tuple[int, str, str]:
    """Run a command with strict UTF-8 streams, as a terminal has them; return its code and what it printed."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(words)
        except SystemExit as end:  # the parser's own box
            code = int(end.code or 0)
    return code, *(stream.buffer.getvalue().decode("utf-8") for stream in (out, err))


@linux
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("place", HOSTILE, indirect=True, ids=["signs", "no text", "two lines"])
def test_no_verb_lets_a_name_command_the_terminal(place, verb):
    folder, name = place
    code, out, err = printed(folder, [verb, *(word.replace("{0}", name) for word in WORDS[verb])])
    assert code in (0, 1, 2), err
    for sign in "\x1b\x9b\u202e":
        assert sign not in out + err
    assert "Traceback" not in out + err


@linux
@pytest.mark.parametrize("place", HOSTILE, indirect=True, ids=["signs", "no text", "two lines"])
def test_a_measurement_of_a_hostile_name_is_whole(place):
    folder, name = place
    code, out, _ = printed(folder, ["measure", f"{name}.csv", "--method", "pos", "--csv", "rates.csv"])
    assert code == 0
    assert "[/x]:smile:" in out
    assert "\\x1b[31m" in out
    with (folder / "rates.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["notice"][:20] for row in rows} == {"Not a medical device"}
    assert all(row["recording"].isprintable() and "[/x]" in row["recording"] for row in rows)
    code, out, _ = printed(folder, ["measure", f"{name}.csv", "--method", "pos", "--json"])
    assert json.loads(out)["recording"] == f"{name}.csv"


@linux
@pytest.mark.parametrize("place", HOSTILE, indirect=True, ids=["signs", "no text", "two lines"])
def test_node_names_reach_the_pre_flight_and_its_report_as_text(place):
    folder, name = place
    code, out, err = printed(folder, ["preflight", f"{name}.onnx"])
    assert code in (1, 2), err
    assert "[/x]" in out
    assert out.replace("\n", "").isprintable()


def test_say_escapes_all_but_line_ends(capsys):
    say("a\x1b[2J\tb\nc\udcff")
    assert capsys.readouterr().out == "a\\x1b[2J\\tb\nc\\udcff\n"


def test_verbs_print_through_one_door():
    for file in sorted((ROOT / "src" / "pulse8" / "cli").glob("*.py")):
        called = {
            node.func.id
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not called & {"print", "Console", "Table"} or file.stem in ("saying", "printing"), file
        assert "markup=True" not in file.read_text(encoding="utf-8")


def test_an_onnx_file_of_such_names_is_valid():
    onnx.load_model_from_string(graph_of(BAD))
