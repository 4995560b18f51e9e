"""What pulse12's provisional rates, from 5 to 8 seconds of a face, are worth beside those of full windows.

Run ``python benchmarks/pulse12_provisional.py [PEOPLE]`` from the repository; PEOPLE of each frozen stratum, all where
not said. The first 5, 6, 7 and 8 seconds of each are read by the shipped INT8 network and its refusal rules, which were
set on full windows. Simulated people; not a medical device.
"""

import sys
from typing import Any, Final

import numpy as np

from measuring import write_result
from pulse8.learn.prepare.windows import window_at
from pulse8.learn.recording import Recording
from pulse8.learn.simulate.strata import stratum
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.clips.windows import part
from pulse8.measure.line import measure_traces
from pulse8.measure.signal.metrics import CLOSE_BPM
from pulse8.measure.signal.selection import upper_share

STRATA: Final = ("easy", "medium", "hard", "dark", "compressed", "negative")
SECONDS: Final = (5, 6, 7, 8)


def error_bpm(recording: Recording, seconds: int) -> tuple[bool, float]:
    """Whether a rate is given for the first seconds, and how far off it is: without end where there is no pulse."""
    traces = recording.traces
    frames = int(np.searchsorted(traces.t_s, traces.t_s[0] + seconds - 1e-6))
    rates = measure_traces(part(traces, slice(0, frames))).windows
    bpm = next((rate.bpm for rate in rates if rate.provisional), None)
    truth = window_at(recording, 0, int(seconds * RATE_HZ)).truth.bpm
    return bpm is not None, np.inf if bpm is None or truth is None else abs(bpm - truth)


def row(name: str, people: int | None, seconds: int) -> dict[str, Any]:
    """One stratum's figures at one length."""
    read = [error_bpm(recording, seconds) for recording in stratum(name).recordings(people)]
    errors = np.array([error for given, error in read if given])
    wrong = int((errors > CLOSE_BPM).sum())
    alive = np.isfinite(errors)
    return {
        "people": len(read),
        "accepted": len(errors),
        "coverage": round(len(errors) / len(read), 3),
        "wrong": wrong,
        "wrong_upper": round(upper_share(wrong, len(read) if name == "negative" else len(errors)), 4),
        "accepted_mae_bpm": round(float(errors[alive].mean()), 2) if alive.any() else None,
    }


def main(people: int | None) -> None:
    """Take every stratum and length, and write what was found."""
    rows = {name: {f"{s} s": row(name, people, s) for s in SECONDS} for name in STRATA}
    write_result("pulse12_provisional", "python benchmarks/pulse12_provisional.py", {"rows": rows})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)
