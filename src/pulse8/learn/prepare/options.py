"""What ``pulse8 prepare`` is asked for."""

from dataclasses import dataclass
from typing import Any

from pulse8.errors import SpecError
from pulse8.measure.face.track import TRACKERS, TrackerName


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """How recordings are prepared.

    Attributes
    ----------
    roi
        Which tracker places the ROIs, as in ``pulse8 measure``.
    patches
        Keep 36x36 patches of each ROI too, 12 KB a frame: for the guide's model.
    correct_lag
        Move each contact PPG by its estimated lag to the video.
    processes
        How many recordings are read at once on this machine; each takes one core and under 400 MB.
    cluster
        Address of a dask scheduler, tcp://HOST:8786, whose workers see the same folders; empty for this machine.
    """

    roi: TrackerName = "mesh"
    patches: bool = False
    correct_lag: bool = False
    processes: int = 1
    cluster: str = ""

    def __post_init__(self) -> None:
        if self.roi not in TRACKERS:
            raise SpecError(f"unknown tracker {self.roi!r}; choose from {', '.join(TRACKERS)}")
        if not 1 <= self.processes <= 512:
            raise SpecError(f"{self.processes} processes; give 1 to 512")

    def of_content(self) -> dict[str, Any]:
        """Return the options that the prepared files depend on: not where they were prepared."""
        return {"roi": self.roi, "patches": self.patches, "correct_lag": self.correct_lag}
