"""Cost of a measurement by length, size and number of recordings, by workers, and by windows: CPU and memory.

usage: python benchmarks/scaling.py [PART...]      length, resolution, recordings, windows; all by default

Simulated videos in a temporary folder (0.5 GB at most). CPU seconds and peak memory are those of a command and its
workers as the system counts them, the peak that of the largest process. Commands take turns over several rounds and
the smallest CPU time counts, because other work on the machine can only add. Plots go to docs/scaling_*.svg.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from time import process_time
from typing import Any, Final

import av
import numpy as np

from measuring import RESULTS, Cost, run_measured, write_result
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.learn.simulate.rendering import RenderOptions, write_rendered
from pulse8.measure.draw.plots import drawing
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.video.encode import h264, write_video
from pulse8.values import CellTraces

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
ROUNDS: Final = 2
TURN_S: Final = 12
LENGTHS_S: Final = (12, 60, 240)
SIZES: Final = ((320, 240), (640, 480), (1280, 720), (1920, 1080))
SIZES_S: Final = 6
RECORDINGS: Final = (1, 2, 4)
WORKERS: Final = (1, 2)
TRACE_S: Final = (10, 60, 600)
Row = dict[str, Any]


def main(*parts: str) -> None:
    """Measure the parts, merge their rows with earlier ones, and draw all plots."""
    path = RESULTS / "scaling.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else {}
    for part in parts or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            rows[part] = list(PARTS[part](Path(folder)))
        note = f"simulated; least CPU of {ROUNDS} rounds in turn"
        write_result("scaling", "python benchmarks/scaling.py", {"note": note, "rows": rows})
    for picture in (draw_video, draw_recordings, draw_windows):
        picture(rows)


def length(folder: Path) -> Iterator[Row]:
    """`pulse8 measure` on 640x480 H.264 of growing length: 12 s of a face, forwards and backwards, repeated."""
    pictures = [rgb for rgb, _ in render(FaceVideo(seconds=TURN_S / 2))]
    frames = ((rgb, index / 30) for index, rgb in enumerate(pictures + pictures[::-1]))
    write_video(folder / "turn.mp4", frames, Fraction(30), h264(18))
    paths = {seconds: repeated(folder / "turn.mp4", seconds) for seconds in LENGTHS_S}
    for seconds, cost in least({seconds: measured(path) for seconds, path in paths.items()}).items():
        yield {"seconds": seconds, **figures_of(cost)}


def repeated(turn: Path, seconds: int) -> Path:
    """Repeat a video's packets without encoding them again."""
    path = turn.with_name(f"{seconds}.mp4")
    with av.open(str(path), "w") as written:
        stream = None
        for number in range(seconds // TURN_S):
            with av.open(str(turn)) as read:
                source = read.streams.video[0]
                stream = stream or written.add_stream_from_template(source)
                for packet in read.demux(source):
                    if packet.dts is not None:
                        packet.pts += round(number * TURN_S / packet.time_base)
                        packet.dts += round(number * TURN_S / packet.time_base)
                        packet.stream = stream
                        written.mux(packet)
    return path


def resolution(folder: Path) -> Iterator[Row]:
    """`pulse8 measure` on six seconds of growing picture size, with a face that grows as well."""
    paths = {size: folder / f"{size[0]}.mp4" for size in SIZES}
    for (width, height), path in paths.items():
        video = FaceVideo(seconds=SIZES_S, width=width, height=height, zoom=1.5 * height / 480, motion_px=height / 60)
        write_video(path, render(video), video.rate_hz, h264(18))
    for (width, height), cost in least({size: measured(path) for size, path in paths.items()}).items():
        yield {"width": width, "height": height, **figures_of(cost)}


def recordings(folder: Path) -> Iterator[Row]:
    """`pulse8 prepare` on growing numbers of recordings of ten seconds, 320x240, with one worker and with two."""
    raw = folder / "raw"
    raw.mkdir()
    write_rendered(raw / "one.mp4", RenderOptions(seconds=10, motion_px=5))
    actions: dict[tuple[int, int], Callable[[], Cost]] = {}
    for count in RECORDINGS:
        place = folder / f"raw{count}"
        place.mkdir()
        names = [f"person{number}" for number in range(count)]
        for name in names:
            shutil.copy(raw / "one.mp4", place / f"{name}.mp4")
            shutil.copy(raw / "one.truth.csv", place / f"{name}.csv")
        lines = ["video,truth,subject", *(f"{name}.mp4,{name}.csv,{name}" for name in names)]
        (place / "recordings.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        actions |= {(count, workers): prepared(place, workers) for workers in WORKERS}
    for (count, workers), cost in least(actions).items():
        yield {"recordings": count, "workers": workers, **figures_of(cost), "wall_s": cost.seconds}


def windows(_folder: Path) -> Iterator[Row]:
    """Windows per CPU second from traces, in this process: the network in INT8 and FP32, and POS."""
    for seconds in TRACE_S:
        t_s = np.arange(30 * seconds) / 30
        level = np.array([180, 120, 100]) * (1 + 0.004 * np.sin(2.4 * np.pi * t_s)[:, None] * np.array([0.43, 1, 0.69]))
        noisy = level[:, None, None] + np.random.default_rng(0).normal(0, 0.1, (len(t_s), 3, 4, 3))
        traces = CellTraces(noisy.astype(np.float32), t_s, np.ones((len(t_s), 3), bool))
        for name, options in METHODS.items():
            measure_traces(_first(traces), options)  # warms up what is loaded once
            started = process_time()
            measurement = measure_traces(traces, options)
            cpu_s = process_time() - started
            count = len(measurement.windows)
            yield {
                "seconds": seconds,
                "method": name,
                "windows": count,
                "cpu_s": round(cpu_s, 3),
                "windows_a_cpu_second": round(count / cpu_s, 1),
            }


METHODS: Final = {
    "pulse12 INT8": MeasureOptions(method="pulse12"),
    "pulse12 FP32": MeasureOptions(method="pulse12", model="fp32"),
    "POS": MeasureOptions(method="pos", window_s=8.5, hop_s=1.0),
}


def _first(traces: CellTraces) -> CellTraces:
    return CellTraces(traces.rgb[:300], traces.t_s[:300], traces.valid[:300])


def measured(path: Path) -> Callable[[], Cost]:
    command = [sys.executable, "-m", "pulse8", "measure", str(path), "--json"]
    return lambda: run_measured(command, path.parent, allowed=(0, 1))


def prepared(raw: Path, workers: int) -> Callable[[], Cost]:
    def run() -> Cost:
        with tempfile.TemporaryDirectory(dir=raw.parent) as store:
            words = ["--dataset", "own", "--raw", str(raw), "--store", f"{store}/s", "--processes", str(workers)]
            return run_measured([sys.executable, "-m", "pulse8", "prepare", *words], raw.parent)

    return run


def least(actions: dict[Any, Callable[[], Cost]]) -> dict[Any, Cost]:
    """Run all in turn, for several rounds, and keep each command's run with the smallest CPU time."""
    rounds = [{name: action() for name, action in actions.items()} for _ in range(ROUNDS)]
    return {name: min((costs[name] for costs in rounds), key=lambda cost: cost.cpu_s) for name in actions}


def figures_of(cost: Cost) -> Row:
    return {"cpu_s": cost.cpu_s, "peak_mb": cost.peak_mb}


def draw_video(rows: dict[str, list[Row]]) -> None:
    """CPU and peak memory against length and size."""
    columns = (("length", "seconds", "length, s (640x480)"), ("resolution", "width", f"width, px ({SIZES_S} s)"))
    with drawing(DOCS / "scaling_video.svg", (9, 5.5)) as figure:
        for column, (part, x, label) in enumerate(columns):
            for line, (y, unit) in enumerate((("cpu_s", "CPU, s"), ("peak_mb", "peak memory, MB"))):
                axes = figure.add_subplot(2, 2, 1 + column + 2 * line)
                measured = rows.get(part, [])
                axes.plot([row[x] for row in measured], [row[y] for row in measured], marker="o")
                axes.set(xlabel=label, ylabel=unit, ylim=(0, None), xlim=(0, None))


def draw_recordings(rows: dict[str, list[Row]]) -> None:
    """CPU, time and the largest process against recordings, by workers."""
    with drawing(DOCS / "scaling_recordings.svg", (9, 3)) as figure:
        for column, (y, unit) in enumerate(
            (("cpu_s", "CPU, s"), ("wall_s", "wall, s"), ("peak_mb", "largest process, MB"))
        ):
            axes = figure.add_subplot(1, 3, 1 + column)
            for workers in WORKERS:
                mine = [row for row in rows.get("recordings", []) if row["workers"] == workers]
                label = f"{workers} worker{'s' * (workers > 1)}"
                axes.plot([row["recordings"] for row in mine], [row[y] for row in mine], marker="o", label=label)
            axes.set(xlabel="recordings of 10 s", ylabel=unit, ylim=(0, None))
            axes.legend(frameon=False)


def draw_windows(rows: dict[str, list[Row]]) -> None:
    """CPU against windows, by method."""
    with drawing(DOCS / "scaling_windows.svg", (6, 3)) as figure:
        axes = figure.add_subplot(1, 1, 1)
        for method in METHODS:
            mine = [row for row in rows.get("windows", []) if row["method"] == method]
            axes.plot([row["windows"] for row in mine], [row["cpu_s"] for row in mine], marker="o", label=method)
        axes.set(xlabel="windows", ylabel="CPU, s", xscale="log", yscale="log")
        axes.legend(frameon=False)


PARTS: Final = {part.__name__: part for part in (length, resolution, recordings, windows)}

if __name__ == "__main__":
    main(*sys.argv[1:])
