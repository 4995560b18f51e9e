"""What a video codec does to the mean of a cell, without coding a picture.

A codec keeps the last decoded block and adds what it has coded of the difference: a difference under the quantiser's
dead zone is not sent at all, so that a pulse of a fraction of a level is lost, comes late, or rides on noise that lifts
it over the threshold. Each cell is some blocks; each block's mean goes through that loop in luma and chroma. Steps are
the standards'; the dead zones and the share of noise that meets the threshold are fitted to pictures that went through
the real codecs (benchmarks/codec_model.py, docs/decisions/0020).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.learn.simulate.conditions import Camera, Codec
from pulse8.learn.simulate.streams import stream

Cells = NDArray[np.float64]

BLOCK_PX: Final = 256
MOST_BLOCKS: Final = 9

TO_YCC: Final = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
"""ITU-R BT.601, full range."""

FROM_YCC: Final = np.linalg.inv(TO_YCC)


@dataclass(frozen=True, kw_only=True)
class Loop:
    """One codec's loop.

    Attributes
    ----------
    step
        Coded difference of a block's mean, in levels: luma and chroma.
    dead_zone
        Smallest difference that is coded, in steps.
    key_every
        Frames from one whole picture to the next; 1 for codecs that know nothing else.
    """

    step: tuple[float, float]
    dead_zone: float
    key_every: int


def loop_of(codec: Codec) -> Loop | None:
    """Return the loop of a codec at its quality; ``None`` where nothing is lost.

    H.264's quantiser step is 0.625 x 2^(QP/6) (ITU-T H.264, table of normAdjust); over an 8x8 block's mean an
    orthonormal transform makes that a step of an eighth. CRF is the QP of an ordinary frame. MPEG-4's step is 2 QP
    (ISO/IEC 14496-2, 7.4.4); MJPEG's DC step is the quantiser times 8 (FFmpeg's fixed matrix), over 8.
    """
    quality = codec.quality
    if codec.name == "none" or quality <= 0:
        return None
    if codec.name == "h264":
        step = 0.625 * 2 ** (quality / 6) / 8
        return Loop(step=(H264_SCALE * step, H264_SCALE * step), dead_zone=H264_DEAD_ZONE, key_every=250)
    if codec.name == "mpeg4":
        return Loop(step=(2 * quality / 8, 2 * quality / 8), dead_zone=1.0, key_every=12)
    return Loop(step=(max(quality / 8, 0.5), max(quality / 8, 0.5)), dead_zone=0.5, key_every=1)


H264_SCALE: Final = 1.0
H264_DEAD_ZONE: Final = 0.83


def coded(levels: Cells, codec: Codec, camera: Camera, place: tuple[int, int]) -> Cells:
    """Send levels [T, 12, 3] through a codec and back."""
    loop = loop_of(codec)
    if loop is None:
        return levels
    rng = stream(*place, "codec")
    blocks = int(np.clip(round(camera.pixels / BLOCK_PX), 1, MOST_BLOCKS))
    mean = (levels @ TO_YCC.T)[:, :, None, :]
    spread = rng.normal(0, camera.texture, (1, levels.shape[1], blocks, 3))
    decoded = _looped(mean + spread, loop, rng)
    return np.asarray((decoded - spread).mean(axis=2) @ FROM_YCC.T)


def _looped(sent: Cells, loop: Loop, rng: np.random.Generator) -> Cells:
    """Run the loop over blocks [T, 12, B, 3]."""
    step = np.array([loop.step[0], loop.step[1], loop.step[1]])
    start = rng.uniform(-0.5, 0.5, sent.shape[1:]) * step
    held = sent[0] + start
    decoded = np.empty_like(sent)
    for index, picture in enumerate(sent):
        difference = (picture - held) / step
        if index % loop.key_every == 0:
            held = held + np.rint(difference) * step
        else:
            held = held + np.where(np.abs(difference) >= loop.dead_zone, np.rint(difference), 0) * step
        decoded[index] = held
    return decoded
