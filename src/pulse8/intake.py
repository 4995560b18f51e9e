"""How a window becomes a network's input: normalised cell colours, or patches."""

import dataclasses
from dataclasses import dataclass
from typing import Final

from pulse8.errors import SpecError
from pulse8.records import LARGEST


@dataclass(frozen=True, kw_only=True)
class Normaliser:
    """How a window of cell colours becomes a network's input.

    Attributes
    ----------
    rate_hz, window, hop
        Samples per second, samples in a window, samples from one window's start to the next one's.
    detrend_lambda
        Smoothness priors: changes slower than about 0.48 Hz are removed (at lambda 100 and 30 Hz).
    clip_sigma
        Values are clipped at this many standard deviations, which is the INT8 code 127.
    min_valid_share
        A cell whose ROI was valid in a smaller share of the window's frames becomes a row of zeros.
    noise_levels
        Smallest standard deviation of a pixel in any camera, in 8-bit levels: rounding alone gives 1/sqrt(12). A cell
        that varies less than such noise is not scaled up to unit variance.
    """

    rate_hz: float = 30.0
    window: int = 256
    hop: int = 30
    detrend_lambda: float = 100.0
    clip_sigma: float = 4.0
    min_valid_share: float = 0.9
    noise_levels: float = 0.2887

    def __post_init__(self) -> None:
        if not (1 <= self.rate_hz <= 1000 and 8 <= self.window <= 1 << 16 and 1 <= self.hop <= self.window):
            raise SpecError(f"normaliser: {self.window} samples at {self.rate_hz} Hz every {self.hop}")
        if not (0 < self.clip_sigma <= 1000 and 0 < self.detrend_lambda <= 1e6 and 0 < self.min_valid_share <= 1):
            raise SpecError(f"normaliser: clip {self.clip_sigma}, lambda {self.detrend_lambda}")
        if not 0 <= self.noise_levels <= 255:
            raise SpecError(f"normaliser: noise of {self.noise_levels} levels")

    @property
    def input_scale(self) -> float:
        """Value of one INT8 step."""
        return self.clip_sigma / 127

    @property
    def input_zero_point(self) -> int:
        """The INT8 code of 0."""
        return 0


@dataclass(frozen=True, kw_only=True)
class Patches:
    """Windows of ROI patches as a network's input: a camera byte minus 128 is its INT8 code.

    Attributes
    ----------
    rate_hz, window, hop
        Frames per second, frames in a window, frames from one window's start to the next one's.
    input_scale, input_zero_point
        The input tensor's INT8 quantisation: real = scale * (q - zero point).
    """

    rate_hz: float = 30.0
    window: int = 8
    hop: int = 1
    input_scale: float = 1 / 255
    input_zero_point: int = -128

    def __post_init__(self) -> None:
        if not (1 <= self.rate_hz <= 1000 and 1 <= self.hop <= self.window <= 1 << 16):
            raise SpecError(f"patches: {self.window!r:.20} frames at {self.rate_hz!r:.20} Hz every {self.hop!r:.20}")
        if not (1e-12 <= self.input_scale <= LARGEST and -128 <= self.input_zero_point <= 127):
            raise SpecError(f"patches: scale {self.input_scale!r:.20}, zero point {self.input_zero_point!r:.20}")


INTAKE: Final = tuple(field.name for field in dataclasses.fields(Patches))
"""The input's fields in a spec's JSON, for either kind of input."""
