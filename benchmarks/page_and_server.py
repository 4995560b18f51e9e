"""The page without a server beside the served one: the same people, videos and scenes without a pulse through both.

    python benchmarks/page_and_server.py [RECORDINGS]

RECORDINGS of each set, 20 where not said; one core, some minutes. Both are asked once a second what they show. The page
is its WebAssembly in node, whose bytes are Chromium's (tests/parity/test_clips.py); the server is the ``Meter`` behind
its socket. People and scenes are simulated cell colours; a video's pictures go to the server as JPEG of quality 92, and
to the page as they are. Simulated; not a medical device.
"""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from measuring import write_result
from pulse8.board.codegen.vectors import rows_of
from pulse8.errors import InputError
from pulse8.learn.prepare.windows import window_at
from pulse8.learn.recording import Recording
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.learn.simulate.scenes import SCENES, scene
from pulse8.learn.simulate.strata import stratum
from pulse8.live.frames import TIME, read_message
from pulse8.measure.clips.cells import CellRow
from pulse8.measure.meter import Meter
from pulse8.measure.signal.metrics import CLOSE_BPM
from pulse8.measure.signal.selection import upper_share
from pulse8.values import CellTraces, Reason, Rgb

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from web_clips import TOLD, clip_of, clip_of_rows, played_in_node

STRATA: Final = ("easy", "medium", "hard")
SECONDS: Final = 30
FIRST_S: Final = 5
QUALITY: Final = 92
WINDOW: Final = 256
RATE_HZ: Final = 30
NO_FACE: Final = 1 + list(Reason).index(Reason.NO_FACE)
SMALL: Final = FaceVideo(seconds=20, width=320, height=240, zoom=0.75)
VIDEOS: Final = {
    "320x240, 55 BPM": dataclasses.replace(SMALL, bpm=55.0, seed=1),
    "320x240, 92 BPM, 15 Hz": dataclasses.replace(SMALL, bpm=92.0, rate_hz=Fraction(15), seed=2),
    "640x480, 110 BPM, pulse 0.4 %": FaceVideo(seconds=20, bpm=110.0, pulse_share=0.004, seed=3),
    "320x240, photograph": dataclasses.replace(SMALL, pulse_share=0.0, seed=4),
}

Shown = NDArray[np.float64]
"""float64 [seconds]: what stands there at each whole second from ``FIRST_S`` on; not a number where nothing does."""


def main(count: int) -> None:
    """Read each set both ways."""
    rows: dict[str, Any] = {}
    for name in STRATA:
        rows[name] = both([of_cells(one) for one in stratum(name).recordings(count)])
        print(name, json.dumps(rows[name]), flush=True)
    for name in SCENES:
        rows[f"{name}, no pulse"] = both([of_cells(one) for one in scene(name, count, SECONDS)])
        print(name, json.dumps(rows[f"{name}, no pulse"]), flush=True)
    for name, video in VIDEOS.items():
        rows[f"video {name}"] = both([of_video(video)])
        print(name, json.dumps(rows[f"video {name}"]), flush=True)
    note = f"simulated; {count} recordings of each set, their first {SECONDS} s; videos of 20 s; asked once a second"
    command = f"python benchmarks/page_and_server.py {count}"
    write_result("page_and_server", command, {"note": note, "close_bpm": CLOSE_BPM, "rows": rows})


def both(read: list[tuple[Shown, Shown, Shown]]) -> dict[str, Any]:
    """Figures of the page and of the server, from (truth, page, server) of each recording."""
    truth = [one[0] for one in read]
    pairs = [(page, server) for _, page, server in read]
    apart = np.concatenate([np.abs(page - server) for page, server in pairs])
    apart = apart[np.isfinite(apart)]
    return {
        "page": figures(truth, [page for page, _ in pairs]),
        "server": figures(truth, [server for _, server in pairs]),
        "both_shown_median_apart_bpm": round(float(np.median(apart)), 2) if len(apart) else None,
    }


