"""``pulse8 preflight``: what the vendor's tool and the NPU will say about an ONNX file."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from pulse8.board.preflight.options import PreflightOptions
from pulse8.board.preflight.preflight import preflight, write_preflight
from pulse8.board.preflight.text import preflight_text
from pulse8.cli.printing import print_json
from pulse8.cli.saying import say


@dataclass(frozen=True, kw_only=True)
class Flags(PreflightOptions):
    """Tell what the STM32N6's tool and NPU will say about an ONNX file, without either.

    Attributes
    ----------
    model
        Any ONNX file.
    fix
        Write what is safe to fix to this new file, verified against the old one.
    report
        Write the findings and the layers' timeline to this HTML file.
    keep
        Write the findings beside the model, where `pulse8 report` finds them.
    budget
        Print what fits at 30 frames a second with this network, once a second, beside the face networks.
    json
        Print one machine-readable record instead of the text.
    """

    model: tyro.conf.Positional[Path]
    fix: Path | None = None
    report: Path | None = None
    keep: bool = False
    budget: bool = False
    json: bool = False


def run(flags: Flags) -> int:
    """Look, fix, print, and return 1 where there is an error."""
    found = preflight(flags.model, flags)
    if flags.keep:
        write_preflight(found, flags.model)
    if flags.report is not None:
        from pulse8.board.preflight.section import write_preflight_page  # noqa: PLC0415 - needs plots

        write_preflight_page(found, flags.report)
    if flags.fix is not None:
        return _fix(flags, flags.fix)
    if flags.json:
        print_json(found)
    else:
        say(preflight_text(found))
        if flags.budget:
            _print_budget(flags.model)
    return 0 if found.passed else 1


def _fix(flags: Flags, output: Path) -> int:
    from pulse8.convert.repair.fix import fix  # noqa: PLC0415 - runs both files, and most calls need it not

    fixed = fix(flags.model, output)
    if flags.json:
        print_json(fixed)
        return 0
    for change in fixed.changes:
        say(f"fixed: {change}")
    say(f"largest difference from {flags.model}: {fixed.max_difference:.1e}")
    for path in fixed.files:
        say(f"written: {path}; look again with `pulse8 preflight {path}`")
    return 0


def _print_budget(model: Path) -> None:
    from pulse8.board.application.budget import budget  # noqa: PLC0415 - only with --budget
    from pulse8.board.application.evidence import (  # noqa: PLC0415 - most calls need it not
        WHOLE_RATE,
        budget_section,
    )

    section = budget_section(budget({model: WHOLE_RATE}))
    say(f"\n{section.title}. {section.text[0]}")
    for table in section.tables:
        say("\n".join("  " + " | ".join(row) for row in (table.head, *table.rows)))
