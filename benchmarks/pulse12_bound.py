"""How far a fixed filter gets that knows what no network can: the noise without the pulse, and the pulse's colours.

Run ``python benchmarks/pulse12_bound.py [PEOPLE]`` from the repository; PEOPLE of each stratum, else all.
Each person is simulated twice, with the pulse and without; the weights of the 36 channels are those of the best linear
filter between the two. What it misses is not to be had by weighing channels. Simulated people; not a medical device.
"""

import sys
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from measuring import write_result
from pulse8.learn.evaluate.baselines import BASELINES
from pulse8.learn.evaluate.estimators import classical
from pulse8.learn.evaluate.readings import read_all
from pulse8.learn.prepare.windows import TrueWindow, as_wave, banded, windows_of
from pulse8.learn.simulate.presets import draw_conditions
from pulse8.learn.simulate.recording import recorded
from pulse8.learn.simulate.strata import Stratum, stratum
from pulse8.measure.clips.normalise import BASIS
from pulse8.measure.signal.filters import detrend
from pulse8.measure.signal.metrics import subject_bootstrap
from pulse8.measure.signal.rate import heart_rate
from pulse8.spec import Readout

STRATA: Final = ("easy", "medium", "hard", "dark", "compressed")
LAGS: Final = (0, 2, 3, 4)
"""Samples that the contact pulse may come after the face's."""

RIDGE: Final = 1e-4
CLOSE_BPM: Final = 5.0


def channels(window: TrueWindow) -> NDArray[np.float64]:
    """Band-passed colour differences float64 [N, 36] of a window's cells."""
    if window.seen is None:
        return np.zeros((0, 0))
    cells = window.seen.cells
    return banded(detrend(((cells / cells.mean(axis=0) - 1) @ BASIS.T).reshape(len(cells), -1)))


def knowing_errors(one: Stratum, subject: int) -> tuple[list[float], list[float]]:
    """Absolute errors in BPM of the knowing filter and of POS over a person's windows."""
    conditions = draw_conditions(subject, one.preset, one.seed)
    windows = windows_of(recorded(subject, conditions, one.seconds, one.seed))
    still = windows_of(recorded(subject, conditions.changed(skin__pulse_share=0.0), one.seconds, one.seed))
    pairs = [
        (window, seen, noise)
        for window, twin in zip(windows, still, strict=True)
        if window.truth.bpm is not None and window.truth.contact is not None
        for seen, noise in [(channels(window), channels(twin))]
        if seen.shape == noise.shape and seen.size
    ]
    widest = max((seen.shape[1] for _, seen, _ in pairs), default=0)
    pairs = [pair for pair in pairs if pair[1].shape[1] == widest]
    if not pairs:
        return [], []
    weights = _weights(
        np.concatenate([noise for *_, noise in pairs]),
        np.concatenate([seen - noise for _, seen, noise in pairs]),
        np.concatenate([window.truth.contact for window, *_ in pairs]),
    )
    middle = sum(Readout().band_bpm) / 2
    found = [heart_rate(as_wave(seen @ weights), Readout()).bpm or middle for _, seen, _ in pairs]
    errors = [abs(bpm - window.truth.bpm) for bpm, (window, *_) in zip(found, pairs, strict=True)]
    pos = read_all(classical(BASELINES["POS"]), [window for window, *_ in pairs])
    return errors, [reading.error_bpm for reading in pos]


def _weights(
    noise: NDArray[np.float64], pulse: NDArray[np.float64], contact: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weigh channels by what the pulse looks like in them, against the noise's covariance."""
    looks = [pulse[: len(pulse) - lag].T @ contact[lag:] for lag in LAGS]
    covariance = noise.T @ noise
    covariance += np.eye(len(covariance)) * np.trace(covariance) / len(covariance) * RIDGE
    return np.linalg.solve(covariance, max(looks, key=np.linalg.norm))


def row(name: str, people: int) -> dict[str, Any]:
    """One stratum's figures."""
    one = stratum(name)
    found = {f"{name}-{subject}": knowing_errors(one, subject) for subject in range(people)}
    owner = [subject for subject, (errors, _) in found.items() for _ in errors]
    knowing = np.array([error for errors, _ in found.values() for error in errors])
    pos = np.array([error for _, errors in found.values() for error in errors])
    interval = subject_bootstrap(knowing - pos, owner)
    return {
        "windows": len(knowing),
        "mae_bpm": round(float(knowing.mean()), 2),
        "close_share": round(float((knowing <= CLOSE_BPM).mean()), 3),
        "pos_mae_bpm": round(float(pos.mean()), 2),
        "paired_95_bpm": [round(float(end), 2) for end in interval],
    }


def main(people: int) -> None:
    """Take every stratum and write what was found."""
    rows = {name: row(name, people) for name in STRATA}
    write_result("pulse12_bound", f"python benchmarks/pulse12_bound.py {people}", {"people": people, "rows": rows})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
