"""UBFC-Phys (Meziati Sabour et al., 2021): ``s<N>/vid_s<N>_T<k>.avi`` at 35 Hz, ``bvp_s<N>_T<k>.csv`` at 64 Hz.

The table is one column without header, from a wristband; nothing says when it starts but the video's own start. T1 is
rest, T2 speech, T3 arithmetic. A toolbox leaves 67 of the videos out for their labels; here windows whose beats and
spectrum disagree are left out instead, and counted.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pulse8.learn.prepare.adapters.adapter import Found, Opened, even_ppg, folders, numbers
from pulse8.measure.video.decode import read_frames

LAYOUT: Final = "UBFC-Phys is s1/vid_s1_T1.avi and bvp_s1_T1.csv and so on; name their folder with --raw"
TASKS: Final = {"T1": "rest", "T2": "speech", "T3": "arithmetic"}
PPG_HZ: Final = 64.0


@dataclass(frozen=True)
class UbfcPhys:
    """A recording is there where its video or its table is."""

    name: str = "ubfc-phys"
    simulated: bool = False
    seen: str = "fixtures in its format"

    def find(self, raw: Path) -> list[Found]:
        """List the tasks of each subject, whole or not."""
        found = folders(raw, ("s[0-9]*/",), LAYOUT)
        return [_found(folder, task) for folder in found for task in TASKS if _is_there(folder, task)]

    def open(self, found: Found) -> Opened:
        """Read the wristband's PPG and open the video."""
        ppg = numbers(found.truth, "PPG table", columns=1)[:, 0]
        return Opened(pictures=read_frames(found.video), reference=even_ppg(found.truth, ppg, PPG_HZ))


def _is_there(folder: Path, task: str) -> bool:
    one = _found(folder, task)
    return one.video.is_file() or one.truth.is_file()


def _found(folder: Path, task: str) -> Found:
    name = f"{folder.name}_{task}"
    return Found(
        recording=name,
        subject=folder.name,
        video=folder / f"vid_{name}.avi",
        truth=folder / f"bvp_{name}.csv",
        conditions={"task": TASKS[task]},
    )
