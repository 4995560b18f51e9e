"""Frames to a video file: pictures for people (overlay) and recordings of known quality for tests.

The frame times go into the file as they are, in ticks of 1/90,000 s, except in AVI, which counts frames: there the
times must be even.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from pulse8.errors import InputError, SpecError
from pulse8.manifest import writing
from pulse8.values import Rgb

TICKS_HZ: Final = 90_000
"""The clock of MPEG systems; it holds 24, 25, 30, 50, 60 and 30000/1001 Hz without remainder."""


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How pictures are stored: container format, codec, its pixel format and options, and the size's divisor."""

    container: str
    codec: str
    pixel_format: str
    options: dict[str, str] = field(default_factory=dict)
    even: bool = False


def h264(crf: int, preset: str = "veryfast") -> Encoding:
    """H.264 4:2:0 in MP4; ``crf`` 0 (without loss) to 51."""
    if not 0 <= crf <= 51:
        raise SpecError(f"H.264 quality {crf}; give 0 (without loss) to 51")
    quality = {"qp": "0"} if crf == 0 else {"crf": str(crf)}
    options = {**quality, "preset": preset, "threads": "1"}
    return Encoding(container="mp4", codec="libx264", pixel_format="yuv420p", options=options, even=True)


def mjpeg(q: int) -> Encoding:
    """Motion JPEG in Matroska; ``q`` 1 (best) to 31."""
    if not 1 <= q <= 31:
        raise SpecError(f"JPEG quality {q}; give 1 (best) to 31")
    options = {"qmin": str(q), "qmax": str(q), "strict": "unofficial"}
    return Encoding(container="matroska", codec="mjpeg", pixel_format="yuvj420p", options=options)


RAW_AVI: Final = Encoding(container="avi", codec="rawvideo", pixel_format="bgr24")
"""What UBFC's vid.avi holds."""

FFV1: Final = Encoding(container="matroska", codec="ffv1", pixel_format="bgr0")
"""RGB without loss. Matroska counts milliseconds, so times are rounded to them."""


def write_video(path: Path, frames: Iterable[tuple[Rgb, float]], rate_hz: Fraction, encoding: Encoding) -> None:
    """Encode frames, all of one size; the file appears when it is whole.

    Parameters
    ----------
    path
        Where to write.
    frames
        uint8 [H, W, 3] pictures and their times in seconds, strictly increasing; the first one becomes time 0.
    rate_hz
        The rate that the file promises.
    encoding
        How they are stored; an odd size is padded by one copied row or column where the codec needs it even.

    Raises
    ------
    InputError
        There is no frame, their size changes, or AVI was asked to hold uneven times.
    """
    with writing(path) as temporary, _create(temporary, encoding) as container:
        stream: VideoStream | None = None
        for rgb, ticks in _ticked(frames, rate_hz, even_only=encoding.container == "avi"):
            picture = _padded(rgb) if encoding.even else rgb
            stream = stream or _stream(container, encoding, rate_hz, picture)
            _put(container, stream, picture, ticks)
        if stream is None:
            raise InputError(f"no frame to write to {path}; the recording is empty")
        container.mux(stream.encode(None))


def _create(path: Path, encoding: Encoding) -> OutputContainer:
    # An index at the front lets a player begin, and a reader survive, before the end has arrived.
    options = {"movflags": "+faststart"} if encoding.container == "mp4" else {}
    return av.open(str(path), "w", format=encoding.container, options=options)


def _ticked(frames: Iterable[tuple[Rgb, float]], rate_hz: Fraction, *, even_only: bool) -> Iterator[tuple[Rgb, int]]:
    """Pair pictures with their time in the stream's ticks."""
    start_s = None
    for index, (rgb, t_s) in enumerate(frames):
        start_s = t_s if start_s is None else start_s
        if not even_only:
            yield rgb, round((t_s - start_s) * TICKS_HZ)
            continue
        if abs((t_s - start_s) * rate_hz - index) > 0.01:
            raise InputError(f"AVI counts frames and cannot hold uneven times (frame {index}); choose mp4 or mkv")
        yield rgb, index


def _padded(rgb: Rgb) -> Rgb:
    height, width = rgb.shape[:2]
    return np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge") if height % 2 or width % 2 else rgb


def _stream(container: OutputContainer, encoding: Encoding, rate_hz: Fraction, picture: Rgb) -> VideoStream:
    stream = cast("VideoStream", container.add_stream(encoding.codec, rate=rate_hz, options=encoding.options))
    stream.height, stream.width = picture.shape[:2]
    stream.pix_fmt = encoding.pixel_format
    stream.codec_context.time_base = 1 / rate_hz if encoding.container == "avi" else Fraction(1, TICKS_HZ)
    return stream


def _put(container: OutputContainer, stream: VideoStream, picture: Rgb, ticks: int) -> None:
    if picture.shape[:2] != (stream.height, stream.width):
        raise InputError(f"frame size changes from {stream.width}x{stream.height} to {picture.shape[1::-1]}")
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
    frame.pts, frame.time_base = ticks, stream.codec_context.time_base
    container.mux(stream.encode(frame))
