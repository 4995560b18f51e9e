"""Options of the FP32 export. No torch here, so that the command line stays light."""

from dataclasses import dataclass

from pulse8.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """How the FP32 file is written."""

    opset: int = 13
    """The ONNX operator set; the STM32N6's tool and per-channel INT8 need 13."""

    def __post_init__(self) -> None:
        if not 11 <= self.opset <= 20:
            raise SpecError(f"opset {self.opset}; choose 11 to 20 (13 for the STM32N6, and per-channel INT8 needs 13)")
