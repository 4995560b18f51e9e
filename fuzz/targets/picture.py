"""The door for pictures: JPEG, PNG and BMP. The size that is read is the size that is decoded, or nothing is."""

import struct
from collections.abc import Iterator
from unittest import mock

import cv2
import numpy as np

from pulse8.measure.video import picture
from targets import tried

MAX_BYTES = 4096
MOST_PIXELS = 1 << 22


def look(data: bytes) -> None:
    """Decode, and hold that the decoder was never given more than was read."""
    size = picture.picture_size(data)
    decode = mock.Mock(wraps=cv2.imdecode)
    with mock.patch.object(picture.cv2, "imdecode", decode):
        rgb = tried(picture.decode_picture, data, MOST_PIXELS)
    if decode.called:
        assert size is not None
        assert 0 < size[0] * size[1] <= MOST_PIXELS
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is None or sorted(decoded.shape[:2]) == sorted(size), (decoded.shape, size)
    if rgb is not None:
        assert sorted(rgb.shape[:2]) == sorted(size or ())


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield a small picture of each kind, and a JPEG that hides a second size behind a fill byte."""
    rgb = np.full((16, 24, 3), 120, np.uint8)
    rgb[4:9, 5:20] = (90, 120, 200)
    for kind in ("jpg", "png", "bmp"):
        yield kind, cv2.imencode(f".{kind}", rgb)[1].tobytes()
    yield "progressive", cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    jpeg = cv2.imencode(".jpg", rgb)[1].tobytes()
    place = jpeg.index(b"\xff\xc0")
    yield "fill", jpeg[:place] + b"\xff" + jpeg[place : place + 5] + struct.pack(">HH", 16_000, 16_000) + jpeg[place:]
