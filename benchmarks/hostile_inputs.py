"""Recordings as an attacker and as phones make them, each tried by one command: code, lines, seconds, peak memory.

usage: python benchmarks/hostile_inputs.py [--before FOLDER]    (FOLDER: the src of an older version, tried first)

Writes results/hostile_inputs.json. A command has 60 s.
"""

import json
import os
import re
import resource
import struct
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
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.clips.columns import COLUMNS
from pulse8.measure.video.encode import h264, write_video

COMMAND: Final = "python benchmarks/hostile_inputs.py"
LIMIT_S: Final = 60
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
READ_PICTURE: Final = """
import sys
from pathlib import Path
from pulse8.errors import Pulse8Error
try:
    from pulse8.measure.video.picture import read_picture
    read_picture(Path(sys.argv[1]), "copy it again")
except ModuleNotFoundError:  # as data sets' pictures were read before
    import cv2
    cv2.imread(sys.argv[1])
except Pulse8Error as error:
    print(error, file=sys.stderr)
    sys.exit(2)
"""
HOSTED: Final = """
import socket, threading, time
from pulse8.live.host import Host
from pulse8.live.static_page import page_files
host = Host(page_files(), 0)
threading.Thread(target=host.serve_forever, daemon=True).start()
"""
ASK_HOST: Final = (
    HOSTED
    + """
with socket.create_connection(host.server_address) as connection:
    connection.sendall(b"GET / HTTP/1.1\\r\\nHost: [\\r\\nOrigin: http://[\\r\\n\\r\\n")
    said = b"".join(iter(lambda: connection.recv(65536), b"")).split(b"\\r\\n\\r\\n")[0].decode()
print(said.split()[1], "with" if "content-security-policy" in said else "without", "the security headers")
"""
)
HALF_REQUESTS: Final = (
    HOSTED
    + """
halves = [socket.create_connection(host.server_address) for _ in range(300)]
for half in halves:
    half.sendall(b"GET / HTTP/1.1")
    half.setblocking(False)
time.sleep(25)
held = 0
for half in halves:
    try:
        held += half.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        held += 1
    except OSError:
        pass
print(f"{held} of 300 are held after 25 s")
"""
)


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
    return ["-c", READ_PICTURE, "a.jpg"]


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


def a_face(path: Path, seconds: float = 10, *, upside_down: bool = False) -> None:
    video = FaceVideo(seconds=seconds, width=320, height=240, zoom=1.2, pulse_share=0.015)
    frames = ((rgb[:: -1 if upside_down else 1], t_s) for rgb, t_s in render(video))
    write_video(path, frames, Fraction(30), h264(18))


def mirrored(folder: Path) -> list[str]:
    one = 1 << 16
    a_face(folder / "stored.mp4", upside_down=True)
    data = (folder / "stored.mp4").read_bytes()
    before, _, after = data.rpartition(struct.pack(">9i", one, 0, 0, 0, one, 0, 0, 0, 1 << 30))
    # A matrix of negative determinant turns it back.
    upside = struct.pack(">9i", one, 0, 0, 0, -one, 0, 0, 240 * one, 1 << 30)
    (folder / "a.mp4").write_bytes(before + upside + after)
    return ["-m", "pulse8", "measure", "a.mp4", "--method", "pos"]


def thumbnail(folder: Path) -> list[str]:
    a_face(folder / "film.mp4")
    with av.open(str(folder / "film.mp4")) as film, av.open(str(folder / "a.mkv"), "w") as both:
        cover = both.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 640, 480, "yuvj420p"
        stream = both.add_stream_from_template(film.streams.video[0])
        still = av.VideoFrame(640, 480, "yuvj420p")
        still.pts = 0
        for packet in [*cover.encode(still), *cover.encode(None)]:
            both.mux(packet)
        for packet in film.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                both.mux(packet)
    return ["-m", "pulse8", "measure", "a.mkv", "--method", "pos"]


