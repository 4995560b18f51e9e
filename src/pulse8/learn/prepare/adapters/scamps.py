"""SCAMPS (McDuff et al., NeurIPS 2022): ``P000001.mat``, 2,800 synthetic people, 600 frames at 30 Hz.

The files are MATLAB's v7.3, which is HDF5 with the axes turned round: ``RawFrames`` (or the cropped ``Xsub``) is
[3, W, H, T] there, in 0..1, and ``d_ppg`` the pulse that was drawn into the skin. Pictures wait on disk, where
temporary files go. Its people are simulated.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pulse8.learn.prepare.adapters.adapter import Found, Opened, even_ppg, files, samples_of
from pulse8.learn.prepare.adapters.hdf5 import read_hdf5
from pulse8.learn.prepare.adapters.own_process import block_of
from pulse8.learn.prepare.adapters.pictures import read_array
from pulse8.values import SIMULATED

LAYOUT: Final = "SCAMPS is P000001.mat and so on, or the same in Train, Val and Test; name their folder with --raw"
RATE_HZ: Final = 30.0
PICTURES: Final = ("RawFrames", "Xsub")
MAX_BYTES: Final = 8_000_000_000


@dataclass(frozen=True)
class Scamps:
    """Every file is a person of its own."""

    name: str = "scamps"
    simulated: bool = True
    seen: str = "fixtures in its format"

    def find(self, raw: Path) -> list[Found]:
        """List the files."""
        return [
            Found(recording=path.stem, subject=SIMULATED + path.stem, video=path, truth=path)
            for path in files(raw, ("P[0-9]*.mat", "*/P[0-9]*.mat"), LAYOUT)
        ]

    def open(self, found: Found) -> Opened:
        """Read pulse and pictures in a process of their own."""
        file = read_hdf5(found.truth, ("d_ppg",), PICTURES, most_bytes=MAX_BYTES)
        shape = file.arrays[PICTURES[0]].shape
        return Opened(
            pictures=read_array(lambda block: block_of(file, PICTURES[0], block), shape, RATE_HZ, found.video),
            reference=even_ppg(found.truth, samples_of(found.truth, file.arrays["d_ppg"]), RATE_HZ),
        )
