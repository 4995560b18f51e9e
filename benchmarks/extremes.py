"""Extremes that people meet: half an hour of video, 4K at 60 Hz, a hundred measures at once, stores of 500 recordings.

usage: python benchmarks/extremes.py [long] [uhd] [parallel] [stores] [--minutes 30] [--at-once 100] [--recordings 500]

Each part writes its rows to results/extremes.json. Videos are simulated; long videos repeat a short one. Peak memory is
that of one process; ``load_over_cores`` is the machine's before the part. ``parallel`` needs Linux and 12 GB of memory.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av

from measuring import RESULTS, Cost, run_measured, with_bytecode, write_result
from pulse8.learn.formats.recordings import Prepared, recording_path, write_recording
from pulse8.learn.prepare.one_recording import facts_of
from pulse8.learn.prepare.store import Store, entry_of, write_index
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.learn.simulate.presets import draw_conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.rendering import RenderOptions, write_rendered
from pulse8.learn.simulate.strata import stratum
from pulse8.measure.video.encode import h264, write_video

NAME: Final = "extremes"
SMALL: Final = {"width": 320, "height": 240, "zoom": 1.0, "motion_px": 8}
RATES: Final = {"slow": 60.0, "fast": 100.0}
ALL_AT_ONCE: Final = """
import json, os, subprocess, sys, time
commands = json.load(sys.stdin)
started = time.perf_counter()
running = {}
for number, command in enumerate(commands):
    with open(f"{number}.json", "wb") as out, open(f"{number}.err", "wb") as err:
        running[subprocess.Popen(command, stdout=out, stderr=err).pid] = number
codes, peaks, cpu_s, most_kb = [None] * len(commands), [], 0.0, 0
while running:
    held_kb = 0
    for pid, number in list(running.items()):
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            del running[pid]
            codes[number] = os.waitstatus_to_exitcode(status)
            peaks.append(usage.ru_maxrss)
            cpu_s += usage.ru_utime + usage.ru_stime
        else:
            try:
                lines = open(f"/proc/{pid}/smaps_rollup").read().splitlines()
            except OSError:  # it has just ended
                lines = []
            held_kb += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    most_kb = max(most_kb, held_kb)
    time.sleep(1)
took = time.perf_counter() - started
print(json.dumps({"codes": codes, "peak_mb": max(peaks) * 1024 / 1e6, "all_mb": most_kb * 1024 / 1e6,
                  "cpu_s": cpu_s, "seconds": took}))
