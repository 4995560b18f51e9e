import csv
import dataclasses
import json
import os
import signal
import sys
from itertools import islice

import numpy as np
import pytest
import torch

from pulse8.errors import InputError, SpecError, ToolchainError
from pulse8.intake import Normaliser
from pulse8.learn.models.pulse12 import Design
from pulse8.learn.simulate.beats import beats
from pulse8.learn.simulate.conditions import Body
from pulse8.learn.simulate.mechanisms import MECHANISMS
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import stratum
from pulse8.learn.simulate.wave import blood, read_off
from pulse8.learn.splits.split import split
from pulse8.learn.train.augment import AugmentOptions, augmented
from pulse8.learn.train.batches import WINDOW, TrainingBatches, fixed_batches
from pulse8.learn.train.boundary import detrending, labelling, normalised, spectra
from pulse8.learn.train.losses import label_rates_bpm, loss, rates_bpm
from pulse8.learn.train.options import LossOptions, Pulse12Options
from pulse8.learn.train.pool import open_pool, write_pool
from pulse8.learn.train.pulse12 import Learner, Recipe, train_pulse12
from pulse8.learn.train.sources import assert_apart, world_of
from pulse8.learn.train.surroundings import drifted, exposed, moved, wanted_bpm
from pulse8.learn.train.world import PARTS, WorldOptions, part_of, world
from pulse8.measure.clips.normalise import normalise
from pulse8.measure.signal.filters import band_pass
from pulse8.measure.signal.rate import heart_rate
from pulse8.spec import Readout
from pulse8.values import Waveform

NEVER = AugmentOptions(**dict.fromkeys(vars(AugmentOptions()), 0.0))
T_S = np.arange(WINDOW) / 30


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return write_pool(tmp_path_factory.mktemp("pool"), world(WorldOptions(subjects=20, seconds=12)))


def tone(bpm, length=WINDOW):
    return torch.from_numpy(np.sin(2 * np.pi * bpm / 60 * np.arange(length) / 30)).float()


@pytest.mark.parametrize("length", [WINDOW, 150])
def test_a_batch_is_normalised_as_the_measure_line_does(length):
    random = np.random.default_rng(1)
    cells = 100 + np.cumsum(random.normal(size=(3, length, 12, 3)), axis=1)
    cells[1, :, 4:8] = 0
    clips, scale = normalised(torch.from_numpy(cells).float())
    for index, one in enumerate(cells):
        samples, divisors = normalise(one, np.full(12, np.nan), Normaliser(window=length))
        np.testing.assert_allclose(clips[index], samples, atol=1e-4)
        np.testing.assert_allclose(scale[index], divisors, rtol=1e-4, atol=1e-9)
    assert not clips[1, :, 4:8].any()


@pytest.mark.parametrize("bpm", [44.0, 71.0, 133.0, 176.0])
def test_the_losss_spectrum_has_its_peak_where_the_readout_has_it(bpm):
    wave = tone(bpm) + 0.5 * torch.from_numpy(np.random.default_rng(2).normal(size=WINDOW)).float()
    banded = band_pass(wave.double().numpy(), 30.0, Readout().band_bpm).astype(np.float32)
    read = heart_rate(Waveform(samples=banded, rate_hz=30.0, start_s=0.0), Readout())
    assert rates_bpm(wave[None]).item() == pytest.approx(read.bpm, abs=1.0)
    assert spectra(wave[None]).shape == (1, 141)


def test_the_loss_wants_the_true_rate_and_nothing_where_there_is_no_pulse():
    contact = 2**0.5 * torch.stack([tone(70), tone(70)])
    alive, dead = torch.tensor([True, True]), torch.tensor([False, False])
    right, wrong, silent = contact, 2**0.5 * torch.stack([tone(110)] * 2), torch.zeros(2, WINDOW)
    values = [loss(waves, contact, alive, LossOptions()).item() for waves in (right, wrong)]
    assert values[0] < 0.5 < values[1]
    nothing = torch.zeros_like(contact)
    assert loss(silent, nothing, dead, LossOptions()).item() == 0
    assert loss(right, nothing, dead, LossOptions()).item() > 0.1


def test_a_contact_pulse_that_comes_late_is_still_the_same_pulse():
    early, late = tone(80, WINDOW + 4)[None, :WINDOW], tone(80, WINDOW + 4)[None, 4:]
    alive = torch.tensor([True])
    same, moved = (loss(2**0.5 * early, 2**0.5 * contact, alive, LossOptions()).item() for contact in (early, late))
    assert moved == pytest.approx(same, abs=0.02)


