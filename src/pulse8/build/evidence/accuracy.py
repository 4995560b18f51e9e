"""Sections on rates: the promises, errors against the label, INT8 against FP32."""

from collections.abc import Iterator

from pulse8.build.evidence.gather import Evidence
from pulse8.build.evidence.headline import ON_SIMULATED
from pulse8.build.evidence.risk import risk_section
from pulse8.build.evidence.strata import strata_section
from pulse8.build.evidence.words import Interval, note, ranged, span, whose
from pulse8.build.verify.predictions import Values
from pulse8.build.verify.text import EIGHT_FRAMES, wave_lines
from pulse8.build.verify.verdict import Accuracy, Comparison
from pulse8.measure.draw.agreement import agreement_svg, bland_altman_svg, error_histogram_svg
from pulse8.measure.signal.metrics import limits_of_agreement
from pulse8.report.html import Picture, Section, Table


def rate_sections(evidence: Evidence) -> list[Section]:
    """Return them in the page's order."""
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
        text=("What an INT8 file has to hold to be accepted. The limits and their reasons: decisions 0026 and 0032.",),
        tables=(Table(head=("what", "asked", "measured", "result"), rows=(*rows, *_pre_flight_rows(evidence))),),
    )


def _pre_flight_rows(evidence: Evidence) -> Iterator[tuple[str, ...]]:
    for path, found in evidence.preflights.items():
        what = f"Errors that the pre-flight finds in {path.name} (no gate of the verdict)"
        if found is None:
            yield (what, "none", "-", "not measured")
        else:
            errors = sum(each.severity == "error" for each in found.findings)
            yield (what, "none", str(errors or "none"), "not met" if errors else "met")


def _accuracy(evidence: Evidence) -> Section:
    verdict, found = evidence.verdict, evidence.verdict.comparison
    people = f"{found.subjects} subjects" if found.subjects else "no subject ids"
    known = found.intervals
    rows = (
        ("FP32", found.fp32.mae, known.fp32 if known else None, found.fp32),
        ("INT8", found.int8.mae, known.int8 if known else None, found.int8),
        (
            f"always the training mean ({found.constant_bpm:.1f} BPM)",
            found.constant_mae,
            known.constant if known else None,
            None,
        ),
    )
    return Section(
        title="Accuracy on held-out windows",
        text=(
            *([ON_SIMULATED] if verdict.simulated else []),
            f"{found.samples} windows ({people}); {verdict.split}. INT8 by the {verdict.engine.title}.",
            f"INT8 is {found.usefulness}: its MAE minus the constant predictor's is"
            f" {ranged(found.constant_gap_interval)} BPM (95 % interval by paired bootstrap over subjects)."
            f"{'' if verdict.waves else f' {EIGHT_FRAMES}.'}",
            f"INT8's MAE minus FP32's is {found.mae_increase:+.2f} BPM, {ranged(found.mae_increase_interval)} (the same"
            f" kind of interval). Worst subject: {_worst(found)}.",
        ),
        tables=(
            Table(
                head=("who reads", "MAE, BPM", "95 % interval", "RMSE", "bias", "95 % limits of agreement"),
                rows=(*(_accuracy_row(*row) for row in rows), _pos_row(found)),
            ),
        ),
    )


def _accuracy_row(name: str, mae: float, interval: Interval | None, found: Accuracy | None) -> tuple[str, ...]:
    others = ("-",) * 3
    if found is not None:
        others = (f"{found.rmse:.2f}", f"{found.bias:+.2f}", ranged(found.limits_of_agreement))
    return (name, f"{mae:.2f}", span(interval), *others)


def _pos_row(found: Comparison) -> tuple[str, ...]:
    if found.pos_mae is None or found.pos_gap_interval is None:
        return ("POS (needs windows of seconds, not of 8 frames)", *["-"] * 5)
    name = f"POS on the same windows; INT8's minus it {ranged(found.pos_gap_interval)}"
    return _accuracy_row(name, found.pos_mae, found.intervals.pos if found.intervals else None, None)


def _worst(found: Comparison) -> str:
    worst = found.worst
    if worst is None:
        return "not known"
    return f"{worst.subject}, INT8 MAE {worst.int8_mae:.2f} BPM on {worst.windows} windows"


def _agreement(evidence: Evidence) -> Section:
    found, windows = evidence.verdict.comparison, evidence.windows
    waves = evidence.verdict.waves
    return Section(
        title="FP32 against INT8",
        text=(
            f"Absolute difference: mean {found.difference_mean:.3f}, largest {found.difference_max:.3f}, standard"
            f" deviation {found.difference_std:.3f} BPM. SQNR of the BPM: {found.sqnr_db:.1f} dB. Outputs vary by"
            f" {found.fp32_sd:.2f} (FP32) and {found.int8_sd:.2f} BPM (INT8), one standard deviation.",
            *(f"{line}." for line in (wave_lines(waves) if waves else ())),
        ),
        pictures=(
            Picture(
                svg=agreement_svg(windows.fp32, windows.int8),
                caption=f"Each window's rate; the line is equality.{note(evidence)}",
                alt=f"INT8's rate over FP32's for {found.samples} windows: mean difference"
                f" {found.difference_mean:.2f}, largest {found.difference_max:.2f} BPM",
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
    windows, found = evidence.windows, evidence.verdict.comparison
    errors = windows.fp32 - windows.labels, windows.int8 - windows.labels
    return Section(
        title="Errors against the label",
        pictures=(
            _bland_altman(windows.labels, windows.int8, ("label", "INT8"), note(evidence)),
            Picture(
                svg=error_histogram_svg(*errors),
                caption=f"Error of both models in the same bins.{whose(evidence)}",
                alt=f"Histogram of errors: FP32 bias {found.fp32.bias:+.2f}, INT8 bias {found.int8.bias:+.2f} BPM",
            ),
        ),
    )
