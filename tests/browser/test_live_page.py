"""The live page in a real browser, with a face of known rate before its camera."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Playwright, sync_playwright

from live_page import browser_with, live_server, needs_chromium, write_y4m
from pulse8.learn.simulate.face_video import FaceVideo
from pulse8.live.static_page import write_static
from web_module import static_host

pytestmark = needs_chromium
BPM = 84.0
WAIT_S = 60
SETTLE_MS = 1500
"""For the page's own files, the service worker's among them."""


@dataclass
class Visit:
    """A page, and what it complained of and asked for."""

    page: Page
    loaded: int = 0
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, address: str) -> None:
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.goto(address)
        self.page.wait_for_timeout(SETTLE_MS)
        self.loaded = len(self.requests)
        self.page.click("#start")


def wait_until(page: Page, condition: str) -> None:
    """Ask again and again; Playwright's own way evaluates strings, which the page's security policy forbids."""
    end_s = time.monotonic() + WAIT_S
    while not page.evaluate(condition):
        assert time.monotonic() < end_s, f"{condition} did not come true in {WAIT_S} s"
        page.wait_for_timeout(100)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face in sight for 15 s that then leaves for 5."""
    return write_y4m(tmp_path_factory.mktemp("camera") / "face.y4m", FaceVideo(seconds=20, bpm=BPM), keep=(0, 15))


@pytest.fixture(scope="module")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_y4m(tmp_path_factory.mktemp("camera") / "photograph.y4m", FaceVideo(seconds=14, pulse_share=0.0))


