"""INT8 against FP32 of a network of one's own: every output on the user's samples, and top-1 of its classes."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray

from pulse8.board.inputs import verdict_path
from pulse8.convert.export.recognise import FIX, converted, inputs_of
from pulse8.convert.quantize.float64 import tensor_reader
from pulse8.convert.verify.gates import Gate, least, most, scheme_gate
from pulse8.convert.verify.layers import LayerSqnr, own_layer_sqnr
from pulse8.convert.verify.options import VerifyOptions
from pulse8.convert.verify.provenance import scheme_violations
from pulse8.errors import InputError
from pulse8.learn.formats.samples import SampleSet, accept_samples, open_samples
from pulse8.manifest import Accepted, accept, options_of, record, writing
from pulse8.measure.infer.engine import Engine
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.onnx_file import load_model
from pulse8.values import Watch, unwatched

MIN_COSINE: Final = 0.98
MAX_TOP1_LOSS: Final = 0.01
LAYER_SAMPLES: Final = 8
Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class OutputFigures:
    """One output, over all samples.

    Attributes
    ----------
    name, shape
        The output.
    sqnr_db
        FP32's power about its mean over the power of the difference; at most 200.
    cosine
        Of both outputs as vectors.
    largest
        Largest difference, and the largest magnitude of FP32.
    """

    name: str
    shape: tuple[int, ...]
    sqnr_db: float
    cosine: float
    largest: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Top1:
    """Shares of samples: both agree on the largest value, FP32 is right, INT8 is right (``None`` without labels)."""

    same: float
    fp32: float | None
    int8: float | None


@dataclass(frozen=True, kw_only=True)
class OwnVerdict:
    """The verdict on a network of one's own; ``failures`` is what the gates that are not met say."""

    passed: bool
    failures: tuple[str, ...]
    gates: tuple[Gate, ...]
    outputs: tuple[OutputFigures, ...]
    top1: Top1 | None
    samples: int
    layers: tuple[LayerSqnr, ...]
    calibrated_on_the_same: bool
    converted: tuple[str, ...]
    fp32_sha256: str
    int8_sha256: str
    data_sha256: str
    engine: Engine


def verify_own(
    fp32: Path, int8: Path, data: Path, options: VerifyOptions, watch: Watch[int] = unwatched
) -> tuple[OwnVerdict, Path]:
    """Compare an INT8 file with its FP32 file on samples, and write the verdict beside it.

    Raises
    ------
    InputError
        A file cannot be used, or the INT8 file was made from another one.
    """
    static, notes = converted(load_model(fp32, "FP32 model", FIX), fp32)
    sources = {"fp32": accept(fp32), "int8": accept(int8), "data": accept_samples(data)}
    _refuse_another(sources)
    samples = _evenly(open_samples(data, inputs_of(static)), options.num_samples)
    runner = IntegerRunner(int8)
    exact, rounded = _outputs(static, runner, samples, watch)
    figures = tuple(_figures(name, exact[name], rounded[name]) for name in exact)
    top1 = _top1(next(iter(exact.values())), next(iter(rounded.values())), samples.labels)
    gates = (*_gates(figures, top1, options), scheme_gate(scheme_violations(sources["int8"])))
    failures = tuple(gate.line for gate in gates if not gate.met)
    row = sources["int8"].row
    calibration = row.inputs.get("calibration") if row is not None else None
    verdict = OwnVerdict(
        passed=not failures,
        failures=failures,
        gates=gates,
        outputs=figures,
        top1=top1,
        samples=len(samples),
        layers=own_layer_sqnr(static, int8, list(samples)[:LAYER_SAMPLES]),
        calibrated_on_the_same=calibration is not None and calibration.sha256 == sources["data"].sha256,
        converted=notes,
        fp32_sha256=sources["fp32"].sha256,
        int8_sha256=sources["int8"].sha256,
        data_sha256=sources["data"].sha256,
        engine=runner.engine,
    )
    return verdict, _write(verdict, sources, options)


