"""Every door leads onto one road: what has no pulse is refused whichever way it comes in."""

import json
from pathlib import Path

import numpy as np
import pytest

from commands import pulse8
from pulse8.learn.recording import Recording
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.clips.cells import CellRow
from pulse8.measure.clips.trace_csv import read_trace_csv, repeated
from pulse8.measure.line import measure_traces, measure_video
from pulse8.measure.meter import Meter
from pulse8.measure.reading.options import MeasureOptions, VideoOptions
from pulse8.measure.video.encode import FFV1, write_video
from pulse8.values import CellTraces, HeartRate, Reason
from stores_on_disk import put

SKIN = np.array([170.0, 120.0, 95.0])
SECONDS = 30
both_methods = pytest.mark.parametrize("method", ["pulse12", "pos"])


def noise() -> CellTraces:
    t_s = np.arange(30 * SECONDS) / 30
    return repeated(t_s, SKIN + np.random.default_rng(0).normal(0, 1, (len(t_s), 3)))


def with_a_pause() -> CellTraces:
    """A pulse of 72 BPM in which nothing was recorded for a second after 12 s."""
    t_s = np.arange(30 * SECONDS) / 30
    t_s = t_s[(t_s < 12) | (t_s >= 13)]
    pulse = 0.005 * np.sin(2 * np.pi * 1.2 * t_s)[:, None] * np.array([0.43, 1.0, 0.69])
    return repeated(t_s, SKIN * (1 + pulse + np.random.default_rng(1).normal(0, 0.0005, (len(t_s), 3))))


def by_every_door(folder: Path, traces: CellTraces, method: str) -> dict[str, list[dict[str, object]]]:
    """Windows of the same traces from the API, the command on a table, and the command on a store's recording."""
    rows = np.column_stack([traces.t_s, traces.rgb[:, 0, 0].astype(np.float64)])
    lines = [",".join(f"{value:.17g}" for value in row) for row in rows]
    (folder / "traces.csv").write_text("\n".join(["time_s,red,green,blue", *lines]), encoding="utf-8")
    recording = Recording(traces=traces, reference=None, subject="a", recording="traces", conditions={})
    stored = put(folder, recording).name
    api = measure_traces(traces, MeasureOptions(method=method))  # type: ignore[arg-type] - a name of the table
    table = measure_traces(read_trace_csv(folder / "traces.csv"), MeasureOptions(method=method))  # type: ignore[arg-type]
    assert same(api.windows, table.windows)
    answers = {"api": [plain(rate) for rate in api.windows]}
    for name in ("traces.csv", stored):
        done = pulse8(folder, "measure", name, "--method", method, "--json")
        answers[name] = [shown(window) for window in json.loads(done.stdout)["windows"]]
        assert done.returncode == (0 if any(rate.bpm for rate in (*api.windows, api.whole)) else 1)
    return answers


def plain(rate: HeartRate) -> dict[str, object]:
    return shown({"start_s": rate.start_s, "bpm": rate.bpm, "reason": rate.reason})


def shown(window: dict[str, object]) -> dict[str, object]:
    bpm = window["bpm"]
    return {
        "start_s": round(float(str(window["start_s"])), 6),
        "bpm": None if bpm is None else round(float(str(bpm)), 3),
        "reason": None if window["reason"] is None else str(window["reason"]),
    }


def same(one: tuple[HeartRate, ...], other: tuple[HeartRate, ...]) -> bool:
    return [plain(rate) for rate in one] == [plain(rate) for rate in other]


def pushed(traces: CellTraces, method: str) -> list[HeartRate]:
    """Full readings of a meter that was given the same colours."""
    meter = Meter(MeasureOptions(method=method))  # type: ignore[arg-type] - a name of the table
    rows = (
        CellRow(rgb, valid, np.full(3, 900, np.float32), (None,) * 3)
        for rgb, valid in zip(traces.rgb, traces.valid, strict=True)
    )
    readings = [meter.push(row, float(t_s)) for row, t_s in zip(rows, traces.t_s, strict=True)]
    return [reading.rate for reading in readings if reading is not None and not reading.rate.provisional]


@both_methods
def test_noise_has_no_rate_by_any_door(tmp_path: Path, method: str) -> None:
    answers = by_every_door(tmp_path, noise(), method)
    assert answers["api"] == answers["traces.csv"] == answers["traces.npz"]
    assert {window["bpm"] for window in answers["api"]} == {None}
    assert {rate.bpm for rate in pushed(noise(), method)} == {None}


@both_methods
def test_a_pause_of_a_second_is_a_row_by_every_door(tmp_path: Path, method: str) -> None:
    answers = by_every_door(tmp_path, with_a_pause(), method)
    assert answers["api"] == answers["traces.csv"] == answers["traces.npz"]
    pause = [window for window in answers["api"] if window["reason"] == str(Reason.NO_FACE)]
    assert [window["start_s"] for window in pause] == pytest.approx([12 - 1 / 30], abs=1e-3)
    read = [float(str(window["bpm"])) for window in answers["api"] if window["bpm"] is not None]
    assert read == pytest.approx([72] * len(read), abs=2.5)  # the network's phase wanders, on a pure tone too
    assert np.mean(read) == pytest.approx(72, abs=0.7)
    assert read


@pytest.fixture(scope="module")
def photograph() -> list[tuple[np.ndarray, float]]:
    """A face that does not change for 12 s, under a camera's noise."""
    face, _ = next(iter(render(FaceVideo(seconds=1, width=320, height=240, zoom=1.0, pulse_share=0.0))))
    rng = np.random.default_rng(3)
    grains = (rng.normal(0, 2, face.shape) for _ in range(360))
    return [(np.clip(face + grain, 0, 255).astype(np.uint8), index / 30) for index, grain in enumerate(grains)]


@both_methods
def test_a_photograph_has_no_rate_as_video_and_live(tmp_path: Path, photograph, method: str) -> None:
    write_video(tmp_path / "photograph.mkv", iter(photograph), 30, FFV1)
    video = measure_video(tmp_path / "photograph.mkv", VideoOptions(method=method))  # type: ignore[arg-type]
    assert {rate.bpm for rate in (*video.windows, video.whole)} == {None}
    meter = Meter(VideoOptions(method=method))  # type: ignore[arg-type] - a name of the table
    readings = [meter.push(rgb, t_s) for rgb, t_s in photograph]
    assert {reading.rate.bpm for reading in readings if reading is not None} == {None}
    assert len(meter.seen.rois) == 3


def test_the_default_is_the_same_by_every_door() -> None:
    assert {MeasureOptions().method, VideoOptions().method} == {"pulse12"}
    assert measure_traces(with_a_pause()).method == "pulse12"
