"""Writes the pictures that README and the documents show, each by a command of pulse8, before a simulated face.

usage: python scripts/write_pictures.py BUILD_FOLDER [live] [report] [measure] [overlay]

Needs Chromium. The face is rendered: a photograph (NASA, public domain) with a pulse of 72 BPM painted on.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from playwright.sync_api import Browser, sync_playwright

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from commands import free_port  # noqa: E402 - these lie among the tests
from live_page import browser_with, live_server, write_y4m  # noqa: E402
from pulse8.convert.evidence.page import write_report  # noqa: E402
from pulse8.learn.simulate.face_video import FaceVideo  # noqa: E402
from pulse8.measure.video.decode import read_frames  # noqa: E402

PICTURES: Final = ROOT / "docs" / "static"
PULSE8: Final = (sys.executable, "-m", "pulse8")
WATCHED_S: Final = 25
QUALITY: Final = (cv2.IMWRITE_JPEG_QUALITY, 82)


def main() -> int:
    """Take the pictures that were asked for, or all, in light colours."""
    build, asked = Path(sys.argv[1]), sys.argv[2:] or ["live", "report", "measure", "overlay"]
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        face = FaceVideo(seconds=20.0, width=640, height=480, bpm=72.0)
        subprocess.run([*PULSE8, "render", "face.mp4", "--bpm", "72"], cwd=folder, check=True)
        with browser_with(playwright, write_y4m(folder / "face.y4m", face)) as browser:
            if "live" in asked:
                with live_server() as address:
                    page_of(browser, address)
            if "report" in asked:
                reports_of(browser, build, folder)
            if "measure" in asked:
                measured(browser, folder)
            if "overlay" in asked:
                overlaid(browser, folder)
    return 0


def page_of(browser: Browser, address: str) -> None:
    """Watch the face until a rate is followed, then take the page in English and in Chinese."""
    page = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light", locale="en-GB")
    page.goto(address)
    page.click("#start")
    page.wait_for_timeout(WATCHED_S * 1000)
    page.screenshot(path=PICTURES / "live.jpg", type="jpeg", quality=82)
    page.keyboard.press("l")
    page.wait_for_timeout(1500)
    page.screenshot(path=PICTURES / "live.zh-TW.jpg", type="jpeg", quality=82)
    page.close()


def reports_of(browser: Browser, build: Path, folder: Path) -> None:
    """Take the top of a build's report in both languages."""
    (verdict,) = (build / "models").glob("*.verdict.json")
    for language, name in (("en", "report.png"), ("zh-TW", "report.zh-TW.png")):
        written = write_report(verdict, folder / "report.html", language)
        shoot(browser, written.as_uri(), PICTURES / name, (1000, 820))


def measured(browser: Browser, folder: Path) -> None:
    """Take what ``measure`` and ``inspect`` draw: the overlay's middle frame, the plot, the sheet of frames."""
    words = ["measure", "face.mp4", "--overlay", "seen.mp4", "--plot", "pulse.svg"]
    for command in (words, ["inspect", "face.mp4", "--output", "sheet.png"]):
        subprocess.run([*PULSE8, *command], cwd=folder, check=True)
    frames = [rgb for rgb, _ in read_frames(folder / "seen.mp4")]
    middle = frames[len(frames) // 2]
    cv2.imwrite(str(PICTURES / "seen.jpg"), cv2.cvtColor(np.asarray(middle), cv2.COLOR_RGB2BGR), QUALITY)
    cv2.imwrite(str(PICTURES / "sheet.jpg"), cv2.imread(str(folder / "sheet.png")), QUALITY)
    shoot(browser, (folder / "pulse.svg").as_uri(), PICTURES / "pulse.png", (900, 640))


def overlaid(browser: Browser, folder: Path) -> None:
    """Lay the page of ``stream --to websocket`` over the last frame of the video, as a broadcast does."""
    port = free_port()
    words = [*PULSE8, "stream", "face.mp4", "--to", "websocket", "--websocket", f"127.0.0.1:{port}"]
    with subprocess.Popen(words, cwd=folder) as stream:
        page = browser.new_page(viewport={"width": 640, "height": 480})
        page.wait_for_timeout(8000)
        page.goto(f"http://127.0.0.1:{port}/")
        page.locator("body:not(.unavailable)").wait_for(timeout=60_000)
        taken = np.frombuffer(page.screenshot(omit_background=True), np.uint8)
        stream.terminate()
    *_, (last, _) = read_frames(folder / "face.mp4")
    page_bgra = cv2.imdecode(taken, cv2.IMREAD_UNCHANGED).astype(np.float32)
    behind = cv2.cvtColor(np.asarray(last), cv2.COLOR_RGB2BGR)
    front = page_bgra[: behind.shape[0], : behind.shape[1]]
    share = front[..., 3:] / 255
    cv2.imwrite(
        str(PICTURES / "overlay.jpg"), (front[..., :3] * share + behind * (1 - share)).astype(np.uint8), QUALITY
    )


def shoot(browser: Browser, address: str, picture: Path, size: tuple[int, int]) -> None:
    """Take the top of a page."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme="light")
    page.goto(address)
    page.screenshot(path=picture)
    page.close()


if __name__ == "__main__":
    sys.exit(main())
