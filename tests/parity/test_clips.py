"""Three clips, pixels to numbers: the host's C, the emulated Cortex-M55, and the module in node and in Chromium."""

import base64
import hashlib
import shutil
from fractions import Fraction

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from boards import PLAIN_HOST, emulate, frames_of, make, needs_host, needs_m55, serve_host
from commands import ROOT
from live_page import browser_with, needs_chromium
from pulse8.board.link.client import view_payload
from pulse8.board.link.frames import VIEWED, Command, encode
from pulse8.board.options import DeployOptions
from pulse8.board.package import deploy
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.clips.cells import cell_traces
from pulse8.measure.face.board_tracker import BoardFollower
from pulse8.measure.face.track import track_face
from pulse8.measure.line import measure_traces
from pulse8.values import Frames, Reason
from web_clips import PLAYER, TOLD, Shots, as_viewed, bytes_of, clip_of, played_in_node
from web_module import NETWORK, WEB, needs_node, static_host

RATE_HZ = 12
BPM = 78.0
PERSON = FaceVideo(seconds=9.5, rate_hz=Fraction(RATE_HZ), width=160, height=120, zoom=0.9, motion_px=4, bpm=BPM)
PHOTOGRAPH = FaceVideo(
    seconds=9.5, rate_hz=Fraction(RATE_HZ), width=160, height=120, zoom=0.9, motion_px=4, pulse_share=0.0, seed=1
)
SMALLER = FaceVideo(seconds=6.0, rate_hz=Fraction(RATE_HZ), width=160, height=120, zoom=0.6, motion_px=4, seed=2)


def shots_of(video: FaceVideo) -> Shots:
    return [(np.asarray(rgb), round(t_s * 1e6)) for rgb, t_s in render(video)]


def two_people() -> Shots:
    """Two side by side, the larger one on the left."""
    pairs = zip(shots_of(PERSON), shots_of(SMALLER), strict=False)
    return [(np.hstack([left, right[:, ::-1]]), t_us) for (left, t_us), (right, _) in pairs]


CLIPS = {"a person": lambda: shots_of(PERSON), "a photograph": lambda: shots_of(PHOTOGRAPH), "two people": two_people}


@pytest.fixture(scope="module", params=CLIPS)
def shots(request: pytest.FixtureRequest) -> Shots:
    return CLIPS[request.param]()


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips") / "board"
    deploy(NETWORK, folder, DeployOptions(windows=1, unverified=True))
    make(folder, "build/p8_host", "build/files_mve.elf", f"HOST={PLAIN_HOST}")
    return folder


@pytest.fixture(scope="module")
def page():
    with sync_playwright() as playwright, browser_with(playwright, ROOT / "none.y4m") as browser:
        yield browser.new_page()


def requests_of(shots: Shots) -> bytes:
    return b"".join(
        encode(Command.VIEW, view_payload(rgb.ravel(), "rgb888", rgb.shape[1::-1], t_us, reset=index == 0))
        for index, (rgb, t_us) in enumerate(shots)
    )


def viewed_of(answers: bytes) -> bytes:
    return bytes_of(np.frombuffer(b"".join(frame.payload[:-1] for frame in frames_of(answers)), VIEWED))


def played_in_chromium(page, clip: bytes, folder) -> bytes:
    for file in (PLAYER, WEB / "pulse8.wasm", WEB / "package.json"):
        shutil.copy(file, folder)
    (folder / "clip.bin").write_bytes(clip)
    script = """async () => {
      const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
      const { play } = await import("/web_clips.mjs");
      const told = await play(await bytes("/pulse8.wasm"), await bytes("/clip.bin"));
      return btoa(Array.from(told, (byte) => String.fromCharCode(byte)).join(""));
    }"""
    with static_host(folder) as address:
        page.goto(address + "package.json")
        return base64.b64decode(page.evaluate(script))


