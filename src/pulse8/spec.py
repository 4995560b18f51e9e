"""What a model expects and returns, as one record that travels inside its ONNX file.

The record is JSON under the metadata key ``pulse8.spec``. Python, the board's C header and the documents are made from
it. It holds no accuracy figures: those are in the manifest and the model card, bound to the file's hash.
"""

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Self

from pulse8.errors import SpecError
from pulse8.intake import INTAKE, Normaliser, Patches
from pulse8.records import LARGEST, record_of, refuse_large, value_of
from pulse8.regions import FACE_ROIS, GUIDE_ROIS, Box, Placement, lies_inside
from pulse8.values import CELLS_PER_ROI, Reason

METADATA_KEY: Final = "pulse8.spec"
MAX_NPU_ROW: Final = 2_048
"""Width times channels: the NPU's line buffer (vendor's operator table for Conv)."""
MAX_JSON_BYTES: Final = 65_536

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,63}")
"""A model's or an ROI's name: read from a file, written into C, HTML and a terminal."""


@dataclass(frozen=True, kw_only=True)
class Readout:
    """How a rate is read from a wave's spectrum: the band searched and the FFT length after zero padding."""

    band_bpm: tuple[float, float] = (40.0, 180.0)
    fft_length: int = 4096

    def __post_init__(self) -> None:
        low, high = self.band_bpm
        if not (low >= 1 and low + 1 <= high <= 600):
            raise SpecError(f"band {self.band_bpm} BPM; give two rates in 1..600 that rise by 1 or more")
        if not 64 <= self.fft_length <= 1 << 20:
            raise SpecError(f"FFT length {self.fft_length}; give 64 to 1,048,576")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A rule by which a reading is refused.

    Attributes
    ----------
    weights
        Weight by feature of the reading, such as ``confidence``.
    threshold
        A weighted sum below it is refused.
    reason
        The reason reported in place of a rate.
    """

    weights: dict[str, float]
    threshold: float
    reason: Reason = Reason.NO_PULSE

    def __post_init__(self) -> None:
        numbers = (self.threshold, *self.weights.values())
        if not self.weights or not all(abs(number) <= LARGEST for number in numbers):
            raise SpecError(f"refusal {self}: give at least one feature, and numbers of at most {LARGEST:g}")


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """One model's contract.

    Attributes
    ----------
    model
        Its name in the catalogue.
    intake
        How a window becomes the input: normalised cell colours, or patches.
    rois
        Where each ROI lies, in ROI order: a box within the face box, or a placement by six key points.
    output
        What the float output is: ``bpm`` in beats per minute, or a ``waveform`` without unit.
    readout
        How a rate is read from a waveform.
    training_sha256
        Hash of the data it was trained on; ``None`` where that is not known.
    cells
        Number of cells per ROI; ``None`` for a model that takes patches.
    phases
        Number of interleaved parts of the output wave, float [1, phases, 1, window / phases]: sample n is in part
        n mod phases.
    refusals
        Rules that refuse a reading; the first that applies gives the reason.
    """

    model: str
    intake: Normaliser | Patches
    rois: dict[str, Box | Placement]
    output: Literal["bpm", "waveform"]
    readout: Readout = Readout()
    training_sha256: str | None = None
    cells: int | None = None
    phases: int = 1
    refusals: tuple[Refusal, ...] = ()

    def __post_init__(self) -> None:
        checks = {
            "model": NAME.fullmatch(self.model) is not None,
            "training_sha256": self.training_sha256 is None or NAME.fullmatch(self.training_sha256) is not None,
            "output": self.output in ("bpm", "waveform"),
            "rois": all(map(NAME.fullmatch, self.rois)) and all(map(lies_inside, self.rois.values())),
            "cells": self.cells in ((None,) if self.normaliser is None else (1, 4, 16)),
            "phases": 1 <= self.phases <= self.window and self.window % self.phases == 0,
        }
        for name, good in checks.items():
            if not good:
                raise SpecError(f"model spec: {name} is {getattr(self, name)!r:.200}, outside what it may be")

    @property
    def normaliser(self) -> Normaliser | None:
        """How cell colours become the input; ``None`` for a model that takes patches."""
        return self.intake if isinstance(self.intake, Normaliser) else None

    @property
    def rate_hz(self) -> float:
        """Samples per second."""
        return self.intake.rate_hz

    @property
    def window(self) -> int:
        """Samples in a window."""
        return self.intake.window

    @property
    def hop(self) -> int:
        """Samples from one window's start to the next one's."""
        return self.intake.hop

    @property
    def input_scale(self) -> float:
        """Value of one INT8 step of the input."""
        return self.intake.input_scale

    @property
    def input_zero_point(self) -> int:
        """The INT8 code of 0."""
        return self.intake.input_zero_point

    @property
    def clip_shape(self) -> tuple[int, int, int]:
        """A clip's colour differences, cells and samples; no cells for a model that takes patches."""
        return 3, len(self.rois) * (self.cells or 0), self.window

    def to_json(self) -> str:
        """Write the record as JSON with sorted keys: the same record gives the same text."""
        fields = dataclasses.asdict(self)
        intake = fields.pop("intake")
        fields["normaliser"] = intake if self.normaliser else None
        fields |= {name: getattr(self, name) for name in INTAKE}
        return json.dumps(fields, sort_keys=True, separators=(",", ":"))

    @classmethod
    def of_metadata(cls, metadata: Mapping[str, str]) -> Self | None:
        """Read the record from an ONNX file's metadata; ``None`` where it holds none. Raises as :meth:`from_json`."""
        text = metadata.get(METADATA_KEY)
        return None if text is None else cls.from_json(text)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a record written by :meth:`to_json`; fields that an older file lacks take their defaults.

        Raises
        ------
        SpecError
            The text is not JSON, too large, or a field is missing, unknown or outside its range.
        """
        if len(text) > MAX_JSON_BYTES:
            raise SpecError(f"model spec of {len(text)} bytes; at most {MAX_JSON_BYTES}")
        try:
            fields = dict(json.loads(text))
            refuse_large(fields)
            patches = record_of(Patches, {name: fields.pop(name) for name in INTAKE})
            normaliser = value_of(Normaliser | None, fields.pop("normaliser", None), "normaliser")
            if normaliser is not None and any(getattr(normaliser, name) != getattr(patches, name) for name in INTAKE):
                raise SpecError(f"model spec: {', '.join(INTAKE)} are not what the normaliser gives")
            return record_of(cls, {**fields, "intake": normaliser or patches})
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise SpecError(f"model spec cannot be read: {error}; export the model again") from error


ULTRALIGHT: Final = ModelSpec(model="ultralight", intake=Patches(), rois=dict(GUIDE_ROIS), output="bpm")
"""The guide's model."""

PULSE12: Final = ModelSpec(
    model="pulse12",
    intake=Normaliser(),
    rois=dict(FACE_ROIS),
    output="waveform",
    cells=CELLS_PER_ROI,
    phases=4,
)
"""Our model: one window of twelve normalised cells to its pulse wave."""

ModelName = Literal["pulse12", "ultralight"]
