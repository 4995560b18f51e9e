"""The evidence behind a verdict as one HTML page: verdict first, then figures, pictures, and the chain of files."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from pulse8.build.verify.text import EIGHT_FRAMES, wave_lines
from pulse8.build.verify.waves import WaveComparison
from pulse8.errors import InputError
from pulse8.manifest import accept, existing_file, lineage, record
from pulse8.measure.draw.agreement import agreement_svg, bland_altman_svg, error_histogram_svg, layer_sqnr_svg
from pulse8.report.html import Picture, Section, Table, render, write_page

MEND: Final = "make it with verify_quantization.py (or pulse8 verify)"
SIMULATED: Final = "The data are SIMULATED: these figures are no evidence about people."
More = Callable[[Path], Sequence[Section]]
"""The verdict's file to further sections."""


def nothing_more(_verdict_file: Path) -> Sequence[Section]:
    """Return no section."""
    return ()


def write_report(verdict_file: Path, output: Path, more: More = nothing_more) -> Path:
    """Write the report of a verdict, passed or failed, and its row; ``more`` gives sections of upper rooms.

    Raises
    ------
    InputError
        The verdict is missing, damaged or stale.
    ToolchainError
        Matplotlib or Jinja2 is not installed.
    """
    source = accept(existing_file(verdict_file, "Verdict", MEND), failed_too=True)
    try:
        told = json.loads(verdict_file.read_text(encoding="utf-8"))
        page = render(
            "pulse8: INT8 against FP32",
            _headline(told),
            told["passed"],
            [*_sections(told, verdict_file), *more(verdict_file)],
        )
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise InputError(f"verdict {verdict_file} cannot be read ({error!r}); {MEND}") from error
    write_page(output, page)
    record(output, "report", {"verdict": source}, {})
    return output


def _headline(told: Mapping[str, Any]) -> str:
    found = told["comparison"]
    if not told["passed"]:
        return f"Not accepted: {'; '.join(told['failures'])}"
    increase, difference = found["int8"]["mae"] - found["fp32"]["mae"], found["difference_mean"]
    return (
        f"Accepted: INT8 changes the MAE by {increase:+.2f} BPM (limit 2) and outputs by {difference:.2f} BPM (limit 2)"
    )


def _sections(told: Mapping[str, Any], verdict_file: Path) -> list[Section]:
    return [
        _accuracy(told),
        _agreement(told),
        _errors(told),
        _layers(told),
        _manifest(verdict_file),
        _reproduce(verdict_file),
    ]


def _accuracy(told: Mapping[str, Any]) -> Section:
    found = told["comparison"]
    rows = [
        _accuracy_row("FP32", found["fp32"]),
        _accuracy_row("INT8", found["int8"]),
        (
            f"constant predictor (training mean, {found['constant_bpm']:.1f} BPM)",
            f"{found['constant_mae']:.2f}",
            "",
            "",
            "",
        ),
        _pos_row(found),
    ]
    people = f"{found['subjects']} subjects" if found["subjects"] else "no subject ids"
    return Section(
        title="Accuracy on held-out windows",
        text=(
            *([SIMULATED] if told["simulated"] else []),
            f"{found['samples']} windows ({people}); {told['split']}.",
            f"INT8 is {found['usefulness']}: its MAE minus the constant predictor's is"
            f" {_range(found['constant_gap_interval'])} BPM (95 % interval by paired bootstrap)."
            f"{'' if told['waves'] else f' {EIGHT_FRAMES}.'}",
            f"INT8's MAE minus FP32's is {_range(found['mae_increase_interval'])} BPM (the same kind of interval)."
            f" Worst subject: {_worst(found)}.",
        ),
        tables=(Table(head=("BPM", "MAE", "RMSE", "bias", "95 % limits of agreement"), rows=tuple(rows)),),
    )


def _pos_row(found: Mapping[str, Any]) -> tuple[str, ...]:
    if found["pos_mae"] is None:
        return ("POS (needs windows of seconds, not of 8 frames)", "none", "", "", "")
    return (
        f"POS on the same windows; INT8's minus it {_range(found['pos_gap_interval'])}",
        f"{found['pos_mae']:.2f}",
        "",
        "",
        "",
    )


