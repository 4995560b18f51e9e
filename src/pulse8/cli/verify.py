"""``pulse8 verify``: INT8 against FP32 on held-out data."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.board.inputs import known_inputs, pair_paths
from pulse8.cli.names import DATA, FP32, INT8
from pulse8.cli.printing import next_step, print_json, watch
from pulse8.cli.saying import Spoken, say
from pulse8.convert.export.recognise import is_own
from pulse8.convert.verify.options import VerifyOptions
from pulse8.convert.verify.own import verify_own
from pulse8.convert.verify.own_text import own_network_report
from pulse8.convert.verify.text import verdict_report
from pulse8.convert.verify.verify import verify


@dataclass(frozen=True, kw_only=True)
class Flags(VerifyOptions, Spoken):
    """Compare INT8 with FP32: on subjects that neither training nor calibration saw, or on samples of your own."""

    fp32: Path = FP32
    """FP32 ONNX: pulse8's, or a network of your own."""
    int8: Path = INT8
    """INT8 ONNX."""
    data: Path = DATA
    """Windows with labels; for a network of your own a folder of .npy, or an .npz that may hold class `labels`."""
    json: bool = False
    """Print one machine-readable record."""


def run(flags: Flags) -> int:
    """Verify, print the report, and return 1 where the verdict is against the INT8 file."""
    if is_own(flags.fp32):
        return _run_own(flags)
    verified = verify(flags.fp32, flags.int8, flags.data, flags, watch)
    verdict = verified.verdict
    if flags.json:
        print_json(verdict)
        return 0 if verdict.passed else 1
    named = {"fp32": flags.fp32, "int8": flags.int8, "data": flags.data}
    say(verdict_report(verdict, {**known_inputs(flags.int8), **named}))
    if verdict.passed:
        say(f"\n{next_step(flags.int8, *(pair_paths(flags.int8) if verdict.waves is None else (None, None)))}")
    return 0 if verdict.passed else 1


def _run_own(flags: Flags) -> int:
    verdict, _ = verify_own(flags.fp32, flags.int8, flags.data, flags, watch)
    if flags.json:
        print_json(verdict)
    else:
        say(own_network_report(verdict))
    return 0 if verdict.passed else 1
