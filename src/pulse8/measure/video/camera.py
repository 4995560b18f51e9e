"""A camera of this machine as frames, for a stated time."""

import math
import time
from collections.abc import Iterator

import cv2
import numpy as np

from pulse8.errors import InputError
from pulse8.values import Frames, Rgb


def read_camera(index: int, seconds: float | None) -> Frames:
    """Open a camera and take what it gives.

    Parameters
    ----------
    index
        Which camera, from 0.
    seconds
        For how long, or ``None`` for as long as it goes; times are those at which the frames arrived, on the system's
        monotonic clock, from 0.

    Raises
    ------
    InputError
        There is no such camera, it is in use, or it gives no pictures.
    """
    if seconds is not None and not 1 <= seconds <= 3600:
        raise InputError(f"{seconds:g} s of camera; give 1 to 3600")
    camera = cv2.VideoCapture(index)
    if not camera.isOpened():
        camera.release()
        raise InputError(f"no camera {index}, or another program uses it; connect one, or try --camera {index + 1}")
    return Frames(
        source=f"camera {index}",
        rate_hz=None,
        count=None,
        stream=_pictures(camera, index, math.inf if seconds is None else seconds),
    )


def _pictures(camera: cv2.VideoCapture, index: int, seconds: float) -> Iterator[tuple[Rgb, float]]:
    try:
        started_s = None
        while True:
            good, bgr = camera.read()
            now_s = time.monotonic()
            started_s = now_s if started_s is None else started_s
            if not good or bgr is None:
                raise InputError(f"camera {index} stopped giving pictures after {now_s - started_s:.1f} s; try again")
            if now_s - started_s > seconds:
                return
            yield np.ascontiguousarray(bgr[..., ::-1]), now_s - started_s
    finally:
        camera.release()
