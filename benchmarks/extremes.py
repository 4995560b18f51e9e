"""Extremes that people meet: half an hour of video, 4K at 60 Hz.

usage: python benchmarks/extremes.py [long] [uhd] [--minutes 30]

Each part writes its rows to results/extremes.json. Videos are simulated; long videos repeat a short one. Peak memory is
that of one process; ``load_over_cores`` is the machine's before the part.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av

from measuring import RESULTS, Cost, run_measured, write_result
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.video.encode import h264, write_video

NAME: Final = "extremes"
SMALL: Final = {"width": 320, "height": 240, "zoom": 1.0, "motion_px": 8}
Row = dict[str, Any]


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("parts", nargs="*", default=list(PARTS), metavar="PART")
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


PARTS: Final[dict[str, Callable[[Path, argparse.Namespace], list[Row]]]] = {
    "long": long,
    "uhd": uhd,
}

if __name__ == "__main__":
    sys.exit(main())
