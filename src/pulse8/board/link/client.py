"""Requests to a board: each has a deadline and is sent again when its answer is garbled."""

import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from pulse8.board.link.frames import (
    ANSWER,
    ANY_MODEL,
    READING,
    ROW,
    Command,
    Frame,
    FrameReader,
    Status,
    encode,
)
from pulse8.errors import ToolchainError
from pulse8.measure.video.formats import FORMATS

ANSWER_S: Final = 5.0
"""How long to wait for an answer; a frame of 10 KB takes 0.9 s at 115,200 baud."""
TRIES: Final = 3
TARGETS: Final = ("host", "m55", "npu")
INFO: Final = struct.Struct("<4B3I")
NET: Final = struct.Struct("<3I")
PICTURE: Final = struct.Struct("<B2Hq12f")
VIEW: Final = struct.Struct("<2B2Hq")
RUN_LAYERS, RUN_CHECKSUMS = 1, 2
REPLAY_RESET, REPLAY_CLIP = 1, 2
WITH_READING, WITH_CLIP, REFUSED = 1, 2, 3


class Line(Protocol):
    """Bytes to a board and back."""

    def write(self, data: bytes) -> None:
        """Send all bytes."""

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that arrived; none after ``timeout_s``."""


@dataclass(frozen=True, kw_only=True)
class NetInfo:
    """Sizes of one network."""

    input_bytes: int
    output_bytes: int
    steps: int


@dataclass(frozen=True, kw_only=True)
class BoardInfo:
    """What a board reports about itself.

    Attributes
    ----------
    target
        ``host``, ``m55`` or ``npu``.
    vectors, monitored
        Whether its kernels use vector instructions, and whether it reads heart rates.
    arena_bytes, line_bytes
        Memory of the network, and the longest frame it takes.
    clock_hz
        Of its cycle counter; 0 where it has none.
    model
        The first 8 bytes of its model's SHA-256.
    """

    target: str
    vectors: bool
    monitored: bool
    arena_bytes: int
    line_bytes: int
    clock_hz: int
    model: bytes
    nets: tuple[NetInfo, ...]


@dataclass(frozen=True, eq=False)
class Replayed:
    """The answer to one row: a reading where a window was complete, and its clip where it was requested."""

    reading: np.void | None
    clip: NDArray[np.int8] | None
    row: np.void | None = None


class Board:
    """A board on a line; ``model`` restricts it to one model, by the first 8 bytes of its SHA-256.

    Every method raises
    ------
    ToolchainError
        The board does not answer in time, or answers that it cannot.
    """

    def __init__(self, line: Line, model: bytes = ANY_MODEL, answer_s: float = ANSWER_S) -> None:
        self._line, self._model, self._answer_s = line, model, answer_s
        self._reader = FrameReader()

    def info(self) -> BoardInfo:
        """Ask for its target, its sizes and its model."""
        frame = self._ask(Command.INFO)
        _checked(frame.payload, INFO.size + (frame.payload[3:4] or b"\0")[0] * NET.size)
        target, vectors, monitored, count, *sizes = INFO.unpack_from(frame.payload)
        nets = [NET.unpack_from(frame.payload, INFO.size + index * NET.size) for index in range(count)]
        return BoardInfo(
            target=TARGETS[target] if target < len(TARGETS) else "unknown",
            vectors=bool(vectors),
            monitored=bool(monitored),
            arena_bytes=sizes[0],
            line_bytes=sizes[1],
            clock_hz=sizes[2],
            model=frame.model,
            nets=tuple(NetInfo(input_bytes=one[0], output_bytes=one[1], steps=one[2]) for one in nets),
        )

    def run(self, net: int, codes: bytes, *, layers: bool = False) -> bytes:
        """Run a network on an input, channel last; return the output's bytes, after those of all layers on request."""
        return self._ask(Command.RUN, bytes([net, RUN_LAYERS if layers else 0]) + codes).payload

    def cycles(self) -> tuple[int, int, int]:
        """Return the cycles of the last clip, network and rate; 0 where the board does not count."""
        clip, network, rate = struct.unpack_from("<3I", _checked(self._ask(Command.CYCLES).payload, 12))
        return clip, network, rate

    def replay(self, row: np.void, *, reset: bool = False, clip: bool = False) -> Replayed:
        """Send a row as if it came from the board's camera."""
        return replayed(self._ask(Command.REPLAY, replay_payload(row, reset=reset, clip=clip)).payload)

    def rows(self, count: int, row_s: float) -> Iterator[np.void]:
        """Record: yield ``count`` rows as the camera gives them, each at most ``row_s`` after the previous one."""
        self._ask(Command.RECORD, struct.pack("<I", count))
        for _ in range(count):
            try:
                payload = self._answer(Command.RECORD, row_s).payload
            except _Garbled:
                raise ToolchainError("the line garbles the recording; lower the baud rate, record again") from None
            yield np.frombuffer(_checked(payload, ROW.itemsize), ROW, 1)[0]

    def stop(self) -> None:
        """End a recording."""
        self._ask(Command.RECORD, struct.pack("<I", 0))

    def _ask(self, command: Command, payload: bytes = b"") -> Frame:
        request = encode(command, payload, self._model)
        for attempt in range(TRIES):
            self._line.write(request)
            try:
                return self._answer(command, self._answer_s)
            except _Garbled:
                if attempt == TRIES - 1:
                    raise ToolchainError(
                        f"the board cannot read {command.name}: the line garbles it; lower the baud rate"
                    ) from None
        raise AssertionError

    def _answer(self, command: Command, within_s: float) -> Frame:
        frame = self._wait(lambda frame: frame.command in (command | ANSWER, Command.BROKEN | ANSWER), within_s)
        status = frame.payload[-1] if frame.payload else Status.GARBLED
        if frame.command != command | ANSWER or status == Status.GARBLED:
            raise _Garbled
        if status != Status.OK:
            raise ToolchainError(f"the board refuses {command.name}: {_refusal(status)}")
        return Frame(frame.command, frame.model, frame.payload[:-1])

    def _wait(self, wanted: Callable[[Frame], bool], within_s: float) -> Frame:
        end = time.monotonic() + within_s
        while True:
            frame = self._reader.next()
            if frame is not None and wanted(frame):
                return frame
            left_s = end - time.monotonic()
            if left_s <= 0:
                raise ToolchainError(
                    f"the board did not answer within {within_s:g} s ({self._reader.skipped} bytes were no answer); "
                    "check port, baud rate and firmware, or reset the board"
                )
            if frame is None:
                self._reader.feed(self._line.read(left_s))


