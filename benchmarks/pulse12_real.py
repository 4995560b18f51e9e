"""pulse12 beside POS on the real face trace, UBFC-rPPG subject 10, and on walls with known pulses laid on their noise.

Run ``python benchmarks/pulse12_real.py [CHECKPOINT]`` from the repository; the shipped checkpoint without one. The real
trace lies in the folder that PULSE8_SHARED names, or in ``shared`` beside the repository. Results go to
``benchmarks/results/pulse12_real.json``. Walls and their pulses are simulated. Not a medical device.
"""

import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from measuring import write_result
from pulse8.intake import Normaliser
from pulse8.learn.camera_check.contact import simulated_ppgs
from pulse8.learn.evaluate.baselines import BASELINES
from pulse8.learn.models.checkpoint import load_checkpoint, shipped_checkpoint
from pulse8.learn.prepare.windows import as_wave, banded
from pulse8.learn.simulate.conditions import Camera, Conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.train.pulse12 import waves_of
from pulse8.measure.clips.normalise import normalise
from pulse8.measure.clips.resample import RATE_HZ, resample
from pulse8.measure.clips.trace_csv import read_trace_csv
from pulse8.measure.clips.windows import window_clips
from pulse8.measure.signal.filters import detrend
from pulse8.measure.signal.projections import PBV_RGB
from pulse8.measure.signal.rate import heart_rate, tonality
from pulse8.measure.signal.trust import judged, trust_features
from pulse8.spec import Readout
from pulse8.values import Clip
from real_traces import data_folder, face_rates

Signal = NDArray[np.float64]
Seen = tuple[float, float]
"""A rate in BPM and how sure it is."""

AMPLITUDES: Final = (0.0001, 0.00015, 0.0002, 0.0003, 0.0004, 0.0005, 0.0007, 0.001, 0.0015, 0.002, 0.003)
WALLS: Final = 100
COVERAGE: Final = 0.8
WANTED_MAE_BPM: Final = 5.0
WINDOW: Final = Normaliser().window


def face(checkpoint: Path, data: Path) -> dict[str, Any]:
    """Errors of POS and the network in windows of 8.53 s, one a second."""
    reference, pos = face_rates(data, "pos", WINDOW / RATE_HZ)
    found = list(window_clips(read_trace_csv(data / "ubfc_subject10" / "skin_mean_rgb.csv"), Normaliser()))
    clips = [clip for clip in found if isinstance(clip, Clip)]
    ours = np.array([bpm for bpm, _ in network(checkpoint)(clips)])
    count = min(len(ours), len(reference))
    errors = {"POS": np.abs(pos - reference)[:count], "pulse12": np.abs(ours - reference[: len(ours)])[:count]}
    figures = {
        name: {"mae_bpm": round(float(error.mean()), 3), "largest_bpm": round(float(error.max()), 2)}
        for name, error in errors.items()
    }
    return {"data": "UBFC-rPPG subject 10, real", "windows": count, **figures}


def network(checkpoint: Path) -> Callable[[list[Clip]], list[Seen]]:
    """Make a reader of clips of a checkpoint: rate and probability that it is right."""
    waves, refusals = waves_of(checkpoint), load_checkpoint(checkpoint).spec.refusals

    def read(clips: list[Clip]) -> list[Seen]:
        found = []
        for clip, wave in zip(clips, waves(np.concatenate([clip.samples for clip in clips])), strict=True):
            pulse = as_wave(banded(wave.astype(np.float64)))
            rate = heart_rate(pulse, Readout())
            sure = judged(trust_features(pulse, rate, clip, Readout()), refusals)[0] if refusals else rate.confidence
            found.append((rate.bpm or 0.0, sure))
        return found

    return read


def classical(cells: Signal) -> Seen:
    """Read a window's cells by POS."""
    pulse = BASELINES["POS"](cells)
    return heart_rate(as_wave(banded(pulse)), Readout()).bpm or 0.0, tonality(as_wave(pulse), Readout().band_bpm)


def noises() -> Iterator[Signal]:
    """Cells of walls [256, 12, 3] before cameras of all usual noise."""
    random = np.random.default_rng(0)
    for number in range(WALLS):
        camera = Camera(full_well=float(random.uniform(3000, 12000)), pixels=float(random.uniform(150, 1500)))
        recording = simulate_recording(number, Conditions(kind="wall", camera=camera), RecordingOptions(seconds=9))
        cells = recording.traces.rgb.reshape(len(recording.traces.t_s), -1)
        yield resample(cells, recording.traces.t_s)[:WINDOW].reshape(WINDOW, 12, 3)


def pulses() -> list[tuple[Signal, float]]:
    """Contact waves [256], peak to peak 1, and their rates."""
    found = []
    for ppg in simulated_ppgs():
        even = resample(ppg.samples, ppg.t_s)
        for start in range(0, len(even) - WINDOW + 1, WINDOW):
            steady = detrend(even[start : start + WINDOW])
            low, high = np.quantile(steady, [0.02, 0.98])
            bpm = heart_rate(as_wave(banded(steady)), Readout()).bpm
            if bpm is not None:
                found.append((steady / (high - low), bpm))
    return found


def curve(checkpoint: Path) -> dict[str, Any]:
    """Mean error of the surest 80 % of windows by amplitude, and where it falls under 5 BPM."""
    read, waves, walls = network(checkpoint), pulses(), list(noises())
    rows = []
    for share in AMPLITUDES:
        laid = [(wall, *waves[index % len(waves)]) for index, wall in enumerate(walls)]
        seen = [wall * (1 - share * wave[:, None, None] * PBV_RGB) for wall, wave, _ in laid]
        truth = np.array([bpm for _, _, bpm in laid])
        found = {"POS": [classical(cells) for cells in seen], "pulse12": read([clip_of(cells) for cells in seen])}
        rows.append({"amplitude_share": share, **{name: risk(readings, truth) for name, readings in found.items()}})
    smallest = {name: crossing([(row["amplitude_share"], row[name]) for row in rows]) for name in ("POS", "pulse12")}
    ratio = smallest["pulse12"] / smallest["POS"] if all(smallest.values()) else None
    return {"data": f"{WALLS} walls, simulated", "rows": rows, "amplitude_for_5_bpm": smallest, "ratio": ratio}


def clip_of(cells: Signal) -> Clip:
    """Normalise a window's cells."""
    samples, scale = normalise(cells, np.full(12, np.nan), Normaliser())
    return Clip(samples[None], scale, np.ones(12, np.float32), 0.0)


def risk(readings: list[Seen], truth: Signal) -> float:
    """Mean error of the surest ones."""
    errors = np.abs(np.array([bpm for bpm, _ in readings]) - truth)
    surest = np.argsort([-sure for _, sure in readings])[: round(COVERAGE * len(readings))]
    return round(float(errors[surest].mean()), 2)


def crossing(points: list[tuple[float, float]]) -> float | None:
    """Amplitude from which on the error stays under 5 BPM, on a straight line over the amplitude's logarithm."""
    for (small, worse), (large, better) in reversed(list(pairwise(points))):
        if worse > WANTED_MAE_BPM >= better:
            part = (worse - WANTED_MAE_BPM) / (worse - better)
            return round(float(np.exp((1 - part) * np.log(small) + part * np.log(large))), 6)
    return None


def main() -> int:
    """Print and write both."""
    checkpoint = Path(sys.argv[1]) if len(sys.argv) > 1 else shipped_checkpoint("pulse12")
    data = data_folder()
    figures = {"face": face(checkpoint, data) if data else None, "walls": curve(checkpoint)}
    write_result("pulse12_real", "python benchmarks/pulse12_real.py", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
