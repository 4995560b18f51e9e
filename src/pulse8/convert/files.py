"""Names of the files in a build folder, and the simulated subjects used where no data are given."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pulse8.learn.prepare.simulated_clips import simulate_clips
from pulse8.learn.prepare.simulated_patches import simulate
from pulse8.learn.simulate.patches import SimulateOptions
from pulse8.manifest import Row
from pulse8.values import Watch

USUAL_FOLDER: Final = Path("pulse8-build")
BOARD: Final = "board"


@dataclass(frozen=True, kw_only=True)
class PeopleOptions:
    """The simulated subjects used where no data are given.

    Attributes
    ----------
    subjects
        Number of people; 420 for pulse12, 40 for ultralight.
    windows
        Windows per person; 4 of 8.53 s for pulse12, 15 of 8 frames for ultralight.
    seed
        The random seed they share.
    """

    subjects: int | None = None
    windows: int | None = None
    seed: int = 0

    def completed(self, usual: SimulateOptions) -> SimulateOptions:
        """Return options with the default number where none is given; raises ``SpecError`` outside their range."""
        subjects = usual.subjects if self.subjects is None else self.subjects
        windows = usual.windows if self.windows is None else self.windows
        return SimulateOptions(subjects=subjects, windows=windows, seed=self.seed)


@dataclass(frozen=True, kw_only=True)
class Files:
    """A model's file names, the simulation of its data, and the default number of people."""

    data: str
    calibration: str
    fp32: str
    int8: str
    simulate: Callable[[Path, SimulateOptions, Watch[int]], Row]
    people: SimulateOptions


FILES: Final[dict[str, Files]] = {
    "pulse12": Files(
        data="simulated.npz",
        calibration="calibration.npz",
        fp32="pulse12.onnx",
        int8="pulse12_int8.onnx",
        simulate=simulate_clips,
        people=SimulateOptions(subjects=420, windows=4),
    ),
    "ultralight": Files(
        data="simulated.pt",
        calibration="calibration_data.pt",
        fp32="rppg_fp32.onnx",
        int8="rppg_int8_qdq.onnx",
        simulate=simulate,
        people=SimulateOptions(),
    ),
}
