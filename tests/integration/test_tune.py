"""The search: what it tries, what it says about its best, and going on where it stopped."""

import json
import logging

import numpy as np
import onnx
import optuna
import pytest

from planted_networks import uneven_channels
from pulse8.convert.export.export import export
from pulse8.convert.export.options import ExportOptions
from pulse8.convert.quantize.options import RangeRule
from pulse8.convert.tune.judge import DEFAULT
from pulse8.convert.tune.options import TuneOptions
from pulse8.convert.tune.own import tune_own
from pulse8.convert.tune.text import command_lines, outcome
from pulse8.convert.tune.tune import compared, parameters_of, shift_bpm, suggested, tune
from pulse8.errors import InputError, SpecError
from pulse8.learn.formats.clips import ClipData, write_clips
from pulse8.learn.models.checkpoint import shipped_checkpoint

SPACE = {
    "method": optuna.distributions.CategoricalDistribution(["minmax", "percentile", "entropy", "mse"]),
    "equalise": optuna.distributions.CategoricalDistribution([False, True]),
    "outside": optuna.distributions.FloatDistribution(1e-3, 3, log=True),
    "layer": optuna.distributions.CategoricalDistribution(["no layer", "sum1"]),
    "own_method": optuna.distributions.CategoricalDistribution(["minmax", "percentile", "entropy", "mse"]),
    "num_samples": optuna.distributions.CategoricalDistribution([50, 100, 200, 500]),
    "distribution": optuna.distributions.CategoricalDistribution(["stratified", "natural", "uniform"]),
    "per_channel": optuna.distributions.CategoricalDistribution([True, False]),
}
FIRST = parameters_of(DEFAULT)
OTHER = {**FIRST, "method": "percentile", "outside": 1.0, "layer": "sum1", "own_method": "entropy"}
GROUPS = np.repeat(np.arange(20), 4)


def trial(parameters, shifts):
    spaces = {name: SPACE[name] for name in parameters}
    return optuna.trial.create_trial(
        params=parameters, distributions=spaces, value=float(np.mean(shifts)), user_attrs={"shifts": list(shifts)}
    )


def test_a_gain_for_everybody_is_better_than_the_default():
    rng = np.random.default_rng(0)
    slow = rng.uniform(1, 2, 80)
    comparison = compared([trial(FIRST, slow), trial(OTHER, slow / 2)], GROUPS, FIRST)
    assert comparison["better"]
    assert comparison["gain_interval"][0] > 0
    assert comparison["quantize"].layers == ("sum1=entropy",)


def test_the_luckiest_of_many_equal_trials_is_not_better():
    rng = np.random.default_rng(1)
    trials = [trial(FIRST, rng.exponential(1, 80))]
    trials += [trial(OTHER, rng.exponential(1, 80)) for _ in range(40)]
    comparison = compared(trials, GROUPS, FIRST)
    assert comparison["best"] < comparison["default"]
    assert not comparison["better"]


def test_one_person_proves_nothing():
    comparison = compared([trial(FIRST, np.ones(8)), trial(OTHER, np.zeros(8))], np.zeros(8), FIRST)
    assert not comparison["better"]


def test_the_default_is_its_own_candidate():
    first = trial(FIRST, [0.0])
    candidate = suggested(optuna.trial.FixedTrial(first.params), ["no layer"])
    assert candidate.calibrate == DEFAULT.calibrate
    assert candidate.quantize.rule("sum1") == DEFAULT.quantize.rule("sum1") == RangeRule("percentile")
    assert "--num_samples 200 --distribution stratified && pulse8 quantize --per_channel=True" in command_lines(
        candidate.calibrate, candidate.quantize
    )


def test_a_rate_lost_or_gained_costs_the_band():
    nan = np.nan
    assert shift_bpm(np.array([60, nan, 60, nan]), np.array([61.0, nan, nan, 70])).tolist() == [1, 0, 140, 140]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tune")
    rng = np.random.default_rng(0)
    labels = rng.uniform(50, 150, 80).astype(np.float32)
    beat = np.sin(2 * np.pi * labels[:, None, None, None] / 60 * np.arange(256) / 30)
    clips = np.clip(beat + rng.normal(0, 0.7, (80, 3, 12, 256)), -4, 4).astype(np.float32)
    people = np.array([f"sim-{number // 4}" for number in range(80)])
    scales = np.full((80, 3, 12), 0.01, np.float32)
    data = ClipData(clips=clips, scales=scales, labels=labels, pos_bpm=labels, subjects=people)
    write_clips(folder / "clips.npz", data)
    export(shipped_checkpoint("pulse12"), folder / "fp32.onnx", ExportOptions())
    return folder / "fp32.onnx", folder / "clips.npz"


def test_a_search_continues_where_it_stopped_and_refuses_another_file(files, tmp_path):
    logging.getLogger("optuna").setLevel(logging.WARNING)
    words = {"windows": 8, "seed": 1}
    assert tune(*files, tmp_path, TuneOptions(trials=2, **words)).trials == 2
    tuned = tune(*files, tmp_path, TuneOptions(trials=4, **words))
    assert tuned.trials == 4
    assert tuned.best <= tuned.default
    assert json.loads((tmp_path / "tune.json").read_text())["default"] == tuned.default
    assert "SIMULATED" in outcome(tuned)
    with pytest.raises(InputError, match="a search with another seed"):
        tune(*files, tmp_path, TuneOptions(trials=4, windows=8, seed=2))


def test_an_invalid_journal_is_one_line(files, tmp_path):
    (tmp_path / "tune.journal").write_text("not a journal\n")
    with pytest.raises(InputError, match="no journal of a search"):
        tune(*files, tmp_path, TuneOptions(trials=2, windows=8))


def test_a_network_of_ones_own_is_tuned_by_its_output(tmp_path):
    onnx.save(uneven_channels(), tmp_path / "net.onnx")
    samples = np.random.default_rng(0).normal(size=(16, 3, 16, 16)).astype(np.float32)
    np.savez(tmp_path / "samples.npz", x=samples)
    tuned = tune_own(tmp_path / "net.onnx", tmp_path / "samples.npz", tmp_path, TuneOptions(windows=8))
    assert tuned.best.options.equalise
    assert tuned.default_db < 5
    assert tuned.best.sqnr_db > 28
    assert f"best: {tuned.best.sqnr_db:.1f} dB with pulse8 quantize --equalise" in tuned.text
    np.savez(tmp_path / "few.npz", x=samples[:8])
    with pytest.raises(InputError, match="at least 16"):
        tune_own(tmp_path / "net.onnx", tmp_path / "few.npz", tmp_path, TuneOptions())
    with pytest.raises(InputError, match="promises no heart rate"):
        tune(tmp_path / "net.onnx", tmp_path / "samples.npz", tmp_path, TuneOptions())


@pytest.mark.parametrize("words", [{"trials": 1}, {"windows": 2}, {"seed": -1}])
def test_options_outside_their_range_are_refused(words):
    with pytest.raises(SpecError, match="give"):
        TuneOptions(**words)
