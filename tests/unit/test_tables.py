"""The tables of the documents are those of the committed results."""

import sys

from commands import ROOT, run


def test_the_tables_are_those_of_the_results():
    done = run([sys.executable, "benchmarks/tables.py", "check"], ROOT)
    assert done.returncode == 0, done.stdout + done.stderr + "run python benchmarks/tables.py"
