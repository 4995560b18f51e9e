"""Sections on the board: pre-flights, memory, the guide's promises, and what fits at 30 frames per second."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from pulse8.board.application.budget import budget
from pulse8.board.application.evidence import budget_section
from pulse8.board.estimate.hardware import CHIP_BYTES, CHIP_POOLS, FLASH
from pulse8.board.package import Deployed
from pulse8.board.preflight.preflight import LOWER_BOUND, Preflight
from pulse8.board.preflight.section import preflight_section
from pulse8.convert.evidence.gather import BOARD, Evidence
from pulse8.convert.evidence.promises import promises, promises_section
from pulse8.report.html import Section, Table


def board_sections(evidence: Evidence) -> list[Section]:
    """Return the sections in the page's order."""
    if not evidence.rates:
        return [Section(title="Pre-flight", text=("Not measured: the INT8 file is not beside its verdict.",))]
    slowest = min(evidence.rates.values())
    runs = [rate / slowest for rate in evidence.rates.values()] if evidence.board_preflights else []
    return [
        *(_pre_flight(path, result) for path, result in evidence.preflights.items()),
        _memory(evidence),
        promises_section(promises(evidence.verdict, evidence.sizes, evidence.board_preflights, runs)),
        budget_section(budget(evidence.rates)),
    ]


def _pre_flight(path: Path, result: Preflight | None) -> Section:
    if result is not None:
        return preflight_section(result)
    return Section(
        title=f"Pre-flight of {path.name}",
        text=("Not measured: there is no pre-flight of this file; run the command below.",),
        code=(shlex.join(("pulse8", "preflight", path.name, "--keep")),),
    )


def _memory(evidence: Evidence) -> Section:
    text, tables = [], []
    if evidence.board_preflights:
        text.append(f"Activations and constants on the NPU: {LOWER_BOUND}.")
        rows = [row for result in evidence.board_preflights for row in _memory_rows(result)]
        tables.append(Table(head=("file", "what", "bytes", "of", "share"), rows=tuple(rows), caption="On the NPU"))
    else:
        text.append("On the NPU: not measured; run a pre-flight of each file for the board.")
    if evidence.board is not None:
        tables.append(_board_table(evidence.board))
    whole = evidence.path("int8")
    missing = evidence.board is None and whole is not None
    if missing:
        text.append("On the Cortex-M55, to the byte: not measured; run the command below.")
    command = ("pulse8", "deploy", "--input", whole.name if whole else "", "--output", BOARD)
    return Section(
        title="Memory", text=tuple(text), tables=tuple(tables), code=(shlex.join(command),) if missing else ()
    )


def _memory_rows(result: Preflight) -> Iterator[tuple[str, ...]]:
    name = Path(result.model).name
    yield _row(name, "weights, at least", result.flash_bytes, FLASH.name, FLASH.bytes)
    if result.memory is None:
        yield (name, "activations: a shape is not known", "-", "-", "-")
        return
    chip = " + ".join(dict.fromkeys(pool.name.rstrip("0123456789") for pool in CHIP_POOLS))
    yield _row(name, "activations alive at once", result.memory.peak_bytes, chip, CHIP_BYTES)
    if result.memory.placed_bytes is not None:
        yield _row(name, "activations as placed here", result.memory.placed_bytes, chip, CHIP_BYTES)


def _row(name: str, what: str, size: int, where: str, room: int) -> tuple[str, ...]:
    return (name, what, f"{size:,}", f"{where}, {room:,}", f"{size / room:.2%}")


def _board_table(board: Deployed) -> Table:
    nets = [
        (f"{net.name}: {what}", f"{size:,}")
        for net in board.nets
        for what, size in (
            ("constants", net.weight_bytes),
            ("arena while it runs", net.arena_bytes),
            ("input", net.input_bytes),
            ("output", net.output_bytes),
        )
    ]
    ring = [("ring of the last frames", f"{board.ring_bytes:,}")] if board.ring_bytes is not None else []
    return Table(head=("what", "bytes"), rows=(*nets, *ring), caption=f"Board folder, {board.target}: exact")
