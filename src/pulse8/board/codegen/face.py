"""The face detector for a board folder: its INT8 trunk as one more network, its last stage and heads as data."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.board.link.client import view_payload
from pulse8.board.link.frames import Command, encode
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.face.board_detector import SCORES
from pulse8.measure.face.square import Square, codes_view
from pulse8.measure.face.stage import BLOCKS, FIRST, HEADS, Layer, layers
from pulse8.measure.infer.kernels import Codes
from pulse8.measure.infer.program import IntegerProgram
from pulse8.measure.video.formats import yuyv_of
from pulse8.values import PIXEL_PARTS

FACE_NAME: Final = "face_trunk"
VIEWS: Final = 4

CLIP: Final = FaceVideo(
    seconds=20, rate_hz=Fraction(15), width=160, height=120, zoom=0.95, motion_px=4, noise_levels=1.0
)
"""A person, rendered: 15 pictures a second keep the folder small."""

STILL: Final = {"pulse_share": 0.0, "motion_px": 0.0, "roll_deg": 0.0, "scale_share": 0.0, "light_share": 0.0}
PHOTOGRAPH: Final = replace(CLIP, seconds=12, **STILL)
"""The same picture for twelve seconds, with the sensor's noise."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FaceData:
    """What the generated C holds beside the trunk.

    Attributes
    ----------
    net
        The trunk's number among the networks.
    scale, zero_point, fine, coarse
        Of the trunk's output; channels of both stages.
    layers
        The last stage in its order, then the heads.
    scores
        Of each code, float32.
    """

    net: int
    scale: np.float32
    zero_point: int
    fine: int
    coarse: int
    layers: tuple[Layer, ...]
    scores: NDArray[np.float32]


def face_data(trunk: IntegerProgram, net: int) -> FaceData:
    """Gather the data for a trunk that is network number ``net``."""
    held = layers()
    names = [*FIRST, *(name for pair in BLOCKS for name in pair), *HEADS.values()]
    return FaceData(
        net=net,
        scale=trunk.output.scale,
        zero_point=trunk.output.zero_point,
        fine=trunk.output.shape[1],
        coarse=len(held[FIRST[1]].scale),
        layers=tuple(held[name] for name in names),
        scores=SCORES,
    )


def face_windows() -> list[Codes]:
    """Return views of a rendered face as the trunk's input codes, [1, 3, 128, 128]: a moment apart each."""
    video = FaceVideo(seconds=VIEWS, rate_hz=FaceVideo.rate_hz / 30, width=320, height=240, zoom=0.75)
    views = [codes_view(rgb, Square(0, -40 * PIXEL_PARTS, 320 * PIXEL_PARTS)) for rgb, _ in render(video).stream]
    return [np.ascontiguousarray(view.transpose(2, 0, 1)[None]) for view in views]


def camera_requests(model: bytes) -> bytes:
    """Return the clip's and the photograph's pictures as requests of the line, in YUYV."""
    return b"".join(request for video in (CLIP, PHOTOGRAPH) for request in _requests(video, model))


def _requests(video: FaceVideo, model: bytes) -> Iterator[bytes]:
    for index, (rgb, t_s) in enumerate(render(video).stream):
        size = rgb.shape[1], rgb.shape[0]
        payload = view_payload(yuyv_of(rgb), "yuyv", size, round(t_s * 1e6), reset=index == 0)
        yield encode(Command.VIEW, payload, model)
