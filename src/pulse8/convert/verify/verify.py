"""INT8 against FP32 on windows that neither training nor calibration used: the verdict."""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.board.inputs import verdict_path
from pulse8.convert.export.recognise import FIX
from pulse8.convert.verify.gates import Gate, scheme_gate, wave_gates
from pulse8.convert.verify.layers import LayerSqnr, layer_sqnr
from pulse8.convert.verify.options import MIN_SAMPLES, VerifyOptions
from pulse8.convert.verify.predictions import Outputs, Predictions, judge_waves, predict, rates_of
from pulse8.convert.verify.provenance import FIX_INT8, check_provenance, refuse_changed, scheme_violations
from pulse8.convert.verify.strata import figures_by_stratum
from pulse8.convert.verify.verdict import Comparison, Side, Verdict, compare, rate_gates, usefulness_gates
from pulse8.convert.verify.waves import WaveComparison, Waves, compare_waves
from pulse8.errors import InputError
from pulse8.learn.formats.calibration import Labelled
from pulse8.learn.formats.clips import ClipData
from pulse8.learn.formats.data_file import open_data
from pulse8.learn.splits.split import Split, split
from pulse8.manifest import Accepted, accept, existing_file, options_of, record, writing
from pulse8.measure.infer.runner import Runner, open_runner
from pulse8.spec import ULTRALIGHT, ModelSpec
from pulse8.values import Watch, unwatched

LAYER_SAMPLES: Final = 8
BLOCK_WINDOWS: Final = 64
"""Windows that count as one subject in the bootstrap where no subject is known: neighbours are alike."""


@dataclass(frozen=True, eq=False)
class Verified:
    """The verdict and the file it was written to, which also holds every window's figures."""

    verdict: Verdict
    path: Path


def verify(fp32: Path, int8: Path, data_file: Path, options: VerifyOptions, watch: Watch[int] = unwatched) -> Verified:
    """Compare the two files on the test side of the split and write the verdict beside the INT8 file.

    Raises
    ------
    InputError
        A file cannot be used or is stale, the two do not belong together, or calibration used a test window.
    """
    for path, what, fix in ((fp32, "FP32 model", FIX), (int8, "INT8 model", FIX_INT8)):
        existing_file(path, what, fix)
    data = open_data(data_file)
    parts = split(len(data.labels), data.subjects)
    indices = _chosen(parts, options, data_file)
    sources = {"fp32": accept(fp32), "int8": accept(int8), "data": accept(data_file)}
    checked = check_provenance(sources, data.subjects, indices)
    run = open_runner(int8, options.runner)
    models = (open_runner(fp32), fp32), (run, int8)
    spec = _spec(models)
    outputs = predict(models, data, indices, watch)
    predictions = _predictions(outputs, spec, data, indices)
    waves = _waves(outputs, predictions)
    compared = None if waves is None else compare_waves(predictions, waves)
    constant_bpm = float(data.labels[parts.train].mean())
    comparison = compare(predictions, constant_bpm, subjects_known=parts.by_subject)
    refuse_changed([sources["fp32"], sources["int8"]])
    layers, missing = _layers(fp32, int8, data, indices)
    gates = (*_gates(comparison, compared), scheme_gate(scheme_violations(sources["int8"])))
    verdict = Verdict(
        passed=all(gate.met for gate in gates),
        failures=tuple(gate.line for gate in gates if not gate.met),
        gates=gates,
        comparison=comparison,
        model=spec.model,
        waves=compared,
        layers=layers,
        layers_missing=missing,
        strata=figures_by_stratum(predictions, constant_bpm, subjects_known=parts.by_subject),
        asked=options.num_samples,
        split=parts.sentence,
        sides=tuple(_sides(parts, data.subjects, _calibrated(sources["int8"]), len(indices))),
        simulated=data.simulated,
        calibration_checked=checked,
        fp32_sha256=sources["fp32"].sha256,
        int8_sha256=sources["int8"].sha256,
        data_sha256=sources["data"].sha256,
        engine=run.engine,
    )
    return Verified(verdict, _write(verdict, predictions, sources, options))