def _refuse_another(sources: Mapping[str, Accepted]) -> None:
    row = sources["int8"].row
    if row is None or row.step != "quantize":
        return
    if sources["fp32"].sha256 not in {
        source.sha256 for name, source in row.inputs.items() if name in ("fp32", "fine_tuned")
    }:
        raise InputError(
            f"{sources['int8'].path} was not quantised from {sources['fp32'].path}; quantise that one first"
        )


def _evenly(samples: SampleSet, most_samples: int) -> SampleSet:
    count = min(most_samples, len(samples))
    return samples.part(np.linspace(0, len(samples) - 1, count).round().astype(np.int64))


def _outputs(
    static: onnx.ModelProto, runner: IntegerRunner, samples: SampleSet, watch: Watch[int]
) -> tuple[dict[str, Values], dict[str, Values]]:
    """Return FP32's outputs and INT8's, [N, ...] by name."""
    names = [end.name for end in static.graph.output]
    read = tensor_reader(static, names)
    exact: list[list[Values]] = []
    rounded: list[list[Values]] = []
    for sample, _ in zip(samples, watch(range(len(samples)), "comparing FP32 and INT8", len(samples)), strict=False):
        exact.append(read(sample))
        rounded.append([np.asarray(one, np.float64) for one in runner(*(each[None] for each in sample))])
    return (
        {name: np.concatenate([one[place] for one in exact]) for place, name in enumerate(names)},
        {name: np.concatenate([one[place] for one in rounded]) for place, name in enumerate(names)},
    )


def _figures(name: str, exact: Values, rounded: Values) -> OutputFigures:
    noise, signal = float(np.square(rounded - exact).mean()), float(exact.var())
    sqnr = 10 * np.log10(max(signal, 1e-30) / max(noise, 1e-20 * max(signal, 1e-30)))
    norms = float(np.linalg.norm(exact) * np.linalg.norm(rounded))
    return OutputFigures(
        name=name,
        shape=exact.shape[1:],
        sqnr_db=float(np.clip(sqnr, -200, 200)),
        cosine=float((exact * rounded).sum() / norms) if norms > 0 else float(np.array_equal(exact, rounded)),
        largest=(float(np.abs(rounded - exact).max()), float(np.abs(exact).max())),
    )


def _top1(exact: Values, rounded: Values, labels: NDArray[np.int64] | None) -> Top1 | None:
    """Return agreement on the largest value of the first output; ``None`` where there are no classes to be one of."""
    rows = exact.reshape(len(exact), -1)
    if rows.shape[1] < 2 or (labels is None and rows.shape[1] > 10_000):
        return None
    one, other = rows.argmax(axis=1), rounded.reshape(len(rounded), -1).argmax(axis=1)
    right = (None, None) if labels is None else (float((one == labels).mean()), float((other == labels).mean()))
    return Top1(same=float((one == other).mean()), fp32=right[0], int8=right[1])


def _gates(figures: tuple[OutputFigures, ...], top1: Top1 | None, options: VerifyOptions) -> Iterator[Gate]:
    for output in figures:
        limit, told = options.min_sqnr_db, f"SQNR of {output.name} ({output.sqnr_db:.1f} dB)"
        yield least("sqnr", f"SQNR of {output.name}", output.sqnr_db, limit, " dB", f"{told} < {limit:g} dB")
        told = f"cosine of {output.name} ({output.cosine:.4f}) < {MIN_COSINE}"
        yield least("cosine", f"Cosine of {output.name}", output.cosine, MIN_COSINE, "", told)
    if top1 is not None and top1.fp32 is not None and top1.int8 is not None:
        loss = top1.fp32 - top1.int8
        yield most("top-1", "Loss of top-1", loss, MAX_TOP1_LOSS + 1e-12, "", 4)


def _write(verdict: OwnVerdict, sources: Mapping[str, Accepted], options: VerifyOptions) -> Path:
    path = verdict_path(sources["int8"].path)
    with writing(path) as temporary:
        temporary.write_text(json.dumps(asdict(verdict), indent=1) + "\n", encoding="utf-8")
    status = "done" if verdict.passed else "failed"
    record(path, "verify", dict(sources), options_of(VerifyOptions, options), status)
    return path
