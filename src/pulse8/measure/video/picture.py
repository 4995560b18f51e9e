"""A picture file's bytes to RGB: its size is read as the decoder reads it, and bounded, before anything is decoded.

Two parsers that disagree are a hole: the one measures a small picture and the other decodes a large one. So the header
is walked by a grammar without freedom: fill bytes, markers that have no length and a second frame header, which
libjpeg would step over or obey, are refused here. A camera, a browser and every common program write none of them.
"""

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from pulse8.errors import InputError
from pulse8.measure.video.containers import MAX_PIXELS
from pulse8.values import Rgb

JPEG, PNG, BMP = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR", b"BM"

STARTS_OF_FRAME: Final = (0xC0, 0xC1, 0xC2)
"""Baseline, extended and progressive; the others are arithmetic, lossless or layered, which nobody's camera writes."""

BEFORE_SCANS: Final = {0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)}
"""Tables, restart interval, comment, application data."""

PNG_START: Final = 8
PNG_CHUNK: Final = 12
"""Bytes of a chunk beside its data: length, kind and sum. The decoder takes memory for what the length says."""

ANIMATED: Final = (b"acTL", b"fcTL", b"fdAT")
START_OF_SCAN: Final = 0xDA
MOST_SCANS: Final = 16
"""A progressive picture has about ten; each further one is a pass over the whole picture."""


MAX_PICTURE_BYTES: Final = 4 * MAX_PIXELS
"""A file of the largest picture as it is, with a channel to spare."""


def read_picture(path: Path, fix: str) -> Rgb:
    """Read a picture file that is there; ``fix`` ends the message.

    Raises
    ------
    InputError
        It is no JPEG, PNG or BMP, damaged, or over 8192x4320.
    """
    if path.stat().st_size > MAX_PICTURE_BYTES:
        raise InputError(
            f"{path} has {path.stat().st_size:,} bytes; pictures of {MAX_PICTURE_BYTES:,} at most are read"
        )
    try:
        rgb = decode_picture(path.read_bytes(), MAX_PIXELS)
    except InputError as error:
        raise InputError(f"{path} holds {error}") from error
    if rgb is None:
        raise InputError(f"{path} cannot be read as a picture (JPEG, PNG or BMP); {fix}")
    return rgb


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Height and width that a JPEG, PNG or BMP will be decoded to; ``None`` where it is none of them, or is unusual."""
    if data.startswith(JPEG):
        return _jpeg_size(data)
    if data.startswith(PNG):
        return _png_size(data)
    if data.startswith(BMP):
        return _bmp_size(data)
    return None


def decode_picture(data: bytes, most_pixels: int) -> Rgb | None:
    """Decode a picture; ``None`` where it is damaged or no JPEG, PNG or BMP.

    Raises
    ------
    InputError
        It has more than ``most_pixels``, or a JPEG more than ``MOST_SCANS`` scans.
    """
    size = picture_size(data)
    if size is None or min(size) == 0:
        return None
    if size[0] * size[1] > most_pixels:
        raise InputError(f"a picture of {size[1]}x{size[0]}; at most {most_pixels:,} pixels are decoded: scale it down")
    if data.startswith(JPEG) and data.count(bytes([0xFF, START_OF_SCAN])) > MOST_SCANS:
        raise InputError(f"a JPEG of more than {MOST_SCANS} scans; save it in a usual way")
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # OpenCV's own bound on pixels
        return None
    # A turned picture's sides are exchanged.
    if bgr is None or sorted(bgr.shape[:2]) != sorted(size):
        return None
    return np.ascontiguousarray(bgr[..., ::-1], np.uint8)


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Walk the segments up to the first scan, each of which says how long it is; there is one frame header."""
    place, size = 2, None
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4])
        if marker == START_OF_SCAN:
            return size
        if marker in STARTS_OF_FRAME and size is None and length >= 8 and place + 9 <= len(data):
            size = int.from_bytes(data[place + 5 : place + 7]), int.from_bytes(data[place + 7 : place + 9])
        elif marker not in BEFORE_SCANS or length < 2:
            return None
        place += 2 + length
    return None


def _png_size(data: bytes) -> tuple[int, int] | None:
    """Walk the chunks to the last: each lies in the file, there is one header, and no second picture."""
    place, size = PNG_START, None
    while place + PNG_CHUNK <= len(data):
        length, kind = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
        if kind in ANIMATED or length > len(data) - place - PNG_CHUNK or (kind == b"IHDR") is not (size is None):
            return None
        if size is None:
            size = int.from_bytes(data[place + 12 : place + 16]), int.from_bytes(data[place + 8 : place + 12])
        if kind == b"IEND":
            return None if length else size  # the decoder would read on inside it
        place += PNG_CHUNK + length
    return None


def _bmp_size(data: bytes) -> tuple[int, int] | None:
    header = int.from_bytes(data[14:18], "little")
    if len(data) < 26 or (header < 36 and header != 12):
        return None
    if header == 12:
        return int.from_bytes(data[20:22], "little"), int.from_bytes(data[18:20], "little")
    width, height = (int.from_bytes(data[at : at + 4], "little", signed=True) for at in (18, 22))
    return (abs(height), width) if width > 0 else None
