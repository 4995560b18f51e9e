"""``pulse8 prepare``: a data set's raw files to a store of traces and contact pulses."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.printing import print_json, report_failure, watch
from pulse8.cli.saying import say
from pulse8.learn.prepare.options import PrepareOptions
from pulse8.learn.prepare.prepare import Report, prepare
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags(PrepareOptions):
    """Prepare a data set for training and evaluation. Run it again to resume.

    Attributes
    ----------
    dataset
        Which one: ubfc, ubfc1, pure, cohface, ubfc-phys, mmpd, scamps, ibvp, mcd-rppg, lgi-ppgi, guide or own.
    raw
        Its folder, as its authors give it.
    store
        Folder for the prepared recordings.
    json
        Print one machine-readable record.
    """

    dataset: str
    raw: Path
    store: Path
    json: bool = False


def run(flags: Flags) -> int:
    """Prepare; 1 when a recording could not be."""
    done = prepare(flags.dataset, flags.raw, flags.store, flags, watch, report_failure)
    (print_json if flags.json else _print)(done)
    return 1 if done.failed else 0


def _print(done: Report) -> None:
    kind = " (simulated)" if done.simulated else ""
    lag = (
        "-" if done.lag_s is None else "{:+.2f} to {:+.2f} s, median {:+.2f} s".format(*done.lag_s[::2], done.lag_s[1])
    )
    left_out = ", ".join(f"{count} {reason}" for reason, count in done.left_out.items()) or "none"
    say(
        f"{done.dataset}{kind}: {done.recordings} recordings of {done.subjects} subjects, "
        f"{done.prepared} prepared now, {done.kept} kept, {len(done.failed)} failed\n"
        f"{done.windows} windows of 8.53 s with a true rate; without one: {left_out}\n"
        f"contact PPG after the video, in {done.lags} recordings: {lag}\n"
        f"{done.store}: {done.megabytes:.1f} MB, content {done.sha256[:12]}\n{NOTICE}"
    )
