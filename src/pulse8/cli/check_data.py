"""``pulse8 check-data``: whether a data set's files are what ``pulse8 prepare`` reads."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.printing import print_json, show, table, watch
from pulse8.learn.prepare.check import Check, Checked, check_data
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Check a data set's folder before hours go into it: every contact signal, and every video's first frame.

    Attributes
    ----------
    raw
        Its folder.
    dataset
        Which one, as for ``pulse8 prepare``; own is a folder with recordings.csv.
    json
        Print one machine-readable record.
    """

    raw: Path
    dataset: str = "own"
    json: bool = False


def run(flags: Flags) -> int:
    """Check and print; 1 when a recording cannot be used."""
    check = check_data(flags.dataset, flags.raw, watch)
    (print_json if flags.json else _print)(check)
    return 0 if check.passed else 1


def _print(check: Check) -> None:
    rows = [_row(one) for one in check.recordings if one.fault is None]
    faults = [f"❌ {one.recording}: {one.fault}" for one in check.recordings if one.fault is not None]
    count = len(check.recordings) - len(faults)
    whole = f"{count} of {len(check.recordings)} recordings can be used; this adapter was run on: {check.seen}"
    head = ("recording", "subject", "video", "reference", "windows with a rate")
    empty = [_why_none(one) for one in check.recordings if one.fault is None and not one.labelled]
    show(table(head, rows, check.dataset), *faults, *empty, *(f"⚠️ {doubt}" for doubt in check.doubts), whole, NOTICE)


def _why_none(one: Checked) -> str:
    reasons = ", ".join(f"{reason} ({count})" for reason, count in one.left_out.items()) or "no reference"
    return f"⚠️ {one.recording}: no window has a rate: {reasons}"


def _row(one: Checked) -> tuple[str, ...]:
    video = "-" if one.seconds is None else f"{one.seconds:.1f} s at {one.rate_hz:.2f} Hz"
    return one.recording, one.subject, video, str(one.reference), f"{one.labelled} of {one.windows}"
