"""Real people: every method, every second, and what a display would have shown; writes docs/people.md too.

Run ``python benchmarks/people.py`` from the repository. The recordings lie in the folder that PULSE8_SHARED names, or
in ``shared`` beside the repository. Results go to ``benchmarks/results/people.json``. Not a medical device.
"""

import dataclasses
import sys

from measuring import write_result
from pulse8.learn.evaluate.people.evaluate import evaluate_people
from pulse8.learn.evaluate.people.methods import shipped_models
from pulse8.learn.evaluate.people.page import write_people
from real_traces import REPOSITORY, data_folder


def main() -> int:
    """Read, write both, and say where; 2 where there are no recordings."""
    data = data_folder()
    if data is None:
        print("no recordings; set PULSE8_SHARED to the folder that holds data/real")
        return 2
    table = evaluate_people(data, shipped_models())
    write_people(REPOSITORY / "docs" / "people.md", table)
    write_result("people", "python benchmarks/people.py", dataclasses.asdict(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
