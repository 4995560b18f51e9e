"""A true UBFC DATASET_2 folder, rendered with a known pulse, through the guide's preprocessing."""

import os
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pulse8.errors import InputError, SpecError
from pulse8.learn.formats.guide_pt import open_guide_data
from pulse8.learn.prepare.ubfc import Preprocessed, preprocess_ubfc, read_ground_truth, subject_folders
from pulse8.learn.simulate.face_video import FaceVideo, render, write_ubfc_subject
from pulse8.manifest import rows_beside
from pulse8.measure.video.encode import h264, write_video
from pulse8.values import Frames

ROOT = Path(__file__).parents[2]
RATES_BPM = {"subject1": 66.0, "subject12": 102.0}


def small(bpm: float, seconds: float = 8.0) -> FaceVideo:
    return FaceVideo(seconds=seconds, width=320, height=240, zoom=0.8, bpm=bpm, motion_px=6)


@pytest.fixture(scope="module")
def ubfc(tmp_path_factory) -> Path:
    """Two subjects: one raw AVI as in the data set, one H.264; in the second the face is covered for half a second."""
    folder = tmp_path_factory.mktemp("ubfc")
    write_ubfc_subject(folder / "subject1", small(66.0))
    covered = small(102.0)
    write_ubfc_subject(folder / "subject12", covered, h264(0))

    def hidden(frames: Frames):
        for index, (rgb, t_s) in enumerate(frames):
            yield (np.full_like(rgb, 90) if 120 <= index < 135 else rgb), t_s

    write_video(folder / "subject12" / "vid.mp4", hidden(render(covered)), Fraction(30), h264(0))
    return folder


@pytest.fixture(scope="module")
def done(ubfc, tmp_path_factory) -> Preprocessed:
    return preprocess_ubfc(ubfc, tmp_path_factory.mktemp("data") / "ubfc_processed.pt", stride=4)


def test_windows_labels_and_what_is_left_out(done):
    data = open_guide_data(done.output)
    assert data.subjects is not None
    first, second = done.subjects
    assert (first.frames, first.lost_frames, first.left_out_lost_face) == (240, 0, 0)
    assert second.lost_frames == 15
    # Windows start at every fourth frame and reach eight frames: those that start at 116 to 132 touch the cover.
    assert second.left_out_lost_face == 5
    assert done.windows == len(data.labels) == first.windows + second.windows
    for subject, bpm in RATES_BPM.items():
        labels = data.labels[data.subjects == subject]
        assert len(labels) > 40
        np.testing.assert_allclose(labels, bpm, atol=1.5)
    row = rows_beside(done.output)["ubfc_processed.pt"]
    assert set(row.inputs) == set(RATES_BPM)
    assert row.options["counts"]["subject12"]["left_out_lost_face"] == 5


def test_patches_show_skin_and_its_pulse(done):
    data = open_guide_data(done.output)
    mine = np.flatnonzero(data.subjects == "subject1")[::2]
    cheeks = data.take(mine)[:, :, 1:]
    red, green, blue = cheeks.mean(axis=(0, 1, 2, 3, 4))
    assert red > green > blue > 0.2
    # Haar's box jumps by pixels, so the pulse is in the ratio of channels and not in any one of them.
    ratio = np.log(cheeks[..., 1].mean(axis=(2, 3, 4)) / cheeks[..., 0].mean(axis=(2, 3, 4))).ravel()
    bins = np.fft.rfftfreq(4096, 1 / 30) * 60
    power = np.abs(np.fft.rfft((ratio - ratio.mean()) * np.hanning(len(ratio)), 4096))
    band = (bins > 45) & (bins < 180)
    assert bins[band][power[band].argmax()] == pytest.approx(66, abs=3)


def test_absent_data_says_where_to_get_it(tmp_path):
    with pytest.raises(InputError, match=r"no UBFC recordings at .*; get DATASET_2 .* put it there"):
        preprocess_ubfc(tmp_path / "none", tmp_path / "a.pt")
    assert not list(tmp_path.iterdir())


def test_a_subject_without_its_truth_is_named(ubfc, tmp_path):
    shutil.copytree(ubfc / "subject12", tmp_path / "subject12")
    (tmp_path / "subject12" / "ground_truth.txt").unlink()
    with pytest.raises(InputError, match=r"subject12 lacks"):
        subject_folders(tmp_path)


@pytest.mark.parametrize("text", ["", "1 2 3\n1 2 3\n", "1 2 3\n60 60 60\n0 x 1\n", "1 2\n60 60\n0 1 2\n"])
def test_a_damaged_ground_truth_is_one_line(tmp_path, text):
    (tmp_path / "ground_truth.txt").write_text(text)
    with pytest.raises(InputError, match="copy it again"):
        read_ground_truth(tmp_path / "ground_truth.txt")


def test_other_windows_than_the_networks_are_refused(tmp_path):
    with pytest.raises(SpecError, match="reads 8 frames"):
        preprocess_ubfc(tmp_path, tmp_path / "a.pt", window_size=16)


def script(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "preprocess_data.py", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)


def test_the_guides_command_as_it_is_typed(tmp_path):
    write_ubfc_subject(tmp_path / "raw" / "subject3", small(110.0, seconds=3))
    shutil.copytree(ROOT / "guide" / "server_training", tmp_path / "server_training")
    folder = tmp_path / "server_training"
    absent = script(folder, "--dataset", "ubfc")
    assert absent.returncode == 2
    assert absent.stderr.startswith("❌ Error: no UBFC recordings at raw_data/ubfc; get DATASET_2")
    assert absent.stderr.count("\n") == 1
    done = script(
        folder, "--dataset", "ubfc", "--raw_data", str(tmp_path / "raw"), "--window_size", "8", "--stride", "2"
    )
    assert done.returncode == 0, done.stderr
    assert "subject3: " in done.stdout
    data = open_guide_data(folder / "data" / "ubfc_processed.pt")
    np.testing.assert_allclose(data.labels, 110, atol=3)
