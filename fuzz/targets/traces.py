"""Skin traces as CSV."""

from collections.abc import Iterator

from pulse8.measure.clips.trace_csv import read_trace_csv
from targets import scratch, tried

MAX_BYTES = 4096


def look(data: bytes) -> None:
    """Read."""
    traces = tried(read_trace_csv, scratch.file("traces.csv", data))
    if traces is not None:
        assert traces.rgb.shape[1:] == (3, 4, 3)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Six seconds at two rows a second."""
    rows = "\n".join(f"{number / 2},90,80,{70 + number % 3}" for number in range(14))
    yield "plain", f"time_s,red,green,blue\n{rows}\n".encode()
