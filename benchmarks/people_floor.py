"""The least belief that is shown, set on simulated people alone as one trace under drift, with what it shows of them.

Run ``python benchmarks/people_floor.py`` from the repository; some minutes. Results go to
``benchmarks/results/people_floor.json``. Simulated people; not a medical device.
"""

from measuring import write_result
from pulse8.learn.evaluate.people.floor import MARGIN, PEOPLE, PROMISED, floor_of
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.signal.tracker import LEAST_BELIEF

NAMES = ("people", "shown", "wrong")


def main() -> None:
    """Set it for the shipped INT8 file, and count what it shows."""
    floor = floor_of(MeasureOptions())
    groups = {
        group: {"least_belief": round(floor.by_group[group], 4), **dict(zip(NAMES, counted, strict=True))}
        for group, counted in floor.counts.items()
    }
    what = (
        f"{PEOPLE} simulated people a group, one moment each; shown and wrong at most {MARGIN * PROMISED:.1%} of all "
        "in each group, 95 % bound"
    )
    figures = {
        "what": what,
        "least_belief": round(floor.least, 4),
        "shipped": LEAST_BELIEF,
        "rms_error_of_right_bpm": round(floor.error_bpm, 3),
        "groups": groups,
    }
    write_result("people_floor", "python benchmarks/people_floor.py", figures)


if __name__ == "__main__":
    main()
