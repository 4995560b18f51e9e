"""The shipped pulse12 on people of the frozen strata, and on another world's: windows by true rate, and what is shown.

Run ``python benchmarks/shown_strata.py [PEOPLE]`` from the repository; 100 of each group where not said, 12 minutes.
Results go to ``benchmarks/results/shown_strata.json``. The other world's preset was written, with its seed, before it
was first looked at, and nothing was chosen on it. Simulated people; not a medical device.
"""

import sys
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np

from measuring import write_result
from pulse8.learn.evaluate.baselines import BASELINES
from pulse8.learn.evaluate.estimators import Estimator, classical, onnx_file
from pulse8.learn.evaluate.people.spans import true_bpm
from pulse8.learn.evaluate.readings import read_all
from pulse8.learn.evaluate.scores import CLOSE_BPM, Reading, paired
from pulse8.learn.prepare.windows import windows_of
from pulse8.learn.recording import Recording
from pulse8.learn.simulate.presets import Preset, draw_conditions, preset_of
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import strata
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.network import SHIPPED
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.signal.metrics import subject_bootstrap
from pulse8.measure.signal.selection import upper_share

INT8: Final = Path(str(files("pulse8.measure.infer") / "weights")) / SHIPPED["int8"]
METHODS: Final[dict[str, Estimator]] = {"POS": classical(BASELINES["POS"]), "pulse12": onnx_file(INT8)}
AFTER_S: Final = 20.0
WINDOW_S: Final = 256 / RATE_HZ
TOGETHER: Final = ("easy", "medium", "hard", "dark")
BANDS_BPM: Final = ((40.0, 50.0), (50.0, 60.0), (40.0, 75.0), (75.0, 180.0))
OTHER: Final = RecordingOptions(seconds=43.0, seed=20_261_129)


def other_world() -> Preset:
    """Draw rooms of another kind: rates as at a doctor's, cameras of 15 to 60 Hz, lamps, and steps of exposure."""
    return preset_of(
        {
            "body.bpm": {"low": 42, "high": 125, "scale": "log"},
            "body.breath_hz": {"low": 0.12, "high": 0.45},
            "body.breath_swing_bpm": {"low": 0, "high": 7},
            "body.dicrotic": {"low": 0.05, "high": 0.6},
            "body.ectopic_share": {"low": 0.01, "high": 0.06, "chance": 0.2},
            "body.wander_bpm": {"low": 0.5, "high": 3},
            "camera.denoise": {"low": 0.2, "high": 0.9, "chance": 0.4},
            "camera.exposure_steps_per_min": {"low": 1, "high": 6, "chance": 0.5},
            "camera.full_well": {"low": 1500, "high": 15000, "scale": "log"},
            "camera.level": {"low": 50, "high": 190},
            "camera.pixels": {"low": 100, "high": 3000, "scale": "log"},
            "camera.rate_hz": [15.0, 20.0, 25.0, 30.0, 50.0, 60.0],
            "camera.read_noise": {"low": 2, "high": 18},
            "codec.name": ["none", "h264"],
            "codec.quality": {"low": 2, "high": 10},
            "cover.beard": {"low": 0.2, "high": 0.9, "chance": 0.3},
            "cover.glasses": {"low": 0.1, "high": 0.6, "chance": 0.4},
            "light.drift_share": {"low": 0.001, "high": 0.01, "scale": "log"},
            "light.flicker_share": {"low": 0.0003, "high": 0.004, "chance": 0.5, "scale": "log"},
            "light.mains_hz": [50.0, 60.0],
            "light.screen_share": {"low": 0.0007, "high": 0.005, "chance": 0.3, "scale": "log"},
            "motion.nod": {"low": 0.0007, "high": 0.005, "chance": 0.3, "scale": "log"},
            "motion.nod_hz": {"low": 0.3, "high": 2.5},
            "motion.sway": {"low": 0.001, "high": 0.01, "scale": "log"},
            "motion.talk": {"low": 0.0007, "high": 0.006, "chance": 0.4, "scale": "log"},
            "skin.melanin": {"low": 0, "high": 0.8},
            "skin.pulse_share": {"low": 0.003, "high": 0.018, "scale": "log"},
            "skin.roi_delay_ms": {"low": 0, "high": 20},
            "skin.roi_gain_spread": {"low": 0.1, "high": 0.5},
            "skin.specular_share": {"low": 0.02, "high": 0.3},
            "timing.jitter_share": {"low": 0, "high": 0.2},
        }
    )


def people(name: str, count: int) -> Iterator[Recording]:
    """Simulate a group's people."""
    if name != "another world":
        yield from strata()[name].recordings(count)
        return
    preset = other_world()
    for subject in range(count):
        yield simulate_recording(subject, draw_conditions(subject, preset, OTHER.seed), OTHER)


