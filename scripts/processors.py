"""The same INT8 answer on other processors: natively, and emulated without VNNI and without AVX.

usage: python scripts/processors.py [FOLDER] [--json FILE] [--aarch64 FOLDER] [--only QUESTION ...]

Needs Debian's qemu-user. Inputs are written once, natively; then all processors answer in parallel:
the shipped files on 64 windows, the gates that integers decide, a small build, the guide's four commands, and one
video, from its frames and from given key points. INT8 bytes, INT8 files, verdicts and refusals must be equal, floats
within ``TOLERANCE``. Exit 1 where they are not. On a processor with AVX2 and without VNNI, native is a second witness
of ``max``. An aarch64 (``aarch64.sh``) answers only for the shipped files' bytes: it has no ONNX Runtime.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np

from pulse8.learn.models.checkpoint import shipped_checkpoint
from pulse8.learn.prepare.simulated_clips import simulate_clips
from pulse8.learn.prepare.simulated_patches import simulate
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.learn.simulate.patches import SimulateOptions
from pulse8.manifest import sha256_of
from pulse8.measure.face.track import track_face
from pulse8.measure.video.decode import read_frames
from pulse8.measure.video.encode import h264, write_video

ROOT: Final = Path(__file__).parent.parent
PROCESSORS: Final = {
    "native": (),
    "max": ("qemu-x86_64", "-cpu", "max"),
    "Nehalem": ("qemu-x86_64", "-cpu", "Nehalem"),
}
"""Emulated ``max`` has AVX2 and no VNNI: ONNX Runtime's fused kernels saturate there. ``Nehalem`` has no AVX."""
ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Emulated threads that wait for one another cost as much as emulated work; the native processor keeps its own."""
TOLERANCE: Final = 1e-3
"""Of floats, in their own unit (BPM, seconds, dB) or of their size where that is above 1: FP32 waves are summed in
another order on each processor. A video's rates and times are held to it in their unit."""
SUBJECTS: Final = SimulateOptions(subjects=120, windows=3)
VIDEO: Final = FaceVideo(seconds=10.0, width=320, height=240, zoom=1.0, motion_px=8, pulse_share=0.015)
SMALL: Final = ("--calibrate.num-samples", "120", "--diagnose.num-samples", "8", "--output", "built", "--json")
"""Options of the small build. It is judged on all 105 test windows of the 120 subjects: one may move by more than 5 BPM
(the limit is 1.5 %), two may not. With half of these calibration windows two do."""
WITHOUT: Final = ("engine", "fused", "recording", ", seconds")
"""Suffixes of keys that name the processor, a place or a time; they are not compared."""
Answers = dict[str, Any]


def main() -> int:
    """Run the questions on every processor, print the answers, and compare them."""
    words = argparse.ArgumentParser(description="The same INT8 answer on other processors.")
    words.add_argument("folder", nargs="?", type=Path)
    words.add_argument("--json", type=Path)
    words.add_argument("--aarch64", type=Path)
    words.add_argument("--only", nargs="*", choices=QUESTIONS, default=list(QUESTIONS))
    flags = words.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = flags.folder or Path(temporary)
        prepare(folder)
        with ThreadPoolExecutor(len(PROCESSORS)) as pool:
            answers = pool.map(lambda name: ask(name, folder, flags.only), PROCESSORS)
            by_processor = dict(zip(PROCESSORS, answers, strict=True))
        if flags.aarch64:
            by_processor["aarch64"] = ask_integers(flags.aarch64 / "python", folder)
    native = by_processor["native"]
    differences = [line for name, answers in by_processor.items() for line in apart(native, answers, name)]
    if flags.json:
        flags.json.write_text(json.dumps(by_processor, indent=1) + "\n", encoding="utf-8")
    for name, answers in by_processor.items():
        print(f"{name}: {json.dumps(answers)}")
    print("\n".join(differences) or f"{', '.join(by_processor)}: equal")
    failed = any(code for answers in by_processor.values() for code in answers["exit codes"].values())
    return int(bool(differences) or failed)


def prepare(folder: Path) -> None:
    """Write the inputs that all processors share."""
    folder.mkdir(parents=True, exist_ok=True)
    simulate_clips(folder / "clips.npz", SUBJECTS)
    simulate(folder / "windows.pt", SimulateOptions(subjects=12, windows=12))
    write_video(folder / "face.mp4", render(VIDEO), VIDEO.rate_hz, h264(12))
    track = track_face(read_frames(folder / "face.mp4"), "board")
    np.save(folder / "key_points.npy", np.stack([frame.points for frame in track.stream]))


def ask(processor: str, folder: Path, questions: Iterable[str]) -> Answers:
    """Run questions on one processor, in its own folder."""
    place = folder / processor
    place.mkdir()
    codes: dict[str, int] = {}
    answers: Answers = {"exit codes": codes}
    for name in questions:
        began_s = time.perf_counter()
        answers[name] = QUESTIONS[name](Processor(processor, place, codes), folder)
        answers[f"{name}, seconds"] = round(time.perf_counter() - began_s, 1)
    return answers


