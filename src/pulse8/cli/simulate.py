"""``pulse8 simulate``: simulated people, as patches in the guide's format or as recordings of skin colour."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.names import DATA, GUIDE_DATA
from pulse8.cli.printing import print_json, watch
from pulse8.cli.saying import say
from pulse8.learn.prepare.simulated_clips import simulate_clips
from pulse8.learn.prepare.simulated_patches import simulate
from pulse8.learn.simulate.patches import SimulateOptions
from pulse8.learn.simulate.recording import RecordingOptions
from pulse8.learn.simulate.recording_files import WrittenRecording, write_recordings
from pulse8.notice import NOTICE
from pulse8.spec import ModelName


@dataclass(frozen=True, kw_only=True)
class Flags(SimulateOptions):
    """Write simulated ROI patches with known heart rates, or with --preset recordings of skin colour."""

    model: ModelName | None = None
    """Whose data: clips of 8.5 s for pulse12, the default but for a .pt file; windows of 8 frames for ultralight."""
    output: Path | None = None
    """Data file to write, where calibrate and verify look; with --preset the folder for the recordings."""
    preset: str | None = None
    """Conditions of the recordings: easy, medium, hard, dark, compressed, negative, near-UBFC ..."""
    seconds: float = 30.0
    """Length of each recording."""
    json: bool = False
    """Print one machine-readable record."""


@dataclass(frozen=True, kw_only=True)
class Recordings:
    """What was written."""

    recordings: tuple[WrittenRecording, ...]


def run(flags: Flags) -> int:
    """Simulate and say what was written."""
    if flags.preset is not None:
        return _write_recordings(flags, flags.preset, flags.output or Path("recordings"))
    of_guide = flags.model == "ultralight" or (flags.model is None and flags.output and flags.output.suffix == ".pt")
    output = flags.output or (GUIDE_DATA if of_guide else DATA)
    row = (simulate if of_guide else simulate_clips)(output, flags, watch)
    if flags.json:
        print_json(row)
        return 0
    count = flags.subjects * flags.windows
    say(f"{count} simulated windows of {flags.subjects} simulated subjects (seed {flags.seed}): {output}")
    return 0


def _write_recordings(flags: Flags, preset: str, output: Path) -> int:
    options = RecordingOptions(seconds=flags.seconds, seed=flags.seed)
    made = tuple(watch(write_recordings(output, preset, flags.subjects, options), "simulating", flags.subjects))
    if flags.json:
        print_json(Recordings(recordings=made))
        return 0
    say(f"{len(made)} simulated {preset} recordings of {flags.seconds:g} s: {made[0].traces} ... {made[-1].traces}")
    say(NOTICE)
    return 0
