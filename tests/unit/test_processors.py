"""scripts/processors.py sees what differs between processors, and nothing else."""

import importlib.util

import pytest

from commands import ROOT


@pytest.fixture(scope="module")
def apart():
    spec = importlib.util.spec_from_file_location("processors", ROOT / "scripts" / "processors.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda one, other, name="max": list(module.apart(one, other, name))


ANSWER = {
    "shipped files": {"pulse12_int8.onnx": "ab", "engine": {"features": ["AVX2"]}, "FP32 waves": [0.1, 2.0]},
    "video": {"windows": [{"bpm": 72.0, "reason": None}], "recording": "a.mp4"},
    "video, seconds": 3.0,
}


def changed(**parts):
    return {name: {**held, **parts.get(name, {})} if isinstance(held, dict) else held for name, held in ANSWER.items()}


@pytest.mark.parametrize(
    "other",
    [
        ANSWER,
        {**ANSWER, "video, seconds": 90.0},
        changed(**{"shipped files": {"engine": {"features": []}, "FP32 waves": [0.1005, 2.001]}}),
        changed(video={"windows": [{"bpm": 72.0009, "reason": None}], "recording": "b.mp4"}),
    ],
)
def test_names_times_and_last_places_may_differ(apart, other):
    assert apart(ANSWER, other) == []


@pytest.mark.parametrize(
    ("other", "line"),
    [
        (changed(**{"shipped files": {"pulse12_int8.onnx": "cd"}}), "max, shipped files, pulse12_int8.onnx: ab"),
        (changed(video={"windows": [{"bpm": 72.002, "reason": None}]}), "max, video, windows, 0, bpm: 72.0 natively"),
        (changed(**{"shipped files": {"FP32 waves": [0.102, 2.0]}}), "max, shipped files, FP32 waves, 0: 0.1 natively"),
        (changed(video={"windows": [{"bpm": None, "reason": "no pulse"}]}), "max, video, windows, 0, bpm: 72.0"),
        (changed(video={"windows": []}), "max, video, windows: "),
        ({"shipped files": {}}, "max: "),
    ],
)
def test_bytes_refusals_and_missing_answers_may_not(apart, other, line):
    assert apart(ANSWER, other)[0].startswith(line)


def test_an_aarch64_answers_a_part(apart):
    part = {"shipped files": {"pulse12_int8.onnx": "ab"}}
    assert apart(ANSWER, part, "aarch64") == []
    assert apart(ANSWER, {"shipped files": {"pulse12_int8.onnx": "cd"}}, "aarch64") != []
