"""The page of commands and flags is the code's, and every flag says what it means."""

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_code_says() -> None:
    assert runpy.run_path(str(ROOT / "scripts" / "write_cli_reference.py"))["page"]() == PAGE


def test_every_flag_has_a_meaning() -> None:
    rows = [re.split(r"(?<!\\)\|", line) for line in PAGE.splitlines() if line.startswith("| `")]
    assert len(rows) > 150
    assert [row[1] for row in rows if not row[3].strip()] == []
