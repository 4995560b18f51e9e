"""A build's report in a real browser, without script: on a screen, on a phone, in the dark, on paper."""

import cv2
import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from live_page import CHROMIUM, needs_chromium

pytestmark = needs_chromium


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "light"), (390, "dark")])
def test_the_report_fits_and_asks_for_nothing(built_pulse12, width, scheme):
    folder, record = built_pulse12
    address = (folder / record["report"]).as_uri()
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=False
        )
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: asked.append(message.text))
        page.goto(address)
        assert page.get_by_role("heading", level=1).is_visible()
        assert page.get_by_role("img").count() == page.locator("figure").count() > 7
        assert page.get_by_role("region").count() > 8
        for outer in (".verdict", ".facts", ".table", "figure", "pre"):
            for element in page.locator(outer).all():
                box = element.bounding_box()
                assert box is not None
                assert box["x"] + box["width"] <= width, outer
        corner = page.screenshot(clip={"x": 0, "y": 0, "width": 2, "height": 2}, type="png")
        browser.close()
    assert asked == [address]
    level = cv2.imdecode(np.frombuffer(corner, np.uint8), cv2.IMREAD_GRAYSCALE).mean()
    assert level < 60 if scheme == "dark" else level > 200
