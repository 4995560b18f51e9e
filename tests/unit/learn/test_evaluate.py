"""Windows with their truth, baselines, the oracle, and the rows that are made of them."""

import dataclasses

import numpy as np
import pytest

from pulse8.errors import SpecError
from pulse8.learn.evaluate.baselines import BASELINES
from pulse8.learn.evaluate.options import EvaluateOptions
from pulse8.learn.evaluate.oracle import channels, oracle_pulse
from pulse8.learn.evaluate.scores import Reading, row_of, score
from pulse8.learn.evaluate.table import evaluate_strata, read
from pulse8.learn.evaluate.windows import WINDOW, whole_of, windows_of
from pulse8.learn.simulate.conditions import Conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.values import CellTraces

CALM = Conditions().changed(motion__sway=0.002, light__drift_share=0.002)
OPTIONS = RecordingOptions(seconds=43.0)


def test_windows_stand_side_by_side_with_their_true_rate():
    recording = simulate_recording(0, CALM, OPTIONS)
    windows = windows_of(recording)
    assert len(windows) == 5
    for window in windows:
        assert window.cells.shape == (WINDOW, 12, 3)
        assert window.bpm == pytest.approx(72, abs=1)
        assert window.whole
    assert len(whole_of(recording).cells) > 5 * WINDOW


def test_negatives_have_windows_without_a_truth():
    wall = simulate_recording(0, CALM.changed(kind="wall"), OPTIONS)
    assert {window.bpm for window in windows_of(wall)} == {None}


def test_a_pause_too_long_to_be_bridged_is_not_read():
    recording = simulate_recording(0, CALM, OPTIONS)
    traces = recording.traces
    gone = (traces.t_s < 3) | (traces.t_s > 4)
    cut = dataclasses.replace(
        recording, traces=CellTraces(traces.rgb[gone], traces.t_s[gone], traces.valid[gone], traces.pixels[gone])
    )
    first, second = windows_of(cut)[:2]
    assert not first.whole
    assert second.whole
    assert read(BASELINES["POS"](first.cells), first).bpm is None


@pytest.mark.parametrize("method", BASELINES)
def test_every_baseline_reads_a_calm_face(method):
    for window in windows_of(simulate_recording(1, CALM, OPTIONS)):
        reading = read(BASELINES[method](window.cells), window)
        assert reading.bpm == pytest.approx(window.bpm, abs=2)


@pytest.mark.parametrize("method", BASELINES)
def test_every_baseline_outlives_darkness(method):
    pulse = BASELINES[method](np.zeros((WINDOW, 12, 3)))
    assert np.isfinite(pulse).all()


def test_the_oracle_finds_what_pos_cannot():
    """A nod in the pulse's band over half of the cells: fixed weights drop those cells, POS averages them in."""
    hidden = CALM.changed(motion__nod=0.03, motion__nod_hz=1.6, skin__pulse_share=0.02)
    errors = {"POS": [], "oracle": []}
    for subject in range(6):
        windows = windows_of(simulate_recording(subject, hidden, OPTIONS))
        for index, window in enumerate(windows):
            others = [*windows[:index], *windows[index + 1 :]]
            for name, pulse in (("POS", BASELINES["POS"](window.cells)), ("oracle", oracle_pulse(window, others))):
                errors[name].append(abs(read(pulse, window).bpm - window.bpm))
    assert np.mean(errors["oracle"]) < np.mean(errors["POS"])


def test_the_oracle_needs_a_truth_and_never_sees_its_own_window():
    windows = windows_of(simulate_recording(0, CALM, OPTIONS))
    assert oracle_pulse(windows[0], []) is None
    liar = dataclasses.replace(windows[0], contact=np.zeros(WINDOW), bpm=1.0)
    np.testing.assert_array_equal(oracle_pulse(windows[0], windows[1:]), oracle_pulse(liar, windows[1:]))
    assert oracle_pulse(windows[0], windows[1:2]).shape == (WINDOW,)


def test_channels_are_36_of_one_size_and_dark_ones_zero():
    cells = windows_of(simulate_recording(0, CALM, OPTIONS))[0].cells.copy()
    cells[:, 3] = 0
    found = channels(cells)
    assert found.shape == (WINDOW, 36)
    assert np.ptp(found[:, 9:12]) == 0


def test_a_row_counts_unread_windows_as_wrong():
    readings = [
        Reading(subject="a", bpm=70.0, accepted=True, true_bpm=71.0),
        Reading(subject="a", bpm=90.0, accepted=False, true_bpm=71.0),
        Reading(subject="b", bpm=None, accepted=False, true_bpm=71.0),
        Reading(subject="b", bpm=71.0, accepted=False, true_bpm=71.0),
    ]
    row = row_of("easy", "POS", readings)
    assert row.mae_bpm == pytest.approx((1 + 19 + 0) / 3)
    assert row.close_share == 0.5
    assert row.coverage == 0.25
    assert row.accepted_mae_bpm == 1
    assert row.mae_95_bpm[0] <= row.mae_bpm <= row.mae_95_bpm[1]
    assert (row.windows, row.subjects) == (4, 2)


def test_the_score_is_0_for_pos_and_1_for_the_oracle():
    assert score(10, 10, 4) == 0
    assert score(10, 4, 4) == 1
    assert score(10, 7, 4) == 0.5
    assert score(4, 4, 4.05) is None
    assert score(None, 4, 2) is None


def test_the_table_has_every_method_and_false_accepts_of_negatives():
    table = evaluate_strata(EvaluateOptions(strata=("easy", "negative", "near-UBFC"), limit=2))
    easy = {row.method: row for row in table.rows if row.stratum == "easy"}
    assert list(easy) == ["constant", "GREEN", "CHROM", "POS", "fused POS", "oracle"]
    assert easy["POS"].score == 0 or easy["POS"].score is None
    negative = {row.method: row for row in table.rows if row.stratum == "negative"}
    assert list(negative) == ["GREEN", "CHROM", "POS", "fused POS"]
    assert all(row.mae_bpm is None and 0 <= row.coverage <= 1 for row in negative.values())
    anchored = {row.method: row.distance_bpm for row in table.rows if row.stratum == "near-UBFC"}
    assert anchored["POS"] is not None
    assert anchored["oracle"] is None


def test_bad_options_are_refused():
    with pytest.raises(SpecError):
        EvaluateOptions(limit=1)
    with pytest.raises(SpecError, match="choose from"):
        evaluate_strata(EvaluateOptions(strata=("none",)))
