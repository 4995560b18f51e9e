"""The classical set on the frozen simulated strata, joined and tracked rates, mechanisms, and the tracker's threshold.

Run ``python benchmarks/evaluation.py PART [SUBJECTS [MODEL.onnx ...]]`` with PART one of windows, longer, mechanisms,
threshold. SUBJECTS of each stratum, 40 without; 40 take one to three minutes of one core. Results go to
``benchmarks/results/evaluation_PART.json``.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from measuring import write_result
from pulse8.learn.evaluate.baselines import BASELINES
from pulse8.learn.evaluate.estimators import classical
from pulse8.learn.evaluate.longer import TRACKED, Longer, evaluate_longer
from pulse8.learn.evaluate.options import EvaluateOptions
from pulse8.learn.evaluate.readings import Group
from pulse8.learn.evaluate.scores import Row
from pulse8.learn.evaluate.table import evaluate_strata
from pulse8.learn.simulate.presets import draw_conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import FROZEN_SHA256, stratum
from pulse8.measure.signal import tracker
from pulse8.notice import NOTICE

STRATA = ("easy", "medium", "hard", "dark", "compressed", "negative")
CLASSICAL = ("green", "ica", "chrom", "pos", "pbv", "lgi", "omit")
OUTSIDE = RecordingOptions(seconds=43.0, seed=78)
"""People who are in no stratum: what a threshold may be chosen on."""

Rows = list[dict[str, Any]]


def windows(subjects: int, models: tuple[Path, ...]) -> Rows:
    options = EvaluateOptions(strata=STRATA, method=CLASSICAL, limit=subjects, model=models, oracle=False)
    return [short(row) for row in evaluate_strata(options).rows]


def longer(subjects: int, models: tuple[Path, ...]) -> Rows:
    options = EvaluateOptions(strata=STRATA, method=("pos",), limit=subjects, model=models, oracle=False, longer=True)
    return [spanned(one) for one in evaluate_strata(options).longer]


def mechanisms(subjects: int, models: tuple[Path, ...]) -> Rows:
    options = EvaluateOptions(
        mechanisms=True, method=("green", "chrom", "pos", "pbv"), limit=subjects, model=models, oracle=False
    )
    return [short(row) for row in evaluate_strata(options).rows]


def threshold(subjects: int, _models: tuple[Path, ...]) -> Rows:
    rows = []
    for level in (5.0, 7.0):
        tracker.NOISE = level
        groups = [outside(name, subjects) for name in ("easy", "hard", "negative")]
        found = evaluate_longer(groups, {"POS": classical(BASELINES["POS"])})
        rows += [{"noise": level, **spanned(one)} for one in found if one.span == TRACKED]
    return rows


PARTS: dict[str, Callable[[int, tuple[Path, ...]], Rows]] = {
    "windows": windows,
    "longer": longer,
    "mechanisms": mechanisms,
    "threshold": threshold,
}


def outside(name: str, subjects: int) -> Group:
    """Simulate people under a stratum's conditions who are in none."""
    people = [
        simulate_recording(number, draw_conditions(number, stratum(name).preset, OUTSIDE.seed), OUTSIDE)
        for number in range(subjects)
    ]
    return Group(name=name, recordings=people)


def spanned(one: Longer) -> dict[str, Any]:
    """Return a row with its span and how often the rate moves."""
    return {"span": one.span, "moved_share": rounded(one.moved_share), **short(one.row)}


def short(row: Row) -> dict[str, Any]:
    """Return the fields that are known, to three digits."""
    return {name: rounded(value) for name, value in asdict(row).items() if value is not None}


def rounded(value: object) -> object:
    """Round numbers, and those in tuples, to three digits."""
    if isinstance(value, tuple):
        return [rounded(part) for part in value]
    return round(value, 3) if isinstance(value, float) else value


def main(part: str, subjects: int, models: tuple[Path, ...]) -> None:
    """Fill one part's table and write it."""
    started = time.process_time()
    rows = PARTS[part](subjects, models)
    figures = {
        "what": f"simulated people, {subjects} of each stratum. {NOTICE}",
        "strata_sha256": FROZEN_SHA256,
        "cpu_s": round(time.process_time() - started),
        "rows": rows,
    }
    write_result(f"evaluation_{part}", " ".join(["python benchmarks/evaluation.py", *sys.argv[1:]]), figures)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 40, tuple(map(Path, sys.argv[3:])))
