"""The shipped pulse12 beside one that the same recipe made from another seed, on the same windows of the frozen strata.

Run ``bash recipes/pulse12.sh FOLDER 10`` and then ``python benchmarks/pulse12_seeds.py FOLDER/3/pulse12.pth`` from the
repository. Simulated people; not a medical device.
"""

import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

from measuring import write_result
from pulse8.learn.evaluate.baselines import BASELINES
from pulse8.learn.evaluate.estimators import classical, from_samples
from pulse8.learn.evaluate.readings import read_all
from pulse8.learn.evaluate.scores import CLOSE_BPM, Reading
from pulse8.learn.models.checkpoint import load_checkpoint, shipped_checkpoint
from pulse8.learn.prepare.windows import windows_of
from pulse8.learn.simulate.strata import stratum
from pulse8.learn.train.pulse12 import waves_of
from pulse8.manifest import sha256_of
from pulse8.measure.signal.metrics import subject_bootstrap
from pulse8.measure.signal.selection import upper_share

STRATA: Final = ("easy", "medium", "hard", "dark", "compressed")


def row(readings: list[Reading], pos: list[Reading]) -> dict[str, Any]:
    """One checkpoint's figures in one stratum."""
    known = [(one, other) for one, other in zip(readings, pos, strict=True) if one.error_bpm is not None]
    errors = np.array([one.error_bpm for one, _ in known])
    against = errors - np.array([other.error_bpm for _, other in known])
    shown = np.array([one.accepted for one, _ in known])
    interval = subject_bootstrap(against, [one.subject for one, _ in known])
    return {
        "mae_bpm": round(float(errors.mean()), 2),
        "close_share": round(float((errors <= CLOSE_BPM).mean()), 3),
        "minus_pos_bpm": round(float(against.mean()), 2),
        "minus_pos_95_bpm": [round(end, 2) for end in interval],
        "coverage": round(float(shown.mean()), 3),
        "wrong_upper": round(upper_share(int((errors[shown] > CLOSE_BPM).sum()), int(shown.sum())), 4),
        "accepted_mae_bpm": round(float(errors[shown].mean()), 2) if shown.any() else None,
    }


def main(other: Path) -> None:
    """Read all windows by both and by POS."""
    checkpoints = {"shipped": shipped_checkpoint("pulse12"), "another seed": other}
    methods = {
        name: from_samples(waves_of(path), load_checkpoint(path).spec.refusals) for name, path in checkpoints.items()
    }
    rows: dict[str, dict[str, Any]] = {}
    for name in STRATA:
        windows = [window for recording in stratum(name).recordings() for window in windows_of(recording)]
        pos = read_all(classical(BASELINES["POS"]), windows)
        rows[name] = {method: row(read_all(estimator, windows), pos) for method, estimator in methods.items()}
    still = [window for recording in stratum("negative").recordings() for window in windows_of(recording)]
    accepted = {
        method: sum(reading.accepted for reading in read_all(estimator, still)) for method, estimator in methods.items()
    }
    hashes = {name: sha256_of(path) for name, path in checkpoints.items()}
    figures = {"checkpoints_sha256": hashes, "rows": rows, "negatives": {"windows": len(still), "accepted": accepted}}
    write_result("pulse12_seeds", "python benchmarks/pulse12_seeds.py FOLDER/3/pulse12.pth", figures)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
