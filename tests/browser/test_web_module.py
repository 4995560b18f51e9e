"""The WebAssembly module in a real browser: the integer reference's bytes, and a page of somebody's own."""

import base64
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from live_page import browser_with, needs_chromium, write_y4m
from pulse8.learn.simulate.face_video import FaceVideo
from web_module import WEB, codes_of, needs_npm, static_host

pytestmark = needs_chromium
BPM = 72.0
BYTES = """async ([text, network]) => {
  const { Pulse8 } = await import("/pulse8.js");
  const pulse = await Pulse8.load(), before = pulse.memoryBytes;
  const codes = Int8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const bytes = pulse.facts.networks[network].input_bytes, answers = [];
  for (let start = 0; start < codes.length; start += bytes)
    answers.push(...pulse.infer(codes.subarray(start, start + bytes), network));
  return [answers.map((code) => code & 255), pulse.memoryBytes - before];
}"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page beside the installed package, before a face of known rate."""
    camera = write_y4m(tmp_path_factory.mktemp("camera") / "face.y4m", FaceVideo(seconds=12, bpm=BPM))
    with sync_playwright() as playwright, browser_with(playwright, camera) as browser:
        yield browser.new_page()


@pytest.mark.parametrize("network", [0, 1], ids=["pulse12", "face detector"])
def test_a_networks_bytes_are_the_integer_references(page: Page, tmp_path: Path, network: int) -> None:
    inputs, expected = codes_of(network, tmp_path)
    with static_host(WEB) as address:
        page.goto(address + "package.json")
        answers, grown = page.evaluate(BYTES, [base64.b64encode(inputs).decode(), network])
    assert bytes(answers) == expected
    assert grown == 0


@needs_npm
def test_the_example_page_measures_with_the_packed_package(page: Page, tmp_path: Path) -> None:
    npm = str(shutil.which("npm"))
    packed = subprocess.run(
        [npm, "pack", "--offline", "--pack-destination", str(tmp_path)],
        cwd=WEB, capture_output=True, text=True, check=True,
    )  # fmt: skip
    with tarfile.open(tmp_path / packed.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(tmp_path / "node_modules", filter="data")
    (tmp_path / "node_modules" / "package").rename(tmp_path / "node_modules" / "pulse8")
    shutil.copy(WEB / "example" / "index.html", tmp_path)
    asked: list[str] = []
    with static_host(tmp_path) as address:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        page.wait_for_function("/^[0-9]+ BPM$/.test(document.getElementById('rate').textContent)", timeout=60_000)
        assert abs(int(page.inner_text("#rate").split()[0]) - BPM) <= 1
    assert [url for url in asked if not url.startswith(address)] == []
