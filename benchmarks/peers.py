"""pulse8 beside what else a reader could pick: CPU, memory, size, time to a first rate, accuracy. As ratios of one run.

usage: python benchmarks/peers.py fetch DIR          downloads each peer's wheels; needs the package index
       python benchmarks/peers.py DIR [PART...]      measures: install, face, decode, window, accuracy; all by default

Each peer is installed from its wheels in DIR into an environment of its own under DIR, and nothing of it comes near
pulse8's. A peer without wheels is skipped with a line that says so. Videos are simulated; not a medical device.

CPU is that of all threads, user and system. Runs of one part follow each other in turn, round by round, and a ratio is
the median over rounds of one peer's figure over ours in the same round: other work on the machine cancels out. Peak
memory is that of the whole process, libraries and all. BLAS and OpenMP are given one thread each.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
from measuring import RESULTS, Cost, run_measured, write_result

from firmware import frames_of
from pulse8.build.deploy.board.frames import Command, encode
from pulse8.build.deploy.options import DeployOptions
from pulse8.build.deploy.package import deploy
from pulse8.learn.simulate.conditions import Conditions
from pulse8.learn.simulate.face_video import FACE_BOX_PX, FaceVideo, render
from pulse8.learn.simulate.presets import draw_conditions
from pulse8.learn.simulate.rendering import ENCODINGS
from pulse8.learn.simulate.strata import stratum
from pulse8.measure.clips.cells import cell_traces
from pulse8.measure.clips.windows import window_clips
from pulse8.measure.face.track import track_face
from pulse8.measure.network import load_network
from pulse8.measure.signal.metrics import subject_bootstrap
from pulse8.measure.video.encode import Encoding, h264, write_video

ROOT: Final = Path(__file__).resolve().parent.parent
ROUNDS: Final = 3
PEERS: Final = {
    "mediapipe": ["mediapipe==0.10.21"],
    "open-rppg": ["open-rppg==0.1.1", "setuptools<81"],  # it imports pkg_resources and does not ask for it
    # the extra that brought scipy and psutil is gone; av reads the videos: its own reader needs the program ffmpeg
    "vitallens": ["vitallens==0.6.2", "prpy<0.4", "scipy", "psutil", "av"],
}
PARTS: Final = {
    "face": ["pulse8 mesh", "pulse8 detector", "opencv haar", "mediapipe mesh", "mediapipe detector"],
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
"""Runners of each part; the first one is what the others are compared with."""

RATES: Final = {
    "pulse8": "pulse8 rates",
    "pulse8 POS": "pulse8 POS rates",
    "vitallens": "vitallens POS rates",
    "open-rppg": "open-rppg FacePhys rates",
}
STRATA: Final = ("easy", "medium", "hard", "dark")
VIDEOS: Final = 10
"""A stratum, each of another person's conditions."""
SECONDS: Final = 12.0
CLIP_S: Final = 15.0
SKIN_LEVEL: Final = 192.3
"""Mean green of the photograph's skin at exposure 1: `cell_traces(track_face(render(FaceVideo(exposure=1))))`."""
CLOSE_BPM: Final = 5.0
NOT_MEASURED: Final = {
    "rPPG-Toolbox": "no package on the index; it is run from a clone, with conda and its data sets",
    "pyVHR 2.0": "on the index, but declares no dependency and imports cupy and torch when its methods are imported",
    "yarppg, rPPG-qnn-cpp, VitalsSight, remotebiosensing": "not on the package index",
    "VitalLens' own networks": "run on its authors' servers, with a key; its POS runs here and is measured",
    "open-rppg's other models": "15 more of the same package and loader; its default and its small one stand for them",
}


def main(folder: Path, *parts: str) -> None:
    """Measure the parts and keep them beside those that were measured before."""
    os.environ.pop("PYTHONPATH", None)  # pulse8 from its wheel, as the peers from theirs
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
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
    rows = compared(PARTS[part], folder, {"face": faces, "decode": clip, "window": window}[part](place / part))
    return rows | (in_c(place, rows) if part == "window" else {})


def fetch(folder: Path) -> None:
    """Download the wheels of each peer, and of pulse8's own dependencies."""
    wheel = pulse8_wheel(folder)
    for name, words in {**PEERS, "pulse8": [str(wheel), "-c", str(ROOT / "constraints.txt")]}.items():
        subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "-w", folder / name, *words], check=True)


def pulse8_wheel(folder: Path) -> Path:
    shutil.rmtree(folder / "pulse8", ignore_errors=True)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "pulse8"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next((folder / "pulse8").glob("pulse8-*.whl"))


