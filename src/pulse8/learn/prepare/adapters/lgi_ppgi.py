"""LGI-PPGI (Pilz et al., CVPRW 2018): ``<id>/<id>_<session>/`` with a video at 25 Hz and a finger's PPG at 60 Hz.

``cv_camera_sensor_stream_handler.avi``; ``cv_camera_sensor_timer_stream_handler.xml`` has a frame's time in ms in
``value1``, ``cms50_stream_handler.xml`` the PPG in ``value2``. The PPG is started first and both are stopped together:
what it has more than the video goes from its start.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.prepare.adapters.adapter import Found, Opened, folders, ppg_of, text_of
from pulse8.learn.prepare.adapters.stamped import stamped

LAYOUT: Final = (
    "LGI-PPGI is alex/alex_resting/cv_camera_sensor_stream_handler.avi, cms50_stream_handler.xml and "
    "cv_camera_sensor_timer_stream_handler.xml and so on; name their folder with --raw"
)
VIDEO: Final = "cv_camera_sensor_stream_handler.avi"
TIMER: Final = "cv_camera_sensor_timer_stream_handler.xml"
PPG: Final = "cms50_stream_handler.xml"
PPG_HZ: Final = 60.0
EARLIEST_S: Final = -1.0
"""A PPG that is shorter than the video by more is cut, and its start is not known."""


@dataclass(frozen=True)
class LgiPpgi:
    """Subject and session are the parts of the folder's name."""

    name: str = "lgi-ppgi"
    simulated: bool = False
    seen: str = "fixtures in its format"

    def find(self, raw: Path) -> list[Found]:
        """List the sessions' folders, whole or not."""
        found = [
            folder for folder in folders(raw, ("*/*_*/",), LAYOUT) if folder.name.startswith(f"{folder.parent.name}_")
        ]
        if not found:
            raise InputError(f"no recordings at {raw}; {LAYOUT}")
        return [
            Found(
                recording=folder.name,
                subject=folder.parent.name,
                video=folder / VIDEO,
                truth=folder / PPG,
                others=(folder / TIMER,),
                conditions={"session": folder.name.removeprefix(f"{folder.parent.name}_")},
            )
            for folder in found
        ]

    def open(self, found: Found) -> Opened:
        """Read times and PPG, and open the video."""
        frame_s = values(found.others[0], "value1") / 1000
        ppg = values(found.truth, "value2")
        first_s, last_s = (float(frame_s[0]), float(frame_s[-1])) if len(frame_s) else (0.0, 0.0)
        ahead_s = len(ppg) / PPG_HZ - last_s
        if ahead_s < EARLIEST_S:
            raise InputError(f"{found.truth} is {-ahead_s:.1f} s shorter than its video; copy it again")
        return Opened(
            pictures=stamped(found.video, frame_s - first_s, found.others[0]),
            reference=ppg_of(found.truth, ppg, np.arange(len(ppg)) / PPG_HZ - ahead_s - first_s),
        )


def values(path: Path, tag: str) -> NDArray[np.float64]:
    """Read the numbers in all elements of a name, float64 [N], without parsing what else the file may hold."""
    found = re.findall(rf"<{tag}>\s*([^<\s]{{1,40}})\s*</{tag}>", text_of(path, "LGI-PPGI's xml"))
    try:
        return np.array(found, np.float64)
    except ValueError as error:
        raise InputError(f"{path}: a {tag} is no number ({error}); copy it again") from error
