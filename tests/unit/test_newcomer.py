"""What runs README for a newcomer: it takes every line, and sees one that goes wrong."""

import sys
from pathlib import Path

import pytest

from commands import ROOT
from newcomer import NOT_RUN, Place, lines_of, run


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(checkout=tmp_path, folder=tmp_path, programs=Path(sys.executable).parent)


@pytest.mark.parametrize("name", ["README.md", "README.zh-TW.md"])
def test_every_line_is_run_or_has_its_reason(name):
    lines = list(lines_of((ROOT / name).read_text(encoding="utf-8")))
    assert len(lines) == 2 + 2 + 10 + 1 + 10
    assert [language for language, _ in lines].count("python") == 1
    left = [command for _, command in lines if command.startswith(tuple(NOT_RUN))]
    assert [command.split()[0] for command in left] == ["pip", "sudo"]
    assert not any("#" in command for language, command in lines if language == "bash")


@pytest.mark.parametrize(
    ("language", "command", "code", "right"),
    [
        ("bash", "true", 0, True),
        ("bash", "echo wrong; exit 3", 3, False),
        ("python", "print(1)", 0, True),
        ("python", "import no_such_library", 1, False),
        ("bash", "pulse8 record --port /dev/ttyACM0 --output recordings", 2, True),
        ("bash", "pulse8 record --help", 0, False),
    ],
)
def test_a_line_that_goes_wrong_is_seen(place, language, command, code, right):
    line = run(place, language, command)
    assert line.code == code
    assert (line.why == "") is right


def test_what_is_not_run_says_why(place):
    assert run(place, "bash", "sudo apt-get install gcc").why == "changes the machine"
