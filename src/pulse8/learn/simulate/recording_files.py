"""Simulated recordings as files that ``pulse8 measure`` reads, each with its contact pulse beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pulse8.learn.recording import Recording
from pulse8.learn.simulate.presets import draw_conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import stratum
from pulse8.manifest import writing


@dataclass(frozen=True, kw_only=True)
class WrittenRecording:
    """One recording's files; the truth is ``None`` where there is no pulse to see."""

    traces: str
    truth: str | None
    subject: str


def write_recordings(folder: Path, preset: str, subjects: int, options: RecordingOptions) -> Iterator[WrittenRecording]:
    """Simulate people under a stratum's conditions, with seeds other than its frozen ones, and write each recording.

    ``SUBJECT.csv`` has the columns time_s, red, green, blue (mean of all cells in frames with a face, 0..255);
    ``SUBJECT.truth.csv`` has time_s and ppg.

    Raises
    ------
    SpecError
        There is no such preset.
    InputError
        A file cannot be written.
    """
    conditions = stratum(preset).preset
    for subject in range(subjects):
        drawn = draw_conditions(subject, conditions, options.seed)
        yield _write(folder, simulate_recording(subject, drawn, options))


def _write(folder: Path, recording: Recording) -> WrittenRecording:
    traces, reference = recording.traces, recording.reference
    seen = traces.valid.all(axis=1)
    path = folder / f"{recording.subject}.csv"
    colour = traces.rgb[seen].mean(axis=(1, 2), dtype=np.float64)
    start_s = traces.t_s[0]  # the camera's first frame is time 0 in both files
    _write_table(path, "time_s,red,green,blue", np.column_stack([traces.t_s[seen] - start_s, colour]))
    if reference is None:
        return WrittenRecording(traces=str(path), truth=None, subject=recording.subject)
    truth = path.with_suffix(".truth.csv")
    _write_table(truth, "time_s,ppg", np.column_stack([reference.t_s - start_s, reference.samples]))
    return WrittenRecording(traces=str(path), truth=str(truth), subject=recording.subject)


def _write_table(path: Path, head: str, rows: NDArray[np.float64]) -> None:
    with writing(path) as temporary:
        np.savetxt(temporary, rows, "%.6f", ",", header=head, comments="", encoding="utf-8")
