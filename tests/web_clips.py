"""Clips as the WebAssembly module plays them, and what it tells of each picture as the board's own record."""

import struct
import subprocess
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from commands import ROOT
from pulse8.board.link.frames import VIEWED
from pulse8.values import PIXEL_PARTS, Rgb

PLAYER = ROOT / "tests" / "web_clips.mjs"
TOLD = np.dtype(
    [
        *((name, "<f8") for name in ("found", "faces", "place", "score")),
        ("rois", "<f8", (3, 4)),
        ("reasons", "<f8", (3,)),
        *((name, "<f8") for name in ("number", "bpm", "plus_minus", "confidence", "age_s", "reason", "provisional")),
    ]
)
"""As ``out_t`` of ``p8_web.c``; ROIs are x0, y0, x1, y1 in px."""

SAME = tuple(name for name in VIEWED.names or () if name != "points")
"""What the module tells of the board's record: all but the key points, of which the ROIs are a function."""

Shots = Sequence[tuple[Rgb, int]]
"""Pictures of one size, uint8 [H, W, 3], and their times in microseconds."""


def clip_of(shots: Shots, face: int = 0) -> bytes:
    """Write pictures as a clip of the player; the face is as in ``p8_camera_choose``."""
    height, width = shots[0][0].shape[:2]
    opaque = np.full((height, width, 1), 255, np.uint8)
    pictures = (struct.pack("<d", t_us) + np.dstack([rgb, opaque]).tobytes() for rgb, t_us in shots)
    return struct.pack("<4i", face, width, height, len(shots)) + b"".join(pictures)


def clip_of_rows(rows: NDArray[np.void]) -> bytes:
    """Write a recording's rows, as they travel on a board's line, as a clip of the player."""
    return struct.pack("<4i", 0, 0, 0, len(rows)) + rows.tobytes()


def played_in_node(clip: bytes) -> bytes:
    """Play a clip; gives one ``TOLD`` a picture."""
    done = subprocess.run(["node", PLAYER], input=clip, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def as_viewed(told: bytes) -> NDArray[np.void]:
    """What the module told, in the board's fields and types."""
    read = np.frombuffer(told, TOLD)
    viewed = np.zeros(len(read), VIEWED)
    for name in SAME:
        viewed[name] = read[name] if name != "rois" else read["rois"][:, :, [0, 2, 1, 3]] * PIXEL_PARTS
    return viewed


def bytes_of(viewed: NDArray[np.void]) -> bytes:
    """The bytes of what both tell."""
    return b"".join(np.ascontiguousarray(viewed[name]).tobytes() for name in SAME)
