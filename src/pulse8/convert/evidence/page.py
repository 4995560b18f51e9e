"""The report of a verdict: ship or not, then all measurements, then how to reproduce them."""

from pathlib import Path

from pulse8.convert.evidence.accuracy import rate_sections
from pulse8.convert.evidence.board import board_sections
from pulse8.convert.evidence.chain import chain_sections
from pulse8.convert.evidence.gather import gather
from pulse8.convert.evidence.headline import facts, headline
from pulse8.convert.evidence.inside import layers_section
from pulse8.convert.evidence.trying import trying_sections
from pulse8.language import Language
from pulse8.manifest import record
from pulse8.report.html import render, write_page


def write_report(verdict_file: Path, output: Path, language: Language = "en") -> Path:
    """Write the report of a verdict, passed or failed, and its row; it lists missing measurements with their commands.

    Raises
    ------
    InputError
        The verdict is missing, damaged or stale.
    ToolchainError
        Matplotlib or Jinja2 is not installed.
    """
    evidence = gather(verdict_file)
    summary = headline(evidence)
    sections = [
        *trying_sections(evidence),
        *rate_sections(evidence),
        layers_section(evidence),
        *board_sections(evidence),
        *chain_sections(evidence),
    ]
    whole = evidence.path("int8")
    title = f"{evidence.verdict.model} in INT8: {whole.name if whole else verdict_file.name}"
    page = render(title, summary.sentence, summary.tone, sections, facts(evidence), summary.badge, language=language)
    write_page(output, page)
    record(output, "report", {"verdict": evidence.source}, {} if language == "en" else {"lang": language})
    return output
