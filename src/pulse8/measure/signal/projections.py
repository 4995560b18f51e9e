"""PBV, LGI and OMIT: pulses by projection, along the blood's colour or away from the light's."""

from typing import Final

import numpy as np

from pulse8.measure.signal.colour import Signal, hann, overlap_added, ratio, relative
from pulse8.measure.signal.filters import detrend

PBV_RGB: Final = np.array([0.43, 1.0, 0.69])
"""The pulse's relative strength in red, green and blue over green's. Source: de Haan and van Leest, "Improved motion
robustness of remote-PPG by using the blood volume pulse signature", Physiol. Meas. 35(9), 2014: (0.33, 0.77, 0.53)."""

FLATTEST: Final = 1e-9
"""Directions of colour in which there is less than this share of the strongest one's power are rounding."""


def pbv(rgb: Signal, rate_hz: float) -> Signal:
    """Blood volume pulse signature: the weights whose sum of channels varies with them as blood does.

    Source: de Haan and van Leest, "Improved motion robustness of remote-PPG by using the blood volume pulse signature",
    Physiol. Meas. 35(9), 2014, on sliding stretches as in POS; weights of unit length. The colour is detrended first: a
    stretch cannot tell a slow change of light from a part of a beat.
    """
    return overlap_added(1 + detrend(relative(rgb)), rate_hz, _pbv_stretches, hann)


def lgi(rgb: Signal, _rate_hz: float) -> Signal:
    """Local group invariance: green, after the direction that explains most of the colour is taken out.

    That direction is the light's: it scales all channels. Source: Pilz, Zaunseder, Krajewski and Blazek, "Local group
    invariance for heart rate estimation from face videos in the wild", CVPR Workshops 2018.
    """
    _, directions = np.linalg.eigh(_finite(rgb.T @ rgb))
    return _green_without(rgb, directions[:, -1])


def omit(rgb: Signal, _rate_hz: float) -> Signal:
    """Orthogonal matrix image transformation: as LGI, with the first direction of a QR factorisation.

    That is the first frame's colour. Source: Alvarez Casado and Bordallo Lopez, "Face2PPG: an unsupervised pipeline for
    blood volume pulse extraction from faces", IEEE J. Biomed. Health Inform. 27(11), 2023.
    """
    return _green_without(rgb, rgb[0])


def _green_without(rgb: Signal, direction: Signal) -> Signal:
    """Green's relative change [T] in what is left of the colour beside a direction [3]."""
    length = float(np.linalg.norm(direction))
    axis = direction / length if length > 0 else np.zeros(3)
    left = rgb[:, 1] - (rgb @ axis) * axis[1]
    return ratio(left - left.mean(), np.full(len(rgb), rgb[:, 1].mean()))


def _pbv_stretches(colour: Signal) -> Signal:
    products = colour.swapaxes(-1, -2) @ colour
    weights = np.linalg.pinv(_finite(products), FLATTEST, hermitian=True) @ PBV_RGB
    unit = ratio(weights, np.broadcast_to(np.linalg.norm(weights, axis=-1, keepdims=True), weights.shape))
    pulse: Signal = (colour @ unit[..., None])[..., 0]
    return pulse


def _finite(products: Signal) -> Signal:
    """Products with 0 for what is no number: that colour itself then spoils its pulse, and no other."""
    return np.where(np.isfinite(products), products, 0.0)
