"""Sections on where the figures come from: stages and their time, files and their hashes, commands."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pulse8.convert.evidence.commands import commands_of
from pulse8.convert.evidence.gather import Evidence
from pulse8.convert.evidence.timeline import Timeline
from pulse8.convert.verify.verdict import Side
from pulse8.manifest import Row
from pulse8.measure.draw.agreement import stages_svg
from pulse8.report.html import Picture, Section, Table


def chain_sections(evidence: Evidence) -> list[Section]:
    """Return the sections in the page's order."""
    return [_timeline(evidence.timeline), _manifest(evidence), _reproduce(evidence)]


def _timeline(timeline: Timeline | None) -> Section:
    title = "Timeline of the build"
    if timeline is None:
        missing = "Not measured: the steps were run one by one; pulse8 build measures the time of each."
        return Section(title=title, text=(missing,))
    total = sum(stage.seconds for stage in timeline.stages)
    rows = [(stage.name, f"{stage.seconds:.2f}", f"{stage.seconds / (total or 1):.0%}") for stage in timeline.stages]
    drawn = [(stage.name, stage.seconds) for stage in timeline.stages]
    return Section(
        title=title,
        text=("Wall time of each stage on the machine that ran the build; writing this page is not included.",),
        tables=(Table(head=("stage", "seconds", "share"), rows=(*rows, ("all", f"{total:.2f}", "100%"))),),
        pictures=(
            Picture(
                svg=stages_svg(drawn),
                caption="One after the other, in seconds.",
                alt="; ".join(f"{name} {seconds:.1f} s" for name, seconds in drawn),
            ),
        ),
    )


def _manifest(evidence: Evidence) -> Section:
    verdict = evidence.verdict
    checked = "disjoint, checked" if verdict.calibration_checked else "not known, not checked"
    return Section(
        title="Manifest",
        text=(
            "Every file with the step that wrote it. The manifest.json beside each also holds its options.",
            f"{verdict.split[:1].upper()}{verdict.split[1:]}. Calibration and test windows: {checked}.",
        ),
        tables=(
            Table(
                head=("file", "step", "status", "SHA-256", "inputs"),
                rows=tuple(_file_rows(evidence)),
                caption="Files",
            ),
            Table(
                head=("side", "windows", "subjects", "used here"),
                rows=tuple(map(_side_row, verdict.sides)),
                caption="Splits",
            ),
            Table(head=("tool", "version"), rows=tuple(_versions(evidence.rows)), caption="Versions"),
        ),
    )


def _file_rows(evidence: Evidence) -> Iterator[tuple[str, ...]]:
    rows = {(row.output, row.output_sha256): row for row in evidence.rows.values()}
    for row in rows.values():
        inputs = ", ".join(dict.fromkeys(Path(source.path).name for source in row.inputs.values()))
        yield (row.output, row.step, row.status, row.output_sha256, inputs or "none")
    own = {sha256 for _, sha256 in rows}
    outer = {source.sha256: source for row in rows.values() for source in row.inputs.values()}
    for sha256, source in outer.items():
        if sha256 not in own:
            yield (Path(source.path).name, "external", "-", sha256, "-")


def _side_row(side: Side) -> tuple[str, ...]:
    subjects = "not known" if side.subjects is None else str(side.subjects)
    uses = {"training": "for ranges (calibration)", "test": "for this verdict"}
    used = "none" if side.used is None else f"{side.used} windows {uses.get(side.name, '')}"
    return (side.name, str(side.windows), subjects, used)


def _versions(rows: Mapping[Path, Row]) -> Iterator[tuple[str, str]]:
    """Tool versions of the steps, one row per tool; where steps differ, the row lists all versions."""
    names = dict.fromkeys(name for row in rows.values() for name in row.tools)
    for name in names:
        yield (name, ", ".join(dict.fromkeys(row.tools[name] for row in rows.values() if name in row.tools)))


def _reproduce(evidence: Evidence) -> Section:
    base, steps = commands_of(evidence.rows, evidence.source.path)
    go = (
        ()
        if evidence.timeline is None
        else ("# in one go, from the folder where it was started", evidence.timeline.command, "")
    )
    return Section(
        title="How to reproduce",
        text=(
            "With the same versions on the same machine the files have the hashes above. A step without a command is a"
            " comment (#) with its options.",
        ),
        code=(*go, f"# step by step, in the folder {base.name}", *steps),
    )
