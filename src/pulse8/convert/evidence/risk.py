"""The section on refusal: how the error falls when only the most confident readings are shown."""

from collections.abc import Iterator, Mapping

import numpy as np

from pulse8.convert.evidence.gather import Evidence
from pulse8.convert.evidence.words import note
from pulse8.convert.verify.predictions import Predictions, Values
from pulse8.measure.draw.agreement import risk_coverage_svg
from pulse8.measure.signal.selection import COVERAGES, risk_coverage, risks_at
from pulse8.report.html import Picture, Section, Table


def risk_section(evidence: Evidence) -> Section:
    """Return the error of the most confident readings, for a network whose readings have a confidence."""
    curves = _curves(evidence.windows)
    title = "Risk and coverage"
    if not curves:
        missing = "Not measured: this network gives a rate and no wave, so its readings have no confidence."
        return Section(title=title, text=(missing,))
    rows = [(name, *(f"{risk:.2f}" for risk in risks_at(*pair))) for name, pair in curves.items()]
    pos = evidence.verdict.comparison.pos_mae
    baselines = {"always the training mean": evidence.verdict.comparison.constant_mae} | ({"POS": pos} if pos else {})
    return Section(
        title=title,
        text=(
            "Mean absolute error of the surest share of windows, by the reading's own confidence. "
            + " ".join(_shown_sentences(evidence.windows)),
        ),
        tables=(Table(head=("MAE, BPM, of the surest", *(f"{share:.0%}" for share in COVERAGES)), rows=tuple(rows)),),
        pictures=(
            Picture(
                svg=risk_coverage_svg({name: risk_coverage(*pair) for name, pair in curves.items()}, baselines),
                caption="Error of the surest windows over their share; straight lines: on all windows."
                f"{note(evidence)}",
                alt="; ".join(f"{row[0]}: {row[1]} BPM on all, {row[-1]} on the surest half" for row in rows),
            ),
        ),
    )


def _curves(windows: Predictions) -> Mapping[str, tuple[Values, Values]]:
    """Errors and confidences by model."""
    return {
        name: (np.abs(bpm - windows.labels), confidence)
        for name, bpm, confidence in (
            ("FP32", windows.fp32, windows.fp32_confidence),
            ("INT8", windows.int8, windows.int8_confidence),
        )
        if confidence is not None
    }


def _shown_sentences(windows: Predictions) -> Iterator[str]:
    for name, bpm, shown in (("FP32", windows.fp32, windows.fp32_shown), ("INT8", windows.int8, windows.int8_shown)):
        if shown is not None and shown.any():
            mae = np.abs(bpm - windows.labels)[shown].mean()
            yield f"By the model's own rules {name} shows {shown.mean():.0%} of the windows, MAE {mae:.2f} BPM."
        elif shown is not None:
            yield f"By the model's own rules {name} shows none of the windows."
