"""The suite of simulated scenes without a pulse: how often the measure line shows a rate, in cells and as one trace.

Run ``python benchmarks/no_pulse.py`` from the repository; some minutes. Results go to
``benchmarks/results/no_pulse.json``. Simulated scenes; not a medical device.
"""

import dataclasses
from collections.abc import Iterable
from typing import Any, Final

from measuring import write_result
from pulse8.learn.recording import Recording
from pulse8.learn.simulate.scenes import SCENES, scene
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.signal.selection import upper_share
from pulse8.values import CellTraces

RECORDINGS: Final = 60
METHODS: Final = ("pulse12", "pos")


def one_trace(traces: CellTraces) -> CellTraces:
    """Put the mean of all cells in each, as a table of one trace has it."""
    mean = traces.rgb.mean(axis=(1, 2), keepdims=True)
    return dataclasses.replace(traces, rgb=mean.repeat(3, axis=1).repeat(4, axis=2))


def row(recordings: Iterable[Recording], method: str, *, single: bool) -> dict[str, Any]:
    """Windows and seconds with a rate, and recordings in which any second has one."""
    options = MeasureOptions(method=method)  # type: ignore[arg-type] - a name of the table
    windows = accepted = seconds = shown = recorded = touched = 0
    for recording in recordings:
        traces = one_trace(recording.traces) if single else recording.traces
        measured = measure_traces(traces, options)
        windows += len(measured.windows)
        accepted += sum(rate.bpm is not None for rate in measured.windows)
        seconds += len(measured.shown)
        shown += sum(rate.bpm is not None for rate in measured.shown)
        recorded += 1
        touched += any(rate.bpm is not None for rate in measured.shown)
    return {
        "windows": windows,
        "windows with a rate": accepted,
        "seconds": seconds,
        "seconds with a rate shown": shown,
        "recordings": recorded,
        "recordings with a rate shown": touched,
        "recordings_upper_95": round(upper_share(touched, recorded), 4),
    }


def main() -> None:
    """Read every scene by both methods in both ways, and write the rows."""
    rows = {}
    for name in SCENES:
        recordings = list(scene(name, RECORDINGS))
        for method in METHODS:
            for single in (False, True):
                key = f"{name}, {method}, {'one trace' if single else 'cells'}"
                rows[key] = row(recordings, method, single=single)
                print(key, rows[key])
    what = f"simulated scenes without a pulse, {RECORDINGS} of each of 43 s; no scene is a recording"
    write_result("no_pulse", "python benchmarks/no_pulse.py", {"what": what, "rows": rows})


if __name__ == "__main__":
    main()
