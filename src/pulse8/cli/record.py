"""``pulse8 record``: a board's cell colours into a store."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.board.link.client import Board
from pulse8.board.link.record import RecordOptions, record_board
from pulse8.board.link.serial_line import BAUD, serial_line
from pulse8.cli.printing import print_json, watch
from pulse8.cli.saying import say
from pulse8.learn.camera_check.contact import read_ppg
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags(RecordOptions):
    """Record what a board's camera sees: mean colours of cells of skin, no picture."""

    port: str
    """Serial port, such as /dev/ttyACM0 or COM3."""
    output: Path = Path("recordings")
    """Store to add to."""
    ppg: Path | None = None
    """A contact sensor's pulse on the board's clock: CSV with time_s, ppg; needed to train on the recording."""
    baud: int = BAUD
    """Bits a second on the line."""
    json: bool = False
    """Print one machine-readable record."""


def run(flags: Flags) -> int:
    """Record and print what was kept."""
    ppg = None if flags.ppg is None else read_ppg(flags.ppg)
    with serial_line(flags.port, flags.baud) as line:
        recorded = record_board(Board(line), flags.output, flags, ppg, watch)
    if flags.json:
        print_json(recorded)
        return 0
    seen = ", ".join(f"{share:.0%}" for share in recorded.valid_share)
    say(f"{recorded.file}: {recorded.frames} frames in {recorded.seconds:.1f} s; each ROI was measured in {seen}")
    say(f"Next: pulse8 measure {recorded.file}\n{NOTICE}")
    return 0
