"""Prepared stores: size, speed with two processes, memory of a worker, and the lag of a real recording.

Run ``python benchmarks/datasets.py PART`` from the repository; PART is ``size``, ``speed`` or ``lag``, and its rows go
to ``benchmarks/results/datasets_PART.json``. Videos are rendered, so simulated, in a temporary folder (2 GB at most).
For ``lag`` the data lie in the folder that PULSE8_SHARED names, or in ``shared`` beside the repository.
"""

import json
import os
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from measuring import run_measured, write_result
from pulse8.learn.formats.recordings import Prepared, recording_path, write_recording
from pulse8.learn.prepare.one_recording import facts_of
from pulse8.learn.prepare.store import entry_of
from pulse8.learn.prepare.sync import estimate_lag
from pulse8.learn.prepare.ubfc import read_ground_truth
from pulse8.learn.recording import Ppg
from pulse8.learn.simulate.face_video import FaceVideo, write_ubfc_subject
from pulse8.learn.simulate.presets import draw_conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import stratum
from pulse8.measure.clips.trace_csv import read_trace_csv
from pulse8.measure.video.encode import RAW_AVI, h264

REPOSITORY: Final = Path(__file__).resolve().parents[1]


def size() -> dict[str, Any]:
    """Write a set of UBFC's size: 42 simulated people, 70 s at 30 frames a second, a contact sample a frame."""
    options = RecordingOptions(seconds=70.0, seed=3)
    frames = set()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(42):
            conditions = draw_conditions(number, stratum("near-UBFC").preset, options.seed)
            recording = simulate_recording(number, conditions, options)
            frames.add(len(recording.traces.t_s))
            path = recording_path(Path(folder), recording.recording)
            write_recording(
                path, Prepared(recording=recording, origin={}, facts=facts_of(recording, None, (), corrected=False))
            )
        entries = [entry_of(path) for path in Path(folder).glob("*.npz")]
    total = sum(entry.bytes for entry in entries)
    return {
        "simulated": True,
        "recordings": len(entries),
        "seconds": 70.0,
        "frames": [min(frames), max(frames)],
        "megabytes": total / 1e6,
    }


def speed() -> dict[str, Any]:
    """Prepare 16 rendered recordings with 1 and with 2 processes, in turn, and one of UBFC's own size and codec.

    On a machine that others use, ``load_before`` over the number of cores says how far the times are theirs; the CPU
    time of two processes over that of one is what the second one costs beside.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scene = FaceVideo(seconds=10, width=320, height=240, zoom=0.8, motion_px=5)
        for number in range(16):
            video = replace(scene, bpm=60.0 + 4 * number, seed=number)
            write_ubfc_subject(folder / "raw" / f"subject{number}", video, h264(0))
        rows = [_run(folder, "raw", processes) for processes in (1, 2, 1, 2)]
        write_ubfc_subject(folder / "large" / "subject1", FaceVideo(seconds=30), RAW_AVI)
        large = _run(folder, "large", 1)
    one, two = (min(row["seconds"] for row in rows if row["processes"] == count) for count in (1, 2))
    cpu_one, cpu_two = (min(row["cpu_seconds"] for row in rows if row["processes"] == count) for count in (1, 2))
    ratios = {"ratio": one / two, "cpu_of_two_over_one": cpu_two / cpu_one}
    return {"simulated": True, **ratios, "rows": rows, "raw_640x480_30s": large}


def _run(folder: Path, raw: str, processes: int) -> dict[str, Any]:
    store = folder / f"store-{time.monotonic_ns()}"
    words = ("-m", "pulse8", "prepare", "--dataset", "ubfc", "--raw", raw, "--store", str(store), "--json")
    load = os.getloadavg()[0]
    told = folder / "told.json"
    command = f'"{sys.executable}" {" ".join(words)} --processes {processes} > "{told}"'
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = run_measured(["sh", "-c", command], folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    report = json.loads(told.read_text())
    fields = {"recordings": report["recordings"], "worker_peak_mb": report["peak_mb"], "load_before": load}
    return {"processes": processes, "seconds": cost.seconds, "cpu_seconds": round(cpu, 1), **fields}


def lag() -> dict[str, Any]:
    """Lag of UBFC-rPPG's subject 10, whose skin colour and PPG are real, and of the same PPG moved by a known time."""
    data = Path(os.environ.get("PULSE8_SHARED", REPOSITORY.parent / "shared")) / "data" / "ubfc_subject10"
    if not data.is_dir():
        raise SystemExit(f"no recording at {data}; name its folder's folder's folder with PULSE8_SHARED")
    traces = read_trace_csv(data / "skin_mean_rgb.csv")
    samples, t_s = read_ground_truth(data / "ground_truth.txt")
    rows = []
    for moved_s in (0.0, -0.5, -0.2, 0.2, 0.5):
        found = estimate_lag(traces, Ppg(samples.astype(np.float32), t_s + moved_s))
        rows.append({"moved_s": moved_s, **(vars(found) if found else {"seconds": None, "correlation": None})})
    return {"recording": "UBFC-rPPG subject 10, real", "rows": rows}


PARTS: Final = {"size": size, "speed": speed, "lag": lag}

if __name__ == "__main__":
    part = sys.argv[1] if len(sys.argv) == 2 else ""
    if part not in PARTS:
        raise SystemExit(f"choose a part: {', '.join(PARTS)}")
    write_result(f"datasets_{part}", f"python benchmarks/datasets.py {part}", PARTS[part]())
