import dataclasses

import numpy as np
import pytest

from pulse8.errors import InputError
from pulse8.learn.train.pool import write_pool
from pulse8.learn.train.refusal import Readings, accepted, coverages, fit_odds, fit_refusals, readings_of
from pulse8.learn.train.world import WorldOptions, world
from pulse8.measure.signal.rate import heart_rate
from pulse8.measure.signal.selection import upper_share
from pulse8.measure.signal.trust import FEATURES, judged, trust_features
from pulse8.spec import Readout, Refusal
from pulse8.values import Clip, Reason, Waveform

T_S = np.arange(256) / 30


def people(count, seed=0):
    """Readings whose second feature tells how likely they are right, and whose third whether there is a pulse."""
    random = np.random.default_rng(seed)
    alive = random.uniform(size=count) < 0.75
    hint = random.normal(size=count) * 2
    right = alive & (random.uniform(size=count) < 1 / (1 + np.exp(-2 * hint - 1)))
    features = np.zeros((count, len(FEATURES)))
    features[:, 0], features[:, 1], features[:, 2] = 1, hint, alive + 0.2 * random.normal(size=count)
    parts = np.where(alive, random.choice(["calm", "dim"], count), "pulse-free")
    return Readings(features=features, right=right, alive=alive, parts=parts)


def test_the_bounds_hold_on_the_people_that_set_them_and_on_others():
    refusals = fit_refusals(people(4000))
    for seed in (0, 1, 2):
        found = {row.part: row for row in coverages(people(4000, seed), refusals)}
        assert found["calm"].wrong_upper <= 0.05 > found["dim"].wrong_upper
        assert found["pulse-free"].wrong_upper <= 0.015
        assert found["calm"].accepted > 0.2 * found["calm"].windows


def test_without_the_rules_the_bounds_would_not_hold():
    readings = people(4000)
    calm = readings.parts == "calm"
    assert upper_share(int((~readings.right[calm]).sum()), int(calm.sum())) > 0.2
    assert accepted(readings.features, fit_refusals(readings)).mean() < 0.7


def test_odds_are_calibrated():
    readings = people(20_000)
    alive = readings.alive
    odds = readings.features[alive] @ fit_odds(readings.features[alive], readings.right[alive])
    probability = 1 / (1 + np.exp(-odds))
    for low, high in ((0.1, 0.3), (0.4, 0.6), (0.8, 0.95)):
        inside = (probability > low) & (probability < high)
        assert readings.right[alive][inside].mean() == pytest.approx(probability[inside].mean(), abs=0.05)


def test_too_few_people_set_no_threshold():
    with pytest.raises(InputError, match="calibrat"):
        fit_refusals(people(200))
    sure = people(400)
    with pytest.raises(InputError, match="both kinds"):
        fit_odds(sure.features, np.ones(400, bool))


def reading(bpm, noise, size=1.0):
    random = np.random.default_rng(5)
    wave = size * (np.sin(2 * np.pi * bpm / 60 * T_S) * 2**0.5 + noise * random.normal(size=256))
    pulse = Waveform(wave.astype(np.float32), 30.0, 0.0)
    samples = np.clip(wave / wave.std() + random.normal(size=(1, 3, 12, 256)), -4, 4).astype(np.float32)
    clip = Clip(samples, np.full((3, 12), 0.01, np.float32), np.ones(12, np.float32), 0.0)
    return trust_features(pulse, heart_rate(pulse, Readout()), clip, Readout())


def test_features_tell_a_clear_wave_from_a_noisy_and_a_large_from_a_small():
    clear, noisy, small = reading(80, 0.05), reading(80, 2.0), reading(80, 0.05, size=0.1)
    assert tuple(clear) == FEATURES
    for name in ("confidence", "share", "halves", "rois"):
        assert clear[name] > noisy[name]
        assert clear[name] == pytest.approx(small[name], abs=0.02)
    assert clear["size"] - small["size"] == pytest.approx(np.log(10), abs=0.05)
    assert clear["noise"] == pytest.approx(np.log(0.01))


def test_a_silent_wave_and_a_clip_of_zeros_have_features_too():
    silent = Waveform(np.zeros(256, np.float32), 30.0, 0.0)
    blank = Clip(np.zeros((1, 3, 12, 256), np.float32), np.zeros((3, 12), np.float32), np.zeros(12, np.float32), 0.0)
    features = trust_features(silent, heart_rate(silent, Readout()), blank, Readout())
    assert all(np.isfinite(value) for value in features.values())


def test_features_by_hand():
    """A tone of 90 BPM in the first half, of 150 in the second; in the clip 90 BPM in two ROIs."""
    tones = [np.sin(2 * np.pi * bpm / 60 * T_S) for bpm in (90, 150)]
    wave = Waveform(np.where(T_S < 128 / 30, *tones).astype(np.float32), 30.0, 0.0)
    rate = dataclasses.replace(heart_rate(wave, Readout()), bpm=90.0)
    samples = np.zeros((1, 3, 12, 256), np.float32)
    samples[0, 0] = 3 * tones[1]  # brightness counts for nothing
    samples[0, 1, :4] = samples[0, 2, 4:8] = tones[0]  # either difference counts
    scale = np.zeros((3, 12), np.float32)
    scale[2, :3] = 0.01, 0.02, 0.09
    scale[:2] = 7.0
    told = trust_features(wave, rate, Clip(samples, scale, np.ones(12, np.float32), 0.0), Readout())
    # All of the first ROI and of the second, nothing in the third; 85 % of a tone of 8.5 s lies within 6 BPM.
    assert told["rois"] == pytest.approx(2 * 0.85 / 3, abs=0.02)
    assert told["noise"] == pytest.approx(np.log(0.02))
    assert told["size"] == pytest.approx(np.log(float(wave.samples.std()) + 1e-3))
    assert told["halves"] < 0.05  # the second half holds nothing of 90 BPM
    assert 0.2 < told["share"] < 0.3  # half the power, spread twice as wide
    blank = trust_features(wave, rate, Clip(samples, 0 * scale, np.ones(12, np.float32), 0.0), Readout())
    assert blank["noise"] == -5


def test_the_first_rule_gives_the_odds_and_the_first_that_is_not_met_refuses():
    told = ((1.0, Reason.NO_PULSE), (-1.0, Reason.CLIPPED), (-2.0, Reason.TILTED))
    rules = tuple(Refusal(weights={"size": weight}, threshold=0.0, reason=reason) for weight, reason in told)
    assert judged({"size": 2.0}, rules) == (pytest.approx(1 / (1 + np.exp(-2))), rules[1])
    assert judged({"size": -2.0}, rules)[1] is rules[0]
    assert judged({"size": 2.0}, rules[:1])[1] is None
    assert judged({"size": -900.0}, rules)[0] == pytest.approx(np.exp(-50))
    assert judged({"size": 900.0}, rules)[0] == 1


def test_a_pool_is_read_once_a_person(tmp_path):
    pool = write_pool(tmp_path, world(WorldOptions(subjects=20, seconds=18)))
    found = readings_of(pool, lambda clips: clips[:, 1].mean(axis=1) + clips[:, 2].mean(axis=1))
    assert found.features.shape == (20, len(FEATURES))
    assert (found.right <= found.alive).all()
    assert found.right.any()
    assert set(found.parts[~found.alive]) <= {"pulse-free", "restless pulse-free"}