def test_augmentation_leaves_the_pulse_and_drops_whole_rois():
    random = np.random.default_rng(3)
    cells = (100 * (1 + 0.01 * tone(90).numpy())[:, None, None] * np.ones((1, 12, 3))).astype(np.float32)
    np.testing.assert_array_equal(augmented(cells, NEVER, random), cells)
    dropped = augmented(cells, AugmentOptions(**{**vars(NEVER), "drop": 1.0}), random)
    gone = ~dropped.reshape(WINDOW, 3, -1).any(axis=(0, 2))
    assert gone.sum() in (1, 2)
    np.testing.assert_array_equal(dropped.reshape(WINDOW, 3, -1)[:, ~gone], cells.reshape(WINDOW, 3, -1)[:, ~gone])
    counted = np.arange(WINDOW * 36, dtype=np.float32).reshape(WINDOW, 12, 3)
    flipped = augmented(counted, AugmentOptions(**{**vars(NEVER), "flip": 1.0}), random)
    assert len(np.unique(flipped[0])) == 36
    with pytest.raises(SpecError, match="gap"):
        AugmentOptions(gap=1.5)


@pytest.mark.parametrize("bpm", [41.0, 43.0, 46.0, 50.0])
def test_a_slow_pulse_is_labelled_with_its_own_rate_and_not_with_its_double(bpm):
    random = np.random.default_rng(6)
    contacts = []
    for _ in range(8):
        body = Body(bpm=bpm, dicrotic=0.5)
        contacts.append(read_off(blood(beats(body, 12.0, random), body, 12.0), 1.0 + T_S))
    steady = torch.from_numpy(np.array(contacts)).float() @ (labelling(WINDOW) @ detrending(WINDOW)).T
    assert (label_rates_bpm(steady) - bpm).abs().max() <= 3


def test_one_trace_stands_in_all_cells_and_keeps_the_pulse():
    random = np.random.default_rng(3)
    cells = 100 * (1 + 0.01 * tone(90).numpy())[:, None, None] * random.uniform(0.5, 1.5, (1, 12, 3))
    cells[:, 4:8] = 0
    alike = augmented(cells.astype(np.float32), AugmentOptions(**{**vars(NEVER), "single": 1.0}), random)
    assert np.ptp(alike, axis=1).max() < 1e-4
    assert rates_bpm(torch.from_numpy(alike[:, 0, 1] / alike[:, 0, 1].mean() - 1)[None]).item() == 90


@pytest.mark.parametrize("change", [drifted, moved, exposed])
def test_what_surrounds_a_pulse_changes_colours_and_stays_in_their_range(change):
    random = np.random.default_rng(5)
    cells = np.full((WINDOW, 12, 3), 240, np.float32) * (1 + 0.05 * tone(20).numpy()[:, None, None])
    changed = change(np.clip(cells, 0, 255).astype(np.float32), random)
    assert changed.dtype == np.float32
    assert 0 <= changed.min() < changed.max() <= 255.0 * 1.3
    assert np.abs(changed - cells).max() > 0.1


def test_a_thing_without_a_pulse_is_no_pulse_and_a_blind_window_has_no_brightness(pool):
    options = AugmentOptions(**{**vars(NEVER), "still": 1.0, "blind": 1.0})
    batch = next(iter(TrainingBatches([(pool, 1.0)], 8, range(1), 0, options)))
    assert not batch.pulse.any()
    assert not batch.clips[:, 0].any()
    assert batch.clips[:, 1:].any()


def test_a_long_batch_has_half_the_windows_of_twice_the_length(pool):
    options = AugmentOptions(**{**vars(NEVER), "long": 1.0})
    batch = next(iter(TrainingBatches([(pool, 1.0)], 8, range(1), 0, options)))
    assert batch.clips.shape == (4, 3, 12, 2 * WINDOW)
    assert batch.contact.shape == (4, 2 * WINDOW)


def test_half_of_the_wanted_rates_are_as_people_have_them():
    random = np.random.default_rng(2)
    rates = {share: np.array([wanted_bpm((40.0, 180.0), share, random) for _ in range(2000)]) for share in (0.0, 1.0)}
    assert np.mean(rates[0.0] < 100) == pytest.approx(60 / 140, abs=0.05)
    assert np.mean(rates[1.0] < 100) > 0.85


def test_a_clean_face_shows_nothing_but_its_pulse(pool):
    options = AugmentOptions(**{**vars(NEVER), "clean": 1.0})
    batch = next(iter(TrainingBatches([(pool, 1.0)], 32, range(1), 0, options)))
    seen, wanted = rates_bpm(batch.clips[:, 2].mean(dim=1)), rates_bpm(batch.contact)
    assert ((seen - wanted).abs()[batch.pulse] <= 2).float().mean() > 0.8


