"""iBVP (Joshi and Cho, Electronics 2024): ``p01_a/p01_a_rgb/*.bmp`` at 30 Hz, ``p01_a/p01_a_bvp.csv`` one row a frame.

The table has a header; its columns BVP, SQPhysMD, SQ1, SQ2, Perfusion are the PPG, three marks of its quality and the
perfusion. Thermal pictures (``*_t/*.raw``) are not read. A toolbox deletes frames of low quality, which leaves gaps in
time; here nothing is deleted: a window whose beats and spectrum disagree has no label.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from pulse8.errors import InputError
from pulse8.learn.prepare.adapters.adapter import Found, Opened, even_ppg, folders
from pulse8.learn.prepare.adapters.pictures import read_pictures
from pulse8.learn.prepare.adapters.tables import read_table

LAYOUT: Final = "iBVP is p01_a/p01_a_rgb/*.bmp and p01_a/p01_a_bvp.csv and so on; name their folder with --raw"
RATE_HZ: Final = 30.0
SESSION: Final = re.compile(r"(p\d+)_([a-z])", re.ASCII)


@dataclass(frozen=True)
class Ibvp:
    """Pictures are in the order of the numbers in their names."""

    name: str = "ibvp"
    simulated: bool = False
    seen: str = "fixtures in its format"

    def find(self, raw: Path) -> list[Found]:
        """List the sessions' folders, whole or not."""
        found = [folder for folder in folders(raw, ("p[0-9]*_[a-z]/",), LAYOUT) if SESSION.fullmatch(folder.name)]
        return [
            Found(
                recording=folder.name,
                subject=folder.name.split("_")[0],
                video=next(iter(sorted(folder.glob("*_rgb/"))), folder / f"{folder.name}_rgb"),
                truth=next(iter(sorted(folder.glob("*_bvp.csv"))), folder / f"{folder.name}_bvp.csv"),
                conditions={"session": folder.name.split("_")[1]},
            )
            for folder in found
        ]

    def open(self, found: Found) -> Opened:
        """Read the PPG and list the pictures."""
        table = read_table(found.truth, ("BVP",), ("SQ1", "SQ2"))
        pictures = sorted(found.video.glob("*.bmp"), key=_number)
        if not pictures:
            raise InputError(f"{found.video} holds no .bmp pictures; copy it again")
        quality = {f"mean {name}": float(table[name].mean()) for name in ("SQ1", "SQ2") if name in table}
        return Opened(
            pictures=read_pictures(pictures, np.arange(len(pictures)) / RATE_HZ, found.video),
            reference=even_ppg(found.truth, table["BVP"], RATE_HZ),
            conditions=quality,
        )


def _number(path: Path) -> tuple[int, str]:
    digits = re.findall(r"\d+", path.stem)
    return int(digits[-1]) if digits else -1, path.name
