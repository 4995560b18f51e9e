"""Classical methods: from skin colour over time to a pulse, without a network. The table, and four of them.

Each takes rgb float64 [T, 3] (0..255) and its rate in Hz and returns a pulse float64 [T] relative to the mean colour.
The pulse has the sign of the light that comes back: it falls when the vessels fill. A colour that does not change, or
is 0 throughout, gives zeros.
"""

from collections.abc import Callable
from typing import Final, Literal

import numpy as np

from pulse8.errors import SpecError
from pulse8.measure.signal.blind import ica
from pulse8.measure.signal.colour import Signal, hann, overlap_added, ratio, relative
from pulse8.measure.signal.projections import lgi, omit, pbv

Method = Callable[[Signal, float], Signal]
MethodName = Literal["pos", "chrom", "green", "ica", "pbv", "lgi", "omit", "red"]

MAX_GREY_SHARE: Final = 0.1
"""A window is as good as grey when over a tenth of its frames are."""

GREY_STEP: Final = 0.5
"""Half an 8-bit step: channels closer than this are one channel that was rounded twice."""


def pos(rgb: Signal, rate_hz: float) -> Signal:
    """Plane orthogonal to skin.

    Source: Wang, den Brinker, Stuijk and de Haan, "Algorithmic principles of remote PPG", IEEE Trans. Biomed. Eng.
    64(7), 2017, algorithm 1: sliding stretches, one frame apart, overlap-added.
    """
    return overlap_added(rgb, rate_hz, _pos_stretches, np.ones)


def chrom(rgb: Signal, rate_hz: float) -> Signal:
    """Chrominance difference.

    Source: de Haan and Jeanne, "Robust pulse rate from chrominance-based rPPG", IEEE Trans. Biomed. Eng. 60(10), 2013.
    Their stretches stand half their length apart; here one frame apart, as in :func:`pos`, with the same Hann window.
    The sign is turned over, to be that of the other methods.
    """
    return overlap_added(rgb, rate_hz, _chrom_stretches, hann)


def green(rgb: Signal, _rate_hz: float) -> Signal:
    """Relative change of green: blood absorbs it most.

    Source: Verkruysse, Svaasand and Nelson, "Remote plethysmographic imaging using ambient light", Opt. Express 16(26),
    2008.
    """
    return relative(rgb)[:, 1]


def red(rgb: Signal, _rate_hz: float) -> Signal:
    """Relative change of red: the light that passes through a finger laid on a camera; not for faces."""
    return relative(rgb)[:, 0]


METHODS: Final[dict[str, Method]] = {
    "pos": pos,
    "chrom": chrom,
    "green": green,
    "ica": ica,
    "pbv": pbv,
    "lgi": lgi,
    "omit": omit,
    "red": red,
}

NEED_COLOUR: Final = frozenset({"pos", "chrom", "ica", "pbv", "lgi", "omit"})
"""Methods that compare the channels: in a grey picture they have nothing to compare."""


def method(name: str) -> Method:
    """Look a method up by its name.

    Raises
    ------
    SpecError
        There is none of that name; the message lists those there are.
    """
    if name not in METHODS:
        raise SpecError(f"unknown method {name!r}; choose from {', '.join(METHODS)}")
    return METHODS[name]


def is_grey(rgb: Signal) -> bool:
    """Whether rgb [T, 3], 0..255, holds no colour: the channels agree in more frames than may be grey."""
    spread = np.ptp(rgb, axis=1)
    return bool(np.mean(spread < GREY_STEP) > MAX_GREY_SHARE)


def _pos_stretches(colour: Signal) -> Signal:
    r, g, b = np.moveaxis(colour, -1, 0)
    pulse = _tuned(g - b, g + b - 2 * r)
    centred: Signal = pulse - pulse.mean(axis=-1, keepdims=True)
    return centred


def _chrom_stretches(colour: Signal) -> Signal:
    r, g, b = np.moveaxis(colour, -1, 0)
    return _tuned(2 * g - 3 * r, 1.5 * r + g - 1.5 * b)


def _tuned(one: Signal, other: Signal) -> Signal:
    """Add to one signal [S, L] another, scaled in each stretch to the first one's standard deviation."""
    return one + ratio(one.std(axis=-1, keepdims=True), other.std(axis=-1, keepdims=True)) * other
