"""Beyond single windows: joined waves, whole recordings, the tracker; and rows by condition, and the page."""

import re

import numpy as np
import pytest

from pulse8.errors import SpecError
from pulse8.learn.evaluate.baselines import BASELINES
from pulse8.learn.evaluate.by_condition import parts_by_condition
from pulse8.learn.evaluate.estimators import Estimate, classical
from pulse8.learn.evaluate.longer import evaluate_longer, moved_share
from pulse8.learn.evaluate.options import EvaluateOptions
from pulse8.learn.evaluate.page import write_evaluation
from pulse8.learn.evaluate.readings import Group
from pulse8.learn.evaluate.scores import Reading
from pulse8.learn.evaluate.table import evaluate
from pulse8.learn.simulate.conditions import Conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording

CALM = Conditions().changed(motion__sway=0.002, light__drift_share=0.002)
OPTIONS = RecordingOptions(seconds=25.0)
PLAIN = EvaluateOptions(oracle=False)


def reading(recording, bpm, **conditions):
    return Reading(subject=recording, recording=recording, bpm=bpm, accepted=True, true_bpm=70.0, conditions=conditions)


def noisy_pos(windows):
    """POS under strong noise of its own in each window: what joining and tracking are for."""
    rng = np.random.default_rng(len(windows))
    pulses = [BASELINES["POS"](window.cells) for window in windows]
    return [Estimate(pulse + 1.8 * pulse.std() * rng.normal(size=len(pulse))) for pulse in pulses]


@pytest.fixture(scope="module")
def longer():
    people = [simulate_recording(subject, CALM, OPTIONS) for subject in range(4)]
    methods = {"POS": classical(BASELINES["POS"]), "noisy": noisy_pos}
    return {
        (one.row.method, one.span): one for one in evaluate_longer([Group(name="calm", recordings=people)], methods)
    }


def test_every_span_is_there_with_its_windows(longer):
    assert [span for method, span in longer if method == "POS"] == ["window", "13.5 s", "20.5 s", "tracked", "whole"]
    windows = {span: longer["POS", span].row.windows for span in ("window", "13.5 s", "20.5 s", "tracked", "whole")}
    assert windows == {"window": 68, "13.5 s": 48, "20.5 s": 20, "tracked": 68, "whole": 4}
    assert longer["POS", "whole"].row.mae_bpm < 0.5
    assert longer["noisy", "whole"].row.paired_bpm is not None


def test_joining_and_tracking_help_a_method_whose_noise_differs_from_window_to_window(longer):
    single, joined, tracked = (longer["noisy", span].row for span in ("window", "20.5 s", "tracked"))
    assert joined.mae_bpm < 0.5 * single.mae_bpm
    assert tracked.mae_bpm < 0.5 * single.mae_bpm
    assert longer["noisy", "tracked"].moved_share < longer["noisy", "window"].moved_share


def test_moves_are_counted_within_a_recording_alone():
    told = [reading("a", 70.0), reading("a", 76.0), reading("a", None), reading("a", 76.0), reading("b", 90.0)]
    assert moved_share(told) == 1
    assert moved_share([*told, reading("b", 91.0)]) == 0.5
    assert moved_share(told[2:4]) is None


def test_numbers_are_parted_in_thirds_of_recordings_and_names_by_value():
    told = [reading(f"r{index}", 70.0, melanin=index / 10, codec="h264" if index % 2 else "none") for index in range(9)]
    parts = parts_by_condition({"POS": [one for one in told for _ in range(2)]}, ("melanin", "codec"))
    sizes = {label: len(found["POS"]) for label, found in parts.items()}
    assert sizes == {
        "melanin 1/3: 0 to 0.267": 6,
        "melanin 2/3: 0.267 to 0.533": 6,
        "melanin 3/3: 0.533 to 0.8": 6,
        "codec h264": 8,
        "codec none": 10,
    }
    assert list(parts_by_condition({"POS": told})) == ["codec h264", "codec none"]
    with pytest.raises(SpecError, match="choose from codec, melanin"):
        parts_by_condition({"POS": told}, ("weather",))


def test_the_page_holds_figures_pictures_subjects_and_the_notice(tmp_path):
    people = [simulate_recording(subject, CALM, OPTIONS) for subject in range(2)]
    wall = [simulate_recording(7, CALM.changed(kind="wall"), OPTIONS)]
    groups = [Group(name="calm", recordings=people), Group(name="<wall>", recordings=wall)]
    options = EvaluateOptions(oracle=False, longer=True, by=("skin.melanin",))
    table = evaluate(groups, {"net": noisy_pos}, "Three simulated people", options)
    write_evaluation(tmp_path / "a.html", table)
    write_evaluation(tmp_path / "b.html", table)
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page == (tmp_path / "b.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 3
    assert "&lt;wall&gt;" in page
    assert "Not a medical device" in page
    assert "Bland-Altman of net" in page
    assert f"{table.row('calm', 'net').mae_bpm:.1f}" in page
    for title in ("By condition", "Every subject", "Beyond single windows", "calm: sim-0-0001", "skin.melanin 0.2"):
        assert title in page
    assert not re.findall(r"(?:src|href)=\"(?!#)", page)
