"""What is tried after a verdict: nothing where it is met, and what can help where it is not."""

from dataclasses import dataclass, replace

import pytest

from pulse8.convert.diagnose.diagnose import advice
from pulse8.convert.diagnose.findings import PartFinding
from pulse8.convert.verify.gates import most
from pulse8.convert.verify.plans import lost_in_int8, plans
from pulse8.convert.verify.verdict import Side

NAMES = {"fp32": "m/a b.onnx", "int8": "m/i.onnx", "data": "d.npz", "calibration": "c.npz"}


@dataclass(frozen=True)
class Judged:
    """What plans need of a verdict."""

    gates: tuple = ()
    waves: object = "waves"
    sides: tuple = (Side(name="training", windows=900, subjects=9, used=200),)


def judged(*names):
    return Judged(gates=tuple(most(name, name, 3.0, 2.0, "") for name in names))


def whats(verdict):
    return [step.what.split(",")[0].split(":")[0] for step in plans(verdict, NAMES)]


def test_a_verdict_that_is_met_needs_nothing():
    assert plans(Judged(gates=(most("sqnr", "a", 1.0, 2.0, ""),)), NAMES) == ()


def test_the_layer_comes_first_then_plans_a_c_and_b():
    assert whats(judged("sqnr")) == ["Find the layer that loses it", "Plan A", "Plan C", "Plan B"]


def test_the_commands_name_the_files():
    layer, samples, ranges, training = plans(judged("p95"), NAMES)
    assert layer.commands == ("pulse8 diagnose --fp32 'm/a b.onnx' --int8 m/i.onnx --calibration c.npz",)
    assert samples.commands[0] == "pulse8 calibrate --data d.npz --output c.npz --num_samples 500"
    assert samples.commands[2] == "pulse8 verify --fp32 'm/a b.onnx' --int8 m/i.onnx --data d.npz"
    assert "--method minmax" in ranges.commands[0]
    assert training.commands[0].endswith("--qat --data d.npz")
    many = replace(judged("p95"), sides=(Side(name="training", windows=900, subjects=9, used=400),))
    assert plans(many, NAMES)[1].commands[0].endswith("--num_samples 800")
    assert "--fp32 FP32" in plans(judged("p95"), {})[0].commands[0]


def test_the_guides_model_has_the_guides_plan_c():
    assert "--per_channel=False" in plans(replace(judged("mae"), waves=None), NAMES)[2].commands[0]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("better than POS", "The network itself"),
        ("constant FP32", "The FP32 network"),
        ("scheme", "The INT8 file breaks"),
    ],
)
def test_no_quantisation_is_tried_against_what_it_cannot_change(name, what):
    verdict = judged(name)
    assert not lost_in_int8(verdict)
    [only] = plans(verdict, NAMES)
    assert only.what.startswith(what)


RANKED = (
    PartFinding(name="stem", kind="weights", alone_db=30.0, without_db=40.0, noise_share=0.9, causes=("uneven",)),
)


def test_a_diagnosis_and_a_verdict_of_one_file_agree():
    assert advice(28.5, RANKED, None)[0] is None
    layer, why = advice(28.5, RANKED, ("Waveform SQNR (27.3 dB) < threshold (28.0 dB)",))
    assert layer == "stem"
    assert "nothing needs" not in why
    assert "27.3 dB" in why
    assert advice(27.3, RANKED, None)[0] == "stem"
    layer, why = advice(24.0, RANKED, ())
    assert layer is None
    assert "gates on INT8 are met" in why
