"""pulse8 compared with alternatives: CPU, memory, size, time to a first rate, accuracy, as ratios within one run.

usage: python benchmarks/peers.py fetch DIR          downloads each peer's wheels; needs the package index
       python benchmarks/peers.py DIR [PART...]      measures: install, line, face, decode, window, accuracy; or all

Each peer is installed from its wheels in DIR into its own environment under DIR, separate from pulse8's. A peer
without wheels is skipped with a message. Videos are simulated; not a medical device.

CPU is that of all threads, user and system. The runners of a part take turns, round by round, and a ratio is the median
over rounds of one peer's figure over ours in the same round: other work on the machine cancels out. Peak
memory is that of the whole process, libraries and all. BLAS, OpenMP and OpenCV are given one thread each.
"""

import json
import os
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from firmware import frames_of
from measuring import RESULTS, Cost, run_measured, write_result
from peer_accuracy import accuracy
from peer_environments import fetch, installed, python_of, run, write_clip
from pulse8.board.link.frames import Command, encode
from pulse8.board.options import DeployOptions
from pulse8.board.package import deploy
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.clips.cells import cell_traces
from pulse8.measure.clips.windows import window_clips
from pulse8.measure.face.track import track_face
from pulse8.measure.reading.network import load_network

ROUNDS: Final = 3
THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")

PARTS: Final = {
    "line": ["pulse8 line", "pyav decode", "mediapipe mesh"],
    "face": ["pulse8 mesh", "pulse8 board", "opencv haar", "mediapipe mesh", "mediapipe detector"],
    "decode": ["pulse8 decode", "opencv decode", "pyav decode"],
    "window": [
        "pulse8 INT8",
        "pulse8 FP32",
        "pulse8 POS",
        "vitallens POS",
        "guide INT8",
        "guide FP32",
        "open-rppg FacePhys",
        "open-rppg ME-flow",
    ],
}
"""Runners of each part; the first is the reference for the ratios."""

NOT_MEASURED: Final = {
    "rPPG-Toolbox": "no package on the index; it is run from a clone, with conda and its data sets",
    "pyVHR 2.0": "on the index, but declares no dependency and imports cupy and torch when its methods are imported",
    "yarppg, rPPG-qnn-cpp, VitalsSight, remotebiosensing": "not on the package index",
    "VitalLens' own networks": "run on its authors' servers, with a key; its POS runs here and is measured",
    "open-rppg's other models": "15 more of the same package and loader; its default and its small one stand for them",
}


def main(folder: Path, *parts: str) -> None:
    """Measure the parts and merge them with earlier results."""
    os.environ.pop("PYTHONPATH", None)  # pulse8 is installed from its wheel, like the peers
    os.environ.update(dict.fromkeys(THREADS, "1"))
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for part in parts or ("install", *PARTS, "accuracy"):
            keep(part, measured(part, folder, place))


def keep(part: str, rows: dict[str, Any]) -> None:
    path = RESULTS / "peers.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    figures = {name: before[name] for name in ("install", *PARTS, "accuracy") if name in before} | {part: rows}
    note = "simulated videos; CPU of all threads; ratios are medians of rounds; not a medical device"
    write_result("peers", "python benchmarks/peers.py DIR", {"note": note, "not_measured": NOT_MEASURED, **figures})


def measured(part: str, folder: Path, place: Path) -> dict[str, Any]:
    if part == "install":
        return dict(installed(folder, place))
    if part == "accuracy":
        return accuracy(folder, place)
    makers = {"line": both, "face": faces, "decode": clip, "window": window}
    rows = compared(PARTS[part], folder, makers[part](place / part))
    return rows | (in_c(place, rows) if part == "window" else {})


def faces(place: Path) -> Path:
    """Write eight seconds of raw pictures."""
    place.mkdir()
    with (place / "frames.rgb").open("wb") as file:
        for rgb, _ in render(FaceVideo(seconds=8)):
            file.write(rgb.tobytes())
    return place


def clip(place: Path) -> Path:
    """Write an H.264 video."""
    write_clip(place / "clip.mp4")
    return place


def both(place: Path) -> Path:
    """Write a video, and raw pictures: the mesh is given what the decoder would give."""
    return clip(faces(place))


