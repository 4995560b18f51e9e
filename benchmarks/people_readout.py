"""The spectrum's peak against least squares on two harmonics, and a whole record against the median of its windows.

Run ``python benchmarks/people_readout.py`` from the repository: ten fingers on a phone against a chest belt's
intervals. Results go to ``benchmarks/results/people_readout.json``. Not a medical device.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from measuring import write_result
from pulse8.learn.prepare.windows import WINDOW, as_wave, banded
from pulse8.learn.real.recordings import open_recording
from pulse8.learn.real.roles import Entry, present
from pulse8.learn.recording import Rates, Recording
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.clips.skin import skin_trace
from pulse8.measure.signal.classical import red
from pulse8.measure.signal.filters import detrend
from pulse8.measure.signal.harmonic import refined_bpm
from pulse8.measure.signal.rate import heart_rate
from pulse8.spec import Readout
from real_traces import data_folder

HOP: Final = 30
BAND: Final = Readout().band_bpm


def windows(entry: Entry, data: Path) -> Iterator[tuple[float, float, float]]:
    """Give true rate, peak and fit of each window of a finger, BPM."""
    recording = open_recording(entry, data)
    if recording is None or recording.rates is None:
        return
    skin = skin_trace(recording.traces, RATE_HZ)
    pulse = red(skin.rgb, RATE_HZ)
    for start in range(0, len(pulse) - WINDOW + 1, HOP):
        start_s = skin.start_s + start / RATE_HZ
        truth = mean_rate(recording.rates, start_s, start_s + WINDOW / RATE_HZ)
        steady = detrend(pulse[start : start + WINDOW])
        peak = heart_rate(as_wave(banded(steady)), Readout()).bpm
        if truth is not None and peak is not None:
            yield truth, peak, refined_bpm(as_wave(steady), peak, BAND)


def mean_rate(rates: Rates, start_s: float, end_s: float) -> float | None:
    """60 over the mean interval of the beats in a window."""
    inside = (rates.t_s >= start_s) & (rates.t_s <= end_s)
    return float(1 / np.mean(1 / rates.bpm[inside])) if inside.sum() > 3 else None


def whole(entry: Entry, data: Path) -> tuple[float, float, float] | None:
    """Give the true rate of a record, its one spectrum's peak, and the median of its windows' fits."""
    recording: Recording | None = open_recording(entry, data)
    found = list(windows(entry, data))
    if recording is None or recording.rates is None or not found:
        return None
    skin = skin_trace(recording.traces, RATE_HZ)
    peak = heart_rate(as_wave(banded(detrend(red(skin.rgb, RATE_HZ)))), Readout()).bpm
    truth = mean_rate(recording.rates, float(recording.traces.t_s[0]), float(recording.traces.t_s[-1]))
    return None if peak is None or truth is None else (truth, peak, float(np.median([fit for _, _, fit in found])))


def figures(rows: list[tuple[float, float, float]], names: tuple[str, str]) -> dict[str, Any]:
    """Mean absolute errors of two readings."""
    truth, one, other = np.array(rows).T
    errors = {
        name: round(float(np.abs(value - truth).mean()), 3) for name, value in zip(names, (one, other), strict=True)
    }
    return {"readings": len(rows), **errors}


def main() -> int:
    """Print and write both comparisons by role; 2 where there are no recordings."""
    data = data_folder()
    if data is None:
        print("no recordings; set PULSE8_SHARED to the folder that holds data/welltory")
        return 2
    result: dict[str, Any] = {"data": "Welltory fingers, red, against a chest belt's intervals; MAE in BPM"}
    for role in ("tune", "judge"):
        entries = [entry for entry in present(data) if entry.dataset == "welltory" and entry.role == role]
        single = [row for entry in entries for row in windows(entry, data)]
        wholes = [row for entry in entries if (row := whole(entry, data)) is not None]
        result[role] = {
            "windows of 8.53 s": figures(single, ("peak", "least squares")),
            "whole records": figures(wholes, ("one spectrum", "median of windows")),
        }
    write_result("people_readout", "python benchmarks/people_readout.py", result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
