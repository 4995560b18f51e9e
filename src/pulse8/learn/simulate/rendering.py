"""Rendered recordings as files: pictures through a real codec, and the true pulse beside them."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal

from pulse8.errors import InputError, SpecError
from pulse8.learn.simulate.face_video import Backdrop, FaceVideo, render
from pulse8.manifest import writing
from pulse8.measure.video.encode import FFV1, Encoding, h264, mjpeg, mpeg4, write_video
from pulse8.notice import NOTICE
from pulse8.values import Watch, unwatched

CodecName = Literal["h264", "mpeg4", "mjpeg", "ffv1"]
ENCODINGS: Final[dict[CodecName, tuple[str, Callable[[int], Encoding]]]] = {
    "h264": (".mp4", h264),
    "mpeg4": (".avi", mpeg4),
    "mjpeg": (".mkv", mjpeg),
    "ffv1": (".mkv", lambda _quality: FFV1),
}
"""Each codec's file ending, and its encoding at a quality."""


@dataclass(frozen=True, kw_only=True)
class RenderOptions:
    """What is rendered, and how it is encoded.

    Attributes
    ----------
    kind
        A face, or a wall without a pulse.
    face
        Your own photograph of a face; scikit-image's astronaut without one.
    seconds
        Length.
    rate_hz
        Frames per second.
    bpm
        Heart rate.
    pulse_share
        Peak change of green on skin as a share of its level.
    motion_px
        How far the head sways, px.
    codec
        Video codec; ffv1 is lossless.
    quality
        CRF 0 (lossless) to 51 for h264, quantiser 1 to 31 for mpeg4 and mjpeg.
    seed
        Random seed of the noise.
    """

    kind: Backdrop = "face"
    face: Path | None = None
    seconds: float = 20.0
    rate_hz: int = 30
    bpm: float = 78.0
    pulse_share: float = 0.0075
    motion_px: float = 8.0
    codec: CodecName = "h264"
    quality: int = 18
    seed: int = 0

    def __post_init__(self) -> None:
        if self.codec not in ENCODINGS:
            raise SpecError(f"unknown codec {self.codec!r}; choose from {', '.join(ENCODINGS)}")
        if not (1 <= self.seconds <= 600 and 10 <= self.rate_hz <= 120 and 40 <= self.bpm <= 180):
            raise SpecError(
                f"{self.seconds} s at {self.rate_hz} Hz, {self.bpm} BPM; give 1-600 s, 10-120 Hz, 40-180 BPM"
            )
        if not (0 <= self.pulse_share <= 0.05 and 0 <= self.motion_px <= 100 and self.seed >= 0):
            raise SpecError(
                f"pulse {self.pulse_share}, motion {self.motion_px} px; give 0-0.05, 0-100 px, a seed from 0"
            )

    def video(self) -> FaceVideo:
        """Return the scene."""
        return FaceVideo(
            seconds=self.seconds,
            rate_hz=Fraction(self.rate_hz),
            bpm=self.bpm,
            pulse_share=self.pulse_share,
            motion_px=self.motion_px,
            seed=self.seed,
            backdrop=self.kind,
            image=self.face,
        )


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What was written: the video, its truth as CSV (time_s, ppg), and that it is simulated."""

    output: str
    truth: str
    kind: str
    frames: int
    bpm: float | None
    simulated: bool = True


def write_rendered(output: Path, options: RenderOptions = RenderOptions(), watch: Watch[Any] = unwatched) -> Rendered:
    """Render a recording, encode it, and write ``NAME.truth.csv`` beside it.

    Raises
    ------
    SpecError
        The codec has no such quality.
    InputError
        The file's ending is not the codec's, the photograph cannot be used, or a file cannot be written.
    """
    suffix, encoding = ENCODINGS[options.codec]
    if output.suffix.lower() != suffix:
        wanted = output.with_suffix(suffix).name
        raise InputError(f"{options.codec} goes into {suffix} files, not {output.name}; name it {wanted}")
    video = options.video()
    write_video(output, watch(render(video), "rendering", video.count), video.rate_hz, encoding(options.quality))
    truth = output.with_suffix(".truth.csv")
    _write_truth(truth, video)
    bpm = video.bpm if video.backdrop == "face" else None
    return Rendered(output=str(output), truth=str(truth), kind=video.backdrop, frames=video.count, bpm=bpm)


def _write_truth(path: Path, video: FaceVideo) -> None:
    t_s = video.times_s()
    pulse = video.pulse(t_s) * (video.backdrop == "face")
    rows = [f'{time:.6f},{value:.6f},"simulated. {NOTICE}"' for time, value in zip(t_s, pulse, strict=True)]
    with writing(path) as temporary:
        temporary.write_text("\n".join(["time_s,ppg,notice", *rows]) + "\n", encoding="utf-8")
