"""The frozen strata: held to their hash, apart from every other seed, and the same on every machine."""

import numpy as np
import pytest

from pulse8.errors import InputError, SpecError
from pulse8.learn.simulate import strata as home
from pulse8.learn.simulate.conditions import Conditions
from pulse8.learn.simulate.presets import Draw, draw_conditions, preset_of
from pulse8.learn.simulate.recording import FIRST_RESERVED_SEED, RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import assert_not_frozen, strata, stratum

GOLDEN = {
    "easy": [[172.883194, 134.388397, 117.425537], [172.642731, 134.424103, 116.952438]],
    "medium": [[86.5081253, 65.2494888, 57.0775757], [86.8039398, 65.3082962, 57.0833511]],
    "hard": [[127.188873, 98.3966446, 85.2760925], [127.413651, 98.5556412, 85.460701]],
    "dark": [[54.6638527, 41.3141479, 35.9938927], [58.2673225, 43.8640289, 38.0198936]],
    "compressed": [[216.265869, 165.350998, 145.195877], [216.721207, 165.981293, 145.681259]],
    "negative": [[101.693687, 79.3814392, 69.1144791], [101.489899, 79.2587891, 69.1022415]],
    "near-UBFC": [[173.593277, 135.836044, 118.961052], [174.702026, 136.172867, 118.723129]],
    "near-MMPD": [[200.173157, 156.137192, 137.646515], [200.300018, 156.069107, 137.796432]],
    "near-COHFACE": [[193.080643, 150.039963, 132.041779], [192.008087, 148.619568, 130.686371]],
}
"""Red, green and blue of the forehead's first cell, frames 5 and 500 of each stratum's first subject."""


def test_six_strata_and_three_anchors_of_the_promised_size():
    assert list(strata()) == [
        *("easy", "medium", "hard", "dark", "compressed", "negative"),
        *("near-UBFC", "near-MMPD", "near-COHFACE"),
    ]
    for name, one in strata().items():
        least = 300 if name == "negative" else 200
        assert one.subjects >= (100 if one.published_mae_bpm else least)
        assert bool(one.published_mae_bpm) == bool(one.source) == name.startswith("near-")


def test_no_other_recording_can_have_a_stratums_seed():
    seeds = [one.seed for one in strata().values()]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) >= FIRST_RESERVED_SEED
    for seed in seeds:
        with pytest.raises(SpecError, match="test strata"):
            RecordingOptions(seed=seed)


def test_a_trainer_that_is_given_a_frozen_subject_stops():
    frozen = next(stratum("easy").recordings(1)).subject
    free = simulate_recording(0).subject
    assert_not_frozen([free, "subject10", "sim-40-0001"])
    with pytest.raises(InputError, match=frozen):
        assert_not_frozen([free, frozen])


def test_a_changed_file_is_refused(monkeypatch):
    monkeypatch.setattr(home, "FROZEN_SHA256", "0" * 64)
    strata.cache_clear()
    try:
        with pytest.raises(InputError, match="not the frozen ones"):
            strata()
    finally:
        monkeypatch.undo()
        strata.cache_clear()


def test_an_unknown_stratum_lists_the_known():
    with pytest.raises(SpecError, match="easy, medium, hard"):
        stratum("simple")


@pytest.mark.parametrize("name", list(strata()))
def test_frozen_recordings_are_the_same_on_every_machine(name):
    """Within 1e-6 of the level; a codec that rounds the other way would show as a whole step."""
    rgb = next(stratum(name).recordings(1)).traces.rgb
    np.testing.assert_allclose(rgb[[5, 500], 0, 0], GOLDEN[name], rtol=1e-6)


def test_switching_a_draw_leaves_the_others_alone():
    preset = preset_of({"motion.sway": {"low": 0.01, "high": 0.02}, "body.bpm": {"low": 50, "high": 150}})
    both = draw_conditions(3, preset, 1)
    alone = draw_conditions(3, {"body.bpm": preset["body.bpm"]}, 1)
    assert both.body == alone.body
    assert both.motion.sway > 0 == alone.motion.sway


def test_draws_stay_in_their_range_and_keep_their_chance():
    draw = Draw.from_json({"low": 0.001, "high": 0.1, "scale": "log", "chance": 0.5})
    drawn = np.array([draw.draw(np.random.default_rng(seed)) for seed in range(600)])
    assert 0.4 < (drawn == 0).mean() < 0.6
    some = drawn[drawn > 0]
    assert 0.001 <= some.min() < some.max() <= 0.1
    assert 0.4 < (some < 0.01).mean() < 0.6  # as many below the middle of the logarithm as above
    assert Draw.from_json([1, 2]).draw(np.random.default_rng(0)) in (1, 2)
    assert Draw.from_json(7).draw(np.random.default_rng(0)) == 7


@pytest.mark.parametrize("bad", [{"low": 2, "high": 1}, {"low": 0, "high": 1, "scale": "log"}, "much", {"hi": 1}, []])
def test_bad_draws_are_refused(bad):
    with pytest.raises(SpecError):
        Draw.from_json(bad)


def test_unknown_conditions_are_refused():
    with pytest.raises(SpecError, match=r"motion\.swing"):
        preset_of({"motion.swing": 1})
    assert "motion.sway" in Conditions().flat()
