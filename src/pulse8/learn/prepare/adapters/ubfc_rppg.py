"""UBFC-rPPG, DATASET_1 and DATASET_2 (Bobbia et al., Pattern Recognition Letters 124, 2019).

DATASET_2: ``subject<N>/vid.avi``, raw 640x480, and ``ground_truth.txt`` (:mod:`pulse8.learn.prepare.ubfc`).
DATASET_1: ``<N>-gt/`` with one ``.avi`` whose name differs (vid.avi, vid-12.avi) and ``gtdump.xmp``, which is a table
without header: time in ms, the device's heart rate, SpO2, PPG, at about 62 Hz. ``after-exercise`` is subject 10 again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pulse8.errors import InputError
from pulse8.learn.prepare.adapters.adapter import Found, Opened, folders, numbers, ppg_of
from pulse8.learn.prepare.ubfc import VIDEOS, read_ground_truth
from pulse8.measure.video.decode import read_frames

LAYOUT_2: Final = "UBFC-rPPG DATASET_2 is subject1/vid.avi and ground_truth.txt and so on; name their folder with --raw"
LAYOUT_1: Final = "UBFC-rPPG DATASET_1 is 5-gt/vid.avi and gtdump.xmp and so on; name their folder with --raw"
AGAIN: Final = "after-exercise"
AGAIN_SUBJECT: Final = "10"
PATTERNS_2: Final = ("subject*/", "DATASET_2/subject*/")
PATTERNS_1: Final = ("*-gt/", f"{AGAIN}/", "DATASET_1/*-gt/", f"DATASET_1/{AGAIN}/")
FIXTURES: Final = "fixtures in its format; one real subject's traces and PPG"


@dataclass(frozen=True)
class UbfcRppg2:
    """DATASET_2: the PPG has one sample a frame, and its own clock."""

    name: str = "ubfc"
    simulated: bool = False
    seen: str = FIXTURES

    def find(self, raw: Path) -> list[Found]:
        """List the subjects' folders, whole or not."""
        if _looks_like(raw, PATTERNS_1) and not _looks_like(raw, PATTERNS_2):
            raise InputError(f"{raw} holds UBFC-rPPG DATASET_1 (5-gt/, gtdump.xmp); read it with --dataset ubfc1")
        return [
            Found(
                recording=folder.name,
                subject=folder.name,
                video=next((folder / name for name in VIDEOS if (folder / name).is_file()), folder / VIDEOS[0]),
                truth=folder / "ground_truth.txt",
            )
            for folder in folders(raw, PATTERNS_2, LAYOUT_2)
        ]

    def open(self, found: Found) -> Opened:
        """Read the ground truth and open the video."""
        if not found.truth.is_file():
            raise InputError(f"{found.truth} is missing; copy it again or take its folder away")
        return Opened(pictures=read_frames(found.video), reference=ppg_of(found.truth, *read_ground_truth(found.truth)))


@dataclass(frozen=True)
class UbfcRppg1:
    """DATASET_1: the PPG runs at about 62 Hz beside a video of about 28.7 frames a second."""

    name: str = "ubfc1"
    simulated: bool = False
    seen: str = "fixtures in its format"

    def find(self, raw: Path) -> list[Found]:
        """List the recordings' folders, whole or not."""
        if _looks_like(raw, PATTERNS_2) and not _looks_like(raw, PATTERNS_1):
            raise InputError(f"{raw} holds UBFC-rPPG DATASET_2 (subject1/); read it with --dataset ubfc")
        found = folders(raw, PATTERNS_1, LAYOUT_1)
        return [
            Found(
                recording=folder.name,
                subject=AGAIN_SUBJECT if folder.name == AGAIN else folder.name.removesuffix("-gt"),
                video=next(iter(sorted(folder.glob("*.avi"))), folder / "vid.avi"),
                truth=folder / "gtdump.xmp",
                conditions={"after exercise": folder.name == AGAIN},
            )
            for folder in found
        ]

    def open(self, found: Found) -> Opened:
        """Read time and PPG, in ms and without unit, and open the video."""
        table = numbers(found.truth, "ground truth", columns=4)
        if len(table) and table[-1, 0] < 1000:
            raise InputError(f"{found.truth} ends at {table[-1, 0]:g} ms; are its times in s, where ms is meant?")
        return Opened(pictures=read_frames(found.video), reference=ppg_of(found.truth, table[:, 3], table[:, 0] / 1000))


def _looks_like(raw: Path, patterns: Iterable[str]) -> bool:
    return any(path.is_dir() for pattern in patterns for path in raw.glob(pattern))