@pytest.fixture(scope="module")
def visit(playwright: Playwright, camera: Path) -> Iterator[Visit]:
    """The page with a face that comes and goes."""
    with live_server() as address, browser_with(playwright, camera) as browser:
        visit = Visit(browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB"))
        visit.open(address)
        yield visit


def test_a_face_gets_its_rate_and_a_wave(visit: Visit) -> None:
    """First the provisional rate, then that of a full window, then none when the face has gone."""
    page = visit.page
    wait_until(page, "pulse8.reading?.bpm && pulse8.reading.provisional")
    assert page.locator("#provisional").is_visible()
    assert re.search(r"From [5-8]\.\d seconds so far", page.inner_text("#why"))
    # On a busy machine the browser's camera plays its file late, and so more slowly: a window may be off by that.
    wait_until(page, f"!pulse8.reading?.provisional && Math.abs(pulse8.reading?.bpm - {BPM}) <= 1")
    assert abs(int(page.inner_text("#bpm")) - BPM) <= 1
    full = [one["bpm"] for one in page.evaluate("pulse8.readings") if one["bpm"] and not one["provisional"]]
    assert max(abs(bpm - BPM) for bpm in full) <= 3
    drawn = """() => { const c = document.getElementById("wave"), rows = new Set();
      const pixels = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
      for (let i = 0; i < pixels.length; i += 4)
        if (pixels[i] > 150 && pixels[i + 1] < 90 && pixels[i + 3] > 200) rows.add(Math.floor(i / 4 / c.width));
      return rows.size / c.height; }"""
    assert page.evaluate(drawn) > 0.5  # the wave in its own red, over more than half of the canvas's height


def test_a_lost_face_is_said_and_a_rate_that_still_stands_is_called_old(visit: Visit) -> None:
    page = visit.page
    wait_until(page, "pulse8.reading?.reason === 'no face'")
    why = page.inner_text("#why")
    assert "No face is in sight" in why
    assert page.inner_text("#bpm") == "–" or "this is the rate from before" in why
    assert page.locator("#regions li.bad").count() == 3


def test_pause_language_theme_and_export(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    page.keyboard.press("Space")
    assert "Paused" in page.inner_text("#why")
    page.keyboard.press("l")
    assert "已暫停" in page.inner_text("#why")
    page.keyboard.press("l")
    before = page.evaluate("document.documentElement.dataset.theme")
    page.keyboard.press("d")
    assert page.evaluate("document.documentElement.dataset.theme") != before
    with page.expect_download() as download:
        page.click("#save-json")
    download.value.save_as(tmp_path / "readings.json")
    saved = json.loads((tmp_path / "readings.json").read_text())
    assert "Not a medical device" in saved["notice"]
    assert any(reading["bpm"] and abs(reading["bpm"] - BPM) <= 2 for reading in saved["readings"])
    with page.expect_download() as download:
        page.keyboard.press("c")
    download.value.save_as(tmp_path / "readings.csv")
    assert (tmp_path / "readings.csv").read_text().startswith("start_s,end_s,bpm,reason")
    page.keyboard.press("Space")


def test_a_phone_sees_all_of_it_without_scrolling_sideways(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 360, "height": 740})
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_pictures_and_drops_are_counted(visit: Visit) -> None:
    assert visit.page.evaluate("pulse8.frames") > 100
    assert "per second" in visit.page.inner_text("#frames")


def test_nothing_left_this_machine_and_nothing_was_complained_of(visit: Visit) -> None:
    asked = visit.requests[visit.loaded :]
    assert [url for url in asked if not url.startswith("blob:")] == []
    assert {urlsplit(url).hostname for url in visit.requests if not url.startswith(("data:", "blob:"))} == {"127.0.0.1"}
    assert visit.complaints == []


def test_the_face_that_is_measured_can_be_chosen(playwright: Playwright, tmp_path: Path) -> None:
    """The larger of two faces is measured, then the other, whose ROIs lie elsewhere; nothing is requested meanwhile.

    The screen is a mirror: the picture's right face is its left one.
    """
    camera = write_y4m(tmp_path / "two.y4m", FaceVideo(seconds=4, zoom=1.7), beside=FaceVideo(seconds=4, zoom=1.3))
    with live_server() as address, browser_with(playwright, camera) as browser:
        visit = Visit(browser.new_page(locale="en-GB"))
        visit.open(address)
        wait_until(visit.page, "pulse8.seen?.rois.length && pulse8.seen.other_faces === 1 && pulse8.seen.face === 1")
        assert visit.page.evaluate("pulse8.seen.rois[0][0]") < 0.5
        visit.page.select_option("#face", label="left face")
        wait_until(visit.page, "pulse8.seen?.rois.length && pulse8.seen.other_faces === 1 && pulse8.seen.face === 2")
        assert visit.page.evaluate("pulse8.seen.rois[0][0]") > 0.5
        wait_until(visit.page, "pulse8.reading")
        assert "2 faces are in sight; number 2 from the right is measured" in visit.page.inner_text("#why")
        assert [url for url in visit.requests[visit.loaded :] if not url.startswith("blob:")] == []


def test_a_photograph_has_no_rate(playwright: Playwright, photograph: Path) -> None:
    with live_server() as address, browser_with(playwright, photograph) as browser:
        visit = Visit(browser.new_page())
        visit.open(address)
        wait_until(visit.page, "pulse8.readings.at(-1)?.end_s - pulse8.readings[0]?.start_s > 13")
        readings = visit.page.evaluate("pulse8.readings")
    assert len(readings) >= 4
    assert [reading for reading in readings if reading["bpm"] is not None] == []


def test_it_measures_after_the_network_was_cut(playwright: Playwright, camera: Path, tmp_path: Path) -> None:
    with browser_with(playwright, camera) as browser:
        page = browser.new_page()
        write_static(tmp_path / "page")
        with static_host(tmp_path) as address:
            page.goto(f"{address}page/")
            wait_until(page, "navigator.serviceWorker.controller !== null")
        page.context.set_offline(True)
        page.reload()  # the host is gone, and so is the network
        page.click("#start")
        wait_until(page, f"Math.abs(pulse8.reading?.bpm - {BPM}) <= 1")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [("NotAllowedError", "not allowed"), ("NotFoundError", "No camera"), ("NotReadableError", "in use")],
)
def test_a_camera_that_does_not_come_is_said(playwright: Playwright, tmp_path: Path, error: str, sentence: str) -> None:
    with live_server() as address, browser_with(playwright, tmp_path / "none.y4m") as browser:
        page = browser.new_page(locale="en-GB")
        page.add_init_script(
            f"navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', '{error}'))"
        )
        page.goto(address)
        page.click("#start")
        page.wait_for_selector("#fault:not([hidden])")
        assert sentence in page.inner_text("#fault")
        assert page.is_enabled("#start")


def test_a_camera_that_is_taken_away_is_said_and_may_come_back(playwright: Playwright, camera: Path) -> None:
    with live_server() as address, browser_with(playwright, camera) as browser:
        page = browser.new_page(locale="en-GB")
        page.goto(address)
        page.click("#start")
        wait_until(page, "pulse8.frames > 3")
        page.evaluate("pulse8.stream.getVideoTracks()[0].dispatchEvent(new Event('ended'))")
        page.wait_for_selector("#fault:not([hidden])")
        assert "disconnected" in page.inner_text("#fault")
        before = page.evaluate("pulse8.frames")
        page.click("#start")
        wait_until(page, f"pulse8.frames > {before + 3}")
        assert page.is_hidden("#fault")


def test_a_camera_that_falls_silent_is_said(playwright: Playwright, camera: Path) -> None:
    with live_server() as address, browser_with(playwright, camera) as browser:
        page = browser.new_page(locale="en-GB")
        page.goto(address)
        page.click("#start")
        wait_until(page, "pulse8.frames > 3")
        page.evaluate("pulse8.stream.getVideoTracks()[0].stop()")  # without an event, as some drivers end
        page.wait_for_selector("#fault:not([hidden])", timeout=20_000)
        assert "sends no pictures" in page.inner_text("#fault")
