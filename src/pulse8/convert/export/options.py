"""Options of the FP32 export. No torch here, so that the command line stays light."""

from dataclasses import dataclass

from pulse8.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """The ONNX operator set to write; the STM32N6's tool and per-channel INT8 need 13."""

    opset: int = 13

    def __post_init__(self) -> None:
        if not 11 <= self.opset <= 20:
            raise SpecError(f"opset {self.opset}; choose 11 to 20 (13 for the STM32N6, and per-channel INT8 needs 13)")
