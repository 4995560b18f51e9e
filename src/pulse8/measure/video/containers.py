"""A video file to its container and the one stream in it that is the film; nothing else is opened, and not for ever.

A file is opened as a container that holds its own pictures or not at all: a playlist would open other files, or wait
for parts that never come. Sizes are bounded in the decoders themselves, as a later picture may be larger than the
header says.
"""

import logging
from collections import Counter
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from pulse8.errors import InputError, shown

LOG: Final = logging.getLogger("pulse8.video")

MAX_PIXELS: Final = 8192 * 4320
"""8K; one such frame is 106 MB, and a few are in memory at once."""

MAX_SIDE: Final = 16_384
"""Longest side of a picture; OpenCV's geometry ends at 32,767."""

CONTAINERS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpegts", "mpeg", "asf", "flv", "ogg", "mxf", "nut", "ivf", "dv",
    "wtv", "rm", "yuv4mpegpipe",
)  # fmt: skip
"""Formats that hold their pictures themselves; hls, concat, dash, sdp and image2 name other files."""

STILLS: Final = ("png_pipe", "jpeg_pipe", "bmp_pipe", "webp_pipe", "tiff_pipe", "gif", "ico")
NEAR_MISSES: Final = (
    *STILLS, "h264", "hevc", "m4v", "mjpeg", "mpegvideo", "av1", "obu", "vc1", "wav", "mp3", "flac", "aac",
)  # fmt: skip
"""Single files too, opened so that the message can say what they are: photographs, raw streams, sound."""

OPENING_S: Final = 30.0
READING_S: Final = 60.0
MOST_STREAMS: Final = 64
LOOKED_AT: Final = 600
"""Packets by which the film is told from a thumbnail, where a file holds more than one video stream."""

BOUNDED: Final = {"max_pixels": str(MAX_PIXELS)}
UNKNOWN: Final = "unknown codec"
FIX: Final = "give a video file such as .mp4, .avi or .mkv"


def open_video(path: Path) -> tuple[InputContainer, VideoStream]:
    """Open a file and choose its film.

    Raises
    ------
    InputError
        It is no container that is read, holds no video, a photograph, an unknown codec or pictures over 8192x4320.
    """
    index = _film(path)
    container = _open(path)
    try:
        return container, _stream(container, index, path)
    except InputError:
        container.close()
        raise


def _open(path: Path) -> InputContainer:
    try:
        # "file:" keeps names such as "pipe:0" and "frame%03d.png" from meaning more than themselves.
        return av.open(
            f"file:{path}",
            container_options={
                "protocol_whitelist": "file",
                "format_whitelist": ",".join((*CONTAINERS, *NEAR_MISSES)),
                "max_streams": str(MOST_STREAMS),
            },
            stream_options=[BOUNDED] * MOST_STREAMS,  # type: ignore[list-item] # its stub says texts, it takes dicts
            metadata_errors="ignore",
            timeout=(OPENING_S, READING_S),
        )
    except av.ArgumentError as error:  # not on the list
        raise InputError(
            f"{path} cannot be read as a video: it is a playlist, or of a kind that is not read here; {FIX}"
        ) from error
    except PermissionError as error:
        raise InputError(f"{path} cannot be read (Permission denied); ask for access to it") from error
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read as a video ({reason}); it may be cut or no video: {FIX}") from error


def _films(container: InputContainer) -> list[VideoStream]:
    # A cover picture in a sound file is a video stream too.
    return [s for s in container.streams.video if not s.disposition & s.disposition.attached_pic]


def _film(path: Path) -> int | None:
    """Index of the film among a file's streams: of those with half as many packets as the fullest, the largest."""
    with _open(path) as container:
        films = _films(container)
        if len(films) < 2:
            return films[0].index if films else None
        packets = _packets(container, films)
        most = max(packets.values(), default=0)
        chosen = max(films, key=lambda s: (2 * packets[s.index] >= most, _pixels(s), -s.index))
        rest = ", ".join(f"{s.index} ({_described(s)})" for s in films if s is not chosen)
        name = shown(str(path))
        LOG.warning("%s: stream %d (%s) is measured, not %s", name, chosen.index, _described(chosen), rest)
        return int(chosen.index)


def _packets(container: InputContainer, films: list[VideoStream]) -> Counter[int]:
    counts: Counter[int] = Counter()
    try:
        for packet in container.demux(films):
            counts[packet.stream.index] += packet.size > 0
            if counts.total() >= LOOKED_AT:
                break
    except av.FFmpegError:  # cut short: what was counted counts
        pass
    return counts


def _pixels(stream: VideoStream) -> int:
    return 0 if _described(stream) == UNKNOWN else stream.width * stream.height


def _described(stream: VideoStream) -> str:
    codec: object = stream.codec_context  # its stub knows no stream without
    return UNKNOWN if codec is None else f"{stream.codec_context.name} {stream.width}x{stream.height}"


def _stream(container: InputContainer, index: int | None, path: Path) -> VideoStream:
    if index is None or index >= len(container.streams):
        raise InputError(f"{path} holds no video, only sound or data; {FIX}")
    if container.format.name in STILLS:
        raise InputError(f"{path} is a photograph; a pulse needs a recording of some seconds: {FIX}")
    stream = container.streams[index]
    if not isinstance(stream, VideoStream) or _described(stream) == UNKNOWN:
        raise InputError(f"{path} uses a video codec that is not known here; convert it to H.264")
    refuse_size(stream.codec_context.width, stream.codec_context.height, path)
    stream.codec_context.options = BOUNDED
    stream.thread_type = "NONE"  # the cheapest in CPU time and memory: decision 0010
    return stream


def refuse_size(width: int, height: int, path: Path) -> None:
    """Refuse pictures that are too large to be held, before one is converted."""
    if not 0 < width * height <= MAX_PIXELS or max(width, height) > MAX_SIDE:
        size = f"{width}x{height}" if width * height else "no size, or of one that the decoder refuses"
        raise InputError(f"{path} has pictures of {size}; at most 8192x4320 can be read: scale it down")
