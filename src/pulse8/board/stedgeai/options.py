"""Options of the vendor's tool."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pulse8.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class StedgeaiOptions:
    """How stedgeai is called.

    Attributes
    ----------
    optimization
        Level of the NPU compiler: start with 1 or 2, then compare 3 on your board.
    name
        The network's name in the generated code; two networks on one board need two.
    memory_pool
        The .mpool file of your board, from the tool's own folder.
    validate
        Run on a connected board after generating.
    port
        Where the board is.
    timeout_s
        Longest that one call may take.
    """

    optimization: Literal[1, 2, 3] = 2
    name: str = "network"
    memory_pool: Path | None = None
    validate: bool = False
    port: str = "serial:921600"
    timeout_s: float = 900.0

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or not self.name.isascii():
            raise SpecError(f"name {self.name!r}; give a C identifier, such as rppg_spatial")
        if not 1 <= self.timeout_s <= 86_400:
            raise SpecError(f"timeout of {self.timeout_s:g} s; give 1 to 86,400")
