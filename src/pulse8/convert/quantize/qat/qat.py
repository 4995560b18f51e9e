"""Plan B: a short fine-tune through the INT8 arithmetic, written as INT8 with the scales it was trained with.

Beside it stands a float control: the same windows, steps and rates without rounding. What the INT8 file gains or loses
against FP32 is then told apart from what more training alone does.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from pulse8.convert.export.forms import guide_form
from pulse8.convert.export.layers import SHAPES
from pulse8.convert.export.onnx_file import save_model
from pulse8.convert.export.recognise import opset_of, static_input
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.qat.fine_tune import Batch, fine_tune, objective_of
from pulse8.convert.quantize.qat.options import QatOptions
from pulse8.convert.quantize.qat.simulation import Simulation
from pulse8.convert.quantize.qdq_writer import constants_of
from pulse8.convert.quantize.quantize import Quantized, Source, open_source, scales_for, write_quantized
from pulse8.convert.quantize.rates import rates_bpm
from pulse8.convert.quantize.scales import Scales
from pulse8.errors import InputError
from pulse8.learn.formats.calibration import Labelled
from pulse8.learn.formats.data_file import open_data
from pulse8.learn.splits.split import Split, split
from pulse8.manifest import accept, options_of, record
from pulse8.measure.signal.metrics import subject_bootstrap
from pulse8.spec import ModelSpec
from pulse8.values import Watch, unwatched

MAX_VALIDATION: Final = 512
Errors = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class QatFigures:
    """Mean absolute errors in BPM on validation subjects, whom neither training nor calibration saw.

    ``fp32`` is the start, ``control`` the same steps in float, ``ptq`` the start in INT8, ``qat`` the result in INT8.
    The intervals (95 %, paired, by subject) are of ``qat`` minus the control's, and minus the start's, error.
    """

    windows: int
    subjects: int | None
    steps: int
    fp32: float
    control: float
    ptq: float
    qat: float
    over_control: tuple[float, float]
    over_fp32: tuple[float, float]
    simulated: bool
    split: str


@dataclass(frozen=True, kw_only=True)
class QatFiles:
    """What is read: the FP32 model, a calibration set, and the labelled windows that the set was drawn from."""

    fp32: Path
    calibration: Path
    data: Path


@dataclass(frozen=True, kw_only=True)
class QuantizedQat:
    """The files, the fine-tuned network in float, and what the training came to.

    An INT8 file is faithful to ``fine_tuned``; against the FP32 file at the start it also shows what training changed.
    """

    quantized: Quantized
    fine_tuned: Path
    training: QatFigures


def quantize_qat(
    files: QatFiles,
    output: Path,
    options: QuantizeOptions,
    training: QatOptions,
    watch: Watch[int] = unwatched,
) -> QuantizedQat:
    """Fine-tune the network of an FP32 file on the training side of the data and write it in INT8.

    Raises
    ------
    InputError
        A file cannot be used, or the calibration set was drawn from other data or from other sides of the split.
    GateError
        A file breaks the scheme; the files are kept and marked failed.
    """
    source = open_source(files.fp32, files.calibration, options)
    if source.spec is None:
        raise InputError(f"{files.fp32} promises no heart rate, which --qat trains on; quantise it without --qat")
    data = open_data(files.data)
    parts = split(len(data.labels), data.subjects)
    accepted = accept(files.data)
    assert_separate(source, parts, accepted.sha256)
    scales = scales_for(source, options)
    networks = {name: _network(source, scales, options) for name in ("fp32", "control", "qat")}
    for name in ("control", "qat"):
        steps = watch(range(training.steps), f"fine-tuning: {name}", training.steps)
        batches = _batches(data, parts.train, source.spec, training, steps)
        fine_tune(networks[name], batches, objective_of(source.spec), training, int8=name == "qat")
    figures = _figures(networks, data, parts, source.spec, training)
    told = {**options_of(QatOptions, training), "figures": asdict(figures)}
    static = networks["qat"].trained(source.static)
    fine_tuned = fine_tuned_path(output)
    save_model(float_form(static, source), fine_tuned)
    record(fine_tuned, "qat", {**source.accepted, "data": accepted}, told)
    source.accepted.update(data=accepted, fine_tuned=accept(fine_tuned))
    source = replace(source, factors={})  # the fine-tuned file has them in its weights
    quantized = write_quantized(source, static, scales, output, options, {"qat": told})
    return QuantizedQat(quantized=quantized, fine_tuned=fine_tuned, training=figures)


def fine_tuned_path(output: Path) -> Path:
    """Where the fine-tuned network stands in float: beside the INT8 file."""
    return output.with_name(f"{output.stem}_fp32.onnx")


def float_form(static: onnx.ModelProto, source: Source) -> onnx.ModelProto:
    """Return a static form's network as an FP32 file of its model's kind."""
    if source.spec is None or source.spec.output != "bpm":
        return static
    held = constants_of(static)
    weights = {name: (held[f"{name}_w"].reshape(shape), held[f"{name}_b"]) for name, shape in SHAPES.items()}
    return guide_form(weights, source.spec, opset_of(static, source.accepted["fp32"].path))


def assert_separate(source: Source, parts: Split, data_sha256: str) -> None:
    """Hold that the calibration windows are training windows of this very data file.

    Raises
    ------
    InputError
        They are of another file, or stand on the validation or test side.
    """
    drawn = source.drawn
    if drawn.source_sha256 != data_sha256:
        raise InputError("the calibration set was drawn from other data; draw it from --data with pulse8 calibrate")
    if other := np.setdiff1d(drawn.indices, parts.train).tolist():
        raise InputError(f"calibration window {other[0]} is not on the training side; run pulse8 calibrate again")


def _network(source: Source, scales: Scales, options: QuantizeOptions) -> Simulation:
    return Simulation(source.static, scales, per_channel=options.per_channel)


def _batches(
    data: Labelled, indices: NDArray[np.int64], spec: ModelSpec, options: QatOptions, steps: Iterable[int]
) -> Iterator[Batch]:
    """One batch a step, in an order that depends on the seed alone."""
    rng = np.random.default_rng(options.seed)
    for _ in steps:
        chosen = rng.choice(indices, min(options.batch_size, len(indices)), replace=False)
        yield _batch(data, np.sort(chosen), spec)


def _batch(data: Labelled, indices: NDArray[np.int64], spec: ModelSpec) -> Batch:
    return torch.from_numpy(static_input(spec, data.take(indices))), torch.from_numpy(data.labels[indices])


def _figures(
    networks: dict[str, Simulation], data: Labelled, parts: Split, spec: ModelSpec, training: QatOptions
) -> QatFigures:
    count = min(MAX_VALIDATION, len(parts.validation))
    chosen = parts.validation[np.linspace(0, len(parts.validation) - 1, count).astype(np.int64)]
    runs: dict[str, tuple[Simulation, bool]] = {
        "fp32": (networks["fp32"], False),
        "control": (networks["control"], False),
        "ptq": (networks["fp32"], True),
        "qat": (networks["qat"], True),
    }
    errors = {name: _errors(*run, data, chosen, spec, training.batch_size) for name, run in runs.items()}
    known = np.logical_and.reduce([np.isfinite(each) for each in errors.values()])
    errors = {name: each[known] for name, each in errors.items()}
    groups = np.arange(len(chosen)) // 64 if data.subjects is None else data.subjects[chosen]
    return QatFigures(
        windows=int(known.sum()),
        subjects=len(np.unique(groups[known])) if parts.by_subject else None,
        steps=training.steps,
        **{name: float(each.mean()) for name, each in errors.items()},
        over_control=subject_bootstrap(errors["qat"] - errors["control"], groups[known]),
        over_fp32=subject_bootstrap(errors["qat"] - errors["fp32"], groups[known]),
        simulated=data.simulated,
        split=parts.sentence,
    )


def _errors(
    network: Simulation, int8: bool, data: Labelled, indices: NDArray[np.int64], spec: ModelSpec, size: int
) -> Errors:
    """Absolute error of each window, BPM; not a number where the network reads no rate."""
    found = []
    with torch.no_grad():
        for start in range(0, len(indices), size):
            inputs, labels = _batch(data, indices[start : start + size], spec)
            found.append(np.abs(rates_bpm(network(inputs, int8=int8).numpy(), spec) - labels.numpy()))
    return np.concatenate(found)
