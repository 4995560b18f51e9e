"""``pulse8 inspect``: a contact sheet of a video."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from pulse8.cli.printing import print_json, watch
from pulse8.cli.saying import say
from pulse8.measure.draw.sheet import write_sheet
from pulse8.measure.face.track import TrackerName, track_face
from pulse8.measure.video.decode import read_frames
from pulse8.values import FaceTrack


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Look at a video before it is measured: frames with their ROIs, traces, and why an ROI does not count.

    Attributes
    ----------
    video
        A video file.
    output
        The contact sheet to write; beside the video, with .png added, if it is not given.
    roi
        Which tracker places the ROIs.
    json
        Print one machine-readable record.
    """

    video: tyro.conf.Positional[Path]
    output: Path | None = None
    roi: TrackerName = "mesh"
    json: bool = False


@dataclass(frozen=True)
class Inspected:
    """The sheet that was written and what it says at its head."""

    sheet: str
    summary: str


def run(flags: Flags) -> int:
    """Write the sheet and say what was seen."""
    frames = read_frames(flags.video)
    track = track_face(frames, flags.roi)
    output = flags.output or flags.video.with_name(f"{flags.video.name}.png")
    watched = iter(watch(track, "frames", frames.count or 0))
    summary = write_sheet(output, FaceTrack(track.source, watched))
    if flags.json:
        print_json(Inspected(str(output), summary))
        return 0
    say(f"{summary}\n{output}")
    return 0
