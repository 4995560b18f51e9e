"""The effect of a video codec on the mean of a cell, without coding a picture.

A codec keeps the last decoded block and adds the coded part of the difference. A difference inside the quantiser's dead
zone is not sent at all, so a pulse of a fraction of a level is lost, comes late, or is lifted over the threshold by
noise. A cell consists of several blocks; each block's mean goes through that loop in luma and chroma. Step sizes are
those of the standards; the dead zones and the share of noise at the threshold are fitted to pictures that went through
the real codecs (benchmarks/codec_model.py, docs/decisions/0020).
"""

from collections.abc import Callable
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
    """One codec's loop at one quality.

    Attributes
    ----------
    step
        Quantiser step of a block's mean, in levels.
    dead_zone
        Smallest difference that is coded, in steps.
    noise
        Standard deviation in levels of the noise that prediction, deblocking and moving lost detail add to a block's
        mean in each frame.
    key_every
        Frames from one key frame to the next; 1 for codecs that send only key frames.
    """

    step: float
    dead_zone: float
    noise: float
    key_every: int


ROUNDING: Final = 0.12
"""Standard deviation in levels that 4:2:0 chroma and its rounding to bytes add to a cell's mean, without any loss by
the codec; fitted to H.264 at QP 0."""


H264_STEP: Final = 1.1
H264_DEAD_ZONE: Final = 0.85
H264_NOISE: Final = 0.3
MJPEG_NOISE: Final = 0.05
"""Fitted to three scenes of benchmarks/codec_model.py; MPEG-4 fits with nothing but its standard."""


def _h264(crf: float) -> Loop:
    """H.264: the quantiser's step is 0.625 x 2^(QP/6) (ITU-T H.264, 8.5.9), CRF the QP of an ordinary frame.

    An orthonormal transform's first coefficient is eight times the mean of 8x8 pixels.
    """
    step = 0.625 * 2 ** (crf / 6) / 8
    return Loop(step=H264_STEP * step, dead_zone=H264_DEAD_ZONE, noise=H264_NOISE * step**0.7, key_every=250)


def _mpeg4(quantizer: float) -> Loop:
    """MPEG-4 Part 2: the step is twice the quantiser (ISO/IEC 14496-2, 7.4.4); FFmpeg's key pictures."""
    step = 2 * quantizer / 8
    return Loop(step=step, dead_zone=1.0, noise=0.0, key_every=12)


def _mjpeg(quantizer: float) -> Loop:
    """MJPEG by FFmpeg: the mean's step is 8/8 whatever the quality; detail is lost in steps of the quantiser."""
    return Loop(step=1.0, dead_zone=0.5, noise=MJPEG_NOISE * quantizer, key_every=1)


FINEST: Final = 1e-6
"""A step finer than this, in levels, loses nothing and is too small to divide by."""

LOOPS: Final[dict[str, Callable[[float], Loop]]] = {"h264": _h264, "mpeg4": _mpeg4, "mjpeg": _mjpeg}


def coded(levels: Cells, codec: Codec, camera: Camera, place: tuple[int, int]) -> Cells:
    """Send levels [T, 12, 3] through a codec and back."""
    if codec.name == "none":
        return levels
    loop = LOOPS[codec.name](codec.quality)
    rng = stream(*place, "codec")
    blocks = int(np.clip(round(camera.pixels / BLOCK_PX), 1, MOST_BLOCKS))
    mean = (levels @ TO_YCC.T)[:, :, None, :]
    spread = rng.normal(0, camera.texture, (1, levels.shape[1], blocks, 3))
    lossless = codec.quality == 0 or loop.step < FINEST
    decoded = mean + spread if lossless else _looped(mean + spread, loop, rng)
    rounding = ROUNDING * rng.standard_normal(levels.shape, np.float32)
    return np.asarray((decoded - spread).mean(axis=2) @ FROM_YCC.T + rounding)


def _looped(sent: Cells, loop: Loop, rng: np.random.Generator) -> Cells:
    """Run the loop over blocks [T, 12, B, 3]."""
    previous = sent[0] + loop.step * rng.uniform(-0.5, 0.5, sent.shape[1:])
    decoded = np.empty_like(sent)
    for index, picture in enumerate(sent):
        steps = (picture - previous) / loop.step
        due = index % loop.key_every == 0
        previous = previous + loop.step * np.where(due | (np.abs(steps) >= loop.dead_zone), np.rint(steps), 0)
        decoded[index] = previous
    return decoded + loop.noise * rng.standard_normal(sent.shape, np.float32)
