"""The values that several wings share: what flows along the measure line and the build line.

Arrays have stated shapes, dtypes and units. An unknown value is ``None`` with a reason, never a plausible number.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.times import refuse_time, refuse_times

ROI_NAMES: Final = ("forehead", "left cheek", "right cheek")
"""ROI order everywhere; left and right are the subject's own."""

CELLS_PER_ROI: Final = 4
"""Row-major 2x2, split at the middle."""

SIMULATED: Final = "sim-"
"""Prefix of every simulated subject's id."""

Item = TypeVar("Item")
Watch = Callable[[Iterable[Item], str, int], Iterable[Item]]
"""Yields the items and shows progress: (items, what they are, how many)."""


def unwatched(items: Iterable[Item], _what: str, _count: int) -> Iterable[Item]:
    """Yield the items and show nothing."""
    return items


class Reason(StrEnum):
    """Why there is no heart rate."""

    CLIPPED = "too dark or too bright"
    NO_COLOUR = "no colour"
    NO_FACE = "no face"
    NO_PULSE = "no pulse"
    OUTSIDE = "ROI outside the picture"
    TILTED = "head tilted"
    TOO_FEW = "too few frames"
    TOO_SHORT = "too short"
    TOO_SMALL = "face too small"


Rgb = NDArray[np.uint8]
"""A picture: uint8 [height, width, 3], red green blue."""


