"""``pulse8 measure VIDEO`` and ``pulse8 inspect VIDEO`` as they are typed: a known pulse, drawn pictures, bad files."""

import json
import os
import subprocess
import sys
import wave
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from pulse8.intake import Normaliser
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.clips.cells import cell_row, cell_traces
from pulse8.measure.clips.windows import ClipStream, window_clips
from pulse8.measure.face.track import track_face
from pulse8.measure.line import measure_traces, measure_video
from pulse8.measure.reading.options import VideoOptions
from pulse8.measure.video.decode import read_frames
from pulse8.measure.video.encode import FFV1, RAW_AVI, h264, mjpeg, write_video
from pulse8.regions import RoiLimits
from pulse8.values import Clip, FaceTrack, Reason

TRUE_BPM = 78.0
POS = VideoOptions(method="pos")


def small(seconds: float = 11.0, **options: object) -> FaceVideo:
    return FaceVideo(seconds=seconds, width=320, height=240, zoom=1.0, motion_px=8, **options)  # type: ignore[arg-type]


def tiny(seconds: float, **options: object) -> FaceVideo:
    return FaceVideo(seconds=seconds, width=256, height=192, zoom=0.85, motion_px=6, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("video")


@pytest.fixture(scope="module")
def video(folder: Path) -> Path:
    recording = small(pulse_share=0.015)
    write_video(folder / "face.mp4", render(recording), recording.rate_hz, h264(12))
    return folder / "face.mp4"


def run(verb: str, *words: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    command = [sys.executable, "-W", "error", "-m", "pulse8", verb, *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)


def test_a_video_gives_its_rate_an_overlay_and_a_plot(video, folder):
    done = run("measure", "face.mp4", "--overlay", "out.mp4", "--plot", "out.svg", "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    record = json.loads(done.stdout)
    assert record["whole"]["bpm"] == pytest.approx(TRUE_BPM, abs=1)
    assert "Not a medical device" in record["notice"]
    drawn = list(read_frames(folder / "out.mp4"))
    original = list(read_frames(video))
    assert [t_s for _, t_s in drawn] == pytest.approx([t_s for _, t_s in original])
    assert drawn[0][0].shape == (240 + 96, 480, 3)
    # Landmarks and ROIs stand in the picture, the red wave under it.
    changed = np.abs(drawn[60][0][:240, 80:400].astype(int) - original[60][0]).max(axis=2) > 60
    assert 200 < changed.sum() < 8000
    strip = drawn[150][0][240:].astype(int)
    assert (strip[..., 0] - strip[..., 1] > 40).sum() > 200
    assert "BPM" in (folder / "out.svg").read_text(encoding="utf-8")


@pytest.mark.usefixtures("video")
def test_inspect_writes_a_contact_sheet(folder):
    done = run("inspect", "face.mp4", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "330 frames" in done.stdout
    assert "forehead 100%" in done.stdout
    sheet = cv2.imread(str(folder / "face.mp4.png"))
    assert sheet.shape == (44 + 3 * 240 + 3 * 84, 1280, 3)
    green_bar = (sheet[-5:-2, 110:1260] == (90, 200, 60)).all(axis=2).mean()
    assert green_bar > 0.95
    record = json.loads(run("inspect", "face.mp4", "--output", "b.png", "--json", folder=folder).stdout)
    assert record["sheet"] == "b.png"
    assert (folder / "b.png").read_bytes() == (folder / "face.mp4.png").read_bytes()


@pytest.mark.parametrize("roi", ["board", "guide"])
def test_the_other_trackers_feed_the_same_line(roi, folder):
    recording = tiny(6.0)
    path = folder / "strong.mkv"
    write_video(path, render(recording), recording.rate_hz, FFV1)
    measured = measure_video(path, VideoOptions(method="pos", roi=roi))
    assert measured.whole.bpm is None or measured.whole.bpm == pytest.approx(TRUE_BPM, abs=2)
    assert measured.whole.bpm is not None or measured.whole.reason is Reason.NO_PULSE


def sound(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))


def nobody(path: Path) -> None:
    frames = ((np.full((120, 160, 3), 90 + index % 2, np.uint8), index / 30) for index in range(20))
    write_video(path, frames, Fraction(30), h264(20))


BAD = {
    "none.mp4": (lambda _path: None, "not found"),
    "empty.mp4": (lambda path: path.write_bytes(b""), "is empty"),
    "folder.mp4": (lambda path: path.mkdir(), "is a folder"),
    "sound.wav": (sound, "holds no video"),
    "text.avi": (lambda path: path.write_text("no video"), "cannot be read as a video"),
    "nobody.mp4": (nobody, "no face in"),
}


@pytest.mark.parametrize("verb", ["measure", "inspect"])
@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_one_line_and_2(tmp_path, verb, name):
    make, message = BAD[name]
    make(tmp_path / name)
    if verb == "measure" and name == "folder.mp4":  # whose recordings are measured, and it has none
        message = "holds no video, .npz or .csv"
    done = run(verb, name, folder=tmp_path)
    if verb == "inspect" and name == "nobody.mp4":  # looking at a video without a face is what inspect is for
        assert done.returncode == 0
        assert "no face 60" in done.stdout
        return
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.usefixtures("video")
def test_wrong_flags_are_one_line(folder):
    for words, message in (
        (("--overlay", "out.gif"), "ends in .mp4"),
        (("--plot", "out.txt"), "ends in .svg"),
    ):
        done = run("measure", "face.mp4", *words, folder=folder)
        assert done.returncode == 2
        assert message in done.stderr
    assert "ends in .png" in run("inspect", "face.mp4", "--output", "a.jpg", folder=folder).stderr


def test_a_csv_has_no_pictures_to_draw_into(tmp_path):
    (tmp_path / "a.csv").write_text("time_s,red,green,blue\n0,1,2,3\n")
    done = run("measure", "a.csv", "--overlay", "out.mp4", folder=tmp_path)
    assert done.returncode == 2
    assert "no pictures" in done.stderr


def test_no_address_is_ever_asked_for(video):
    program = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('the network was asked for')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "from pulse8.cli import main\n"
        "sys.exit(main(['measure', sys.argv[1], '--json']))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(video)], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_face_that_is_away_for_a_while_splits_the_recording(folder):
    recording = tiny(15.0)
    frames = ((np.full_like(rgb, 90) if 6.5 < t_s < 8.5 else rgb, t_s) for rgb, t_s in render(recording))
    write_video(folder / "away.mp4", frames, recording.rate_hz, h264(10))
    windows = measure_video(folder / "away.mp4", VideoOptions(method="pos", window_s=6.0, hop_s=6.0)).windows
    away = [rate for rate in windows if rate.reason is Reason.NO_FACE]
    assert len(away) == 1
    assert away[0].end_s == pytest.approx(8.5, abs=0.2)
    rates = [rate.bpm for rate in windows if rate.bpm is not None]
    assert len(rates) >= 2
    np.testing.assert_allclose(rates, TRUE_BPM, atol=2.5)


@pytest.mark.parametrize(("rate", "bpm"), [(15, 45), (24, 175), (50, 115)])
def test_rates_and_frame_rates(folder, rate, bpm):
    recording = tiny(12.0, rate_hz=Fraction(rate), bpm=bpm)
    write_video(folder / "rate.mp4", render(recording), recording.rate_hz, h264(8))
    assert measure_video(str(folder / "rate.mp4"), POS).whole.bpm == pytest.approx(bpm, abs=1)


def test_a_variable_frame_rate(folder):
    recording = tiny(10.0, uneven=0.4)
    write_video(folder / "uneven.mp4", render(recording), recording.rate_hz, h264(8))
    assert measure_video(folder / "uneven.mp4", POS).whole.bpm == pytest.approx(TRUE_BPM, abs=1)


def test_a_weak_pulse_under_heavy_compression_is_right_or_refused(folder):
    recording = small(12.0, pulse_share=0.0025)
    encoding = h264(30, "ultrafast")  # other presets are not the same bytes each time: decision 0010
    write_video(folder / "weak.mp4", render(recording), recording.rate_hz, encoding)
    measured = measure_video(folder / "weak.mp4", POS)
    for rate in (*measured.windows, measured.whole):
        assert rate.reason is Reason.NO_PULSE or rate.bpm == pytest.approx(TRUE_BPM, abs=3)


def test_a_face_without_a_pulse_is_refused():
    recording = small(12.0, pulse_share=0.0)
    measured = measure_traces(cell_traces(track_face(render(recording))), POS)
    assert {rate.reason for rate in measured.windows} == {Reason.NO_PULSE}


@pytest.mark.parametrize(("suffix", "encoding"), [("avi", RAW_AVI), ("mkv", mjpeg(2)), ("mkv", FFV1)])
def test_container_and_codec_do_not_matter(folder, suffix, encoding):
    recording = tiny(8.0)
    path = folder / f"codec.{suffix}"
    write_video(path, render(recording), recording.rate_hz, encoding)
    assert measure_video(path, POS).whole.bpm == pytest.approx(TRUE_BPM, abs=1)


def test_4k_is_measured(folder):
    recording = FaceVideo(seconds=0.4, width=3840, height=2160, zoom=7.0, noise_levels=0)
    path = folder / "large.mp4"
    write_video(path, render(recording), recording.rate_hz, h264(20, "ultrafast"))
    traces = cell_traces(track_face(read_frames(path)))
    assert traces.valid.all()
    assert traces.pixels is not None
    assert traces.pixels.min() > 8000


def test_live_frames_and_a_whole_recording_give_the_same_clips():
    normaliser = Normaliser(window=60, hop=15)
    frames = list(track_face(render(small(4.0))))
    batch = list(window_clips(cell_traces(FaceTrack("x", iter(frames))), normaliser))
    stream = ClipStream(normaliser)
    live = [clip for frame in frames for clip in stream.push(frame.t_s, cell_row(frame, RoiLimits()))]
    assert len(batch) == len(live) == 5
    for one, other in zip(batch, live, strict=True):
        assert isinstance(one, Clip)
        assert isinstance(other, Clip)
        np.testing.assert_array_equal(one.samples, other.samples)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc; run it on Linux")
def test_memory_does_not_grow_with_the_length(folder):
    pictures = [rgb for rgb, _ in render(tiny(1.0))]
    peaks_mb = []
    for seconds in (6, 30):
        path = folder / f"long{seconds}.mp4"
        frames = ((pictures[index % 30], index / 30) for index in range(30 * seconds))
        write_video(path, frames, Fraction(30), h264(18))
        # Not ru_maxrss: a child's begins at its parent's, and the parent is a whole test run.
        program = (
            "import sys; from pulse8.cli import main; main(['measure', sys.argv[1], '--json']);"
            "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", program, str(path)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        peaks_mb.append(int(done.stdout.split()[-1]) / 1024)
    assert peaks_mb[1] - peaks_mb[0] < 15
    assert peaks_mb[1] < 300
