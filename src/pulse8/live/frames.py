"""One message from the page: the time of capture and a JPEG. It comes from a network, so sizes are checked first."""

import math
import struct
from typing import Final, NamedTuple

import cv2
import numpy as np

from pulse8.errors import InputError
from pulse8.values import Rgb

TIME: Final = struct.Struct("<d")
"""Seconds on the page's own clock, float64, little-endian; the JPEG follows."""

MAX_BYTES: Final = 1_000_000
"""A 640x480 picture at quality 0.92 has 54 KB."""

MAX_SIDE: Final = 1920
MIN_SIDE: Final = 64

MOST_SCANS: Final = 16
"""A page sends one scan, a progressive picture has about ten; each further one is a pass over the whole picture."""

START_OF_SCAN: Final = b"\xff\xda"

STARTS_OF_FRAME: Final = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""JPEG segments that carry height and width."""


class LiveFrame(NamedTuple):
    """A picture, uint8 [H, W, 3], and when it was captured, seconds."""

    rgb: Rgb
    t_s: float


def read_message(message: bytes) -> LiveFrame:
    """Decode one message.

    Raises
    ------
    InputError
        It is too short or too large, its time is not finite, or it holds no JPEG of at most 1920 px a side.
    """
    if not TIME.size < len(message) <= MAX_BYTES:
        raise InputError(f"a frame of {len(message)} bytes; send a time and a JPEG, {MAX_BYTES} bytes at most")
    t_s: float = TIME.unpack_from(message)[0]
    if not math.isfinite(t_s):
        raise InputError("the capture time is not a finite number; send seconds as float64")
    jpeg = message[TIME.size :]
    height, width = _picture_size(jpeg)
    if not (MIN_SIDE <= height <= MAX_SIDE and MIN_SIDE <= width <= MAX_SIDE):
        raise InputError(f"a picture of {width}x{height}; send {MIN_SIDE} to {MAX_SIDE} px a side")
    if jpeg.count(START_OF_SCAN) > MOST_SCANS:
        raise InputError(f"a JPEG of more than {MOST_SCANS} scans; send a picture as a page makes it")
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None or bgr.shape != (height, width, 3):
        raise InputError("the picture cannot be decoded; send a whole JPEG")
    return LiveFrame(np.ascontiguousarray(bgr[:, :, ::-1]), t_s)


def _picture_size(jpeg: bytes) -> tuple[int, int]:
    """Read height and width from the header, so that no picture is allocated before its size is known."""
    if jpeg[:2] != b"\xff\xd8":
        raise InputError("the frame is no JPEG; send canvas.toBlob(..., 'image/jpeg')")
    place = 2
    while place + 9 <= len(jpeg) and jpeg[place] == 0xFF:
        marker, length = jpeg[place + 1], int.from_bytes(jpeg[place + 2 : place + 4])
        if marker in STARTS_OF_FRAME:
            return int.from_bytes(jpeg[place + 5 : place + 7]), int.from_bytes(jpeg[place + 7 : place + 9])
        place += 2 + max(length, 2)
    raise InputError("the JPEG's header gives no size; send a whole JPEG")
