"""The pre-flight of published networks against the vendor's model zoo: rates fitted, families left out, bounds held.

usage: python benchmarks/npu_latency.py

Each network is written as an INT8 file and predicted by the pre-flight's own function. Rows come from public READMEs
(source and commit in ``data/npu_benchmarks.csv``). A family that is judged takes no part in its rates and factors.
"""

import math
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from scipy.optimize import nnls

from measuring import write_result
from npu_zoo import Row, network_of, rows_of, written
from pulse8.board.estimate.latency import COMMON, OWN, RATES_NS, terms
from pulse8.board.onnx_graph.quantized_graph import QuantizedGraph
from pulse8.board.onnx_graph.read import parse_graph
from pulse8.board.preflight.predict import SPILL_FACTOR, Prediction, predict

DOCUMENTED_NS = {
    "layer": 6000.0,
    "flash": 1 / 0.383,
    "pointwise": 0.01,
    "kernel": 0.01,
    "area": 0.2,
    "out": 1.0,
    "in": 0.25,
    "mean": 15.3,
    "map": 1.0,
}
"""Rates that one board run and the documents show: where the rows leave a rate open, it stays near these."""
PULL = 0.1
"""Weight of a documented rate against a family of rows."""
NAMES = tuple(RATES_NS)
COMMON_NAMES = tuple(name for name in NAMES if name not in OWN)
TAILS = (0.05, 0.95)
KIB = 1024
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A published row, the family of its network, what the pre-flight says of it, and its terms in 1e-6 units."""

    row: Row
    family: str
    parameters: int
    predicted: Prediction
    amounts: Array

    @property
    def measured_ms(self) -> float:
        """One run, in milliseconds."""
        return float(self.row["inference_ms"])

    @property
    def spilled(self) -> bool:
        """Whether the row lists external RAM; SqueezeNext's one row without memory figures is like its siblings."""
        return float(self.row["external_ram_kib"] or 0) > 0 or self.row["model"].startswith("sqnxt")

    @property
    def may_spill(self) -> bool:
        """Whether the pre-flight widens the interval because activations may spill."""
        return any("may spill" in note for note in self.predicted.notes)


def cases_of() -> list[Case]:
    return [_case(row, family, *build()) for row, family, build in written(rows_of())]


def _case(row: Row, family: str, model: onnx.ModelProto, parameters: int) -> Case:
    view = QuantizedGraph(parse_graph(model.SerializeToString(), row["model"]))
    predicted = predict(view, "2" if row["stedgeai_core"].startswith("2") else "3")
    amounts = np.zeros(len(NAMES))
    for layer in predicted.layers:
        for name, amount in terms(layer.work).items() if layer.work is not None else ():
            amounts[NAMES.index(name)] += 1e-6 * amount
    return Case(row, family, parameters, predicted, amounts)


def fitted(cases: Sequence[Case]) -> Array:
    """Return the rates with the least relative errors, every family counting once: non-negative, robust, pulled."""
    amounts, measured = _tables(cases)
    family = np.array(_family_weights(cases))
    pull = np.array([[PULL / DOCUMENTED_NS[name] * (name == other) for other in NAMES] for name in DOCUMENTED_NS])
    weight = family
    rates = np.zeros(len(NAMES))
    for _ in range(20):
        table = np.vstack([amounts / measured[:, None] * weight[:, None], pull])
        rates, _ = nnls(table, np.concatenate([weight, np.full(len(pull), PULL)]))
        ratio = np.maximum(amounts @ rates, 1e-9) / measured
        weight = family * np.sqrt(0.1 / (np.abs(np.log(ratio)) + 0.05) * np.minimum(1, 1 / ratio))
    return rates


def _tables(cases: Sequence[Case]) -> tuple[Array, Array]:
    return np.array([case.amounts for case in cases]), np.array([case.measured_ms for case in cases])


def _family_weights(cases: Sequence[Case]) -> list[float]:
    count = Counter(case.family for case in cases)
    return [1 / math.sqrt(count[case.family]) for case in cases]


@dataclass(frozen=True)
class Judged:
    """A case with rates from other families: most likely time, the common part, and the own parts' two ends, in ms."""

    case: Case
    expected: float
    common: float
    own: tuple[float, float]

    @property
    def error(self) -> float:
        """Relative error of the most likely time."""
        return self.expected / self.case.measured_ms - 1

    def needed(self, end: int) -> float:
        """Return the factor of the common part at which this end of the interval meets the measured time."""
        widened = SPILL_FACTOR if end and self.case.may_spill else 1
        return (self.case.measured_ms / widened - self.own[end]) / self.common

    def inside(self, factors: tuple[float, float]) -> bool:
        """Whether the measured time lies in the interval that these common factors give."""
        return bool(self.needed(0) >= factors[0] and self.needed(1) <= factors[1])


def judged(case: Case, rates: Array) -> Judged:
    parts = dict(zip(NAMES, case.amounts * rates, strict=True))
    own = tuple(sum(OWN[name][end] * parts[name] for name in OWN) for end in (0, 1))
    common = sum(parts[name] for name in COMMON_NAMES)
    return Judged(case, float(sum(parts.values())), float(common), (float(own[0]), float(own[1])))


def left_out(cases: Sequence[Case]) -> list[Judged]:
    """Judge every case with rates of the other families."""
    rates = {
        family: fitted([case for case in cases if case.family != family]) for family in {case.family for case in cases}
    }
    return [judged(case, rates[case.family]) for case in cases]


