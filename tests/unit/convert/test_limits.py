"""Limits that several rooms keep are one figure."""

from pulse8.board.preflight.limits import MAX_IR_VERSION, OPSETS
from pulse8.convert.repair.edits import WRITTEN_IR, WRITTEN_OPSET
from pulse8.convert.verify.gates import LIMITS
from pulse8.measure.signal.fidelity import MAX_DIFFERENCE_P95_BPM, MIN_SQNR_DB


def test_the_verdict_and_the_board_test_keep_the_same_limits():
    assert (LIMITS.min_sqnr_db, LIMITS.max_difference_p95_bpm) == (MIN_SQNR_DB, MAX_DIFFERENCE_P95_BPM)


def test_fix_writes_what_the_preflight_accepts():
    assert WRITTEN_IR <= MAX_IR_VERSION
    assert WRITTEN_OPSET in OPSETS
