"""PURE (Stricker et al., RO-MAN 2014): lossless pictures at 30 Hz and a finger's PPG at 60 Hz, both stamped in ns.

``01-01/`` is subject 01 in setup 01; in it a folder ``01-01`` of ``Image<ns>.png``, and ``01-01.json`` with
``/FullPackage``, a list of ``{Timestamp, Value: {waveform, pulseRate, o2saturation ...}}``. Some copies have the json
beside the folder, or the pictures without the inner one.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.prepare.adapters.adapter import Found, Opened, folders, ppg_of, text_of
from pulse8.learn.prepare.adapters.pictures import read_pictures

LAYOUT: Final = "PURE is 01-01/01-01/Image<ns>.png and 01-01/01-01.json and so on; name their folder with --raw"
SETUPS: Final = ("steady", "talking", "slow translation", "fast translation", "small rotation", "medium rotation")
STAMP: Final = re.compile(r"Image(\d{1,19})\.png", re.ASCII)
NANOSECONDS: Final = 1e9


@dataclass(frozen=True)
class Pure:
    """Times are counted from the first picture; they are subtracted as integers, before they become seconds."""

    name: str = "pure"
    simulated: bool = False
    seen: str = "fixtures in its format"

    def find(self, raw: Path) -> list[Found]:
        """List the recordings' folders, whole or not."""
        return [_found(raw, folder) for folder in folders(raw, ("[0-9][0-9]-[0-9][0-9]/",), LAYOUT)]

    def open(self, found: Found) -> Opened:
        """Read the PPG and list the pictures."""
        stamped = sorted((int(m[1]), path) for path in found.video.glob("*.png") if (m := STAMP.fullmatch(path.name)))
        if not stamped:
            raise InputError(f"{found.video} holds no Image<ns>.png; copy it again")
        start_ns = stamped[0][0]
        t_s = np.array([(stamp_ns - start_ns) / NANOSECONDS for stamp_ns, _ in stamped])
        ppg, ppg_s = _read_json(found.truth, start_ns)
        return Opened(
            pictures=read_pictures([path for _, path in stamped], t_s, found.video),
            reference=ppg_of(found.truth, ppg, ppg_s),
        )


def _found(raw: Path, folder: Path) -> Found:
    subject, setup = folder.name.split("-")
    inner, beside = folder / folder.name, raw / f"{folder.name}.json"
    inside = folder / f"{folder.name}.json"
    number = int(setup)
    known = 1 <= number <= len(SETUPS)
    return Found(
        recording=folder.name,
        subject=subject,
        video=inner if inner.is_dir() or not any(folder.glob("*.png")) else folder,
        truth=beside if beside.is_file() and not inside.is_file() else inside,
        conditions={"setup": SETUPS[number - 1] if known else setup},
    )


def _read_json(path: Path, start_ns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    try:
        packages = json.loads(text_of(path, "PURE's json"))["/FullPackage"]
        t_s = [(int(package["Timestamp"]) - start_ns) / NANOSECONDS for package in packages]
        ppg = [float(package["Value"]["waveform"]) for package in packages]
        return np.array(ppg), np.array(t_s)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise InputError(f"{path} has no /FullPackage of Timestamp and waveform ({error}); copy it again") from error
