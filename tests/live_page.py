"""A headless browser with a simulated face before its camera, and ``pulse8 live``."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, Playwright

from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.values import Rgb

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium; install it: apt-get install chromium")


def write_y4m(
    path: Path, video: FaceVideo, keep: tuple[float, float] = (0.0, 1e9), beside: FaceVideo | None = None
) -> Path:
    """Write a rendered recording as a fake camera reads it; outside of ``keep`` seconds the picture is grey.

    With somebody ``beside``, the right half of the picture is the middle of that recording.
    """
    other = None if beside is None else iter(render(beside))
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{video.width} H{video.height} F{video.rate_hz}:1 Ip A1:1 C420jpeg\n".encode())
        for rgb, t_s in render(video):
            picture = rgb if keep[0] <= t_s < keep[1] else rgb * 0 + 90
            if other is not None:
                picture = np.hstack([_middle(picture), _middle(np.asarray(next(other)[0]))])
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuvj420p")
            file.write(b"FRAME\n" + frame.to_ndarray().tobytes())
    return path


def _middle(rgb: Rgb) -> Rgb:
    width = rgb.shape[1]
    return rgb[:, width // 4 : width - width // 4]


@contextmanager
def live_server() -> Iterator[str]:
    """Run ``pulse8 live`` and give the address that it prints."""
    command = [sys.executable, "-m", "pulse8", "live", "--port", "0", "--browser", "False"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = re.match(r"http://\S+", process.stdout.readline())
            assert address is not None
            yield address.group()
        finally:
            process.terminate()


@contextmanager
def browser_with(playwright: Playwright, camera: Path) -> Iterator[Browser]:
    """Open Chromium with a file for a camera, which it shows over and over."""
    flags = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM, args=["--no-sandbox", *flags, f"--use-file-for-fake-video-capture={camera}"]
    )
    try:
        yield browser
    finally:
        browser.close()
