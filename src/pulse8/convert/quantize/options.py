"""Options of the calibration set and of the INT8 writer: our own records in front of the library's."""

from dataclasses import dataclass
from typing import Final, Literal

from pulse8.errors import SpecError

MIN_SAMPLES = 30
PERCENTILE: Final = 99.99
REFUSED: Final = {
    "moving-average": "it averages the windows' extremes, and half of all windows go beyond an average",
    "distribution": "ONNX Runtime makes float8 scales with it, and INT8 outputs become noise",
}
"""What ONNX Runtime offers and this line does not; decision 0035 has the figures."""


@dataclass(frozen=True, kw_only=True)
class CalibrateOptions:
    """Which training windows the activation ranges are taken from."""

    num_samples: int = 200
    """Calibration windows; all there are, where there are fewer."""
    distribution: Literal["stratified", "natural", "uniform"] = "stratified"
    """How they are drawn: stratified, as many from every 10 BPM of 40-160 as there are; natural, at random, as the data
    come; uniform, evenly spaced in file order."""
    seed: int = 0
    """Seed of the draw."""

    def __post_init__(self) -> None:
        if not MIN_SAMPLES <= self.num_samples <= 1_000_000:
            raise SpecError(
                f"{self.num_samples} calibration samples; give at least {MIN_SAMPLES} (the guide takes 200)"
            )
        if not 0 <= self.seed < 1 << 32:
            raise SpecError(f"seed {self.seed}; give 0 to {(1 << 32) - 1:,}")


@dataclass(frozen=True)
class RangeRule:
    """How a tensor's range is taken from its values; ``percentile`` is the share in % that stays inside."""

    method: Literal["minmax", "percentile", "entropy"]
    percentile: float = PERCENTILE

    @classmethod
    def of(cls, text: str) -> "RangeRule":
        """Read ``minmax``, ``entropy``, ``percentile`` or ``percentile:99.9``.

        Raises
        ------
        SpecError
            It is none of these, or one that ONNX Runtime offers and that loses the pulse.
        """
        name, _, share = text.strip().lower().partition(":")
        if name in REFUSED:
            raise SpecError(f"range method {name} is refused: {REFUSED[name]}; take minmax or percentile")
        if share and name != "percentile":
            raise SpecError(f"range method {text!r}: only percentile takes a number, such as percentile:99.9")
        try:
            percentile = float(share or PERCENTILE)
        except ValueError:
            raise SpecError(f"range method {text!r}: {share!r} is no number; write percentile:99.9") from None
        if not 90 <= percentile <= 100:
            raise SpecError(f"range method {text!r}: give a percentile of 90 to 100")
        match name:
            case "minmax" | "entropy" | "percentile":
                return cls(name, percentile)
        raise SpecError(f"unknown range method {text!r}; choose from minmax, percentile, percentile:P, entropy")


@dataclass(frozen=True, kw_only=True)
class QuantizeOptions:
    """The STM32N6's scheme: weights S8 symmetric, activations S8 asymmetric a tensor, biases S32."""

    per_channel: bool = True
    """One weight scale for every output channel; False gives one a tensor."""
    method: str = "percentile"
    """Ranges of activations: minmax, percentile (99.99), percentile:P, entropy."""
    layers: tuple[str, ...] = ()
    """Tensors with a method of their own, such as conv1_relu=entropy conv2_relu=percentile:99.9."""
    equalise: bool = False
    """Bring a tensor's channels to like ranges first, by factors in the weights around it; FP32 computes the same."""

    def __post_init__(self) -> None:
        RangeRule.of(self.method)
        for text in self.layers:
            name, equals, method = text.partition("=")
            if not name or not equals:
                raise SpecError(f"layer {text!r}; write TENSOR=METHOD, such as conv1_relu=entropy")
            RangeRule.of(method)

    def rule(self, tensor: str) -> RangeRule:
        """Return the rule of a tensor: its own, or the one of all."""
        return RangeRule.of(self.own_rules.get(tensor, self.method))

    @property
    def own_rules(self) -> dict[str, str]:
        """Tensor name to the method that it has of its own."""
        return dict(text.split("=", 1) for text in self.layers)
