"""How a rate is measured: options shared by the API, the command and the page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from pulse8.errors import InputError, SpecError
from pulse8.measure.clips.resample import SLOWEST_HZ
from pulse8.measure.face.choice import LARGEST, refuse_choice
from pulse8.measure.face.track import TrackerName
from pulse8.measure.signal.classical import Method, MethodName, method
from pulse8.measure.signal.colour import Signal
from pulse8.measure.signal.rate import SHORTEST_S
from pulse8.spec import Readout

NETWORK: Final = "pulse12"

FASTEST_BPM: Final = 30 * SLOWEST_HZ
"""Half the slowest frame rate that is accepted: a faster pulse would appear as a slower one."""

CLASSICAL_S: Final = 10.0
"""Length and distance of a classical method's windows where nothing else is asked for."""


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """How a rate is measured.

    Attributes
    ----------
    method
        What makes the pulse: the network pulse12 or a classical method; red is for a finger on the camera, the others
        are for faces.
    model
        Which file of pulse12 is run: the shipped one in INT8 or FP32, or another ONNX file.
    window_s
        Length of a window in seconds; 10 for a classical method. The network has its own, 8.53 s.
    hop_s
        Seconds from one window's start to the next one's; 10 for a classical method. The network has its own, 1 s.
    band_bpm
        Lowest and highest rate that is looked for, in beats per minute.
    face
        Which face is measured, where there are several: largest, left, right, or its number from the picture's left.
    """

    method: MethodName | Literal["pulse12"] = NETWORK
    model: Literal["int8", "fp32"] | Path = "int8"
    window_s: float | None = None
    hop_s: float | None = None
    band_bpm: tuple[float, float] = Readout().band_bpm
    face: str = LARGEST

    def __post_init__(self) -> None:
        refuse_choice(self.face)
        if self.method != NETWORK:
            method(self.method)
        elif (self.window_s, self.hop_s) != (None, None):
            raise SpecError("pulse12 has windows of its own, 8.53 s every 1 s; leave window and hop out, or choose pos")
        if self.window_s is not None and not SHORTEST_S <= self.window_s <= 600:
            raise SpecError(f"window of {self.window_s} s; give {SHORTEST_S:g} to 600")
        if self.hop_s is not None and not 0.1 <= self.hop_s <= 3600:
            raise SpecError(f"hop of {self.hop_s} s; give 0.1 to 3600")
        if not 20 <= self.band_bpm[0] < self.band_bpm[1] <= FASTEST_BPM:
            raise SpecError(f"band {self.band_bpm} BPM; give two rising rates in 20..{FASTEST_BPM:g}")

    @property
    def title(self) -> str:
        """The method's name."""
        return self.method

    @property
    def projection(self) -> Method:
        """What makes a pulse of skin colour; of a classical method."""
        return method(self.method)


@dataclass(frozen=True, kw_only=True)
class VideoOptions(MeasureOptions):
    """How a rate is measured in a video.

    Attributes
    ----------
    roi
        Which tracker places the ROIs: the face mesh, the detector alone as a board runs it, or the guide's Haar boxes.
    """

    roi: TrackerName = "mesh"


@dataclass(frozen=True, kw_only=True)
class OwnMethod(VideoOptions):
    """A method of one's own in a classical method's place: the same windows, rates and refusals.

    Attributes
    ----------
    pulse
        Takes rgb float64 [T, 3] (0..255), the mean colour of the skin, and its rate in Hz; returns a pulse [T].
    """

    pulse: Method
    method: MethodName | Literal["pulse12"] = "green"  # what it stands in for: of green nothing asks for colour

    @property
    def title(self) -> str:
        """The function's name."""
        return getattr(self.pulse, "__name__", "own method")

    @property
    def projection(self) -> Method:
        """The function, its answer checked."""
        return self._checked

    def _checked(self, rgb: Signal, rate_hz: float) -> Signal:
        pulse = np.asarray(self.pulse(rgb, rate_hz), np.float64)
        if pulse.shape != rgb.shape[:1] or not np.isfinite(pulse).all():
            raise InputError(
                f"{self.title} returned shape {list(pulse.shape)} for rgb {list(rgb.shape)}, or a value that is not"
                f" finite; return {len(rgb)} finite numbers"
            )
        return pulse
