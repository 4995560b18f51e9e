"""A separate environment for each peer, built from local wheels, and one runner in a process of it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from measuring import Cost, run_measured
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.video.encode import h264, write_video

ROOT: Final = Path(__file__).resolve().parent.parent

PEERS: Final = {
    "mediapipe": ["mediapipe==0.10.21"],
    "open-rppg": ["open-rppg==0.1.1", "setuptools<81"],  # it imports pkg_resources without requiring it
    # its extra with scipy and psutil no longer exists; av reads the videos: its own reader needs the program ffmpeg
    "vitallens": ["vitallens==0.6.2", "prpy<0.4", "scipy", "psutil", "av"],
}

RATES: Final = {
    "pulse8": "pulse8 rates",
    "pulse8 POS": "pulse8 POS rates",
    "vitallens": "vitallens POS rates",
    "open-rppg": "open-rppg FacePhys rates",
}

CLIP_S: Final = 15.0


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
    """Run a runner in a separate process; return its cost and its answers."""
    result = place / "result.json"
    cost = run_measured(
        [str(python), str(ROOT / "benchmarks" / "peer_runs.py"), runner, str(place), str(result)], place
    )
    return cost, json.loads(result.read_text(encoding="utf-8"))


def installed(folder: Path, place: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Measure from nothing to a first rate of a 15 s video: an empty environment, local wheels, one run."""
    write_clip(place / "one" / "videos" / "clip.mp4")
    for name, words in {"pulse8": ["pulse8"], **PEERS}.items():
        if not (folder / name).is_dir():
            print(f"{name}: skipped, no wheels in {folder / name}; run `python benchmarks/peers.py fetch {folder}`")
            continue
        environment = folder / f"{name}-env"
        shutil.rmtree(environment, ignore_errors=True)
        created = run_measured([sys.executable, "-m", "venv", str(environment)], place)
        python = environment / "bin" / "python"
        pip = [str(python), "-m", "pip", "install", "-q", "--no-index", "--find-links", str(folder / name), *words]
        cost = run_measured(pip, place)
        row = {
            "installed_mb": round(size_mb(environment), 1),
            "install_cpu_s": round(created.cpu_s + cost.cpu_s, 1),
            "install_s": round(created.seconds + cost.seconds, 1),
        }
        if name in RATES:
            first, _ = run(python, RATES[name], place / "one")
            row |= {"first_rate_cpu_s": round(first.cpu_s, 1), "first_rate_s": round(first.seconds, 1)}
            row |= {"first_rate_peak_mb": first.peak_mb}
        yield name, row


def size_mb(environment: Path) -> float:
    """Return the size of the installed packages in MB, without bytecode, pip and setuptools."""
    site = next(environment.glob("lib/python*/site-packages"))
    roots = [path for path in site.iterdir() if not path.name.startswith(("pip", "setuptools", "_distutils"))]
    paths = [path for root in roots for path in (root.rglob("*") if root.is_dir() else [root])]
    return sum(path.stat().st_size for path in paths if path.is_file() and path.suffix != ".pyc") / 1e6


def write_clip(path: Path) -> None:
    video = FaceVideo(seconds=CLIP_S)
    write_video(path, render(video), video.rate_hz, h264(18))
