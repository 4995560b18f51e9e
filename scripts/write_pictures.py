"""Writes the pictures that README and the documents show: the live page before a simulated face, and a build's report.

usage: python scripts/write_pictures.py BUILD_FOLDER

Needs Chromium. The face is rendered: a photograph (NASA, public domain) with a pulse of 72 BPM painted on.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from live_page import browser_with, live_server, write_y4m  # noqa: E402 - it lies among the tests
from pulse8.learn.simulate.face_video import FaceVideo  # noqa: E402

PICTURES: Final = ROOT / "docs" / "static"
WATCHED_S: Final = 25


def main() -> int:
    """Take both pictures, light; the page in both languages."""
    report = Path(sys.argv[1]) / "report.html"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        face = FaceVideo(seconds=20.0, width=640, height=480, bpm=72.0)
        with browser_with(playwright, write_y4m(Path(folder) / "face.y4m", face)) as browser:
            with live_server() as address:
                page_of(browser, address)
            shoot(browser, report.resolve().as_uri(), PICTURES / "report.png", (1000, 820))
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


def shoot(browser: Browser, address: str, picture: Path, size: tuple[int, int]) -> None:
    """Take the top of a page."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme="light")
    page.goto(address)
    page.screenshot(path=picture)
    page.close()


if __name__ == "__main__":
    sys.exit(main())
