"""Windows with their truth, baselines, the oracle, and the rows that are made of them."""

import dataclasses

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from pulse8.errors import InputError, SpecError
from pulse8.intake import Normaliser
from pulse8.learn.evaluate.baselines import BASELINES
from pulse8.learn.evaluate.estimators import Estimate, classical, estimators, from_clips, from_samples
from pulse8.learn.evaluate.options import EvaluateOptions
from pulse8.learn.evaluate.oracle import channels, oracle_pulse
from pulse8.learn.evaluate.readings import Group, read, read_all
from pulse8.learn.evaluate.scores import Reading, paired, row_of, score
from pulse8.learn.evaluate.table import evaluate, evaluate_strata
from pulse8.learn.prepare.windows import WINDOW, Truth, whole_of, windows_of
from pulse8.learn.recording import Ppg
from pulse8.learn.simulate.conditions import Conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.measure.clips.windows import window_clips
from pulse8.measure.signal.network import interleaved
from pulse8.values import CellTraces

CALM = Conditions().changed(motion__sway=0.002, light__drift_share=0.002)
OPTIONS = RecordingOptions(seconds=43.0)


def pulse_of(window):
    return BASELINES["POS"](window.seen.cells)


def test_windows_stand_side_by_side_with_their_true_rate():
    recording = simulate_recording(0, CALM, OPTIONS)
    windows = windows_of(recording)
    assert len(windows) == 5
    for index, window in enumerate(windows):
        assert window.seen.cells.shape == (WINDOW, 12, 3)
        assert window.truth.bpm == pytest.approx(72, abs=1)
        assert window.truth.start_s == pytest.approx(recording.traces.t_s[0] + index * WINDOW / 30)
    assert len(whole_of(recording).seen.cells) > 5 * WINDOW
    assert len(windows_of(recording, hop=30)) == 35


def test_a_network_is_given_the_measure_lines_own_clips():
    recording = simulate_recording(0, CALM, OPTIONS)
    ours = [window.seen.clip for window in windows_of(recording)]
    theirs = list(window_clips(recording.traces, Normaliser(hop=WINDOW)))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one.samples, other.samples, atol=1e-4)
        np.testing.assert_allclose(one.scale, other.scale, rtol=1e-4)


def test_negatives_have_windows_without_a_truth():
    wall = simulate_recording(0, CALM.changed(kind="wall"), OPTIONS)
    assert {(window.truth.bpm, window.truth.alive) for window in windows_of(wall)} == {(None, False)}


def test_a_pause_too_long_to_be_bridged_is_not_read():
    recording = simulate_recording(0, CALM, OPTIONS)
    traces = recording.traces
    gone = (traces.t_s < 3) | (traces.t_s > 4)
    cut = dataclasses.replace(
        recording, traces=CellTraces(traces.rgb[gone], traces.t_s[gone], traces.valid[gone], traces.pixels[gone])
    )
    first, second = windows_of(cut)[:2]
    assert first.seen is None
    assert second.seen is not None
    assert [reading.bpm is None for reading in read_all(classical(BASELINES["POS"]), [first, second])] == [True, False]


def test_a_cheek_that_is_not_seen_is_left_out_and_the_others_are_read():
    recording = simulate_recording(0, CALM, OPTIONS)
    valid = recording.traces.valid.copy()
    valid[:, 1] = False
    rgb = recording.traces.rgb.copy()
    rgb[:, 1] = np.random.default_rng(0).uniform(0, 255, rgb[:, 1].shape)
    turned = dataclasses.replace(recording, traces=CellTraces(rgb, recording.traces.t_s, valid))
    window = windows_of(turned)[0]
    assert window.seen.cells.shape == (WINDOW, 8, 3)
    assert read(Estimate(pulse_of(window)), window.truth).close
    assert not window.seen.clip.samples[0, :, 4:8].any()


def test_a_contact_sensor_that_pauses_gives_no_truth_and_its_windows_are_left_out():
    recording = simulate_recording(0, CALM, OPTIONS)
    kept = (recording.reference.t_s < 20) | (recording.reference.t_s > 21)
    gap = Ppg(recording.reference.samples[kept], recording.reference.t_s[kept])
    windows = windows_of(dataclasses.replace(recording, reference=gap))
    assert [window.truth.bpm is None for window in windows] == [False, False, True, False, False]
    readings = read_all(classical(BASELINES["POS"]), windows)
    row = row_of("one", "POS", readings)
    assert (row.windows, row.coverage <= 1, row.read_share) == (4, True, 1.0)


