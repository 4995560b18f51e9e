"""The frozen latency rates against the vendor's published model zoo: error by family left out, and coverage.

usage: python benchmarks/npu_latency.py

Rows come from public READMEs (source and commit in ``data/npu_benchmarks.csv``). Nothing is fitted to them. Beside it
one common factor is fitted to all other families and applied to the one left out, to show what fitting would bring.
"""

import csv
import sys
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from measuring import write_result
from npu_networks import network_of, written
from pulse8.board.estimate.latency import layer_interval, total_interval

DATA = Path(__file__).parent / "data" / "npu_benchmarks.csv"


def rows_of() -> list[dict[str, str]]:
    with DATA.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def predicted() -> list[dict[str, Any]]:
    """Return measured and predicted milliseconds of every row whose network is written down."""
    found = []
    for row, family, net in written(rows_of()):
        interval = total_interval(map(layer_interval, net.layers))
        measured = float(row["inference_ms"])
        found.append(
            {
                "family": family,
                "model": row["model"],
                "dataset": row["dataset"],
                "resolution": row["resolution"],
                "core": row["stedgeai_core"],
                "parameters_m": round(net.parameters / 1e6, 3),
                "stated_parameters_m": row["params_m"] or None,
                "measured_ms": measured,
                "low_ms": round(interval.low_ms, 2),
                "high_ms": round(interval.high_ms, 2),
                "mid_error": round(interval.mid_ms / measured - 1, 3),
                "inside": interval.low_ms <= measured <= interval.high_ms,
            }
        )
    return found


def without(rows: list[dict[str, Any]], family: str) -> dict[str, Any]:
    """Return a family's errors: with the frozen rates, and with one factor fitted to all other families."""
    mine = [row["mid_error"] for row in rows if row["family"] == family]
    factor = 1 / median(1 + row["mid_error"] for row in rows if row["family"] != family)
    fitted = [abs((1 + error) * factor - 1) for error in mine]
    return {
        "rows": len(mine),
        "median_error": round(median(map(abs, mine)), 3),
        "largest_error": round(max(map(abs, mine)), 3),
        "bias": round(sum(mine) / len(mine), 3),
        "median_error_with_a_factor_from_the_others": round(median(fitted), 3),
        "inside": round(sum(row["inside"] for row in rows if row["family"] == family) / len(mine), 2),
    }


def summary() -> dict[str, Any]:
    """Return every figure."""
    rows = predicted()
    families = {family: without(rows, family) for family in sorted({row["family"] for row in rows})}
    reasons = Counter(found for found in map(network_of, rows_of()) if isinstance(found, str))
    return {
        "rows_written_down": len(rows),
        "rows_not_written_down": dict(reasons),
        "median_error_of_the_midpoint": round(median(abs(row["mid_error"]) for row in rows), 3),
        "median_over_families_left_out": round(median(each["median_error"] for each in families.values()), 3),
        "largest_error": max(abs(row["mid_error"]) for row in rows),
        "interval_coverage": round(sum(row["inside"] for row in rows) / len(rows), 2),
        "families": families,
        "rows": rows,
        "not_written_down": [
            {"model": row["model"], "dataset": row["dataset"], "resolution": row["resolution"], "why": found}
            for row in rows_of()
            if isinstance(found := network_of(row), str)
        ],
    }


def main() -> int:
    write_result("npu_latency", "python benchmarks/npu_latency.py", summary())
    return 0


if __name__ == "__main__":
    sys.exit(main())
