"""Presets without a mechanism, or with one alone: the same people, one thing less."""

import numpy as np
import pytest

from pulse8.errors import SpecError
from pulse8.learn.evaluate.options import EvaluateOptions
from pulse8.learn.evaluate.table import evaluate_strata, mechanism_strata
from pulse8.learn.simulate.mechanisms import MECHANISMS, only, without
from pulse8.learn.simulate.presets import draw_conditions
from pulse8.learn.simulate.strata import stratum

HARD = stratum("hard").preset


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_one_is_switched_off_and_nothing_else_changes(mechanism):
    for subject in range(10):
        before = draw_conditions(subject, HARD, 5).flat()
        after = draw_conditions(subject, without(HARD, mechanism), 5).flat()
        assert all(after[name] in (0.0, "none") for name in MECHANISMS[mechanism])
        assert {name for name in before if before[name] != after[name]} <= set(MECHANISMS[mechanism])


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_one_alone_is_there_in_everybody_and_the_others_are_not(mechanism):
    others = [name for other in MECHANISMS if other != mechanism for name in MECHANISMS[other]]
    for subject in range(10):
        values = draw_conditions(subject, only(HARD, mechanism), 5).flat()
        assert all(values[name] not in (0.0, "none") for name in MECHANISMS[mechanism])
        assert all(values[name] in (0.0, "none") for name in others)


def test_what_is_not_there_cannot_be_alone():
    with pytest.raises(SpecError, match="choose from motion"):
        without(HARD, "weather")
    with pytest.raises(SpecError, match="no codec"):
        only(stratum("dark").preset, "codec")


def test_the_matrix_has_the_hard_stratums_people():
    strata = mechanism_strata()
    assert [one.name for one in strata] == ["all", "none", *(f"only {name}" for name in MECHANISMS)]
    rates = {next(iter(one.recordings(1))).conditions["body.bpm"] for one in strata}
    assert len(rates) == 1
    table = evaluate_strata(EvaluateOptions(mechanisms=True, limit=2, method=(), oracle=False))
    assert len(table.rows) == 2 * len(strata)
    assert np.isfinite([row.mae_bpm for row in table.rows]).all()
    with pytest.raises(SpecError, match="leave --strata away"):
        EvaluateOptions(mechanisms=True, strata=("hard",))
