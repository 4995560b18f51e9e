"""MCD-rPPG (Egorov et al., 2025; CC-BY-4.0): 600 people before and after exercise, each by three cameras at once.

``video/<id>_<camera>_<state>.avi``; ``meta/`` of the same name in .txt has a frame's number and its time of day on each
line; ``ppg_sync/`` the PPG at each frame and, in a second column, how far its own time is from the frame's. Frame times
come from ``meta``: cameras run at 24 or 31 Hz with gaps of 48 ms, whatever the container says.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.prepare.adapters.adapter import Found, Opened, files, numbers, ppg_of, text_of
from pulse8.learn.prepare.adapters.stamped import stamped

LAYOUT: Final = "MCD-rPPG is video/1020_USBVideo_before.avi, ppg_sync/ and meta/ of the same names in .txt; name --raw"
NAME: Final = re.compile(r"(\d+)_([^_]+)_(before|after)", re.ASCII)


@dataclass(frozen=True)
class McdRppg:
    """Subject, camera and state are the parts of a file's name."""

    name: str = "mcd-rppg"
    simulated: bool = False
    seen: str = "fixtures in its format"

    def find(self, raw: Path) -> list[Found]:
        """List the recordings of which there is a video or a PPG."""
        names = {path.stem for path in files(raw, ("video/*.avi", "ppg_sync/*.txt"), LAYOUT)}
        parts = sorted((match for name in names if (match := NAME.fullmatch(name))), key=lambda m: (int(m[1]), m[0]))
        return [
            Found(
                recording=match[0],
                subject=match[1],
                video=raw / "video" / f"{match[0]}.avi",
                truth=raw / "ppg_sync" / f"{match[0]}.txt",
                others=(raw / "meta" / f"{match[0]}.txt",),
                conditions={"camera": match[2], "after exercise": match[3] == "after"},
            )
            for match in parts
        ]

    def open(self, found: Found) -> Opened:
        """Read times and PPG, one of each a frame, and open the video."""
        t_s = _times_s(found.others[0])
        ppg = numbers(found.truth, "PPG table", columns=1, comma=False)[:, 0]
        if abs(len(ppg) - len(t_s)) > 1:
            raise InputError(f"{found.truth} has {len(ppg)} rows and {found.others[0]} {len(t_s)}; copy them again")
        count = min(len(ppg), len(t_s))
        return Opened(
            pictures=stamped(found.video, t_s, found.others[0]),
            reference=ppg_of(found.truth, ppg[:count], t_s[:count]),
        )


def _times_s(path: Path) -> NDArray[np.float64]:
    """Frame times in seconds from the first one."""
    stamps = []
    for line in filter(str.strip, text_of(path, "frame times").splitlines()):
        try:
            stamps.append(datetime.fromisoformat(line.split(maxsplit=1)[1].strip()).replace(tzinfo=UTC))
        except (ValueError, IndexError) as error:
            raise InputError(f"{path}: {line[:60]!r} is no frame number and time of day; copy it again") from error
    return np.array([(stamp - stamps[0]).total_seconds() for stamp in stamps])
