"""Activation ranges over a calibration set, one sample in memory at a time.

MinMax needs one pass. The others need a second one, for each tensor's histogram between its extremes. The model runs
in float64, so that a range does not depend on the processor.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from pulse8.convert.quantize.families import families, scaled_tensors
from pulse8.convert.quantize.float64 import Sample, tensor_reader
from pulse8.convert.quantize.float64_operators import Values
from pulse8.convert.quantize.options import QuantizeOptions, RangeRule
from pulse8.errors import SpecError
from pulse8.measure.infer.qdq_steps.tables import FUNCTIONS

Range = tuple[float, float]
Ranges = dict[str, Range]
"""Tensor name to its smallest and largest value."""

Samples = Callable[[], Iterable[Sample]]
"""Gives the calibration inputs, without the batch axis of 1, from the beginning each time it is called."""

Counts = NDArray[np.int64]
Use = Callable[[Values], Values]

BINS: Final = 4096
LEVELS: Final = 256
SMALLEST_WIDTH: Final = float(np.finfo(np.float32).tiny)
"""A narrower bin is zero, or nearly, in float32."""
SHARES: Final = np.linspace(LEVELS / BINS, 1, 91)
"""Parts of the whole range that the entropy method tries."""
OCTAVES: Final = np.exp2(-np.linspace(0, 8, 65))
"""Those that the mse method tries: a gate may need a hundredth."""
POINTS: Final = 4
"""Places in a bin at which the mse method rounds."""


@dataclass(frozen=True, eq=False)
class Observed:
    """Extremes of each tensor that a node makes, and the histograms between them of those that need one."""

    extremes: Ranges
    counts: dict[str, Counts]


def collect_ranges(model: onnx.ModelProto, samples: Samples, options: QuantizeOptions) -> Ranges:
    """Run a static FP32 model on every sample and choose the range of each tensor that a node makes.

    What is added has one range, so that the NPU adds integers.

    Raises
    ------
    SpecError
        A method is given for a tensor that has no scale of its own.
    """
    check_rules(model, options)
    wanted = [name for name in scaled_tensors(model) if options.rule(name).method != "minmax"]
    return choose_ranges(model, observe(model, samples, wanted), options)


def check_rules(model: onnx.ModelProto, options: QuantizeOptions) -> None:
    """Hold that every tensor with a method of its own has a scale of its own; ``SpecError`` names one that has not."""
    scaled = scaled_tensors(model)
    if unknown := set(options.own_rules) - set(scaled):
        raise SpecError(f"{min(unknown)} is no tensor with a scale of its own; those are {', '.join(scaled)}")


def observe(model: onnx.ModelProto, samples: Samples, tensors: Sequence[str]) -> Observed:
    """Run the model on every sample, and a second time where ``tensors`` need a histogram."""
    extremes = extremes_of(model, samples())
    spread = {name: extremes[name] for name in tensors}
    return Observed(extremes, histograms(model, samples(), spread) if spread else {})


def choose_ranges(model: onnx.ModelProto, observed: Observed, options: QuantizeOptions) -> Ranges:
    """Choose every tensor's range by its rule; one without a histogram keeps its extremes."""
    functions = reading_functions(model)
    chosen = {
        name: chosen_range(observed.counts[name], ends, options.rule(name), functions.get(name, _itself))
        if name in observed.counts
        else ends
        for name, ends in observed.extremes.items()
    }
    return with_shared_scales(model, chosen)


def reading_functions(model: onnx.ModelProto) -> dict[str, Use]:
    """Return the function of one number (a gate's Sigmoid, a Tanh) that alone reads a tensor, by the tensor's name."""
    uses = [end.name for end in model.graph.output] + [name for node in model.graph.node for name in node.input]
    found = {}
    for node in model.graph.node:
        if node.op_type in FUNCTIONS and uses.count(node.input[0]) == 1:
            found[node.input[0]] = _with_attributes(node)
    return found


def _with_attributes(node: onnx.NodeProto) -> Use:
    told = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    return lambda values: FUNCTIONS[node.op_type](values, told)


def extremes_of(model: onnx.ModelProto, samples: Iterable[Sample]) -> Ranges:
    """Smallest and largest value of each input, and of each tensor that a node makes."""
    names = [end.name for end in model.graph.input]
    names += [name for node in model.graph.node for name in node.output if name]
    read = tensor_reader(model, names)
    low, high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    for sample in samples:
        tensors = read(sample)
        low = np.minimum(low, [tensor.min() for tensor in tensors])
        high = np.maximum(high, [tensor.max() for tensor in tensors])
    return {name: (float(one), float(other)) for name, one, other in zip(names, low, high, strict=True)}


def with_shared_scales(model: onnx.ModelProto, ranges: Ranges) -> Ranges:
    """Give all tensors that share a scale the range that holds them; a clamp's is that of what it clamps to."""
    shared = dict(ranges)
    for family in families(model):
        known = [shared[name] for name in family if name in shared]
        if len(family) > 1 and known:
            union = min(low for low, _ in known), max(high for _, high in known)
            shared.update((name, union) for name in family if name in shared)
    return shared


