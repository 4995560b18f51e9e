"""Frames of the serial line, as firmware/core/p8_link.h has them; little endian.

    "P8" version command model[8] length[4] payload[length] crc[4]

An answer has its command's bit 7 set and ends its payload with a status.
"""

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from pulse8.values import CELLS_PER_ROI, ROI_NAMES

MAGIC: Final = b"P8"
VERSION: Final = 1
HEAD: Final = struct.Struct("<2sBB8sI")
CRC: Final = struct.Struct("<I")
ANSWER: Final = 0x80
ANY_MODEL: Final = bytes(8)
LONGEST: Final = 4 << 20
"""Longest answer accepted: all layers of a network take a tenth of it."""
MAX_WASTED: Final = 64 << 20
"""Bytes of false frames after which the buffer is dropped: noise can start a frame at every byte."""


class Command(IntEnum):
    """Requests to a board."""

    BROKEN = 0
    INFO = 1
    RUN = 2
    REPLAY = 3
    PICTURE = 4
    CYCLES = 5
    RECORD = 6
    VIEW = 7


class Status(IntEnum):
    """Status at the end of an answer: ``p8_status_t``."""

    OK = 0
    MISALIGNED = 1
    TOO_SMALL = 2
    BAD_VALUE = 3
    OUT_OF_ORDER = 4
    RING_FULL = 5
    NETWORK = 6
    GARBLED = 7
    UNKNOWN = 8


ROW: Final = np.dtype(
    [
        ("t_us", "<i8"),
        ("rgb", "<f4", (len(ROI_NAMES), CELLS_PER_ROI, 3)),
        ("pixels", "<f4", (len(ROI_NAMES),)),
        ("valid", "u1", (len(ROI_NAMES),)),
        ("reason", "u1", (len(ROI_NAMES),)),
    ]
)
"""One frame's cell colours on the line; ``reason`` counts from 1 in the order of :class:`pulse8.values.Reason`."""

READING: Final = np.dtype(
    [
        ("start_us", "<i8"),
        ("end_us", "<i8"),
        ("bpm", "<f4"),
        ("confidence", "<f4"),
        ("seconds", "<f4"),
        ("reason", "u1"),
        ("provisional", "u1"),
        ("shown_at_us", "<i8"),
        ("shown_bpm", "<f4"),
        ("shown_spread_bpm", "<f4"),
        ("shown_confidence", "<f4"),
        ("shown_age_s", "<f4"),
        ("shown_reason", "u1"),
    ]
)


VIEWED: Final = np.dtype(
    [
        ("found", "u1"),
        ("faces", "<u4"),
        ("score", "<f4"),
        ("points", "<f4", (6, 2)),
        ("rois", "<i4", (len(ROI_NAMES), 4)),
        ("reasons", "u1", (len(ROI_NAMES),)),
        ("bpm", "<f4"),
        ("plus_minus", "<f4"),
        ("confidence", "<f4"),
        ("age_s", "<f4"),
        ("number", "<u4"),
        ("reason", "u1"),
        ("provisional", "u1"),
    ]
)
"""What was seen in a camera's picture, and the number then; ROIs are x0, x1, y0, y1 in 1/16 px."""


@dataclass(frozen=True)
class Frame:
    """One frame; ``payload`` without an answer's status."""

    command: int
    model: bytes
    payload: bytes


def encode(command: int, payload: bytes = b"", model: bytes = ANY_MODEL) -> bytes:
    """Write a frame."""
    body = HEAD.pack(MAGIC, VERSION, command, model, len(payload)) + payload
    return body + CRC.pack(zlib.crc32(body[len(MAGIC) :]))


class FrameReader:
    """Finds frames in a stream of bytes and skips everything else."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._wasted = 0
        self.skipped = 0

    def feed(self, data: bytes) -> None:
        """Add bytes from the line."""
        self._bytes += data

    def next(self) -> Frame | None:
        """Return the next whole frame; ``None`` while there is none."""
        while self._find_magic() and len(self._bytes) >= HEAD.size:
            _, version, command, model, length = HEAD.unpack_from(self._bytes)
            whole = HEAD.size + length + CRC.size
            if version == VERSION and length <= LONGEST:
                if len(self._bytes) < whole:
                    return None
                body = bytes(self._bytes[: whole - CRC.size])
                if CRC.unpack_from(self._bytes, whole - CRC.size)[0] == zlib.crc32(body[len(MAGIC) :]):
                    del self._bytes[:whole]
                    self._wasted = 0
                    return Frame(command, model, body[HEAD.size :])
                self._wasted += whole
            if self._wasted > MAX_WASTED:
                self._wasted = 0
                self._skip(len(self._bytes))
            else:
                self._skip(1)
        return None

    def _find_magic(self) -> bool:
        place = self._bytes.find(MAGIC)
        if place < 0:  # the last byte may be the magic's first
            self._skip(max(len(self._bytes) - 1, 0))
            return False
        self._skip(place)
        return True

    def _skip(self, count: int) -> None:
        self.skipped += count
        del self._bytes[:count]
