"""``pulse8 stream``: readings as they come, for other programs."""

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from pulse8.cli.saying import complain
from pulse8.errors import InputError
from pulse8.measure.video.camera import read_camera
from pulse8.measure.video.decode import read_frames
from pulse8.notice import NOTICE
from pulse8.stream.line import at_own_pace, stream
from pulse8.stream.options import StreamOptions


@dataclass(frozen=True, kw_only=True)
class Flags(StreamOptions):
    """Send each reading to other programs, until Ctrl-C. Not a medical device.

    Attributes
    ----------
    video
        Play this video, at its own pace, in place of a camera.
    camera
        Measure this camera of the machine, from 0.
    fast
        Read the video as fast as it goes.
    """

    video: tyro.conf.Positional[Path | None] = None
    camera: int | None = None
    fast: bool = False


def run(flags: Flags) -> int:
    """Stream until the source ends."""
    if (flags.video is None) == (flags.camera is None):
        raise InputError("name one source: a video, or a camera with --camera 0")
    if flags.camera is not None and flags.fast:
        raise InputError("a camera has a pace of its own; leave --fast out")
    if flags.video is not None:
        frames = read_frames(flags.video)
        frames = frames if flags.fast else at_own_pace(frames)
    else:
        frames = read_camera(flags.camera or 0, None)
    complain(f"sending to {', '.join(flags.to)}; Ctrl-C ends it. {NOTICE}")
    stream(frames, flags, sys.stdout, complain, paced=not flags.fast)
    return 0
