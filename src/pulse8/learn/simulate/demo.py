"""The clip that `pulse8 demo` measures: a simulated face, packaged as a video; scripts/write_demo.py wrote it."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from pulse8.learn.simulate.face_video import FaceVideo

DEMO: Final = FaceVideo(seconds=15.0, width=320, height=240, zoom=0.9, bpm=72.0, motion_px=4.0, noise_levels=0.7)
"""What the clip shows."""


def demo_clip() -> Path:
    """Path of the packaged clip."""
    return Path(str(files("pulse8.learn.simulate") / "demo.mp4"))
