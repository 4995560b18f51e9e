"""Hardware that rounds otherwise than the reference is no fault: the shipped network passes in each of five ways."""

import numpy as np
import pytest

from pulse8.board.link.faults import answers
from pulse8.board.link.gate import judge
from pulse8.board.link.rounding import FAMILIES
from pulse8.learn.formats.clips import open_clips
from pulse8.measure.infer.integer import IntegerRunner, quantised

WINDOWS = 32


@pytest.fixture(scope="module")
def codes(pulse12_files, oracle):
    """Simulated windows, easy to dark, as the network's input codes."""
    clips = open_clips(pulse12_files / "clips.npz").clips[:WINDOWS, None]
    return [quantised(clip, oracle.program.input) for clip in np.asarray(clips)]


@pytest.mark.parametrize("family", FAMILIES)
def test_no_way_of_rounding_fails_the_gates(oracle, codes, family):
    board_bytes = answers(oracle.program, codes, IntegerRunner(oracle.program, rounding=FAMILIES[family]))
    judgement = judge("wave", oracle.program, codes, board_bytes, exact=False)
    assert judgement.passed, [gate for gate in judgement.gates if not gate.passed]
