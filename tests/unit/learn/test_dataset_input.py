"""What people's files have wrong: one line that names the file, the reason and the fix."""

import shutil
from fractions import Fraction

import numpy as np
import pytest
import scipy.io

from pulse8.cli import main
from pulse8.errors import InputError
from pulse8.learn.prepare.adapters.adapter import natural, ppg_of
from pulse8.learn.prepare.adapters.catalogue import ADAPTERS
from pulse8.learn.prepare.check import check_data
from pulse8.learn.prepare.prepare import twice
from pulse8.measure.video.encode import h264, write_video


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Four seconds of a wall: nothing here looks for a face."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    wall = [(np.full((32, 32, 3), 90 + index % 2, np.uint8), index / 10) for index in range(40)]
    write_video(path, wall, Fraction(10), h264(0))
    return path


@pytest.fixture
def raw(video, tmp_path):
    """A folder of one's own with one recording; a test writes its truth."""
    shutil.copy(video, tmp_path / "a.mp4")
    (tmp_path / "recordings.csv").write_text("video,truth,subject\na.mp4,a.csv,anna\n")
    write(tmp_path, seconds=3.0)
    return tmp_path


def write(raw, head="time_s,ppg", seconds=20.0, rate_hz=50.0, scale=1.0, value=None):
    t_s = np.arange(round(seconds * rate_hz)) / rate_hz
    values = np.sin(7 * t_s) if value is None else np.full(len(t_s), value)
    rows = [f"{time * scale:.4f},{number:.4f}" for time, number in zip(t_s, values, strict=True)]
    (raw / "a.csv").write_text("\n".join([head, *rows]) + "\n")