def figures(truth: list[Shown], shown: list[Shown]) -> dict[str, Any]:
    """Seconds with a rate, those further off than ``CLOSE_BPM``, the mean error, and how soon the first rate comes."""
    errors = np.abs(np.concatenate(shown) - np.concatenate(truth))
    there = np.isfinite(np.concatenate(shown))
    wrong = there & ~(errors <= CLOSE_BPM)
    firsts = [FIRST_S + int(np.isfinite(one).argmax()) for one in shown if np.isfinite(one).any()]
    known = errors[np.isfinite(errors)]
    return {
        "seconds": len(there),
        "with_a_rate": int(there.sum()),
        "wrong": int(wrong.sum()),
        "mae_bpm": round(float(known.mean()), 2) if len(known) else None,
        "recordings": len(shown),
        "recordings_with_a_rate": len(firsts),
        "recordings_with_a_rate_upper_95": round(upper_share(len(firsts), len(shown)), 3),
        "first_rate_s_median": float(np.median(firsts)) if firsts else None,
    }


def of_cells(recording: Recording) -> tuple[Shown, Shown, Shown]:
    """Read the first seconds of a recording's cells both ways."""
    whole = recording.traces
    count = int(np.searchsorted(whole.t_s, whole.t_s[0] + SECONDS + 0.5))
    rows = rows_of(whole)[:count]
    rows["reason"] = np.where(rows["valid"] == 1, 0, NO_FACE)
    truth = np.array([truth_at(recording, second) for second in range(FIRST_S, SECONDS + 1)])
    told = np.frombuffer(played_in_node(clip_of_rows(rows)), TOLD)
    return truth, at_seconds(whole.t_s[:count], page_of(told), SECONDS), by_server(cells_of(whole, count), SECONDS)


def truth_at(recording: Recording, second: int) -> float:
    """Return the contact sensor's rate over the last window, or what there is of it; not a number without a pulse."""
    length = min(WINDOW, second * RATE_HZ)
    bpm = window_at(recording, second * RATE_HZ - length, length).truth.bpm
    return np.nan if bpm is None else bpm


def cells_of(traces: CellTraces, count: int) -> Iterator[tuple[CellRow, float]]:
    """Give the cells frame by frame, as a tracker would."""
    for rgb, valid, pixels, t_s in zip(traces.rgb, traces.valid, traces.pixels, traces.t_s[:count], strict=False):
        yield CellRow(rgb, valid, pixels, tuple(None if one else Reason.NO_FACE for one in valid)), float(t_s)


def of_video(video: FaceVideo) -> tuple[Shown, Shown, Shown]:
    """Read a video's pictures both ways."""
    pictures = [(np.asarray(rgb), t_s) for rgb, t_s in render(video)]
    times_s = np.array([t_s for _, t_s in pictures])
    seconds = int(times_s[-1] - times_s[0])
    told = np.frombuffer(played_in_node(clip_of([(rgb, round(t_s * 1e6)) for rgb, t_s in pictures])), TOLD)
    truth = np.full(seconds + 1 - FIRST_S, video.bpm if video.pulse_share else np.nan)
    return truth, at_seconds(times_s, page_of(told), seconds), by_server(sent(pictures), seconds)


def sent(pictures: Iterable[tuple[Rgb, float]]) -> Iterator[tuple[Rgb, float]]:
    """Give pictures as the server has them from its page."""
    for rgb, t_s in pictures:
        done, jpeg = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not done:
            raise InputError("a picture could not be encoded")
        yield read_message(TIME.pack(t_s) + jpeg.tobytes())


def page_of(told: NDArray[np.void]) -> NDArray[np.float64]:
    """Return what the page shows after each picture."""
    return np.where(told["reason"] == 0, told["bpm"], np.nan)


def by_server(frames: Iterable[tuple[Rgb | CellRow, float]], seconds: int) -> Shown:
    """Return what the served page shows: a provisional rate of its window, then the rate that is followed."""
    meter, times_s, shown, now = Meter(), [], [], np.nan
    push: Callable[[Any, float], Any] = meter.push
    for frame, t_s in frames:
        reading = push(frame, t_s)
        if reading is not None:
            bpm = reading.rate.bpm if reading.rate.provisional else reading.shown.bpm
            now = np.nan if bpm is None else bpm
        times_s.append(t_s)
        shown.append(now)
    return at_seconds(np.array(times_s), np.array(shown), seconds)


def at_seconds(times_s: NDArray[np.float64], shown: NDArray[np.float64], seconds: int) -> Shown:
    """Take what stands there at each whole second since the first frame, and one frame later: readings come then."""
    wanted_s = times_s[0] + np.arange(FIRST_S, seconds + 1) + 0.1
    return shown[np.searchsorted(times_s, wanted_s, side="right") - 1]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