@pytest.mark.parametrize("method", BASELINES)
def test_every_baseline_reads_a_calm_face(method):
    readings = read_all(classical(BASELINES[method]), windows_of(simulate_recording(1, CALM, OPTIONS)))
    for reading in readings:
        assert reading.error_bpm < 2
        assert reading.snr_db > 1
        assert reading.macc > 0.7


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
            for name, pulse in (("POS", pulse_of(window)), ("oracle", oracle_pulse(window, others))):
                errors[name].append(read(Estimate(pulse), window.truth).error_bpm)
    assert np.mean(errors["oracle"]) < np.mean(errors["POS"])


def test_the_oracle_needs_a_truth_and_never_sees_its_own_window():
    windows = windows_of(simulate_recording(0, CALM, OPTIONS))
    assert oracle_pulse(windows[0], []) is None
    truth = dataclasses.replace(windows[0].truth, contact=np.zeros(WINDOW), bpm=1.0)
    liar = dataclasses.replace(windows[0], truth=truth)
    np.testing.assert_array_equal(oracle_pulse(windows[0], windows[1:]), oracle_pulse(liar, windows[1:]))
    assert oracle_pulse(windows[0], windows[1:2]).shape == (WINDOW,)


def test_channels_are_36_of_one_size_and_dark_ones_zero():
    cells = windows_of(simulate_recording(0, CALM, OPTIONS))[0].seen.cells.copy()
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


def reading(subject, bpm, true_bpm=70.0, **more):
    return Reading(subject=subject, bpm=bpm, true_bpm=true_bpm, **{"accepted": True, **more})


def test_a_row_has_every_figure_by_hand():
    readings = [
        reading("a", 72.0, confidence=0.9, snr_db=3.0, macc=0.9),
        reading("a", 66.0, confidence=0.8, snr_db=1.0, macc=0.7),
        reading("b", 90.0, 80.0, confidence=0.1),
    ]
    row = row_of("easy", "POS", readings)
    assert row.mae_bpm == pytest.approx((2 + 4 + 10) / 3)
    assert row.rmse_bpm == pytest.approx(((4 + 16 + 100) / 3) ** 0.5)
    assert row.mape == pytest.approx((2 / 70 + 4 / 70 + 10 / 80) / 3)
    assert row.bias_bpm == pytest.approx((2 - 4 + 10) / 3)
    assert row.agreement_bpm[0] < row.bias_bpm < row.agreement_bpm[1]
    assert row.r == pytest.approx(np.corrcoef([70, 70, 80], [72, 66, 90])[0, 1])
    assert (row.snr_db, row.macc, row.auroc) == (2.0, pytest.approx(0.8), 1.0)
    assert row.wrong_share == pytest.approx(1 / 3)
    assert row.wrong_upper > 0.8
    assert row.risks_bpm[0] == pytest.approx(row.mae_bpm)
    assert row.risks_bpm[-1] == pytest.approx((2 + 4) / 2)


def test_pairs_are_windows_that_both_read():
    one = [reading("a", 72.0), reading("a", None), reading("b", 75.0)]
    other = [reading("a", 80.0), reading("a", 70.0), reading("b", 70.0)]
    difference, interval = paired(one, other)
    assert difference == pytest.approx((2 - 10 + 5) / 2)
    assert interval == (-8.0, 5.0)
    assert paired([reading("a", None)], [reading("a", 70.0)]) == (None, None)
    with pytest.raises(ValueError, match="zip"):
        paired(one, other[:2])


def test_false_accepts_of_negatives_have_an_upper_bound():
    wall = [reading(f"w{index}", 70.0, None, accepted=index == 0, alive=False) for index in range(300)]
    row = row_of("negative", "POS", wall)
    assert row.coverage == pytest.approx(1 / 300)
    assert 0.01 < row.accepted_upper < 0.02
    assert row_of("negative", "POS", wall[1:]).accepted_upper == pytest.approx(0.01, abs=0.0005)
    assert row.mae_bpm is None


def test_an_estimate_decides_for_itself_or_leaves_it_to_its_tonality():
    tone = np.sin(2 * np.pi * 1.2 * np.arange(WINDOW) / 30)
    truth = Truth(subject="a", bpm=72.0)
    assert read(Estimate(tone), truth).accepted
    assert not read(Estimate(tone, accepted=False), truth).accepted
    assert read(Estimate(tone, confidence=7.5), truth).confidence == 7.5
    assert not read(Estimate(np.zeros(WINDOW), accepted=True), truth).accepted
    assert read(None, truth).bpm is None


