"""A pre-flight as a section of the report, with the layers' timeline."""

from pathlib import Path
from typing import Final

from pulse8.board.estimate.latency import Interval
from pulse8.board.preflight.preflight import Preflight
from pulse8.board.preflight.text import SOURCE, flash_sentence, latency_sentence, memory_sentence
from pulse8.measure.draw.agreement import layer_timeline_svg
from pulse8.report.html import Picture, Section, Table, render, write_page

MAX_LAYERS: Final = 60
MAX_FINDINGS: Final = 100


def preflight_section(result: Preflight) -> Section:
    """Return findings, epochs, memory and time of one model."""
    findings = tuple(
        (finding.rule, finding.severity, finding.node, finding.what, finding.fix) for finding in result.findings
    )
    layers = tuple(
        (layer.name, layer.op, str(layer.epoch), f"{layer.macs:,}", f"{layer.weight_bytes:,}", _time(layer.interval))
        for layer in result.layers[:MAX_LAYERS]
    )
    timed = [(layer.name, layer.interval) for layer in result.layers[:MAX_LAYERS] if layer.interval is not None]
    picture = Picture(
        svg=layer_timeline_svg([(name, interval.low_ms, interval.high_ms) for name, interval in timed]),
        caption="Each layer's time, one after the other: full to the low end, pale to the high one (estimated)",
    )
    return Section(
        title=f"Pre-flight of {Path(result.model).name}",
        text=(
            *(() if findings else ("Findings: none.",)),
            f"Latency: {latency_sentence(result)}.",
            f"Memory: {memory_sentence(result)}.",
            f"Flash: {flash_sentence(result)}.",
            f"Rules: {SOURCE}.",
        ),
        tables=(
            *((_findings(findings),) if findings else ()),
            Table(
                head=("layer", "operator", "epoch", "MAC", "weight bytes", "ms"),
                rows=layers,
                caption=f"{_first(len(layers), len(result.layers))} layers",
            ),
        ),
        pictures=(picture,) if timed else (),
    )


def _findings(rows: tuple[tuple[str, ...], ...]) -> Table:
    head = ("rule", "severity", "node", "what", "fix")
    shown = rows[:MAX_FINDINGS]
    return Table(head=head, rows=shown, caption=f"{_first(len(shown), len(rows))} findings")


def _first(shown: int, count: int) -> str:
    return str(count) if shown == count else f"The first {shown} of {count}"


def _time(interval: Interval | None) -> str:
    return "not predicted" if interval is None else f"{interval.low_ms:.4f} - {interval.high_ms:.4f}"


def write_preflight_page(result: Preflight, output: Path) -> None:
    """Write a pre-flight as a separate page.

    Raises
    ------
    ToolchainError
        Matplotlib or Jinja2 is not installed.
    """
    errors = sum(finding.severity == "error" for finding in result.findings)
    verdict = "No error found" if result.passed else f"{errors} errors found"
    write_page(
        output, render("pulse8: pre-flight", verdict, "good" if result.passed else "bad", [preflight_section(result)])
    )
