"""What a model expects and returns, as one record that travels inside its ONNX file.

The record is JSON under the metadata key ``pulse8.spec``. Python, the board's C header and the documents are made from
it. It holds no accuracy figures: those live in the manifest and the model card, bound to the file's hash.
"""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from pulse8.errors import SpecError
from pulse8.values import CELLS_PER_ROI, Reason

METADATA_KEY: Final = "pulse8.spec"
MAX_JSON_BYTES: Final = 65_536

Box = tuple[float, float, float, float]
"""x0, x1, y0, y1 as fractions of a face box."""

GUIDE_ROIS: Final[dict[str, Box]] = {
    "forehead": (0.20, 0.80, 0.05, 0.25),
    "left cheek": (0.05, 0.30, 0.35, 0.65),
    "right cheek": (0.70, 0.95, 0.35, 0.65),
}
"""The guide's ROIs in a Haar face box."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where an ROI lies in a face of six key points: right eye, left eye, nose tip, mouth, right and left ear tragion.

    Attributes
    ----------
    weights
        The centre is this weighted mean of the points; the sum is 1, so that it moves, turns and grows with the face.
    width
        In eye distances.
    height
        In distances from between the eyes to the mouth.
    """

    weights: tuple[float, float, float, float, float, float]
    width: float
    height: float

    def __post_init__(self) -> None:
        weights = list(self.weights)
        right = len(weights) == 6 and abs(sum(weights) - 1) <= 1e-9
        if not (right and 0 < self.width <= 4 and 0 < self.height <= 4):
            raise SpecError(f"ROI placement {self}: six weights sum to 1, width and height lie in 0-4")


FACE_ROIS: Final[dict[str, Placement]] = {
    "forehead": Placement(weights=(0.70, 0.70, 0.0, -0.40, 0.0, 0.0), width=0.7, height=0.18),
    "left cheek": Placement(weights=(0.0, 0.30, 0.0, 0.34, 0.0, 0.36), width=0.48, height=0.40),
    "right cheek": Placement(weights=(0.30, 0.0, 0.0, 0.34, 0.36, 0.0), width=0.48, height=0.40),
}
"""Our ROIs: on skin, clear of eyes and brows, fringe and lips (decision 0012)."""