def ask_integers(python: Path, folder: Path) -> Answers:
    """Ask a processor that has only numpy and onnx."""
    words = [python, ROOT / "scripts" / "processor_answers.py", folder, "--integers"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    return {"exit codes": {}, "shipped files": json.loads(done.stdout)}


class Processor:
    """Runs Python on one processor and keeps exit codes."""

    def __init__(self, name: str, place: Path, codes: dict[str, int]) -> None:
        self.name, self.place, self._codes = name, place, codes

    def python(self, title: str, *words: str | Path, folder: Path | None = None) -> str:
        """Run Python to its end and return what it printed."""
        command = [*PROCESSORS[self.name], sys.executable, *map(str, words)]
        environment = {**os.environ, **(ONE_THREAD if PROCESSORS[self.name] else {})}
        done = subprocess.run(
            command, cwd=folder or self.place, env=environment, capture_output=True, encoding="utf-8", check=False
        )
        self._codes[title] = done.returncode
        if done.returncode:
            print(f"{self.name}, {title}: exit {done.returncode}\n{done.stdout}{done.stderr}", file=sys.stderr)
        return done.stdout

    def record(self, title: str, *words: str | Path) -> Answers:
        """Run a command that prints one JSON record."""
        printed = self.python(title, *words)
        try:
            answers: Answers = json.loads(printed)
        except ValueError:
            return {}
        return answers


def shipped(processor: Processor, folder: Path) -> Answers:
    """Ask for the shipped files' bytes, and for the gates that integers decide."""
    return processor.record("shipped files", ROOT / "scripts" / "processor_answers.py", folder)


def small_build(processor: Processor, folder: Path) -> Answers:
    """Build pulse12 from the shared clips."""
    build = processor.record("pulse8 build", "-m", "pulse8", "build", "--data", folder / "clips.npz", *SMALL)
    return {"files": _hashes(processor.place / "built"), "verdict": _verdict(build.get("verdict", {}))}


def guide(processor: Processor, folder: Path) -> Answers:
    """Run the guide's four commands as they are written."""
    place = processor.place / "guide"
    shutil.copytree(ROOT / "guide", place)
    for source, target in (
        (folder / "windows.pt", place / "server_training" / "data" / "ubfc_processed.pt"),
        (shipped_checkpoint("ultralight"), place / "server_training" / "checkpoints" / "best_model.pth"),
    ):
        target.parent.mkdir()
        shutil.copy(source, target)
    steps = ("quantize_utils.py", "export_onnx.py", "quantize_onnx.py", "verify_quantization.py")
    outputs = [processor.python(step, step, folder=place / "quantization") for step in steps]
    file = place / "quantization" / "models" / "rppg_int8_qdq.verdict.json"
    verdict = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return {
        "files": _hashes(place / "quantization" / "models"),
        "accepted": "Quantization ACCEPTABLE" in outputs[-1],
        "verdict": _verdict(verdict),
    }


def video(processor: Processor, folder: Path) -> Answers:
    """Measure one video: face networks, key points, cells, the INT8 network, rates and refusals."""
    return processor.record("pulse8 measure", "-m", "pulse8", "measure", folder / "face.mp4", "--json")


QUESTIONS: Final[dict[str, Callable[[Processor, Path], Answers]]] = {
    "shipped files": shipped,
    "small build": small_build,
    "guide": guide,
    "video": video,
}


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: sha256_of(path) for path in sorted(folder.rglob("*.onnx")) if "int8" in path.name}


def _verdict(verdict: Answers) -> Answers:
    gates = verdict.get("gates", ())
    return {"passed": verdict.get("passed"), "gates": {gate["name"]: [gate["met"], gate["figure"]] for gate in gates}}


def apart(one: Any, other: Any, name: str) -> Iterator[str]:
    """Yield each difference between two answers; floats within the tolerance are equal."""
    if isinstance(one, dict) and isinstance(other, dict) and _comparable(one, other, name):
        for key in (key for key in other if not key.endswith(WITHOUT)):
            yield from apart(one[key], other[key], f"{name}, {key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from apart(*pair, f"{name}, {number}")
    elif not _same(one, other, relative=", video, " not in name):
        yield f"{name}: {one} natively, {other}"


def _comparable(one: Answers, other: Answers, name: str) -> bool:
    """Whether both answer the same questions; an aarch64 answers only some."""
    return one.keys() >= other.keys() if name.startswith("aarch64") else one.keys() == other.keys()


def _same(one: Any, other: Any, *, relative: bool) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= TOLERANCE * max(1.0, abs(one) if relative else 0.0)
    return bool(one == other)


if __name__ == "__main__":
    sys.exit(main())
