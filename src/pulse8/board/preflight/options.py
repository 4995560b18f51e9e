"""Options of the pre-flight."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pulse8.board.estimate.flash import Core


@dataclass(frozen=True, kw_only=True)
class PreflightOptions:
    """How the vendor's tool will be called.

    Attributes
    ----------
    channel
        Position of the channels in the board's input: ``last`` is what ``pulse8 stedgeai`` asks for.
    vendor_report
        A report that the vendor's tool wrote about this model; its gates join the checks.
    core
        Major version of ST Edge AI Core: 2.x stores depthwise weights nine times, and from 3.0 on 4-bit weights of
        convolutions and dense layers are read.
    """

    channel: Literal["last", "first"] = "last"
    vendor_report: Path | None = None
    core: Core = "3"
