"""Data and calibration files of either kind, as the file itself states: the guide's patches (.pt) or clips (.npz)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pulse8.learn.formats import clips, guide_pt
from pulse8.learn.formats.calibration import CalibrationSet
from pulse8.learn.formats.clips import ClipData
from pulse8.learn.formats.guide_pt import GuideData


def open_data(path: Path) -> GuideData | ClipData:
    """Open windows with labels; raises ``InputError`` as the kind's own reader does."""
    return clips.open_clips(path) if clips.is_clip_file(path) else guide_pt.open_guide_data(path)


def write_calibration(path: Path, data: GuideData | ClipData, indices: NDArray[np.int64], source_sha256: str) -> None:
    """Copy the windows at ``indices`` to a calibration file of the data's own kind."""
    if isinstance(data, ClipData):
        clips.write_calibration(path, data, indices, source_sha256)
    else:
        guide_pt.write_calibration(path, data, indices, source_sha256)


def open_calibration(path: Path) -> CalibrationSet:
    """Open a calibration file; raises ``InputError`` as the kind's own reader does."""
    return clips.open_calibration(path) if clips.is_clip_file(path) else guide_pt.open_calibration(path)
