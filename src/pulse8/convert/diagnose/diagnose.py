"""Which layer costs an INT8 file its accuracy, and how to fix it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray

from pulse8.board.inputs import verdict_path
from pulse8.convert.diagnose.findings import (
    PartFinding,
    Values,
    activation_causes,
    add_causes,
    decibels,
    measured,
    weight_causes,
)
from pulse8.convert.diagnose.options import DiagnoseOptions
from pulse8.convert.diagnose.parts import RoundedPart, parts_of, rounding
from pulse8.convert.diagnose.pictures import draw_histograms, draw_noise
from pulse8.convert.export.recognise import FIX, contract_of, inputs_of, static_form, static_input
from pulse8.convert.quantize.equalise import as_quantised
from pulse8.convert.quantize.float64 import Sample
from pulse8.convert.quantize.qdq_writer import WEIGHTED, constants_of
from pulse8.convert.verify.plans import ELSEWHERE
from pulse8.errors import InputError
from pulse8.learn.formats.data_file import open_calibration
from pulse8.learn.formats.samples import accept_samples, open_samples
from pulse8.manifest import accept, options_of, record, sha256_of, writing
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.onnx_file import load_model
from pulse8.measure.infer.ort import OrtRunner
from pulse8.measure.signal.fidelity import MIN_SQNR_DB
from pulse8.values import Watch, unwatched

HINT_INT8: Final = "quantise it with pulse8 quantize"
FILE: Final = "diagnosis.json"
MIN_SHARE: Final = 0.05
"""A part with a smaller share of the noise is not the one to fix, whatever is wrong with it."""
SHOWN: Final = 12
"""Number of histograms drawn, for the noisiest parts."""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """The whole file's SQNR, its parts by decreasing noise, and what to fix.

    ``layer_to_fix`` is ``None`` where the loss does not matter.
    """

    sqnr_db: float
    samples: int
    layer_to_fix: str | None
    advice: str
    findings: tuple[PartFinding, ...]
    folder: Path


def diagnose(
    fp32: Path,
    int8: Path,
    calibration: Path,
    folder: Path,
    options: DiagnoseOptions,
    watch: Watch[RoundedPart] = unwatched,
) -> Diagnosis:
    """Compare an INT8 file with its FP32 file part by part; write ``diagnosis.json`` and two pictures to a folder.

    Raises
    ------
    InputError
        A file cannot be used, or the INT8 file has other layers.
    ToolchainError
        matplotlib is not installed.
    """
    model, int8_model = load_model(fp32, "FP32 model", FIX), load_model(int8, "INT8 model", HINT_INT8)
    static = as_quantised(static_form(model, fp32), int8_model)
    read = accept_samples(calibration)
    sources = {"fp32": accept(fp32), "int8": accept(int8, failed_too=True), "calibration": read}
    inputs = _inputs(model, static, calibration, options)
    parts = parts_of(int8_model, static, int8)
    values = values_of(static, parts, inputs)
    ranking = examine(static, parts, values, inputs, watch, _in_integers(int8, inputs))
    layer, why = advice(ranking.sqnr_db, ranking.findings, failed_gates(int8))
    diagnosis = replace(ranking, folder=folder, layer_to_fix=layer, advice=why)
    with writing(folder / FILE) as temporary:
        temporary.write_text(json.dumps(asdict(diagnosis), indent=1, default=str) + "\n", encoding="utf-8")
    draw_noise(folder / "noise.svg", diagnosis.findings, diagnosis.sqnr_db)
    shown = [finding for finding in diagnosis.findings if finding.name in values and finding.kind != "weights"][:SHOWN]
    draw_histograms(folder / "histograms.svg", [(finding, values[finding.name]) for finding in shown])
    record(folder / FILE, "diagnose", sources, options_of(DiagnoseOptions, options))
    return diagnosis


def _inputs(
    model: onnx.ModelProto, static: onnx.ModelProto, calibration: Path, options: DiagnoseOptions
) -> list[Sample]:
    """Return evenly spaced calibration samples, as the static form takes them."""
    spec = contract_of(model)
    if spec is None:
        found = open_samples(calibration, inputs_of(static))
        return list(found.part(_evenly(len(found), options)))
    drawn = open_calibration(calibration)
    return list(static_input(spec, drawn.data.take(_evenly(len(drawn), options))))


def _evenly(count: int, options: DiagnoseOptions) -> NDArray[np.int64]:
    return np.linspace(0, count - 1, min(options.num_samples, count)).astype(np.int64)


def _fed(sample: Sample) -> tuple[NDArray[np.float32], ...]:
    """Return every input of a sample with its batch axis."""
    return tuple(one[None] for one in (sample if isinstance(sample, tuple) else (sample,)))


def examine(
    static: onnx.ModelProto,
    parts: Sequence[RoundedPart],
    values: dict[str, Values],
    inputs: Sequence[Sample],
    watch: Watch[RoundedPart] = unwatched,
    int8: NDArray[np.float32] | None = None,
) -> Diagnosis:
    """Rank the parts by their noise at the output [n inputs] and name the one to fix.

    ``int8`` is the INT8 file's own output; without it all parts are rounded in float32.
    """
    reference = _outputs(static, (), inputs)
    whole = _noise(static, parts, inputs, reference) if int8 is None else _mean_square(int8 - reference)
    alone, without = [], []
    for part in watch(parts, "rounding one part at a time", len(parts)):
        alone.append(_noise(static, [part], inputs, reference))
        without.append(_noise(static, [other for other in parts if other is not part], inputs, reference))
    signal = float(reference.var(dtype=np.float64))
    causes = _causes(static, parts, values)
    findings = [
        _finding(part, values.get(part.name) if part.kind != "weights" else None, causes[place])
        for place, part in enumerate(parts)
    ]
    ranked = sorted(
        (
            replace(
                finding,
                alone_db=decibels(signal, alone[place]),
                without_db=decibels(signal, without[place]),
                noise_share=alone[place] / (sum(alone) or 1.0),
            )
            for place, finding in enumerate(findings)
        ),
        key=lambda finding: -finding.noise_share,
    )
    sqnr = decibels(signal, whole)
    layer_to_fix, why = advice(sqnr, ranked, None)
    return Diagnosis(
        sqnr_db=sqnr,
        samples=len(inputs),
        layer_to_fix=layer_to_fix,
        advice=why,
        findings=tuple(ranked),
        folder=Path(),
    )


def _in_integers(int8: Path, inputs: Sequence[Sample]) -> NDArray[np.float32] | None:
    """Return what the integer reference gives; ``None`` for a file that it refuses, which may be why one diagnoses."""
    try:
        runner = IntegerRunner(int8)
    except InputError:
        return None
    return np.stack([runner(*_fed(sample))[0] for sample in inputs])


def advice(sqnr_db: float, ranked: Sequence[PartFinding], failed: Sequence[str] | None) -> tuple[str | None, str]:
    """Name the layer to fix: the noisiest with a known cause, or else the noisiest; ``None`` where none needs to be.

    Parameters
    ----------
    sqnr_db
        Of the whole file's output on the calibration windows.
    ranked
        The parts by decreasing noise.
    failed
        Gates on INT8 that its verdict has not met. It decides whatever these few windows show; without a verdict
        (``None``) the SQNR's limit does.
    """
    if failed is None and sqnr_db >= MIN_SQNR_DB:
        return None, f"the output keeps {sqnr_db:.1f} dB; nothing needs to be fixed (limit {MIN_SQNR_DB:.0f} dB)"
    if failed is not None and not failed:
        return (
            None,
            f"the output keeps {sqnr_db:.1f} dB; nothing needs to be fixed: the verdict's gates on INT8 are met",
        )
    worst = ranked[0]
    blamed = next((finding for finding in ranked if finding.causes and finding.noise_share > MIN_SHARE), worst)
    why = blamed.causes[0] if blamed.causes else "its scale fits and is too coarse: QAT (--qat), or normalise the input"
    gain = f"the output keeps {sqnr_db:.1f} dB, and {blamed.without_db:.1f} dB with this part in float"
    judged = f"; on the verdict's held-out windows: {'; '.join(failed)}" if failed else ""
    return blamed.name, f"{blamed.name} ({blamed.kind}): {why}; {gain}{judged}"


def failed_gates(int8: Path) -> tuple[str, ...] | None:
    """Return the lines of the gates on INT8 that a verdict of exactly these bytes has not met; ``None`` without one."""
    try:
        verdict = json.loads(verdict_path(int8).read_text(encoding="utf-8"))
        if verdict["int8_sha256"] != sha256_of(int8):
            return None
        gates = [gate for gate in verdict["gates"] if gate["name"] not in ELSEWHERE]
        return tuple(str(gate["line"]) for gate in gates if not gate["met"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def values_of(static: onnx.ModelProto, parts: Sequence[RoundedPart], inputs: Sequence[Sample]) -> dict[str, Values]:
    """Measure each activation, one in memory at a time."""
    values = {}
    for part in parts:
        if part.kind != "weights":
            fp32, int8 = (_tensor(rounding(static, chosen, [part.name]), part.name, inputs) for chosen in ((), parts))
            values[part.name] = measured(fp32, int8, part)
    return values


def _tensor(model: onnx.ModelProto, name: str, inputs: Sequence[Sample]) -> NDArray[np.float32]:
    """One tensor for every input, along its first axis; that of the input is the input itself."""
    names = [output.name for output in model.graph.output]
    sources = [end.name for end in model.graph.input]
    if name in sources and f"{name}_dq" not in names:
        return np.concatenate([_fed(sample)[sources.index(name)] for sample in inputs])
    place = next(place for place, shown in enumerate(names) if shown in (name, f"{name}_dq"))
    runner = OrtRunner(model.SerializeToString(), "basic")
    return np.concatenate([runner(*_fed(sample))[place] for sample in inputs])


def _outputs(static: onnx.ModelProto, parts: Sequence[RoundedPart], inputs: Sequence[Sample]) -> NDArray[np.float32]:
    runner = OrtRunner(rounding(static, parts).SerializeToString(), "basic")
    return np.stack([runner(*_fed(sample))[0] for sample in inputs])


def _noise(
    static: onnx.ModelProto, parts: Sequence[RoundedPart], inputs: Sequence[Sample], reference: NDArray[np.float32]
) -> float:
    return _mean_square(_outputs(static, parts, inputs) - reference)


def _mean_square(noise: NDArray[np.float32]) -> float:
    return float(np.square(noise, dtype=np.float64).mean())


def _causes(static: onnx.ModelProto, parts: Sequence[RoundedPart], values: dict[str, Values]) -> list[tuple[str, ...]]:
    constants = constants_of(static)
    activations = {part.name: part for part in parts if part.kind != "weights"}
    adds = {node.output[0]: list(node.input) for node in static.graph.node if node.op_type == "Add"}
    convs = {node.name: node for node in static.graph.node if node.op_type in WEIGHTED}

    def of(part: RoundedPart) -> Iterator[str]:
        if part.weight is not None and part.bias is not None:
            _, weight, bias = convs[part.name].input
            true = np.moveaxis(constants[weight], part.weight.axis, 0)
            yield from weight_causes(part.weight.channels_first(), true, part.bias, constants[bias])
            return
        if set(adds.get(part.name, ("",))) <= set(activations):
            yield from add_causes([activations[name] for name in adds[part.name]])
        yield from activation_causes(part, values[part.name])

    return [tuple(of(part)) for part in parts]


def _finding(part: RoundedPart, values: Values | None, causes: tuple[str, ...]) -> PartFinding:
    empty = PartFinding(name=part.name, kind=part.kind, alone_db=0.0, without_db=0.0, noise_share=0.0, causes=causes)
    if values is None:
        return empty
    low, high = part.range
    return replace(
        empty,
        sqnr_db=values.sqnr_db,
        bias_steps=values.bias,
        range=part.range,
        seen=(values.low, values.high),
        clipped_share=values.clipped_share,
        used_share=(values.high - values.low) / (high - low),
        dead=values.dead,
        silenced=values.silenced,
    )
