"""A camera's pictures in the board's C: the same views, key points and ROIs as in Python, bit for bit, and the rate."""

import json
import subprocess

import cv2
import numpy as np
import pytest

from boards import PLAIN_HOST, emulate, frames_of, make, needs_host, needs_m55, serve_host
from commands import ROOT
from pulse8.board.link.client import view_payload
from pulse8.board.link.frames import VIEWED, Command, Status, encode
from pulse8.board.options import DeployOptions
from pulse8.board.package import deploy
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.clips.cells import cell_traces
from pulse8.measure.face.board_tracker import BoardFollower
from pulse8.measure.face.placement import rois_of
from pulse8.measure.face.square import LUMA_SIDE, VIEW_SIDE, Square, codes_view, luma_view
from pulse8.measure.face.track import track_face
from pulse8.measure.line import measure_traces
from pulse8.measure.video.formats import FORMATS, picture_of, yuyv_of
from pulse8.regions import FACE_ROIS
from pulse8.values import Frames, Reason

pytestmark = needs_host
MODEL = ROOT / "src" / "pulse8" / "measure" / "infer" / "weights" / "pulse12_int8.onnx"
CLOCK_HZ = 800e6
MOST_SHARE = 0.25
HEAD_BYTES = 14
CLIP_PICTURES = 300


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    folder = tmp_path_factory.mktemp("camera") / "board"
    deploy(MODEL, folder, DeployOptions(windows=1, unverified=True))
    make(folder, "build/p8_host", f"HOST={PLAIN_HOST}")
    return folder


