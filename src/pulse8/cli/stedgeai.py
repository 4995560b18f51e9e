"""``pulse8 stedgeai``: the vendor's tool with the right flags, where it is installed."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from pulse8.board.stedgeai.commands import find_tool
from pulse8.board.stedgeai.options import StedgeaiOptions
from pulse8.board.stedgeai.stedgeai import Called, planned_calls, stedgeai
from pulse8.cli.printing import print_json
from pulse8.cli.saying import say


@dataclass(frozen=True, kw_only=True)
class Flags(StedgeaiOptions):
    """Generate, and validate on a board, with ST Edge AI Core; without it, print the exact commands.

    Attributes
    ----------
    model
        An INT8 QDQ ONNX file that passes the pre-flight.
    output
        Folder to generate into.
    vectors
        Your own inputs for validate: int8, channel last, saved with numpy.
    json
        Print one machine-readable record.
    """

    model: tyro.conf.Positional[Path]
    output: Path = Path("st_ai_output")
    vectors: Path | None = None
    json: bool = False


def run(flags: Flags) -> int:
    """Call the tool and print its report's gates; 1 where one is not met."""
    if find_tool() is None and not flags.json:
        say("\n".join(planned_calls(flags.model, flags.output, flags)))
    called = stedgeai(flags.model, flags.output, flags, flags.vectors)
    if flags.json:
        print_json(called)
    else:
        _print(called)
    return 1 if called.failures else 0


def _print(called: Called) -> None:
    report = called.report
    say("\n".join(called.calls))
    kinds = (
        ("hardware", report.hardware_epochs),
        ("software", report.software_epochs),
        ("hybrid", report.hybrid_epochs),
    )
    say(f"epochs: {report.epochs}, {', '.join(f'{count} {kind}' for kind, count in kinds if count is not None)}")
    for pool in report.pools:
        say(f"{pool.name}: {pool.used_bytes:,} bytes")
    say(f"weights: {report.weight_bytes} bytes; duration: {report.duration_ms} ms")
    say("\n".join(f"gate not met: {failure}" for failure in called.failures) or "every gate met")
