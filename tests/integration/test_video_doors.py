"""Videos as an attacker and as phones make them: nothing else is opened, sizes hold, pictures stand upright."""

import itertools
import json
import os
import resource
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type

from commands import pulse8
from hostile_inputs import growing
from pulse8.errors import InputError
from pulse8.measure.video.containers import LOG
from pulse8.measure.video.decode import read_frames, turn_of
from pulse8.measure.video.encode import FFV1, h264, write_video
from pulse8.measure.video.planes import Turn
from shared import SHARED

CASES = SHARED / "cases" / "video"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="set PULSE8_SHARED to the folder that holds cases/video")
RATE = Fraction(30)


def picture(height: int = 48, width: int = 64) -> np.ndarray:
    """A picture without symmetry."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 3, y * 4, (x + 2 * y)], -1).astype(np.uint8)


def film(path: Path, count: int = 20) -> None:
    write_video(path, ((picture(), index / 30) for index in range(count)), RATE, h264(18))


HLS = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
LISTS = {
    "relative.m3u8": f"{HLS}secret/film.mp4\n#EXT-X-ENDLIST\n",
    "absolute.m3u8": f"{HLS}{{secret}}\n#EXT-X-ENDLIST\n",
    "address.m3u8": f"{HLS}file://{{secret}}\n#EXT-X-ENDLIST\n",
    "endless.m3u8": f"{HLS}secret/film.mp4\n",
    "itself.m3u8": f"{HLS}itself.m3u8\n",
    "pipe.m3u8": f"{HLS}secret/pipe\n#EXT-X-ENDLIST\n",
    "in.mp4": f"{HLS}secret/film.mp4\n#EXT-X-ENDLIST\n",
    "concat.ffconcat": "ffconcat version 1.0\nfile secret/film.mp4\n",
    "concat.mp4": "ffconcat version 1.0\nfile secret/film.mp4\n",
    "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
    "dash.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="x" type="static"><Period>'
    '<AdaptationSet><Representation id="1"><BaseURL>secret/film.mp4</BaseURL></Representation></AdaptationSet>'
    "</Period></MPD>",
    "images%d.png": "\x89PNG no picture",
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes of this kind")
@pytest.mark.parametrize("name", LISTS)
def test_a_file_that_names_others_is_one_line_and_opens_none(tmp_path, name):
    secret = tmp_path / "secret"
    secret.mkdir()
    film(secret / "film.mp4")
    os.mkfifo(secret / "pipe")
    (tmp_path / name).write_text(LISTS[name].replace("{secret}", str(secret / "film.mp4")), encoding="latin-1")
    before_ns = (secret / "film.mp4").stat().st_atime_ns
    with pytest.raises(InputError, match=r"cannot be read as a video|is a photograph") as caught:
        list(read_frames(tmp_path / name))
    assert "\n" not in str(caught.value)
    assert (secret / "film.mp4").stat().st_atime_ns == before_ns


@needs_cases
@pytest.mark.parametrize("name", ["playlist_relative.m3u8", "concat_rel.mp4"])
def test_the_cases_of_playlists_open_nothing_else(name, tmp_path):
    strace = "/usr/bin/strace"
    done = pulse8(tmp_path, "measure", CASES / name)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "is a playlist" in done.stderr
    if Path(strace).is_file():
        words = [strace, "-f", "-e", "trace=open,openat", sys.executable, "-m", "pulse8", "measure", str(CASES / name)]
        traced = subprocess.run(words, capture_output=True, text=True, check=False).stderr
        assert "secret/" not in traced


@needs_cases
def test_the_case_of_a_mirrored_video_is_measured_upright(tmp_path):
    done = pulse8(tmp_path, "measure", CASES / "mirrored_hflip.mp4", "--json")
    assert done.returncode == 0, done.stderr
    whole = json.loads(done.stdout)["whole"]
    assert whole["bpm"] == pytest.approx(72, abs=1.5)  # POS's one window is mostly noise: its fit is 3 BPM off


@needs_cases
def test_the_case_of_a_thumbnail_reads_the_film_and_says_so(tmp_path):
    done = pulse8(tmp_path, "measure", CASES / "thumbnail_first.mkv", "--method", "pos", "--json")
    assert done.returncode == 0, done.stderr
    assert "stream 1 (h264 640x480) is measured, not 0 (mjpeg 640x480)" in done.stderr
    assert "is cut" not in done.stderr


def two_streams(path: Path, sizes: list[tuple[int, int, int]]) -> None:
    """A file of several video streams: width, height and number of frames of each."""
    with av.open(str(path), "w") as container:
        streams = []
        for width, height, _ in sizes:
            stream = container.add_stream("mpeg4", rate=30)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            streams.append(stream)
        for stream, (width, height, count) in zip(streams, sizes, strict=True):
            for index in range(count):
                frame = av.VideoFrame.from_ndarray(picture(height, width), format="rgb24")
                frame.pts = index
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ([(320, 240, 1), (64, 48, 30)], (64, 48)),
        ([(64, 48, 30), (320, 240, 1)], (64, 48)),
        ([(64, 48, 30), (320, 240, 30)], (320, 240)),
        ([(64, 48, 30), (64, 48, 30)], (64, 48)),
    ],
)
def test_of_several_streams_the_film_is_read_and_the_choice_is_said(tmp_path, sizes, chosen, caplog, monkeypatch):
    monkeypatch.setattr(LOG, "disabled", False)
    two_streams(tmp_path / "a.mkv", sizes)
    frames = list(read_frames(tmp_path / "a.mkv"))
    assert {rgb.shape[1::-1] for rgb, _ in frames} == {chosen}
    assert len(frames) == 30
    assert f"{chosen[0]}x{chosen[1]}) is measured, not" in caplog.text


ONE = 1 << 16
TURNS = {
    "as it is": ((ONE, 0, 0, ONE), lambda rgb: rgb),
    "mirrored": ((-ONE, 0, 0, ONE), lambda rgb: rgb[:, ::-1]),
    "upside down, mirrored": ((ONE, 0, 0, -ONE), lambda rgb: rgb[::-1]),
    "half a turn": ((-ONE, 0, 0, -ONE), lambda rgb: rgb[::-1, ::-1]),
    "a quarter clockwise": ((0, ONE, -ONE, 0), lambda rgb: np.rot90(rgb, -1)),
    "a quarter counter-clockwise": ((0, -ONE, ONE, 0), np.rot90),
    "rows and columns exchanged": ((0, ONE, ONE, 0), lambda rgb: rgb.transpose(1, 0, 2)),
    "exchanged across": ((0, -ONE, -ONE, 0), lambda rgb: rgb[::-1, ::-1].transpose(1, 0, 2)),
}


@pytest.mark.parametrize("name", TURNS)
def test_all_eight_turns_of_a_display_matrix(name):
    (a, b, c, d), wanted = TURNS[name]
    turn = turn_of(struct.pack("=9i", a, b, 0, c, d, 0, 0, 0, 1 << 30))
    np.testing.assert_array_equal(turn.of(picture()), wanted(picture()))
    # Where a corner goes by the matrix itself.
    y, x = np.nonzero(turn.of(np.eye(1, 64 * 48, dtype=np.uint8).reshape(48, 64, 1).repeat(3, 2))[..., 0])
    width, height = (64, 48) if a else (48, 64)
    assert (int(x[0]), int(y[0])) == ((0 if a + c > 0 else width - 1), (0 if b + d > 0 else height - 1))


def test_a_matrix_of_any_numbers_is_some_turn():
    extremes = (0, 1, -1, (1 << 31) - 1, -(1 << 31))
    for a, b, c, d in itertools.product(extremes, repeat=4):
        assert turn_of(struct.pack("=9i", a, b, 7, c, d, 7, 7, 7, 7)).of(picture()).size == picture().size
    assert turn_of(bytes(36)) == Turn()


def test_a_mirrored_file_is_mirrored_back(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv444p"
        stream.set_display_matrix((-ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30))
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(), format="rgb24")))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).side_data.get(Type.DISPLAYMATRIX) is not None
    rgb, _ = next(iter(read_frames(path)))
    assert np.abs(rgb.astype(int) - picture()[:, ::-1]).mean() < 2


def test_a_later_picture_that_is_larger_than_the_header_says_is_not_decoded(tmp_path):
    growing(tmp_path)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sizes = {rgb.shape for rgb, _ in read_frames(tmp_path / "a.mkv")}
    assert sizes == {(64, 64, 3)}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 150_000


def test_times_of_a_clock_without_zero_count_from_the_first_frame(tmp_path):
    for name, start in (("a.ts", (1 << 33) - 45_000), ("b.ts", 900_000)):
        with av.open(str(tmp_path / name), "w", options={"avoid_negative_ts": "disabled"}) as container:
            stream = container.add_stream("mpeg4", rate=30)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for index in range(60):
                frame = av.VideoFrame.from_ndarray(picture(), format="rgb24")
                frame.pts = index
                for packet in stream.encode(frame):
                    packet.pts = packet.dts = start + index * 3000
                    packet.time_base = Fraction(1, 90_000)
                    container.mux(packet)
        times = [t_s for _, t_s in read_frames(tmp_path / name)]
        np.testing.assert_allclose(times, np.arange(len(times)) / 30, atol=1e-3)
        assert len(times) >= 59


def test_a_raw_stream_says_how_to_give_it_its_rate(tmp_path):
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = 64, 48, "yuv420p", Fraction(1, 30)
    with (tmp_path / "a.h264").open("wb") as file:
        for index in range(30):
            frame = av.VideoFrame.from_ndarray(picture(), format="rgb24")
            frame.pts = index
            file.writelines(bytes(packet) for packet in codec.encode(frame))
        file.writelines(bytes(packet) for packet in codec.encode(None))
    with pytest.raises(InputError, match=r"rate in place of 30: ffmpeg -r 30 -i IN -c copy OUT\.mp4"):
        list(read_frames(tmp_path / "a.h264"))


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (16384, 4), (4, 16384), (16386, 2)])
def test_pictures_of_any_shape_are_tracked_or_refused(tmp_path, size):
    height, width = size
    frames = ((np.full((height, width, 3), 90, np.uint8), index / 30) for index in range(3))
    write_video(tmp_path / "a.mkv", frames, RATE, FFV1)
    done = pulse8(tmp_path, "measure", "a.mkv")
    assert (done.returncode, done.stderr.count("\n"), "Traceback" in done.stderr) == (2, 1, False), done.stderr
