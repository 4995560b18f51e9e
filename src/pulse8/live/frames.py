"""One message from the page: the time of capture and a JPEG. It comes from a network, so sizes are checked first."""

import struct
from typing import Final, NamedTuple

from pulse8.errors import InputError
from pulse8.measure.video.picture import JPEG, decode_picture, picture_size
from pulse8.times import refuse_time
from pulse8.values import Rgb

TIME: Final = struct.Struct("<d")
"""Seconds on the page's own clock, float64, little-endian; the JPEG follows."""

MAX_BYTES: Final = 1_000_000
"""A 640x480 picture at quality 0.92 has 54 KB."""

MAX_SIDE: Final = 1920
MIN_SIDE: Final = 64


class LiveFrame(NamedTuple):
    """A picture, uint8 [H, W, 3], and when it was captured, seconds."""

    rgb: Rgb
    t_s: float


def read_message(message: bytes) -> LiveFrame:
    """Decode one message.

    Raises
    ------
    InputError
        It is too short or too large, its time is none, or it holds no JPEG of at most 1920 px a side.
    """
    if not TIME.size < len(message) <= MAX_BYTES:
        raise InputError(f"a frame of {len(message)} bytes; send a time and a JPEG, {MAX_BYTES} bytes at most")
    t_s: float = TIME.unpack_from(message)[0]
    refuse_time(t_s)
    jpeg = message[TIME.size :]
    if not jpeg.startswith(JPEG):
        raise InputError("the frame is no JPEG; send canvas.toBlob(..., 'image/jpeg')")
    size = picture_size(jpeg)
    if size is None:
        raise InputError("the JPEG's header is damaged or unusual; send a whole JPEG as a page makes it")
    height, width = size
    if not (MIN_SIDE <= height <= MAX_SIDE and MIN_SIDE <= width <= MAX_SIDE):
        raise InputError(f"a picture of {width}x{height}; send {MIN_SIDE} to {MAX_SIDE} px a side")
    rgb = decode_picture(jpeg, MAX_SIDE**2)
    if rgb is None or rgb.shape != (height, width, 3):
        raise InputError("the picture cannot be decoded; send a whole JPEG")
    return LiveFrame(rgb, t_s)
