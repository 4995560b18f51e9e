"""Options of a board folder."""

from dataclasses import dataclass
from typing import Final, Literal

from pulse8.errors import SpecError

TargetName = Literal["m55", "npu"]


@dataclass(frozen=True, kw_only=True)
class BoardOptions:
    """Options of the firmware.

    Attributes
    ----------
    max_fps
        Highest frame rate that the frame ring has room for, frames per second: a 30 Hz camera and a little more.
    join_windows
        Number of windows whose waves are joined before a rate is read. The host reads single windows, and the model's
        refusal rules were chosen on them; 5 windows span 12.5 s, which is steadier and follows changes more slowly.
    """

    max_fps: int = 31
    join_windows: int = 1

    def __post_init__(self) -> None:
        if not (8 <= self.max_fps <= 240 and 1 <= self.join_windows <= 16):
            raise SpecError(f"{self.max_fps} frames per second, {self.join_windows} windows; give 8-240 and 1-16")


MOST_WINDOWS: Final = 4096


@dataclass(frozen=True, kw_only=True)
class DeployOptions(BoardOptions):
    """How a board folder is written.

    Attributes
    ----------
    target
        Where the network runs: on the Cortex-M55, proven byte for byte, or on the NPU, which needs the vendor's tool.
    windows
        Windows in the test vectors.
    unverified
        Accept a file whose verdict failed or belongs to other bytes.
    camera
        Whether a folder that reads heart rates also finds and follows the face in a camera's pictures; without it the
        key points come from elsewhere.
    """

    target: TargetName = "m55"
    windows: int = 64
    unverified: bool = False
    camera: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.windows <= MOST_WINDOWS:
            raise SpecError(f"{self.windows} test windows; give 1 to {MOST_WINDOWS}")
