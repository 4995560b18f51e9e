"""The diagnosis as a table for a terminal."""

from pulse8.convert.diagnose.diagnose import Diagnosis
from pulse8.convert.diagnose.findings import Finding

HEAD = "  part                          noise   alone  without   SQNR    bias  clipped   used  dead  silenced"


def ranked_table(found: Diagnosis) -> str:
    """Return the parts from the one with most noise down, then what to mend."""
    rows = "\n".join(_row(each) for each in found.findings)
    causes = "\n".join(f"  {each.name} ({each.kind}): {cause}" for each in found.findings for cause in each.causes)
    mend = f"Mend {found.advice}" if found.mend else f"Good: {found.advice}"
    return (
        f"INT8 keeps {found.sqnr_db:.1f} dB of the FP32 output on {found.samples} calibration windows\n\n"
        f"{HEAD}\n{rows}\n\n"
        "  noise: share of all parts' noise, each alone; alone: the output's SQNR with this part alone in INT8;\n"
        "  without: with all but this part in INT8; SQNR, bias (in steps): of the tensor itself; errors add up\n\n"
        f"{f'What is wrong:{chr(10)}{causes}{chr(10)}{chr(10)}' if causes else ''}{mend}\n"
        f"{found.folder}: diagnosis.json, noise.svg, histograms.svg"
    )


def _row(each: Finding) -> str:
    name = f"{each.name}, {each.kind}"
    start = f"  {name:<28} {each.noise_share:>6.1%} {each.alone_db:>7.1f} {each.without_db:>8.1f}"
    if each.sqnr_db is None or each.clipped_share is None or each.used_share is None:
        return start
    return (
        f"{start} {each.sqnr_db:>6.1f} {each.bias_steps:>+7.2f} {each.clipped_share:>8.2%} {each.used_share:>6.0%}"
        f" {each.dead:>5} {each.silenced:>9}"
    )
