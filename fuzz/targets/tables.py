"""Tables as people have them: a trace with a mapping and a unit, or a truth table with a mapping, offset and start."""

from collections.abc import Iterator

import scipy.signal  # noqa: F401 - loaded before the clock runs: an ECG needs it

from pulse8.errors import Pulse8Error
from pulse8.learn.prepare.adapters.truth import TruthOptions, columns_of, read_truth
from pulse8.measure.clips.columns import UNIT_S, TableOptions
from pulse8.measure.clips.trace_csv import read_trace_csv
from targets import BETWEEN, scratch, tried

MAX_BYTES = 4096
UNITS = ("auto", *UNIT_S)


def look(data: bytes) -> None:
    """Take three parts: the kind and unit, the mapping, and the table."""
    kind, mapping, table, *_ = [*data.split(BETWEEN, 2), b"", b""]
    path = scratch.file("tables/t.csv", table)
    words = mapping.decode("utf-8", "replace")
    if kind[:1] == b"t":
        columns = tried(columns_of, words)
        if columns is not None:
            start = kind[1:].decode("latin-1")
            truth = tried(read_truth, path, TruthOptions(columns=columns, offset_s=0.5, video_start=start))
            assert truth is None or (truth.ppg is None) != (truth.rates is None)
        return
    try:
        unit = UNITS[(kind[1:2] or b"0")[0] % len(UNITS)]
        options = TableOptions(columns=tuple(words.split("\n")) if words else (), time_unit=unit)  # type: ignore[arg-type]
    except Pulse8Error:
        return
    traces = tried(read_trace_csv, path, options)
    assert traces is None or traces.rgb.shape[1:] == (3, 4, 3)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield six seconds as spreadsheets, exporters and loggers write them."""
    rows = [(number / 2, 90, 80, 70 + number % 3) for number in range(14)]
    parted = {sign: "\n".join(sign.join(map(str, row)) for row in rows) for sign in (",", ";", "\t")}
    commas = "\n".join(f"{at};90,5;80,5;70,5".replace(".", ",") for at, *_ in rows)
    clock = "\n".join(f"12:30:{number:02d},97,{70 + number % 3}" for number in range(14))
    ecg = "\n".join(f"{number / 100},{5 if number % 80 == 0 else 0}" for number in range(400))
    yield "semicolons", _joined("a0", "", f"timestamp;R;G;B\n{parted[';']}\n")
    yield "decimal-commas", _joined("a0", "", f"time_s;red;green;blue\n{commas}\n")
    yield "tabs-mapped", _joined("a0", "time=when\nred=x", f"when\tx\tg\tb\n{parted[chr(9)]}\n")
    yield "iso", _joined("a0", "", "time,r,g,b\n" + "\n".join(f"2026-01-01T00:00:0{n / 10},9,8,7" for n in range(60)))
    yield "oximeter", _joined("t12:30:01", "", f"Time,SpO2,PR\n{clock}\n")
    yield "mapped-truth", _joined("t", "time=when; hr=x", "when,x\n0,70\n1,71\n2,72\n")
    yield "ecg", _joined("t", "", f"time_s,ecg\n{ecg}\n")


def _joined(*parts: str) -> bytes:
    return BETWEEN.join(part.encode() for part in parts)