FAULTS = {
    "missing column": ({"head": "when,ppg"}, "has no column time_s; it has when, ppg: say which in the list's column"),
    "neither": ({"head": "time_s,spo2"}, "needs one column of ppg, ecg and hr_bpm beside time_s, and has none"),
    "slow ECG": ({"head": "time_s,ecg"}, "an ECG of 20.0 s at 50 Hz; give 2 s at 60 Hz or more"),
    "rate in Hz": ({"head": "time_s,hr_bpm", "value": 1.2}, "is it in Hz, where BPM is meant? times 60"),
    "rate beyond": ({"head": "time_s,hr_bpm", "value": 400}, "give 20 to 250 BPM"),
    "time in ms": ({"scale": 1000}, "are its times in ms, where s is meant? divide by 1000"),
    "rates' time in ms": (
        {"head": "time_s,hr_bpm", "value": 70, "rate_hz": 1, "scale": 1000},
        "are its times in ms? divide by 1000",
    ),
    "empty": ({"seconds": 0}, "holds an empty PPG (0 samples)"),
    "no rates": ({"head": "time_s,hr_bpm", "seconds": 0}, "holds no heart rates"),
    "flat": ({"value": 5}, "never changes; was the sensor on?"),
    "slow": ({"rate_hz": 2}, "2 PPG samples a second; give times in seconds"),
    "longer than the video": ({"seconds": 30}, "ends 26.0 s before its PPG"),
    "not a number": ({"value": float("nan")}, "is not finite"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_table_of_ones_own_with_a_fault_is_one_line(raw, fault):
    changes, words = FAULTS[fault]
    write(raw, **changes)
    (checked,) = check_data("own", raw).recordings
    assert checked.fault is not None
    assert words in checked.fault
    assert "a.csv" in checked.fault
    assert "\n" not in checked.fault


def test_a_comment_in_a_truth_table_is_no_number(raw):
    with (raw / "a.csv").open("a") as file:
        file.write("# simulated, as `pulse8 render` says at the end of its truth\n")
    (checked,) = check_data("own", raw).recordings
    assert checked.fault is None


LISTS = {
    "no list": (None, "your own data are a recordings.csv"),
    "no column": ("video,truth\na.mp4,a.csv\n", "has no column subject"),
    "empty": ("video,truth,subject\n", "has no rows"),
    "more cells": ("video,truth,subject\na.mp4,a.csv,anna,4\n", "4 cells under 3 columns"),
}


@pytest.mark.parametrize("fault", LISTS)
def test_a_list_of_ones_own_with_a_fault_is_one_line(raw, fault):
    text, words = LISTS[fault]
    (raw / "recordings.csv").unlink() if text is None else (raw / "recordings.csv").write_text(text)
    with pytest.raises(InputError) as told:
        check_data("own", raw)
    assert words in str(told.value)


ROWS = {
    "no subject": ("a.mp4,a.csv,", "has no subject; fill the column"),
    "outside": ("a.mp4,../b.csv,anna", "lies outside"),
    "no video": ("b.mp4,a.csv,anna", "video not found"),
    "no truth": ("a.mp4,b.csv,anna", "not found"),
    "two subjects": ("a.mp4,a.csv,anna\na.mp4,a.csv,ben", "two recordings have the id 'a'"),
}


@pytest.mark.parametrize("fault", ROWS)
def test_a_row_with_a_fault_is_one_line_and_the_rest_goes_on(raw, fault):
    row, words = ROWS[fault]
    shutil.copy(raw / "a.mp4", raw / "good.mp4")
    (raw / "recordings.csv").write_text(f"video,truth,subject\n{row}\ngood.mp4,a.csv,clara\n")
    check = check_data("own", raw)
    assert not check.passed
    *bad, good = check.recordings
    assert all(words in one.fault for one in bad)
    assert (good.subject, good.fault) == ("clara", None)


def test_one_video_of_two_subjects_is_refused(raw):
    (raw / "recordings.csv").write_text("recording,video,truth,subject\n1,a.mp4,a.csv,anna\n2,a.mp4,a.csv,ben\n")
    told = list(twice(ADAPTERS["own"].find(raw)))
    assert [failure.recording for failure in told] == ["1", "2"]
    assert "said to show anna and ben" in told[0].reason


def test_the_command_prints_the_faults_and_returns_1(raw, capsys):
    write(raw, scale=1000)
    assert main(["check-data", "--raw", str(raw)]) == 1
    told = capsys.readouterr().out
    assert "❌ a: " in told
    assert "0 of 1 recordings can be used" in told
    write(raw, seconds=3.0)
    assert main(["check-data", "--raw", str(raw)]) == 0


MATS = {
    "no mat": lambda path: path.write_bytes(b"nothing of the kind"),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: (save(path), path.write_bytes(path.read_bytes()[:3000])),
    "cut in the head": lambda path: (save(path), path.write_bytes(path.read_bytes()[:140])),
    "noise": lambda path: (save(path), path.write_bytes(path.read_bytes()[:128] + bytes(range(256)) * 40)),
    "no video": lambda path: scipy.io.savemat(path, {"GT_ppg": np.arange(9.0)}),
    "v7.3": lambda path: path.write_bytes(
        b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF\r\n\x1a\n" + bytes(99)
    ),
    "shape": lambda path: scipy.io.savemat(path, {"video": np.zeros((5, 4, 4)), "GT_ppg": np.arange(9.0)}),
}


def save(path):
    scipy.io.savemat(path, {"video": np.zeros((30, 8, 8, 3), np.float32), "GT_ppg": np.sin(np.arange(30.0))})


@pytest.mark.parametrize("name", ["mmpd", "scamps"])
@pytest.mark.parametrize("fault", MATS)
def test_a_mat_file_that_cannot_be_read_is_one_line(tmp_path, name, fault):
    path = tmp_path / {"mmpd": "subject1/p1_0.mat", "scamps": "P000001.mat"}[name]
    path.parent.mkdir(exist_ok=True)
    MATS[fault](path)
    (checked,) = check_data(name, tmp_path).recordings
    assert checked.fault is not None
    assert path.name in checked.fault
    assert "\n" not in checked.fault


def test_a_claim_of_a_huge_video_takes_no_memory(tmp_path, monkeypatch):
    save(path := tmp_path / "p1_0.mat")
    (tmp_path / "subject1").mkdir()
    path.rename(tmp_path / "subject1" / "p1_0.mat")
    monkeypatch.setattr("pulse8.learn.prepare.adapters.mmpd.MAX_BYTES", 1000)
    (checked,) = check_data("mmpd", tmp_path).recordings
    assert "claims 5,760 values of video" in checked.fault


def test_ubfc_with_seconds_for_milliseconds_is_one_line(tmp_path, video):
    folder = tmp_path / "5-gt"
    folder.mkdir()
    shutil.copy(video, folder / "vid.avi")
    rows = "".join(f"{index / 62:.4f},70,98,{np.sin(index / 5):.3f}\n" for index in range(600))
    (folder / "gtdump.xmp").write_text(rows)
    assert "in s, where ms is meant?" in check_data("ubfc1", tmp_path).recordings[0].fault


@pytest.mark.parametrize(
    ("samples", "t_s", "words"),
    [
        ([1, 2, 3], [0, 0.1], "3 PPG samples and 2 times"),
        ([], [], "empty PPG"),
        ([1, np.inf, 3], [0, 0.1, 0.2], "not a number"),
        ([1, 2, 3], [5, 5, 5], "do not rise"),
        ([1, 2, 3], [0, 1e-6, 2e-6], "samples a second; give times in seconds"),
    ],
)
def test_a_ppg_is_checked(tmp_path, samples, t_s, words):
    with pytest.raises(InputError, match=words):
        ppg_of(tmp_path / "x", np.array(samples, float), np.array(t_s, float))


def test_a_time_that_is_written_twice_counts_once(tmp_path):
    ppg = ppg_of(tmp_path / "x", np.array([1.0, 2, 3, 4]), np.array([0.0, 0.02, 0.02, 0.04]))
    np.testing.assert_array_equal(ppg.samples, [1, 2, 4])


def test_names_are_in_the_order_that_people_count_in(tmp_path):
    names = ["subject10", "subject2", "after", "subject1", "s²"]
    paths = sorted((tmp_path / name for name in names), key=natural)
    assert [path.name for path in paths] == ["subject1", "subject2", "subject10", "after", "s²"]