@pytest.fixture(scope="module")
def view_program(tmp_path_factory):
    program = tmp_path_factory.mktemp("view") / "view"
    sources = [ROOT / "firmware" / "measure" / name for name in ("p8_pixels.c", "p8_view.c")]
    flags = ["-std=c11", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Werror", "-Wall"]
    include = [f"-I{ROOT / 'firmware' / name}" for name in ("core", "measure", "kernels")]
    subprocess.run(["gcc", *flags, *include, *sources, ROOT / "tests/firmware/view.c", "-o", program], check=True)
    return program


def same_views(program, name, data, stride, size, square):
    """Hold both views of C to Python's."""
    width, height = size
    numbers = (list(FORMATS).index(name), width, height, stride, square.x, square.y, square.side)
    done = subprocess.run([program, *map(str, numbers)], input=data.tobytes(), capture_output=True, check=True)
    rgb = picture_of(data, name, width, stride)
    codes, luma = done.stdout[: VIEW_SIDE**2 * 3], done.stdout[VIEW_SIDE**2 * 3 :]
    np.testing.assert_array_equal(np.frombuffer(codes, np.int8).reshape(VIEW_SIDE, -1, 3), codes_view(rgb, square))
    np.testing.assert_array_equal(np.frombuffer(luma, np.int16).reshape(LUMA_SIDE, -1), luma_view(rgb, square))


@pytest.mark.parametrize("name", FORMATS)
def test_views_of_every_format_and_stride(view_program, name):
    rng = np.random.default_rng(list(FORMATS).index(name))
    for _ in range(6):
        width, height = 2 * int(rng.integers(8, 120)), int(rng.integers(16, 300))
        stride = width * FORMATS[name][0] + int(rng.integers(0, 20))
        data = rng.integers(0, 256, height * stride).astype(np.uint8)
        side = int(rng.integers(VIEW_SIDE, 6000))
        square = Square(int(rng.integers(-side, 16 * width)), int(rng.integers(-side, 16 * height)), side)
        same_views(view_program, name, data, stride, (width, height), square)


@pytest.mark.parametrize("side_px", [330, 1000, 12288])
@pytest.mark.parametrize("name", FORMATS)
def test_views_of_wide_pictures(view_program, name, side_px):
    """Wider than what is added up at a time; places of up to 256 px, whose sums fill 32 bits where all is white."""
    rng = np.random.default_rng(side_px)
    width, height = (1400, 70) if side_px < 12288 else (800, 300)
    stride = width * FORMATS[name][0]
    for data in (rng.integers(0, 256, height * stride).astype(np.uint8), np.full(height * stride, 255, np.uint8)):
        for x, y in ((0, 0), (-16 * 7 - 5, -3), (16 * 300 + 9, 5)):
            same_views(view_program, name, data, stride, (width, height), Square(x, y, 16 * side_px))


def test_a_view_is_the_mean_of_what_lies_under_each_place():
    rgb = np.zeros((256, 256, 3), np.uint8)
    rgb[:, ::2] = 200
    assert np.all(codes_view(rgb, Square(0, 0, 256 * 16)) == 100 - 128)
    assert np.all(codes_view(rgb, Square(-4096, 0, 256 * 16)) == -128)
    assert np.all(luma_view(rgb, Square(0, 0, 192 * 16)) == 100 * 16)


def raw(rgb, name):
    """The bytes that a camera of that format gives for a picture."""
    match name:
        case "rgb888":
            return rgb.ravel()
        case "bgr888":
            return np.ascontiguousarray(rgb[..., ::-1]).ravel()
        case "rgba8888":
            return np.dstack([rgb, np.full(rgb.shape[:2], 7, np.uint8)]).ravel()
        case "yuyv":
            return yuyv_of(rgb)
    red, green, blue = (rgb[..., channel].astype(np.uint16) for channel in range(3))
    return (red >> 3 << 11 | green >> 2 << 5 | blue >> 3).astype("<u2").view(np.uint8).ravel()


def requests_of(shots):
    """Requests of (bytes, format, width, height, time in microseconds)."""
    return b"".join(
        encode(Command.VIEW, view_payload(data, name, (width, height), t_us, reset=index == 0))
        for index, (data, name, width, height, t_us) in enumerate(shots)
    )


def answers_of(data):
    frames = frames_of(data)
    return [np.frombuffer(frame.payload[:-1], VIEWED)[0] if len(frame.payload) > 1 else None for frame in frames], [
        Status(frame.payload[-1]) for frame in frames
    ]


@pytest.fixture(scope="module")
def shots():
    """A face in five formats, away, elsewhere and smaller, in the dark, gone again, and in another size of picture."""
    video = FaceVideo(seconds=1.2, width=160, height=120, zoom=0.9, motion_px=4)
    pictures = [rgb for rgb, _ in render(video)]
    there = [np.roll(rgb, 25, axis=1) for rgb in pictures[:12]]
    small = [cv2.resize(rgb, (80, 60), interpolation=cv2.INTER_AREA) for rgb in pictures[:10]]
    film = [
        *pictures,
        *[np.full_like(pictures[0], 90)] * 6,
        *there,
        *[(rgb * 0.2).astype(np.uint8) for rgb in there],
        *[np.zeros_like(pictures[0])] * 40,
        *[np.pad(rgb, ((30, 30), (70, 10), (0, 0)), constant_values=60) for rgb in small],
        *[cv2.resize(rgb, (200, 150), interpolation=cv2.INTER_CUBIC) for rgb in pictures[:10]],
    ]
    names = list(FORMATS)
    return [
        (raw(rgb, names[index // 4 % 5]), names[index // 4 % 5], rgb.shape[1], rgb.shape[0], 33_333 * index + 5)
        for index, rgb in enumerate(film)
    ]


def test_key_points_and_rois_are_the_same_bits(board, shots):
    answers, statuses = answers_of(serve_host(board / "build" / "p8_host", requests_of(shots)))
    assert set(statuses) == {Status.OK}
    follower, found = BoardFollower(), []
    for answer, (data, name, width, _, t_us) in zip(answers, shots, strict=True):
        face = follower.look(picture_of(data, name, width, FORMATS[name][0] * width), t_us)
        found.append(face is not None)
        assert (bool(answer["found"]), answer["faces"]) == (face is not None, follower.faces)
        if face is not None:
            points = face.places[:6].astype(np.float32)
            np.testing.assert_array_equal(answer["points"], points)
            rois = [(roi.x0, roi.x1, roi.y0, roi.y1) for roi in rois_of(points.astype(np.float64), FACE_ROIS)]
            np.testing.assert_array_equal(answer["rois"], rois)
    assert all(found[:36])
    assert not any(found[70:100])
    assert found[-1]


@needs_m55
def test_key_points_are_the_same_bits_on_the_m55(board, shots, tmp_path):
    few = requests_of([*shots[:8], *shots[36:44], *shots[-3:]])
    here = serve_host(board / "build" / "p8_host", few)
    for elf in ("files_mve.elf", "files_scalar.elf"):
        make(board, f"build/{elf}")
        assert emulate(board / "build" / elf, few, tmp_path / elf) == here


def clip_of(board):
    requests = [frame.payload for frame in frames_of((board / "vectors" / "camera.bin").read_bytes())]
    for payload in requests[:CLIP_PICTURES]:
        t_us = int.from_bytes(payload[6:HEAD_BYTES], "little")
        yield picture_of(np.frombuffer(payload[HEAD_BYTES:], np.uint8), "yuyv", 160, 320), t_us / 1e6


def test_a_clip_is_read_as_the_measure_line_reads_it(board):
    answers, statuses = answers_of(
        serve_host(board / "build" / "p8_host", (board / "vectors" / "camera.bin").read_bytes())
    )
    assert set(statuses) == {Status.OK}
    frames = Frames(source="clip", rate_hz=15.0, count=CLIP_PICTURES, stream=clip_of(board))
    shown = measure_traces(cell_traces(track_face(frames, "board"))).shown
    whole = [answer for answer in answers[:CLIP_PICTURES] if answer["number"] and not answer["provisional"]]
    numbers = [answer for answer in whole if answer["age_s"] < 0.05]
    assert len(numbers) >= len(shown) >= 10
    for number, one in zip(numbers, shown, strict=False):
        assert (one.bpm is None) == bool(number["reason"])
        if one.bpm is not None:
            assert abs(number["bpm"] - one.bpm) < 0.2  # a clip may differ by one code: decision 0155
            assert abs(number["bpm"] - 78) < 2
    assert list(Reason)[answers[0]["reason"] - 1] is Reason.TOO_SHORT
    assert {float(answer["bpm"]) for answer in answers[CLIP_PICTURES:]} == {0.0}  # of the photograph


def test_what_is_no_picture_and_times_that_stand_still(board, shots):
    data, name, width, height, _ = shots[0]
    times = [0, 33_333, *[33_333] * 9, 10, 40_000]
    bad = [(b"", "rgb888", 0, 0), (b"\x01\x02\x03", "rgb888", 1, 1), (bytes(15 * 16 * 3), "rgb888", 15, 16)]
    bad += [(bytes(17 * 16 * 2), "yuyv", 17, 16)]
    wrong = [(np.frombuffer(one, np.uint8), kind, across, down, 50_000) for one, kind, across, down in bad]
    requests = requests_of([*[(data, name, width, height, t_us) for t_us in times], *wrong])
    answers, statuses = answers_of(serve_host(board / "build" / "p8_host", requests))
    assert statuses == [
        *[Status.OK] * 2,
        *[Status.OUT_OF_ORDER] * 10,
        Status.OK,  # ten in a row: the clock was set, and all begins anew
        *[Status.BAD_VALUE] * 4,
    ]
    assert all(answer["found"] for answer in (answers[0], answers[1], answers[12]))


@needs_m55
def test_share_of_the_processor_while_a_face_is_followed(board, tmp_path):
    """Thirty pictures a second, from a face that is followed already, by exact count: 25 % of 800 MHz at most."""
    video = FaceVideo(seconds=2.2, width=160, height=120, zoom=0.9, motion_px=4)
    all_shots = [(rgb.ravel(), "rgb888", 160, 120, round(t_s * 1e6)) for rgb, t_s in render(video)]
    make(board, "build/files_mve.elf", "build/count_instructions.so")
    counts = [counted(board, requests_of(all_shots[:count]), tmp_path) for count in (6, 66)]
    per_second = (counts[1] - counts[0]) / 2
    assert 0.02 * CLOCK_HZ < per_second <= MOST_SHARE * CLOCK_HZ


LINE = ("p8_link_feed", "p8_serve_byte", "memcmp", "main", "p8_crc32", "_")
"""What brings the picture from the file: a camera does it by DMA."""


def counted(board, requests, folder):
    """Instructions of the core, without those of the line."""
    plugin = board / "build" / "count_instructions.so"
    emulate(board / "build" / "files_mve.elf", requests, folder, "-plugin", f"{plugin},out=counts.json")
    counts = json.loads((folder / "counts.json").read_text())
    return sum(sum(kinds.values()) for name, kinds in counts.items() if not name.startswith(LINE))
