"""A real face with a known pulse, known motion and known picture quality, as frames or as a UBFC DATASET_2 folder.

The face is scikit-image's photograph of the astronaut Eileen Collins (NASA, public domain). Its skin is tinted by the
pulse; the picture is moved by a similarity transform, gets a slow drift of light and sensor noise, and is rounded to
bytes. The motion is rigid, without speech or head turns: easier to track than a real face (docs/decisions/0012).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError, SpecError, ToolchainError
from pulse8.manifest import existing_file, writing
from pulse8.measure.face.detector import Detector
from pulse8.measure.video.encode import RAW_AVI, Encoding, write_video
from pulse8.measure.video.picture import read_picture
from pulse8.values import Frames, Rgb

PULSE_RGB: Final = (0.43, 1.0, 0.69)
"""Relative pulsatile strength in red, green and blue (reference clip of the face trials; compare de Haan 2014)."""

Backdrop = Literal["face", "wall"]

WALL_RGB: Final = (150.0, 140.0, 125.0)
"""A wall in 8-bit levels; it has no pulse, whatever the options."""

FACE_CENTRE: Final = (223.0, 115.0)
FACE_AXES: Final = (58.0, 82.0)
"""The face's ellipse in the photograph, px."""

SIDE_PX: Final = 512
FACE_BOX_PX: Final = 100.0
"""Side of the scene, and of the detector's box about the face in it."""

SHIFT_PX: Final = 200
"""Each frame's noise is cut from one of 40,000 places in a larger noise field."""


