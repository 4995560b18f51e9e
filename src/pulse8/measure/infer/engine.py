"""What computed an answer: the engine, its version, and what the processor offers to integer arithmetic."""

import platform
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from pulse8.manifest import tool_versions

RunnerName = Literal["integer", "ort"]

FEATURES: Final = ("SSSE3", "SSE41", "AVX2", "AVX512BW", "AVX512VNNI", "ASIMD", "ASIMDDP", "SVE", "VSX", "RVV")
"""Of those that numpy looks for: what decides how fast, and with which kernels, a library multiplies bytes."""

ENGINES: Final[dict[RunnerName, tuple[str, tuple[str, ...]]]] = {
    "integer": ("integer reference", ("pulse8", "numpy")),
    "ort": ("ONNX Runtime in float32, QDQ fusion off", ("onnxruntime",)),
}
"""Title, and whose versions decide what it computes."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """What ran a model.

    Attributes
    ----------
    name
        The integer reference, whose bytes are the same on every processor, or ONNX Runtime in float32.
    version
        Of pulse8 and numpy, or of onnxruntime.
    processor
        Its architecture.
    features
        Which of ``FEATURES`` it has.
    """

    name: str
    version: str
    processor: str
    features: tuple[str, ...]

    @property
    def title(self) -> str:
        """Name it in one sentence."""
        return f"{self.name} ({self.version}) on {self.processor} with {', '.join(self.features) or 'none of these'}"


def engine(runner: RunnerName) -> Engine:
    """Describe one of the engines on this processor."""
    name, makers = ENGINES[runner]
    found = tool_versions()
    told = ", ".join(f"{maker} {found.get(maker, 'of no known version')}" for maker in makers)
    return Engine(name=name, version=told, processor=platform.machine(), features=integer_features())


def integer_features() -> tuple[str, ...]:
    """Return the processor's integer features, as its own instruction names them: emulated ones count."""
    found: dict[str, bool] = np._core._multiarray_umath.__cpu_features__  # type: ignore[attr-defined]  # noqa: SLF001 - numpy shows it in show_runtime() alone
    return tuple(name for name in FEATURES if found.get(name))