def raw_stream(folder: Path) -> list[str]:
    film(folder / "film.mp4")
    with av.open(str(folder / "film.mp4")) as container, (folder / "a.h264").open("wb") as raw:
        bare = av.BitStreamFilterContext("h264_mp4toannexb", container.streams.video[0])
        for packet in container.demux(video=0):
            raw.writelines(bytes(one) for one in bare.filter(packet))
    return ["-m", "pulse8", "measure", "a.h264"]


def two_faces(folder: Path) -> list[str]:
    one = FaceVideo(seconds=10, width=320, height=240, zoom=1.3, pulse_share=0.015)
    other = FaceVideo(seconds=10, width=320, height=240, zoom=1.1, pulse_share=0.015, bpm=100)
    pairs = zip(render(one), render(other), strict=True)
    frames = ((np.concatenate([left, right], axis=1), t_s) for (left, t_s), (right, _) in pairs)
    write_video(folder / "a.mp4", frames, Fraction(30), h264(18))
    return ["-m", "pulse8", "measure", "a.mp4", "--method", "pos"]


def truth(folder: Path, name: str, head: str, rows: list[str]) -> list[str]:
    film(folder / "a.mp4")
    (folder / name).write_text("\n".join([head, *rows]) + "\n")
    (folder / "recordings.csv").write_text(f"video,truth,subject\na.mp4,{name},anna\n")
    return ["-m", "pulse8", "check-data", "--raw", "."]


def heart(folder: Path) -> list[str]:
    t_s = np.arange(0, 24, 1 / 250)
    wave = sum(np.exp(-(((t_s - beat) / 0.011) ** 2) / 2) for beat in np.arange(0.4, 24, 0.8))
    wave += sum(0.6 * np.exp(-(((t_s - beat - 0.28) / 0.05) ** 2) / 2) for beat in np.arange(0.4, 24, 0.8))
    return truth(folder, "a.csv", "time_s,ecg", [f"{at:.4f},{v:.4f}" for at, v in zip(t_s, wave, strict=True)])


def oximeter(folder: Path) -> list[str]:
    return truth(folder, "a.csv", "Time;SpO2 (%);Pulse Rate (bpm)", [f"{at};97;{70 + at % 3}" for at in range(12)])


def alike(folder: Path) -> list[str]:
    words = oximeter(folder)
    for name in ("b", "c"):
        (folder / f"{name}.mp4").write_bytes((folder / "a.mp4").read_bytes())
    rows = "\n".join(f"{name}.mp4,a.csv,{subject}" for name, subject in zip("abc", ("S01", "s01", "S1"), strict=True))
    (folder / "recordings.csv").write_text(f"video,truth,subject\n{rows}\n")
    return words


def other_set(folder: Path) -> list[str]:
    (folder / "5-gt").mkdir()
    return ["-m", "pulse8", "check-data", "--raw", ".", "--dataset", "ubfc"]


def mat(folder: Path) -> list[str]:
    kept = Path(__file__).parents[1] / "fuzz" / "upstream" / "arrays-scipy-1.17.1-loadmat-segfault"
    (folder / "subject1").mkdir()
    (folder / "subject1" / "p1_0.mat").write_bytes(kept.read_bytes()[1:])
    return ["-m", "pulse8", "check-data", "--raw", ".", "--dataset", "mmpd"]


def short(folder: Path) -> list[str]:
    a_face(folder / "a.mp4", seconds=3)
    return ["-m", "pulse8", "measure", "a.mp4"]


def chunks(folder: Path) -> list[str]:
    kept = Path(__file__).parents[1] / "fuzz" / "corpus" / "picture" / "finding-chunk-length"
    (folder / "a.png").write_bytes(kept.read_bytes())
    return ["-c", READ_PICTURE, "a.png"]


def host(_folder: Path) -> list[str]:
    return ["-c", ASK_HOST]


def halves(_folder: Path) -> list[str]:
    return ["-c", HALF_REQUESTS]


def spec(_folder: Path) -> list[str]:
    return ["-c", READ_SPEC]


