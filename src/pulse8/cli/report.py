"""``pulse8 report``: the evidence behind a verdict as one HTML file."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.names import VERDICT, beside
from pulse8.cli.printing import print_json
from pulse8.cli.saying import LANGUAGE, Spoken, say
from pulse8.convert.evidence.page import write_report


@dataclass(frozen=True, kw_only=True)
class Written:
    """The report's path."""

    report: Path


@dataclass(frozen=True, kw_only=True)
class Flags(Spoken):
    """Write the report of a verdict."""

    verdict: Path = VERDICT
    """Verdict that verify wrote beside the INT8 file."""
    output: Path | None = None
    """HTML file to write; report.html in the build's folder, or beside the verdict."""
    json: bool = False
    """Print one machine-readable record."""


def run(flags: Flags) -> int:
    """Write the report and print its path."""
    report = write_report(flags.verdict, flags.output or beside(flags.verdict, "report.html"), LANGUAGE.get())
    if flags.json:
        print_json(Written(report=report))
    else:
        say(f"report: {report}")
    return 0