def python_of(runner: str, folder: Path) -> Path | None:
    """Return the interpreter of a runner's peer; OpenCV's, PyAV's and the guide's runners use pulse8's."""
    peer = next((name for name in PEERS if runner.startswith(name)), "pulse8")
    python = folder / f"{peer}-env" / "bin" / "python"
    if python.is_file():
        return python
    print(f"{runner}: skipped, no {python}; run the part install after `python benchmarks/peers.py fetch {folder}`")
    return None


def run(python: Path, runner: str, place: Path) -> tuple[Cost, dict[str, Any]]:
    """Run a runner in a process of its own: what the system counts of it, and what it found."""
    result = place / "result.json"
    cost = run_measured(
        [str(python), str(ROOT / "benchmarks" / "peer_runs.py"), runner, str(place), str(result)], place
    )
    return cost, json.loads(result.read_text(encoding="utf-8"))


def installed(folder: Path, place: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """From nothing to a first rate of a video of 15 s: an empty environment, wheels on this disk, one run."""
    write_clip(place / "one" / "videos" / "clip.mp4")
    for name, words in {"pulse8": ["pulse8"], **PEERS}.items():
        if not (folder / name).is_dir():
            print(f"{name}: skipped, no wheels in {folder / name}; run `python benchmarks/peers.py fetch {folder}`")
            continue
        environment = folder / f"{name}-env"
        shutil.rmtree(environment, ignore_errors=True)
        made = run_measured([sys.executable, "-m", "venv", str(environment)], place)
        python = environment / "bin" / "python"
        pip = [str(python), "-m", "pip", "install", "-q", "--no-index", "--find-links", str(folder / name), *words]
        cost = run_measured(pip, place)
        row = {
            "installed_mb": round(size_mb(environment), 1),
            "install_cpu_s": round(made.cpu_s + cost.cpu_s, 1),
            "install_s": round(made.seconds + cost.seconds, 1),
        }
        if name in RATES:
            first, _ = run(python, RATES[name], place / "one")
            row |= {"first_rate_cpu_s": round(first.cpu_s, 1), "first_rate_s": round(first.seconds, 1)}
            row |= {"first_rate_peak_mb": first.peak_mb}
        yield name, row


def size_mb(environment: Path) -> float:
    """Sum the installed packages in MB, without pip and setuptools, which every environment has, and bytecode."""
    site = next(environment.glob("lib/python*/site-packages"))
    roots = [path for path in site.iterdir() if not path.name.startswith(("pip", "setuptools", "_distutils"))]
    paths = [path for root in roots for path in (root.rglob("*") if root.is_dir() else [root])]
    return sum(path.stat().st_size for path in paths if path.is_file() and path.suffix != ".pyc") / 1e6


def write_clip(path: Path) -> None:
    video = FaceVideo(seconds=CLIP_S)
    write_video(path, render(video), video.rate_hz, h264(18))


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
    """Run all in turn, some rounds."""
    pythons = {runner: python for runner in runners if (python := python_of(runner, folder))}
    if runners[0] not in pythons:
        raise SystemExit("pulse8 itself has no environment there; fetch and install first")
    rounds = [{runner: run(python, runner, place) for runner, python in pythons.items()} for _ in range(ROUNDS)]
    return {runner: row_of(runner, runners[0], rounds) for runner in pythons}


def milliseconds(found: dict[str, Any], per: float = 1.0) -> float:
    return 1e3 * found["cpu_s"] / found["count"] / per


def row_of(runner: str, first: str, rounds: list[dict[str, tuple[Cost, dict[str, Any]]]]) -> dict[str, Any]:
    """CPU ms an item; its ratio to the first runner, of windows by second of video; peak memory; what else was told."""
    mine = [each[runner] for each in rounds]
    ratio = median(
        milliseconds(each[runner][1], each[runner][1].get("every_s", 1.0))
        / milliseconds(each[first][1], each[first][1].get("every_s", 1.0))
        for each in rounds
    )
    told = {name: round(value, 3) for name, value in mine[0][1].items() if name not in ("count", "cpu_s")}
    return {
        "cpu_ms": round(median(milliseconds(found) for _, found in mine), 4),
        "ratio": round(ratio, 3),
        "peak_mb": median(cost.peak_mb for cost, _ in mine),
        **told,
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
    found = {}
    for name, flags in {"C -O3": ["-O3"], "C -O3 -march=native": ["-O3", "-march=native"]}.items():
        subprocess.run([*words, *flags, *sources, "-lm", "-o", "timed"], cwd=board, check=True)
        costs = [[answered(board, windows, count) for count in (0, 400)] for _ in range(ROUNDS)]
        cpu_ms = median(1e3 * (many.cpu_s - none.cpu_s) / 400 for none, many in costs)
        ratio = round(cpu_ms / rows["pulse8 INT8"]["cpu_ms"], 3)
        peak = median(many.peak_mb for _, many in costs)
        found[f"pulse8 {name}"] = {"cpu_ms": round(cpu_ms, 4), "ratio": ratio, "peak_mb": peak, "every_s": 1.0}
    return found


def answered(board: Path, windows: list[bytes], count: int) -> Cost:
    """Give the program so many windows on its standard input."""
    requests = b"".join(encode(Command.RUN, bytes([0, 0]) + windows[index % len(windows)]) for index in range(count))
    (board / "requests.bin").write_bytes(requests)
    return run_measured(["sh", "-c", "exec ./timed < requests.bin"], board)


def video_of(world: Conditions, seed: int) -> FaceVideo:
    """Render what a face can show of a stratum's conditions: rate, pulse, sway, light and its drift, noise, frames.

    Standard deviations become amplitudes of sines; the pulse's peak to peak becomes its peak. Skin tone, speech, cover,
    flicker and a rate that wanders cannot be rendered: the face is one photograph.
    """
    electrons = max(world.camera.full_well * world.camera.level / 255, 1.0)
    noise = 255 * float(np.hypot(np.sqrt(electrons), world.camera.read_noise)) / max(world.camera.full_well, 1.0)
    scene = FaceVideo(seconds=SECONDS, rate_hz=Fraction(world.camera.rate_hz).limit_denominator(1001), seed=seed)
    return replace(
        scene,
        bpm=world.body.bpm,
        pulse_share=world.skin.pulse_share / 2,
        motion_px=float(np.sqrt(2) * world.motion.sway * FACE_BOX_PX * scene.zoom),
        exposure=world.camera.level / SKIN_LEVEL,
        light_share=float(np.sqrt(2) * world.light.drift_share),
        noise_levels=noise,
    )


def accuracy(folder: Path, place: Path) -> dict[str, Any]:
    """Rates of rendered videos with a known rate: mean error, share within 5 BPM, refusals, CPU a second of video."""
    truth = {}
    for name in STRATA:
        frozen = stratum(name)
        for subject in range(VIDEOS):
            world = draw_conditions(subject, frozen.preset, frozen.seed)
            video = video_of(world, subject)
            suffix, encoding = coded(world)
            write_video(place / "videos" / f"{name}-{subject}{suffix}", render(video), video.rate_hz, encoding)
            truth[f"{name}-{subject}"] = video.bpm
    rows = {}
    for peer, runner in RATES.items():
        if python := python_of(runner, folder):
            cost, found = run(python, runner, place)
            rows[peer] = accuracy_row(truth, found, cost)
    return {"videos": VIDEOS, "seconds": SECONDS, "truth": truth, "always their mean": mean_row(truth), **rows}


def coded(world: Conditions) -> tuple[str, Encoding]:
    """Return the stratum's own codec; H.264 that hardly loses anything where there is none."""
    if world.codec.name == "none":
        return ".mp4", h264(6)
    suffix, encoding = ENCODINGS[world.codec.name]
    return suffix, encoding(round(world.codec.quality))


def accuracy_row(truth: dict[str, float], found: dict[str, Any], cost: Cost) -> dict[str, Any]:
    row: dict[str, Any] = {"bpm": {name: bpm and round(bpm, 1) for name, bpm in found["bpm"].items()}}
    for name in STRATA:
        errors = [
            abs(bpm - truth[key]) for key, bpm in found["bpm"].items() if key.startswith(name) and bpm is not None
        ]
        row[name] = {
            "rates": len(errors),
            "mae_bpm": round(float(np.mean(errors)), 2) if errors else None,
            "mae_95_bpm": interval(errors),
            "within_5": sum(error <= CLOSE_BPM for error in errors),
        }
    return {**row, "cpu_ms_a_second": round(1e3 * found["cpu_s"] / (len(truth) * SECONDS), 1), "peak_mb": cost.peak_mb}


def interval(errors: Sequence[float]) -> list[float] | None:
    """Take the 95 % interval of a mean error by resampling people; each has one video."""
    if len(errors) < 2:
        return None
    return [round(end, 2) for end in subject_bootstrap(np.asarray(errors), np.arange(len(errors)))]


def mean_row(truth: dict[str, float]) -> dict[str, Any]:
    """Mean absolute error of always saying the stratum's own mean: it never saw a face."""
    row = {}
    for name in STRATA:
        bpm = np.array([rate for key, rate in truth.items() if key.startswith(name)])
        errors = np.abs(bpm - bpm.mean())
        row[name] = {"mae_bpm": round(float(errors.mean()), 2), "mae_95_bpm": interval(errors)}
    return row


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["fetch"]:
        fetch(Path(words[1]).resolve())
    else:
        main(Path(words[0]).resolve(), *words[1:])
