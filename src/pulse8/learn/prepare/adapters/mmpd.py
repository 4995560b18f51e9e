"""MMPD (Tang et al., EMBC 2023): ``subject<k>/p<k>_<0..19>.mat`` at 30 Hz, pictures and finger PPG in one file.

``video`` is [T, H, W, 3] in 0..1 and comes whole into memory, as the format has no other way: 1.7 GB for a minute of
320x240. Conditions are texts and numbers in fields of their own; "Watching Videos" is an older name of Walking. The PPG
has one sample a frame, and trails or leads by up to 500 ms (issues 14 and 15 of the set's repository).
"""

import struct
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
import scipy.io
from numpy.typing import NDArray

from pulse8.errors import InputError, one_line
from pulse8.learn.prepare.adapters.adapter import Found, Opened, even_ppg, files
from pulse8.learn.prepare.adapters.pictures import read_array
from pulse8.manifest import existing_file

LAYOUT: Final = "MMPD is subject1/p1_0.mat and so on; name their folder with --raw"
RATE_HZ: Final = 30.0
MAX_BYTES: Final = 8_000_000_000
FIELDS: Final = ("light", "motion", "exercise", "skin_color", "gender", "glasser", "hair_cover", "makeup")
READ: Final = ("video", "GT_ppg", *FIELDS)
OLD_NAMES: Final = {"Watching Videos": "Walking"}
DAMAGED: Final = (
    *(ValueError, TypeError, LookupError, OSError, NotImplementedError, ArithmeticError, MemoryError),
    *(NameError, AttributeError, EOFError, RecursionError, struct.error),
)
"""What the reader was seen to raise on damaged or hostile bytes."""


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
        """Read the file whole."""
        tree = _read(existing_file(found.truth, "MMPD file", "copy it again"))
        video = tree["video"]
        ppg = np.asarray(tree["GT_ppg"], np.float64).reshape(-1)
        rate_hz = len(ppg) * RATE_HZ / max(len(video), 1)  # one sample a frame; another rate spans the same time
        return Opened(
            pictures=read_array(lambda block: video[block], video.shape, RATE_HZ, found.video),
            reference=even_ppg(found.truth, ppg, rate_hz),
            conditions={field: value for field in FIELDS if (value := _condition(tree.get(field))) is not None},
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        sizes = {name: (shape, kind) for name, shape, kind in scipy.io.whosmat(path)}
        absent = {"video", "GT_ppg"} - set(sizes)
        counts = {name: float(np.prod([float(n) for n in shape])) for name, (shape, _) in sizes.items()}
        largest, count = max(((name, counts.get(name, 0)) for name in READ), key=itemgetter(1))
        if not absent and count * 8 <= MAX_BYTES:
            return dict(scipy.io.loadmat(path, variable_names=READ))
    except DAMAGED as error:
        raise InputError(f"{path} cannot be read as a .mat file ({one_line(error)}); copy it again") from error
    except Exception as error:  # the reader has errors of its own class, and zlib's
        if type(error).__module__.split(".")[0] not in ("scipy", "zlib"):
            raise
        raise InputError(f"{path} cannot be read as a .mat file ({one_line(error)}); copy it again") from error
    fault = f"has no {' and '.join(sorted(absent))}" if absent else f"claims {count:,.0f} values of {largest}"
    raise InputError(f"{path} {fault}; copy it again")


def _condition(field: NDArray[Any] | None) -> float | str | bool | None:
    """Return a field's one text or number; texts True and False become what they say."""
    values = np.asarray(field).reshape(-1)
    if field is None or len(values) != 1:
        return None
    value = values[0].item() if hasattr(values[0], "item") else values[0]
    text = OLD_NAMES.get(str(value), str(value))
    return {"True": True, "False": False}.get(text, text) if isinstance(value, str) else float(value)
