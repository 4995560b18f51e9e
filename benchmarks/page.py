"""The live page over minutes, all of the browser on one core: pictures, delay, memory, rates, requests.

    python benchmarks/page.py [seconds]

Headless Chromium plays a simulated face of known rate as its camera. Simulated; not a medical device.
"""

import gzip
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Playwright, sync_playwright

from measuring import write_result

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from live_page import browser_with, live_server, write_y4m
from pulse8.learn.simulate.face_video import FaceVideo
from web_module import WEB

BPM = 78.0
EVERY_S = 10.0
SHORT_S = 30.0
CAMERAS = {
    "pulse 0.75 %": FaceVideo(seconds=20, bpm=BPM, pulse_share=0.0075),
    "pulse 0.25 %": FaceVideo(seconds=20, bpm=BPM, pulse_share=0.0025),
    "photograph": FaceVideo(seconds=20, bpm=BPM, pulse_share=0.0),
}
CORE = 0
SETTLE_MS = 3000


def main(seconds: float) -> None:
    """Play each camera, the first one for a longer time."""
    figures: dict[str, Any] = {}
    load = round(os.getloadavg()[0], 1)
    with (
        tempfile.TemporaryDirectory() as folder,
        live_server() as address,
        on_one_core(),
        sync_playwright() as playwright,
    ):
        for name, video in CAMERAS.items():
            camera = write_y4m(Path(folder) / "camera.y4m", video)
            figures[name] = played(playwright, camera, address, seconds if not figures else SHORT_S)
            print(name, figures[name], flush=True)
    size = len(gzip.compress((WEB / "pulse8.wasm").read_bytes(), 9))
    note = f"simulated face of {BPM:g} BPM, 640x480 at 30 Hz, headless Chromium with all its processes on one core"
    command = f"python benchmarks/page.py {seconds:g}"
    loads = {"machine_load_at_start": load, "nice": os.nice(0)}
    write_result("page", command, {"note": note, **loads, "wasm_gzipped_bytes": size, "cameras": figures})


@contextmanager
def on_one_core() -> Iterator[None]:
    """Hold this process, and those that it starts, to one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def played(playwright: Playwright, camera: Path, address: str, seconds: float) -> dict[str, Any]:
    """Open the page before a camera for so long."""
    asked: list[str] = []
    with browser_with(playwright, camera) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        page.wait_for_timeout(SETTLE_MS)
        page.on("request", lambda request: asked.append(request.url))
        page.click("#start")
        page.wait_for_timeout(SETTLE_MS)
        memory, delays, costs = [], [], []
        frames, dropped = page.evaluate("[pulse8.frames, pulse8.dropped]")
        started, cpu_s = time.monotonic(), spent_s()
        while time.monotonic() - started < seconds:
            page.wait_for_timeout(1000 * min(EVERY_S, seconds / 3))
            memory.append(resident_mb())
            delays += page.evaluate("pulse8.delays")
            costs += page.evaluate("pulse8.costs")
        elapsed = time.monotonic() - started
        last_frames, last_dropped = page.evaluate("[pulse8.frames, pulse8.dropped]")
        return {
            "seconds": round(elapsed, 1),
            "frames_per_s": round((last_frames - frames) / elapsed, 2),
            "dropped": last_dropped - dropped,
            "camera_to_number_ms_median": round(statistics.median(delays), 1),
            "worker_ms_a_picture_median": round(statistics.median(costs), 2),
            "browser_cpu_share": round((spent_s() - cpu_s) / elapsed, 3),
            "browser_mb_first_and_last": [memory[0], memory[-1]],
            "requests_after_loading": sum(urlsplit(url).scheme not in {"blob", "data"} for url in asked),
            **rates(page),
        }


def rates(page: Page) -> dict[str, Any]:
    """How soon the first rate came, how many there were, and the largest error."""
    readings = page.evaluate("pulse8.readings")
    first = next((one for one in readings if one["bpm"]), None)
    full = [one["bpm"] for one in readings if one["bpm"] and not one["provisional"]]
    return {
        "first_rate_after_s": first and round(first["end_s"] - readings[0]["end_s"], 1),
        "readings": len(readings),
        "with_a_rate": sum(one["bpm"] is not None for one in readings),
        "largest_error_bpm": max((round(abs(bpm - BPM), 2) for bpm in full), default=None),
    }


def of_the_browser() -> Iterator[Path]:
    """Folders under /proc of this process's descendants that are the browser's."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue  # it has ended
    for process in parents:
        above = process
        while above in parents and above != os.getpid():
            above = parents[above]
        command = Path(f"/proc/{process}/cmdline")
        if above == os.getpid() and b"chrom" in command.read_bytes().split(b"\0", 1)[0]:
            yield command.parent


def resident_mb() -> float:
    """Memory of the browser's processes; what several of them share is counted once."""
    lines = (line for folder in of_the_browser() for line in (folder / "smaps_rollup").read_text().splitlines())
    return round(sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1e3, 1)


def spent_s() -> float:
    """Processor seconds of the browser's processes."""
    fields = [(folder / "stat").read_text().rsplit(")", 1)[1].split() for folder in of_the_browser()]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 300.0)
