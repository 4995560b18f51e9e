"""Sections on the inside of the INT8 file: SQNR layer by layer, and the parts that cause the noise."""

import shlex
from typing import Final

from pulse8.convert.diagnose.diagnose import Diagnosis, advice
from pulse8.convert.evidence.gather import DIAGNOSIS, Evidence
from pulse8.convert.verify.plans import ELSEWHERE
from pulse8.measure.draw.agreement import layer_sqnr_svg
from pulse8.report.html import Picture, Section, Table

SHOWN: Final = 8
"""Number of parts in the table, the noisiest first."""


def layers_section(evidence: Evidence) -> Section:
    """Return the SQNR of each tensor, and the noise that each part adds to the output."""
    verdict, diagnosis = evidence.verdict, evidence.diagnosis
    text = [] if verdict.layers else [f"Layers: not measured: {verdict.layers_missing}"]
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    if verdict.layers:
        weakest = min(verdict.layers, key=lambda layer: layer.sqnr_db)
        text.append(
            "Each FP32 tensor's signal about its mean, over the INT8 file's error in it. Errors add up."
            f" Weakest: {weakest.layer}, {weakest.sqnr_db:.1f} dB."
        )
        names, decibels = [layer.layer for layer in verdict.layers], [layer.sqnr_db for layer in verdict.layers]
        listed = ", ".join(f"{name} {value:.0f}" for name, value in zip(names, decibels, strict=True))
        pictures = (
            Picture(
                svg=layer_sqnr_svg(names, decibels),
                caption="From the input (top) to the output (bottom), dB.",
                alt=f"SQNR of each tensor, dB: {listed}",
            ),
        )
    if diagnosis is None:
        text.append("Which part makes the noise: not measured; run the command below.")
    else:
        text.append(_noisiest(evidence, diagnosis))
        tables = (_parts(diagnosis),)
    return Section(
        title="SQNR layer by layer",
        text=tuple(text),
        tables=tables,
        code=() if diagnosis is not None else (_command(evidence),),
        pictures=pictures,
    )


def _noisiest(evidence: Evidence, diagnosis: Diagnosis) -> str:
    """Name the part to blame: no diagnosis of some windows calls a file good that its verdict does not."""
    gates = evidence.verdict.gates
    failed = [gate.line for gate in gates if not gate.met and gate.name not in ELSEWHERE]
    _, why = advice(diagnosis.sqnr_db, diagnosis.findings, failed)
    return f"Which part makes the noise, on {diagnosis.samples} calibration windows, not those of the verdict: {why}."


def _command(evidence: Evidence) -> str:
    fp32, int8 = (path.name if (path := evidence.path(name)) else "FILE" for name in ("fp32", "int8"))
    words = ("pulse8", "diagnose", "--fp32", fp32, "--int8", int8, "--calibration", "FILE", "--output", DIAGNOSIS)
    return shlex.join(words)


def _parts(diagnosis: Diagnosis) -> Table:
    rows = tuple(
        (
            f"{part.name}, {part.kind}",
            f"{part.noise_share:.1%}",
            f"{part.alone_db:.1f}",
            f"{part.without_db:.1f}",
            "-" if part.clipped_share is None else f"{part.clipped_share:.2%}",
            "; ".join(part.causes) or "none found",
        )
        for part in diagnosis.findings[:SHOWN]
    )
    head = ("part", "noise", "alone, dB", "all but it, dB", "clipped", "what is wrong")
    return Table(head=head, rows=rows, caption=f"The {len(rows)} noisiest of {len(diagnosis.findings)} parts")
