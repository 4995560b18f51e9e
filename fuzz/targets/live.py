"""A message of the live page: eight bytes of time and a JPEG."""

from collections.abc import Iterator

import cv2
import numpy as np

from pulse8.live.frames import TIME, read_message
from targets import tried

MAX_BYTES = 8192


def look(data: bytes) -> None:
    """Decode, and hold the promise on sizes."""
    frame = tried(read_message, data)
    if frame is not None:
        assert frame.rgb.dtype == np.uint8
        assert max(frame.rgb.shape) <= 1920


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield a small picture, baseline and progressive."""
    picture = np.full((64, 72, 3), 120, np.uint8)
    picture[20:40, 20:50] = (90, 120, 200)
    for name, progressive in (("baseline", 0), ("progressive", 1)):
        options = [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive, cv2.IMWRITE_JPEG_QUALITY, 60]
        yield name, TIME.pack(12.5) + cv2.imencode(".jpg", picture, options)[1].tobytes()
