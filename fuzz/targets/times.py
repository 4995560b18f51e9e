"""Times of frames, any 64 bits of them: they are taken or refused at once, in traces, in windows and in the meter."""

from collections.abc import Iterator

import numpy as np

from pulse8.errors import Pulse8Error
from pulse8.measure.clips.cells import CellRow
from pulse8.measure.clips.windows import window_clips
from pulse8.measure.line import measure_traces
from pulse8.measure.meter import Meter
from pulse8.measure.reading.options import MeasureOptions
from pulse8.spec import PULSE12
from pulse8.values import CellTraces
from targets import tried

MAX_BYTES = 8 * 512
POS = MeasureOptions(method="pos")
SKIN = np.array([170.0, 120.0, 95.0], np.float32)


def look(data: bytes) -> None:
    """Take the bytes as float64 times; the first byte also says whether they are sorted first."""
    times = np.frombuffer(data[1 : 1 + (len(data) - 1) // 8 * 8] if data else b"", np.float64).copy()
    if data[:1] == b"s":
        times = np.unique(times)
    traces = tried(_traces, times)
    if traces is not None and len(times):
        tried(measure_traces, traces, POS)
        tried(lambda: list(window_clips(traces, PULSE12.normaliser)))
    meter = Meter(POS)
    for time_s, row in zip(times.tolist(), _rows(len(times)), strict=True):
        try:
            meter.push(row, time_s)
        except Pulse8Error:
            continue


def _traces(times: np.ndarray) -> CellTraces:
    rgb = np.array([row.rgb for row in _rows(len(times))]).reshape(-1, 3, 4, 3)
    return CellTraces(rgb, times, np.ones((len(times), 3), np.bool_))


def _rows(count: int) -> Iterator[CellRow]:
    for index in range(count):
        rgb = np.broadcast_to(SKIN * (1 + 0.01 * np.float32(np.sin(index))), (3, 4, 3)).astype(np.float32)
        yield CellRow(rgb, np.ones(3, np.bool_), np.full(3, 900, np.float32), (None, None, None))


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield steady times, and some of the kinds that once had no end."""
    steady = np.arange(200) / 30
    kinds = {
        "steady": steady,
        "refused-far": np.array([0.0, 1e300]),
        "refused-infinite": np.array([0.0, np.inf]),
        "refused-no-number": np.array([0.0, np.nan, 1.0]),
        "refused-vanishing-steps": 2.0**52 + np.arange(64),
        "refused-a-day-apart": np.arange(64) * 86_400.0,
        "epoch": 1.7e9 + steady,
        "refused-tiny": np.arange(64) * 1e-310,
    }
    for name, times in kinds.items():
        yield name, b"a" + times.astype(np.float64).tobytes()
    yield "sorted", b"s" + steady[::-1].tobytes()
