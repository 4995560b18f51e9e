"""The licence table against the pins, the installed packages and the shipped weights."""

import re
import sys

from commands import ROOT, run


def rows():
    lines = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8").splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| ") and "what" not in line]


def test_the_page_is_what_the_script_writes():
    done = run([sys.executable, "scripts/licences.py", "check"], ROOT)
    assert done.returncode == 0, done.stderr or "run python scripts/licences.py"


def test_every_pin_has_its_row():
    pins = set((ROOT / "constraints.txt").read_text(encoding="utf-8").split())
    assert {f"{name}=={version}" for name, version, whose, _ in rows() if whose != "shipped"} == pins


def test_every_row_names_a_licence_and_the_only_gpl_is_offered_beside_others():
    assert [row for row in rows() if row[3] in {"not named", "not installed"}] == []
    assert [row[0] for row in rows() if re.search(r"GPL|General Public", row[3])] == ["docutils"]
