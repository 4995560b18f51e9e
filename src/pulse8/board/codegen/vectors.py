"""Test requests for a board and the integer reference's answers, as frames of the serial line."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pulse8.board.codegen.board_net import BoardNet
from pulse8.board.link.client import RUN_CHECKSUMS, replay_payload
from pulse8.board.link.frames import ANSWER, ROW, Command, Status, encode
from pulse8.board.link.layout import Inputs, as_tuple, laid_out, stored_bytes
from pulse8.errors import InputError
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.program import IntegerProgram
from pulse8.values import CellTraces


@dataclass(frozen=True, eq=False)
class Vectors:
    """Requests, the expected answers, and rows of a recording to replay, as bytes of the serial line."""

    requests: bytes
    answers: bytes
    replay: bytes


def vectors_of(
    nets: Sequence[tuple[IntegerProgram, BoardNet, Sequence[Inputs]]], traces: CellTraces | None, model: bytes
) -> Vectors:
    """Run each network's windows through the reference; the answer for a layer is its CRC-32.

    Parameters
    ----------
    nets
        Program, board steps and inputs of each network, in their order on the board.
    traces
        A recording to replay; ``None`` for networks that make no wave.
    model
        First bytes of the model's SHA-256, in every frame.
    """
    requests, answers = bytearray(), bytearray()
    for index, (program, net, windows) in enumerate(nets):
        runner = IntegerRunner(program)
        for window in windows:
            requests += encode(Command.RUN, bytes([index, RUN_CHECKSUMS]) + laid_out(as_tuple(window)), model)
            answers += encode(Command.RUN | ANSWER, _answer(runner, net, window), model)
    return Vectors(bytes(requests), bytes(answers), _replay(traces, model))


def _answer(runner: IntegerRunner, net: BoardNet, window: Inputs) -> bytes:
    tensors = runner.tensors(*as_tuple(window))
    layers = [zlib.crc32(stored_bytes(tensors[step.y])).to_bytes(4, "little") for step in net.steps]
    outputs = laid_out([tensors[output.name] for output in runner.program.outputs])
    return b"".join(layers) + outputs + bytes([Status.OK])


def _replay(traces: CellTraces | None, model: bytes) -> bytes:
    if traces is None:
        return b""
    payloads = (replay_payload(row, reset=index == 0, clip=True) for index, row in enumerate(rows_of(traces)))
    return b"".join(encode(Command.REPLAY, payload, model) for payload in payloads)


def rows_of(traces: CellTraces) -> NDArray[np.void]:
    """Cell traces as rows of the line; times are rounded to microseconds.

    Raises
    ------
    InputError
        The ROIs' areas are not known, and every row of a board needs them.
    """
    if traces.pixels is None:
        raise InputError("the recording does not hold the areas of its ROIs; record it with a board or from video")
    rows = np.zeros(len(traces.t_s), ROW)
    rows["t_us"] = np.rint(traces.t_s * 1e6)
    rows["rgb"], rows["valid"], rows["pixels"] = traces.rgb, traces.valid, traces.pixels
    return rows
