"""Recordings as an attacker and as phones make them, each tried by one command: code, lines, seconds, peak memory.

usage: python benchmarks/hostile_inputs.py [--before FOLDER]    (FOLDER: the src of an older version, tried first)

Writes results/hostile_inputs.json. A command has 60 s.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
import tyro

from measuring import write_result
from pulse8.measure.clips.columns import COLUMNS
from pulse8.measure.video.encode import h264, write_video

COMMAND: Final = "python benchmarks/hostile_inputs.py"
LIMIT_S: Final = 60
READ_MESSAGE: Final = """
import sys
from pulse8.live.frames import TIME, read_message
from pulse8.errors import Pulse8Error
try:
    read_message(TIME.pack(1.0) + open(sys.argv[1], "rb").read())
except Pulse8Error as error:
    print(error, file=sys.stderr)
    sys.exit(2)
"""
READ_SPEC: Final = """
import sys
from pulse8.errors import Pulse8Error
from pulse8.measure.clips.normalise import normalise
from pulse8.spec import PULSE12, ModelSpec
import numpy as np
text = PULSE12.to_json().replace('"detrend_lambda":100.0', '"detrend_lambda":1e300')
try:
    normalise(np.ones((256, 12, 3)), np.ones(12), ModelSpec.from_json(text).normaliser)
except Pulse8Error as error:
    print(error, file=sys.stderr)
    sys.exit(2)
"""


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Where an older version lies, which rows are tried (those with a word in them), and where results go."""

    before: Path | None = None
    only: str = ""
    results: Path = Path(__file__).parent / "results"


def table(path: Path, header: str = ",".join(COLUMNS), separator: str = ",") -> None:
    t_s = np.arange(360) / 30
    rows = np.column_stack([t_s, np.full(360, 170.0), 120 + np.sin(2 * np.pi * 1.2 * t_s), np.full(360, 90.0)])
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(path, rows, "%.6f", separator, header=header, comments="")


def film(path: Path) -> None:
    picture = np.full((48, 64, 3), 90, np.uint8)
    write_video(path, ((picture, index / 30) for index in range(180)), Fraction(30), h264(18))


def locked_link(folder: Path) -> list[str]:
    (folder / "precious").write_text("years of work")
    (folder / "store").mkdir()
    (folder / "store" / ".pulse8.lock").symlink_to("../precious")
    (folder / "recordings.csv").write_text("video,truth,subject\nnone.mp4,none.csv,a\n")
    return ["-m", "pulse8", "prepare", "--dataset", "own", "--raw", ".", "--store", "store"]


def bomb(folder: Path) -> list[str]:
    jpeg = cv2.imencode(".jpg", np.full((480, 640, 3), 90, np.uint8))[1].tobytes()
    at = jpeg.index(b"\xff\xc0")
    small, rest = jpeg[at : at + 19], jpeg[at + 19 :]
    large = small[:5] + (16_000).to_bytes(2) * 2 + small[9:]
    # Who takes the fill byte for a marker reads a length of 0xC000 after it, and goes on inside the comment.
    comment = bytes(0xC000 + 1 - len(large) - 4) + small
    head = b"\xff\xfe" + (len(comment) + 2).to_bytes(2)
    (folder / "a.jpg").write_bytes(jpeg[:at] + b"\xff" + large + head + comment + rest)
    return ["-c", READ_MESSAGE, "a.jpg"]


def far_time(folder: Path) -> list[str]:
    from pulse8.learn.formats.recordings import Prepared, write_recording
    from pulse8.learn.recording import Recording
    from pulse8.values import CellTraces

    one = CellTraces(np.full((1, 3, 4, 3), 90, np.float32), np.zeros(1), np.ones((1, 3), np.bool_))
    object.__setattr__(one, "t_s", np.array([1e300]))
    recording = Recording(traces=one, reference=None, subject="s", recording="r", conditions={})
    write_recording(folder / "a.npz", Prepared(recording=recording, origin={}, facts={}))
    return ["-m", "pulse8", "measure", "a.npz"]


def playlist(folder: Path) -> list[str]:
    (folder / "secret").mkdir()
    film(folder / "secret" / "a.mp4")
    (folder / "a.mp4").write_text("ffconcat version 1.0\nfile secret/a.mp4\n")
    return ["-m", "pulse8", "measure", "a.mp4"]


def endless(folder: Path) -> list[str]:
    film(folder / "b.mp4")
    (folder / "a.m3u8").write_text("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nb.ts\n")
    return ["-m", "pulse8", "measure", "a.m3u8"]


