"""Traces as an attacker makes them, through the installed command: one line, at once."""

import pytest

from commands import pulse8
from shared import SHARED

CASES = SHARED / "cases" / "traces"


@pytest.mark.skipif(not CASES.is_dir(), reason="set PULSE8_SHARED to the folder that holds cases/traces")
def test_the_case_of_a_far_time_is_one_line(tmp_path):
    done = pulse8(tmp_path, "measure", CASES / "far_time.npz", "--csv", "rates.csv")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "a time of 1e+300 s; give seconds within" in done.stderr
    assert list(tmp_path.iterdir()) == []
