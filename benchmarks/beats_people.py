"""Who beats are measured on: simulated people with known beats, and real recordings with a contact sensor's."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.learn.simulate.beats import beats
from pulse8.learn.simulate.conditions import Body, Codec, Conditions, Light, Motion, Skin
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.streams import stream
from pulse8.learn.simulate.wave import SYSTOLIC
from pulse8.measure.clips.trace_csv import read_trace_csv, repeated
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.measurement import Measurement
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.signal.beats import beat_times_s

Floats = NDArray[np.float64]

REPOSITORY: Final = Path(__file__).resolve().parents[1]
SECONDS: Final = 75.0
TUNED, JUDGED = 11, 12
"""Seeds of the people that set the interval's scale, and of those that judge it."""

USUAL: Final = {"skin__pulse_share": 0.01, "camera__rate_hz": 30.0}
CONDITIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    **{f"{rate} frames a second": {"camera__rate_hz": float(rate)} for rate in (15, 30, 60)},
    **{f"pulse {share:.2%} of green": {"skin__pulse_share": share} for share in (0.005, 0.02)},
    **{f"H.264 CRF {crf}": {"codec": Codec(name="h264", quality=crf)} for crf in (23,)},
    "head sways, 0.05 of a face": {"motion__sway": 0.05},
    "person talks": {"motion__talk": 0.02},
}


@dataclass(frozen=True, eq=False)
class Person:
    """A measurement, the true times of the beats [B] in seconds up to a constant delay, and the true breathing rate."""

    name: str
    measured: Measurement
    truth_s: Floats
    breaths_per_min: float | None = None


def simulated(count: int, seed: int, changes: Mapping[str, Any]) -> Iterator[Person]:
    """Simulate people at rest, whose hearts follow breath and blood pressure; measure each with pulse12."""
    for subject in range(count):
        rng = np.random.default_rng([seed, subject])
        body = Body(
            bpm=rng.uniform(50, 105), breath_hz=rng.uniform(0.15, 0.35), breath_swing_bpm=rng.uniform(0.3, 5),
            wander_bpm=rng.uniform(0.3, 3), breath_depth=rng.uniform(0.02, 0.15),
        )  # fmt: skip
        skin = Skin(melanin=rng.uniform(0, 0.6), roi_delay_ms=5, roi_gain_spread=0.3)
        world = Conditions(body=body, skin=skin, motion=Motion(sway=0.005), light=Light(drift_share=0.005))
        world = world.changed(**{**USUAL, **changes})
        recording = simulate_recording(subject, world, RecordingOptions(seconds=SECONDS, seed=seed))
        onset_s = beats(body, SECONDS, stream(seed, subject, "body")).onset_s
        crest_s = onset_s[:-1] + SYSTOLIC[0] * np.sqrt(np.diff(onset_s))
        inside = crest_s[(crest_s > 0) & (crest_s < SECONDS)]
        yield Person(recording.subject, measure_traces(recording.traces), inside, 60 * body.breath_hz)


def data_folder() -> Path | None:
    """Folder of the real recordings, or ``None`` where this machine has none."""
    folder = Path(os.environ.get("PULSE8_SHARED", REPOSITORY.parent / "shared")) / "data"
    return folder if (folder / "ubfc_subject10").is_dir() else None


def real_faces(data: Path) -> Iterator[Person]:
    """Faces with a contact PPG, whose beats are the truth: a data set's subject, and another team's recording."""
    ppg, _, t_s = np.loadtxt(data / "ubfc_subject10" / "ground_truth.txt")
    new = np.concatenate([[True], np.diff(t_s) > 0])
    traces = read_trace_csv(data / "ubfc_subject10" / "skin_mean_rgb.csv")
    yield Person("UBFC-rPPG subject 10", measure_traces(traces), beat_times_s(ppg[new], t_s[new]))
    folder = data / "real" / "ppghou" / "rec0427_fixed_roi_ppg"
    t_s, ppg = np.loadtxt(folder / "reference.csv", delimiter=",", skiprows=1).T
    yield Person("ppghou rec0427", measure_traces(read_trace_csv(folder / "traces.csv")), beat_times_s(ppg, t_s))


def real_fingers(data: Path) -> Iterator[Person]:
    """Fingers on a phone's camera, with a chest belt's RR intervals: what a large, still pulse allows."""
    for folder in sorted((data / "welltory").glob("subject_*")):
        table = np.genfromtxt(folder / "PPG.csv", delimiter=",", skip_header=1)
        t_s, new = table[:, 0] / 1000, np.concatenate([[True], np.diff(table[:, 0]) > 0])
        measured = measure_traces(repeated(t_s[new], table[new, 1:]), MeasureOptions(method="red"))
        rr_s = np.array((folder / "RR.txt").read_text(encoding="utf-8").split(), dtype=np.float64) / 1000
        yield Person(f"Welltory {folder.name}", measured, np.cumsum([0.0, *rr_s]))
