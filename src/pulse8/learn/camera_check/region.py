"""Parts of a video that hold no pulse: away from every face, plain, and steady."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.measure.clips.cells import area_means
from pulse8.measure.face.detector import Detector
from pulse8.measure.video.decode import read_frames
from pulse8.values import CELLS_PER_ROI, PIXEL_PARTS, ROI_NAMES, CellTraces, Rgb, Roi, Watch, unwatched

LOOK_EVERY: Final = 30
"""Frames between two searches for faces and plain parts: one second at 30 Hz."""

SIDE_SHARE: Final = 0.11
"""Side of a region over the picture's shorter side: about a cheek of a face that fills half the picture."""

FACE_GROWS: Final = 1.0
"""A face's box is widened by this many of its sides in each direction, for hair, ears and neck."""

LEVELS: Final = (25.0, 235.0)
"""Means outside these are too near black or white to follow the light."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Frames sampled from a video: pictures uint8 [H, W, 3] and faces' boxes (x0, y0, x1, y1) in px."""

    pictures: list[Rgb]
    faces: list[NDArray[np.float64]]


def pulse_free_regions(path: Path) -> tuple[Roi, ...]:
    """Find three parts of a video, each as large as a cheek, that are the plainest and steadiest away from faces.

    Raises
    ------
    InputError
        The video cannot be read, or faces or clipped light leave no room for three.
    """
    seen = _sample(path)
    ranked = sorted((_unrest(seen.pictures, roi), index, roi) for index, roi in enumerate(_candidates(seen)))
    chosen: list[Roi] = []
    for unrest, _, roi in ranked:
        if np.isfinite(unrest) and all(_apart(roi, other) for other in chosen):
            chosen.append(roi)
        if len(chosen) == len(ROI_NAMES):
            return tuple(chosen)
    raise InputError(
        f"{path} has no room for three plain parts away from faces; give one with --region x0 x1 y0 y1, or film a wall"
    )


def split_region(region: tuple[int, int, int, int]) -> tuple[Roi, ...]:
    """Return three adjacent parts of a region x0, x1, y0, y1 in px.

    Raises
    ------
    InputError
        It is too small.
    """
    x0, x1, y0, y1 = region
    if x1 - x0 < 3 * 4 or y1 - y0 < 4 or min(x0, y0) < 0:
        raise InputError(f"region {region} is too small; give x0 x1 y0 y1 in px, at least 12 wide and 4 high")
    edges = [PIXEL_PARTS * (x0 + index * (x1 - x0) // len(ROI_NAMES)) for index in range(len(ROI_NAMES) + 1)]
    return tuple(Roi(x0=left, x1=right, y0=PIXEL_PARTS * y0, y1=PIXEL_PARTS * y1) for left, right in pairwise(edges))


def region_traces(path: Path, rois: tuple[Roi, ...], watch: Watch[tuple[Rgb, float]] = unwatched) -> CellTraces:
    """Cell means of fixed regions, frame by frame, by the same exact sums as a face's.

    Raises
    ------
    InputError
        The video cannot be read, or a region reaches outside the picture.
    """
    frames = read_frames(path)
    rows, times_s = [], []
    for rgb, t_s in watch(frames, "frames", frames.count or 0):
        height, width = rgb.shape[:2]
        if any(roi.x1 > PIXEL_PARTS * width or roi.y1 > PIXEL_PARTS * height for roi in rois):
            raise InputError(f"the region reaches outside the picture of {width}x{height} px; give x0 x1 y0 y1 inside")
        rows.append([area_means(rgb, roi, 2).reshape(CELLS_PER_ROI, 3) for roi in rois])
        times_s.append(t_s)
    rgb_means = np.array(rows, np.float32).reshape(-1, len(ROI_NAMES), CELLS_PER_ROI, 3)
    return CellTraces(rgb_means, np.array(times_s), np.ones(rgb_means.shape[:2], np.bool_))


def _sample(path: Path) -> Samples:
    """Take one frame per second and find its faces."""
    detector = Detector()
    pictures = [rgb for rgb, _ in islice(read_frames(path), 0, None, LOOK_EVERY)]
    return Samples(pictures=pictures, faces=[face.box for rgb in pictures for face in detector.faces(rgb)])


def _candidates(seen: Samples) -> Iterator[Roi]:
    """Squares on a grid of half their side that touch no face."""
    height, width = seen.pictures[0].shape[:2]
    side = max(8, round(SIDE_SHARE * min(height, width)))
    grown = [_grown(box) for box in seen.faces]
    for y in range(0, height - side + 1, side // 2):
        for x in range(0, width - side + 1, side // 2):
            if all(x >= x1 or x + side <= x0 or y >= y1 or y + side <= y0 for x0, y0, x1, y1 in grown):
                yield Roi(PIXEL_PARTS * x, PIXEL_PARTS * (x + side), PIXEL_PARTS * y, PIXEL_PARTS * (y + side))


def _grown(box: NDArray[np.float64]) -> NDArray[np.float64]:
    side = FACE_GROWS * float(np.max(box[2:] - box[:2]))
    return box + side * np.array([-1, -1, 1, 1])


def _unrest(pictures: list[Rgb], roi: Roi) -> float:
    """Change between samples plus a tenth of the texture, over the level; infinite where it is too dark or bright."""
    y0, y1, x0, x1 = (edge // PIXEL_PARTS for edge in (roi.y0, roi.y1, roi.x0, roi.x1))
    parts = np.array([rgb[y0:y1, x0:x1].reshape(-1, 3) for rgb in pictures], np.float64)
    means = parts.mean(axis=1)
    if means.min() < LEVELS[0] or means.max() > LEVELS[1]:
        return float("inf")
    return float(((means.std(axis=0) + 0.1 * parts[0].std(axis=0)) / means.mean(axis=0)).mean())


def _apart(one: Roi, other: Roi) -> bool:
    return one.x0 >= other.x1 or other.x0 >= one.x1 or one.y0 >= other.y1 or other.y0 >= one.y1
