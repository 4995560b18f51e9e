"""Rendered recordings as files: pictures through a real codec, and the true pulse beside them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pulse8.errors import InputError, SpecError
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.manifest import writing
from pulse8.measure.video.encode import FFV1, Encoding, h264, mjpeg, mpeg4, write_video
from pulse8.values import NOTICE, Rgb, Watch, unwatched

Codec = Literal["h264", "mpeg4", "mjpeg", "ffv1"]
ENCODINGS: Final[dict[Codec, tuple[str, Callable[[int], Encoding]]]] = {
    "h264": (".mp4", h264),
    "mpeg4": (".avi", mpeg4),
    "mjpeg": (".mkv", mjpeg),
    "ffv1": (".mkv", lambda _quality: FFV1),
}
"""Each codec's file ending, and its encoding at a quality."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What was written: the video, its truth as CSV (time_s, ppg), and that it is simulated."""

    output: str
    truth: str
    kind: str
    frames: int
    bpm: float | None
    simulated: bool = True


def write_rendered(
    output: Path,
    video: FaceVideo,
    codec: Codec = "h264",
    quality: int = 18,
    watch: Watch[tuple[Rgb, float]] = unwatched,
) -> Rendered:
    """Render a recording, encode it, and write ``NAME.truth.csv`` beside it.

    Raises
    ------
    SpecError
        There is no codec of that name, or it has no such quality.
    InputError
        The file's ending is not the codec's, the photograph cannot be used, or a file cannot be written.
    """
    if codec not in ENCODINGS:
        raise SpecError(f"unknown codec {codec!r}; choose from {', '.join(ENCODINGS)}")
    suffix, encoding = ENCODINGS[codec]
    if output.suffix.lower() != suffix:
        raise InputError(f"{codec} goes into {suffix} files, not {output.name}; name it {output.stem}{suffix}")
    frames = watch(render(video), "rendering", video.count)
    write_video(output, frames, video.rate_hz, encoding(quality))
    truth = output.with_suffix(".truth.csv")
    _write_truth(truth, video)
    bpm = video.bpm if video.backdrop == "face" else None
    return Rendered(output=str(output), truth=str(truth), kind=video.backdrop, frames=video.count, bpm=bpm)


def _write_truth(path: Path, video: FaceVideo) -> None:
    t_s = video.times_s()
    pulse = video.pulse(t_s) * (video.backdrop == "face")
    rows = [f"{time:.6f},{value:.6f}" for time, value in zip(t_s, pulse, strict=True)]
    with writing(path) as temporary:
        temporary.write_text("\n".join(["time_s,ppg", *rows]) + f"\n# simulated. {NOTICE}\n", encoding="utf-8")
