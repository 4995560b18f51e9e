"""The engine behind an answer: its name, its version, and the processor's integer features."""

import platform
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from pulse8.manifest import tool_versions

RunnerName = Literal["integer", "ort"]

FEATURES: Final = ("SSSE3", "SSE41", "AVX2", "AVX512BW", "AVX512VNNI", "ASIMD", "ASIMDDP", "SVE", "VSX", "RVV")
"""Features, among those that numpy detects, which decide the kernels and the speed of byte products."""

ENGINES: Final[dict[RunnerName, tuple[str, tuple[str, ...]]]] = {
    "integer": ("integer reference", ("pulse8", "numpy")),
    "ort": ("ONNX Runtime in float32, QDQ fusion off", ("onnxruntime",)),
}
"""Title, and the packages whose versions decide its results."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The engine that ran a model.

    Attributes
    ----------
    name
        The integer reference, whose bytes are the same on every processor, or ONNX Runtime in float32.
    version
        Versions of pulse8 and numpy, or of onnxruntime.
    processor
        The processor's architecture.
    features
        Those of ``FEATURES`` that the processor has.
    """

    name: str
    version: str
    processor: str
    features: tuple[str, ...]

    @property
    def title(self) -> str:
        """Engine, versions and processor as one phrase."""
        return f"{self.name} ({self.version}) on {self.processor} with {', '.join(self.features) or 'none of these'}"


def engine(runner: RunnerName) -> Engine:
    """Describe one of the engines on this processor."""
    name, packages = ENGINES[runner]
    versions = tool_versions()
    version = ", ".join(f"{package} {versions.get(package, 'of no known version')}" for package in packages)
    return Engine(name=name, version=version, processor=platform.machine(), features=integer_features())


def integer_features() -> tuple[str, ...]:
    """Return the processor's integer features as its CPU identification reports them, emulated ones included."""
    features: dict[str, bool] = np._core._multiarray_umath.__cpu_features__  # type: ignore[attr-defined]  # noqa: SLF001 - numpy shows it in show_runtime() alone
    return tuple(name for name in FEATURES if features.get(name))