@needs_host
@needs_m55
@needs_node
@needs_chromium
def test_a_clips_readings_are_the_same_bytes_everywhere(board, page, shots, tmp_path):
    requests, clip = requests_of(shots), clip_of(shots)
    told = {
        "host": viewed_of(serve_host(board / "build" / "p8_host", requests)),
        "Cortex-M55": viewed_of(emulate(board / "build" / "files_mve.elf", requests, tmp_path / "m55")),
        "node": bytes_of(as_viewed(played_in_node(clip))),
        "Chromium": bytes_of(as_viewed(played_in_chromium(page, clip, tmp_path))),
    }
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in told.items()}
    assert len(told["host"]) == 82 * len(shots)
    assert set(hashes.values()) == {hashes["host"]}, hashes
    read = as_viewed(played_in_node(clip))
    assert read["number"].max() >= (5 if len(shots) > 8.6 * RATE_HZ else 1)
    assert read["found"].mean() > 0.9


@needs_node
def test_an_early_number_is_what_python_reads_of_as_much():
    """After five seconds a provisional one, then that of the first window; a photograph has neither."""
    shots = shots_of(PERSON)
    told = np.frombuffer(played_in_node(clip_of(shots)), TOLD)
    first = int(np.flatnonzero(told["number"])[0])
    assert 4.9 <= (shots[first][1] - shots[0][1]) / 1e6 <= 5.2
    for number in range(1, 5):
        at = int(np.flatnonzero(told["number"] == number)[0])
        frames = Frames("clip", float(RATE_HZ), at + 1, iter([(rgb, t_us / 1e6) for rgb, t_us in shots[: at + 1]]))
        rate = measure_traces(cell_traces(track_face(frames, "board"))).windows[-1]
        assert rate.provisional
        assert told["provisional"][at]
        assert (rate.bpm is None) == bool(told["reason"][at])
        if rate.bpm is not None:
            assert abs(told["bpm"][at] - rate.bpm) < 0.2
            assert abs(told["confidence"][at] - rate.confidence) < 0.05
    assert abs(told["bpm"][first] - BPM) < 5
    assert not told["provisional"][-1]
    assert told["bpm"][-1] > 0
    photograph = np.frombuffer(played_in_node(clip_of(shots_of(PHOTOGRAPH))), TOLD)
    assert photograph["number"].max() > 4
    assert not photograph["bpm"].any()


@needs_node
@pytest.mark.parametrize(("face", "name"), [(0, "largest"), (1, "left"), (-1, "right"), (1, "1"), (2, "2"), (3, "3")])
def test_the_face_that_is_asked_for_is_the_one_python_follows(face, name):
    shots = two_people()[: 2 * RATE_HZ]
    told = np.frombuffer(played_in_node(clip_of(shots, face)), TOLD)
    follower = BoardFollower(name)
    for one, (rgb, t_us) in zip(told, shots, strict=True):
        followed = follower.look(rgb, t_us)
        assert (one["found"], one["faces"]) == (followed is not None, follower.faces)
        if followed is not None:
            assert one["place"] == follower.place
    assert told["faces"].max() == 2
    assert bool(told["found"].any()) == (name != "3")
    if name != "3":
        across = told["rois"][-1, 0, 0]
        assert (across > 160) == (name in {"right", "2"})


@needs_node
def test_pictures_that_are_too_few_are_said_to_be_so():
    """A face in each of two pictures a second: nothing to be read, and it is not the face that is missing."""
    shots = [(rgb, 600_000 * index) for index, (rgb, _) in enumerate(shots_of(PERSON)[:20])]
    told = np.frombuffer(played_in_node(clip_of(shots)), TOLD)
    assert told["found"][2:].all()
    reasons = [list(Reason)[int(code) - 1] for code in told["reason"]]
    assert reasons[3] is Reason.TOO_SHORT
    assert reasons[-1] is Reason.TOO_FEW