def growing(folder: Path) -> list[str]:
    packets = []
    for side in (64, 12_000):
        codec = av.CodecContext.create("mjpeg", "w")
        codec.width, codec.height, codec.pix_fmt, codec.time_base = side, side, "yuvj420p", Fraction(1, 30)
        frame = av.VideoFrame(side, side, "yuvj420p")
        frame.pts = 0
        packets += [*codec.encode(frame), *codec.encode(None)]
    with av.open(str(folder / "a.mkv"), "w") as container:
        stream = container.add_stream("mjpeg", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
        for index in range(5):
            packet = av.Packet(bytes(packets[index > 0]))
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, index, index, Fraction(1, 30)
            packet.is_keyframe = True
            container.mux(packet)
    return ["-m", "pulse8", "measure", "a.mkv"]


def markup(folder: Path) -> list[str]:
    table(folder / "[/x].csv")
    return ["-m", "pulse8", "measure", "[/x].csv", "--method", "pos"]


def no_text(folder: Path) -> list[str]:
    name = os.fsdecode(b"a\xff\x1b[31m.csv")
    table(folder / name)
    return ["-m", "pulse8", "measure", name, "--method", "pos", "--csv", "rates.csv"]


def semicolons(folder: Path) -> list[str]:
    table(folder / "a.csv", "timestamp;R;G;B", ";")
    return ["-m", "pulse8", "measure", "a.csv", "--method", "pos"]


def spec(_folder: Path) -> list[str]:
    return ["-c", READ_SPEC]


ROWS: Final[Mapping[str, Callable[[Path], list[str]]]] = {
    "a lock's name that is a link (`prepare`)": locked_link,
    "a JPEG with fill bytes and a second frame header (live)": bomb,
    "a store's frame at 1e300 s (`measure`)": far_time,
    "a list of other files inside .mp4 (`measure`)": playlist,
    "a playlist without end (`measure`)": endless,
    "64x64 promised, then 12000x12000 (`measure`)": growing,
    "a name that is markup (`measure`)": markup,
    "a name that is no text, with an escape (`measure --csv`)": no_text,
    "a spec with a number of 1e300": spec,
    "a table with semicolons, `timestamp;R;G;B` (`measure`)": semicolons,
}


def tried(make: Callable[[Path], list[str]], source: Path) -> dict[str, Any]:
    """Run one row's command and say what came of it."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        words = [sys.executable, *make(folder)]
        environment = {**os.environ, "PYTHONPATH": str(source)}
        began_s, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        process = subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        peak_kb = 0
        while process.poll() is None and time.monotonic() - began_s < LIMIT_S:
            peak_kb = max(peak_kb, _memory_kb(process.pid))
            time.sleep(0.02)
        ended = process.poll() is not None
        process.kill()
        out, err = (part.decode("utf-8", "replace") for part in process.communicate())
        precious = folder / "precious"
        return {
            "code": process.returncode if ended else None,
            "seconds": round(time.monotonic() - began_s, 1),
            "peak_mb": round(peak_kb / 1024),
            "lines_of_error": len(err.splitlines()),
            "traceback": "Traceback" in err,
            "raw_escape": "\x1b" in out + err,
            "said": (err or out).strip().splitlines()[-1:][0].replace(place, ".")[:300] if (err or out).strip() else "",
            "kept": not precious.exists() or precious.read_text() == "years of work",
            "cpu_s": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before.ru_utime, 1),
        }


def _memory_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def main(flags: Flags) -> None:
    here = Path(__file__).parent.parent / "src"
    versions = {**({"before": flags.before} if flags.before else {}), "after": here}
    file = flags.results / "hostile_inputs.json"
    known = json.loads(file.read_text(encoding="utf-8"))["rows"] if flags.only and file.is_file() else {}
    chosen = {name: make for name, make in ROWS.items() if flags.only in name}
    done = {name: {when: tried(make, source) for when, source in versions.items()} for name, make in chosen.items()}
    rows = {name: done.get(name) or known[name] for name in ROWS if name in done or name in known}
    write_result("hostile_inputs", COMMAND, {"rows": rows}, flags.results)
    for name, row in rows.items():
        cells = [_cell(row[when]) if when in row else "-" for when in ("before", "after")]
        print(f"| {name} | {' | '.join(cells)} |")


def _cell(row: Mapping[str, Any]) -> str:
    faults = [word for word, there in (("traceback", row["traceback"]), ("raw escape", row["raw_escape"])) if there]
    faults += [] if row["kept"] else ["another file overwritten"]
    end = f"not over in {LIMIT_S} s" if row["code"] is None else f"exit {row['code']}"
    return f"{', '.join([end, *faults])}; {row['seconds']} s, {row['peak_mb']} MB"


if __name__ == "__main__":
    main(tyro.cli(Flags))
