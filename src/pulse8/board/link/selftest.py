"""A board against its folder's test vectors: every network's answers through the gate, and the verdict kept."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.board.link.client import Board
from pulse8.board.link.faults import Bytes, answers
from pulse8.board.link.frames import FrameReader
from pulse8.board.link.gate import Judgement, judge
from pulse8.errors import InputError, SpecError, ToolchainError
from pulse8.manifest import accept, existing_file, record, writing
from pulse8.measure.infer.integer import load_program
from pulse8.measure.infer.kernels import Codes
from pulse8.measure.infer.program import IntegerProgram
from pulse8.values import Watch, unwatched

VERDICT: Final = "board_test.json"
FOLDER_RECORD: Final = "p8_board.json"
MEND: Final = "make the folder with `pulse8 deploy`"
STALE: Final = "stale cache line"
RUN_HEAD: Final = 2
"""Bytes before a window in a RUN request: network and flags."""


@dataclass(frozen=True, kw_only=True)
class BoardTestOptions:
    """How much is asked: at most so many of the folder's windows of each network."""

    windows: int = 64

    def __post_init__(self) -> None:
        if self.windows < 1:
            raise SpecError(f"{self.windows} windows; give 1 or more")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a board answered.

    Attributes
    ----------
    passed
        Whether every gate is met.
    target, vectors
        The board's, and whether its kernels use vector instructions.
    model
        SHA-256 of the INT8 file.
    networks
        One judgement each.
    cycles, milliseconds
        Of one run of the first network; ``None`` where the board does not count.
    simulated
        Whether the windows are of simulated people.
    """

    passed: bool
    target: str
    vectors: bool
    model: str
    networks: tuple[Judgement, ...]
    cycles: int | None
    milliseconds: float | None
    simulated: bool


def run_board_test(board: Board, folder: Path, options: BoardTestOptions, watch: Watch[Any] = unwatched) -> Verdict:
    """Ask a board for the answers to its folder's windows and write the verdict into the folder and its manifest.

    Raises
    ------
    InputError
        The folder is no board folder, or its files were changed.
    ToolchainError
        The board does not answer, or holds another model.
    """
    facts = folder_facts(folder)
    accepted = accept(folder / FOLDER_RECORD)
    info = board.info()
    windows = _windows(folder, len(facts["nets"]), options.windows)
    judgements = tuple(
        _judged(board, index, _Asked(folder, net, windows[index]), watch, exact=info.target != "npu")
        for index, net in enumerate(facts["nets"])
    )
    cycles = board.cycles()[1] or None
    verdict = Verdict(
        passed=all(judgement.passed for judgement in judgements),
        target=info.target,
        vectors=info.vectors,
        model=facts["sha256"],
        networks=judgements,
        cycles=cycles,
        milliseconds=1e3 * cycles / info.clock_hz if cycles and info.clock_hz else None,
        simulated=facts["simulated"],
    )
    with writing(folder / VERDICT) as temporary:
        temporary.write_text(json.dumps(asdict(verdict), indent=1) + "\n", encoding="utf-8")
    told = {**asdict(options), "target": info.target, "vectors": info.vectors}
    record(folder / VERDICT, "board-test", {"board": accepted}, told, "done" if verdict.passed else "failed")
    return verdict


def folder_facts(folder: Path) -> Mapping[str, Any]:
    """Read what a board folder holds.

    Raises
    ------
    InputError
        It is no board folder.
    """
    path = existing_file(folder / FOLDER_RECORD, "board folder's record", MEND)
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        bytes.fromhex(facts["sha256"])
        files = [(folder / net["file"]).resolve() for net in facts["nets"]]  # links are followed before it is judged
        inside = all(file.is_relative_to(folder.resolve()) for file in files)
        named = all(isinstance(net["name"], str) for net in facts["nets"])
        told = isinstance(facts["simulated"], bool)
    except (ValueError, KeyError, TypeError, OSError, RuntimeError) as error:
        raise InputError(f"{path} cannot be read ({error}); {MEND}") from error
    if not (inside and named and told):
        raise InputError(f"{path} names networks that are no files in its folder; {MEND}")
    return facts


def _windows(folder: Path, nets: int, most: int) -> list[list[bytes]]:
    """Read each network's inputs, channel last, from the requests in the folder's vectors."""
    reader = FrameReader()
    path = existing_file(folder / "vectors" / "requests.bin", "test vectors", MEND)
    reader.feed(path.read_bytes())
    found: list[list[bytes]] = [[] for _ in range(nets)]
    while (frame := reader.next()) is not None:
        net = frame.payload[0] if frame.payload else nets
        if net < nets and len(found[net]) < most:
            found[net].append(frame.payload[RUN_HEAD:])
    if not all(found):
        raise InputError(f"{path} holds no window for one of the networks; {MEND}")
    return found


@dataclass(frozen=True, eq=False)
class _Asked:
    """One network and the windows that it is asked, channel last."""

    folder: Path
    net: Mapping[str, Any]
    windows: Sequence[bytes]

    @cached_property
    def program(self) -> IntegerProgram:
        return load_program(self.folder / self.net["file"])

    @cached_property
    def codes(self) -> list[Codes]:
        return [_codes(window, self.program) for window in self.windows]


def _judged(board: Board, index: int, asked: _Asked, watch: Watch[Any], *, exact: bool) -> Judgement:
    name = asked.net["name"]
    codes = asked.codes  # the windows are held against the network before a board is asked
    told = watch(asked.windows, f"asking for {name}", len(asked.windows))
    found = np.stack([_answer(board, index, window, asked.program) for window in told])
    judgement = judge(name, asked.program, codes, found, exact=exact)
    if judgement.passed or judgement.fault:
        return judgement
    return replace(judgement, fault=_second_look(board, index, asked, found))


def _second_look(board: Board, index: int, asked: _Asked, found: Bytes) -> str | None:
    """Ask again, twice: an answer that comes closer the second time was made from what the cache still held."""
    right = answers(asked.program, asked.codes)
    worst = int(np.abs(found - right).mean(axis=1).argmax())
    board.run(index, asked.windows[worst])
    again = _answer(board, index, asked.windows[worst], asked.program)
    return STALE if np.abs(again - right[worst]).mean() < 0.5 * np.abs(found[worst] - right[worst]).mean() else None


def _answer(board: Board, index: int, window: bytes, program: IntegerProgram) -> NDArray[np.int16]:
    payload = board.run(index, window)
    if len(payload) != math.prod(program.output.shape):
        raise ToolchainError(f"the board answers {len(payload)} bytes of {program.output.name}; flash its folder again")
    return np.frombuffer(payload, np.int8).astype(np.int16)


def _codes(window: bytes, program: IntegerProgram) -> Codes:
    if len(program.input.shape) != 4 or len(window) != math.prod(program.input.shape):
        raise InputError(f"a window of {len(window)} bytes for an input {list(program.input.shape)}; {MEND}")
    _, channels, height, width = program.input.shape
    last = np.frombuffer(window, np.int8).reshape(1, height, width, channels)
    return np.ascontiguousarray(last.transpose(0, 3, 1, 2))
