"""What is chosen when a model is made ready for a board."""

from dataclasses import dataclass
from typing import Final, Literal

from pulse8.errors import SpecError

TargetName = Literal["m55", "npu"]


@dataclass(frozen=True, kw_only=True)
class BoardOptions:
    """What a board's owner chooses.

    Attributes
    ----------
    max_fps
        Frames a second that the ring of frames is made for: a camera of 30 Hz with a little room.
    join_windows
        Windows whose waves are joined before a rate is read. 1 is what the host reads, and what the model's refusal was
        chosen on; 5 make 12.5 s, steadier and slower to follow.
    """

    max_fps: int = 31
    join_windows: int = 1

    def __post_init__(self) -> None:
        if not (8 <= self.max_fps <= 240 and 1 <= self.join_windows <= 16):
            raise SpecError(f"{self.max_fps} frames a second, {self.join_windows} windows; give 8-240 and 1-16")


MOST_WINDOWS: Final = 4096


@dataclass(frozen=True, kw_only=True)
class DeployOptions(BoardOptions):
    """How a board folder is made.

    Attributes
    ----------
    target
        Where the network runs: on the Cortex-M55, proven byte for byte, or on the NPU, which needs the vendor's tool.
    windows
        Windows in the test vectors.
    unverified
        Take a file although the verdict beside it is against it, or is of other bytes.
    """

    target: TargetName = "m55"
    windows: int = 64
    unverified: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.windows <= MOST_WINDOWS:
            raise SpecError(f"{self.windows} test windows; give 1 to {MOST_WINDOWS}")
