"""What to try after a verdict that is not met: steps in their order, each with its commands."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pulse8.convert.verify.verdict import Verdict

MORE_SAMPLES: Final = 500
"""Calibration windows of the guide's plan A."""

OF_THE_NETWORK: Final = frozenset({"better than always the training mean", "better than POS"})
"""Gates that compare the network with predictors that need none: no quantisation meets them."""

ELSEWHERE: Final = OF_THE_NETWORK | {"scheme", "constant FP32"}
"""Gates that no layer's rounding is to blame for."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to try, in words, and the commands that do it."""

    what: str
    commands: tuple[str, ...]


def missed(verdict: Verdict) -> frozenset[str]:
    """Names of the gates that are not met."""
    return frozenset(gate.name for gate in verdict.gates if not gate.met)


def lost_in_int8(verdict: Verdict) -> bool:
    """Whether INT8 itself falls short of FP32, so that a layer is to blame."""
    return bool(missed(verdict) - ELSEWHERE)


def plans(verdict: Verdict, names: Mapping[str, str | Path]) -> tuple[Step, ...]:
    """Return what to try, the cheapest first; nothing where the verdict is met.

    Parameters
    ----------
    verdict
        The verdict.
    names
        Files for the commands: fp32, int8, data, calibration; one that is missing is written in capitals.
    """
    return tuple(_plans(verdict, {name: _word(names, name) for name in ("fp32", "int8", "data", "calibration")}))


def _word(names: Mapping[str, str | Path], name: str) -> str:
    return shlex.quote(str(names.get(name, name.upper())))


def _plans(verdict: Verdict, to: Mapping[str, str]) -> Iterator[Step]:
    quantize = f"pulse8 quantize --input {to['fp32']} --calibration {to['calibration']} --output {to['int8']}"
    verify = f"pulse8 verify --fp32 {to['fp32']} --int8 {to['int8']} --data {to['data']}"
    if "scheme" in missed(verdict):
        yield Step(what="The INT8 file breaks the scheme: quantise its FP32 file again", commands=(quantize, verify))
    if "constant FP32" in missed(verdict):
        yield Step(
            what="The FP32 network itself hardly varies: train it longer, on more people", commands=("pulse8 train",)
        )
    elif missed(verdict) & OF_THE_NETWORK:
        yield Step(
            what="The network itself is no better than a predictor without one, in FP32 as in INT8, and no quantisation"
            " changes that: train it longer or on more people, and compare it",
            commands=("pulse8 train", f"pulse8 evaluate --model {to['fp32']}"),
        )
    if not lost_in_int8(verdict):
        return
    yield Step(
        what="Find the layer that loses it",
        commands=(f"pulse8 diagnose --fp32 {to['fp32']} --int8 {to['int8']} --calibration {to['calibration']}",),
    )
    used = next((side.used for side in verdict.sides if side.name == "training"), None) or 0
    count = max(MORE_SAMPLES, 2 * used)
    draw = f"pulse8 calibrate --data {to['data']} --output {to['calibration']}"
    yield Step(what="Plan A, more calibration samples", commands=(f"{draw} --num_samples {count}", quantize, verify))
    if verdict.waves is None:
        other = (f"{quantize} --per_channel=False", verify, "# or", f"{draw} --distribution natural", quantize, verify)
        yield Step(what="Plan C, one scale per tensor, or another distribution of samples", commands=other)
    else:
        methods = (f"{quantize} --method {method}" for method in ("minmax", "entropy"))
        first, second = methods
        yield Step(what="Plan C, ranges by another method", commands=(first, verify, "# or", second, verify))
    yield Step(
        what="Plan B, QAT: a short training through the INT8 arithmetic, where A and C do not help",
        commands=(f"{quantize} --qat --data {to['data']}", "# then the verify command that it prints"),
    )
