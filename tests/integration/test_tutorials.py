"""The tutorials run as they are written: each command of a page in order, in an empty folder, and what it prints.

In a ``console`` block a line that begins with ``$ `` is a command; the lines below it are what it prints, ``...``
standing for anything. Commands share one folder, not one shell.
"""

import doctest
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import ROOT, path_with_python, run

TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def commands_of(page: str) -> Iterator[tuple[str, str]]:
    """Each command and what the page says it prints."""
    for block in BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = re.split(r"(?<!\\)\n", part, maxsplit=1)
            yield lines[0], lines[1] if len(lines) > 1 else ""


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial(tutorial: Path, tmp_path: Path) -> None:
    commands = list(commands_of(tutorial.read_text(encoding="utf-8")))
    assert commands
    for command, expected in commands:
        done = run(["bash", "-ec", command], tmp_path, PATH=path_with_python(), COLUMNS="100")
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if expected.strip():
            assert doctest.OutputChecker().check_output(expected, done.stdout, LOOSE), f"{command}\n{done.stdout}"


def test_the_checker_sees_a_wrong_figure() -> None:
    page = "```console\n$ echo 71.9 BPM\n72.0 BPM\n```\n"
    [(command, expected)] = commands_of(page)
    assert command == "echo 71.9 BPM"
    assert not doctest.OutputChecker().check_output(expected, "71.9 BPM\n", LOOSE)


def test_path_holds_the_command() -> None:
    assert any(Path(folder, "pulse8").exists() for folder in path_with_python().split(os.pathsep) if folder)
