"""Writes ``docs/cli.md``, every command with its flags and their defaults, from the records that the parser reads.

usage: python scripts/write_cli_reference.py
"""

import argparse
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

import tyro

from pulse8.cli import GROUPS
from pulse8.cli.flags import CONFIG, with_defaults

PAGE: Final = Path(__file__).parent.parent / "docs" / "cli.md"
INTRODUCTION: Final = """# Commands and flags

Made by `scripts/write_cli_reference.py` from the code; `pulse8 VERB --help` prints the same. A flag's words may be
joined by `-` or `_`; a yes-or-no flag stands alone, or with `true` or `false`. Every command ends with 0 (done), 1 (a
gate was not met; what was made is kept, marked as failed) or 2 (it cannot run; one line says why, and what to do)."""


def page() -> str:
    """Return the page's text."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    for group, verbs in GROUPS.items():
        yield f"\n## {group.capitalize()}"
        for verb, sentence in verbs.items():
            yield f"\n### pulse8 {verb}\n\n{sentence[0].upper()}{sentence[1:]}.\n"
            yield "| flag | default | meaning |\n|---|---|---|"
            yield from (_row(action) for action in _actions(verb))


def _actions(verb: str) -> Iterator[argparse.Action]:
    record = import_module(f"pulse8.cli.{verb.replace('-', '_')}").Flags
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the only way to a parser's flags that tyro has
        parser = tyro.extras.get_parser(record, config=CONFIG, default=with_defaults(record, {}))
    yield from (action for action in parser._actions if action.dest != "help")  # noqa: SLF001 - argparse lists them nowhere else


def _row(action: argparse.Action) -> str:
    name = action.option_strings[0] if action.option_strings else str(action.dest).upper()
    values = action.metavar if isinstance(action.metavar, str) else " ".join(action.metavar or ())
    values = {"{True,False}": ""}.get(values, values.removeprefix("{None}|"))
    if values.startswith("["):  # argparse's way of writing any number of them
        values = f"{values.split()[0].strip('[')} ..."
    meaning, _, default = (action.help or "").strip().partition(" (default: ")
    if not default:
        meaning, _, default = meaning.partition("(default: ")
    default = default.removesuffix(")").strip()
    if meaning.endswith("(required)"):
        meaning, default = meaning.removesuffix("(required)").strip(), "required"
    default = {"None": "none", "True": "true", "False": "false"}.get(default, default)
    shown = f"`{name} {values}`" if values else f"`{name}`"
    return f"| {_cell(shown)} | {_cell(default)} | {_cell(meaning)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("%%", "%").replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
