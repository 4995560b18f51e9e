"""The least belief that is shown, set on simulated people alone as one trace under drift, with what it shows of them.

Run ``python benchmarks/people_floor.py [PEOPLE] [FOLDER]`` from the repository; 480 of each group where not said, one
process a group, a minute of each. What was read is kept in FOLDER, and a run that was interrupted goes on there.
Results go to ``benchmarks/results/people_floor.json``. Simulated people; not a medical device.
"""

import dataclasses
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from measuring import write_result
from pulse8.learn.evaluate.people.floor import GROUPS, PEOPLE, PROMISED, SECONDS, SEED, Moment, floor_from, moments_of
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.signal.selection import upper_share
from pulse8.measure.signal.tracker import LEAST_BELIEF, NOISE

AT_ONCE: Final = 20
"""People who are read before what was read is kept."""


def read_group(group: str, people: int, folder: Path | None) -> list[Moment]:
    """Read a group, after those of it that are kept already."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    kept = None if folder is None else folder / f"{group}.json"
    read = [Moment(**one) for one in json.loads(kept.read_text())] if kept is not None and kept.is_file() else []
    while len(read) < people:
        read += moments_of(group, MeasureOptions(), min(len(read) + AT_ONCE, people), first=len(read))
        if kept is not None:
            kept.write_text(json.dumps([dataclasses.asdict(one) for one in read]))
    return read[:people]


def main(people: int, folder: Path | None) -> None:
    """Set it for the shipped INT8 file, and count what the shipped one shows."""
    with ProcessPoolExecutor(len(GROUPS)) as pool:
        read = pool.map(partial(read_group, people=people, folder=folder), GROUPS)
        floor = floor_from(dict(zip(GROUPS, read, strict=True)))
    groups = {
        group: {
            "parts": GROUPS[group],
            "promised": PROMISED[group],
            "least_belief": round(floor.by_group[group], 4),
            "people": count,
            "shown": shown,
            "wrong": wrong,
            "wrong_of_all_upper_95": round(upper_share(wrong, count), 4),
        }
        for group, (count, shown, wrong) in floor.counts.items()
    }
    what = (
        f"{people} simulated people a group (seed {SEED}), one moment each after {SECONDS:g} s; promised: of all in a "
        "group, at most so many are shown a wrong rate, 95 % bound"
    )
    figures = {
        "what": what,
        "least_belief": round(floor.least, 4),
        "shipped": LEAST_BELIEF,
        "weight_of_no_pulse": NOISE,
        "rms_error_of_right_bpm": round(floor.error_bpm, 3),
        "groups": groups,
    }
    write_result("people_floor", "python benchmarks/people_floor.py", figures)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE, Path(sys.argv[2]) if len(sys.argv) > 2 else None)
