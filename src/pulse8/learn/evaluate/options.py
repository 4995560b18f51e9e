"""What is evaluated."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """Which methods are evaluated on which simulated strata. POS and the constant predictor always are.

    Attributes
    ----------
    strata
        Names; empty for all test strata and anchors.
    limit
        Only so many subjects of each; 0 for all. Fewer give wider intervals, and the table says so.
    method
        Classical methods: green, ica, chrom, pos, pbv, lgi, omit, fused-pos.
    model
        ONNX files of networks that take clips, FP32 or INT8; each is a method called by its file's name.
    oracle
        Whether the best fixed filter, fitted with the truth, stands beside them; it takes most of the time.
    mechanisms
        Instead of the strata, the people of the hard one with motion, flicker, codec, exposure or specular light alone:
        what networks that were trained without one of them do on it.
    by
        Conditions by which all windows are parted, such as skin.melanin; the usual ones if none is given.
    """

    strata: tuple[str, ...] = ()
    limit: int = 0
    method: tuple[str, ...] = ("green", "chrom", "pos", "fused-pos")
    model: tuple[Path, ...] = ()
    oracle: bool = True
    mechanisms: bool = False
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.limit < 0 or self.limit == 1:
            raise SpecError(f"limit of {self.limit} subjects; give 0 for all, or at least 2")
        if self.mechanisms and self.strata:
            raise SpecError("mechanisms are tested on the hard stratum; leave --strata away")
