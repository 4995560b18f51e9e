"""Sections on rates: the promises, errors against the label, INT8 against FP32."""

from collections.abc import Iterator

from pulse8.convert.evidence.gather import Evidence
from pulse8.convert.evidence.headline import ON_SIMULATED
from pulse8.convert.evidence.risk import risk_section
from pulse8.convert.evidence.strata import strata_section
from pulse8.convert.evidence.words import Interval, note, origin, ranged, span
from pulse8.convert.verify.predictions import Values
from pulse8.convert.verify.text import EIGHT_FRAMES, wave_lines
from pulse8.convert.verify.verdict import Accuracy, Comparison
from pulse8.measure.draw.agreement import agreement_svg, bland_altman_svg, error_histogram_svg
from pulse8.measure.signal.metrics import limits_of_agreement
from pulse8.report.html import Picture, Section, Table


def rate_sections(evidence: Evidence) -> list[Section]:
    """Return the sections in the page's order."""
    return [
        _promises(evidence),
        _accuracy(evidence),
        _agreement(evidence),
        strata_section(evidence),
        _errors(evidence),
        risk_section(evidence),
    ]


def _promises(evidence: Evidence) -> Section:
    verdict = evidence.verdict
    rows = [(gate.what, gate.asked, gate.measured, "met" if gate.met else "not met") for gate in verdict.gates]
    return Section(
        title="Promises",
        text=(
            "The limits that an INT8 file has to meet to be accepted. The documentation gives the reasons, under"
            " Decisions: Gates, and INT8 scheme of pulse12.",
        ),
        tables=(Table(head=("what", "asked", "measured", "result"), rows=(*rows, *_pre_flight_rows(evidence))),),
    )


def _pre_flight_rows(evidence: Evidence) -> Iterator[tuple[str, ...]]:
    for path, result in evidence.preflights.items():
        what = f"Errors that the pre-flight finds in {path.name} (no gate of the verdict)"
        if result is None:
            yield (what, "none", "-", "not measured")
        else:
            errors = sum(finding.severity == "error" for finding in result.findings)
            yield (what, "none", str(errors or "none"), "not met" if errors else "met")


def _accuracy(evidence: Evidence) -> Section:
    verdict, comparison = evidence.verdict, evidence.verdict.comparison
    people = f"{comparison.subjects} subjects" if comparison.subjects else "no subject ids"
    known = comparison.intervals
    rows = (
        ("FP32", comparison.fp32.mae, known.fp32 if known else None, comparison.fp32),
        ("INT8", comparison.int8.mae, known.int8 if known else None, comparison.int8),
        (
            f"always the training mean ({comparison.constant_bpm:.1f} BPM)",
            comparison.constant_mae,
            known.constant if known else None,
            None,
        ),
    )
    return Section(
        title="Accuracy on held-out windows",
        text=(
            *([ON_SIMULATED] if verdict.simulated else []),
            f"{comparison.samples} windows ({people}); {verdict.split}. INT8 by the {verdict.engine.title}.",
            f"INT8 is {comparison.usefulness}: its MAE minus the constant predictor's is"
            f" {ranged(comparison.constant_gap_interval)} BPM (95 % interval by paired bootstrap over subjects)."
            f"{'' if verdict.waves else f' {EIGHT_FRAMES}.'}",
            f"INT8's MAE minus FP32's is {comparison.mae_increase:+.2f} BPM, {ranged(comparison.mae_increase_interval)}"
            f" (the same kind of interval). Worst subject: {_worst(comparison)}.",
        ),
        tables=(
            Table(
                head=("estimator", "MAE, BPM", "95 % interval", "RMSE", "bias", "95 % limits of agreement"),
                rows=(*(_accuracy_row(*row) for row in rows), _pos_row(comparison)),
            ),
        ),
    )


def _accuracy_row(name: str, mae: float, interval: Interval | None, accuracy: Accuracy | None) -> tuple[str, ...]:
    figures = ("-",) * 3
    if accuracy is not None:
        figures = (f"{accuracy.rmse:.2f}", f"{accuracy.bias:+.2f}", ranged(accuracy.limits_of_agreement))
    return (name, f"{mae:.2f}", span(interval), *figures)


def _pos_row(comparison: Comparison) -> tuple[str, ...]:
    if comparison.pos_mae is None or comparison.pos_gap_interval is None:
        return ("POS (needs windows of seconds, not of 8 frames)", *["-"] * 5)
    name = f"POS on the same windows; INT8's minus it {ranged(comparison.pos_gap_interval)}"
    return _accuracy_row(name, comparison.pos_mae, comparison.intervals.pos if comparison.intervals else None, None)


def _worst(comparison: Comparison) -> str:
    worst = comparison.worst
    if worst is None:
        return "not known"
    return f"{worst.subject}, INT8 MAE {worst.int8_mae:.2f} BPM on {worst.windows} windows"


def _agreement(evidence: Evidence) -> Section:
    comparison, windows = evidence.verdict.comparison, evidence.windows
    waves = evidence.verdict.waves
    return Section(
        title="FP32 against INT8",
        text=(
            f"Absolute difference: mean {comparison.difference_mean:.3f}, largest {comparison.difference_max:.3f},"
            f" standard deviation {comparison.difference_std:.3f} BPM. SQNR of the BPM: {comparison.sqnr_db:.1f} dB."
            f" Outputs vary by {comparison.fp32_sd:.2f} (FP32) and {comparison.int8_sd:.2f} BPM (INT8), one standard"
            " deviation.",
            *(f"{line}." for line in (wave_lines(waves) if waves else ())),
        ),
        pictures=(
            Picture(
                svg=agreement_svg(windows.fp32, windows.int8),
                caption=f"Each window's rate; the line is equality.{note(evidence)}",
                alt=f"INT8's rate over FP32's for {comparison.samples} windows: mean difference"
                f" {comparison.difference_mean:.2f}, largest {comparison.difference_max:.2f} BPM",
            ),
            _bland_altman(windows.fp32, windows.int8, ("FP32", "INT8"), note(evidence)),
        ),
    )


def _bland_altman(reference: Values, test: Values, names: tuple[str, str], more: str) -> Picture:
    low, high = limits_of_agreement(reference, test)
    return Picture(
        svg=bland_altman_svg(reference, test, names),
        caption=f"Bland-Altman: {names[1]} minus {names[0]} over their mean; bias {(test - reference).mean():+.2f}, 95"
        f" % limits of agreement {low:+.2f} to {high:+.2f} BPM.{more}",
    )


def _errors(evidence: Evidence) -> Section:
    windows, comparison = evidence.windows, evidence.verdict.comparison
    errors = windows.fp32 - windows.labels, windows.int8 - windows.labels
    return Section(
        title="Errors against the label",
        pictures=(
            _bland_altman(windows.labels, windows.int8, ("label", "INT8"), note(evidence)),
            Picture(
                svg=error_histogram_svg(*errors),
                caption=f"Error of both models in the same bins.{origin(evidence)}",
                alt=f"Histogram of errors: FP32 bias {comparison.fp32.bias:+.2f}, INT8 bias"
                f" {comparison.int8.bias:+.2f} BPM",
            ),
        ),
    )
