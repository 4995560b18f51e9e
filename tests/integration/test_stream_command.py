"""``pulse8 stream`` as a user runs it: a simulated face to JSON lines, bad words, a reader that goes away."""

import json
import socket
import subprocess
import sys

import pytest

from commands import pulse8
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.video.encode import h264, write_video


@pytest.fixture(scope="module")
def face(tmp_path_factory):
    """Twelve seconds of a simulated face at 90 BPM."""
    folder = tmp_path_factory.mktemp("face")
    video = FaceVideo(seconds=12, bpm=90)
    write_video(folder / "face.mp4", render(video), video.rate_hz, h264(12))
    return folder / "face.mp4"


def test_a_video_becomes_lines_with_the_true_rate_and_an_end(tmp_path, face):
    done = pulse8(tmp_path, "stream", face, "--fast")
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert records[0]["status"] == "unavailable"
    assert (records[-1]["status"], records[-1]["reason"]) == ("unavailable", "ended")
    rates = [record for record in records if record["value"] is not None]
    assert len(rates) >= 4
    assert abs(rates[-1]["value"] - 90) < 3
    assert all(record["low"] < record["value"] < record["high"] for record in rates)
    assert [record["at_s"] for record in records] == sorted(record["at_s"] for record in records)


def test_a_video_at_its_own_pace_and_a_reader_that_leaves_end_quietly(face):
    words = [sys.executable, "-m", "pulse8", "stream", str(face)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        first = json.loads(process.stdout.readline())
        process.stdout.close()
        told = process.stderr.read()
        assert process.wait(timeout=60) == 0, told
    assert first["status"] == "unavailable"
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "name one source"),
        (("x.mp4", "--camera", "0"), "name one source"),
        (("--camera", "0", "--fast"), "leave --fast out"),
        (("x.mp4", "--to", "osc", "--osc", "nowhere"), "--osc 'nowhere' is no address"),
        (("x.mp4", "--to", "mqtt", "--mqtt", "nobody.invalid:1883"), "no machine is called nobody.invalid"),
        (("x.mp4", "--name", "a/b"), "letters, digits"),
        (("x.mp4",), "x.mp4"),
    ],
)
def test_bad_words_are_one_line(tmp_path, words, line):
    done = pulse8(tmp_path, "stream", *words)
    assert done.returncode == 2
    assert line in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_port_in_use_is_one_line(tmp_path, face):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = pulse8(tmp_path, "stream", face, "--to", "websocket", "--websocket", address)
    assert done.returncode == 2
    assert "choose another --websocket" in done.stderr
