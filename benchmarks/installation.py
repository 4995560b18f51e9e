"""From nothing to a rate: a fresh environment without extras, its size, its start-up, and a rate on a video.

    python benchmarks/installation.py

Needs the simulate extra here, for the video, and a package index. The video is simulated; not a medical device.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any, Final

from measuring import write_result
from pulse8.learn.simulate.rendering import RenderOptions, write_rendered

ROOT: Final = Path(__file__).resolve().parent.parent
BPM: Final = 72.0
TRIES: Final = 9
IMPORT: Final = "import time; began = time.perf_counter(); import pulse8; print(time.perf_counter() - began)"
SIZES: Final = """
import importlib.metadata, json
def size(package):
    return sum(path.stat().st_size for file in package.files or () if (path := package.locate_file(file)).is_file())
print(json.dumps({package.name.lower(): size(package) for package in importlib.metadata.distributions()}))
"""


def main() -> None:
    """Install, measure and write the row."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video = folder / "face.mp4"
        write_rendered(video, RenderOptions(seconds=20, bpm=BPM))
        wheel = _wheel(folder)
        began_s = time.perf_counter()
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / "bin" / "python"
        _output_of([python, "-m", "pip", "install", "--quiet", str(wheel), "-c", str(ROOT / "constraints.txt")], folder)
        installed_s = time.perf_counter() - began_s
        measured = json.loads(_output_of([python.with_name("pulse8"), "measure", str(video), "--json"], folder))
        rate_s = time.perf_counter() - began_s - installed_s
        write_result(
            "installation",
            "python benchmarks/installation.py",
            {
                "note": f"fresh environment, no extras; simulated face of {BPM:g} BPM, 20 s",
                "wheel_mb": round(wheel.stat().st_size / 1e6, 2),
                **_sizes(python, folder),
                **_start_up(python, folder),
                "seconds": {"environment_and_install": round(installed_s, 1), "measure": round(rate_s, 1)},
                "seconds_from_nothing_to_first_rate": round(installed_s + rate_s, 1),
                "bpm": measured["whole"]["bpm"],
            },
        )


def _wheel(folder: Path) -> Path:
    _output_of([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), str(ROOT)], folder)
    return next(folder.glob("pulse8-*.whl"))


def _sizes(python: Path, folder: Path) -> dict[str, Any]:
    """MB of each installed package except pip, which every environment has."""
    sizes = json.loads(_output_of([python, "-c", SIZES], folder))
    del sizes["pip"]
    if "torch" in sizes:
        raise SystemExit("torch came along")
    largest = sorted(sizes, key=lambda name: -sizes[name])
    return {
        "installed_mb": round(sum(sizes.values()) / 1e6, 1),
        "packages_mb": {name: round(sizes[name] / 1e6, 1) for name in largest},
    }


def _start_up(python: Path, folder: Path) -> dict[str, Any]:
    """Medians in milliseconds, without the first run of each, which compiles bytecode."""
    imports = [float(_output_of([python, "-c", IMPORT], folder)) for _ in range(TRIES + 1)][1:]
    helps = [_timed([python.with_name("pulse8"), "--help"], folder) for _ in range(TRIES + 1)][1:]
    bare = [_timed([python, "-c", ""], folder) for _ in range(TRIES)]
    figures = {
        "import_pulse8_ms": imports,
        "pulse8_help_ms": [wall for wall, _ in helps],
        "pulse8_help_cpu_ms": [cpu for _, cpu in helps],
        "python_alone_ms": [wall for wall, _ in bare],
    }
    medians = {name: round(1000 * statistics.median(values), 1) for name, values in figures.items()}
    return {**medians, "load_average_1_min": round(os.getloadavg()[0], 1), "niceness": os.nice(0)}


def _timed(command: list[str | Path], folder: Path) -> tuple[float, float]:
    """Wall time and processor time in seconds."""
    before, began_s = os.times(), time.perf_counter()
    _output_of(command, folder)
    after, ended_s = os.times(), time.perf_counter()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return ended_s - began_s, cpu_s


def _output_of(command: list[str | Path], folder: Path) -> str:
    return subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
