"""``preflight --fix``: a new file with every safe fix, written only if its outputs equal the old file's.

The guide's 6-D export becomes the whole static form, and a recognised ``ultralight`` gets the board pair as well; every
other file keeps its graph, with its batch, operator set, IR version, imports and Add scales fixed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray

from pulse8.board.inputs import pair_paths
from pulse8.board.onnx_graph.quantized_graph import QuantizedGraph
from pulse8.board.onnx_graph.read import parse_graph, read_graph
from pulse8.board.onnx_graph.records import Graph
from pulse8.convert.export.forms import spatial_form, temporal_form, whole_form
from pulse8.convert.export.onnx_file import save_model
from pulse8.convert.export.recognise import opset_of, recognise, spec_of
from pulse8.convert.quantize.pair import cut_pair
from pulse8.convert.quantize.quantize import pair_logits
from pulse8.convert.repair.edits import ALIKE, shared_add_scales
from pulse8.errors import GateError, InputError, one_line
from pulse8.learn.simulate.probe import probe_samples
from pulse8.manifest import accept, record
from pulse8.measure.clips.patches import SHAPE_WHOLE, to_whole_input
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.ort import OrtRunner
from pulse8.measure.infer.runner import Runner

TOLERANCE: Final = 1e-4
"""Tolerance in BPM for a model that returns rates; otherwise as a share of the largest output."""
REQUANTIZED_TOLERANCE: Final = 0.05
"""After a requantisation, which rounds once more, outputs may move by 5 % of their largest value."""
SPREAD_STEPS: Final = 40
"""Standard deviation of the drawn inputs, in steps of the input's quantisation."""
PROBES: Final = 8
GUIDE_RANK: Final = 6


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """The result: files written, changes in words, and the largest difference from the old file's outputs."""

    files: tuple[Path, ...]
    changes: tuple[str, ...]
    max_difference: float


def fix(model: Path, output: Path) -> Fixed:
    """Write a model with every safe fix as a new file.

    Raises
    ------
    InputError
        The file cannot be read or run, or there is nothing to fix.
    GateError
        The new file's outputs differ; nothing is written.
    """
    graph = read_graph(model)
    if output.resolve() == model.resolve():
        raise InputError(f"--fix {output} is the model itself; name a new file")
    source = accept(model, failed_too=True)
    loaded = onnx.load(model)
    shape = graph.inputs[0].shape if len(graph.inputs) == 1 else None
    if shape is not None and len(shape) == GUIDE_RANK:
        fixed = _static(loaded, model, output)
    elif shape == SHAPE_WHOLE and {"images", "features"} <= {name for node in graph.nodes for name in node.outputs}:
        fixed = _pair(loaded, output)
    else:
        fixed = _edited(loaded, graph, model, output)
    for path in fixed.files:
        record(path, "preflight --fix", {"model": source}, {"changes": list(fixed.changes)})
    return fixed


def _static(loaded: onnx.ModelProto, path: Path, output: Path) -> Fixed:
    """Write the whole static form and the pair of a guide-form export."""
    weights, spec, opset = recognise(loaded, path), spec_of(loaded), opset_of(loaded, path)
    forms = [form(weights, spec, opset) for form in (whole_form, spatial_form, temporal_form)]
    runner = OrtRunner(path)
    whole, spatial, temporal = (OrtRunner(form.SerializeToString()) for form in forms)
    samples = probe_samples(PROBES)
    bpm = np.concatenate([runner(sample[None])[0].ravel() for sample in samples])
    inputs = to_whole_input(samples)
    static = np.concatenate([whole(sample[None])[0].ravel() for sample in inputs])
    halves = np.concatenate([_bpm(pair_logits(spatial, temporal, sample)) for sample in inputs])
    difference = max(float(np.abs(bpm - other).max()) for other in (static, halves))
    changes = ("6-D input and dynamic batch became [1, 72, 36, 36]", "the board pair beside it")
    return _kept(forms, (output, *pair_paths(output)), changes, difference, TOLERANCE)


