"""The guide's promises compared with our figures: measured, estimated, or not known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pulse8.board.preflight.preflight import Preflight
from pulse8.convert.verify.verdict import Verdict
from pulse8.report.html import Section, Table

Standing = Literal["measured", "measured on simulated data", "interval, estimated", "lower bound", "not known"]


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One row: the guide's figure, ours, how well ours is known, and the command that prints it."""

    what: str
    guide: str
    ours: str
    standing: Standing
    command: str


def promises(
    verdict: Verdict, sizes: tuple[int, int] | None, preflights: Sequence[Preflight], runs: Sequence[float]
) -> tuple[Promise, ...]:
    """Return the table.

    Parameters
    ----------
    verdict
        Result of the verification.
    sizes
        Bytes of the FP32 and the INT8 file; ``None`` where they are not known.
    preflights
        Pre-flights of the files for the board.
    runs
        Runs of each of them per answer.
    """
    comparison = verdict.comparison
    on: Standing = "measured on simulated data" if verdict.simulated else "measured"
    return (
        Promise(
            what="MAE, INT8", guide="5.5-7.0 BPM", ours=_bpm(comparison.int8.mae), standing=on, command="pulse8 verify"
        ),
        Promise(
            what="RMSE, INT8",
            guide="7.5-9.0 BPM",
            ours=_bpm(comparison.int8.rmse),
            standing=on,
            command="pulse8 verify",
        ),
        _size(sizes),
        _latency(preflights, runs),
        _memory(preflights),
        Promise(
            what="power",
            guide="30-50 % less",
            ours="no figure: it takes a board and a meter",
            standing="not known",
            command="none",
        ),
    )


def _bpm(value: float) -> str:
    return f"{value:.2f} BPM"


def _size(sizes: tuple[int, int] | None) -> Promise:
    ours: str
    standing: Standing
    if sizes is None:
        ours, standing = "the files are not beside the verdict", "not known"
    else:
        ours, standing = f"{sizes[0]:,} to {sizes[1]:,} bytes, {sizes[0] / sizes[1]:.1f} times", "measured"
    return Promise(
        what="model size", guide="80 to 20 KB, 4 times", ours=ours, standing=standing, command="pulse8 quantize"
    )


def _latency(preflights: Sequence[Preflight], runs: Sequence[float]) -> Promise:
    known = [
        (result.latency, count) for result, count in zip(preflights, runs, strict=True) if result.latency is not None
    ]
    ours: str
    standing: Standing
    if not preflights or len(known) != len(preflights):
        ours = "not predicted: see the pre-flight" if preflights else "not measured: no pre-flight"
        standing = "not known"
    else:
        low, high = (sum(getattr(latency, end) * count for latency, count in known) for end in ("low_ms", "high_ms"))
        ours, standing = f"{low:.2f} to {high:.2f} ms of NPU time per answer", "interval, estimated"
    return Promise(
        what="inference", guide="50 ms to 5-10 ms (NPU)", ours=ours, standing=standing, command="pulse8 preflight MODEL"
    )


def _memory(preflights: Sequence[Preflight]) -> Promise:
    peaks = [result.memory.peak_bytes for result in preflights if result.memory is not None]
    ours: str
    standing: Standing
    if not peaks or len(peaks) != len(preflights):
        ours = "a shape is not known" if preflights else "not measured: no pre-flight"
        standing = "not known"
    else:
        ours, standing = f"{max(peaks):,} bytes of activations", "lower bound"
    return Promise(what="memory", guide="500 to 200 KB", ours=ours, standing=standing, command="pulse8 preflight MODEL")


def promises_section(table: Sequence[Promise]) -> Section:
    """Return the guide's promises as a section."""
    rows = tuple((promise.what, promise.guide, promise.ours, promise.standing, promise.command) for promise in table)
    return Section(
        title="The guide's promises",
        text=("Each figure of the guide, ours beside it, and how well ours is known.",),
        tables=(Table(head=("what", "guide", "ours", "known", "command"), rows=rows),),
    )
