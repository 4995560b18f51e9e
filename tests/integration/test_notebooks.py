"""The documentation's notebooks run in an empty folder and show what they say they show."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from commands import ROOT, run

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def checked(path: Path, folder: Path):
    return run([sys.executable, "-W", "ignore", ROOT / "scripts" / "notebooks.py", "check", path], folder)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_it_says(notebook, tmp_path):
    done = checked(notebook, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_check_sees_another_figure_and_a_cell_that_fails(tmp_path):
    path = tmp_path / "a.ipynb"
    cell = {"cell_type": "code", "source": ["print(1)\n", "1 + 1"], "metadata": {}, "outputs": []}
    path.write_text(json.dumps({"cells": [cell]}))
    script = [sys.executable, ROOT / "scripts" / "notebooks.py"]
    assert run([*script, "write", path], tmp_path).returncode == 0
    assert checked(path, tmp_path).returncode == 0
    other = path.read_text().replace("print(1)", "print(3)")
    shutil.copy(path, tmp_path / "b.ipynb")
    path.write_text(other)
    assert "and now\n3" in checked(path, tmp_path).stdout
    path.write_text(other.replace("1 + 1", "1 / 0"))
    done = checked(path, tmp_path)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stdout


def test_no_notebook_names_a_folder_of_the_machine_that_ran_it():
    assert len(NOTEBOOKS) == 2
    for path in NOTEBOOKS:
        assert str(Path.home()) not in path.read_text(encoding="utf-8")
