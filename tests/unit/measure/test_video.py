"""Decode and encode: every kind of file is right or one clear line."""

import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pulse8.errors import InputError, SpecError
from pulse8.measure.video.containers import LOG
from pulse8.measure.video.decode import read_frames
from pulse8.measure.video.encode import FFV1, RAW_AVI, h264, mjpeg, write_video

RATE = Fraction(30_000, 1001)


def picture(index: int, height: int = 48, width: int = 64) -> np.ndarray:
    """A smooth picture that says its index in its red level."""
    y, x = np.mgrid[:height, :width]
    return np.stack([np.full_like(x, 4 * index), x * 3, y * 4], -1).astype(np.uint8)


def recording(count: int = 20, rate: Fraction = RATE, **size: int) -> Iterator[tuple[np.ndarray, float]]:
    for index in range(count):
        yield picture(index, **size), float(index / rate)


@pytest.mark.parametrize(("name", "encoding"), [("a.avi", RAW_AVI), ("a.mkv", FFV1)])
def test_a_lossless_file_gives_back_every_byte(tmp_path: Path, name, encoding):
    write_video(tmp_path / name, recording(), RATE, encoding)
    read = list(read_frames(tmp_path / name))
    assert len(read) == 20
    for index, (rgb, _) in enumerate(read):
        np.testing.assert_array_equal(rgb, picture(index))


@pytest.mark.parametrize(
    ("name", "encoding", "step_s"),
    [("a.avi", RAW_AVI, 1e-9), ("a.mp4", h264(18), 1e-9), ("a.mkv", FFV1, 1e-3), ("b.mkv", mjpeg(2), 1e-3)],
)
def test_times_are_the_containers_own(tmp_path: Path, name, encoding, step_s):
    write_video(tmp_path / name, recording(), RATE, encoding)
    frames = read_frames(tmp_path / name)
    times = np.array([t_s for _, t_s in frames])
    assert frames.rate_hz == pytest.approx(float(RATE))
    np.testing.assert_allclose(times, np.arange(20) / float(RATE), atol=step_s)


def test_uneven_times_survive_and_avi_refuses_them(tmp_path: Path):
    times = np.cumsum([0.0, 0.03, 0.05, 0.02, 0.11, 0.033])
    uneven = [(picture(index), float(t_s)) for index, t_s in enumerate(times)]
    write_video(tmp_path / "a.mp4", uneven, Fraction(30), h264(0))
    np.testing.assert_allclose([t_s for _, t_s in read_frames(tmp_path / "a.mp4")], times, atol=1e-5)
    with pytest.raises(InputError, match="cannot hold uneven times"):
        write_video(tmp_path / "a.avi", uneven, Fraction(30), RAW_AVI)
    assert not list(tmp_path.glob("*.avi*"))


def test_a_file_of_somebody_elses_is_said_to_be_one(tmp_path: Path, monkeypatch):
    def denied(*_args: object, **_kwargs: object) -> None:
        raise av.error.PermissionError(13, "Permission denied", "a.mp4")  # root is never denied a file

    (tmp_path / "a.mp4").write_bytes(b"a")
    monkeypatch.setattr(av, "open", denied)
    with pytest.raises(InputError, match=r"a\.mp4 cannot be read \(Permission denied\); ask for access"):
        read_frames(tmp_path / "a.mp4")


def broadcast(path: Path, first: int, step: int, count: int = 40) -> None:
    """An MPEG transport stream whose stamps begin and step so, in 1/90,000 s; they have 33 bits."""
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_stream("mpeg2video", rate=30)
        stream.width, stream.height, stream.pix_fmt, stream.time_base = 64, 48, "yuv420p", Fraction(1, 30)
        frames = [av.VideoFrame.from_ndarray(picture(index), format="rgb24") for index in range(count)]
        for packet in (packet for frame in [*frames, None] for packet in stream.encode(frame)):
            packet.pts, packet.dts = (first + step * stamp for stamp in (packet.pts, packet.dts))
            packet.time_base = Fraction(1, 90_000)
            container.mux(packet)


@pytest.mark.parametrize("before", [1, 100, 60_000, 600 * 90_000])
@pytest.mark.parametrize("step", [3000, 30 * 90_000])
def test_times_go_on_where_a_streams_stamps_begin_anew(tmp_path: Path, before, step):
    broadcast(tmp_path / "a.ts", 2**33 - before, step)
    times = [t_s for _, t_s in read_frames(tmp_path / "a.ts")]
    np.testing.assert_allclose(times, np.arange(40) * (step / 90_000), atol=1e-9)


def test_an_odd_size_is_padded_not_scaled(tmp_path: Path):
    write_video(tmp_path / "a.mp4", recording(height=47, width=63), RATE, h264(0))
    rgb, _ = next(iter(read_frames(tmp_path / "a.mp4")))
    assert rgb.shape == (48, 64, 3)
    # 4:2:0 halves the colour's resolution; the place of the pattern is what counts.
    assert np.abs(rgb[:47, :63].astype(int) - picture(0, 47, 63)).mean() < 3


