"""The frozen strata: held to their hash, apart from every other seed, and the same on every machine."""

import numpy as np
import pytest

from pulse8.errors import InputError, SpecError
from pulse8.learn.formats.guide_pt import LabelledBlock, write_guide_data
from pulse8.learn.simulate import strata as home
from pulse8.learn.simulate.conditions import Conditions
from pulse8.learn.simulate.presets import Draw, draw_conditions, preset_of
from pulse8.learn.simulate.recording import FIRST_RESERVED_SEED, RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import assert_not_frozen, strata, stratum
from pulse8.learn.train.options import TrainOptions
from pulse8.learn.train.ultralight import train

GOLDEN = {
    "easy": [[172.880112, 134.382904, 117.422264], [172.672577, 134.477448, 116.984253]],
    "medium": [[86.5207596, 65.2700882, 57.0893021], [86.7511292, 65.263443, 57.0296326]],
    "hard": [[127.194, 98.4054413, 85.2812195], [127.410614, 98.5504456, 85.4576721]],
    "dark": [[54.6620216, 41.311142, 35.9921837], [58.2556458, 43.8448257, 38.0088997]],
    "compressed": [[216.229645, 165.286774, 145.156921], [216.684982, 165.917068, 145.642303]],
    "negative": [[101.693687, 79.3814392, 69.1144791], [101.489899, 79.2587891, 69.1022415]],
    "near-UBFC": [[173.496384, 135.767807, 118.898743], [174.699112, 136.151779, 118.712593]],
    "near-MMPD": [[200.178482, 156.146896, 137.652115], [200.313477, 156.092422, 137.813385]],
    "near-COHFACE": [[193.064911, 150.012344, 132.025253], [191.99234, 148.591949, 130.669861]],
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


def test_train_refuses_data_of_a_frozen_subject(tmp_path):
    frozen = next(stratum("hard").recordings(1)).subject
    block = np.zeros((4, 8, 3, 36, 36, 3), np.float32)
    blocks = [LabelledBlock(block, np.full(4, 70, np.float32), name) for name in ("a", "b", "c", frozen)]
    write_guide_data(tmp_path / "data.pt", blocks)
    with pytest.raises(InputError, match="frozen test stratum"):
        train(tmp_path / "data.pt", tmp_path / "best.pth", TrainOptions(epochs=1))
    assert not (tmp_path / "best.pth").exists()


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
