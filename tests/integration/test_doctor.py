"""pulse8 doctor tells what is there, what is not, and whether the rest works."""

import json
from pathlib import Path

import pytest

from commands import pulse8
from pulse8.cli import doctor
from pulse8.learn.self_test import self_test


def test_every_extra_has_a_sentence_and_its_requirements() -> None:
    needed = doctor.requirements()
    assert set(needed) == {"", *doctor.EXTRAS}
    assert all(needed.values())
    assert "numpy" in needed[""]
    assert {"torch", "matplotlib"} <= needed["build"]  # its own, and those of the extra that it includes
    assert needed["stream"] <= needed["test"]


def test_the_self_test_takes_under_ten_seconds(tmp_path: Path) -> None:
    done = pulse8(tmp_path, "doctor", "--json")
    record = json.loads(done.stdout)
    assert done.returncode == 0
    assert {check["name"] for check in record["checks"]} == set(self_test.CHECKS)
    assert sum(check["seconds"] for check in record["checks"]) < 10
    assert "numpy" in record["installed"]
    assert "Not a medical device" in record["notice"]


def test_a_failed_check_is_reported_and_exits_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(self_test, "TOLERANCE_BPM", -1.0)  # nothing is that near
    assert doctor.run(doctor.Flags()) == 1
    assert "✗" in capsys.readouterr().out


def test_a_missing_package_is_named_with_its_fix(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "pylsl" else "1.0")
    assert doctor.run(doctor.Flags()) == 0
    shown = capsys.readouterr().out
    assert 'lacks pylsl: pip install "pulse8[stream]"' in shown