def histograms(model: onnx.ModelProto, samples: Iterable[Sample], extremes: Mapping[str, Range]) -> dict[str, Counts]:
    """Count each named tensor's values in equal bins between its extremes; what lies outside goes to the end bins."""
    read = tensor_reader(model, list(extremes))
    counts = {name: np.zeros(BINS, np.int64) for name in extremes}
    for sample in samples:
        for (name, ends), tensor in zip(extremes.items(), read(sample), strict=True):
            counts[name] += binned(tensor, ends)
    return counts


def binned(values: Values, ends: Range) -> Counts:
    """Count values in equal bins between two ends."""
    low, high = ends
    width = (high - low) / BINS
    width = width if width >= SMALLEST_WIDTH else 1.0  # all of them lie in the first bin
    places = np.clip((values.ravel() - low) / width, 0, BINS - 1).astype(np.int64)
    return np.bincount(places, minlength=BINS)


def _itself(values: Values) -> Values:
    return values


def chosen_range(counts: Counts, ends: Range, rule: RangeRule, use: Use = _itself) -> Range:
    """Choose a tensor's range by a rule from its histogram between ``ends``; it lies within them.

    ``use`` is what alone reads the tensor, if that is a function of one number.
    """
    match rule.method:
        case "minmax":
            return ends
        case "percentile":
            return _percentile(counts, ends, rule.percentile)
        case "entropy":
            return _entropy(counts, ends)
        case "mse":
            return _least_squares(counts, ends, use)


def _percentile(counts: Counts, ends: Range, percentile: float) -> Range:
    """Cut half of what may lie outside at either end, to the outer edge of a bin."""
    cut = (100 - percentile) / 200 * counts.sum()
    edges = np.linspace(*ends, BINS + 1)
    first = int(np.searchsorted(counts.cumsum(), cut, side="right"))
    last = int(np.searchsorted(counts[::-1].cumsum(), cut, side="right"))
    return (float(edges[first]), float(edges[BINS - last])) if first + last < BINS else ends


def _entropy(counts: Counts, ends: Range) -> Range:
    """Clip at the magnitude from which INT8 keeps most of the distribution (Kullback-Leibler; Migacz, GTC 2017).

    What is cut off counts at the ends in the true distribution and not in the rounded one, so clipping has its price.
    Zeros are left out: INT8 has them exactly, and after a ReLU they are half of all values.
    """
    counts = np.where(np.arange(BINS) == _bin_of_zero(ends), 0, counts)
    centres = np.linspace(*ends, BINS + 1)[:-1] + (ends[1] - ends[0]) / BINS / 2
    clips = [_clipped(ends, share * max(abs(ends[0]), abs(ends[1]))) for share in SHARES]
    return min(reversed(clips), key=lambda clip: _divergence(counts, centres, clip))  # of equal ones the widest


def _least_squares(counts: Counts, ends: Range, use: Use) -> Range:
    """Clip at the magnitude from which rounding and clipping together change least of what reads the tensor.

    Beyond where a Sigmoid no longer changes nothing is lost, so a gate that saturates gets all codes where it does not.
    """
    filled = np.flatnonzero((counts > 0) & (np.arange(BINS) != _bin_of_zero(ends)))
    width = (ends[1] - ends[0]) / BINS
    values = ends[0] + width * (filled[:, None] + (np.arange(POINTS) + 0.5) / POINTS)
    true, largest = use(values), max(abs(ends[0]), abs(ends[1]))

    def noise(clip: Range) -> float:
        low, high = min(clip[0], 0.0), max(clip[1], 0.0)
        step = (high - low) / (LEVELS - 1) or 1.0
        rounded = use(np.rint((np.clip(values, low, high) - low) / step) * step + low)
        return float(np.square(rounded - true).sum(axis=1) @ counts[filled])

    return min((_clipped(ends, share * largest) for share in OCTAVES), key=noise)  # of equal ones the widest


def _clipped(ends: Range, magnitude: float) -> Range:
    return float(np.clip(ends[0], -magnitude, magnitude)), float(np.clip(ends[1], -magnitude, magnitude))


def _bin_of_zero(ends: Range) -> int:
    """Return the number of the bin that holds 0; one that is outside where none does."""
    return int(np.floor(-ends[0] / ((ends[1] - ends[0]) / BINS or 1.0)))


def _divergence(counts: Counts, centres: NDArray[np.float64], clip: Range) -> float:
    low, high = min(clip[0], 0.0), max(clip[1], 0.0)  # INT8 always reaches 0
    inside = (centres >= low) & (centres <= high)
    if not counts[inside].any():
        return np.inf
    kept = counts[inside].astype(np.float64)
    true = kept.copy()
    true[0] += counts[centres < low].sum()
    true[-1] += counts[centres > high].sum()
    level = np.rint((centres[inside] - low) / (high - low) * (LEVELS - 1)).astype(np.int64)
    filled = kept > 0
    mass = np.bincount(level, kept, LEVELS) / np.maximum(np.bincount(level, filled, LEVELS), 1)
    rounded = np.where(filled, mass[level], 0)
    rounded /= rounded.sum()
    true /= true.sum()
    rounded = np.maximum(rounded, 1e-12)
    seen = true > 0
    return float((true[seen] * np.log(true[seen] / rounded[seen])).sum())
