"""A test of the installation on simulated people, in a few seconds."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np

from pulse8.errors import Pulse8Error
from pulse8.learn.prepare.windows import whole_of
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.measure.face.detector import Detector
from pulse8.measure.face.mesh import Mesh
from pulse8.measure.line import measure_traces
from pulse8.measure.video.decode import read_frames
from pulse8.measure.video.encode import FFV1, write_video
from pulse8.values import Watch, unwatched

TOLERANCE_BPM: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class SelfTestCheck:
    """One check: whether it passed, what it measured, and how long it took."""

    name: str
    passed: bool
    detail: str
    seconds: float


def self_test(watch: Watch[Any] = unwatched) -> tuple[SelfTestCheck, ...]:
    """Run each check; a failure is reported, not raised."""
    return tuple(_tried(name, CHECKS[name]) for name in watch(CHECKS, "checking", len(CHECKS)))


def _tried(name: str, check: Callable[[], tuple[bool, str]]) -> SelfTestCheck:
    began_s = time.perf_counter()
    try:
        passed, detail = check()
    except (Pulse8Error, ImportError, OSError) as error:
        passed, detail = False, f"{type(error).__name__}: {error}"
    return SelfTestCheck(name=name, passed=passed, detail=detail, seconds=time.perf_counter() - began_s)


def _measures() -> tuple[bool, str]:
    recording = simulate_recording(0, options=RecordingOptions(seconds=20))
    truth, rate = whole_of(recording).truth.bpm, measure_traces(recording.traces).whole
    if truth is None or rate.bpm is None:
        return False, f"no rate: {rate.reason}"
    return abs(rate.bpm - truth) <= TOLERANCE_BPM, f"{rate.bpm:.1f} BPM, contact sensor {truth:.1f}"


def _keeps_frames() -> tuple[bool, str]:
    pictures = np.random.default_rng(0).integers(0, 256, (5, 64, 96, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frames.mkv"
        write_video(path, ((rgb, index / 30) for index, rgb in enumerate(pictures)), Fraction(30), FFV1)
        decoded = [rgb for rgb, _ in read_frames(path)]
    return np.array_equal(decoded, pictures), f"{len(decoded)} frames written and read again, every byte compared"


def _sees_no_face_in_noise() -> tuple[bool, str]:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    Mesh()
    faces = Detector().faces(noise)
    return not faces, f"networks loaded; {len(faces)} faces in a picture of noise"


CHECKS: Final[dict[str, Callable[[], tuple[bool, str]]]] = {
    "heart rate from traces": _measures,
    "video in and out": _keeps_frames,
    "face networks": _sees_no_face_in_noise,
}