def windows_row(readings: dict[str, list[Reading]]) -> dict[str, Any]:
    """Errors of all windows with a true rate, refused or not, beside POS's."""
    known = [pair for pair in zip(*readings.values(), strict=True) if all(one.true_bpm for one in pair)]
    if not known:
        return {"windows": 0}
    errors = np.array([[reading_error(one) for one in pair] for pair in known])
    difference, interval = paired([one for _, one in known], [pos for pos, _ in known])
    doubled = [bool(one.bpm and one.true_bpm and abs(one.bpm - 2 * one.true_bpm) <= CLOSE_BPM) for _, one in known]
    return {
        "windows": len(known),
        "mae_bpm": dict(zip(readings, errors.mean(axis=0).round(3).tolist(), strict=True)),
        "over_pos": round(float(errors[:, 1].mean() / errors[:, 0].mean()), 3),
        "minus_pos_bpm": None if difference is None else round(difference, 3),
        "minus_pos_95_bpm": None if interval is None else [round(end, 3) for end in interval],
        "doubled_share": round(float(np.mean(doubled)), 4),
    }


def reading_error(reading: Reading) -> float:
    """Absolute error, BPM; a window that gave no rate is as wrong as its own rate."""
    return reading.error_bpm if reading.error_bpm is not None else float(reading.true_bpm or 0.0)


def shown_row(recordings: Sequence[Recording], method: str) -> dict[str, Any]:
    """Count what a display shows after 20 s, every second; the last moment of each person alone gives bounds."""
    options = MeasureOptions(method=method)  # type: ignore[arg-type] - a name of the table
    errors: list[float] = []
    owner: list[str] = []
    seconds = last_shown = last_wrong = 0
    for recording in recordings:
        begin_s = float(recording.traces.t_s[0])
        later = [rate for rate in measure_traces(recording.traces, options).shown if rate.at_s >= begin_s + AFTER_S]
        seconds += len(later)
        found = [error_of(recording, rate.bpm, rate.at_s) for rate in later if rate.bpm is not None]
        errors += found
        owner += [recording.subject] * len(found)
        if later and later[-1].bpm is not None:
            last_shown += 1
            last_wrong += error_of(recording, later[-1].bpm, later[-1].at_s) > CLOSE_BPM
    wrong = np.array(errors) > CLOSE_BPM
    finite = [error for error in errors if np.isfinite(error)]
    return {
        "seconds": seconds,
        "shown": round(len(errors) / max(seconds, 1), 4),
        "mae_bpm": round(float(np.mean(finite)), 3) if finite else None,
        "wrong_among_shown": round(float(wrong.mean()), 4) if errors else None,
        "wrong_among_shown_95": [round(end, 4) for end in subject_bootstrap(wrong, owner)] if errors else None,
        "last_moment": {
            "people": len(recordings),
            "shown": last_shown,
            "wrong": last_wrong,
            "wrong_among_shown_at_most": round(upper_share(last_wrong, last_shown), 4) if last_shown else None,
            "wrong_of_all_at_most": round(upper_share(last_wrong, len(recordings)), 4),
        },
    }


def error_of(recording: Recording, bpm: float, at_s: float) -> float:
    """Absolute error of a shown rate against the last window's true one; infinite where there is no pulse."""
    truth = true_bpm(recording, at_s - WINDOW_S, at_s)
    return abs(bpm - truth) if truth is not None else np.inf


def main(count: int) -> None:
    """Read every group, then the rate bands of all, and write."""
    groups: dict[str, Any] = {}
    every: dict[str, list[Reading]] = {method: [] for method in METHODS}
    joined: dict[str, list[Reading]] = {method: [] for method in METHODS}
    for name in (*strata(), "another world"):
        recordings = list(people(name, count))
        windows = [window for recording in recordings for window in windows_of(recording)]
        readings = {method: read_all(estimator, windows) for method, estimator in METHODS.items()}
        shown = {method: shown_row(recordings, method.lower()) for method in METHODS}
        groups[name] = {"windows": windows_row(readings), "after 20 s": shown}
        for method, found in readings.items():
            every[method] += found
            joined[method] += found if name in TOGETHER else []
        print(name, groups[name], flush=True)
    groups["easy to dark"] = {"windows": windows_row(joined)}
    bands = {f"{low:.0f} to {high:.0f} BPM": windows_row(between(every, low, high)) for low, high in BANDS_BPM}
    figures = {"what": f"{count} simulated people of each group", "groups": groups, "all windows by true rate": bands}
    write_result("shown_strata", " ".join(["python benchmarks/shown_strata.py", *sys.argv[1:]]), figures)


def between(readings: dict[str, list[Reading]], low: float, high: float) -> dict[str, list[Reading]]:
    """Leave out the windows whose true rate is outside a band."""
    return {
        name: [one for one in found if one.true_bpm and low <= one.true_bpm < high] for name, found in readings.items()
    }


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
