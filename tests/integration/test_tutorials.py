"""The tutorials run as they are written: each command of a page in order, in an empty folder, and what it prints.

In a ``console`` block a line that begins with ``$ `` is a command; the lines below it are what it prints, ``...``
standing for anything. Commands share one folder, not one shell. A code block with a caption is a file of that name.
"""

import doctest
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import ROOT, path_with_python, run

TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
BLOCK = re.compile(r"^```(?:console|\{code-block\} \w+\n:caption: (\S+)\n)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NEEDS = {"build": ("gcc", "make")}
LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def commands_of(page: str) -> Iterator[tuple[str, str]]:
    """Each command and what the page says it prints; a file is a command that writes it."""
    for file, block in BLOCK.findall(page):
        if file:
            yield f"cat > {file} <<'END OF FILE'\n{block}END OF FILE", ""
            continue
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = re.split(r"(?<!\\)\n", part, maxsplit=1)
            yield lines[0], lines[1] if len(lines) > 1 else ""


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial(tutorial: Path, tmp_path: Path) -> None:
    if missing := [tool for tool in NEEDS.get(tutorial.stem, ()) if shutil.which(tool) is None]:
        pytest.skip(f"no {', '.join(missing)}: apt-get install {' '.join(missing)} libc6-dev")
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


def test_a_captioned_block_is_a_file(tmp_path: Path) -> None:
    page = "```{code-block} python\n:caption: a.py\n\nprint('$ 1')\n```\n\n```console\n$ cat a.py\nprint('$ 1')\n```\n"
    commands = list(commands_of(page))
    assert [run(["bash", "-ec", command], tmp_path).stdout for command, _ in commands] == ["", commands[1][1]]


def test_path_holds_the_command() -> None:
    assert any(Path(folder, "pulse8").exists() for folder in path_with_python().split(os.pathsep) if folder)
