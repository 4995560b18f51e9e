"""``pulse8 simulate``: ROI patches with known heart rates, as a data file of the guide's format."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.printing import print_json, watch
from pulse8.learn.datasets.simulated import simulate
from pulse8.learn.simulate.patches import SimulateOptions


@dataclass(frozen=True, kw_only=True)
class Flags(SimulateOptions):
    """Write simulated ROI patches with known heart rates."""

    output: Path = Path("data/ubfc_processed.pt")
    """Data file to write, in the guide's format."""
    json: bool = False
    """Print one machine-readable record."""


def run(flags: Flags) -> int:
    """Simulate and say what was written."""
    row = simulate(flags.output, flags, watch)
    if flags.json:
        print_json(row)
        return 0
    count = flags.subjects * flags.windows
    print(f"{count} simulated windows of {flags.subjects} simulated subjects (seed {flags.seed}): {flags.output}")
    return 0
