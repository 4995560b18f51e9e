"""What INT8 changes of the shipped pulse12 on the frozen strata, all windows and those that are accepted.

Run ``python benchmarks/pulse12_int8.py`` from the repository. Simulated people; not a medical device.
"""

import sys
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np

from measuring import write_result
from pulse8.learn.evaluate.estimators import onnx_file
from pulse8.learn.evaluate.readings import read_all
from pulse8.learn.evaluate.scores import CLOSE_BPM, Reading
from pulse8.learn.prepare.windows import windows_of
from pulse8.learn.simulate.strata import stratum
from pulse8.measure.reading.network import SHIPPED
from pulse8.measure.signal.metrics import subject_bootstrap

STRATA: Final = ("easy", "medium", "hard", "dark", "compressed")
WEIGHTS: Final = Path(str(files("pulse8.measure.infer") / "weights"))

Pair = tuple[Reading, Reading]
"""A window's reading in FP32 and in INT8."""


def pairs(name: str) -> list[Pair]:
    """Read a stratum's windows with a true rate by both files."""
    methods = [onnx_file(WEIGHTS / SHIPPED[kind]) for kind in ("fp32", "int8")]
    windows = [window for recording in stratum(name).recordings() for window in windows_of(recording)]
    both = zip(*(read_all(method, windows) for method in methods), strict=True)
    return [pair for pair in both if all(reading.error_bpm is not None and reading.bpm for reading in pair)]


def row(found: list[Pair]) -> dict[str, Any]:
    """Figures of some windows."""
    owner = [one.subject for one, _ in found]
    moved = np.array([abs(one.bpm - other.bpm) for one, other in found])
    worse = np.array([other.error_bpm - one.error_bpm for one, other in found])
    far = moved > CLOSE_BPM
    return {
        "windows": len(found),
        "moved_over_5_bpm": round(float(far.mean()), 4),
        "moved_95": [round(end, 4) for end in subject_bootstrap(far, owner)],
        "p95_shift_bpm": round(float(np.quantile(moved, 0.95)), 3),
        "mae_increase_bpm": round(float(worse.mean()), 4),
        "mae_increase_95_bpm": [round(end, 4) for end in subject_bootstrap(worse, owner)],
    }


def main() -> int:
    """Read all, write all."""
    found = {name: pairs(name) for name in STRATA}
    found["all"] = [pair for part in found.values() for pair in part]
    rows = {
        name: {"every window": row(part), "accepted in FP32": row([pair for pair in part if pair[0].accepted])}
        for name, part in found.items()
    }
    write_result("pulse12_int8", "python benchmarks/pulse12_int8.py", {"rows": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main())
