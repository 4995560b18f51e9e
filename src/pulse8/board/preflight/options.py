"""Options of the pre-flight."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class PreflightOptions:
    """How the vendor's tool will be called.

    Attributes
    ----------
    channel
        Position of the channels in the board's input: ``last`` is what ``pulse8 stedgeai`` asks for.
    vendor_report
        A report that the vendor's tool wrote about this model; its gates join the checks.
    """

    channel: Literal["last", "first"] = "last"
    vendor_report: Path | None = None
