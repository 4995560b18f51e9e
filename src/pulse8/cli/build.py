"""``pulse8 build``: the whole line in one go."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.build.line import BuildOptions, run_build
from pulse8.build.verify.text import guide_report, own_report
from pulse8.cli.printing import NEXT_STEP, print_json, watch, without_advice


@dataclass(frozen=True, kw_only=True)
class Flags(BuildOptions):
    """Take a checkpoint to a verified INT8 model and a report; by default the shipped one, on simulated data."""

    checkpoint: Path | None = None
    """A state dict of ultralight, or a dict with model_state_dict."""
    data: Path | None = None
    """Windows with labels in the guide's format."""
    output: Path = Path("pulse8-build")
    """Folder to write into."""
    json: bool = False
    """Print one machine-readable record."""


def run(flags: Flags) -> int:
    """Build, print the verdict and where the report is; 1 where the verdict is against the model."""
    with without_advice():
        built = run_build(flags.output, flags.checkpoint, flags.data, flags, watch)
    if flags.json:
        print_json(built)
    else:
        made = built.quantized
        print(guide_report(built.verdict.comparison, built.verdict.failures))
        print(f"\n{own_report(built.verdict)}")
        print(f"\n{NEXT_STEP.format(spatial=made.spatial, temporal=made.temporal)}")
        print(f"\nmodels: {made.whole.parent}\nreport: {built.report}")
    return 0 if built.verdict.passed else 1
