"""``pulse8 render``: a simulated face or wall as a video, coded by a real codec, with its true pulse beside it."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import tyro

from pulse8.cli.printing import print_json, watch
from pulse8.learn.simulate.face_video import Backdrop, FaceVideo
from pulse8.learn.simulate.rendering import Codec, Rendered, write_rendered
from pulse8.values import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Write a simulated video with a known pulse, and the truth beside it.

    Attributes
    ----------
    output
        Video to write: .mp4 for h264, .avi for mpeg4, .mkv for mjpeg and ffv1.
    kind, face
        A face or a wall; your own photograph of a face, scikit-image's astronaut without one.
    seconds, rate_hz, bpm
        Length, frames a second and heart rate.
    pulse_share
        Peak change of green on skin as a share of its level.
    motion_px
        How far the head sways.
    codec, quality
        h264 by CRF 0 (without loss) to 51, mpeg4 and mjpeg by quantiser 1 to 31; ffv1 loses nothing.
    seed
        Of the noise.
    json
        Print one machine-readable record.
    """

    output: tyro.conf.Positional[Path]
    kind: Backdrop = "face"
    face: Path | None = None
    seconds: float = 20.0
    rate_hz: Literal[15, 24, 25, 30, 60] = 30
    bpm: float = 78.0
    pulse_share: float = 0.0075
    motion_px: float = 8.0
    codec: Codec = "h264"
    quality: int = 18
    seed: int = 0
    json: bool = False


def run(flags: Flags) -> int:
    """Render, encode and say what was written."""
    video = FaceVideo(
        seconds=flags.seconds,
        rate_hz=Fraction(flags.rate_hz),
        bpm=flags.bpm,
        pulse_share=flags.pulse_share,
        motion_px=flags.motion_px,
        seed=flags.seed,
        backdrop=flags.kind,
        image=flags.face,
    )
    done = write_rendered(flags.output, video, flags.codec, flags.quality, watch)
    (print_json if flags.json else _print)(done)
    return 0


def _print(done: Rendered) -> None:
    print(f"simulated {done.kind}, {done.frames} frames: {done.output}\ntrue pulse: {done.truth}\n{NOTICE}")