def _range(interval: Sequence[float]) -> str:
    return f"{interval[0]:+.2f} to {interval[1]:+.2f}"


def _worst(found: Mapping[str, Any]) -> str:
    worst = found["worst"]
    if worst is None:
        return "not known"
    return f"{worst['subject']}, INT8 MAE {worst['int8_mae']:.2f} BPM on {worst['windows']} windows"


def _accuracy_row(name: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    limits = _range(found["limits_of_agreement"])
    return (name, f"{found['mae']:.2f}", f"{found['rmse']:.2f}", f"{found['bias']:+.2f}", limits)


def _agreement(told: Mapping[str, Any]) -> Section:
    found = told["comparison"]
    fp32, int8 = (np.asarray(told["windows"][name], dtype=np.float64) for name in ("fp32", "int8"))
    return Section(
        title="FP32 against INT8",
        text=(
            f"Absolute difference: mean {found['difference_mean']:.3f}, largest {found['difference_max']:.3f}, standard"
            f" deviation {found['difference_std']:.3f} BPM. SQNR of the BPM: {found['sqnr_db']:.1f} dB. Outputs vary by"
            f" {found['fp32_sd']:.2f} (FP32) and {found['int8_sd']:.2f} BPM (INT8), one standard deviation.",
            *(f"{line}." for line in _wave_lines(told["waves"])),
        ),
        pictures=(
            Picture(svg=agreement_svg(fp32, int8), caption="Each window's rate; the line is equality"),
            Picture(
                svg=bland_altman_svg(fp32, int8, ("FP32", "INT8")),
                caption="Bland-Altman: INT8 minus FP32 over their mean; bias and 95 % limits of agreement",
            ),
        ),
    )


def _wave_lines(waves: Mapping[str, Any] | None) -> tuple[str, ...]:
    return wave_lines(WaveComparison(**waves)) if waves else ()


def _errors(told: Mapping[str, Any]) -> Section:
    labels, fp32, int8 = (np.asarray(told["windows"][name], dtype=np.float64) for name in ("labels", "fp32", "int8"))
    return Section(
        title="Errors against the label",
        pictures=(
            Picture(
                svg=error_histogram_svg(fp32 - labels, int8 - labels), caption="Error of both models in the same bins"
            ),
            Picture(
                svg=bland_altman_svg(labels, int8, ("label", "INT8")),
                caption="Bland-Altman: INT8 minus label over their mean; bias and 95 % limits of agreement",
            ),
        ),
    )


def _layers(told: Mapping[str, Any]) -> Section:
    layers = told["layers"]
    if not layers:
        return Section(title="SQNR layer by layer", text=(f"Not known: {told['layers_missing']}",))
    names, decibels = [layer["layer"] for layer in layers], [layer["sqnr_db"] for layer in layers]
    return Section(
        title="SQNR layer by layer",
        text=("Each FP32 tensor's signal about its mean, over the INT8 file's error in it. Errors add up on the way.",),
        pictures=(Picture(svg=layer_sqnr_svg(names, decibels), caption="From the input (top) to the output (bottom)"),),
    )


def _manifest(verdict_file: Path) -> Section:
    rows = tuple(
        (row.output, row.step, row.status, row.output_sha256[:16], ", ".join(row.inputs) or "none")
        for row in lineage(verdict_file).values()
    )
    tools = next(iter(lineage(verdict_file).values())).tools if rows else {}
    return Section(
        title="Manifest",
        text=(
            "Every file with the step that wrote it; the full hashes and options stand in manifest.json beside each.",
            f"Versions: {', '.join(f'{name} {number}' for name, number in tools.items()) or 'not known'}.",
        ),
        tables=(Table(head=("file", "step", "status", "SHA-256 (first 16)", "made from"), rows=rows),),
    )


def _reproduce(verdict_file: Path) -> Section:
    rows = [
        (
            row.step,
            " ".join(
                f"--{name} {value}" for name, value in row.options.items() if isinstance(value, int | float | str)
            ),
        )
        for row in reversed(lineage(verdict_file).values())
    ]
    return Section(
        title="How to reproduce",
        text=("Steps in order, each with the options that decide its result.",),
        tables=(Table(head=("step", "options"), rows=tuple(dict.fromkeys(rows))),),
    )