def _spec(models: tuple[tuple[Runner, Path], tuple[Runner, Path]]) -> ModelSpec:
    """Return the spec that both files share; a file without one is the guide's model."""
    one, other = (ModelSpec.of_metadata(runner.metadata) or ULTRALIGHT for runner, _ in models)
    if one != other:
        raise InputError(
            f"{models[1][1]} ({other.model}) has another spec than {models[0][1]} ({one.model}); {FIX_INT8}"
        )
    return one


def _predictions(outputs: Outputs, spec: ModelSpec, data: Labelled, indices: NDArray[np.int64]) -> Predictions:
    one, other = (rates_of(output, spec) for output in outputs)
    plain = Predictions(data.labels[indices].astype(np.float64), one, other, _groups(data, indices))
    if not isinstance(data, ClipData):
        return plain
    beside = replace(
        plain,
        pos_bpm=data.pos_bpm[indices].astype(np.float64),
        strata=None if data.strata is None else data.strata[indices],
    )
    if spec.output == "bpm":
        return beside
    fp32, int8 = (judge_waves(output, spec, data, indices) for output in outputs)
    return replace(
        beside,
        fp32_confidence=fp32.confidence,
        int8_confidence=int8.confidence,
        fp32_shown=fp32.shown,
        int8_shown=int8.shown,
    )


def _waves(outputs: Outputs, predictions: Predictions) -> Waves | None:
    if predictions.fp32_shown is None:
        return None
    one, other = (output[:, :, 0] for output in outputs)
    return Waves(one, other, predictions.fp32_shown)


def _calibrated(int8: Accepted) -> int | None:
    """How many calibration windows the INT8 file's row states."""
    return len(int8.row.options["calibration_indices"]) if int8.row and int8.row.step == "quantize" else None


def _sides(parts: Split, subjects: NDArray[np.str_] | None, calibrated: int | None, verified: int) -> Iterator[Side]:
    used = {"training": calibrated, "validation": None, "test": verified}
    for name, own in zip(used, (parts.train, parts.validation, parts.test), strict=True):
        people = None if subjects is None else len(np.unique(subjects[own]))
        yield Side(name=name, windows=len(own), subjects=people, used=used[name])


def _chosen(parts: Split, options: VerifyOptions, data_file: Path) -> NDArray[np.int64]:
    """Take test windows evenly spaced in file order; all of them where there are fewer than asked for."""
    count = min(options.num_samples, len(parts.test))
    if count < MIN_SAMPLES:
        raise InputError(
            f"{data_file} has {count} held-out windows; a verdict needs at least {MIN_SAMPLES}: prepare more"
        )
    return np.asarray(parts.test[np.linspace(0, len(parts.test) - 1, count).round().astype(np.int64)])


def _gates(comparison: Comparison, waves: WaveComparison | None) -> Iterator[Gate]:
    yield from rate_gates(comparison)
    if waves is not None:
        yield from wave_gates(waves)
        yield from usefulness_gates(comparison)


def _groups(data: Labelled, indices: NDArray[np.int64]) -> NDArray[np.str_]:
    if data.subjects is not None:
        return data.subjects[indices]
    return (np.arange(len(indices)) // BLOCK_WINDOWS).astype(np.str_)


def _layers(
    fp32: Path, int8: Path, data: Labelled, indices: NDArray[np.int64]
) -> tuple[tuple[LayerSqnr, ...], str | None]:
    """Per-layer SQNR, or the reason why there is none: another exporter's file has other layer names."""
    try:
        return layer_sqnr(fp32, int8, data.take(indices[:: max(1, len(indices) // LAYER_SAMPLES)])), None
    except InputError as error:
        return (), str(error)


def _plain(values: NDArray[Any] | None) -> list[Any] | None:
    """Return an array for JSON: NaN becomes null."""
    if values is None or values.dtype.kind != "f":
        return None if values is None else values.tolist()
    return [value if math.isfinite(value) else None for value in values.tolist()]


def _write(verdict: Verdict, predictions: Predictions, sources: dict[str, Accepted], options: VerifyOptions) -> Path:
    path = verdict_path(sources["int8"].path)
    windows = {field.name: _plain(getattr(predictions, field.name)) for field in fields(predictions)}
    with writing(path) as temporary:
        temporary.write_text(json.dumps({**asdict(verdict), "windows": windows}) + "\n", encoding="utf-8")
    record(path, "verify", sources, options_of(VerifyOptions, options), "done" if verdict.passed else "failed")
    return path