@dataclass(frozen=True, kw_only=True)
class FaceVideo:
    """One recording.

    Attributes
    ----------
    seconds, rate_hz
        Its length and nominal frame rate.
    width, height, zoom
        Picture size in px and how much the 512 px photograph is enlarged.
    bpm, pulse_share
        Heart rate, and peak change of green on skin as a share of its level.
    motion_px, roll_deg, scale_share
        Amplitudes of slow swaying, head roll and distance; all slower than 0.25 Hz.
    exposure, light_share, noise_levels
        Brightness as a share of the photograph's, whose red is close to clipping; amplitude of the slow drift of light;
        standard deviation of sensor noise in 8-bit levels.
    uneven
        Share of the frame interval by which frame times vary (variable frame rate), below 0.5.
    seed
        Seed of noise and uneven times.
    backdrop, image
        A face or a plain wall; the face's photograph, by default the astronaut's.
    """

    seconds: float = 10.0
    rate_hz: Fraction = Fraction(30)
    width: int = 640
    height: int = 480
    zoom: float = 1.5
    bpm: float = 78.0
    pulse_share: float = 0.0075
    motion_px: float = 16.0
    roll_deg: float = 3.0
    scale_share: float = 0.03
    exposure: float = 0.8
    light_share: float = 0.04
    noise_levels: float = 1.5
    uneven: float = 0.0
    seed: int = 0
    backdrop: Backdrop = "face"
    image: Path | None = None

    def __post_init__(self) -> None:
        if not (self.seconds > 0 and 1 <= self.rate_hz <= 1000 and 0 <= self.uneven < 0.5):
            raise SpecError(f"simulated recording of {self.seconds} s at {self.rate_hz} Hz, uneven by {self.uneven}")

    @property
    def count(self) -> int:
        """Number of frames."""
        return max(1, round(self.seconds * self.rate_hz))

    def times_s(self) -> NDArray[np.float64]:
        """Frame times, float64 [count], seconds from 0."""
        even = np.arange(self.count) / float(self.rate_hz)
        jitter = np.random.default_rng(self.seed + 1).uniform(-1, 1, self.count) * self.uneven / float(self.rate_hz)
        return even + np.where(np.arange(self.count) == 0, 0.0, jitter)

    def pulse(self, t_s: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Return the pulse wave at given times, peak about 1: a beat with a weaker second harmonic."""
        phase = 2 * np.pi * self.bpm / 60 * np.asarray(t_s, np.float64)
        return (np.sin(phase) + 0.2 * np.sin(2 * phase + 0.6)) / 1.1

    def pose(self, t_s: float) -> NDArray[np.float64]:
        """Return the known motion: float64 [2, 3], photograph px to picture px."""
        sway = [math.sin(2 * math.pi * hz * t_s + start) for hz, start in ((0.11, 0), (0.17, 1), (0.13, 2), (0.07, 3))]
        scale = self.zoom * (1 + self.scale_share * sway[3])
        angle = math.radians(self.roll_deg * sway[2])
        turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        centre = np.array([self.width / 2 + self.motion_px * sway[0], self.height * 0.36 + self.motion_px * sway[1]])
        return np.column_stack([turn, centre - turn @ np.array(FACE_CENTRE)])


def render(video: FaceVideo) -> Frames:
    """Render a recording frame by frame.

    Raises
    ------
    ToolchainError
        scikit-image is not installed.
    InputError
        The photograph cannot be read or shows no face.
    """
    name = f"simulated {video.backdrop}, {video.bpm:g} BPM"
    return Frames(source=name, rate_hz=float(video.rate_hz), count=video.count, stream=_pictures(video))


def _pictures(video: FaceVideo) -> Iterator[tuple[Rgb, float]]:
    photograph, tint = _scene(video)
    rng = np.random.default_rng(video.seed)
    grain = (
        rng.normal(0, 1, (video.height + SHIFT_PX, video.width + SHIFT_PX, 3)).astype(np.float32) * video.noise_levels
    )
    for t_s in video.times_s():
        light = video.exposure * (1 + video.light_share * math.sin(2 * math.pi * 0.05 * t_s))
        lit = photograph + float(video.pulse_share * video.pulse(t_s)) * tint
        moved = cv2.warpAffine(
            lit, video.pose(t_s), (video.width, video.height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
        # A random crop of the same noise field is new noise for every pixel, at a hundredth of the cost.
        y, x = rng.integers(0, SHIFT_PX, 2)
        noisy = light * moved + grain[y : y + video.height, x : x + video.width]
        yield np.clip(np.rint(noisy), 0, 255).astype(np.uint8), float(t_s)


def _scene(video: FaceVideo) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the scene and what a full pulse adds to it: float32 [512, 512, 3] in 8-bit levels."""
    if video.backdrop == "wall":
        wall = np.broadcast_to(np.array(WALL_RGB, np.float32), (SIDE_PX, SIDE_PX, 3)).copy()
        return wall, np.zeros_like(wall)
    return _tinted(portrait(video.image)) if video.image else _photograph()


@cache
def _photograph() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return _tinted(astronaut())


def _tinted(photograph: Rgb) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a photograph whose face lies in the ellipse, and what a full pulse adds to it."""
    y, x = np.mgrid[: photograph.shape[0], : photograph.shape[1]]
    inside = ((x - FACE_CENTRE[0]) / FACE_AXES[0]) ** 2 + ((y - FACE_CENTRE[1]) / FACE_AXES[1]) ** 2 < 1
    skin = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 4)
    levels = photograph.astype(np.float32)
    return levels, levels * skin[..., None] * np.array(PULSE_RGB, np.float32)


def portrait(path: Path) -> Rgb:
    """Read a photograph and move its largest face to the ellipse, uint8 [512, 512, 3].

    Raises
    ------
    InputError
        It is not a picture, or it shows no face.
    """
    existing_file(path, "photograph", "give a picture of a face such as .jpg or .png")
    rgb = read_picture(path, "give a .jpg or .png")
    faces = Detector().faces(rgb)
    if not faces:
        raise InputError(f"no face in {path}; give a picture of one upright face")
    scale = FACE_BOX_PX / faces[0].side_px
    shift = np.array(FACE_CENTRE) - scale * faces[0].centre
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    # Area averaging when shrinking: aliased detail would shimmer as the face moves.
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    moved = cv2.warpAffine(rgb, matrix, (SIDE_PX, SIDE_PX), flags=kind, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def astronaut() -> Rgb:
    """Return the photograph, uint8 [512, 512, 3].

    Raises
    ------
    ToolchainError
        scikit-image is not installed.
    """
    try:
        from skimage.data import astronaut as photograph  # noqa: PLC0415 - only the extra [simulate] brings it
    except ImportError as error:
        raise ToolchainError('simulated faces need scikit-image; run pip install "pulse8[simulate]"') from error
    return np.asarray(photograph(), np.uint8)  # type: ignore[no-untyped-call] # skimage is partly typed


def write_ubfc_subject(folder: Path, video: FaceVideo, encoding: Encoding = RAW_AVI) -> Path:
    """Write ``vid.avi`` (or ``vid.mp4``) and a three-line ``ground_truth.txt``, as a UBFC DATASET_2 subject has them.

    Returns
    -------
    Path
        The video.
    """
    suffix = {"avi": "avi", "mp4": "mp4"}.get(encoding.container, "mkv")
    path = folder / f"vid.{suffix}"
    write_video(path, render(video), video.rate_hz, encoding)
    t_s = video.times_s()
    rows = (video.pulse(t_s), np.full(len(t_s), video.bpm), t_s)
    with writing(folder / "ground_truth.txt") as temporary:
        lines = ["   ".join(f"{value: .7e}" for value in row) for row in rows]
        temporary.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path