ROWS: Final[Mapping[str, Callable[[Path], list[str]]]] = {
    "a lock's name that is a link (`prepare`)": locked_link,
    "a JPEG with fill bytes and a second frame header": bomb,
    "a PNG whose chunk claims 4 GB": chunks,
    "a store's frame at 1e300 s (`measure`)": far_time,
    "a list of other files inside .mp4 (`measure`)": playlist,
    "a playlist without end (`measure`)": endless,
    "64x64 promised, then 12000x12000 (`measure`)": growing,
    "a name that is markup (`measure`)": markup,
    "a name that is no text, with an escape (`measure --csv`)": no_text,
    "a spec with a number of 1e300": spec,
    "Host `[` (live)": host,
    "300 half requests (live)": halves,
    "the `.mat` that crashes SciPy (`check-data`)": mat,
    "a mirrored, upside-down phone video (`measure`)": mirrored,
    "a thumbnail as first stream (`measure`)": thumbnail,
    "raw .h264 (`measure`)": raw_stream,
    "a table with semicolons, `timestamp;R;G;B` (`measure`)": semicolons,
    "two faces (`measure`)": two_faces,
    "an ECG as truth (`check-data`)": heart,
    "an oximeter's table as truth (`check-data`)": oximeter,
    "ids S01, s01, S1 and one film under all (`check-data`)": alike,
    "UBFC's DATASET_1 as `ubfc` (`check-data`)": other_set,
    "three seconds of a face (`measure`)": short,
}

SHOWN: Final[Mapping[str, str]] = {
    "Host `[` (live)": "security headers|Error",
    "300 half requests (live)": "are held",
    "a mirrored, upside-down phone video (`measure`)": "one spectrum|Error",
    "a thumbnail as first stream (`measure`)": "one spectrum|Error",
    "raw .h264 (`measure`)": "-r 30|Error",
    "two faces (`measure`)": "faces were in sight",
    "an ECG as truth (`check-data`)": "R peaks|Hz|❌",
    "an oximeter's table as truth (`check-data`)": "rates at|❌",
    "ids S01, s01, S1 and one film under all (`check-data`)": "⚠|recordings can be used",
    "UBFC's DATASET_1 as `ubfc` (`check-data`)": "Error",
    "three seconds of a face (`measure`)": "too short",
    "the `.mat` that crashes SciPy (`check-data`)": "❌",
}
"""Rows that are judged by a text in the output, because the exit code alone does not decide."""


def tried(name: str, source: Path) -> dict[str, Any]:
    """Run one row's command and say what came of it."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        words = [sys.executable, *ROWS[name](folder)]
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
            "said": said(name, out, err).replace(place, "."),
            "kept": not precious.exists() or precious.read_text() == "years of work",
            "cpu_s": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before.ru_utime, 1),
        }


def said(name: str, out: str, err: str) -> str:
    """Return the line that says what came of it: the one that its row looks for, else the last one."""
    lines = [" ".join(line.replace("│", " ").split()) for line in (err + "\n" + out).splitlines() if line.strip()]
    fits = [line for line in lines if re.search(SHOWN.get(name, "$^"), line)]
    return (fits or [(err or out).strip().splitlines()[-1] if (err or out).strip() else ""])[0][:300]


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
    chosen = [name for name in ROWS if flags.only in name]
    done = {name: {when: tried(name, source) for when, source in versions.items()} for name in chosen}
    rows = {name: done.get(name) or known[name] for name in ROWS if name in done or name in known}
    write_result("hostile_inputs", COMMAND, {"rows": rows}, flags.results)
    for name, row in rows.items():
        cells = [_cell(name, row[when]) if when in row else "-" for when in ("before", "after")]
        print(f"| {name} | {' | '.join(cells)} |")


def _cell(name: str, row: Mapping[str, Any]) -> str:
    faults = [word for word, there in (("traceback", row["traceback"]), ("raw escape", row["raw_escape"])) if there]
    faults += [] if row["kept"] else ["another file overwritten"]
    end = f"not over in {LIMIT_S} s" if row["code"] is None else f"exit {row['code']}"
    line = f": {row['said'][:110]}" if name in SHOWN and row["said"] else ""
    return f"{', '.join([end, *faults])}{line}; {row['seconds']} s, {row['peak_mb']} MB"


if __name__ == "__main__":
    main(tyro.cli(Flags))
