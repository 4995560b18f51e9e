"""FP32 ONNX to INT8 QDQ ONNX: one static file, and for ultralight the board pair cut from it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from pulse8.board.codegen.lower import lower
from pulse8.board.inputs import pair_paths
from pulse8.convert.export.onnx_file import save_model
from pulse8.convert.export.recognise import FIX, contract_of, converted, inputs_of, opset_of, static_input
from pulse8.convert.quantize.audit import Audit, audit, scale_violations, unasked_scales
from pulse8.convert.quantize.equalise import Factors, equalised, equalising_factors, with_factors
from pulse8.convert.quantize.float64 import Sample, tensor_reader
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.pair import cut_pair
from pulse8.convert.quantize.qdq_writer import write_int8
from pulse8.convert.quantize.ranges import collect_ranges
from pulse8.convert.quantize.scales import Scales, every_scale, scale_table
from pulse8.errors import GateError, InputError, Pulse8Error, SpecError
from pulse8.learn.formats.calibration import CalibrationSet
from pulse8.learn.formats.data_file import open_calibration
from pulse8.learn.formats.guide_pt import MAKE_CALIBRATION
from pulse8.learn.formats.samples import SampleSet, accept_samples, open_samples
from pulse8.manifest import Accepted, accept, existing_file, options_of, record
from pulse8.measure.clips.patches import FEATURES, FRAMES, PATCHES, SHAPE_FEATURES
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.onnx_file import load_model
from pulse8.measure.infer.runner import Runner
from pulse8.measure.signal.metrics import sqnr_db
from pulse8.spec import ModelSpec
from pulse8.values import Watch, unwatched

PER_CHANNEL_OPSET: Final = 13
COMPARED_SAMPLES: Final = 4
MIN_OWN_SAMPLES: Final = 8
MOST_DB: Final = 200.0
"""Written where nothing differs: records are JSON, which has no infinity."""


@dataclass(frozen=True, kw_only=True)
class Quantized:
    """The files, their sizes in bytes, and what the audit found in them after reloading.

    Without a board pair (``spatial``, ``temporal``) the whole file is the board's too. ``sqnr_db`` is what the integer
    reference keeps of FP32's first output on a few of the calibration samples; ``converted`` says what was written in
    another way to get there.
    """

    whole: Path
    spatial: Path | None
    temporal: Path | None
    fp32_bytes: int
    whole_bytes: int
    pair_bytes: int | None
    samples: int
    per_channel: bool
    method: str
    audit: Audit
    sqnr_db: float = float("nan")
    converted: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Source:
    """What is quantised.

    Attributes
    ----------
    fp32
        The file's model.
    static
        Its static form, whose tensors get scales.
    accepted
        The FP32 file and the calibration set, hashed.
    drawn
        The calibration windows, or samples of a network of one's own.
    spec
        What it measures; ``None`` for a network of one's own.
    notes
        What was converted.
    factors
        Those in the static form's weights, where it is equalised.
    """

    fp32: onnx.ModelProto
    static: onnx.ModelProto
    spec: ModelSpec | None
    accepted: dict[str, Accepted]
    drawn: CalibrationSet | SampleSet
    notes: tuple[str, ...] = ()
    factors: Factors = field(default_factory=dict)

    def inputs(self, watch: Watch[Any] = unwatched) -> Iterator[Sample]:
        """Read the calibration samples one after another, as the static form takes them."""
        samples = watch(self.drawn, "taking ranges", len(self.drawn))
        spec = self.spec
        if spec is None:
            return iter(samples)
        return (static_input(spec, sample[None])[0] for sample in samples)


def open_source(fp32: Path, calibration: Path, options: QuantizeOptions) -> Source:
    """Open an FP32 file and a calibration set; equalise the network where that is asked for.

    Raises
    ------
    InputError
        A file cannot be used.
    SpecError
        Per-channel scales are asked of an opset below 13.
    """
    source = _opened(fp32, calibration, options)
    if not options.equalise:
        return source
    factors = equalising_factors(source.static, source.inputs(), per_channel=options.per_channel)
    return replace(source, static=equalised(source.static, factors), factors=factors)


def _opened(fp32: Path, calibration: Path, options: QuantizeOptions) -> Source:
    model = _fp32_model(fp32, options)
    static, notes = converted(model, fp32)
    spec = contract_of(model)
    if spec is None:
        accepted = {"fp32": accept(fp32), "calibration": accept_samples(calibration)}
        return Source(model, static, None, accepted, _own_samples(calibration, static), notes)
    calibrated = accept(existing_file(calibration, "Calibration data", MAKE_CALIBRATION))
    accepted = {"fp32": accept(fp32), "calibration": calibrated}
    return Source(model, static, spec, accepted, open_calibration(calibration), notes)


def _own_samples(path: Path, static: onnx.ModelProto) -> SampleSet:
    found = open_samples(path, inputs_of(static))
    if len(found) < MIN_OWN_SAMPLES:
        raise InputError(f"{path} holds {len(found)} samples; ranges need at least {MIN_OWN_SAMPLES}, better 100")
    return found


def scales_for(source: Source, options: QuantizeOptions, watch: Watch[Any] = unwatched) -> Scales:
    """Take ranges from the calibration windows and return the scale table."""
    ranges = collect_ranges(source.static, lambda: source.inputs(watch), options)
    return scale_table(source.static, ranges, source.spec)


def quantize(
    fp32: Path,
    calibration: Path,
    output: Path,
    options: QuantizeOptions,
    watch: Watch[Any] = unwatched,
) -> Quantized:
    """Quantise the network in an FP32 file with ranges from a calibration set, audit what was written, and keep it.

    Raises
    ------
    InputError
        A file cannot be used.
    SpecError
        Per-channel scales are asked of an opset below 13, or a method of a tensor without a scale of its own.
    GateError
        A file breaks the scheme, or the pair's logits differ from the whole's; the files are kept and marked failed.
    """
    source = open_source(fp32, calibration, options)
    return write_quantized(source, source.static, scales_for(source, options, watch), output, options)


def write_quantized(
    source: Source,
    static: onnx.ModelProto,
    scales: Scales,
    output: Path,
    options: QuantizeOptions,
    told: Mapping[str, Any] = MappingProxyType({}),
) -> Quantized:
    """Write a static model in INT8, audit what was written, and keep it; ``told`` goes into the files' rows.

    Raises
    ------
    GateError
        As :func:`quantize`.
    """
    pair = source.spec is not None and source.spec.output == "bpm"
    paths = _save(with_factors(write_int8(static, scales, options, source.spec), source.factors), output, pair=pair)
    reloaded = [onnx.load(path) for path in paths]
    audits = [audit(part, source.spec, per_channel=options.per_channel) for part in reloaded]
    violations = [
        *(f"{path.name}: {text}" for path, found in zip(paths, audits, strict=True) for text in found.violations),
        *scale_violations(reloaded[0], scales),
        *unasked_scales(reloaded[0], every_scale(static, scales)),
        *_refusals(reloaded),
        *_pair_violations(reloaded, islice(source.inputs(), COMPARED_SAMPLES)),
    ]
    _record(paths, source, {**options_of(QuantizeOptions, options), **told}, failed=bool(violations))
    if violations:
        raise GateError(
            f"{output} breaks the INT8 scheme: {violations[0]} ({len(violations)} in all); marked failed: see what it"
            f" holds with `pulse8 preflight {output}`, then quantise again"
        )
    kept = kept_db(static, IntegerRunner(reloaded[0].SerializeToString()), source.inputs())
    return replace(_quantized(paths, source, options, audits[0]), sqnr_db=kept)


def _refusals(models: list[onnx.ModelProto]) -> list[str]:
    """Read each file as a board folder will, so that what passes here is refused nowhere."""
    _, *pair = models
    try:
        programs = [IntegerRunner(model.SerializeToString()).program for model in models]
        for program in programs[1:] if pair else programs:
            lower(program, "network")
    except Pulse8Error as error:
        return [str(error)]
    return []


def kept_db(static: onnx.ModelProto, runner: IntegerRunner, samples: Iterable[Sample]) -> float:
    """Return what INT8 keeps of FP32's first output on a few samples, dB."""
    read = tensor_reader(static, [static.graph.output[0].name])
    exact, rounded = [], []
    for sample in islice(samples, COMPARED_SAMPLES):
        given = sample if isinstance(sample, tuple) else (sample,)
        exact.append(read(sample)[0].ravel())
        rounded.append(runner(*(one[None] for one in given))[0].ravel())
    return float(np.clip(sqnr_db(np.concatenate(exact), np.concatenate(rounded)), -MOST_DB, MOST_DB))