def test_a_network_is_a_method_and_must_answer_for_every_window():
    windows = windows_of(simulate_recording(1, CALM, OPTIONS))
    seen = [window.seen for window in windows]
    mean = from_samples(lambda samples: samples[:, 1].mean(axis=1))
    assert all(found.close for found in read_all(mean, windows))
    phases = from_clips(
        lambda clips: np.stack([clip.samples[0, 1].mean(axis=0).reshape(64, 4).T[:, None] for clip in clips])
    )
    for one, other in zip(mean(seen), phases(seen), strict=True):
        np.testing.assert_array_equal(one.pulse, other.pulse)
    assert read_all(mean, []) == []
    with pytest.raises(SpecError, match="one a window"):
        read_all(lambda found: mean(found)[1:], windows)


def test_phases_are_interleaved():
    np.testing.assert_array_equal(interleaved(np.arange(8).reshape(1, 4, 1, 2)), [[0, 2, 4, 6, 1, 3, 5, 7]])


@pytest.mark.parametrize("batch", [1, "n"])
def test_an_onnx_file_is_a_method_whatever_its_batch(tmp_path, batch):
    """A file that averages the second channel over the cells, with one clip at a time or many."""
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, *shape])
        for name, shape in (("clip", [3, 12, WINDOW]), ("wave", [WINDOW]))
    ]
    nodes = [
        helper.make_node("Gather", ["clip", "one"], ["channel"], axis=1),
        helper.make_node("ReduceMean", ["channel"], ["wave"], axes=[1], keepdims=0),
    ]
    one = helper.make_tensor("one", TensorProto.INT64, [], [1])
    graph = helper.make_graph(nodes, "mean", ends[:1], ends[1:], [one])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), tmp_path / "mean.onnx"
    )
    windows = windows_of(simulate_recording(1, CALM, OPTIONS))
    method = estimators((), (tmp_path / "mean.onnx",))["mean"]
    plain = from_samples(lambda samples: samples[:, 1].mean(axis=1))
    for found, expected in zip(read_all(method, windows), read_all(plain, windows), strict=True):
        assert found.bpm == pytest.approx(expected.bpm, abs=0.01)


def test_a_file_that_takes_no_clips_is_refused(tmp_path):
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 8]) for name in ("a", "b")]
    graph = helper.make_graph([helper.make_node("Relu", ["a"], ["b"])], "none", ends[:1], ends[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), tmp_path / "no.onnx")
    with pytest.raises(InputError, match="pulse8 verify"):
        estimators((), (tmp_path / "no.onnx",))


def test_methods_are_named_in_any_case_and_files_by_their_stem(tmp_path):
    assert list(estimators(("POS", "fused-pos"), ())) == ["POS", "fused POS"]
    with pytest.raises(SpecError, match="choose from"):
        estimators(("posh",), ())
    with pytest.raises(InputError, match="give an ONNX file"):
        estimators((), (tmp_path / "none.onnx",))
    with pytest.raises(SpecError, match="rename one"):
        estimators((), (tmp_path / "a" / "net.onnx", tmp_path / "b" / "net.onnx"))


def test_any_recordings_are_a_group_and_few_subjects_are_all_shown():
    people = [simulate_recording(subject, CALM, OPTIONS) for subject in range(3)]
    table = evaluate([Group(name="mine", recordings=people)], {}, "three people")
    assert [row.method for row in table.rows] == ["constant", "POS", "oracle"]
    assert {row.stratum for row in table.subjects} == {f"mine: sim-0-000{subject}" for subject in range(3)}
    assert all(row.windows == 5 for row in table.subjects)
    assert table.row("mine", "POS").paired_bpm is None
    assert table.row("mine", "oracle").paired_bpm is not None
    assert [r.start_s for r in table.readings["mine"]["POS"]] == [r.start_s for r in table.readings["mine"]["oracle"]]


def test_the_table_has_every_method_and_false_accepts_of_negatives():
    table = evaluate_strata(EvaluateOptions(strata=("easy", "negative", "near-UBFC"), limit=2))
    easy = {row.method: row for row in table.rows if row.stratum == "easy"}
    assert list(easy) == ["constant", "GREEN", "CHROM", "POS", "fused POS", "oracle"]
    assert easy["POS"].score == 0 or easy["POS"].score is None
    assert table.subjects
    assert table.without_readings().readings == {}
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
