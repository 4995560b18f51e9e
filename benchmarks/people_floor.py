"""Thresholds for the rate that is shown, set on simulated people alone as one trace under drift and movement.

Run ``python benchmarks/people_floor.py`` from the repository; some minutes. Results go to
``benchmarks/results/people_floor.json``. Simulated people; not a medical device.
"""

import sys

from measuring import write_result
from pulse8.learn.evaluate.people.floor import PEOPLE, PROMISED, floor_of
from pulse8.learn.evaluate.people.methods import LongNetwork, shipped_models
from pulse8.measure.clips.resample import RATE_HZ

NAMES = ("windows", "shown", "wrong")


def main() -> int:
    """Set the thresholds of the shipped FP32 file, and count what they show."""
    name = "pulse12 FP32"
    floor = floor_of(LongNetwork(shipped_models()[name]))
    rows = {
        f"{span / RATE_HZ:.1f} s": {
            "least_share": round(least, 4),
            **{
                group: dict(zip(("windows", "shown", "wrong"), counted, strict=True))
                for group, counted in groups.items()
            },
        }
        for (span, least), groups in zip(floor.least.items(), floor.counts.values(), strict=True)
    }
    what = f"{PEOPLE} simulated people a group; shown and wrong at most {PROMISED:.0%} of all, 95 % bound"
    write_result("people_floor", "python benchmarks/people_floor.py", {"what": what, "method": name, "spans": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main())
