"""``pulse8 render``: a simulated face or wall as a video, coded by a real codec, with its true pulse beside it."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from pulse8.cli.printing import print_json, watch
from pulse8.cli.saying import say
from pulse8.learn.simulate.rendering import Rendered, RenderOptions, write_rendered
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags(RenderOptions):
    """Write a simulated video with a known pulse, and the truth beside it.

    Attributes
    ----------
    output
        Video to write: .mp4 for h264, .avi for mpeg4, .mkv for mjpeg and ffv1.
    json
        Print one machine-readable record.
    """

    output: tyro.conf.Positional[Path]
    json: bool = False


def run(flags: Flags) -> int:
    """Render, encode and say what was written."""
    done = write_rendered(flags.output, flags, watch)
    (print_json if flags.json else _print)(done)
    return 0


def _print(done: Rendered) -> None:
    say(f"simulated {done.kind}, {done.frames} frames: {done.output}\ntrue pulse: {done.truth}\n{NOTICE}")
