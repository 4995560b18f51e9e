"""The face detector for a board folder: its INT8 trunk as one more network, its last stage and heads as data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.face.board_detector import SCORES
from pulse8.measure.face.square import Square, codes_view
from pulse8.measure.face.stage import BLOCKS, FIRST, HEADS, Layer, layers
from pulse8.measure.infer.kernels import Codes
from pulse8.measure.infer.program import IntegerProgram
from pulse8.values import PIXEL_PARTS

FACE_NAME = "face_trunk"
VIEWS = 4


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
