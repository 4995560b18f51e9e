"""A video with the measurement drawn into it: landmarks, ROIs and whether they count, the wave, the rate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np

from pulse8.errors import InputError
from pulse8.measure.clips.cells import roi_reasons
from pulse8.measure.draw.canvas import BAD, FAINT, GOOD, INK, PULSE, box, curve, dots, panel, text
from pulse8.measure.face.track import TrackerName, track_face
from pulse8.measure.video.decode import read_frames
from pulse8.measure.video.encode import h264, write_video
from pulse8.notice import NOTICE
from pulse8.regions import RoiLimits
from pulse8.values import ROI_NAMES, FaceTrack, HeartRate, Rgb, TrackedFrame, Watch, Waveform, unwatched

STRIP_PX: Final = 96
SHOWN_S: Final = 6.0
"""Length of the wave under the picture; now is in its middle."""

LEAST_WIDTH_PX: Final = 480
"""Narrower videos get a border, so that the text fits."""

QUALITY: Final = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """What is drawn beside the track: the waves of all stretches and the rates of all windows, in time order."""

    waves: Sequence[Waveform]
    windows: Sequence[HeartRate]


def draw_video(
    video: Path, output: Path, followed: tuple[TrackerName, str], drawn: Drawn, watch: Watch[Any] = unwatched
) -> None:
    """Read a video again and write it with the drawing: what to draw is known only after the first pass.

    ``followed`` is the tracker and the face, as in :func:`pulse8.measure.face.track.track_face`.
    """
    frames = read_frames(video)
    track = track_face(frames, *followed)
    watched = iter(watch(track, "drawing", frames.count or 0))
    write_overlay(output, FaceTrack(track.source, watched), drawn, frames.rate_hz or 30.0)


def write_overlay(path: Path, track: FaceTrack, drawn: Drawn, rate_hz: float) -> None:
    """Write an H.264 MP4 with the drawing; frame times are the recording's own.

    Raises
    ------
    InputError
        The name does not end in .mp4, or the track has no frame.
    """
    if path.suffix.lower() != ".mp4":
        raise InputError(f"cannot write the overlay {path}; choose a name that ends in .mp4")
    rate = Fraction(rate_hz).limit_denominator(1001)
    write_video(path, _pictures(track, drawn), rate, h264(QUALITY))


def _pictures(track: FaceTrack, drawn: Drawn) -> Iterator[tuple[Rgb, float]]:
    for frame in track:
        yield np.concatenate([_bordered(annotated(frame)), _strip(frame, drawn)]), frame.t_s


def annotated(frame: TrackedFrame, limits: RoiLimits | None = None, note_size: float = 0.45) -> Rgb:
    """Return a copy of a frame's picture with landmarks, ROIs (green: counts, red: does not) and reasons."""
    picture = frame.rgb.copy()
    thickness = 1 + max(picture.shape) // 1500
    if frame.points is not None:
        dots(picture, frame.points, INK)
    notes = [] if frame.missing is None else [str(frame.missing)]
    for name, roi, reason in zip(ROI_NAMES, frame.rois or (), roi_reasons(frame, limits or RoiLimits()), strict=False):
        box(picture, roi, GOOD if reason is None else BAD, thickness)
        notes += [] if reason is None else [f"{name}: {reason}"]
    notes += [f"{frame.other_faces} more face{'s' * (frame.other_faces > 1)}"] if frame.other_faces else []
    for line, note in enumerate(notes):
        text(picture, note, (8, round((20 + 18 * line) * note_size / 0.45)), BAD, note_size)
    return picture


def _bordered(picture: Rgb) -> Rgb:
    missing = max(0, LEAST_WIDTH_PX - picture.shape[1])
    return np.pad(picture, ((0, 0), (missing // 2, missing - missing // 2), (0, 0)))


def _strip(frame: TrackedFrame, drawn: Drawn) -> Rgb:
    width = max(LEAST_WIDTH_PX, frame.rgb.shape[1])
    strip = panel(STRIP_PX, width)
    middle_y, height = 0.58 * STRIP_PX, 0.3 * STRIP_PX
    for wave in drawn.waves:
        seconds = wave.start_s + np.arange(len(wave.samples)) / wave.rate_hz - frame.t_s
        shown = np.abs(seconds) <= SHOWN_S / 2
        if shown.any():
            # A pulse darkens the skin: upside down it rises with the blood, as people know it.
            relative = -wave.samples[shown] / (3 * float(wave.samples.std()) or 1.0)
            x = (seconds[shown] / SHOWN_S + 0.5) * width
            curve(strip, x, middle_y - height * np.clip(relative, -1, 1), PULSE)
    curve(strip, np.full(2, width / 2), np.array([0.2 * STRIP_PX, 0.95 * STRIP_PX]), FAINT)
    text(strip, f"{frame.t_s:6.2f} s   {_rate_at(frame.t_s, drawn.windows)}", (8, 16))
    text(strip, NOTICE, (8, STRIP_PX - 5), FAINT, 0.33)
    return strip


def _rate_at(t_s: float, windows: Sequence[HeartRate]) -> str:
    for rate in windows:
        if rate.start_s <= t_s <= rate.end_s:
            span = f"({rate.start_s:.1f} - {rate.end_s:.1f} s)"
            if rate.bpm is None:
                return f"no rate: {rate.reason} {span}"
            return f"{rate.bpm:.1f} BPM, confidence {rate.confidence:.2f} {span}"
    return "no full window here"