class _Garbled(Exception):  # noqa: N818 - a signal between two methods, never seen outside
    """An answer says that the request did not arrive whole."""


def _refusal(status: int) -> str:
    hints = {
        Status.UNKNOWN: "it holds another model, or firmware without this command; flash the board folder again",
        Status.TOO_SMALL: "the frame is longer than its buffer",
        Status.MISALIGNED: "its memory is not on multiples of 16 bytes; align the arena",
        Status.NETWORK: "its network did not run",
    }
    name = Status(status).name if status in list(Status) else str(status)
    return hints.get(Status(status), name) if status in list(Status) else name


def _checked(payload: bytes, size: int) -> bytes:
    """Check that an answer is as long as its fields."""
    if len(payload) < size:
        raise ToolchainError(f"the board answers {len(payload)} bytes where {size} are due; flash its folder again")
    return payload


def replay_payload(row: np.void, *, reset: bool = False, clip: bool = False) -> bytes:
    """Return the payload that replays a row, with its flags."""
    flags = (REPLAY_RESET if reset else 0) | (REPLAY_CLIP if clip else 0)
    return bytes([flags]) + row.tobytes()


def picture_payload(
    rgb: NDArray[np.uint8], points: NDArray[np.float32] | None, t_us: int, *, reset: bool = False, clip: bool = False
) -> bytes:
    """Return the payload of a picture [H, W, 3] and six key points [6, 2], ``None`` without a face."""
    flags = (REPLAY_RESET if reset else 0) | (REPLAY_CLIP if clip else 0)
    flat = np.zeros(12, np.float32) if points is None else points.astype(np.float32).ravel()
    head = PICTURE.pack(flags, rgb.shape[1], rgb.shape[0], t_us, *flat.tolist())
    return head + np.ascontiguousarray(rgb).tobytes()


def view_payload(data: NDArray[np.uint8], name: str, size: tuple[int, int], t_us: int, *, reset: bool = False) -> bytes:
    """Return the payload of a camera's picture: its bytes in one of ``FORMATS``, without gaps; width and height."""
    number = list(FORMATS).index(name)
    return VIEW.pack(REPLAY_RESET if reset else 0, number, *size, t_us) + data.tobytes()


def replayed(payload: bytes, *, with_row: bool = False) -> Replayed:
    """Read the answer to a row, or to a picture, which begins with the row measured in it.

    Raises
    ------
    ToolchainError
        It is shorter than it states.
    """
    place = ROW.itemsize if with_row else 0
    kind = _checked(payload, place + 1)[place]
    row = np.frombuffer(payload, ROW, 1)[0] if with_row else None
    if not kind:
        return Replayed(None, None, row)
    _checked(payload, place + 1 + READING.itemsize)
    reading = np.frombuffer(payload, READING, 1, len(payload) - READING.itemsize)[0]
    clip = np.frombuffer(payload[place + 1 : -READING.itemsize], np.int8) if kind == WITH_CLIP else None
    return Replayed(reading, clip, row)