@dataclass(frozen=True, kw_only=True)
class Normaliser:
    """How a window of cell colours becomes a network's input.

    Attributes
    ----------
    rate_hz, window, hop
        Samples per second, samples in a window, samples from one window's start to the next one's.
    detrend_lambda
        Smoothness priors: slower changes than about 0.48 Hz go (at 100 and 30 Hz).
    clip_sigma
        Values are clipped at this many standard deviations; it becomes the INT8 code 127.
    min_valid_share
        A cell whose ROI was valid in less of the window's frames is a row of zeros.
    noise_levels
        Standard deviation of a pixel in 8-bit levels that no camera is under: rounding alone has 1/sqrt(12). A cell
        that varies less than that explains is not blown up to unit variance.
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
            raise SpecError(f"normaliser: {self.window} samples at {self.rate_hz:g} Hz every {self.hop}")
        if not (0 < self.clip_sigma <= 1000 and 0 < self.detrend_lambda < math.inf and 0 < self.min_valid_share <= 1):
            raise SpecError(f"normaliser: clip {self.clip_sigma}, lambda {self.detrend_lambda}")
        if not 0 <= self.noise_levels < math.inf:
            raise SpecError(f"normaliser: noise of {self.noise_levels} levels")

    @property
    def input_scale(self) -> float:
        """What one INT8 step is worth; the zero point is 0."""
        return self.clip_sigma / 127


@dataclass(frozen=True, kw_only=True)
class RoiLimits:
    """What an ROI must be to count as measured in a frame.

    Attributes
    ----------
    min_side_px
        Shortest side; below it a cell has so few pixels that sensor noise covers the pulse.
    max_clipped_share
        Largest share of pixels with a channel at 0 or 255: those do not follow the light any more. Red goes first, and
        a face with all its red clipped still gives its pulse (decision 0012), so this is wide.
    max_roll_deg
        Largest in-plane rotation: the rectangles are upright and leave the skin of a head that lies on its side.
    """

    min_side_px: float = 6.0
    max_clipped_share: float = 0.5
    max_roll_deg: float = 35.0


@dataclass(frozen=True, kw_only=True)
class Readout:
    """How a rate is read from a wave's spectrum: the band searched and the FFT length after zero padding."""

    band_bpm: tuple[float, float] = (40.0, 180.0)
    fft_length: int = 4096

    def __post_init__(self) -> None:
        low, high = self.band_bpm
        if not 0 < low < high <= 600:
            raise SpecError(f"band {self.band_bpm} BPM; give two rising rates of at most 600")
        if not 64 <= self.fft_length <= 1 << 20:
            raise SpecError(f"FFT length {self.fft_length}; give 64 to 1,048,576")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A rule by which a reading is refused.

    Attributes
    ----------
    weights
        Feature of the reading to its weight, such as ``confidence``.
    threshold
        A weighted sum below it is refused.
    reason
        What is then said instead of a rate.
    """

    weights: dict[str, float]
    threshold: float
    reason: Reason = Reason.NO_PULSE

    def __post_init__(self) -> None:
        numbers = (self.threshold, *self.weights.values())
        if not self.weights or not all(math.isfinite(number) for number in numbers):
            raise SpecError(f"refusal {self}: give at least one feature, and finite numbers")


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """One model's contract.

    Attributes
    ----------
    model
        Its name in the catalogue.
    rate_hz, window, hop
        Frames per second, frames in a window, frames between windows.
    rois
        Where each ROI lies, in ROI order: a box of a face box, or a placement by six key points.
    input_scale, input_zero_point
        The input tensor's INT8 quantisation: real = scale * (q - zero point).
    output
        What the float output is: ``bpm`` in beats per minute, or a ``waveform`` without unit.
    readout
        How a rate is read from a waveform.
    training_sha256
        Hash of the data it was trained on; ``None`` where that is not known.
    cells, normaliser
        Into how many cells each ROI is cut, and how their colours become the input; ``None`` where patches are.
    phases
        A waveform comes as so many interleaved parts, float [1, phases, 1, window / phases]: sample n is in part
        n mod phases.
    refusals
        By which rules a reading is refused; the first that applies gives the reason.
    """

    model: str
    rate_hz: float
    window: int
    hop: int
    rois: dict[str, Box] | dict[str, Placement]
    input_scale: float
    input_zero_point: int
    output: Literal["bpm", "waveform"]
    readout: Readout = Readout()
    training_sha256: str | None = None
    cells: int | None = None
    normaliser: Normaliser | None = None
    phases: int = 1
    refusals: tuple[Refusal, ...] = ()

    def __post_init__(self) -> None:
        checks = {
            "rate_hz": 1 <= self.rate_hz <= 1000,
            "window": 1 <= self.window <= 1 << 16,
            "hop": 1 <= self.hop <= self.window,
            "input_scale": math.isfinite(self.input_scale) and self.input_scale > 0,
            "input_zero_point": -128 <= self.input_zero_point <= 127,
            "output": self.output in ("bpm", "waveform"),
            "rois": all(_lies_inside(place) for place in self.rois.values()),
            "cells": (self.cells is None) == (self.normaliser is None) and self.cells in (None, 1, 4, 16),
            "normaliser": self.normaliser is None or self._follows(self.normaliser),
            "phases": 1 <= self.phases <= self.window and self.window % self.phases == 0,
        }
        for name, good in checks.items():
            if not good:
                raise SpecError(f"model spec: {name} is {getattr(self, name)!r}, outside what it may be")

    def _follows(self, normaliser: Normaliser) -> bool:
        """Whether windows and input are what the normaliser makes."""
        made = (normaliser.rate_hz, normaliser.window, normaliser.hop, normaliser.input_scale, 0)
        return made == (self.rate_hz, self.window, self.hop, self.input_scale, self.input_zero_point)

    @property
    def clip_shape(self) -> tuple[int, int, int]:
        """A clip's colour differences, cells and samples; no cells where patches are taken."""
        return 3, len(self.rois) * (self.cells or 0), self.window

    def to_json(self) -> str:
        """Write the record as JSON with sorted keys: the same record gives the same text."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def of_metadata(cls, metadata: Mapping[str, str]) -> Self | None:
        """Read the record from an ONNX file's metadata; ``None`` where it holds none. Raises as :meth:`from_json`."""
        text = metadata.get(METADATA_KEY)
        return None if text is None else cls.from_json(text)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a record written by :meth:`to_json`; fields that an older file lacks have their defaults.

        Raises
        ------
        SpecError
            The text is not JSON, too large, or a field is missing, unknown or outside its range.
        """
        if len(text) > MAX_JSON_BYTES:
            raise SpecError(f"model spec of {len(text)} bytes; at most {MAX_JSON_BYTES}")
        try:
            fields: dict[str, Any] = json.loads(text)
            fields["rois"] = {name: _place(place) for name, place in fields["rois"].items()}
            readout = fields["readout"]
            low, high = map(float, readout["band_bpm"])
            fields["readout"] = Readout(band_bpm=(low, high), fft_length=readout["fft_length"])
            if fields.get("normaliser") is not None:
                fields["normaliser"] = Normaliser(**fields["normaliser"])
            fields["refusals"] = tuple(_refusal(**rule) for rule in fields.get("refusals", ()))
            spec = cls(**fields)
            placements = [place for place in spec.rois.values() if isinstance(place, Placement)]
            for record in (spec, spec.readout, spec.normaliser, *spec.refusals, *placements):
                _refuse_types(record)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise SpecError(f"model spec cannot be read: {error}; export the model again") from error
        return spec


KINDS: Final[Mapping[object, tuple[type, ...]]] = {
    int: (int,),
    float: (int, float),
    str: (str,),
    int | None: (int, type(None)),
    str | None: (str, type(None)),
}


def _refuse_types(record: object) -> None:
    """Hold the plain fields of a record read from JSON against their types: 256.5 samples pass every comparison."""
    for field in dataclasses.fields(record) if dataclasses.is_dataclass(record) else ():
        value, kinds = getattr(record, field.name), KINDS.get(field.type)
        if kinds and (isinstance(value, bool) or not isinstance(value, kinds)):
            raise TypeError(f"{field.name} is {value!r}")


def _place(fields: Any) -> Box | Placement:  # noqa: ANN401 - the file decides
    if isinstance(fields, dict):
        return Placement(**{**fields, "weights": tuple(map(float, fields["weights"]))})
    x0, x1, y0, y1 = map(float, fields)
    return x0, x1, y0, y1


def _refusal(*, reason: str, weights: Any, **fields: Any) -> Refusal:  # noqa: ANN401 - the file decides
    return Refusal(reason=Reason(reason), weights={name: float(weight) for name, weight in weights.items()}, **fields)


def _lies_inside(place: Box | Placement) -> bool:
    """Whether a box lies in its face box; a placement has checked itself."""
    if isinstance(place, Placement):
        return True
    x0, x1, y0, y1 = place
    return 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1


ULTRALIGHT: Final = ModelSpec(
    model="ultralight",
    rate_hz=30.0,
    window=8,
    hop=1,
    rois=GUIDE_ROIS,
    input_scale=1 / 255,
    input_zero_point=-128,
    output="bpm",
)
"""The guide's model: a camera byte minus 128 is its INT8 input."""

PULSE12: Final = ModelSpec(
    model="pulse12",
    rate_hz=Normaliser().rate_hz,
    window=Normaliser().window,
    hop=Normaliser().hop,
    rois=FACE_ROIS,
    input_scale=Normaliser().input_scale,
    input_zero_point=0,
    output="waveform",
    cells=CELLS_PER_ROI,
    normaliser=Normaliser(),
    phases=4,
)
"""Our model: one window of twelve normalised cells to its pulse wave."""

ModelName = Literal["pulse12", "ultralight"]
