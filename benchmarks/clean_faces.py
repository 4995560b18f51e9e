"""Whole records of clean rendered faces with a known steady rate: pulse12 beside POS and GREEN on the same traces.

Run ``python benchmarks/clean_faces.py`` from the repository; some minutes of one core. Rendered from one photograph,
no codec; not a medical device. Results go to ``benchmarks/results/clean_faces.json``.
"""

import dataclasses
from typing import Any, Final

import cv2
import numpy as np

from measuring import write_result
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.clips.cells import cell_traces
from pulse8.measure.face.track import track_face
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.signal.metrics import subject_bootstrap
from pulse8.values import CellTraces

RATES_BPM: Final = (53.0, 67.0, 83.0, 112.0)
PULSES: Final = {"strong": 0.0075}
METHODS: Final = ("pulse12", "pos", "green")
SCENE: Final = FaceVideo(seconds=24, width=256, height=208, zoom=1.2, motion_px=8)
WANTED_BPM: Final = 0.10
"""How much farther off than POS the network may be over whole records."""


def traces_of(bpm: float, share: float) -> CellTraces:
    """Follow one rendered face; its noise has a seed of its own."""
    video = dataclasses.replace(SCENE, bpm=bpm, pulse_share=share, seed=round(10 * bpm + 1e4 * share))
    return cell_traces(track_face(render(video)))


def error_bpm(traces: CellTraces, method: str, bpm: float) -> float | None:
    """How far off the whole record's rate is; none where it is refused."""
    options = MeasureOptions(method=method)  # type: ignore[arg-type] - a name of the table
    whole = measure_traces(traces, options).whole.bpm
    return None if whole is None else abs(whole - bpm)


def row(errors: dict[float, dict[str, float | None]]) -> dict[str, Any]:
    """Mean errors over records in which all methods have a rate, and the network's minus POS's."""
    together = [found for found in errors.values() if None not in found.values()]
    means = {name: np.array([found[name] for found in together], np.float64) for name in METHODS}
    away = np.abs(np.array(RATES_BPM) - np.mean(RATES_BPM))
    difference = means["pulse12"] - means["pos"]
    return {
        "records": len(errors),
        "with a rate": {name: sum(found[name] is not None for found in errors.values()) for name in METHODS},
        "with all": len(together),
        "mae_bpm": {name: round(float(found.mean()), 3) for name, found in means.items()},
        "always their mean, mae_bpm": round(float(away.mean()), 2),
        "pulse12 minus POS, bpm": round(float(difference.mean()), 3),
        "its 95 % interval": [round(float(end), 3) for end in subject_bootstrap(difference, range(len(together)))],
        "wanted at most": WANTED_BPM,
        "errors_bpm": {f"{bpm:g}": found for bpm, found in errors.items()},
    }


def main() -> None:
    """Render all, read all, write the rows."""
    cv2.setNumThreads(1)
    rows = {}
    for name, share in PULSES.items():
        errors: dict[float, dict[str, float | None]] = {}
        for bpm in RATES_BPM:
            traces = traces_of(bpm, share)
            errors[bpm] = {method: error_bpm(traces, method, bpm) for method in METHODS}
            print(name, bpm, errors[bpm], flush=True)
        rows[f"{name} pulse, {100 * share:g} %"] = row(errors)
    what = f"rendered faces of {SCENE.seconds:g} s, steady rates, whole records"
    write_result("clean_faces", "python benchmarks/clean_faces.py", {"what": what, "rows": rows})


if __name__ == "__main__":
    main()
