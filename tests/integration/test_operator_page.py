"""The table of operators is what the code says."""

import sys

from commands import ROOT, run


def test_the_page_is_what_the_script_writes():
    done = run([sys.executable, "scripts/operators.py", "check"], ROOT)
    assert done.returncode == 0, done.stderr or "run python scripts/operators.py"
