"""Simulated people as a file of clips with true rates: data to calibrate and verify a waveform model on."""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from pulse8.errors import InputError
from pulse8.learn.formats.clips import MAKE, ClipData, write_clips
from pulse8.learn.prepare.windows import WINDOW, Signal, as_wave, banded, windows_of
from pulse8.learn.recording import Recording
from pulse8.learn.simulate.patches import SimulateOptions
from pulse8.learn.simulate.presets import draw_conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import stratum
from pulse8.manifest import Row, options_of, record
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.signal.classical import pos
from pulse8.measure.signal.filters import detrend
from pulse8.measure.signal.rate import heart_rate, refined
from pulse8.spec import Readout
from pulse8.values import Watch, unwatched

PRESETS: Final = ("easy", "medium", "hard", "dark", "compressed")
"""Conditions are drawn as these test strata draw theirs, in turn, on seeds that no stratum has."""

STRATUM: Final = "stratum"
"""The condition that names it."""

PROBE_SEED: Final = 8


def simulate_clips(output: Path, options: SimulateOptions, watch: Watch[int] = unwatched) -> Row:
    """Write ``options.subjects`` x ``options.windows`` clips, side by side in time, and their row.

    Windows without a pulse to be read, or with a pause that cannot be bridged, are left out.
    """
    numbers = watch(range(options.subjects), "simulating subjects", options.subjects)
    write_clips(output, clips_of(simulated_people(numbers, options)))
    return record(
        output, "simulate", {}, {**options_of(SimulateOptions, options), "model": "pulse12", "simulated": True}
    )


def simulated_people(numbers: Iterable[int], options: SimulateOptions) -> Iterator[Recording]:
    """Simulate one recording a number, long enough for ``options.windows``."""
    length = RecordingOptions(seconds=(options.windows * WINDOW + 2) / RATE_HZ, seed=options.seed)
    for number in numbers:
        kind = PRESETS[number % len(PRESETS)]
        made = simulate_recording(number, draw_conditions(number, stratum(kind).preset, options.seed), length)
        yield dataclasses.replace(made, conditions={**made.conditions, STRATUM: kind})


def clips_of(recordings: Iterable[Recording]) -> ClipData:
    """Cut recordings into clips with their contact pulse's rate and POS's.

    Raises
    ------
    InputError
        No recording has a window with a rate.
    """
    windows = [window for one in recordings for window in windows_of(one)]
    known = [(window.seen, window.truth) for window in windows if window.seen and window.truth.bpm is not None]
    if not known:
        raise InputError(f"no recording has a window of {WINDOW / RATE_HZ:.2f} s with a contact pulse; {MAKE}")
    kinds = [str(truth.conditions.get(STRATUM, "")) for _, truth in known]
    return ClipData(
        clips=np.concatenate([seen.clip.samples for seen, _ in known]),
        scales=np.stack([seen.clip.scale for seen, _ in known]),
        labels=np.array([truth.bpm for _, truth in known], np.float32),
        pos_bpm=np.array([_pos_bpm(seen.cells) for seen, _ in known], np.float32),
        subjects=np.array([truth.subject for _, truth in known]),
        strata=np.array(kinds) if all(kinds) else None,
    )


def probe_clips(count: int) -> ClipData:
    """Return one window each of some simulated people, to compare engines on."""
    options = SimulateOptions(subjects=count, windows=1, seed=PROBE_SEED)
    return clips_of(simulated_people(range(count), options))


def _pos_bpm(cells: Signal) -> float:
    pulse = detrend(pos(cells.mean(axis=1), RATE_HZ))
    bpm = refined(heart_rate(as_wave(banded(pulse)), Readout()), as_wave(pulse), Readout()).bpm
    return np.nan if bpm is None else bpm
