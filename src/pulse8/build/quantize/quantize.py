"""FP32 ONNX to INT8 QDQ ONNX: the whole static file, and the board pair cut from it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray

from pulse8.build.export.forms import FEATURES, FRAMES, PATCHES, SHAPE_FEATURES, to_whole_input, whole_form
from pulse8.build.export.onnx_file import save_model, with_outputs
from pulse8.build.export.recognise import MEND, opset_of, recognise, spec_of
from pulse8.build.quantize.audit import Audit, audit, range_violations
from pulse8.build.quantize.options import QuantizeOptions
from pulse8.build.quantize.ort_writer import write_int8
from pulse8.build.quantize.pair import cut_pair
from pulse8.build.quantize.ranges import collect_ranges
from pulse8.errors import GateError, SpecError
from pulse8.learn.datasets.guide_pt import CalibrationSet, open_calibration
from pulse8.manifest import Accepted, accept, options_of, record
from pulse8.measure.infer.onnx_file import load_model
from pulse8.measure.infer.ort import OrtRunner
from pulse8.values import Watch, unwatched

PER_CHANNEL_OPSET: Final = 13
COMPARED_SAMPLES: Final = 4


@dataclass(frozen=True, kw_only=True)
class Quantized:
    """The three files, their sizes in bytes, and what the audit found in them after reloading."""

    whole: Path
    spatial: Path
    temporal: Path
    fp32_bytes: int
    whole_bytes: int
    pair_bytes: int
    samples: int
    per_channel: bool
    method: str
    audit: Audit


def pair_paths(whole: Path) -> tuple[Path, Path]:
    """Where the board pair stands: beside ``rppg_int8_qdq.onnx``, ``rppg_spatial_int8_qdq.onnx`` and temporal."""
    head, found, tail = whole.name.partition("int8")
    names = (
        f"{head}{part}_{found}{tail}" if found else f"{whole.stem}_{part}.onnx" for part in ("spatial", "temporal")
    )
    spatial, temporal = (whole.with_name(name) for name in names)
    return spatial, temporal


def quantize(
    fp32: Path,
    calibration: Path,
    output: Path,
    options: QuantizeOptions,
    watch: Watch[NDArray[np.float32]] = unwatched,
) -> Quantized:
    """Quantise the network in an FP32 file with ranges from a calibration set, audit what was written, and keep it.

    Raises
    ------
    InputError
        A file cannot be used.
    SpecError
        Per-channel scales are asked of an opset below 13.
    GateError
        A file breaks the scheme, or the pair's logits differ from the whole's; the files are kept and marked failed.
    """
    model = _fp32_model(fp32, options)
    weights, spec = recognise(model, fp32), spec_of(model)
    sources = {"fp32": accept(fp32), "calibration": accept(calibration)}
    drawn = open_calibration(calibration)
    static = whole_form(weights, spec, opset_of(model, fp32))
    ranges = collect_ranges(static, lambda: _inputs(watch(drawn, "taking ranges", len(drawn))), options)
    paths = _save(write_int8(static, ranges, options, spec), output)
    reloaded = [onnx.load(path) for path in paths]
    audits = [audit(part, spec, per_channel=options.per_channel) for part in reloaded]
    violations = [
        *(f"{path.name}: {text}" for path, found in zip(paths, audits, strict=True) for text in found.violations),
        *range_violations(reloaded[0], ranges),
        *_pair_violations(reloaded, _inputs(islice(drawn, COMPARED_SAMPLES))),
    ]
    _record(paths, sources, options, drawn, failed=bool(violations))
    if violations:
        raise GateError(f"{output} breaks the INT8 scheme: {violations[0]} ({len(violations)} in all); marked failed")
    whole_bytes, *pair_bytes = (path.stat().st_size for path in paths)
    return Quantized(
        whole=paths[0],
        spatial=paths[1],
        temporal=paths[2],
        fp32_bytes=model.ByteSize(),
        whole_bytes=whole_bytes,
        pair_bytes=sum(pair_bytes),
        samples=len(drawn),
        per_channel=options.per_channel,
        method=", ".join((options.method, *options.layers)),
        audit=audits[0],
    )


def _fp32_model(path: Path, options: QuantizeOptions) -> onnx.ModelProto:
    model = load_model(path, "FP32 model", MEND)
    opset = opset_of(model, path)
    if options.per_channel and opset < PER_CHANNEL_OPSET:
        raise SpecError(f"{path} has opset {opset}; per-channel INT8 needs 13: export it with --opset 13")
    return model


def _inputs(samples: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    return (to_whole_input(sample[None])[0] for sample in samples)


def _save(int8: onnx.ModelProto, output: Path) -> tuple[Path, Path, Path]:
    """Write the whole file and the pair cut from it."""
    paths = (output, *pair_paths(output))
    for part, path in zip((int8, *cut_pair(int8)), paths, strict=True):
        save_model(part, path)
    return paths


def _record(
    paths: tuple[Path, ...],
    sources: dict[str, Accepted],
    options: QuantizeOptions,
    drawn: CalibrationSet,
    *,
    failed: bool,
) -> None:
    """Write a row a file; it keeps the calibration's indices, so that verify can refuse to test on them."""
    told = {
        **options_of(QuantizeOptions, options),
        "calibration_indices": drawn.indices.tolist(),
        "calibration_source_sha256": drawn.source_sha256,
    }
    for path in paths:
        record(path, "quantize", sources, told, "failed" if failed else "done")


def pair_logits(spatial: OrtRunner, temporal: OrtRunner, sample: NDArray[np.float32]) -> NDArray[np.float32]:
    """Run the board pair on one whole input [72, 36, 36], patch by patch as a board does."""
    patches = sample.reshape(PATCHES, 1, -1, *sample.shape[1:])
    features = np.stack([spatial(patch)[0].reshape(FEATURES) for patch in patches])
    ring = features.reshape(FRAMES, -1).T.reshape(SHAPE_FEATURES)
    return np.asarray(temporal(np.ascontiguousarray(ring))[0].ravel())


def _pair_violations(models: list[onnx.ModelProto], inputs: Iterable[NDArray[np.float32]]) -> list[str]:
    whole = OrtRunner(with_outputs(models[0], ["logit_dq"]).SerializeToString())
    spatial, temporal = (OrtRunner(model.SerializeToString()) for model in models[1:])
    pairs = ((whole(sample[None])[1].ravel(), pair_logits(spatial, temporal, sample)) for sample in inputs)
    return [f"pair's logit {two[0]} is not the whole's {one[0]}" for one, two in pairs if not np.array_equal(one, two)]
