"""``pulse8 build``: the whole line in one command."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.board.inputs import known_inputs
from pulse8.cli.printing import next_step, print_json, watch, without_advice
from pulse8.cli.saying import LANGUAGE, Spoken, say
from pulse8.convert.files import USUAL_FOLDER
from pulse8.convert.line import BuildOptions, run_build
from pulse8.convert.verify.text import verdict_report


@dataclass(frozen=True, kw_only=True)
class Flags(BuildOptions, Spoken):
    """Take a checkpoint to a verified INT8 model and a report; by default the shipped one, on simulated data."""

    checkpoint: Path | None = None
    """A checkpoint other than the shipped one; the file itself states its network."""
    data: Path | None = None
    """Windows with labels: clips for pulse12, the guide's format for ultralight."""
    output: Path = USUAL_FOLDER
    """Folder to write into."""
    json: bool = False
    """Print one machine-readable record."""


def run(flags: Flags) -> int:
    """Build, print the verdict and the report's path; return 1 where the verdict is not met."""
    with without_advice():
        built = run_build(flags.output, flags.checkpoint, flags.data, flags, watch, LANGUAGE.get())
    if flags.json:
        print_json(built)
    else:
        quantized = built.quantized
        say(verdict_report(built.verdict, known_inputs(quantized.whole), built.layer))
        if built.verdict.passed:
            say(f"\n{next_step(quantized.whole, quantized.spatial, quantized.temporal)}")
        board = f"\nboard:  {built.board}" if built.board else ""
        say(f"\nmodels: {quantized.whole.parent}{board}\nreport: {built.report}")
    return 0 if built.verdict.passed else 1