def _quantized(paths: tuple[Path, ...], source: Source, options: QuantizeOptions, found: Audit) -> Quantized:
    whole, *pair = paths
    spatial, temporal = pair or (None, None)
    return Quantized(
        whole=whole,
        spatial=spatial,
        temporal=temporal,
        fp32_bytes=source.fp32.ByteSize(),
        whole_bytes=whole.stat().st_size,
        pair_bytes=sum(path.stat().st_size for path in pair) if pair else None,
        samples=len(source.drawn),
        per_channel=options.per_channel,
        method=", ".join((options.method, *options.layers)),
        audit=found,
        converted=source.notes,
    )


def _fp32_model(path: Path, options: QuantizeOptions) -> onnx.ModelProto:
    model = load_model(path, "FP32 model", FIX)
    if contract_of(model) is None:
        return model
    opset = opset_of(model, path)
    if options.per_channel and opset < PER_CHANNEL_OPSET:
        raise SpecError(f"{path} has opset {opset}; per-channel INT8 needs 13: export it with --opset 13")
    return model


def _save(int8: onnx.ModelProto, output: Path, *, pair: bool) -> tuple[Path, ...]:
    """Write the whole file, and the pair cut from it where there is one."""
    files = {output: int8, **(dict(zip(pair_paths(output), cut_pair(int8), strict=True)) if pair else {})}
    for path, part in files.items():
        save_model(part, path)
    return tuple(files)