def test_a_steps_batch_hangs_on_its_number_alone(pool):
    whole = list(TrainingBatches([(pool, 1.0)], 4, range(4), 7, AugmentOptions()))
    later = list(TrainingBatches([(pool, 1.0)], 4, range(2, 4), 7, AugmentOptions()))
    assert torch.equal(whole[2].clips, later[0].clips)
    assert torch.equal(whole[3].contact, later[1].contact)
    assert not torch.equal(whole[0].clips, whole[1].clips)
    other = next(iter(TrainingBatches([(pool, 1.0)], 4, range(1), 8, AugmentOptions())))
    assert not torch.equal(whole[0].clips, other.clips)


def test_devices_draw_windows_of_their_own_and_the_first_those_of_one_alone(pool):
    numbers = np.random.default_rng([7, 3, 0]).uniform(size=4)
    np.testing.assert_array_equal(numbers, np.random.default_rng([7, 3]).uniform(size=4))
    batches = [
        next(iter(TrainingBatches([(pool, 1.0)], 4, range(1), 7, AugmentOptions(), device=device))) for device in (0, 1)
    ]
    assert not torch.equal(batches[0].clips, batches[1].clips)


def test_short_windows_begin_with_zeros_and_stretching_moves_the_rate(pool):
    short = AugmentOptions(**{**vars(NEVER), "short": 1.0})
    batch = next(iter(TrainingBatches([(pool, 1.0)], 4, range(1), 0, short)))
    length = batch.contact.shape[1]
    assert 150 <= length < WINDOW
    assert not batch.clips[..., : WINDOW - length].any()
    assert batch.clips[..., WINDOW - length :].any()
    drawn = {}
    for stretch in (0.0, 1.0):
        options = AugmentOptions(**{**vars(NEVER), "stretch": stretch})
        batches = TrainingBatches([(pool, 1.0)], 32, range(3), 0, options)
        drawn[stretch] = torch.cat([rates_bpm(batch.contact[batch.pulse]) for batch in batches])
    assert len(drawn[1.0].round().unique()) > len(drawn[0.0].round().unique())


def test_a_pool_holds_its_recordings_and_refuses_frozen_people(pool, tmp_path):
    assert len(pool.subjects) == 20
    assert {piece.part for piece in pool.pieces} <= set(PARTS)
    pieces, batch = next(fixed_batches(pool, 8, 1))
    assert [piece.pulse for piece in pieces] == batch.pulse.tolist()
    np.testing.assert_allclose(batch.contact[batch.pulse].std(dim=1, correction=0), 1, rtol=1e-4)
    frozen = next(stratum("easy").recordings(1))
    with pytest.raises(InputError, match="frozen test stratum"):
        write_pool(tmp_path, [("calm", frozen)])
    with pytest.raises(InputError, match="training pool not found"):
        open_pool(tmp_path)
    short = simulate_recording(0, options=RecordingOptions(seconds=5))
    with pytest.raises(InputError, match="record longer"):
        write_pool(tmp_path, [("calm", short)])


def test_a_pool_that_was_cut_short_is_refused(tmp_path):
    write_pool(tmp_path, world(WorldOptions(subjects=1, seconds=12)))
    with (tmp_path / "cells.f32").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(InputError, match="cut short"):
        open_pool(tmp_path)


def test_the_worlds_parts_have_their_shares_and_a_mechanism_can_be_left_out():
    assert sum(part.share for part in PARTS.values()) == pytest.approx(1)
    names = [part_of(subject) for subject in range(1000)]
    assert {name: names.count(name) / 1000 for name in PARTS} == pytest.approx(
        {name: part.share for name, part in PARTS.items()}, abs=0.003
    )
    calm = [recording.conditions for _, recording in world(WorldOptions(subjects=6, seconds=2, without=("motion",)))]
    assert all(conditions[name] == 0 for conditions in calm for name in MECHANISMS["motion"])
    coded = world(WorldOptions(subjects=24, seconds=2, without=("codec",)))
    assert {recording.conditions["codec.name"] for _, recording in coded} == {"none"}
    with pytest.raises(SpecError, match="choose from motion"):
        WorldOptions(without=("weather",))


def test_nobody_stands_on_two_sides():
    assert_apart({"training": {"a"}, "validation": {"b"}, "calibration": {"c"}})
    with pytest.raises(InputError, match="subject c is in training and in calibration"):
        assert_apart({"training": {"a", "c"}, "validation": {"b"}, "calibration": {"c"}})
    with pytest.raises(InputError, match="frozen"):
        assert_apart({"training": {"sim-2000000001-0003"}})
    seeds = {world_of(side, Pulse12Options()).seed for side in ("training", "validation", "calibration")}
    assert len(seeds) == 3


@pytest.fixture(scope="module")
def recipe():
    options = Pulse12Options(steps=8, batch_size=8, subjects=24, precision="32-true", accelerator="cpu")
    return Recipe(options=options, design=Design(stem=4, trunk=8, head=4, blocks=1))


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """The recipe's simulated people, made once."""
    return tmp_path_factory.mktemp("people")


