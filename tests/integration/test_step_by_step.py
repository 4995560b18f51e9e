"""The verbs of the convert line without flags: what one writes is where the next one looks."""

from pathlib import Path

import pytest

from commands import pulse8

STEPS = (
    ("simulate", "--subjects", "120", "--windows", "2"),
    ("calibrate",),
    ("export",),
    ("quantize",),
    ("verify",),
    ("deploy", "--windows", "2", "--unverified"),
    ("report",),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("steps")


def test_each_verb_finds_what_the_one_before_it_wrote(folder: Path) -> None:
    for words in STEPS:
        done = pulse8(folder, *words)
        assert done.returncode in ((0, 1) if words[0] == "verify" else (0,)), done.stdout + done.stderr
    built = folder / "pulse8-build"
    assert {path.name for path in folder.iterdir()} == {"pulse8-build"}
    assert (built / "models" / "pulse12_int8.verdict.json").is_file()
    assert (built / "board" / "Makefile").is_file()
    assert (built / "report.html").is_file()


@pytest.mark.parametrize("verb", ["calibrate", "quantize", "verify", "diagnose", "deploy", "report", "tune"])
def test_without_the_step_before_it_is_one_line(tmp_path: Path, verb: str) -> None:
    done = pulse8(tmp_path, verb)
    assert (done.returncode, done.stdout) == (2, "")
    assert "not found at pulse8-build/" in done.stderr
    assert "server_training" not in done.stderr
    assert list(tmp_path.iterdir()) == []
