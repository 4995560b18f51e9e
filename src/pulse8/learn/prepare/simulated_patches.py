"""Simulated patches as a data file of the guide's format."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pulse8.learn.formats.guide_pt import LabelledBlock, write_guide_data
from pulse8.learn.simulate.patches import SimulatedWindows, SimulateOptions, simulate_subject
from pulse8.manifest import Row, options_of, record
from pulse8.values import Watch, unwatched


def simulate(output: Path, options: SimulateOptions, watch: Watch[int] = unwatched) -> Row:
    """Write ``options.subjects`` x ``options.windows`` simulated windows, one subject at a time, and their row."""
    numbers = watch(range(options.subjects), "simulating subjects", options.subjects)
    write_guide_data(output, _blocks(simulate_subject(number, options) for number in numbers))
    told = {**options_of(SimulateOptions, options), "model": "ultralight", "simulated": True}
    return record(output, "simulate", {}, told)


def _blocks(subjects: Iterator[SimulatedWindows]) -> Iterator[LabelledBlock]:
    for windows in subjects:
        samples = windows.patches.astype(np.float32) / np.float32(255)
        yield LabelledBlock(samples, windows.bpm, windows.subject)
