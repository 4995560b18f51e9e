"""MMPD (Tang et al., EMBC 2023): ``subject<k>/p<k>_<0..19>.mat`` at 30 Hz, pictures and finger PPG in one file.

``video`` is [T, H, W, 3] in 0..1, 1.7 GB for a minute of 320x240, and comes whole into the memory of the process that
reads it (:mod:`.own_process`), as the format has no other way; it waits on disk, where temporary files go. Conditions
are texts and numbers in fields of their own; "Watching Videos" is an older name of Walking. The PPG has one sample a
frame, and trails or leads by up to 500 ms (issues 14 and 15 of the set's repository).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pulse8.learn.prepare.adapters.adapter import Found, Opened, even_ppg, files, samples_of
from pulse8.learn.prepare.adapters.own_process import Wanted, block_of, read_arrays
from pulse8.learn.prepare.adapters.pictures import read_array
from pulse8.manifest import existing_file

LAYOUT: Final = "MMPD is subject1/p1_0.mat and so on; name their folder with --raw"
RATE_HZ: Final = 30.0
MAX_BYTES: Final = 8_000_000_000
FIELDS: Final = ("light", "motion", "exercise", "skin_color", "gender", "glasser", "hair_cover", "makeup")
ARRAYS: Final = (("video",), ("GT_ppg",))
OLD_NAMES: Final = {"Watching Videos": "Walking"}


@dataclass(frozen=True)
class Mmpd:
    """Subject is the folder's name; a file is both video and truth."""

    name: str = "mmpd"
    simulated: bool = False
    seen: str = "fixtures in its format"

    def find(self, raw: Path) -> list[Found]:
        """List the files."""
        return [
            Found(recording=path.stem, subject=path.parent.name, video=path, truth=path)
            for path in files(raw, ("subject[0-9]*/p[0-9]*_[0-9]*.mat",), LAYOUT)
        ]

    def open(self, found: Found) -> Opened:
        """Read the file in a process of its own."""
        path = existing_file(found.truth, "MMPD file", "copy it again")
        file = read_arrays(path, Wanted(kind="mat", arrays=ARRAYS, most_bytes=MAX_BYTES, fields=FIELDS))
        video = file.arrays["video"]
        ppg = samples_of(path, file.arrays["GT_ppg"])
        rate_hz = len(ppg) * RATE_HZ / max(len(video), 1)  # one sample a frame; another rate spans the same time
        return Opened(
            pictures=read_array(lambda block: block_of(file, "video", block), video.shape, RATE_HZ, found.video),
            reference=even_ppg(found.truth, ppg, rate_hz),
            conditions={name: _condition(value) for name, value in file.fields.items()},
        )


def _condition(value: float | str) -> float | str | bool:
    """Return a condition; texts True and False become what they say."""
    if not isinstance(value, str):
        return value
    text = OLD_NAMES.get(value, value)
    return {"True": True, "False": False}.get(text, text)
