"""What a board says on its serial line: bytes as they come, and answers with correct sums but any payload."""

from collections.abc import Iterator

import numpy as np

from pulse8.board.link.client import Board, replayed
from pulse8.board.link.frames import ANSWER, READING, ROW, Command, FrameReader, Status, encode
from pulse8.board.link.record import traces_of
from pulse8.errors import ToolchainError
from targets import BETWEEN, tried

MAX_BYTES = 4096
ASKED = (Command.INFO, Command.RUN, Command.REPLAY, Command.CYCLES, Command.RECORD)


class Answers:
    """A line that gives what it holds and is then unplugged."""

    def __init__(self, parts: list[bytes]) -> None:
        self._parts = parts

    def write(self, data: bytes) -> None:
        """Take a question."""

    def read(self, timeout_s: float) -> bytes:  # noqa: ARG002 - as a line has it
        """Give the next bytes."""
        if not self._parts:
            raise ToolchainError("the port is gone; plug the board in again")
        return self._parts.pop(0)


def look(data: bytes) -> None:
    """Take the first byte as the question; above 127 the rest is the line's own bytes, else answers' payloads."""
    kind, rest = data[:1] or b"\0", data[1:]
    command = ASKED[kind[0] % len(ASKED)]
    if kind[0] > 127:
        reader = FrameReader()
        reader.feed(rest)
        while reader.next() is not None:
            pass
        parts = [rest[start : start + 50] for start in range(0, len(rest), 50)]
    else:
        parts = [encode(command | ANSWER, payload) for payload in rest.split(BETWEEN)]
    tried(ask, Board(Answers(parts)), command)


def ask(board: Board, command: Command) -> None:
    """Ask one question and use its answer."""
    if command == Command.INFO:
        board.info()
    elif command == Command.RUN:
        board.run(0, b"input")
    elif command == Command.REPLAY:
        board.replay(np.zeros(1, ROW)[0])
    elif command == Command.CYCLES:
        board.cycles()
    else:
        traces_of(np.array(list(board.rows(2, 1.0)), ROW))


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield a right answer to each question, and the same as bytes on the line."""
    ok = bytes([Status.OK])
    rows = np.zeros(2, ROW)
    rows["t_us"] = [0, 33_333]
    rows["reason"] = [[0, 1, 2], [3, 0, 0]]
    answers = {
        Command.INFO: [bytes([1, 1, 1, 1]) + bytes(24)],
        Command.RUN: [bytes(8)],
        Command.REPLAY: [b"\x02" + bytes(36) + bytes(READING.itemsize)],
        Command.CYCLES: [bytes(12)],
        Command.RECORD: [b"", *(row.tobytes() for row in rows)],
    }
    for place, command in enumerate(ASKED):
        payloads = [payload + ok for payload in answers[command]]
        yield command.name.lower(), bytes([place]) + BETWEEN.join(payloads)
        line = b"".join(encode(command | ANSWER, payload) for payload in payloads)
        yield f"{command.name.lower()}-line", bytes([130 + place]) + line
    assert replayed(answers[Command.REPLAY][0]).clip is not None
