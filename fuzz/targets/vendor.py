"""Reports of the vendor's tool, as text."""

from collections.abc import Iterator

from pulse8.board.vendor_report.gates import gate_faults
from pulse8.board.vendor_report.parse import parse_report
from targets import tried

MAX_BYTES = 8192


def look(data: bytes) -> None:
    """Parse and judge."""
    report = tried(parse_report, data.decode("utf-8", "replace"), "report")
    if report is not None:
        gate_faults(report, 100_000)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Lines of both formats."""
    yield (
        "two",
        b"""ST Edge AI Core v2.1.0
total epochs: 5 of which 4 hw, 1 sw
epoch 1 HW
epoch 2 -SW- (Softmax)
npuRAM5 [0x34200000 - 0x3426FFFF]: 12.5 kB / 448 kB (2.8 %)
octoFlash [0x70000000 - 0x77FFFFFF]: 1,204 kB / 64 MB
weights (ro) : 28,412 B
macc : 1,234,567
duration : 1.234 ms
""",
    )
    yield (
        "four",
        b"""CmdLine:12 - ST Edge AI Core v4.0
epochs 1 -> 7
hw epochs: 3, hybrid epochs: 2, sw: 2
E103(CliRuntimeError): something went wrong
INTERNAL ERROR: no pool
""",
    )
