"""render, camera-check and evaluate through the installed command; camera-check on a rendered wall and face."""

import json
from fractions import Fraction

import cv2
import numpy as np
import pytest

from commands import pulse8
from pulse8.cli import main
from pulse8.learn.camera_check.camera_check import CameraCheckOptions, _grade, camera_check
from pulse8.learn.simulate.face_video import WALL_RGB, astronaut
from pulse8.learn.simulate.rendering import RenderOptions, write_rendered
from pulse8.measure.line import measure_video
from pulse8.measure.video.decode import read_frames
from pulse8.measure.video.encode import h264, write_video


@pytest.fixture(scope="module", params=["wall", "face"])
def clip(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / f"{request.param}.mp4"
    write_rendered(path, RenderOptions(kind=request.param, motion_px=4.0, seconds=20.0))
    return path


def test_camera_check_finds_half_a_percent_and_nothing_in_nothing(clip, tmp_path, capsys):
    picture = tmp_path / "check.svg"
    assert main(["camera-check", str(clip), "--json", "--plot", str(picture)]) == 0
    found = json.loads(capsys.readouterr().out)
    rows = {row["amplitude_share"]: row for row in found["rows"]}
    assert rows[0.0]["accepted_share"] == 0
    assert rows[0.005]["close_share"] >= 0.9
    assert rows[0.005]["accepted_share"] > 0
    assert rows[0.005]["accepted_mae_bpm"] < 2
    assert found["smallest_share"] <= 0.005
    assert found["grade"] in ("good", "enough at rest")
    assert "Not a medical device" in found["notice"]
    assert "Not a medical device" in picture.read_text()


def test_a_region_by_hand_and_regions_that_do_not_fit(clip, tmp_path):
    check = camera_check(clip, CameraCheckOptions(region=(10, 130, 10, 60)))
    assert check.pulses == "simulated"
    assert check.sentence.lower().startswith(f"{check.grade} (")
    assert "nobody's heart rate" in check.sentence
    assert main(["camera-check", str(clip), "--region", "10", "9000", "10", "60"]) == 2
    assert main(["camera-check", str(clip), "--ppg", str(tmp_path / "none.csv")]) == 2
    assert main(["camera-check", str(tmp_path / "none.mp4")]) == 2


@pytest.mark.parametrize(
    ("share", "repeats", "grade"),
    [
        (0.001, False, "good"),
        (0.003, True, "enough at rest"),
        (0.005, False, "enough at rest"),
        (0.01, False, "too weak"),
        (None, False, "too weak"),
    ],
)
def test_a_camera_is_graded_by_the_smallest_pulse_that_it_carries(share, repeats, grade):
    assert _grade(share, repeats=repeats) == grade


def test_a_rendered_face_of_a_users_photograph_is_found_and_read(tmp_path):
    photograph = tmp_path / "me.png"
    cv2.imwrite(str(photograph), np.ascontiguousarray(astronaut()[::2, ::2, ::-1]))
    path = tmp_path / "a.avi"
    options = RenderOptions(face=photograph, seconds=8.0, bpm=84.0, codec="mpeg4", quality=2, pulse_share=0.015)
    done = write_rendered(path, options)
    assert done.simulated
    assert (tmp_path / "a.truth.csv").read_text().startswith("time_s,ppg,notice\n0.000000,")
    assert measure_video(path).whole.bpm == pytest.approx(84, abs=2)


def test_a_codec_that_repeats_frames_makes_the_answer_too_good_and_it_says_so(tmp_path, capsys):
    clip = tmp_path / "wall.mp4"
    write_rendered(clip, RenderOptions(kind="wall", seconds=10.0, quality=28))
    check = camera_check(clip)
    assert check.repeated_share > 0.8
    assert "too good" in check.sentence
    assert check.grade != "good"
    frozen = [(np.full((120, 160, 3), 120, np.uint8), index / 30) for index in range(300)]
    write_video(tmp_path / "still.mp4", frozen, Fraction(30), h264(18))
    assert main(["camera-check", str(tmp_path / "still.mp4")]) == 2
    assert "does not change" in capsys.readouterr().err


@pytest.mark.parametrize(("codec", "name"), [("mjpeg", "a.mkv"), ("ffv1", "a.mkv"), ("h264", "a.mp4")])
def test_every_codec_gives_back_the_wall_and_its_times(tmp_path, codec, name):
    options = RenderOptions(kind="wall", seconds=1.0, codec=codec, quality=5)
    write_rendered(tmp_path / name, options)
    frames = list(read_frames(tmp_path / name))
    assert len(frames) == 30
    np.testing.assert_allclose(np.diff([t_s for _, t_s in frames]), 1 / 30, atol=1e-3)
    assert np.abs(frames[9][0].mean(axis=(0, 1)) - 0.8 * np.array(WALL_RGB)).max() < 5


def test_bad_render_requests_are_one_line_and_exit_2(tmp_path, capsys):
    (tmp_path / "noise.png").write_bytes(cv2.imencode(".png", np.full((64, 64, 3), 90, np.uint8))[1].tobytes())
    for words in (
        [str(tmp_path / "a.avi")],
        [str(tmp_path / "a.mp4"), "--face", str(tmp_path / "none.png")],
        [str(tmp_path / "a.mp4"), "--face", str(tmp_path / "noise.png")],
        [str(tmp_path / "a.mp4"), "--quality", "60"],
        [str(tmp_path / "a.mp4"), "--bpm", "500"],
    ):
        assert main(["render", *words]) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_evaluate_prints_the_table_and_says_that_it_is_simulated(capsys):
    assert main(["evaluate", "--strata", "easy", "--limit", "2"]) == 0
    told = capsys.readouterr().out
    assert "Simulated strata" in told
    assert "Not a medical device" in told
    assert main(["evaluate", "--strata", "easy", "--limit", "2", "--json"]) == 0
    assert {row["method"] for row in json.loads(capsys.readouterr().out)["rows"]} >= {"POS", "oracle"}
    assert main(["evaluate", "--strata", "simple"]) == 2


def test_evaluate_writes_a_page_and_prints_the_matrix_of_mechanisms(tmp_path, capsys):
    words = ["--limit", "2", "--method", "pos", "lgi", "--oracle", "False"]
    page = tmp_path / "page.html"
    assert main(["evaluate", "--strata", "easy", "negative", *words, "--longer", "--output", str(page)]) == 0
    told = capsys.readouterr().out
    assert all(word in told for word in ("LGI", "tracked", "20.5 s"))
    assert "Simulated strata" in page.read_text(encoding="utf-8")
    assert main(["evaluate", "--mechanisms", *words]) == 0
    told = capsys.readouterr().out
    assert all(f"only {name}" in told for name in ("motion", "flicker", "codec", "exposure", "specular"))
    assert main(["evaluate", "--mechanisms", "--strata", "easy"]) == 2
    assert main(["evaluate", "--method", "best"]) == 2


def test_simulated_recordings_are_files_that_measure_reads(tmp_path, capsys):
    """Ten easy people: each file's rate is near that of the contact pulse beside it, for all but one or two."""
    words = ["simulate", "--preset", "easy", "--subjects", "10", "--seed", "5", "--output", "people"]
    assert pulse8(tmp_path, *words).returncode == 0
    close = 0
    for path in sorted((tmp_path / "people").glob("*[0-9].csv")):
        assert path.name.startswith("sim-5-")
        main(["measure", str(path), "--json"])
        found = json.loads(capsys.readouterr().out)["whole"]["bpm"]
        t_s, ppg = np.loadtxt(
            path.with_suffix(".truth.csv"), delimiter=",", skiprows=1, usecols=(0, 1), quotechar='"'
        ).T
        spectrum = np.abs(np.fft.rfft((ppg - ppg.mean()) * np.hanning(len(ppg)), 1 << 16))
        bpm = 60 * np.fft.rfftfreq(1 << 16, t_s[1] - t_s[0])
        band = (bpm > 40) & (bpm < 180)
        close += found is not None and abs(found - bpm[band][spectrum[band].argmax()]) < 5
    assert close >= 8


def test_an_unknown_preset_and_a_reserved_seed_are_one_line(tmp_path):
    for words, told in ((["--preset", "none"], "choose from"), (["--preset", "easy", "--seed", "2000000000"], "seed")):
        done = pulse8(tmp_path, "simulate", *words, "--output", "people")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert told in done.stderr
