"""A video file to frames with the container's timestamps, one pass, memory bounded by a few frames.

Rotation and mirroring that the file asks for are carried out; 10-bit, grey and odd-sized pictures become 8-bit RGB. A
frame that the decoder marks as damaged is left out, so that time jumps and the traces show a gap instead of a wrong
colour.
"""

import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.sidedata.sidedata import SideData, SideDataContainer
from av.video.stream import VideoStream

from pulse8.errors import InputError, shown
from pulse8.manifest import existing_file
from pulse8.measure.video.containers import FIX, LOG, open_video, refuse_size
from pulse8.measure.video.planes import Converter, Turn, picture_of
from pulse8.values import Frames, Picture

NO_ZERO: Final = ("mpegts", "mpeg")
"""Formats whose clock runs on from anywhere: times count from the first frame, as they do where they start below 0."""

MATRIX: Final = struct.Struct("=9i")
"""A display matrix, row by row, of row vectors: x' = a x + c y and y' = b x + d y, in 1/65,536."""


def read_frames(path: Path) -> Frames:
    """Open a video.

    Parameters
    ----------
    path
        A local file. Nothing else is opened: a playlist is refused.

    Raises
    ------
    InputError
        There is no such file, it holds no video, a photograph or pictures over 8192x4320. Reading on raises it where a
        frame has no time, time jumps back or no frame can be decoded.
    """
    existing_file(path, "video", FIX)
    container, stream = open_video(path)
    rate = stream.average_rate or stream.guessed_rate
    return Frames(
        source=str(path),
        rate_hz=float(rate) if rate else None,
        count=stream.frames or None,
        stream=_decode(container, stream, path),
    )


def _decode(container: InputContainer, stream: VideoStream, path: Path) -> Iterator[tuple[Picture, float]]:
    first_s, last_s, damaged = 0.0, None, 0
    converter = Converter()  # one for all: a frame's own would work its tables out anew each time
    with closing(container):
        for frame in _video_frames(container, stream):
            if frame is None or frame.is_corrupt:
                damaged += 1
                continue
            refuse_size(frame.width, frame.height, path)
            t_s = _time(frame, path)
            if last_s is None:
                first_s = t_s if t_s < 0 or container.format.name in NO_ZERO else 0.0
            elif t_s <= last_s:
                raise _jumps_back(path, last_s - first_s, t_s - first_s)
            yield picture_of(frame, _turn(frame), converter), t_s - first_s
            last_s = t_s
        promised_s = _promised_end(container, stream)
    if last_s is None:
        raise InputError(f"{path} has a video stream without one whole frame; record or convert it again")
    if damaged:
        LOG.warning("%s: %d damaged frames were left out", shown(str(path)), damaged)
    if promised_s is not None and promised_s - last_s > 1.0:
        ends = (promised_s - first_s, last_s - first_s)
        LOG.warning("%s is cut: it promises %.1f s and ends at %.1f s", shown(str(path)), *ends)


def _video_frames(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame | None]:
    """Yield decoded frames; ``None`` stands for one that could not be decoded."""
    try:
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except (av.InvalidDataError, av.ArgumentError, av.PatchWelcomeError):
                yield None
    except av.FFmpegError:  # the file ends inside a packet
        yield None


def _time(frame: av.VideoFrame, path: Path) -> float:
    if frame.pts is None or frame.time_base is None:
        raise InputError(
            f"{path} has frames without timestamps; put it into a container, with the camera's own rate in place of "
            "30: ffmpeg -r 30 -i IN -c copy OUT.mp4"
        )
    return float(frame.pts * frame.time_base.numerator / frame.time_base.denominator)


def _jumps_back(path: Path, last_s: float, t_s: float) -> InputError:
    return InputError(
        f"{path}: time jumps back from {last_s:.3f} s to {t_s:.3f} s; give it even timestamps with "
        "ffmpeg -i IN -vf setpts=N/FRAME_RATE/TB OUT.mp4"
    )


def turn_of(matrix: bytes) -> Turn:
    """Return the turn by quarters, mirrored or not, that is nearest to a display matrix, whatever its numbers are."""
    a, b, _, c, d, *_ = MATRIX.unpack(matrix)
    transposed = abs(b) + abs(c) > abs(a) + abs(d)
    return Turn(True, c < 0, b < 0) if transposed else Turn(False, a < 0, d < 0)


def _turn(frame: av.VideoFrame) -> Turn:
    """Return the turn that the file's display matrix asks for."""
    # A frame that is asked for its side data keeps them, and they keep it: a circle that lives until Python looks.
    matrix = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg] # its stub is silent
    if not isinstance(matrix, SideData) or len(bytes(matrix)) != MATRIX.size:
        return Turn()
    return turn_of(bytes(matrix))


def _promised_end(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base)
    return None if container.duration is None else container.duration / av.time_base
