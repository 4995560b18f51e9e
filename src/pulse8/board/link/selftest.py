"""A board against its folder's test vectors: every network's answers through the gate, and the verdict written."""

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
from pulse8.board.link.layout import Inputs, taken_apart
from pulse8.errors import InputError, SpecError, ToolchainError
from pulse8.manifest import accept, existing_file, record, writing
from pulse8.measure.infer.integer import load_program
from pulse8.measure.infer.program import IntegerProgram
from pulse8.values import Watch, unwatched

VERDICT: Final = "board_test.json"
FOLDER_RECORD: Final = "p8_board.json"
HINT: Final = "make the folder with `pulse8 deploy`"
STALE: Final = "stale cache line"
RUN_HEAD: Final = 2
"""Bytes before a window in a RUN request: network and flags."""


@dataclass(frozen=True, kw_only=True)
class BoardTestOptions:
    """How much is tested."""

    windows: int = 64
    """Maximum number of the folder's windows to test each network on."""

    def __post_init__(self) -> None:
        if self.windows < 1:
            raise SpecError(f"{self.windows} windows; give 1 or more")


@dataclass(frozen=True, kw_only=True)
class BoardVerdict:
    """The result of a board test.

    Attributes
    ----------
    passed
        Whether every gate is met.
    target, vectors
        The board's target, and whether its kernels use vector instructions.
    model
        SHA-256 of the INT8 file.
    networks
        One judgement per network.
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


def run_board_test(
    board: Board, folder: Path, options: BoardTestOptions, watch: Watch[Any] = unwatched
) -> BoardVerdict:
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
        _judge_network(board, index, _NetTest(folder, net, windows[index]), watch, exact=info.target != "npu")
        for index, net in enumerate(facts["nets"])
    )
    cycles = board.cycles()[1] or None
    verdict = BoardVerdict(
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
    settings = {**asdict(options), "target": info.target, "vectors": info.vectors}
    record(folder / VERDICT, "board-test", {"board": accepted}, settings, "done" if verdict.passed else "failed")
    return verdict


def folder_facts(folder: Path) -> Mapping[str, Any]:
    """Read what a board folder holds.

    Raises
    ------
    InputError
        It is no board folder.
    """
    path = existing_file(folder / FOLDER_RECORD, "board folder's record", HINT)
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        bytes.fromhex(facts["sha256"])
        files = [(folder / net["file"]).resolve() for net in facts["nets"]]  # links are resolved before the check
        inside = all(file.is_relative_to(folder.resolve()) for file in files)
        named = all(isinstance(net["name"], str) for net in facts["nets"])
        flagged = isinstance(facts["simulated"], bool)
    except (ValueError, KeyError, TypeError, OSError, RuntimeError) as error:
        raise InputError(f"{path} cannot be read ({error}); {HINT}") from error
    if not (inside and named and flagged):
        raise InputError(f"{path} names networks that are no files in its folder; {HINT}")
    return facts


def _windows(folder: Path, nets: int, most: int) -> list[list[bytes]]:
    """Read each network's inputs, channel last, from the requests in the folder's vectors."""
    reader = FrameReader()
    path = existing_file(folder / "vectors" / "requests.bin", "test vectors", HINT)
    reader.feed(path.read_bytes())
    windows: list[list[bytes]] = [[] for _ in range(nets)]
    while (frame := reader.next()) is not None:
        net = frame.payload[0] if frame.payload else nets
        if net < nets and len(windows[net]) < most:
            windows[net].append(frame.payload[RUN_HEAD:])
    if not all(windows):
        raise InputError(f"{path} holds no window for one of the networks; {HINT}")
    return windows


@dataclass(frozen=True, eq=False)
class _NetTest:
    """One network and its test windows, channel last."""

    folder: Path
    net: Mapping[str, Any]
    windows: Sequence[bytes]

    @cached_property
    def program(self) -> IntegerProgram:
        return load_program(self.folder / self.net["file"])

    @cached_property
    def codes(self) -> list[Inputs]:
        return [taken_apart(window, self.program.inputs) for window in self.windows]


def _judge_network(board: Board, index: int, test: _NetTest, watch: Watch[Any], *, exact: bool) -> Judgement:
    name = test.net["name"]
    codes = test.codes  # the windows are checked against the network before the board is used
    windows = watch(test.windows, f"running {name}", len(test.windows))
    board_bytes = np.stack([_answer(board, index, window, test.program) for window in windows])
    judgement = judge(name, test.program, codes, board_bytes, exact=exact)
    if judgement.passed or judgement.fault:
        return judgement
    return replace(judgement, fault=_second_look(board, index, test, board_bytes))


def _second_look(board: Board, index: int, test: _NetTest, board_bytes: Bytes) -> str | None:
    """Run the worst window twice more: an answer that is closer the second time came from a stale cache line."""
    expected = answers(test.program, test.codes)
    worst = int(np.abs(board_bytes - expected).mean(axis=1).argmax())
    board.run(index, test.windows[worst])
    again = _answer(board, index, test.windows[worst], test.program)
    return (
        STALE
        if np.abs(again - expected[worst]).mean() < 0.5 * np.abs(board_bytes[worst] - expected[worst]).mean()
        else None
    )


def _answer(board: Board, index: int, window: bytes, program: IntegerProgram) -> NDArray[np.int16]:
    payload = board.run(index, window)
    if len(payload) != sum(math.prod(output.shape) for output in program.outputs):
        raise ToolchainError(f"the board answers {len(payload)} bytes of {program.output.name}; flash its folder again")
    return np.frombuffer(payload, np.int8).astype(np.int16)
