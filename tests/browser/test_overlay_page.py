"""The overlay page of ``pulse8 stream`` in a real browser: what a viewer of a broadcast sees, and when it goes."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from commands import free_port
from live_page import CHROMIUM, needs_chromium
from pulse8.stream.message import Message, unavailable
from pulse8.stream.options import Address
from pulse8.stream.websocket import WebSocketServer

pytestmark = needs_chromium
RATE = Message(at_s=20.0, value=71.6, low=70.0, high=74.0, age_s=0.5, reason=None)


@contextmanager
def outlet(port: int) -> Iterator[WebSocketServer]:
    server = WebSocketServer(Address("127.0.0.1", port))
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 480, "height": 160})
        browser.close()


def shown(page: Page, value: str, note: str) -> None:
    expect(page.locator("#note")).to_have_text(note, timeout=15_000)
    expect(page.locator("#value")).to_have_text(value)


def test_a_rate_its_loss_and_a_restarted_stream(page):
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    port = free_port()
    with outlet(port) as server:
        page.goto(f"http://127.0.0.1:{port}/")
        server.send(RATE)
        shown(page, "72", "70–74, 1 s old")
        assert page.locator("body").get_attribute("class") == ""
        server.send(unavailable(21.0, "no face"))
        shown(page, "––", "no face")
        assert page.locator("body").get_attribute("class") == "unavailable"
        server.send(RATE)
        shown(page, "72", "70–74, 1 s old")
    shown(page, "––", "not connected")
    with outlet(port) as server:
        server.send(RATE)
        shown(page, "72", "70–74, 1 s old")
        shown(page, "––", "no reading")  # five seconds without a message: what came last is no rate any more
    assert said == []


def test_the_page_lets_the_picture_behind_it_through(page):
    with outlet(port := free_port()) as server:
        page.goto(f"http://127.0.0.1:{port}/")
        server.send(RATE)
        shown(page, "72", "70–74, 1 s old")
        taken = np.frombuffer(page.screenshot(omit_background=True), np.uint8)
    pixels = cv2.imdecode(taken, cv2.IMREAD_UNCHANGED)
    assert pixels.shape[2] == 4
    assert (pixels[..., 3] == 0).mean() > 0.5, "most of it is not transparent"
    assert (pixels[..., 3] == 255).any(), "nothing is drawn"


def test_a_reason_is_text_and_not_markup(page):
    reason = "<img src=x onerror=document.title='run'>"
    with outlet(port := free_port()) as server:
        page.goto(f"http://127.0.0.1:{port}/")
        server.send(unavailable(1.0, reason))
        shown(page, "––", reason)
    assert page.title() == "pulse8 overlay"
    assert page.locator("img").count() == 0