@pytest.mark.parametrize(("angle", "quarters"), [(90, 1), (180, 2), (-90, 3)])
def test_rotation_is_carried_out(tmp_path: Path, angle, quarters):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv444p"
        stream.set_display_rotation(angle)
        for index in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(index), format="rgb24")))
        container.mux(stream.encode(None))
    rgb, _ = next(iter(read_frames(path)))
    wanted = np.rot90(picture(0), quarters)
    assert rgb.shape == wanted.shape
    assert np.abs(rgb.astype(int) - wanted).mean() < 2


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [("ffv1", "gray"), ("ffv1", "gray10le"), ("ffv1", "yuv420p10le"), ("libx264", "yuv422p10le")],
)
def test_grey_and_ten_bit_become_eight_bit_rgb(tmp_path: Path, codec, pixel_format):
    path = tmp_path / "a.mkv"
    grey = np.broadcast_to(np.arange(48, 176, 2, dtype=np.uint8)[:, None, None], (64, 64, 3))
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30, options={"qp": "0"} if codec == "libx264" else {})
        stream.width, stream.height, stream.pix_fmt = 64, 64, pixel_format
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(grey), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    rgb, _ = next(iter(read_frames(path)))
    assert rgb.dtype == np.uint8
    assert np.abs(rgb.astype(int) - grey).max() <= 2


def sound(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))


def write_bytes(content: bytes):
    return lambda path: path.write_bytes(content)


def photograph(path: Path) -> None:
    with av.open(str(path), "w", format="image2") as container:
        stream = container.add_stream("png", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb24"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(0), format="rgb24")))
        container.mux(stream.encode(None))


def no_frames(path: Path) -> None:
    with av.open(str(path), "w", format="avi") as container:
        stream = container.add_stream("rawvideo", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr24"
        container.start_encoding()


BAD = {
    "sound.wav": (sound, "holds no video"),
    "empty.mp4": (write_bytes(b""), "is empty"),
    "text.mp4": (write_bytes(b"no video at all" * 99), "cannot be read as a video"),
    "list.m3u8": (
        write_bytes(b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n"),
        "cannot be read as a video|holds no video",
    ),
    "photo.png": (photograph, "is a photograph"),
    "zero.avi": (no_frames, "without one whole frame|holds no video|cannot be read"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_video_is_one_clear_line(tmp_path: Path, name):
    make, message = BAD[name]
    make(tmp_path / name)
    with pytest.raises(InputError, match=message) as caught:
        list(read_frames(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path):
    with pytest.raises(InputError, match="not found"):
        read_frames(tmp_path / "none.mp4")
    with pytest.raises(InputError, match="is a folder"):
        read_frames(tmp_path)


def test_pictures_beyond_8k_are_refused_before_they_are_decoded(tmp_path: Path):
    path = tmp_path / "large.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=30)
        stream.width, stream.height, stream.pix_fmt = 9000, 4400, "yuvj420p"
        container.mux(stream.encode(av.VideoFrame(9000, 4400, "yuvj420p")))
        container.mux(stream.encode(None))
    with pytest.raises(InputError, match="one that the decoder refuses; at most 8192x4320"):
        read_frames(path)


def test_time_that_jumps_back_is_refused(tmp_path: Path):
    path = tmp_path / "back.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr0"
        for index, pts in enumerate([0, 33, 66, 40, 73, 100]):
            frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24")
            frame.pts = index
            for packet in stream.encode(frame):
                packet.pts, packet.dts, packet.time_base = pts, index, Fraction(1, 1000)
                container.mux(packet)
    with pytest.raises(InputError, match=r"jumps back from 0.066 s to 0.040 s"):
        list(read_frames(path))


@pytest.mark.parametrize(("name", "encoding"), [("a.avi", RAW_AVI), ("a.mkv", FFV1), ("a.mp4", h264(18))])
def test_a_file_cut_in_the_middle_gives_its_whole_frames(tmp_path: Path, name, encoding, caplog, monkeypatch):
    monkeypatch.setattr(LOG, "disabled", False)  # other tests' libraries configure logging and switch loggers off
    path = tmp_path / name
    write_video(path, recording(60, height=240, width=320), RATE, encoding)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    read = list(read_frames(path))
    assert 5 < len(read) < 60
    for index, (rgb, _) in enumerate(read):
        assert np.abs(rgb.astype(int) - picture(index, 240, 320)).mean() < 6
    assert "cut" in caplog.text or "damaged" in caplog.text


def test_a_cut_file_without_its_index_is_one_line(tmp_path: Path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(60):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(index), format="rgb24")))
        container.mux(stream.encode(None))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="it may be cut"):
        read_frames(path)


def test_nothing_is_left_when_there_is_nothing_to_write(tmp_path: Path):
    with pytest.raises(InputError, match="no frame to write"):
        write_video(tmp_path / "a.mp4", [], RATE, h264(18))
    assert not list(tmp_path.iterdir())


def test_quality_outside_its_range_is_refused():
    with pytest.raises(SpecError, match=r"0 .* to 51"):
        h264(52)
    with pytest.raises(SpecError, match=r"1 .* to 31"):
        mjpeg(0)