def _record(paths: tuple[Path, ...], source: Source, told: Mapping[str, Any], *, failed: bool) -> None:
    """Write a row a file; it keeps the calibration's indices, so that verify can refuse to test on them."""
    drawn = source.drawn
    told = {
        **told,
        "calibration_indices": drawn.indices.tolist(),
        "calibration_source_sha256": drawn.source_sha256,
    }
    for path in paths:
        record(path, "quantize", source.accepted, told, "failed" if failed else "done")


def pair_logits(spatial: Runner, temporal: Runner, sample: NDArray[np.float32]) -> NDArray[np.float32]:
    """Run the board pair on one whole input [72, 36, 36], patch by patch as a board does."""
    return np.asarray(temporal(_ring(spatial, sample))[0].ravel())


def pair_bytes(spatial: Runner, temporal: Runner, sample: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return the logit's byte that the board pair gives for one whole input."""
    return temporal.run_int8(_ring(spatial, sample))


def _ring(spatial: Runner, sample: NDArray[np.float32]) -> NDArray[np.float32]:
    patches = sample.reshape(PATCHES, 1, -1, *sample.shape[1:])
    features = np.stack([spatial(patch)[0].reshape(FEATURES) for patch in patches])
    return np.ascontiguousarray(features.reshape(FRAMES, -1).T.reshape(SHAPE_FEATURES))


def _pair_violations(models: list[onnx.ModelProto], inputs: Iterable[Sample]) -> list[str]:
    if len(models) == 1:
        return []
    whole, spatial, temporal = (IntegerRunner(model.SerializeToString()) for model in models)
    patches = (one for one in inputs if not isinstance(one, tuple))  # the pair has one input
    pairs = ((whole.run_int8(one[None]).item(), pair_bytes(spatial, temporal, one).item()) for one in patches)
    return [f"pair's logit has the byte {two} where the whole's has {one}" for one, two in pairs if one != two]
