"""COHFACE (Heusch et al., 2017): ``<1..40>/<0..3>/data.avi`` (or .mkv) at 20 Hz and ``data.hdf5`` at 256 Hz.

MPEG-4 under 2 MB a minute: hardly any pulse survives in it. Sessions 0 and 1 are lit by a studio lamp, 2 and 3 by the
window. ``time`` is in seconds from the video's start.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pulse8.learn.prepare.adapters.adapter import MAX_SAMPLES, Found, Opened, folders, ppg_of, samples_of
from pulse8.learn.prepare.adapters.hdf5 import read_hdf5
from pulse8.measure.video.decode import read_frames

LAYOUT: Final = "COHFACE is 1/0/data.avi and data.hdf5 and so on; name their folder with --raw"
VIDEOS: Final = ("data.avi", "data.mkv", "data_fixed.mkv")
STUDIO: Final = ("0", "1")


@dataclass(frozen=True)
class Cohface:
    """Subject and session are the two folders' names."""

    name: str = "cohface"
    simulated: bool = False
    seen: str = "fixtures in its format"

    def find(self, raw: Path) -> list[Found]:
        """List the sessions' folders, whole or not."""
        return [
            Found(
                recording=f"{folder.parent.name}-{folder.name}",
                subject=folder.parent.name,
                video=next((folder / name for name in VIDEOS if (folder / name).is_file()), folder / VIDEOS[0]),
                truth=folder / "data.hdf5",
                conditions={"light": "studio" if folder.name in STUDIO else "natural"},
            )
            for folder in folders(raw, ("[0-9]/[0-3]/", "[0-9][0-9]/[0-3]/"), LAYOUT)
        ]

    def open(self, found: Found) -> Opened:
        """Read pulse and time, and open the video."""
        file = read_hdf5(found.truth, ("pulse",), ("time",), most_bytes=8 * MAX_SAMPLES)
        ppg, t_s = (samples_of(found.truth, file.arrays[name]) for name in ("pulse", "time"))
        return Opened(pictures=read_frames(found.video), reference=ppg_of(found.truth, ppg, t_s))
