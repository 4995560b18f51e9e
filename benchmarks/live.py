"""The live page over minutes: frames per second, camera to screen, CPU, memory, and whether rates are right.

    python benchmarks/live.py [seconds]

Headless Chromium plays a simulated face of known rate as its camera; the server is pinned to one core. Simulated; not a
medical device.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Playwright, sync_playwright

from measuring import write_result

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from live_page import browser_with, live_process, write_y4m
from pulse8.learn.simulate.face_video import FaceVideo

BPM = 78.0
EVERY_S = 10.0
SHORT_S = 30.0
CAMERAS = {
    "pulse 0.75 %": FaceVideo(seconds=20, bpm=BPM, pulse_share=0.0075),
    "pulse 0.25 %": FaceVideo(seconds=20, bpm=BPM, pulse_share=0.0025),
    "photograph": FaceVideo(seconds=20, bpm=BPM, pulse_share=0.0),
}


def main(seconds: float) -> None:
    """Play each camera, the first one for a longer time."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        for name, video in CAMERAS.items():
            camera = write_y4m(Path(folder) / "camera.y4m", video)
            figures[name] = _played(playwright, camera, seconds if not figures else SHORT_S)
    note = f"simulated face of {BPM:g} BPM, 640x480 at 30 Hz, server on one core, headless browser beside it"
    write_result("live", f"python benchmarks/live.py {seconds:g}", {"note": note, "cameras": figures})


def _played(playwright: Playwright, camera: Path, seconds: float) -> dict[str, Any]:
    with live_process() as (address, pid), browser_with(playwright, camera) as browser:
        os.sched_setaffinity(pid, {0})
        page = browser.new_page()
        page.goto(address)
        page.click("#start")
        began = time.monotonic()
        page.wait_for_timeout(2000)
        memory, delays, frames, started = [], [], page.evaluate("pulse8.frames"), time.monotonic()
        cpu_s = _cpu_s(pid)
        while time.monotonic() - began < seconds:
            page.wait_for_timeout(1000 * min(EVERY_S, seconds / 3))
            memory.append(_resident_mb(pid))
            delays += page.evaluate("pulse8.delays")
        elapsed = time.monotonic() - started
        return {
            "seconds": round(elapsed, 1),
            "frames_per_s": round((page.evaluate("pulse8.frames") - frames) / elapsed, 2),
            "camera_to_screen_ms_median": round(statistics.median(delays), 1),
            "server_cpu_share": round((_cpu_s(pid) - cpu_s) / elapsed, 3),
            "resident_mb_first_and_last": [memory[0], memory[-1]],
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


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 600.0)
