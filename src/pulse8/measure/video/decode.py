"""A video file to frames with the container's timestamps, one pass, memory bounded by a few frames.

Rotation that the file asks for is carried out; 10-bit, grey and odd-sized pictures become 8-bit RGB. A frame that the
decoder marks as damaged is left out, so that time jumps and the traces show a gap instead of a wrong colour.
"""

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from pulse8.errors import InputError
from pulse8.manifest import existing_file
from pulse8.values import Frames, Rgb

LOG: Final = logging.getLogger("pulse8.video")

MAX_PIXELS: Final = 8192 * 4320
"""8K; one such frame is 106 MB, and a few are in memory at once."""

STILLS: Final = ("image2", "_pipe", "gif", "ico", "webp")
"""Formats, by name or ending, that hold pictures and no recording."""

MEND: Final = "give a video file such as .mp4, .avi or .mkv"


def read_frames(path: Path) -> Frames:
    """Open a video.

    Parameters
    ----------
    path
        A local file. Nothing else is opened: a playlist that names an address is refused.

    Raises
    ------
    InputError
        There is no such file, it holds no video, a photograph or pictures over 8192x4320. Reading on raises it where a
        frame has no time, time jumps back or no frame can be decoded.
    """
    existing_file(path, "video", MEND)
    container = _open(path)
    try:
        stream = _video_stream(container, path)
    except InputError:
        container.close()
        raise
    rate = stream.average_rate or stream.guessed_rate
    return Frames(
        source=str(path),
        rate_hz=float(rate) if rate else None,
        count=stream.frames or None,
        stream=_decode(container, stream, path),
    )


def _open(path: Path) -> InputContainer:
    try:
        # "file:" keeps names such as "pipe:0" and "frame%03d.png" from meaning more than themselves.
        return av.open(f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors="ignore")
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read as a video ({reason}); it may be cut or no video: {MEND}") from error


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    name = container.format.name
    # A cover picture in a sound file is a video stream too.
    streams = [s for s in container.streams.video if not s.disposition & s.disposition.attached_pic]
    if not streams:
        raise InputError(f"{path} holds no video, only sound or data; {MEND}")
    if any(name == still or name.endswith(still) for still in STILLS):
        raise InputError(f"{path} is a photograph; a pulse needs a recording of some seconds: {MEND}")
    stream = streams[0]
    if stream.codec_context is None:
        raise InputError(f"{path} uses a video codec that is not known here; convert it to H.264")
    width, height = stream.codec_context.width, stream.codec_context.height
    if not 0 < width * height <= MAX_PIXELS:
        raise InputError(f"{path} has pictures of {width}x{height}; at most 8192x4320 can be read: scale it down")
    stream.thread_type = "NONE"  # the cheapest in CPU time and memory: decision 0010
    return stream


def _decode(container: InputContainer, stream: VideoStream, path: Path) -> Iterator[tuple[Rgb, float]]:
    last_s, given, damaged = float("-inf"), 0, 0
    converter = VideoReformatter()  # one for all: a frame's own would work its tables out anew each time
    with closing(container):
        for frame in _video_frames(container, stream):
            if frame is None or frame.is_corrupt:
                damaged += 1
                continue
            t_s = _time(frame, last_s, path)
            yield _upright(frame, converter), t_s
            last_s, given = t_s, given + 1
        promised_s = _promised_end(container, stream)
    if not given:
        raise InputError(f"{path} has a video stream without one whole frame; record or convert it again")
    if damaged:
        LOG.warning("%s: %d damaged frames were left out", path, damaged)
    if promised_s is not None and promised_s - last_s > 1.0:
        LOG.warning("%s is cut: it promises %.1f s and ends at %.1f s", path, promised_s, last_s)


def _video_frames(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame | None]:
    """Yield decoded frames; ``None`` stands for one that could not be decoded."""
    try:
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except av.InvalidDataError:
                yield None
    except av.FFmpegError:  # the file ends inside a packet
        yield None


def _time(frame: av.VideoFrame, last_s: float, path: Path) -> float:
    if frame.pts is None or frame.time_base is None:
        raise InputError(f"{path} has frames without timestamps; put it into a container: ffmpeg -i IN -c copy OUT.mp4")
    t_s = float(frame.pts * frame.time_base)
    if t_s <= last_s:
        raise InputError(
            f"{path}: time jumps back from {last_s:.3f} s to {t_s:.3f} s; mend its timestamps with "
            "ffmpeg -i IN -vf setpts=N/FRAME_RATE/TB OUT.mp4"
        )
    return t_s


def _upright(frame: av.VideoFrame, converter: VideoReformatter) -> Rgb:
    """Return the picture as RGB, turned as the file's display matrix asks (a counter-clockwise angle)."""
    rgb = np.asarray(converter.reformat(frame, format="rgb24").to_ndarray(), np.uint8)
    quarters = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, quarters)) if quarters else rgb


def _promised_end(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base)
    return None if container.duration is None else container.duration / av.time_base