class LazyPicture(Protocol):
    """A picture whose colours are worked out where they are looked at; ``numpy.asarray`` gives it whole."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Height and width in px, and 3."""

    def __getitem__(self, part: tuple[slice, slice]) -> Rgb:
        """Colours of a part: rows and columns."""

    def __array__(self, dtype: None = None, copy: bool | None = None) -> Rgb:
        """All of its colours."""

    def grey(self, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """Brightness of a part, uint8 [rows, columns], on a scale of its own."""


Picture = Rgb | LazyPicture
"""Both have a ``shape`` and give their colours by rows and columns."""

PIXEL_PARTS: Final = 16
"""ROI edges are counted in sixteenths of a pixel."""


@dataclass(frozen=True, eq=False)
class Frames:
    """A video, read once.

    Attributes
    ----------
    source
        What was read, for messages.
    rate_hz
        The frame rate stated in the file, or ``None``. Times come from ``stream`` alone.
    count
        The number of frames stated in the file, or ``None``.
    stream
        Pictures with their times in seconds, strictly increasing: the container's own timestamps. Iterating gives
        them as arrays.
    """

    source: str
    rate_hz: float | None
    count: int | None
    stream: Iterator[tuple[Picture, float]]

    def __iter__(self) -> Iterator[tuple[Rgb, float]]:
        return ((np.asarray(picture), t_s) for picture, t_s in self.stream)


@dataclass(frozen=True)
class Roi:
    """An axis-aligned rectangle: edges in 1/16 px from the picture's left and top edge; may reach outside it."""

    x0: int
    x1: int
    y0: int
    y1: int

    def __post_init__(self) -> None:
        if not (self.x0 < self.x1 and self.y0 < self.y1):
            raise InputError(f"ROI {self} is empty; its edges must rise")


@dataclass(frozen=True, eq=False)
class TrackedFrame:
    """One frame with its ROIs, or the reason why there are none.

    Attributes
    ----------
    picture, t_s
        The picture and its time in seconds; ``rgb`` is the picture as an array.
    rois
        One rectangle per ROI, in ROI order; ``None`` with ``missing`` where there are none.
    missing
        Why there are no ROIs.
    roll_deg
        In-plane rotation of the head, clockwise on the picture.
    other_faces
        How many more faces the frame shows, beside the one that is tracked.
    place
        Which of them it is, counted from the picture's left: the leftmost is 1.
    points
        float32 [N, 2], px: landmarks of the face, for pictures.
    """

    picture: Picture
    t_s: float
    rois: tuple[Roi, ...] | None
    missing: Reason | None = None
    roll_deg: float = 0.0
    other_faces: int = 0
    place: int = 1
    points: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        refuse_time(self.t_s)
        if (self.rois is None) == (self.missing is None):
            raise InputError("a tracked frame has either ROIs or a reason why there are none")

    @property
    def rgb(self) -> Rgb:
        """The picture, uint8 [height, width, 3]."""
        return np.asarray(self.picture)


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """A video with its ROIs, read once: ``source`` as in :class:`Frames`."""

    source: str
    stream: Iterator[TrackedFrame]

    def __iter__(self) -> Iterator[TrackedFrame]:
        return self.stream


@dataclass(frozen=True)
class SeenFaces:
    """How many faces were in sight at once, at most; ``place``: which of them was measured then, 1 is the leftmost.

    ``None`` where none of them was.
    """

    most: int
    place: int | None


@dataclass(frozen=True, eq=False)
class CellTraces:
    """Mean skin colour over time.

    Attributes
    ----------
    rgb
        float32 [T, 3 ROIs, 4 cells, 3 channels], 0..255.
    t_s
        float64 [T], seconds, strictly increasing.
    valid
        bool [T, 3]: whether the ROI could be measured in that frame.
    pixels
        float32 [T, 3]: area of each ROI in px; ``None`` where that is not known.
    reasons
        For each reason, in how many frames an ROI was missing or not valid.
    faces
        How many faces a video showed; ``None`` where that is not known.
    """

    rgb: NDArray[np.float32]
    t_s: NDArray[np.float64]
    valid: NDArray[np.bool_]
    pixels: NDArray[np.float32] | None = None
    reasons: Mapping[Reason, int] = field(default_factory=dict)
    faces: SeenFaces | None = None

    def __post_init__(self) -> None:
        frames = len(self.t_s)
        if self.rgb.shape != (frames, len(ROI_NAMES), CELLS_PER_ROI, 3) or self.valid.shape != (frames, len(ROI_NAMES)):
            raise InputError(f"cell traces of {frames} frames have shapes {self.rgb.shape} and {self.valid.shape}")
        refuse_times(self.t_s)


@dataclass(frozen=True, eq=False)
class Clip:
    """One window of normalised cell colours: the input of a network.

    Attributes
    ----------
    samples
        float32 [1, 3 colour differences, 12 cells, window], clipped; zeros for a cell that could not be measured.
    scale
        float32 [3, 12]: the divisors, as a share of the cell's mean colour; 0 where the cell could not be measured.
    valid_share
        float32 [12]: share of the window's frames in which the cell was measured.
    start_s
        Time of the first sample, seconds.
    """

    samples: NDArray[np.float32]
    scale: NDArray[np.float32]
    valid_share: NDArray[np.float32]
    start_s: float


@dataclass(frozen=True)
class NoClip:
    """A window that yields no clip, and the reason."""

    reason: Reason
    start_s: float


@dataclass(frozen=True, eq=False)
class Waveform:
    """A pulse wave: float32 [N] samples without a unit, at ``rate_hz``; the first is at ``start_s``."""

    samples: NDArray[np.float32]
    rate_hz: float
    start_s: float

    @property
    def end_s(self) -> float:
        """Seconds at which the last sample's interval ends."""
        return self.start_s + len(self.samples) / self.rate_hz


@dataclass(frozen=True, kw_only=True)
class HeartRate:
    """A rate in beats per minute, or ``None`` with the reason.

    ``confidence`` is 0..1; ``resolution_bpm`` is 60 divided by the window's length: two rates closer than that share
    one peak in the spectrum. ``provisional`` marks a reading from a window that is not yet full.
    """

    bpm: float | None
    reason: Reason | None = None
    confidence: float
    resolution_bpm: float
    start_s: float
    end_s: float
    provisional: bool = False

    def __post_init__(self) -> None:
        if (self.bpm is None) == (self.reason is None):
            raise InputError("a heart rate is either a number or a reason why there is none")
