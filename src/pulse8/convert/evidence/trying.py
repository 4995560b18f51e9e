"""What fell short and by how much, and what to try, for a report whose verdict is not met."""

import os
from collections.abc import Iterator
from pathlib import Path

from pulse8.convert.evidence.commands import commands_of
from pulse8.convert.evidence.gather import Evidence
from pulse8.convert.verify.plans import plans
from pulse8.report.html import Section, Table


def trying_sections(evidence: Evidence) -> tuple[Section, ...]:
    """Return the section; none where the verdict is met."""
    verdict = evidence.verdict
    if verdict.passed:
        return ()
    base, _ = commands_of(evidence.rows, evidence.source.path)
    rows = tuple((gate.what, gate.asked, gate.measured, gate.missed_by) for gate in verdict.gates if not gate.met)
    return (
        Section(
            title="What fell short, and what to try",
            text=(f"In this order; the commands run in the folder {base.name}, and verify prints the verdict again.",),
            tables=(Table(head=("what", "asked", "measured", "missed by"), rows=rows),),
            code=tuple(_lines(evidence, base)),
        ),
    )


def _lines(evidence: Evidence, base: Path) -> Iterator[str]:
    names = {name: os.path.relpath(path.resolve(), base) for name, path in evidence.inputs.items()}
    for number, step in enumerate(plans(evidence.verdict, names), 1):
        yield from ("", f"# {number}. {step.what}", *step.commands)[number == 1 :]