def factors_of(rows: Sequence[Judged]) -> tuple[float, float]:
    """Return the common factors that nine of ten rows need, every family counting once."""
    count = Counter(row.case.family for row in rows)
    weights = np.array([1 / count[row.case.family] for row in rows])
    ends = []
    for end, tail in enumerate(TAILS):
        needed = np.array([row.needed(end) for row in rows])
        order = np.argsort(needed)
        share = np.cumsum(weights[order]) / weights.sum()
        ends.append(float(needed[order][np.searchsorted(share, tail)]))
    return ends[0], ends[1]


def covered(rows: Sequence[Judged]) -> list[bool]:
    """Return whether each row lies inside an interval whose rates and factors come from the other families."""
    factors = {
        family: factors_of([row for row in rows if row.case.family != family])
        for family in {row.case.family for row in rows}
    }
    return [row.inside(factors[row.case.family]) for row in rows]


def bounds(cases: Sequence[Case]) -> dict[str, Any]:
    """Hold memory and flash against every row that lists them."""
    memory, low, high = [], [], []
    for case in cases:
        if not case.row["weights_flash_kib"] or case.predicted.memory is None:
            continue
        used = sum(float(case.row[name]) for name in ("internal_ram_kib", "external_ram_kib")) * KIB
        flash = float(case.row["weights_flash_kib"]) * KIB
        memory.append(used / case.predicted.memory.peak_bytes)
        low.append(flash / case.predicted.flash.low_bytes)
        high.append(flash / case.predicted.flash.high_bytes)
    return {
        "rows": len(memory),
        "measured_ram_over_the_bound": _spread(memory),
        "measured_flash_over_the_bound": _spread(low),
        "measured_flash_over_the_high_end": _spread(high),
    }


def _spread(ratios: Sequence[float]) -> list[float]:
    return [round(value, 3) for value in (min(ratios), median(ratios), max(ratios))]


def summary() -> dict[str, Any]:
    """Return every figure."""
    cases = cases_of()
    rows = left_out(cases)
    inside = covered(rows)
    dry = [row for row in rows if not row.case.spilled]
    wet = [row for row in rows if row.case.spilled]
    reasons = Counter(found for found in map(network_of, rows_of()) if isinstance(found, str))
    return {
        "rows_written_down": len(rows),
        "families_written_down": len({row.case.family for row in rows}),
        "rows_not_written_down": dict(reasons),
        "without_a_spill": _errors(dry),
        "with_a_spill": {"rows": len(wet), "largest_factor": max(_factor(row) for row in wet)},
        "interval_coverage": round(sum(inside) / len(inside), 3),
        "interval_coverage_families_counting_once": round(_by_family(rows, inside), 3),
        "numberless": sum(case.predicted.latency is None for case in cases),
        "bounds": bounds(cases),
        "rates_ns": {name: float(f"{rate:.4g}") for name, rate in zip(NAMES, fitted(cases), strict=True)},
        "common_factors": [round(factor, 3) for factor in factors_of(rows)],
        "shipped": {"rates_ns": dict(RATES_NS), "common_factors": list(COMMON)},
        "families": {family: _family(rows, inside, family) for family in sorted({case.family for case in cases})},
        "rows": [_line(row, hit) for row, hit in zip(rows, inside, strict=True)],
    }


def _errors(rows: Sequence[Judged]) -> dict[str, Any]:
    errors = [abs(row.error) for row in rows]
    families = {row.case.family for row in rows}
    medians = [median(abs(row.error) for row in rows if row.case.family == family) for family in families]
    return {
        "rows": len(rows),
        "median_error": round(median(errors), 3),
        "median_over_families": round(median(medians), 3),
        "ninetieth_percentile": round(float(np.quantile(errors, 0.9)), 3),
        "largest_error": round(max(errors), 3),
    }


def _factor(row: Judged) -> float:
    return round(math.exp(abs(math.log1p(row.error))), 2)


def _by_family(rows: Sequence[Judged], inside: Sequence[bool]) -> float:
    count = Counter(row.case.family for row in rows)
    return sum(hit / count[row.case.family] for row, hit in zip(rows, inside, strict=True)) / len(count)


def _family(rows: Sequence[Judged], inside: Sequence[bool], family: str) -> dict[str, Any]:
    mine = [(row, hit) for row, hit in zip(rows, inside, strict=True) if row.case.family == family]
    return {
        "rows": len(mine),
        "median_error": round(median(abs(row.error) for row, _ in mine), 3),
        "largest_error": round(max(abs(row.error) for row, _ in mine), 3),
        "inside": sum(hit for _, hit in mine),
    }


def _line(row: Judged, hit: bool) -> dict[str, Any]:
    case = row.case
    memory = case.predicted.memory
    return {
        **{name: case.row[name] for name in ("model", "dataset", "resolution")},
        "core": case.row["stedgeai_core"],
        "family": case.family,
        "parameters_m": round(case.parameters / 1e6, 3),
        "measured_ms": case.measured_ms,
        "predicted_ms": round(row.expected, 2),
        "error": round(row.error, 3),
        "inside": hit,
        "spilled": case.spilled,
        "memory_bound_kib": round(memory.peak_bytes / KIB, 1) if memory else None,
        "measured_ram_kib": round(
            sum(float(case.row[name] or 0) for name in ("internal_ram_kib", "external_ram_kib")), 1
        ),
    }


def main() -> int:
    write_result("npu_latency", "python benchmarks/npu_latency.py", summary())
    return 0


if __name__ == "__main__":
    sys.exit(main())
