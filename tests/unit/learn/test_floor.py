import numpy as np
import pytest

from pulse8.learn.evaluate.people.floor import GROUPS, NEVER, PROMISED, _allowed, _least, floor_of
from pulse8.learn.evaluate.people.methods import classical
from pulse8.learn.evaluate.people.spans import SpanReading
from pulse8.learn.evaluate.scores import Reading
from pulse8.learn.train.world import PARTS
from pulse8.measure.signal.selection import upper_share
from pulse8.measure.signal.shown import SPANS, Sighting


def one(share, off, alive=True):
    truth = 70.0 if alive else None
    reading = Reading(subject="a", bpm=70.0 + off, accepted=False, alive=alive, true_bpm=truth, confidence=share)
    sighting = Sighting(end_s=8.5, span=256, bpm=70.0 + off, share=share, spread_bpm=1.0)
    return SpanReading(reading=reading, hann_bpm=None, sighting=sighting)


def test_every_kind_of_people_is_in_one_group():
    parts = [part for some in GROUPS.values() for part in some]
    assert sorted(parts) == sorted(PARTS)


@pytest.mark.parametrize("windows", [149, 300, 1000])
def test_as_many_may_be_wrong_as_the_bound_allows_and_no_more(windows):
    allowed = _allowed(windows)
    assert upper_share(allowed, windows) <= PROMISED < upper_share(allowed + 1, windows)


def test_too_few_people_bound_nothing():
    assert _allowed(100) == -1
    assert _least([one(0.5, 0.0)] * 100) == NEVER


def test_a_threshold_stands_just_above_the_wrong_ones_that_it_must_keep_out():
    shares = np.linspace(0.2, 0.8, 300)
    readings = [one(share, 30.0 if index % 10 == 0 else 0.0) for index, share in enumerate(shares)]
    least = _least(readings)
    let_through = [share for index, share in enumerate(shares) if index % 10 == 0 and share >= least]
    assert len(let_through) == _allowed(300) == 1
    assert _least([one(share, 0.0) for share in shares]) == 0.0
    dead = [one(share, 0.0, alive=False) for share in shares]
    assert _least(dead) > 0.79  # where nobody has a pulse, whatever is shown is wrong


def test_a_floor_is_set_on_all_groups_and_spans():
    floor = floor_of(classical("GREEN"), people=2)
    assert set(floor.least) == set(SPANS)
    assert all(least == NEVER for least in floor.least.values())
    assert all(counted[0] == 2 and counted[1] == 0 for groups in floor.counts.values() for counted in groups.values())
