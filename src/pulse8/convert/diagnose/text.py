"""The diagnosis as a table for a terminal."""

from pulse8.convert.diagnose.diagnose import Diagnosis
from pulse8.convert.diagnose.findings import PartFinding

HEAD = "  part                          noise   alone  without   SQNR    bias  clipped   used  dead  silenced"


def ranked_table(diagnosis: Diagnosis, command: str = "pulse8 quantize") -> str:
    """Return the parts by decreasing noise, then what to fix; ``command`` is what quantised the file."""
    rows = "\n".join(_row(finding) for finding in diagnosis.findings)
    causes = "\n".join(
        f"  {finding.name} ({finding.kind}): {cause}" for finding in diagnosis.findings for cause in finding.causes
    )
    ending = f"Fix {diagnosis.advice}" if diagnosis.layer_to_fix else f"Good: {diagnosis.advice}"
    return (
        f"INT8 keeps {diagnosis.sqnr_db:.1f} dB of the FP32 output on {diagnosis.samples} calibration windows\n\n"
        f"{HEAD}\n{rows}\n\n"
        "  noise: share of all parts' noise, each alone; alone: the output's SQNR with this part alone in INT8;\n"
        "  without: with all but this part in INT8; SQNR, bias (in steps): of the tensor itself; errors add up\n\n"
        f"{f'What is wrong:{chr(10)}{causes}{chr(10)}{chr(10)}' if causes else ''}{ending}"
        f"{_remedy(diagnosis, command)}\n"
        f"{diagnosis.folder}: diagnosis.json, noise.svg, histograms.svg"
    )


def _remedy(diagnosis: Diagnosis, command: str) -> str:
    if diagnosis.layer_to_fix is None:
        return ""
    if diagnosis.remedy is None:
        return "\nOf other ranges and equalisation, tried on these samples, none gains a decibel"
    return f"\nTried on these samples: {diagnosis.remedy.sqnr_db:.1f} dB with\n  {command} {diagnosis.remedy.flags}"


def _row(finding: PartFinding) -> str:
    name = f"{finding.name}, {finding.kind}"
    start = f"  {name:<28} {finding.noise_share:>6.1%} {finding.alone_db:>7.1f} {finding.without_db:>8.1f}"
    if finding.sqnr_db is None or finding.clipped_share is None or finding.used_share is None:
        return start
    return (
        f"{start} {finding.sqnr_db:>6.1f} {finding.bias_steps:>+7.2f} {finding.clipped_share:>8.2%}"
        f" {finding.used_share:>6.0%} {finding.dead:>5} {finding.silenced:>9}"
    )
