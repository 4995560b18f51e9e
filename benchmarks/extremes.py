"""Extremes that people meet: many measures at once, half an hour of video, 4K at 60 Hz, a store of 500 recordings.

usage: python benchmarks/extremes.py [parallel] [long] [uhd] [store] [--at-once 40] [--minutes 30]

Each part writes its rows to results/extremes.json. Videos and people are simulated; long videos repeat a short one.
Peak memory is that of one process; ``load`` is the machine's before the part, over its cores.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av

from measuring import RESULTS, Cost, run_measured, write_result
from pulse8.learn.formats.recordings import Prepared, recording_path, write_recording
from pulse8.learn.prepare.one_recording import facts_of
from pulse8.learn.prepare.store import Store, entry_of, write_index
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.learn.simulate.presets import draw_conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import stratum
from pulse8.measure.video.encode import h264, write_video

NAME: Final = "extremes"
SMALL: Final = {"width": 320, "height": 240, "zoom": 1.0, "motion_px": 8}
RECORDINGS: Final = (250, 500)
Row = dict[str, Any]


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("parts", nargs="*", default=list(PARTS), metavar="PART")
    words.add_argument("--at-once", type=int, default=40)
    words.add_argument("--minutes", type=int, default=30)
    given = words.parse_args()
    for part in given.parts:
        load = round(os.getloadavg()[0] / (os.cpu_count() or 1), 1)
        with tempfile.TemporaryDirectory() as folder:
            rows = PARTS[part](Path(folder), given)
        path = RESULTS / f"{NAME}.json"
        before = json.loads(path.read_text(encoding="utf-8"))["parts"] if path.is_file() else {}
        parts = {**before, part: {"load_over_cores": load, "simulated": True, "rows": rows}}
        write_result(NAME, "python benchmarks/extremes.py", {"parts": dict(sorted(parts.items()))})
    return 0


def measured(video: Path) -> Cost:
    return run_measured([sys.executable, "-m", "pulse8", "measure", str(video), "--json"], video.parent, (0, 1))


def parallel(folder: Path, given: argparse.Namespace) -> list[Row]:
    """Measure one clip of 6 s by many processes at once; the sum of their peaks counts shared libraries each time."""
    write_video(folder / "a.mp4", render(FaceVideo(seconds=6, **SMALL)), Fraction(30), h264(20))
    with ThreadPoolExecutor(given.at_once) as pool:
        costs = list(pool.map(lambda _: measured(folder / "a.mp4"), range(given.at_once)))
    return [
        {
            "at_once": given.at_once,
            "peak_mb": max(cost.peak_mb for cost in costs),
            "sum_of_peaks_mb": round(sum(cost.peak_mb for cost in costs)),
            "cpu_s_each": round(sum(cost.cpu_s for cost in costs) / len(costs), 2),
            "seconds": max(cost.seconds for cost in costs),
        }
    ]


def long(folder: Path, given: argparse.Namespace) -> list[Row]:
    """Measure a minute and half an hour."""
    write_video(folder / "short.mp4", render(FaceVideo(seconds=10, **SMALL)), Fraction(30), h264(20))
    rows = []
    for minutes in (1, given.minutes):
        repeated(folder / "short.mp4", folder / "long.mp4", 6 * minutes)
        rows.append({"minutes": minutes, "width": 320, "height": 240, **asdict(measured(folder / "long.mp4"))})
    return rows


def uhd(folder: Path, _given: argparse.Namespace) -> list[Row]:
    """Measure six seconds of 3840x2160 at 60 Hz: a smaller picture, enlarged as it is written."""
    scene = FaceVideo(seconds=1.0, rate_hz=Fraction(60), width=960, height=540, zoom=2.0)
    with av.open(folder / "one.mp4", "w") as written:
        stream = written.add_stream("libx264", rate=60, options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = 3840, 2160, "yuv420p"
        for rgb, _ in render(scene):
            picture = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(3840, 2160, "yuv420p")
            written.mux(stream.encode(picture))
        written.mux(stream.encode(None))
    repeated(folder / "one.mp4", folder / "uhd.mp4", 6)
    return [{"width": 3840, "height": 2160, "rate_hz": 60, "frames": 360, **asdict(measured(folder / "uhd.mp4"))}]


def repeated(source: Path, target: Path, times: int) -> None:
    """Write a film again and again into one, without decoding it."""
    with av.open(source) as read, av.open(target, "w") as written:
        film = read.streams.video[0]
        stream = written.add_stream_from_template(film)
        packets = [packet for packet in read.demux(film) if packet.size]
        stored = [(bytes(packet), packet.pts, packet.dts, packet.is_keyframe) for packet in packets]
        length = round(len(packets) / film.average_rate / film.time_base)
        for turn in range(times):
            for data, pts, dts, is_keyframe in stored:
                packet = av.Packet(data)
                packet.stream, packet.time_base, packet.is_keyframe = stream, film.time_base, is_keyframe
                packet.pts, packet.dts = pts + turn * length, dts + turn * length
                written.mux(packet)


def store(folder: Path, _given: argparse.Namespace) -> list[Row]:
    """Evaluate stores of 250 and 500 simulated recordings of 12 s, the smaller first."""
    rows = []
    options = RecordingOptions(seconds=12.0, seed=3)
    for number in range(RECORDINGS[-1]):
        recording = simulate_recording(number, draw_conditions(number, stratum("near-UBFC").preset, 3), options)
        facts = facts_of(recording, None, (), corrected=False)
        path = recording_path(folder, recording.recording)
        write_recording(path, Prepared(recording=recording, origin={"dataset": "simulated"}, facts=facts))
        if number + 1 in RECORDINGS:
            entries = sorted(map(entry_of, folder.glob("*.npz")), key=lambda entry: entry.recording)
            write_index(Store(folder, "simulated", simulated=True, entries=tuple(entries)))
            words = ["-m", "pulse8", "evaluate", "--store", str(folder), "--method", "green", "--json"]
            rows.append({"recordings": number + 1, **asdict(run_measured([sys.executable, *words], folder))})
    return rows


PARTS: Final[dict[str, Callable[[Path, argparse.Namespace], list[Row]]]] = {
    "parallel": parallel,
    "long": long,
    "uhd": uhd,
    "store": store,
}

if __name__ == "__main__":
    sys.exit(main())
