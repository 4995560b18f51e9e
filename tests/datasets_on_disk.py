"""Rendered people as data sets on disk, in each one's own names, headers, units and rates. All are simulated."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.video.encode import Encoding, h264, write_video
from pulse8.values import Rgb

SECONDS = 11.0
LAG_S = 0.1
"""By how much every contact PPG trails the video."""

RATES_BPM = (66.0, 102.0)


@cache
def person(number: int, rate_hz: Fraction = Fraction(30)) -> FaceVideo:
    return FaceVideo(
        seconds=SECONDS,
        rate_hz=rate_hz,
        width=220,
        height=232,
        zoom=1.0,
        bpm=RATES_BPM[number % len(RATES_BPM)],
        motion_px=5,
        noise_levels=1.0,
        seed=number,
    )


@cache
def frames(number: int, rate_hz: Fraction = Fraction(30)) -> tuple[tuple[Rgb, float], ...]:
    return tuple(render(person(number, rate_hz)))


def contact(number: int, t_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """The finger's wave at given times: more blood is less light, so it rises where the picture darkens."""
    return -person(number).pulse(t_s - LAG_S)


def contact_s(rate_hz: float, seconds: float = SECONDS) -> NDArray[np.float64]:
    return np.arange(round(seconds * rate_hz)) / rate_hz


def film(path: Path, number: int, rate_hz: Fraction = Fraction(30), encoding: Encoding | None = None) -> None:
    """Write the person's video; H.264 without loss by default, whatever the name ends with, to be quick."""
    write_video(path, frames(number, rate_hz), rate_hz, encoding or h264(0))


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def ubfc(raw: Path) -> None:
    """``subject<N>/vid.avi`` and three lines: PPG, the device's rate, time in s."""
    for number, name in enumerate(("subject3", "subject12")):
        film(raw / name / "vid.avi", number)
        t_s = np.array([time for _, time in frames(number)])
        device_bpm = np.full(len(t_s), 200.0)  # it lags and is not used; here it is plainly wrong
        rows = (contact(number, t_s), device_bpm, t_s)
        text(raw / name / "ground_truth.txt", "\n".join("   ".join(f"{v: .7e}" for v in row) for row in rows) + "\n")


def ubfc1(raw: Path) -> None:
    """``<N>-gt/*.avi`` of changing names at 28.67 frames a second, and a table in ms without header."""
    rate_hz = Fraction(2867, 100)
    for number, (name, video) in enumerate((("12-gt", "vid-12"), ("after-exercise", "vid-007"))):
        film(raw / name / f"{video}.avi", number, rate_hz)
        t_s = contact_s(62.1)
        table = np.column_stack(
            [np.rint(t_s * 1000), np.full(len(t_s), 200), np.full(len(t_s), 98), contact(number, t_s)]
        )
        lines = (",".join((f"{row[0]:.0f}", f"{row[1]:.0f}", f"{row[2]:.0f}", f"{row[3]:.5f}")) for row in table)
        text(raw / name / "gtdump.xmp", "\n".join(lines) + "\n")


@dataclass(frozen=True)
class OnDisk:
    """How a data set is written, and what an adapter has to find in it."""

    write: Callable[[Path], None]
    recordings: tuple[str, ...]
    subjects: tuple[str, ...]
    ppg_hz: float
    frame_hz: float = 30.0


DATASETS = {
    "ubfc": OnDisk(ubfc, ("subject3", "subject12"), ("subject3", "subject12"), 30.0),
    "ubfc1": OnDisk(ubfc1, ("12-gt", "after-exercise"), ("12", "10"), 62.1, 28.67),
}


def each() -> Iterator[str]:
    yield from DATASETS