def window(place: Path) -> Path:
    """Write one window: as cells for the network, as mean colours for POS, and patches for the guide's network."""
    place.mkdir()
    traces = cell_traces(track_face(render(FaceVideo(seconds=9))))
    normaliser = load_network("int8").spec.normaliser
    clip = next(iter(window_clips(traces, normaliser)))
    patches = np.random.default_rng(0).uniform(0, 1, (1, 8, 3, 36, 36, 3)).astype(np.float32)
    rgb = traces.rgb[:256].mean((1, 2)).astype(np.float64)
    static = patches.reshape(24, 36, 36, 3).transpose(0, 3, 1, 2).reshape(1, 72, 36, 36)
    np.savez(place / "window.npz", clip=clip.samples, rgb=rgb, ultralight=patches, ultralight_int8=static)
    for name in ("ultralight", "ultralight_int8"):
        (place / f"{name}.onnx").write_bytes(weights(name).read_bytes())
    return place


def weights(name: str) -> Path:
    return Path(str(files("pulse8.measure.infer") / "weights" / f"{name}.onnx"))


def compared(runners: list[str], folder: Path, place: Path) -> dict[str, Any]:
    """Run all in turn, for several rounds."""
    pythons = {runner: python for runner in runners if (python := python_of(runner, folder))}
    if runners[0] not in pythons:
        raise SystemExit("pulse8 itself has no environment there; fetch and install first")
    rounds = [{runner: run(python, runner, place) for runner, python in pythons.items()} for _ in range(ROUNDS)]
    return {runner: row_of(runner, runners[0], rounds) for runner in pythons}


def milliseconds(answers: dict[str, Any], per: float = 1.0) -> float:
    return 1e3 * answers["cpu_s"] / answers["count"] / per


def row_of(runner: str, first: str, rounds: list[dict[str, tuple[Cost, dict[str, Any]]]]) -> dict[str, Any]:
    """CPU ms per item; its ratio to the first runner, for windows per second of video; peak memory; further figures."""
    own = [by_runner[runner] for by_runner in rounds]
    ratio = median(
        milliseconds(by_runner[runner][1], by_runner[runner][1].get("every_s", 1.0))
        / milliseconds(by_runner[first][1], by_runner[first][1].get("every_s", 1.0))
        for by_runner in rounds
    )
    further = {name: round(value, 3) for name, value in own[0][1].items() if name not in ("count", "cpu_s")}
    return {
        "cpu_ms": round(median(milliseconds(answers) for _, answers in own), 4),
        "ratio": round(ratio, 3),
        "peak_mb": median(cost.peak_mb for cost, _ in own),
        **further,
    }


def in_c(place: Path, rows: dict[str, Any]) -> dict[str, Any]:
    """Time the board's C program on this machine's processor, scalar code: 400 windows less none."""
    board = place / "board"
    deploy(weights("pulse12_int8"), board, DeployOptions(windows=4))
    windows = [frame.payload[2:] for frame in frames_of(board / "vectors" / "requests.bin")[:4]]
    sources = [
        str(path.relative_to(board))
        for part in ("core", "measure", "kernels", "generated")
        for path in (board / part).glob("*.c")
    ]
    words = ["gcc", "-std=c11", "-ffp-contract=off", "-Icore", "-Imeasure", "-Ikernels", "-Igenerated", "host/main.c"]
    costs_in_c = {}
    for name, flags in {"C -O3": ["-O3"], "C -O3 -march=native": ["-O3", "-march=native"]}.items():
        subprocess.run([*words, *flags, *sources, "-lm", "-o", "timed"], cwd=board, check=True)
        costs = [[answered(board, windows, count) for count in (0, 400)] for _ in range(ROUNDS)]
        cpu_ms = median(1e3 * (many.cpu_s - none.cpu_s) / 400 for none, many in costs)
        ratio = round(cpu_ms / rows["pulse8 INT8"]["cpu_ms"], 3)
        peak = median(many.peak_mb for _, many in costs)
        costs_in_c[f"pulse8 {name}"] = {"cpu_ms": round(cpu_ms, 4), "ratio": ratio, "peak_mb": peak, "every_s": 1.0}
    return costs_in_c


def answered(board: Path, windows: list[bytes], count: int) -> Cost:
    """Give the program ``count`` windows on its standard input."""
    requests = b"".join(encode(Command.RUN, bytes([0, 0]) + windows[index % len(windows)]) for index in range(count))
    (board / "requests.bin").write_bytes(requests)
    return run_measured(["sh", "-c", "exec ./timed < requests.bin"], board)


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["fetch"]:
        fetch(Path(words[1]).resolve())
    else:
        main(Path(words[0]).resolve(), *words[1:])
