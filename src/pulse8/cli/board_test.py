"""``pulse8 board-test``: a board against its folder."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.board.codegen.render import MODEL_ID_BYTES
from pulse8.board.link.client import Board
from pulse8.board.link.selftest import BoardTestOptions, BoardVerdict, folder_facts, run_board_test
from pulse8.board.link.serial_line import BAUD, serial_line
from pulse8.cli.names import BOARD_FOLDER
from pulse8.cli.printing import print_json, show, table, watch
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags(BoardTestOptions):
    """Ask a board for its answers, judge them, and keep the verdict in the folder."""

    port: str
    """Serial port, such as /dev/ttyACM0 or COM3."""
    board: Path = BOARD_FOLDER
    """Folder that `pulse8 deploy` made and the board was flashed from."""
    baud: int = BAUD
    """Bits a second on the line."""
    json: bool = False
    """Print one machine-readable record."""


def run(flags: Flags) -> int:
    """Test and print; 1 where a gate is not met."""
    model = bytes.fromhex(folder_facts(flags.board)["sha256"])[:MODEL_ID_BYTES]
    with serial_line(flags.port, flags.baud) as line:
        verdict = run_board_test(Board(line, model), flags.board, flags, watch)
    if flags.json:
        print_json(verdict)
    else:
        _print(verdict)
    return 0 if verdict.passed else 1


def _print(verdict: BoardVerdict) -> None:
    for net in verdict.networks:
        rows = [
            (gate.name, f"{gate.value:.4g}", f"{gate.limit:.4g}", "met" if gate.passed else "not met")
            for gate in net.gates
        ]
        show(table(("figure", "value", "limit", ""), rows, f"{net.network}, {net.windows} windows"))
        if not net.passed:
            show(f"this looks like: {net.fault or 'no fault that is known here'}")
    if verdict.milliseconds is not None:
        show(f"one run: {verdict.cycles:,} cycles, {verdict.milliseconds:.2f} ms")
    show(f"{verdict.target}: {'passed' if verdict.passed else 'FAILED'}", NOTICE)