def _bpm(logit: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(30 + 150 / (1 + np.exp(-logit)), np.float32)


def _pair(loaded: onnx.ModelProto, output: Path) -> Fixed:
    """Cut the board pair from a whole INT8 file."""
    pair = cut_pair(loaded)
    whole, spatial, temporal = (IntegerRunner(part.SerializeToString()) for part in (loaded, *pair))
    inputs = to_whole_input(probe_samples(PROBES))
    pairs = [(whole(sample[None])[0].ravel(), _bpm(pair_logits(spatial, temporal, sample))) for sample in inputs]
    difference = max(float(np.abs(one - other).max()) for one, other in pairs)
    changes = ("the board pair in place of 24 patches as one batch",)
    return _kept(pair, pair_paths(output), changes, difference, TOLERANCE)


def _edited(loaded: onnx.ModelProto, graph: Graph, path: Path, output: Path) -> Fixed:
    """Fix the graph of any other file."""
    changes = [change for edit in ALIKE for change in edit(loaded)]
    requantized = shared_add_scales(loaded)
    if not changes and not requantized:
        raise InputError(f"{path} has nothing that --fix can fix; see the findings of `pulse8 preflight {path}`")
    if len(graph.inputs) != 1 or graph.inputs[0].kind != "float":
        raise InputError(f"{path} has several inputs or none of float; such a file is not verified, so not written")
    _state_outputs(loaded, str(path))
    scheme = QuantizedGraph(graph).result_scheme(graph.inputs[0].name)
    spread = SPREAD_STEPS * scheme.scale if scheme is not None and scheme.scale else 1.0
    difference = _difference(path, loaded, spread, relative=bool(requantized))
    limit = REQUANTIZED_TOLERANCE if requantized else TOLERANCE
    return _kept([loaded], (output,), (*changes, *requantized), difference, limit)


def _state_outputs(model: onnx.ModelProto, name: str) -> None:
    """Write the inferred shape of outputs that have none: the checker requires it."""
    inferred = parse_graph(model.SerializeToString(), name)
    for end in model.graph.output:
        shape = inferred.shape(end.name)
        if not end.type.tensor_type.HasField("shape") and shape is not None:
            kind = end.type.tensor_type.elem_type or onnx.TensorProto.FLOAT
            end.CopyFrom(onnx.helper.make_tensor_value_info(end.name, kind, shape))


def _difference(path: Path, edited: onnx.ModelProto, spread: float, *, relative: bool) -> float:
    """Run both files on the same random inputs and return the largest difference of any output."""
    old, new = _runners(path, edited.SerializeToString())
    shape = tuple(size if isinstance(size, int) else 1 for size in old.input_shape)
    difference = 0.0
    try:
        for draw in np.random.default_rng(8).normal(0, spread, (PROBES, *shape)).astype(np.float32):
            for one, other in zip(old(draw), new(draw), strict=True):
                largest = float(np.abs(one).max()) if relative else 1.0
                difference = max(difference, float(np.abs(one - other).max()) / max(largest, TOLERANCE))
    except Exception as error:  # ONNX Runtime's exceptions share no base but this one
        raise InputError(f"{path} cannot be run to verify the fixed file: {one_line(error)}") from error
    return difference


def _runners(path: Path, edited: bytes) -> tuple[Runner, Runner]:
    """Open both as INT8 files; in float32 where one is a float model or has operators unknown to the integer engine."""
    try:
        return IntegerRunner(path), IntegerRunner(edited)
    except InputError:
        return OrtRunner(path, "off"), OrtRunner(edited, "off")


def _kept(
    models: Sequence[onnx.ModelProto],
    paths: Sequence[Path],
    changes: tuple[str, ...],
    difference: float,
    limit: float,
) -> Fixed:
    if not difference <= limit:
        raise GateError(f"the fixed file differs by {difference:.1e} (limit {limit:g}); nothing was written")
    for model, path in zip(models, paths, strict=True):
        save_model(model, path)
    return Fixed(files=tuple(paths), changes=changes, max_difference=difference)
