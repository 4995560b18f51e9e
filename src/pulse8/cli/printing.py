"""Output of the verbs: progress on a terminal, tables, and one JSON record for ``--json``."""

import dataclasses
import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.box import HEAVY_HEAD, Box
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from pulse8.cli.saying import complain, put, say, spoken
from pulse8.errors import shown
from pulse8.measure.signal.rate import SHORTEST_S
from pulse8.notice import NOTICE
from pulse8.values import HeartRate, Item, Reason, SeenFaces

NEXT_STEP: Final = """\
Next: X-CUBE-AI (STM32N6)
   Hand the pair to the tool: {spatial} and {temporal}
   Start with optimisation level O1 or O2, then compare O3 on your board"""

NEXT_STEP_WHOLE: Final = """\
Next: X-CUBE-AI (STM32N6)
   Hand the INT8 file to the tool: {whole}
   Start with optimisation level O1 or O2, then compare O3 on your board"""


def next_step(whole: Path, spatial: Path | None, temporal: Path | None) -> str:
    """Return the files for the board's tool: the pair where there is one."""
    if spatial and temporal:
        return NEXT_STEP.format(spatial=spatial, temporal=temporal)
    return NEXT_STEP_WHOLE.format(whole=whole)


def watch(items: Iterable[Item], what: str, count: int) -> Iterable[Item]:
    """Yield the items and show what is done and how long still on standard error; silent without a terminal.

    The time left is estimated from the last hour: an item may be a frame or a recording. Without a count the bar only
    moves.
    """
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn(), TimeElapsedColumn())
    bar = Progress(
        *columns, console=console, disable=not console.is_terminal, transient=True, speed_estimate_period=3600
    )
    with bar as progress:
        yield from progress.track(items, total=count or None, description=what)


def report_failure(failure: Any) -> None:  # noqa: ANN401 - the record of `prepare`; no verb but that loads it
    """Print one line on standard error about a recording that could not be prepared."""
    complain(f"❌ {failure.recording}: {failure.reason}")


def table(head: Iterable[str], rows: Iterable[Iterable[str]], title: str, box: Box = HEAVY_HEAD) -> Table:
    """Lay out a table; cells are plain text without markup, and an empty row becomes a separator."""
    grid = Table(*(shown(spoken(cell)) for cell in head), title=shown(spoken(title)), title_justify="left", box=box)
    for row in rows:
        cells = [shown(spoken(cell)) for cell in row]
        grid.add_row(*cells) if cells else grid.add_section()
    return grid


def show(*things: str | Table, width: int | None = None) -> None:
    """Print texts and tables; brackets and colons have no special meaning."""
    console = Console(soft_wrap=True, width=width, markup=False, emoji=False, highlight=False)
    console.print(*(shown(spoken(one)) if isinstance(one, str) else one for one in things), sep="\n")


def print_answer(measurement: Any) -> None:  # noqa: ANN401 - the record of `measure`; no verb but that loads it
    """Print a recording's answer as one line."""
    faces = "" if measurement.faces is None else _faces(measurement.faces)
    put(f"{shown(measurement.recording)}  {spoken(measurement.answer.text)}{spoken(faces)}")


def print_end(written: Iterable[tuple[str, Path]], without: list[str]) -> None:
    """Print what was written, and how to see why a recording has no rate."""
    put(*(f"{spoken(what)}: {shown(str(path))}" for what, path in written))
    if without:
        first = shown(without[0]) if Path(without[0]).is_file() else "VIDEO"
        say(f"Why there is no rate: pulse8 measure {first} --table, and pulse8 inspect {first} for what was seen")
    say(NOTICE)


def print_measurement(measurement: Any) -> None:  # noqa: ANN401 - the record of `measure`; no verb but that loads it
    """Print the rates as a table."""
    title = f"Heart rate, {measurement.method}: {measurement.recording}"
    seconds, *figures = _cells(measurement.whole)
    rows = [*map(_cells, measurement.windows), (), (f"{seconds}, whole", *figures)]
    grid = table(("seconds", "BPM", "confidence", "resolution, BPM"), rows, title)
    show(grid, *map(_shown_last, measurement.shown[-1:]))


def _shown_last(rate: Any) -> str:  # noqa: ANN401 - as above
    """Say what a display shows at the end."""
    if rate.bpm is None:
        return f"shown at {rate.at_s:.1f} s: no rate, {rate.reason}"
    return f"shown at {rate.at_s:.1f} s: {rate.bpm:.0f} +- {rate.spread_bpm:.1f} BPM, {rate.age_s:.0f} s old"


def _faces(faces: SeenFaces) -> str:
    if faces.most < 2:
        return ""
    which = "none of them" if faces.place is None else f"number {faces.place} from the left"
    return f"; {faces.most} faces, measured: {which} (--face left, right or a number)"


def _cells(rate: HeartRate) -> tuple[str, str, str, str]:
    bpm = _why(rate) if rate.bpm is None else f"{rate.bpm:.1f}{' provisional' if rate.provisional else ''}"
    return f"{rate.start_s:.1f} - {rate.end_s:.1f}", bpm, f"{rate.confidence:.2f}", f"{rate.resolution_bpm:.1f}"


def _why(rate: HeartRate) -> str:
    if rate.reason is Reason.TOO_SHORT:
        return f"too short: {rate.end_s - rate.start_s:.1f} of {SHORTEST_S:g} s"
    return str(rate.reason)


@contextmanager
def without_advice() -> Iterator[None]:
    """Silence ONNX Runtime's quantizer log: it recommends an optimiser whose output the vendor's tool rejects."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)


def print_json(record: Any) -> None:  # noqa: ANN401 - any dataclass of the API
    """Print a result record as one line of JSON; numbers that are not finite become null."""
    fields = {**dataclasses.asdict(record), "notice": NOTICE}
    text = json.dumps(_plain(fields), ensure_ascii=False, allow_nan=False)
    print("".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text))


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and value - value != 0:  # infinite or not a number
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)
