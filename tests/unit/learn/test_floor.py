"""The least belief that is shown: set on simulated people so that a bound holds in every group."""

from itertools import islice

import numpy as np
import pytest

from pulse8.learn.evaluate.people.floor import (
    GROUPS,
    NEVER,
    PROMISED,
    Moment,
    _allowed,
    _least,
    _people,
    floor_of,
    moments_of,
)
from pulse8.learn.train.world import PARTS
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.signal.selection import upper_share
from pulse8.measure.signal.tracker import LEAST_BELIEF


def test_every_kind_of_people_is_in_one_group():
    parts = [part for some in GROUPS.values() for part in some]
    assert sorted(parts) == sorted(PARTS)
    assert set(PROMISED) == set(GROUPS)


@pytest.mark.parametrize("people", [299, 600, 1000])
def test_as_many_may_be_wrong_as_the_bound_allows_and_no_more(people):
    allowed = _allowed(people, 0.02)
    assert upper_share(allowed, people) <= 0.02 < upper_share(allowed + 1, people)


def test_too_few_people_bound_nothing():
    assert _allowed(100, 0.02) == -1
    assert _least([Moment(belief=0.5, wrong=False)] * 100, 0.02) == NEVER


def test_a_threshold_stands_just_above_the_wrong_ones_that_it_must_keep_out():
    beliefs = np.linspace(0.2, 0.8, 600)
    moments = [Moment(belief=belief, wrong=index % 10 == 0) for index, belief in enumerate(beliefs)]
    least = _least(moments, 0.02)
    assert sum(one.wrong and one.belief >= least for one in moments) == _allowed(600, 0.02) == 6
    assert _least([Moment(belief=belief, wrong=False) for belief in beliefs], 0.02) == 0.0


def test_a_floor_is_set_on_all_groups():
    floor = floor_of(MeasureOptions(method="green"), people=2)
    assert set(floor.by_group) == set(GROUPS)
    assert floor.least == NEVER
    assert all(counted == (2, 0, 0) for counted in floor.counts.values())


def test_a_moment_is_what_a_display_shows_of_that_person():
    people = list(islice(_people(GROUPS["sitting"]), 5))
    shown = [measure_traces(one.traces, MeasureOptions()).shown[-1].bpm is not None for one in people]
    moments = moments_of("sitting", MeasureOptions(), 5)
    assert [one.belief >= LEAST_BELIEF for one in moments] == shown
    assert 0 < sum(shown) < 5
    assert not any(one.wrong for one, seen in zip(moments, shown, strict=True) if not seen and one.belief == 0)