@pytest.mark.filterwarnings("ignore")  # the training library advises on worker processes
def test_training_writes_weights_sides_and_curves_and_resumes(recipe, people, tmp_path):
    trained = train_pulse12(tmp_path / "run" / "best.pth", recipe, people)
    saved = torch.load(trained.checkpoint, weights_only=True)
    assert saved["design"]["trunk"] == 8
    assert all(torch.isfinite(weight.float()).all() for weight in saved["model_state_dict"].values())
    sides = json.loads((tmp_path / "run" / "splits.json").read_text())
    assert not set(sides["training"]["subjects"]) & set(sides["validation"]["subjects"])
    assert len(sides["training"]["subjects"]) == trained.training_subjects == 24
    with (tmp_path / "run" / "curves.csv").open() as file:
        assert [int(row["step"]) for row in csv.DictReader(file)] == list(range(1, 9))
    assert trained.split.startswith("split by subject")
    assert "validation people" in (tmp_path / "run" / "curves.svg").read_text()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("step", [1, 6])
def test_a_run_that_was_cut_off_ends_with_the_same_weights(recipe, people, tmp_path, monkeypatch, step):
    """Interrupted after a step that was looked at and kept, in the run's first half or its second."""
    whole = torch.load(train_pulse12(tmp_path / "whole" / "a.pth", recipe, people).checkpoint, weights_only=True)
    ended = Learner.on_train_batch_end

    def cut_off(self, *rest):
        ended(self, *rest)
        if self.global_step == step:
            raise RuntimeError("the power went")

    monkeypatch.setattr(Learner, "on_train_batch_end", cut_off)
    with pytest.raises(RuntimeError, match="power"):
        train_pulse12(tmp_path / "cut" / "a.pth", recipe, people)
    monkeypatch.undo()
    resumed = Recipe(options=dataclasses.replace(recipe.options, resume=True), design=recipe.design)
    again = torch.load(train_pulse12(tmp_path / "cut" / "a.pth", resumed, people).checkpoint, weights_only=True)
    for name, weight in whole["model_state_dict"].items():
        assert torch.equal(again["model_state_dict"][name], weight), name
    assert (tmp_path / "cut" / "curves.csv").read_text() == (tmp_path / "whole" / "curves.csv").read_text()


@pytest.mark.filterwarnings("ignore")
def test_a_state_is_of_one_run(recipe, people, tmp_path):
    """A second run renews it under its one name, and a run with other options does not go on from it."""
    state = tmp_path / "state"
    first = train_pulse12(tmp_path / "a.pth", recipe, people).checkpoint.read_bytes()
    kept = torch.load(state / "last.ckpt", weights_only=True)["global_step"]
    other = Recipe(options=dataclasses.replace(recipe.options, seed=1, steps=3), design=recipe.design)
    second = train_pulse12(tmp_path / "a.pth", other, people).checkpoint.read_bytes()
    assert [path.name for path in state.iterdir()] == ["last.ckpt"]
    assert (kept, torch.load(state / "last.ckpt", weights_only=True)["global_step"]) == (8, 3)
    resumed = Recipe(options=dataclasses.replace(recipe.options, resume=True), design=recipe.design)
    with pytest.raises(InputError, match=r"of a run with other options \(seed, steps\)"):
        train_pulse12(tmp_path / "a.pth", resumed, people)
    assert train_pulse12(tmp_path / "b.pth", recipe, people).checkpoint.read_bytes() == first != second


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")
@pytest.mark.filterwarnings("ignore")
def test_a_killed_drawer_of_batches_is_one_line(recipe, people, tmp_path, monkeypatch):
    drawn = TrainingBatches.__iter__

    def killed(self):
        yield from islice(drawn(self), 3)
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(TrainingBatches, "__iter__", killed)
    with pytest.raises(ToolchainError, match="killed, probably for memory; free some and go on with --resume"):
        train_pulse12(tmp_path / "a.pth", recipe, people)


def test_resuming_nothing_is_refused(recipe, people, tmp_path):
    resumed = Recipe(options=dataclasses.replace(recipe.options, resume=True), design=recipe.design)
    with pytest.raises(InputError, match="no state to resume from"):
        train_pulse12(tmp_path / "a.pth", resumed, people)


@pytest.mark.filterwarnings("ignore")
def test_the_guides_split_by_window_says_that_it_leaks(recipe, people, tmp_path):
    leaky = Recipe(options=dataclasses.replace(recipe.options, steps=2, split="window"), design=recipe.design)
    trained = train_pulse12(tmp_path / "a.pth", leaky, people)
    assert all("LEAKY" in text for text in (trained.split, " ".join(trained.lines)))
    assert split(100, None, "window").sentence.startswith("LEAKY")