"""
"""Starts commands from a small process: a child's peak begins at its parent's size."""

Row = dict[str, Any]


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("parts", nargs="*", default=list(PARTS), metavar="PART")
    words.add_argument("--minutes", type=int, default=30)
    words.add_argument("--at-once", type=int, default=100)
    words.add_argument("--recordings", type=int, default=500)
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


def parallel(folder: Path, given: argparse.Namespace) -> list[Row]:
    """Measure two films many times at once: each into a table of its own, every tenth into one that they share."""
    for name, bpm in RATES.items():
        video = FaceVideo(seconds=10, bpm=bpm, pulse_share=0.015, **SMALL)
        write_video(folder / f"{name}.mp4", render(video), Fraction(30), h264(20))
    names = [list(RATES)[number % 2] for number in range(given.at_once)]
    tables = ["shared.csv" if number % 10 == 0 else f"{number}.csv" for number in range(given.at_once)]
    alone = {name: _answers(folder, [_into(name, f"alone-{name}.csv")])[1][0] for name in RATES}
    figures, answers = _answers(folder, list(map(_into, names, tables)))
    right = {name: (folder / f"alone-{name}.csv").read_bytes() for name in RATES}
    written = [(folder / table).read_bytes() for table in tables]
    as_alone = [
        table in right.values() if place == "shared.csv" else table == right[name]
        for name, place, table in zip(names, tables, written, strict=True)
    ]
    known = {"shared.csv", *tables, *(f"alone-{name}.csv" for name in RATES)}
    return [
        {
            "at_once": given.at_once,
            "with_a_rate": sum(code == 0 for code in figures.pop("codes")),
            "answers_as_alone": sum(answer == alone[name] for name, answer in zip(names, answers, strict=True)),
            "tables_as_alone": sum(as_alone),
            "files_left": sorted(one.name for one in folder.iterdir() if one.suffix == ".csv" and one.name not in known)
            + sorted(one.name for one in folder.iterdir() if one.name.startswith(".")),
            **{name: round(value, 1) for name, value in figures.items()},
        }
    ]


def _into(name: str, table: str) -> list[str]:
    return [sys.executable, "-m", "pulse8", "measure", f"{name}.mp4", "--json", "--csv", table]


def _answers(folder: Path, commands: list[list[str]]) -> tuple[dict[str, Any], list[bytes]]:
    """Run commands at once; return codes and costs, and what each printed and complained of."""
    starter = [sys.executable, "-I", "-S", "-c", ALL_AT_ONCE]
    environment = {**with_bytecode(), **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")}
    done = subprocess.run(
        starter, cwd=folder, env=environment, input=json.dumps(commands).encode(), stdout=subprocess.PIPE, check=True
    )
    printed = [
        (folder / f"{number}.json").read_bytes() + (folder / f"{number}.err").read_bytes()
        for number in range(len(commands))
    ]
    return json.loads(done.stdout), printed


def stores(folder: Path, given: argparse.Namespace) -> list[Row]:
    """Read stores of simulated recordings of 10 s, half as many and all; evaluate and prepare a tenth as many."""
    write_rendered(folder / "one.mp4", RenderOptions(seconds=1.5))
    rows = []
    for count in (given.recordings // 2, given.recordings):
        store, raw, made = folder / f"store{count}", folder / f"raw{count}", folder / f"made{count}"
        few = folder / f"few{count}"
        _store(store, count)
        _store(few, count // 10)
        _films(folder, raw, count // 10)
        words = ["prepare", "--dataset", "own", "--raw", str(raw), "--store", str(made)]
        commands = {
            "protocol": (count, ["protocol", "--stores", str(store), "--output", f"{store}.json"]),
            "measure": (count, ["measure", str(store), "--method", "pos", "--quiet"]),
            "evaluate": (count // 10, ["evaluate", "--store", str(few), "--method", "green", "--oracle", "False"]),
            "prepare": (count // 10, words),
            "prepare again": (count // 10, words),
        }
        for verb, (recordings, line) in commands.items():
            cost = run_measured([sys.executable, "-m", "pulse8", *line], folder, (0, 1))
            rows.append({"verb": verb, "recordings": recordings, **asdict(cost)})
    return rows


def _store(store: Path, count: int) -> None:
    """Write a store of one simulated recording under so many names of people."""
    store.mkdir()
    options = RecordingOptions(seconds=10.0, seed=3)
    one = simulate_recording(0, draw_conditions(0, stratum("easy").preset, options.seed), options)
    for number in range(count):
        recording = replace(one, recording=f"r{number}", subject=f"simulated-{number}")
        prepared = Prepared(recording=recording, origin={}, facts=facts_of(recording, None, (), corrected=False))
        write_recording(recording_path(store, recording.recording), prepared)
    entries = sorted((entry_of(path) for path in store.glob("*.npz")), key=lambda entry: entry.recording)
    write_index(Store(path=store, dataset="simulated", simulated=True, entries=tuple(entries)))


def _films(folder: Path, raw: Path, count: int) -> None:
    raw.mkdir()
    lines = ["video,truth,subject"]
    for number in range(count):
        shutil.copy(folder / "one.mp4", raw / f"{number}.mp4")
        shutil.copy(folder / "one.truth.csv", raw / f"{number}.csv")
        lines.append(f"{number}.mp4,{number}.csv,person{number}")
    (raw / "recordings.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


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
    "parallel": parallel,
    "stores": stores,
}

if __name__ == "__main__":
    sys.exit(main())
